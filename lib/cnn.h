/* Classify images with a trained model from a program of your own; see cnn(3). Compile with
 * `pkg-config --cflags cnn`, link with `pkg-config --libs cnn`.
 *
 *     struct cnn_predictor *p;
 *     float score[10];
 *     if (cnn_predictor_open("digits.safetensors", 1, &p) || cnn_predictor_file(p, "a.png", score))
 *         fprintf(stderr, "%s\n", cnn_error_message());
 *     else
 *         puts(cnn_predictor_class(p, cnn_predictor_best(p, score)));
 *     cnn_predictor_close(p);
 *
 * This header is all that stays the same from version to version; it stands alone. Functions that
 * can fail return 0 or a negative code, minus the exit status that the programs end with: -64 wrong
 * arguments, -65 bad data, -66 no such file, -69 no such device, -71 out of memory. Nothing is ever
 * printed, and no function exits.
 *
 * One predictor serves one thread at a time; different predictors do not know of each other, those
 * that share weights (cnn_predictor_share) included. While none of them computes, BLAS has the
 * number of threads that the program gave it. */
#ifndef CNN_H
#define CNN_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* "0.1.0" */
const char *cnn_version(void);

/* What went wrong in this thread's last call that failed; "" when none did. */
const char *cnn_error_message(void);

/* A model that is ready to run. */
struct cnn_predictor;

/**
 * Read a model file and allocate all that running it takes, on the CPU, an image at a time.
 * @param model    the path of a model that cnn-train wrote
 * @param threads  threads to compute with; 0: one for each core
 * @param out      receives the predictor, NULL on failure; cnn_predictor_close frees it
 * @return         0, or a negative code
 */
int cnn_predictor_open(const char *model, int threads, struct cnn_predictor **out);

/* Free a predictor; NULL is fine. Those that share its weights live on. */
void cnn_predictor_close(struct cnn_predictor *p);

/**
 * How a predictor computes, and what it gives beside the answer. What is 0 or NULL has its default;
 * later versions may add members at the end. Begin with
 *
 *     struct cnn_predictor_config config = {.size = sizeof config};
 */
struct cnn_predictor_config {
    /* sizeof(struct cnn_predictor_config), as the program was compiled */
    size_t size;
    /* threads to compute with; 0: one for each core */
    int threads;
    /* the most images that run together; 0: 1 */
    size_t batch;
    /* "cpu", "cuda", "cuda:1" or "auto" (a GPU where there is one); NULL: "cpu" */
    const char *device;
    /* on a GPU: "fp32", "tf32" or "bf16"; NULL: "fp32" */
    const char *precision;
    /* (layers) labels of layers, "logits" or "output", whose values cnn_predictor_layer will be
     * asked for; looked at in the call alone */
    const char *const *layer;
    size_t layers;
};

/**
 * As cnn_predictor_open, in the way that the config says.
 * @param config  borrowed for the call; NULL: all defaults
 * @return        0, or a negative code: -64 for what the config asks and the model or the device
 *                has not, -69 for a device that is not there
 */
int cnn_predictor_open_with(const char *model, const struct cnn_predictor_config *config,
                            struct cnn_predictor **out);

/**
 * Another predictor of the same model and config, for another thread, which shares the weights.
 * @param p    must not be running meanwhile; may be closed before the other
 * @param out  receives the other one, NULL on failure; cnn_predictor_close frees it
 * @return     0, or a negative code
 */
int cnn_predictor_share(struct cnn_predictor *p, struct cnn_predictor **out);

/* The shape that images are brought to, whatever their own is: channels, rows, columns. */
void cnn_predictor_input(const struct cnn_predictor *p, size_t *channels, size_t *height,
                         size_t *width);

/* How many numbers an answer has: one for each class, where the model has classes. */
size_t cnn_predictor_outputs(const struct cnn_predictor *p);

/* The name of class i, until the predictor is closed; NULL where there is none. */
const char *cnn_predictor_class(const struct cnn_predictor *p, size_t i);

/**
 * Run the model on one image, of any format in cnn-formats(5), in a file or in memory.
 * @param out  (outputs) receives the classes' probabilities, or the net's numbers where the model
 *             has no classes
 * @return     0, or a negative code
 */
int cnn_predictor_file(struct cnn_predictor *p, const char *path, float *out);
int cnn_predictor_memory(struct cnn_predictor *p, const void *bytes, size_t size, float *out);

/**
 * ... or on pixels: rows from the top, each pixel's channels together.
 * @param pixels    (height, width, channels), 0 to 255
 * @param channels  1 (grey) or 3 (red, green, blue)
 * @return          0, or a negative code
 */
int cnn_predictor_pixels(struct cnn_predictor *p, const unsigned char *pixels, size_t height,
                         size_t width, size_t channels, float *out);

/**
 * Images that are to run together: put one behind those that wait, as cnn_predictor_file and the
 * others take it. Nothing of it is looked at later.
 * @return  0, or a negative code: -64 where the config's batch is full; an image that is bad is not
 *          among those that wait
 */
int cnn_predictor_put_file(struct cnn_predictor *p, const char *path);
int cnn_predictor_put_memory(struct cnn_predictor *p, const void *bytes, size_t size);
int cnn_predictor_put_pixels(struct cnn_predictor *p, const unsigned char *pixels, size_t height,
                             size_t width, size_t channels);

/**
 * Run the model on the images that wait, after which none does.
 * @param out  (images, outputs) receives the answers in the order in which they were put; NULL:
 *             they are not wanted
 * @return     0, or a negative code: -64 where no image waits
 */
int cnn_predictor_run(struct cnn_predictor *p, float *out);

/* The shape of an image's values at layer i of the config: channels, rows, columns. All 0 where the
 * config has no such layer. */
void cnn_predictor_layer_shape(const struct cnn_predictor *p, size_t i, size_t *channels,
                               size_t *height, size_t *width);

/**
 * The values of layer i of the config in the last run, be it of one image or of several; logits and
 * answers as the net gives them, not as probabilities.
 * @param out  (images, channels, height, width)
 * @return     0, or a negative code: -64 where the config has no such layer, or nothing has run
 */
int cnn_predictor_layer(struct cnn_predictor *p, size_t i, float *out);

/* The place of the largest number of an answer; of equal ones the first. */
size_t cnn_predictor_best(const struct cnn_predictor *p, const float *out);

#ifdef __cplusplus
}
#endif
#endif
