/* Loaders whose images a device prepares, against the same loaders on the host: the same samples,
 * inputs, labels and hashes, batch after batch and epoch after epoch, whatever stays on the device.
 * Batches are queued without waiting. The device is the CPU, and a GPU where there is one. */
#include "scratch.h"

#include <math.h>

#include "base/random.h"
#include "data/image/png.h"
#include "data/loader/loader.h"
#include "data/source/dataset_open.h"

static const struct cnn_wish class = {.name = "", .kind = CNN_FIELD_CLASS};

static const char *device_name;
enum { EPOCHS = 3, BATCH = 7, MOST_BATCHES = 64, THREADS = 2, FIRST = 3 };

static struct cnn_backend_ops less_ops;
static size_t less_bytes;

static size_t less_available(struct cnn_backend *b)
{
    (void)b;
    return less_bytes;
}

/* The one that the test is for. */
static void use_device(void **state)
{
    struct cnn_backend *b;
    device_name = *state;
    if (cnn_backend_open(device_name, 1, &b)) {
        print_message("%s\n", cnn_error_message());
        skip();
    }
    cnn_backend_close(b);
}

/* A device that seems to have so many bytes; 0: as it is. */
static struct cnn_backend *open_device(size_t bytes)
{
    struct cnn_backend *b;
    assert_int_equal(cnn_backend_open(device_name, 1, &b), 0);
    less_ops = *b->ops;
    less_bytes = bytes;
    if (bytes)
        less_ops.available = less_available;
    b->ops = &less_ops;
    return b;
}

/* A device's tensors of an epoch's batches. To allocate waits, so that comes before. */
struct inputs {
    struct cnn_backend *b;
    struct cnn_tensor x[MOST_BATCHES];
    size_t count;
};

static void inputs_open(struct inputs *in, const struct cnn_input *input, size_t bytes)
{
    in->b = open_device(bytes);
    in->count = 0;
    for (size_t i = 0; i < MOST_BATCHES; i++) {
        struct cnn_tensor *t = &in->x[i];
        *t = cnn_tensor_plain(BATCH, input->shape.c, input->shape.h, input->shape.w, NULL);
        if (in->b->is_gpu)
            t->layout = in->b->layout;
        t->data = in->b->ops->alloc(in->b, in->b->ops->tensor_bytes(in->b, t));
        assert_non_null(t->data);
    }
}

static void inputs_close(struct inputs *in)
{
    for (size_t i = 0; i < MOST_BATCHES; i++)
        in->b->ops->free(in->b, in->x[i].data);
    cnn_backend_close(in->b);
}

static struct cnn_tensor *next_input(struct inputs *in, size_t n)
{
    assert_true(in->count < MOST_BATCHES);
    in->x[in->count].n = n;
    return &in->x[in->count++];
}

static void expect_near(const float *got, const float *want, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!(fabsf(got[i] - want[i]) <= 1e-5f * (1 + fabsf(want[i]))))
            fail_msg("number %zu is %g, not %g", i, (double)got[i], (double)want[i]);
}

/* One epoch of both. */
static struct cnn_batch compare_epoch(struct cnn_loader *host, struct cnn_loader *device,
                                      struct inputs *in, const struct cnn_input *input)
{
    struct cnn_batch h, d, last = {0};
    size_t each = cnn_chw_count(input->shape), samples = 0, capacity = 0;
    float *want = NULL;
    int rc;
    while ((rc = cnn_loader_next(host, &h)) == 1) {
        if (cnn_loader_next(device, &d) != 1)
            fail_msg("%s", cnn_error_message());
        assert_int_equal(d.n, h.n);
        assert_null(d.x);
        last = d;
        for (size_t i = 0; i < h.n; i++) {
            assert_int_equal(d.index[i], h.index[i]);
            assert_int_equal(d.field->label[i], h.field->label[i]);
            assert_true(d.hash[i] == h.hash[i] && d.weight[i] == h.weight[i]);
            assert_string_equal(d.key[i], h.key[i]);
        }
        capacity = samples + h.n;
        want = realloc(want, capacity * each * sizeof *want);
        assert_non_null(want);
        memcpy(want + samples * each, h.x, h.n * each * sizeof *want);
        samples += h.n;
        cnn_image_store_input(d.images, next_input(in, d.n));
    }
    assert_int_equal(rc, 0);
    assert_int_equal(cnn_loader_next(device, &d), 0);
    float *got = malloc((BATCH * each + 1) * sizeof *got);
    assert_non_null(got);
    for (size_t k = 0, at = 0; k < in->count; at += in->x[k++].n) {
        in->b->ops->download_values(in->b, got, &in->x[k]);
        assert_int_equal(in->b->ops->sync(in->b), 0);
        expect_near(got, want + at * each, in->x[k].n * each);
    }
    in->count = 0;
    free(got);
    free(want);
    return last;
}

