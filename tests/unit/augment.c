/* What the chain of augmentations promises. */
#include "augmenter.h"

/* A sample of that key, augmented. */
static struct cnn_sample augmented(const struct cnn_augmenter *a, const char *key, uint64_t seed,
                                   uint64_t epoch, uint64_t copy)
{
    struct cnn_augment_scratch scratch = {0};
    struct cnn_sample s = {.key = cnn_strdup(key), .image = golden_pixels(3, 28, 24), .weight = 1};
    struct cnn_field *seg = cnn_sample_add_field(&s, NULL, CNN_FIELD_LABELS);
    seg->values = golden_pixels(1, 28, 24);
    seg->values.maxval = 0;
    assert_int_equal(cnn_augment(a, seed, epoch, copy, &scratch, &s), 0);
    cnn_augment_scratch_free(&scratch);
    return s;
}

static int same_image(const struct cnn_image *a, const struct cnn_image *b)
{
    return a->c == b->c && a->h == b->h && a->w == b->w &&
           !memcmp(a->px, b->px, a->c * a->h * a->w * sizeof *a->px);
}

static const char *const everything[] = {
    "flip",  "hv",   "rotate", "20",         "zoom",    "0.8,1.3",  "translate",
    "0.1",   "crop", "24x20",  "brightness", "0.3",     "contrast", "0.3",
    "noise", "0.05", "fill",   "edge",       "elastic", "0.05",     NULL};

static void test_nothing_changes_nothing(void **state)
{
    (void)state;
    const char *const zeros[] = {
        "rotate", "0", "zoom",       "1", "translate", "0", "flip", "none", "noise", "0",
        "crop",   "0", "brightness", "0", "contrast",  "0", "fill", "edge", NULL};
    struct cnn_augmenter *a = augmenter(zeros);
    struct cnn_image im = golden_pixels(3, 28, 24);
    struct cnn_sample s = augmented(a, "x", 1, 0, 0);
    struct cnn_buf text = {0};
    assert_false(cnn_augmenter_active(a));
    assert_true(same_image(&s.image, &im));
    cnn_augmenter_print(a, &text);
    assert_int_equal(text.size, 0);
    cnn_sample_free(&s);
    cnn_image_free(&im);
    cnn_augmenter_free(a);
}

static void test_draws_depend_on_what_they_should(void **state)
{
    (void)state;
    struct cnn_augmenter *a = augmenter(everything);
    struct cnn_sample s = augmented(a, "x", 1, 0, 0);
    assert_int_equal(s.image.h * 100 + s.image.w, 2420);
    assert_int_equal(s.field->values.h * 100 + s.field->values.w, 2420);
    struct cnn_sample again = augmented(a, "x", 1, 0, 0);
    assert_true(same_image(&s.image, &again.image));
    assert_true(same_image(&s.field->values, &again.field->values));
    cnn_sample_free(&again);
    struct cnn_sample other[] = {augmented(a, "y", 1, 0, 0), augmented(a, "x", 2, 0, 0),
                                 augmented(a, "x", 1, 1, 0), augmented(a, "x", 1, 0, 1)};
    for (int i = 0; i < 4; i++) {
        assert_false(same_image(&s.image, &other[i].image));
        assert_false(same_image(&s.field->values, &other[i].field->values));
        cnn_sample_free(&other[i]);
    }
    cnn_sample_free(&s);
    cnn_augmenter_free(a);
}

/* Colour changes do not move the geometry's draws, nor the other way round. */
static void test_augmentations_draw_on_their_own(void **state)
{
    (void)state;
    struct cnn_augmenter *few = augmenter((const char *[]){"rotate", "20", NULL});
    struct cnn_augmenter *more =
        augmenter((const char *[]){"rotate", "20", "brightness", "0.5", "noise", "0.1", NULL});
    struct cnn_sample a = augmented(few, "x", 1, 0, 0), b = augmented(more, "x", 1, 0, 0);
    assert_true(same_image(&a.field->values, &b.field->values));
    assert_false(same_image(&a.image, &b.image));
    cnn_sample_free(&a);
    cnn_sample_free(&b);
    cnn_augmenter_free(few);
    cnn_augmenter_free(more);
}

