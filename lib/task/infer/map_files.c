/* Files of maps: numbers, label images, overlays; see private.h. */
#include <stdlib.h>

#include "data/image/png.h"
#include "file/npy.h"
#include "task/infer/private.h"

/* Answers to each place that are no probabilities yet, as those of tiles are, to what their loss makes of them. */
static void to_probabilities(const struct infer *in, struct infer_map *m)
{
    enum cnn_scores kind = cnn_scores_of_places(in->runner.graph);
    size_t plane = m->h * m->w;
    int open = in->kind == CNN_SCORES_AS_THEY_ARE && !in->o->tile;
    for (size_t p = 0; open && p < plane; p++) {
        for (size_t c = 0; c < m->classes; c++)
            m->one[c] = m->value[c * plane + p];
        cnn_scores_convert(kind, m->one, m->classes, m->one);
        for (size_t c = 0; c < m->classes; c++)
            m->value[c * plane + p] = m->one[c];
    }
}

static int put_npy(struct infer *in, struct infer_map *m, const char *name)
{
    const size_t dim[] = {m->classes, m->h, m->w};
    size_t values = m->classes * m->h * m->w * sizeof *m->value, size;
    unsigned char *head;
    struct cnn_buf bytes = {0};
    int rc = cnn_npy_header(CNN_F32, 3, dim, &head, &size);
    if (rc)
        return rc;
    to_probabilities(in, m);
    cnn_buf_add(&bytes, (const char *)head, size);
    cnn_buf_add(&bytes, (const char *)m->value, values);
    rc = bytes.failed ? CNN_ESYSTEM : cnn_outfolder_put(in->maps, name, bytes.text, bytes.size);
    cnn_buf_free(&bytes);
    free(head);
    return rc;
}

static int put_image(struct infer *in, const struct cnn_image *im, const char *name)
{
    unsigned char *bytes = NULL;
    size_t size;
    int rc = cnn_png_encode(im, &bytes, &size);
    if (!rc)
        rc = cnn_outfolder_put(in->maps, name, bytes, size);
    free(bytes);
    return rc;
}

static int put_labels(struct infer *in, struct infer_map *m, const char *name)
{
    enum { MOST = 256 };
    struct cnn_image im = {0};
    if (m->classes > MOST)
        return cnn_fail(CNN_EDATA, "--maps-format png: %zu classes, more than %d", m->classes,
                        (int)MOST);
    int rc = cnn_image_reshape(&im, 1, m->h, m->w, 255);
    for (size_t p = 0; !rc && p < m->h * m->w; p++)
        im.px[p] = (float)cnn_infer_class_at(in, m, p) / 255.0f;
    if (!rc)
        rc = put_image(in, &im, name);
    cnn_image_free(&im);
    return rc;
}

int cnn_infer_map_put(struct infer *in, struct infer_map *m, const struct cnn_batch *b, size_t i)
{
    static const char *const ending[] = {[CNN_INFER_MAPS_NPY] = ".npy",
                                         [CNN_INFER_MAPS_PNG] = ".seg.png",
                                         [CNN_INFER_MAPS_OVERLAY] = ".png"};
    enum cnn_infer_maps format = in->o->maps_format;
    struct cnn_image im = {0};
    struct cnn_buf name = {0};
    cnn_outfolder_name(b->key[i], '/', &name);
    cnn_buf_puts(&name, ending[format]);
    int rc = name.failed ? CNN_ESYSTEM : 0;
    if (!rc && format == CNN_INFER_MAPS_OVERLAY) {
        rc = cnn_infer_overlay(in, m, b, i, &im);
        if (!rc)
            rc = put_image(in, &im, name.text);
    } else if (!rc) {
        rc = (format == CNN_INFER_MAPS_PNG ? put_labels : put_npy)(in, m, name.text);
    }
    cnn_image_free(&im);
    cnn_buf_free(&name);
    return rc;
}

int cnn_infer_maps_add(struct infer *in, const struct cnn_batch *b)
{
    int rc = 0;
    for (size_t i = 0; !rc && i < b->n; i++) {
        struct infer_map *m = cnn_infer_map_of(in, b, i);
        rc = m ? cnn_infer_map_put(in, m, b, i) : cnn_error_code();
    }
    return rc;
}