/* options: "rotate 10 translate 0.1", in pairs. */
static struct cnn_augmenter *augmenter(const char *options)
{
    struct cnn_augmenter *a = cnn_augmenter_new();
    char text[200], *at = text;
    snprintf(text, sizeof text, "%s", options);
    for (char *name; (name = strtok_r(at, " ", &at));)
        assert_int_equal(cnn_augmenter_set(a, name, strtok_r(NULL, " ", &at)), 0);
    return a;
}

/* How many samples must be on the device at last. */
enum stay { NONE, SOME, ALL };

static void expect_stay(const struct cnn_batch *last, size_t count, enum stay stay)
{
    size_t stays = 0;
    for (size_t i = 0; i < count; i++)
        stays += cnn_image_store_find(last->images, FIRST + i) != NULL;
    if (stay == NONE ? stays > 0 : stay == ALL ? stays < count : !stays || stays == count)
        fail_msg("%zu of %zu images stay", stays, count);
}

/* room: bytes for images that stay. */
static const size_t ENOUGH = (size_t)-1;

static void compare(const char *path, const struct cnn_input *input, const char *options,
                    size_t room, enum stay stay)
{
    struct cnn_dataset *ds;
    if (cnn_dataset_open(path, NULL, &ds))
        fail_msg("%s", cnn_error_message());
    struct cnn_augmenter *a = augmenter(options);
    struct inputs in;
    size_t each = cnn_chw_count(input->shape) * sizeof(float), count = cnn_dataset_count(ds);
    inputs_open(&in, input, room == ENOUGH ? 0 : cnn_image_store_bytes(BATCH, each) + 2 * room);
    struct cnn_loader_options o = {.input = input,
                                   .augmenter = a,
                                   .wishes = 1,
                                   .wish = &class,
                                   .batch = BATCH,
                                   .shuffle = 1,
                                   .seed = 3,
                                   .threads = THREADS};
    struct cnn_loader *host, *device;
    struct cnn_batch last = {0};
    assert_int_equal(cnn_loader_open(ds, &o, 0, BATCH, &host), 0);
    struct cnn_image_rule rule = cnn_preprocess_rule(input, cnn_augmenter_fill(a));
    assert_int_equal(
        cnn_image_store_open(in.b, &rule, FIRST + count, BATCH, each, FIRST + count, &o.store), 0);
    o.store_first = FIRST;
    assert_int_equal(cnn_loader_open(ds, &o, 0, BATCH, &device), 0);
    for (uint64_t e = 0; e < EPOCHS; e++) {
        if (e) {
            assert_int_equal(cnn_loader_rewind(host, e, 0), 0);
            assert_int_equal(cnn_loader_rewind(device, e, 0), 0);
        }
        last = compare_epoch(host, device, &in, input);
    }
    expect_stay(&last, count, stay);
    cnn_loader_close(host);
    cnn_loader_close(device);
    cnn_image_store_close(o.store);
    inputs_close(&in);
    cnn_augmenter_free(a);
    cnn_dataset_close(ds);
}

/* Geometric ones first; the others change pixels on the host. */
static const char *const augmentations[] = {
    "",
    "rotate 15 translate 0.1 fill reflect",
    "flip hv crop-pad 3",
    "noise 0.1",
    "zoom 0.2 brightness 0.3",
};
enum { AUGMENTATIONS = sizeof augmentations / sizeof *augmentations, GEOMETRIC = 3 };

static void test_small_images(void **state)
{
    static const struct cnn_input as_it_is = {.shape = {1, 28, 28}, .scale = 1.0 / 255};
    static const struct cnn_input larger = {.shape = {3, 32, 30},
                                            .mean = {3, {0.1, 0.2, 0.3}},
                                            .std = {1, {0.5}},
                                            .scale = 1.0 / 255,
                                            .bgr = 1};
    use_device(state);
    for (int i = 0; i < AUGMENTATIONS; i++) {
        enum stay stay = i < GEOMETRIC ? ALL : NONE;
        compare("digits:100", &as_it_is, augmentations[i], ENOUGH, stay);
        compare("digits:40", &larger, augmentations[i], ENOUGH, stay);
    }
}

/* Room for some, for one, for none. */
static void test_what_does_not_fit_passes(void **state)
{
    static const struct cnn_input input = {.shape = {1, 28, 28}, .scale = 1.0 / 255};
    use_device(state);
    compare("digits:100", &input, "rotate 5", 40 * 800, SOME);
    compare("digits:100", &input, "", 784, SOME);
    compare("digits:100", &input, "", 0, NONE);
}