/* Mirror, then shift, then crop: whole maps, so that composing must give exact pixels. */
static void test_composed_views(void **state)
{
    (void)state;
    struct cnn_view view = cnn_view_whole(6, 8);
    const struct cnn_view mirror = {6, 8, {-1, 0, 7, 0, 1, 0}}, shift = {6, 8, {1, 0, -2, 0, 1, 1}},
                          crop = {3, 4, {1, 0, 3, 0, 1, 2}};
    struct cnn_image im = golden_pixels(1, 6, 8), a = {0}, b = {0}, at_once = {0};
    assert_true(cnn_view_is_whole(&view, 6, 8));
    cnn_view_then(&view, &mirror);
    cnn_view_then(&view, &shift);
    cnn_view_then(&view, &crop);
    assert_int_equal(cnn_image_warp(&at_once, &im, &view, CNN_FILL_BLACK), 0);
    assert_int_equal(cnn_image_warp(&a, &im, &mirror, CNN_FILL_BLACK), 0);
    assert_int_equal(cnn_image_warp(&b, &a, &shift, CNN_FILL_BLACK), 0);
    assert_int_equal(cnn_image_warp(&a, &b, &crop, CNN_FILL_BLACK), 0);
    assert_true(same_image(&a, &at_once));
    assert_true(a.px[0] == im.px[3 * 8 + 6]);
    cnn_image_free(&im);
    cnn_image_free(&a);
    cnn_image_free(&b);
    cnn_image_free(&at_once);
}

static void test_options(void **state)
{
    (void)state;
    const char *const wrong[][2] = {{"rotate", "181"},    {"rotate", "ten"},  {"flip", "x"},
                                    {"zoom", "0"},        {"zoom", "2,1"},    {"zoom", "1,2,3"},
                                    {"translate", "1.1"}, {"crop", "0x5"},    {"crop-pad", "-1"},
                                    {"noise", "nan"},     {"fill", "purple"}, {"elastics", "1"}};
    struct cnn_augmenter *a = augmenter(everything);
    struct cnn_buf text = {0};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(cnn_augmenter_set(a, wrong[i][0], wrong[i][1]), CNN_EUSAGE);
        assert_memory_equal(cnn_error_message(), wrong[i][0], strlen(wrong[i][0]));
    }
    cnn_augmenter_print(a, &text);
    assert_string_equal(text.text,
                        "--flip hv --rotate 20 --zoom 0.8,1.3 --translate 0.1 --crop 24x20 "
                        "--brightness 0.3 --contrast 0.3 --noise 0.05 --elastic 0.05 --fill edge");
    cnn_buf_free(&text);
    cnn_augmenter_free(a);
}

/* The image of one sample after these settings. */
static struct cnn_image image_after(const char *const *set)
{
    struct cnn_augmenter *a = augmenter(set);
    struct cnn_sample s = augmented(a, "x", 1, 0, 0);
    struct cnn_image im = s.image;
    s.image = (struct cnn_image){0};
    cnn_sample_free(&s);
    cnn_augmenter_free(a);
    return im;
}

/* The chain is in the order in which it was set, and options of one step stand in one place. */
static void test_order_is_that_of_setting(void **state)
{
    (void)state;
    struct cnn_image one =
        image_after((const char *[]){"contrast", "0.9", "brightness", "0.9", NULL});
    struct cnn_image other =
        image_after((const char *[]){"brightness", "0.9", "contrast", "0.9", NULL});
    assert_false(same_image(&one, &other));
    cnn_image_free(&one);
    cnn_image_free(&other);
    one = image_after((const char *[]){"crop", "20", "rotate", "30", "crop-pad", "3", NULL});
    other = image_after((const char *[]){"crop-pad", "3", "crop", "20", "rotate", "30", NULL});
    assert_true(same_image(&one, &other));
    cnn_image_free(&one);
    cnn_image_free(&other);
}

