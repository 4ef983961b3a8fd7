/* A layer's weights as a picture; see inspect.h. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "data/plot/plot.h"
#include "task/apart.h"
#include "task/inspect/private.h"

/* n tiles of c x h x w. */
struct tiles {
    size_t n, c, h, w;
};

static const struct cnn_layer *find_layer(const struct cnn_inspect *in, const char *label)
{
    int i = in->graph ? cnn_graph_find(in->graph, label) : -1;
    return i > 0 ? &in->graph->node[i].layer : NULL;
}

static int find_weights(const struct cnn_inspect *in, const char *layer,
                        const struct cnn_stored_tensor **out)
{
    struct cnn_buf name = {0};
    if (!in->tensors)
        return cnn_fail(CNN_EDATA, "%s: a net without weights has no filters", in->name);
    cnn_buf_printf(&name, "%s.weight", layer);
    if (name.failed)
        return CNN_ESYSTEM;
    *out = cnn_tensors_find(in->tensors, name.text);
    cnn_buf_free(&name);
    if (!*out)
        *out = cnn_tensors_find(in->tensors, layer);
    if (*out)
        return 0;
    if (find_layer(in, layer))
        return cnn_fail(CNN_EDATA, "%s: layer '%s' has no weights", in->name, layer);
    return cnn_fail(CNN_EDATA, "%s: there is no layer '%s'", in->name, layer);
}

/* Filters of a convolution are tiles as they are; a row of a dense layer is one when it reads an
 * image. */
static int arrange(const struct cnn_inspect *in, const char *layer,
                   const struct cnn_stored_tensor *t, struct tiles *out)
{
    const struct cnn_layer *l = find_layer(in, layer);
    const size_t *dim = t->shape.dim;
    if (t->rank == 4) {
        *out = (struct tiles){dim[0], dim[1], dim[2], dim[3]};
    } else if (t->rank == 2 && l && l->inputs == 1 && l->in[0].h * l->in[0].w > 1 &&
               cnn_chw_count(l->in[0]) == dim[1]) {
        *out = (struct tiles){dim[0], l->in[0].c, l->in[0].h, l->in[0].w};
    } else {
        char shape[96];
        cnn_inspect_shape(t, shape);
        return cnn_fail(CNN_EDATA, "%s: %s, %s, are no filters of images", in->name, t->name,
                        shape);
    }
    return 0;
}

/* Where the layer reads an image whose channels are blue, green, red. */
static int reads_bgr(const struct cnn_inspect *in, const char *layer)
{
    int i = in->graph && in->graph->input->bgr ? cnn_graph_find(in->graph, layer) : -1;
    return i > 0 && in->graph->node[i].in[0] == 0;
}

static void to_rgb(const struct tiles *t, float *x)
{
    size_t plane = t->h * t->w;
    for (size_t n = 0; n < t->n; n++)
        for (size_t i = 0; i < plane; i++) {
            float *blue = x + n * 3 * plane + i, *red = blue + 2 * plane, kept = *blue;
            *blue = *red;
            *red = kept;
        }
}

int cnn_inspect_filters(const struct cnn_inspect *in, const char *layer, const char *path)
{
    const struct cnn_stored_tensor *t;
    struct tiles tiles = {0};
    struct cnn_buf picture = {0}, title = {0};
    enum cnn_picture format;
    const struct cnn_path_use out[] = {{"the picture", path}, {NULL, NULL}},
                              from[] = {{"the model", in->name}, {NULL, NULL}};
    int rc = cnn_apart_check(out, from);
    if (!rc)
        rc = cnn_picture_format(path, &format);
    if (!rc)
        rc = find_weights(in, layer, &t);
    if (!rc)
        rc = arrange(in, layer, t, &tiles);
    if (rc)
        return rc;
    float *x = cnn_calloc(t->count, sizeof *x);
    if (!x)
        return CNN_ESYSTEM;
    rc = cnn_tensor_floats(in->tensors, t, x);
    if (!rc && tiles.c == 3 && reads_bgr(in, layer))
        to_rgb(&tiles, x);
    cnn_buf_printf(&title, "%s, %zux%zux%zux%zu", t->name, tiles.n, tiles.c, tiles.h, tiles.w);
    if (!rc && title.failed)
        rc = CNN_ESYSTEM;
    if (!rc)
        rc = cnn_plot_montage(x, tiles.n, tiles.c, tiles.h, tiles.w, 0, title.text, format,
                              &picture);
    if (!rc)
        rc = cnn_picture_write(path, &picture);
    cnn_buf_free(&picture);
    cnn_buf_free(&title);
    free(x);
    return rc;
}
