/* Boxes and points go where the pixels go. */
#include "augmenter.h"

/* Boxes by hand: mirrored, cut, out of sight. */
static void test_boxes_by_hand(void **state)
{
    (void)state;
    const struct cnn_view mirror = {6, 8, {-1, 0, 7, 0, 1, 0}}, crop = {3, 4, {1, 0, 3, 0, 1, 2}},
                          turn = {8, 6, {0, 1, 0, -1, 0, 5}};
    static const float box[] = {1, 2, 3, 2, 7, 0, 0, 1, 1, 8};
    static const float mirrored[] = {4, 2, 3, 2, 7, 7, 0, 1, 1, 8}, cut[] = {1, 0, 3, 2, 7};
    static const float turned[] = {2, 1, 2, 3, 7, 5, 0, 1, 1, 8};
    struct cnn_image b = {0};
    const struct {
        const struct cnn_view *view;
        const float *want;
        size_t rows;
    } cases[] = {{&mirror, mirrored, 2}, {&turn, turned, 2}};
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(cnn_image_reshape(&b, 2, 5, 1, 0), 0);
        memcpy(b.px, box, sizeof box);
        cnn_boxes_move(&b, cases[i].view);
        assert_int_equal(b.c, cases[i].rows);
        assert_memory_equal(b.px, cases[i].want, b.c * 5 * sizeof *b.px);
    }
    assert_int_equal(cnn_image_reshape(&b, 2, 5, 1, 0), 0);
    memcpy(b.px, mirrored, sizeof mirrored);
    b.px[5] = 0; /* left of what is cut out */
    cnn_boxes_move(&b, &crop);
    assert_int_equal(b.c, 1);
    assert_memory_equal(b.px, cut, sizeof cut);
    b.px[0] = -9;
    cnn_boxes_move(&b, &crop);
    assert_int_equal(b.c, 0);
    cnn_image_free(&b);
}

/* A box goes where the labels within it go. */
static void test_boxes_follow_labels(void **state)
{
    (void)state;
    struct cnn_augmenter *a = augmenter((const char *[]){"flip", "hv", "rotate", "30", "zoom",
                                                         "0.8,1.3", "translate", "0.2", NULL});
    struct cnn_augment_scratch scratch = {0};
    for (uint64_t epoch = 0; epoch < 50; epoch++) {
        struct cnn_sample s = {
            .key = cnn_strdup("x"), .image = golden_pixels(3, 28, 24), .weight = 1};
        struct cnn_field *f = cnn_sample_add_field(&s, NULL, CNN_FIELD_LABELS);
        assert_int_equal(cnn_image_reshape(&f->values, 1, 28, 24, 0), 0);
        for (size_t i = 0; i < 28 * 24; i++)
            f->values.px[i] = i / 24 >= 8 && i / 24 < 15 && i % 24 >= 6 && i % 24 < 18;
        f = cnn_sample_add_field(&s, NULL, CNN_FIELD_BOXES);
        assert_int_equal(cnn_image_reshape(&f->values, 1, 4, 1, 0), 0);
        memcpy(f->values.px, (const float[]){6, 8, 12, 7}, 4 * sizeof(float));
        assert_int_equal(cnn_augment(a, 1, epoch, 0, &scratch, &s), 0);
        const float *box = f->values.px, *label = s.field->values.px;
        for (size_t i = 0; i < 28 * 24; i++) {
            float x = (float)(i % 24), y = (float)(i / 24);
            if (label[i] == 1)
                assert_true(f->values.c == 1 && x >= box[0] - 1 && x <= box[0] + box[2] &&
                            y >= box[1] - 1 && y <= box[1] + box[3]);
        }
        cnn_sample_free(&s);
    }
    cnn_augment_scratch_free(&scratch);
    cnn_augmenter_free(a);
}

/* The values of plane c at a point, between the four pixels around it. */
static double value_at(const struct cnn_image *im, size_t c, double x, double y)
{
    size_t left = (size_t)(x - 0.5), top = (size_t)(y - 0.5);
    double u = x - 0.5 - (double)left, v = y - 0.5 - (double)top;
    const float *p = im->px + (c * im->h + top) * im->w + left;
    return (1 - v) * ((1 - u) * (double)p[0] + u * (double)p[1]) +
           v * ((1 - u) * (double)p[im->w] + u * (double)p[im->w + 1]);
}

