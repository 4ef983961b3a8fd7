/* The table of measured convolutions: found by the whole case, replaced, and gone as it says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "backend/backend.h"
#include "kern/conv/way.h"

static struct cnn_conv_key key_of(size_t channels, enum cnn_conv_pass pass)
{
    struct cnn_conv g = {.batch = 2,
                         .in_c = channels,
                         .in_h = 6,
                         .in_w = 6,
                         .out_c = 4,
                         .out_h = 6,
                         .out_w = 6,
                         .kh = 3,
                         .kw = 3,
                         .stride_h = 1,
                         .stride_w = 1,
                         .dilation_h = 1,
                         .dilation_w = 1,
                         .groups = 1,
                         .pad_top = 1,
                         .pad_left = 1,
                         .pad_bottom = 1,
                         .pad_right = 1};
    return (struct cnn_conv_key){.g = g, .pass = pass};
}

static void test_found(void **state)
{
    struct cnn_conv_choices *all = cnn_conv_choices_new();
    (void)state;
    assert_non_null(all);
    for (size_t i = 0; i < 100; i++) {
        struct cnn_conv_choice c = {.key = key_of(i * 37 % 100 + 1, CNN_CONV_DATA)};
        c.cost = (double)c.key.g.in_c;
        assert_int_equal(cnn_conv_choices_add(all, &c), 0);
    }
    struct cnn_conv_choice again = {.key = key_of(7, CNN_CONV_DATA), .cost = 1000};
    assert_int_equal(cnn_conv_choices_add(all, &again), 0);
    assert_int_equal(all->count, 100);
    for (size_t c = 1; c <= 100; c++) {
        struct cnn_conv_key data = key_of(c, CNN_CONV_DATA), weight = key_of(c, CNN_CONV_WEIGHT);
        assert_non_null(cnn_conv_choices_find(all, &data));
        assert_true(cnn_conv_choices_find(all, &data)->cost == (c == 7 ? 1000 : (double)c));
        assert_null(cnn_conv_choices_find(all, &weight));
    }
    cnn_conv_choices_free(all);
}

static void test_followed(void **state)
{
    struct cnn_conv_choice c = {.key = key_of(3, CNN_CONV_DATA)};
    struct cnn_conv_way way;
    (void)state;
    assert_false(cnn_conv_choice_name(&c, "magic"));
    assert_true(cnn_conv_choice_name(&c, "gemm"));
    assert_true(cnn_conv_follow(&c, &way) >= 0);
    c.mirrored = 1;
    assert_true(cnn_conv_follow(&c, &way) >= 0);
    assert_int_equal(way.c.pass, CNN_CONV_FORWARD);
    assert_int_equal(way.g.in_c, 4);
    assert_int_equal(way.g.out_c, 3);
    c.rearranged = 1; /* nothing is blocked */
    assert_true(cnn_conv_follow(&c, &way) < 0);
    c.rearranged = 0;
    c.key.pass = CNN_CONV_WEIGHT; /* only data gradients are convolutions themselves */
    assert_true(cnn_conv_follow(&c, &way) < 0);
}

static void test_measured(void **state)
{
    struct cnn_conv_key key = key_of(3, CNN_CONV_FORWARD);
    struct cnn_tensor x = cnn_tensor_plain(2, 3, 6, 6, NULL),
                      y = cnn_tensor_plain(2, 4, 6, 6, NULL);
    struct cnn_backend *b;
    const char *name = NULL;
    (void)state;
    assert_int_equal(cnn_backend_open("cpu", 2, &b), 0);
    struct cnn_conv_choices *all = b->queue.choices = cnn_conv_choices_new();
    assert_non_null(all);
    assert_true(cnn_cpu_conv_cost(&b->queue, &key.g, &x, &y, CNN_CONV_FORWARD, &name) > 0);
    assert_int_equal(all->count, 0);
    all->measures = 1;
    double cost = cnn_cpu_conv_cost(&b->queue, &key.g, &x, &y, CNN_CONV_FORWARD, &name);
    assert_int_equal(all->measured, 1);
    assert_non_null(cnn_conv_choices_find(all, &key));
    assert_true(cost == cnn_conv_choices_find(all, &key)->cost && cost > 0);
    assert_string_equal(name, cnn_conv_choices_find(all, &key)->algorithm->name);
    assert_true(cost == cnn_cpu_conv_cost(&b->queue, &key.g, &x, &y, CNN_CONV_FORWARD, NULL));
    assert_int_equal(all->measured, 1);
    cnn_backend_close(b);
}

/* Cases are told apart by types and orders; algorithms that know reals alone refuse the others, and
 * a pass that none computes fails the queue. */
static void test_types(void **state)
{
    struct cnn_conv_key key = key_of(3, CNN_CONV_FORWARD), other = key;
    struct cnn_conv_choice choice = {.key = key};
    struct cnn_backend *b;
    struct cnn_conv_way way;
    (void)state;
    assert_int_equal(cnn_backend_open("cpu", 1, &b), 0);
    struct cnn_conv_choices *all = cnn_conv_choices_new();
    assert_non_null(all);
    assert_int_equal(cnn_conv_choices_add(all, &choice), 0);
    assert_non_null(cnn_conv_choices_find(all, &key));
    struct cnn_layout orders[] = {cnn_layout_plain(CNN_TYPE_REAL), b->layout, b->layout};
    orders[2].order = CNN_ORDER_GROUPS;
    for (int t = CNN_TYPE_BF16; t <= CNN_TYPE_INT8; t++)
        for (int i = 0; i < 3; i++) {
            other.x_layout = other.y_layout = orders[i];
            other.y_layout.type = (enum cnn_type)t;
            assert_null(cnn_conv_choices_find(all, &other));
            for (int pass = CNN_CONV_FORWARD; pass <= CNN_CONV_WEIGHT; pass++) {
                cnn_conv_find(&b->queue, &key.g, (enum cnn_conv_pass)pass, other.x_layout,
                              other.y_layout, &way);
                assert_null(way.algorithm);
                cnn_conv_find(&b->queue, &key.g, (enum cnn_conv_pass)pass, other.y_layout,
                              other.x_layout, &way);
                assert_null(way.algorithm);
            }
        }
    real x = 0;
    struct cnn_tensor t = cnn_tensor_plain(2, 3, 6, 6, &x);
    t.layout.type = CNN_TYPE_INT8;
    assert_true(cnn_cpu_conv_cost(&b->queue, &key.g, &t, &t, CNN_CONV_FORWARD, NULL) < 0);
    assert_int_equal(cnn_cpu_conv_work(&b->queue, &key.g, &t, &t), 0);
    assert_int_equal(cnn_cpu_conv_packed(&b->queue, &key.g, &t, &t), 0);
    cnn_cpu_conv_forward(&b->queue, &key.g, &t, &t, NULL, NULL, NULL, &t, NULL);
    assert_int_equal(b->queue.code, CNN_EINTERNAL);
    assert_string_equal(b->queue.message, "no way to convolve int8 to int8 here");
    cnn_conv_choices_free(all);
    cnn_backend_close(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_found),
        cmocka_unit_test(test_followed),
        cmocka_unit_test(test_measured),
        cmocka_unit_test(test_types),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
