/* Reading tests/golden/images.txt (scripts/make-golden-images), and the pixels it was made from. */
#ifndef CNN_TESTS_GOLDEN_IMAGES_H
#define CNN_TESTS_GOLDEN_IMAGES_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/image/image.h"

/* Bytes as an image, by the script's formula. */
static inline struct cnn_image golden_pixels(size_t c, size_t h, size_t w)
{
    struct cnn_image im = {0};
    assert_int_equal(cnn_image_reshape(&im, c, h, w, 255), 0);
    for (size_t i = 0; i < c * h * w; i++)
        im.px[i] = (float)((i * i * 7 + i * 31 + 5) % 256) / 255.0f;
    return im;
}

/* The entry of that name, as numbers. */
static inline struct cnn_image golden_read(const char *name)
{
    const char *root = getenv("ROOT");
    char path[4096], word[64];
    size_t c, h, w;
    struct cnn_image im = {0};
    snprintf(path, sizeof path, "%s/tests/golden/images.txt", root ? root : ".");
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    while (fscanf(f, "%63s %zu %zu %zu", word, &c, &h, &w) == 4) {
        assert_int_equal(cnn_image_reshape(&im, c, h, w, 0), 0);
        for (size_t i = 0; i < c * h * w; i++)
            assert_int_equal(fscanf(f, "%f", &im.px[i]), 1);
        if (!strcmp(word, name)) {
            fclose(f);
            return im;
        }
    }
    fclose(f);
    fail_msg("no golden entry %s", name);
    return im;
}

static inline void assert_values(const char *name, const float *got, size_t count, double within)
{
    struct cnn_image want = golden_read(name);
    assert_int_equal(want.c * want.h * want.w, count);
    for (size_t i = 0; i < count; i++) {
        double off = (double)got[i] - (double)want.px[i];
        if (!(off <= within && off >= -within))
            fail_msg("%s[%zu]: %.9g, not %.9g", name, i, (double)got[i], (double)want.px[i]);
    }
    cnn_image_free(&want);
}

#endif
