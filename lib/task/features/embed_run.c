/* Images through a predictor; see lib/cnn.h. */
#include "data/image/codecs.h"
#include "file/infile.h"
#include "task/features/embed_private.h"

/* Larger files are refused before they are read. */
#define MAX_FILE ((size_t)1 << 30)

/* The image behind those that wait. */
static int put(struct cnn_predictor *p)
{
    const struct cnn_input *in = p->first->runner.graph->input;
    int rc =
        cnn_preprocess(in, &p->image, &p->scratch, p->x + p->waiting * cnn_chw_count(in->shape));
    p->waiting += !rc;
    return rc;
}

static int check_place(const struct cnn_predictor *p)
{
    return p->waiting < p->batch
               ? 0
               : cnn_fail(CNN_EUSAGE, "the batch of %zu is full: run it first", p->batch);
}

int cnn_predictor_put_memory(struct cnn_predictor *p, const void *bytes, size_t size)
{
    const struct cnn_fit fit = cnn_input_fit(p->first->runner.graph->input);
    const struct cnn_decoding how = {.fit = &fit};
    int rc = check_place(p);
    if (!rc)
        rc = cnn_image_decode_as(bytes, size, &how, &p->image);
    return rc ? rc : put(p);
}

int cnn_predictor_put_file(struct cnn_predictor *p, const char *path)
{
    struct cnn_bytes file;
    int rc = check_place(p);
    if (rc || (rc = cnn_bytes_map(path, MAX_FILE, &file)))
        return rc;
    rc = cnn_predictor_put_memory(p, file.data, file.size);
    cnn_bytes_free(&file);
    return rc ? cnn_fail_within("%s", path) : 0;
}

int cnn_predictor_put_pixels(struct cnn_predictor *p, const unsigned char *pixels, size_t height,
                             size_t width, size_t channels)
{
    if (channels != 1 && channels != 3)
        return cnn_fail(CNN_EUSAGE, "%zu channels: 1 or 3 are wanted", channels);
    int rc = check_place(p);
    if (!rc)
        rc = cnn_image_reshape(&p->image, channels, height, width, 255);
    if (rc)
        return rc;
    size_t plane = height * width;
    for (size_t i = 0; i < plane; i++)
        for (size_t c = 0; c < channels; c++)
            p->image.px[c * plane + i] = (float)pixels[i * channels + c] / 255.0f;
    return put(p);
}

int cnn_predictor_run(struct cnn_predictor *p, float *out)
{
    int output = p->first->runner.graph->output;
    struct cnn_batch_view v = {.n = p->waiting, .x = p->x};
    if (!p->waiting)
        return cnn_fail(CNN_EUSAGE, "no image was put to run on");
    p->waiting = p->ran = 0;
    cnn_backend_wake(p->runner.backend);
    int rc = cnn_net_forward(p->runner.net, &v, 0, 0, 0);
    if (!rc && out)
        rc = cnn_net_value(p->runner.net, output, out);
    cnn_backend_rest(p->runner.backend);
    if (rc)
        return rc;
    p->ran = v.n;
    for (size_t i = 0; out && i < v.n; i++)
        cnn_scores_convert(p->kind, out + i * p->outputs, p->outputs, out + i * p->outputs);
    return 0;
}

/* An image alone: what was put for another run goes. */
int cnn_predictor_memory(struct cnn_predictor *p, const void *bytes, size_t size, float *out)
{
    p->waiting = 0;
    int rc = cnn_predictor_put_memory(p, bytes, size);
    return rc ? rc : cnn_predictor_run(p, out);
}

int cnn_predictor_file(struct cnn_predictor *p, const char *path, float *out)
{
    p->waiting = 0;
    int rc = cnn_predictor_put_file(p, path);
    return rc ? rc : cnn_predictor_run(p, out);
}

int cnn_predictor_pixels(struct cnn_predictor *p, const unsigned char *pixels, size_t height,
                         size_t width, size_t channels, float *out)
{
    p->waiting = 0;
    int rc = cnn_predictor_put_pixels(p, pixels, height, width, channels);
    return rc ? rc : cnn_predictor_run(p, out);
}

int cnn_predictor_layer(struct cnn_predictor *p, size_t i, float *out)
{
    if (i >= p->layers)
        return cnn_fail(CNN_EUSAGE, "layer %zu of %zu", i, p->layers);
    if (!p->ran)
        return cnn_fail(CNN_EUSAGE, "the model has not run yet");
    cnn_backend_wake(p->runner.backend);
    int rc = cnn_net_value(p->runner.net, p->first->layer[i], out);
    cnn_backend_rest(p->runner.backend);
    return rc;
}
