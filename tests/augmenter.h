/* An augmenter by names and values of its options, up to NULL. */
#ifndef AUGMENTER_H
#define AUGMENTER_H
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/memory.h"
#include "data/augment/augment.h"
#include "golden_images.h"

static struct cnn_augmenter *augmenter(const char *const *set)
{
    struct cnn_augmenter *a = cnn_augmenter_new();
    assert_non_null(a);
    for (; *set; set += 2)
        assert_int_equal(cnn_augmenter_set(a, set[0], set[1]), 0);
    return a;
}
#endif