/* Photographs of all sizes and kinds: some are larger than inputs and are prepared on the host. */
static const char *write_photos(void)
{
    struct cnn_random r;
    static char list[8000];
    size_t used = 0;
    cnn_random_start(&r, 8, 8);
    for (int i = 0; i < 60; i++) {
        struct cnn_image im = {0};
        char name[32];
        size_t c = cnn_random_below(&r, 2) ? 3 : 1;
        assert_int_equal(cnn_image_reshape(&im, c, 5 + cnn_random_below(&r, 50),
                                           5 + cnn_random_below(&r, 50), i % 5 ? 255 : 65535),
                         0);
        for (size_t k = 0; k < im.c * im.h * im.w; k++)
            im.px[k] = (float)cnn_random_unit(&r);
        snprintf(name, sizeof name, "%02d.png", i);
        assert_int_equal(cnn_png_write(scratch_path(name), &im), 0);
        used += (size_t)snprintf(list + used, sizeof list - used, "%s\t%d\n", name, i % 3);
        cnn_image_free(&im);
    }
    return scratch_write("list.tsv", list, used);
}

static void test_photographs(void **state)
{
    static const struct cnn_input input = {.shape = {3, 16, 16},
                                           .mean = {3, {0.485, 0.456, 0.406}},
                                           .std = {3, {0.229, 0.224, 0.225}},
                                           .scale = 1.0 / 255,
                                           .resize = 20};
    use_device(state);
    const char *list = write_photos();
    for (int i = 0; i < AUGMENTATIONS; i++)
        compare(list, &input, augmentations[i], i % 2 ? 30000 : ENOUGH,
                !i              ? ALL
                : i < GEOMETRIC ? SOME
                                : NONE);
}

/* As on the host. */
static void test_bad_samples_are_told(void **state)
{
    static const struct cnn_input input = {.shape = {2, 28, 28}, .scale = 1.0 / 255};
    use_device(state);
    struct cnn_backend *b = open_device(0);
    struct cnn_dataset *ds;
    struct cnn_loader_options o = {
        .input = &input, .wishes = 1, .wish = &class, .batch = 4, .threads = 1};
    struct cnn_image_rule rule = cnn_preprocess_rule(&input, CNN_FILL_BLACK);
    struct cnn_loader *l;
    struct cnn_batch batch;
    assert_int_equal(cnn_image_store_open(b, &rule, 5, 4, 2 * 784 * sizeof(float), 5, &o.store), 0);
    assert_int_equal(cnn_dataset_open("digits:5", NULL, &ds), 0);
    assert_int_equal(cnn_loader_open(ds, &o, 0, 0, &l), 0);
    assert_int_equal(cnn_loader_next(l, &batch), CNN_EDATA);
    assert_non_null(strstr(cnn_error_message(), "an image of 1 channel where the net takes 2"));
    cnn_loader_close(l);
    cnn_image_store_close(o.store);
    cnn_dataset_close(ds);
    cnn_backend_close(b);
}

static void test_mixed_samples_are_made_on_the_host(void **state)
{
    static const struct cnn_input input = {.shape = {1, 28, 28}, .scale = 1.0 / 255};
    struct cnn_wish shares = class;
    struct cnn_dataset *ds;
    struct cnn_loader *host, *device;
    struct cnn_batch h, d;
    use_device(state);
    struct cnn_augmenter *a = augmenter("rotate 10 mixup 0.5");
    shares.shares = 10;
    struct cnn_loader_options o = {
        .input = &input, .augmenter = a, .wishes = 1, .wish = &shares, .batch = 8, .threads = 2};
    struct cnn_backend *b = open_device(0);
    struct cnn_image_rule rule = cnn_preprocess_rule(&input, CNN_FILL_BLACK);
    assert_int_equal(cnn_dataset_open("digits:20", NULL, &ds), 0);
    assert_int_equal(cnn_loader_open(ds, &o, 0, 0, &host), 0);
    assert_int_equal(cnn_image_store_open(b, &rule, 20, 8, 784 * sizeof(float), 20, &o.store), 0);
    assert_int_equal(cnn_loader_open(ds, &o, 0, 0, &device), 0);
    while (cnn_loader_next(host, &h) == 1) {
        assert_int_equal(cnn_loader_next(device, &d), 1);
        assert_true(d.n == h.n && d.x && !d.images);
        assert_memory_equal(d.x, h.x, h.n * 784 * sizeof *h.x);
        assert_memory_equal(d.field->numbers, h.field->numbers, h.n * 10 * sizeof(float));
    }
    cnn_loader_close(host);
    cnn_loader_close(device);
    cnn_image_store_close(o.store);
    cnn_dataset_close(ds);
    cnn_augmenter_free(a);
    cnn_backend_close(b);
}

#define ON(device)                                                                                 \
    cmocka_unit_test_prestate(test_small_images, device),                                          \
        cmocka_unit_test_prestate(test_what_does_not_fit_passes, device),                          \
        cmocka_unit_test_prestate(test_mixed_samples_are_made_on_the_host, device),                \
        cmocka_unit_test_prestate(test_photographs, device),                                       \
        cmocka_unit_test_prestate(test_bad_samples_are_told, device)

int main(void)
{
    static char cpu[] = "cpu", cuda[] = "cuda";
    const struct CMUnitTest tests[] = {ON(cpu), ON(cuda)};
    return cmocka_run_group_tests_name("loader_device", tests, scratch_make, scratch_remove);
}
