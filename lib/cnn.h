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
 * can fail return 0 or a negative code, minus the exit status that the programs end with: -65 bad
 * data, -66 no such file, -71 out of memory. Nothing is ever printed, and no function exits.
 *
 * One predictor serves one thread at a time; different predictors do not know of each other. */
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
 * Read a model file and allocate all that running it takes.
 * @param model    the path of a model that cnn-train wrote
 * @param threads  threads to compute with; 0: one for each core
 * @param out      receives the predictor, NULL on failure; cnn_predictor_close frees it
 */
int cnn_predictor_open(const char *model, int threads, struct cnn_predictor **out);
void cnn_predictor_close(struct cnn_predictor *p); /* NULL is fine */

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
 */
int cnn_predictor_file(struct cnn_predictor *p, const char *path, float *out);
int cnn_predictor_memory(struct cnn_predictor *p, const void *bytes, size_t size, float *out);

/**
 * ... or on pixels: rows from the top, each pixel's channels together.
 * @param pixels    (height, width, channels), 0 to 255
 * @param channels  1 (grey) or 3 (red, green, blue)
 */
int cnn_predictor_pixels(struct cnn_predictor *p, const unsigned char *pixels, size_t height,
                         size_t width, size_t channels, float *out);

/* The place of the largest number of an answer; of equal ones the first. */
size_t cnn_predictor_best(const struct cnn_predictor *p, const float *out);

#ifdef __cplusplus
}
#endif
#endif