/* An image that has in each pixel where it is: x and y of its middle, in parts of 128. */
static struct cnn_image map_of_places(size_t h, size_t w)
{
    struct cnn_image im = {0};
    assert_int_equal(cnn_image_reshape(&im, 3, h, w, 255), 0);
    for (size_t i = 0; i < h * w; i++) {
        im.px[i] = ((float)(i % w) + 0.5f) / 128;
        im.px[h * w + i] = ((float)(i / w) + 0.5f) / 128;
    }
    return im;
}

/* Where a point has come to the image has what it had at the point; how many were in sight. */
static size_t check_points(const struct cnn_sample *s, const float *was, size_t points)
{
    const struct cnn_image *im = &s->image;
    const struct cnn_field *f = &s->field[0];
    size_t seen = 0;
    assert_true(f->values.c == points && f->values.h == 3 && f->values.w == 1);
    for (size_t i = 0; i < points; i++) {
        const float *p = f->values.px + 3 * i;
        double x = (double)p[0], y = (double)p[1];
        assert_true(p[2] == (float)i);
        if (!(x > 3 && x < (double)im->w - 3 && y > 3 && y < (double)im->h - 3))
            continue;
        double from[2] = {value_at(im, 0, x, y) * 128, value_at(im, 1, x, y) * 128};
        for (int k = 0; k < 2; k++)
            if (!(fabs(from[k] - (double)was[3 * i + (size_t)k]) < 0.1))
                fail_msg("point %zu: %g, not %g", i, from[k], (double)was[3 * i + (size_t)k]);
        seen++;
    }
    return seen;
}

static void test_points_follow_pixels(void **state)
{
    (void)state;
    enum { POINTS = 49 };
    static const char *const chains[][12] = {
        {"flip", "hv", "rotate", "30", "zoom", "0.8,1.3", "translate", "0.2", NULL},
        {"elastic", "0.04", NULL},
        {"rotate", "20", "elastic", "0.04", "flip", "h", "elastic", "0.03", "crop", "50x60", NULL},
    };
    struct cnn_augment_scratch scratch = {0};
    float was[3 * POINTS];
    size_t seen = 0, all = 0;
    for (size_t i = 0; i < POINTS; i++) {
        was[3 * i] = 4 + 10 * (float)(i % 7);
        was[3 * i + 1] = 3 + 9 * (float)(i / 7);
        was[3 * i + 2] = (float)i;
    }
    for (size_t k = 0; k < 3; k++) {
        struct cnn_augmenter *a = augmenter(chains[k]);
        for (uint64_t epoch = 0; epoch < 20; epoch++, all += POINTS) {
            struct cnn_sample s = {.key = cnn_strdup("x"), .image = map_of_places(64, 72)};
            struct cnn_field *f = cnn_sample_add_field(&s, "eyes", CNN_FIELD_POINTS);
            assert_int_equal(cnn_image_reshape(&f->values, POINTS, 3, 1, 0), 0);
            memcpy(f->values.px, was, sizeof was);
            assert_int_equal(cnn_augment(a, 1, epoch, 0, &scratch, &s), 0);
            seen += check_points(&s, was, POINTS);
            cnn_sample_free(&s);
        }
        cnn_augmenter_free(a);
    }
    assert_true(seen > all / 2 && seen < all);
    cnn_augment_scratch_free(&scratch);
}

/* Out of sight they are where they would be. */
static void test_points_by_hand(void **state)
{
    (void)state;
    const struct cnn_view mirror = {6, 8, {-1, 0, 7, 0, 1, 0}}, crop = {3, 4, {1, 0, 3, 0, 1, 2}};
    static const float moved[] = {3.5f, 1, -2, 4}, cut[] = {0.5f, -1, -5, 2};
    struct cnn_image p = {0};
    assert_int_equal(cnn_image_reshape(&p, 2, 2, 1, 0), 0);
    memcpy(p.px, (const float[]){4.5f, 1, 10, 4}, sizeof moved);
    cnn_points_move(&p, &mirror, NULL);
    assert_memory_equal(p.px, moved, sizeof moved);
    cnn_points_move(&p, &crop, NULL);
    assert_memory_equal(p.px, cut, sizeof cut);
    assert_int_equal(p.c, 2);
    cnn_image_free(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_boxes_by_hand),
        cmocka_unit_test(test_boxes_follow_labels),
        cmocka_unit_test(test_points_follow_pixels),
        cmocka_unit_test(test_points_by_hand),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
