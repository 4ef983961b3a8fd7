/* Where elements lie, and how many bytes they take, in each order and of each type; which shapes are alike. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tensor/tensor.h"

static struct cnn_tensor tensor_of(enum cnn_type type, enum cnn_order order, size_t lanes)
{
    struct cnn_tensor t = cnn_tensor_plain(3, 5, 2, 2, NULL);
    t.layout = (struct cnn_layout){type, order, lanes};
    return t;
}

/* (2, 3, 1, 0) of (3, 5, 2, 2), by hand. */
static void test_places(void **state)
{
    static const struct {
        enum cnn_order order;
        size_t lanes, place, elements;
    } c[] = {{CNN_ORDER_PLAIN, 0, 54, 60},
             {CNN_ORDER_CHANNELS_LAST, 0, 53, 60},
             {CNN_ORDER_BLOCKS, 4, 75, 96},
             {CNN_ORDER_GROUPS, 2, 68, 80}};
    (void)state;
    for (size_t i = 0; i < sizeof c / sizeof *c; i++) {
        struct cnn_tensor t = tensor_of(CNN_TYPE_REAL, c[i].order, c[i].lanes);
        assert_int_equal(cnn_tensor_place(&t, (2 * 5 + 3) * 4 + 2), c[i].place);
        assert_int_equal(cnn_tensor_elements(&t), c[i].elements);
        assert_int_equal(cnn_tensor_size(&t), c[i].elements * sizeof(real));
        t.layout.type = CNN_TYPE_BF16;
        assert_int_equal(cnn_tensor_size(&t), 2 * c[i].elements);
        t.layout.type = CNN_TYPE_INT8;
        assert_int_equal(cnn_tensor_size(&t), c[i].elements);
    }
}

static void test_too_large(void **state)
{
    struct cnn_tensor t = tensor_of(CNN_TYPE_INT8, CNN_ORDER_BLOCKS, 16);
    (void)state;
    t.h = SIZE_MAX / 32;
    assert_true(cnn_tensor_size(&t) == SIZE_MAX);
    t = tensor_of(CNN_TYPE_INT8, CNN_ORDER_PLAIN, 0);
    t.h = SIZE_MAX / 32;
    t.c = 1;
    t.n = 4;
    assert_true(cnn_tensor_size(&t) == SIZE_MAX / 32 * 8);
    t.layout.type = CNN_TYPE_BF16;
    t.n = 16;
    assert_true(cnn_tensor_size(&t) == SIZE_MAX);
    t.n = SIZE_MAX;
    assert_true(cnn_tensor_size(&t) == SIZE_MAX);
}

static void test_equal(void **state)
{
    struct cnn_layout a = {CNN_TYPE_REAL, CNN_ORDER_BLOCKS, 8}, b = a;
    (void)state;
    assert_true(cnn_layout_equal(a, b));
    b.type = CNN_TYPE_BF16;
    assert_false(cnn_layout_equal(a, b));
    b = a;
    b.order = CNN_ORDER_GROUPS;
    assert_false(cnn_layout_equal(a, b));
    b = a;
    b.lanes = 16;
    assert_false(cnn_layout_equal(a, b));
}

/* Ones count in the first two sizes alone; a parameter of five sizes is a tensor of four. */
static void test_shapes(void **state)
{
    static const struct {
        struct cnn_shape a, b;
        int alike;
    } cases[] = {
        {{4, {6, 2, 1, 3}}, {3, {6, 2, 3}}, 1},
        {{4, {6, 2, 3, 1}}, {3, {6, 2, 3}}, 1},
        {{5, {6, 2, 1, 3, 5}}, {4, {6, 2, 3, 5}}, 1},
        {{4, {6, 2, 1, 1}}, {2, {6, 2}}, 1},
        {{1, {6}}, {3, {6, 1, 1}}, 1},
        {{3, {6, 1, 2}}, {2, {6, 2}}, 0},
        {{3, {1, 6, 2}}, {2, {6, 2}}, 0},
        {{4, {6, 2, 3, 5}}, {4, {6, 2, 5, 3}}, 0},
        {{4, {6, 2, 3, 1}}, {4, {6, 2, 1, 3}}, 0},
        {{5, {6, 2, 1, 3, 5}}, {3, {6, 2, 3}}, 0},
        {{1, {6}}, {2, {6, 2}}, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(cnn_shape_alike(&cases[i].a, &cases[i].b), cases[i].alike);
        assert_int_equal(cnn_shape_alike(&cases[i].b, &cases[i].a), cases[i].alike);
    }
    struct cnn_tensor t = cnn_shape_tensor(&cases[2].a, NULL);
    assert_true(t.n == 6 && t.c == 2 && t.h == 3 && t.w == 5);
    const struct cnn_shape deep = {5, {6, 2, 4, 3, 5}};
    t = cnn_shape_tensor(&deep, NULL);
    assert_true(t.n == 6 && t.c == 8 && t.h == 3 && t.w == 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_places),
        cmocka_unit_test(test_too_large),
        cmocka_unit_test(test_equal),
        cmocka_unit_test(test_shapes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