/* An augmentation that comes again draws anew; what is off does not count. */
static void test_one_kind_twice(void **state)
{
    (void)state;
    const char *const twice[] = {"rotate", "20", "noise", "0.1", "rotate", "20", NULL};
    struct cnn_augmenter *a = augmenter(twice), *copy = cnn_augmenter_copy(a);
    struct cnn_buf text = {0};
    const struct cnn_augment_step *s = cnn_augmenter_next(copy, NULL);
    assert_int_equal(s->nth, 0);
    s = cnn_augmenter_next(copy, cnn_augmenter_next(copy, s));
    assert_string_equal(s->type->name, "rotate");
    assert_int_equal(s->nth, 1);
    assert_null(cnn_augmenter_next(copy, s));
    cnn_augmenter_print(copy, &text);
    assert_string_equal(text.text, "--rotate 20 --noise 0.1 --rotate 20");
    cnn_buf_free(&text);
    cnn_augmenter_free(a);
    cnn_augmenter_free(copy);
    struct cnn_image once = image_after((const char *[]){"rotate", "20", NULL});
    struct cnn_image off = image_after((const char *[]){"rotate", "0", "rotate", "20", NULL});
    struct cnn_image both = image_after((const char *[]){"rotate", "20", "rotate", "20", NULL});
    struct cnn_image twofold = image_after((const char *[]){"rotate", "40", NULL});
    assert_true(same_image(&once, &off));
    assert_false(same_image(&once, &both));
    assert_false(same_image(&both, &twofold));
    cnn_image_free(&once);
    cnn_image_free(&off);
    cnn_image_free(&both);
    cnn_image_free(&twofold);
}

/* Settings without an order go where the list has them. */
static void test_listed_settings(void **state)
{
    (void)state;
    struct cnn_augmenter *a =
        augmenter((const char *[]){"rotate", "20", "noise", "0.1", "crop-pad", "2", NULL});
    const char *const set[][2] = {{"flip", "h"}, {"crop", "20"}, {"brightness", "0.2"}};
    struct cnn_buf text = {0};
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(cnn_augmenter_set_listed(a, set[i][0], set[i][1]), 0);
    cnn_augmenter_print(a, &text);
    assert_string_equal(text.text,
                        "--flip h --rotate 20 --brightness 0.2 --noise 0.1 --crop 20 --crop-pad 2");
    cnn_buf_free(&text);
    cnn_augmenter_free(a);
}

/* Displacements are within their bounds, differ from place to place, and do so alike in images of
 * any size. */
static void test_elastic_fields(void **state)
{
    (void)state;
    struct cnn_augmenter *a = augmenter((const char *[]){"elastic", "0.1", NULL});
    const struct cnn_augment_step *s = cnn_augmenter_next(a, NULL);
    struct cnn_displacements small = {0}, large = {0};
    for (uint64_t i = 0; i < 20; i++) {
        struct cnn_random r, again;
        float least = 0, most = 0;
        cnn_random_start(&r, 1, i);
        again = r;
        assert_int_equal(cnn_displacements_reshape(&large, 41, 81), 0);
        assert_int_equal(s->type->field(s->options, &r, &large), 0);
        assert_int_equal(cnn_displacements_reshape(&small, 21, 41), 0);
        assert_int_equal(s->type->field(s->options, &again, &small), 0);
        for (size_t k = 0; k < 41 * 81; k++) {
            float dx = large.dx[k], dy = large.dy[k];
            assert_true(dx >= -8.1f && dx <= 8.1f && dy >= -4.1f && dy <= 4.1f);
            least = dx < least ? dx : least;
            most = dx > most ? dx : most;
        }
        assert_true(most - least > 1);
        for (size_t k = 0; k < 21 * 41; k++) {
            size_t at = k / 41 * 2 * 81 + k % 41 * 2;
            float d = small.dx[k] * 81 / 41 - large.dx[at];
            assert_true(d > -1e-4f && d < 1e-4f);
        }
    }
    cnn_displacements_free(&small);
    cnn_displacements_free(&large);
    cnn_augmenter_free(a);
}

/* A field that moves all alike is a shift, before the view's map; labels follow. */
static void test_bending_is_looking_elsewhere(void **state)
{
    (void)state;
    struct cnn_view mirror = {6, 8, {-1, 0, 7, 0, 1, 0}}, shift = {6, 8, {1, 0, 2, 0, 1, -1}};
    struct cnn_view both = mirror;
    struct cnn_image im = golden_pixels(2, 6, 8), bent = {0}, moved = {0};
    struct cnn_displacements field = {0};
    assert_int_equal(cnn_displacements_reshape(&field, 6, 8), 0);
    for (size_t i = 0; i < 48; i++) {
        field.dx[i] = 2;
        field.dy[i] = -1;
    }
    cnn_view_then(&both, &shift);
    for (int fill = CNN_FILL_BLACK; fill <= CNN_FILL_REFLECT; fill++) {
        assert_int_equal(cnn_image_bend(&bent, &im, &mirror, &field, (enum cnn_fill)fill), 0);
        assert_int_equal(cnn_image_warp(&moved, &im, &both, (enum cnn_fill)fill), 0);
        assert_true(same_image(&bent, &moved));
        assert_int_equal(cnn_labels_bend(&bent, &im, &mirror, &field, (enum cnn_fill)fill), 0);
        assert_int_equal(cnn_labels_warp(&moved, &im, &both, (enum cnn_fill)fill), 0);
        assert_true(same_image(&bent, &moved));
    }
    cnn_displacements_free(&field);
    cnn_image_free(&im);
    cnn_image_free(&bent);
    cnn_image_free(&moved);
}

