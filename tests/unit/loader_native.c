/* Samples as large as they are: which make a batch, how much it holds, and what they are filled up with. */
#include "scratch.h"

#include <math.h>

#include "base/text.h"
#include "data/loader/private.h"
#include "data/source/dataset_open.h"

static const struct cnn_input input = {.shape = {1, 4, 4}, .scale = 1.0 / 255, .resize = 5};

/* The value of an image's element. */
static int pixel(size_t image, size_t y, size_t x)
{
    return (int)((37 * image + 11 * y + x) % 256);
}

/* Images of those sizes, listed in their order. */
static struct cnn_dataset *images(const size_t (*size)[2], size_t n)
{
    struct cnn_buf list = {0};
    struct cnn_dataset *ds;
    for (size_t i = 0; i < n; i++) {
        struct cnn_buf text = {0};
        char name[32];
        snprintf(name, sizeof name, "%zu.pgm", i);
        cnn_buf_printf(&text, "P2 %zu %zu 255\n", size[i][1], size[i][0]);
        for (size_t k = 0; k < size[i][0] * size[i][1]; k++)
            cnn_buf_printf(&text, "%d\n", pixel(i, k / size[i][1], k % size[i][1]));
        scratch_write(name, text.text, text.size);
        cnn_buf_free(&text);
        cnn_buf_printf(&list, "%s\ta\n", name);
    }
    if (cnn_dataset_open(scratch_write("list.tsv", list.text, list.size), NULL, &ds))
        fail_msg("%s", cnn_error_message());
    cnn_buf_free(&list);
    return ds;
}

/* Sample i of the batch: its own pixels, and beyond them the nearest. */
static void check_sample(const struct cnn_batch *b, size_t i, const size_t size[2])
{
    size_t h = b->shape.h, w = b->shape.w;
    assert_int_equal(b->size[i][0], size[0]);
    assert_int_equal(b->size[i][1], size[1]);
    for (size_t y = 0; y < h; y++)
        for (size_t x = 0; x < w; x++) {
            int want =
                pixel(b->index[i], y < size[0] ? y : size[0] - 1, x < size[1] ? x : size[1] - 1);
            double d = (double)b->x[(i * h + y) * w + x] - want / 255.0;
            assert_true(fabs(d) < 1e-6);
        }
}

static const size_t sizes[][2] = {{4, 4}, {4, 4},   {4, 4},   {4, 4}, {4, 4}, {8, 4}, {8, 4},
                                  {8, 4}, {20, 20}, {20, 20}, {3, 5}, {1, 1}, {4, 7}, {4, 8}};
enum { SIZES = sizeof sizes / sizeof *sizes };

/* All of an epoch, in order, in batches of so many samples. */
static void go_through(int threads, size_t multiple, const size_t *batch, size_t batches)
{
    const struct cnn_loader_options o = {
        .input = &input, .batch = 4, .threads = threads, .native = 1, .multiple = multiple};
    struct cnn_dataset *ds = images(sizes, SIZES);
    struct cnn_loader *l;
    struct cnn_batch b;
    size_t at = 0, k = 0;
    assert_int_equal(cnn_loader_open(ds, &o, 0, 0, &l), 0);
    for (; cnn_loader_next(l, &b) == 1; k++) {
        assert_in_range(k, 0, batches - 1);
        assert_int_equal(b.n, batch[k]);
        assert_true(b.n <= cnn_loader_native_batch(&input, 4, b.shape));
        for (size_t i = 0; i < b.n; i++, at++) {
            assert_int_equal(b.index[i], at);
            check_sample(&b, i, sizes[at]);
        }
    }
    assert_int_equal(at, SIZES);
    assert_int_equal(k, batches);
    cnn_loader_close(l);
    cnn_dataset_close(ds);
}

static void batches_are_of_one_size(void **state)
{
    static const size_t batch[] = {4, 1, 2, 1, 1, 1, 1, 1, 1, 1};
    (void)state;
    for (int threads = 1; threads < 4; threads++)
        go_through(threads, 0, batch, sizeof batch / sizeof *batch);
}

static void sides_are_multiples(void **state)
{
    static const size_t batch[] = {4, 1, 2, 1, 1, 1, 1, 1, 2};
    (void)state;
    for (int threads = 1; threads < 4; threads++)
        go_through(threads, 4, batch, sizeof batch / sizeof *batch);
}

/* What a large sample took is given back when small ones follow it. */
static void memory_follows_samples(void **state)
{
    static const size_t large_first[][2] = {{400, 300}, {4, 4}, {4, 4}, {4, 4}, {4, 4}, {4, 4},
                                            {4, 4},     {4, 4}, {4, 4}, {4, 4}, {4, 4}, {4, 4}};
    const struct cnn_loader_options o = {.input = &input, .batch = 4, .threads = 1, .native = 1};
    size_t most = 0;
    (void)state;
    struct cnn_dataset *ds = images(large_first, sizeof large_first / sizeof *large_first);
    struct cnn_loader *l;
    struct cnn_batch b;
    assert_int_equal(cnn_loader_open(ds, &o, 0, 0, &l), 0);
    assert_int_equal(cnn_loader_next(l, &b), 1);
    assert_int_equal(l->batch[l->side].xs, 400 * 300);
    while (cnn_loader_next(l, &b) == 1)
        ;
    for (size_t i = 0; i < l->depth; i++)
        most = l->chunk[i].xs > most ? l->chunk[i].xs : most;
    for (int side = 0; side < 2; side++)
        most = l->batch[side].xs > most ? l->batch[side].xs : most;
    assert_in_range(most, 4 * 4, 4 * 4 * 4);
    cnn_loader_close(l);
    cnn_dataset_close(ds);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(batches_are_of_one_size),
        cmocka_unit_test(sides_are_multiples),
        cmocka_unit_test(memory_follows_samples),
    };
    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
