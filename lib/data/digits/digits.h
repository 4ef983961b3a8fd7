/* The built-in dataset: handwritten-looking digits, drawn on demand.
 *
 * Sample i of a seed is a pure function of (seed, i), the same bytes on every machine, so there is
 * no set to store and no limit to its size. Every ten samples in a row from a multiple of ten hold
 * each class once. */
#ifndef CNN_DATA_DIGITS_DIGITS_H
#define CNN_DATA_DIGITS_DIGITS_H

#include <stddef.h>
#include <stdint.h>

#include "data/image/image.h"

enum { CNN_DIGITS_SIDE = 28, CNN_DIGITS_CLASSES = 10 };

/* The class of sample i, without drawing it. */
int cnn_digits_class(uint64_t seed, size_t i);

/* Sample i as bytes, rows of a white digit on black; returns its class. */
int cnn_digits_pixels(uint64_t seed, size_t i, unsigned char px[CNN_DIGITS_SIDE * CNN_DIGITS_SIDE]);

/* Sample i as an image (1, 28, 28) of maxval 255, its memory reused, and its class. CNN_ESYSTEM. */
CNN_CHECKED int cnn_digits_draw(uint64_t seed, size_t i, struct cnn_image *out, int *label);

#endif