/* What is left without the steps that change values is what comes of the geometric ones alone. */
static void test_geometry_alone(void **state)
{
    (void)state;
    const char *const all[] = {"rotate", "20",  "elastic", "0.1",  "noise", "0.1",
                               "zoom",   "1.3", "fill",    "edge", NULL};
    const char *const few[] = {"rotate", "20",   "elastic", "0.1", "zoom",
                               "1.3",    "fill", "edge",    NULL};
    struct cnn_augmenter *a = augmenter(all);
    struct cnn_augment_scratch scratch = {0};
    struct cnn_image im = golden_pixels(3, 28, 24), want = image_after(few);
    assert_false(cnn_augmenter_is_geometric(a) || cnn_augmenter_is_affine(a));
    assert_int_equal(cnn_augment_geometry(a, 1, 0, 0, "x", &im, &scratch), 0);
    assert_true(same_image(&scratch.moved, &want));
    assert_false(same_image(&im, &want));
    cnn_augment_scratch_free(&scratch);
    cnn_image_free(&im);
    cnn_image_free(&want);
    cnn_augmenter_free(a);
    a = augmenter(few);
    assert_true(cnn_augmenter_is_geometric(a) && !cnn_augmenter_is_affine(a));
    cnn_augmenter_free(a);
}

static void test_bad_samples(void **state)
{
    (void)state;
    struct cnn_augmenter *a = augmenter((const char *[]){"crop", "32", NULL});
    struct cnn_augment_scratch scratch = {0};
    struct cnn_sample s = {.key = cnn_strdup("k"), .image = golden_pixels(1, 30, 28)};
    assert_int_equal(cnn_augment(a, 0, 0, 0, &scratch, &s), CNN_EDATA);
    assert_string_equal(cnn_error_message(),
                        "an image of 30x28 is smaller than the crop of 32x32 (height x width)");
    s.image.maxval = 0;
    assert_int_equal(cnn_augment(a, 0, 0, 0, &scratch, &s), CNN_EDATA);
    cnn_sample_free(&s);
    cnn_augment_scratch_free(&scratch);
    cnn_augmenter_free(a);
}

/* CIFAR's recipe keeps the size, and a border without a size too. */
static void test_crop_with_border(void **state)
{
    (void)state;
    struct cnn_augmenter *a = augmenter((const char *[]){"crop-pad", "4", NULL});
    int seen[9] = {0};
    for (uint64_t copy = 0; copy < 200; copy++) {
        struct cnn_sample s = augmented(a, "x", 1, 0, copy);
        assert_int_equal(s.image.h * 100 + s.image.w, 2824);
        size_t black = 0;
        while (black < 5 && s.image.px[14 * 24 + black] == 0)
            black++;
        seen[black]++;
        assert_in_range(black, 0, 4);
        cnn_sample_free(&s);
    }
    for (int i = 0; i < 5; i++)
        assert_true(seen[i] > 5);
    cnn_augmenter_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_changes_nothing),
        cmocka_unit_test(test_draws_depend_on_what_they_should),
        cmocka_unit_test(test_augmentations_draw_on_their_own),
        cmocka_unit_test(test_composed_views),
        cmocka_unit_test(test_options),
        cmocka_unit_test(test_order_is_that_of_setting),
        cmocka_unit_test(test_one_kind_twice),
        cmocka_unit_test(test_listed_settings),
        cmocka_unit_test(test_elastic_fields),
        cmocka_unit_test(test_bending_is_looking_elsewhere),
        cmocka_unit_test(test_geometry_alone),
        cmocka_unit_test(test_bad_samples),
        cmocka_unit_test(test_crop_with_border),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
