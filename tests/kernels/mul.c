/* Products against plain loops in double precision, and what is dropped by planes. */
#include "kernels/rig.h"

struct mul_case {
    struct cnn_tensor a, b, y;
    int rows;
};

/* Samples, channels, height, width. */
static const size_t cases[][4] = {{1, 1, 1, 1},    {5, 10, 1, 1}, {3, 4, 9, 17},  {2, 3, 1, 70},
                                  {19, 5, 13, 11}, {2, 70, 7, 7}, {2, 40, 40, 41}};
enum { CASES = sizeof cases / sizeof *cases };

static struct cnn_tensor case_tensor(int i, int planes, enum kind kind)
{
    const size_t *s = cases[i / LAYOUTS];
    return tensor_in(layout_of(i), s[0], s[1], planes ? 1 : s[2], planes ? 1 : s[3], kind);
}

static void mul_run(struct cnn_queue *q, void *context)
{
    struct mul_case *l = context;
    K(mul)(q, &l->a, &l->b, &l->y);
}

void test_mul(void **state)
{
    (void)state;
    for (int i = 0; i < 2 * LAYOUTS * CASES; i++) {
        struct mul_case l = {case_tensor(i / 2, 0, INPUT), case_tensor(i / 2, i % 2, INPUT),
                             case_tensor(i / 2, 0, OUTPUT), 0};
        size_t count = cnn_tensor_count(&l.a), hw = l.a.h * l.a.w;
        double *want = zeros(count);
        for (size_t k = 0; k < count; k++)
            want[k] = value_at(&l.a, k) * value_at(&l.b, i % 2 ? k / hw : k);
        run_all(mul_run, &l);
        expect_tensor("y", &l.y, want, 1e-6);
        free(want);
        buffers_free();
    }
}

/* y in a's place. */
static void mul_in_place(struct cnn_queue *q, void *context)
{
    struct mul_case *l = context;
    K(mul)(q, &l->y, &l->b, &l->y);
}

void products_go_in_place(void **state)
{
    (void)state;
    for (int i = 0; i < 2 * LAYOUTS * CASES; i++) {
        struct mul_case l = {.b = case_tensor(i / 2, i % 2, INPUT),
                             .y = case_tensor(i / 2, 0, SUM)};
        size_t count = cnn_tensor_count(&l.y), hw = l.y.h * l.y.w;
        double *want = values_of(&l.y);
        for (size_t k = 0; k < count; k++)
            want[k] *= value_at(&l.b, i % 2 ? k / hw : k);
        run_all(mul_in_place, &l);
        expect_tensor("y", &l.y, want, 1e-6);
        free(want);
        buffers_free();
    }
}

static void planes_run(struct cnn_queue *q, void *context)
{
    struct mul_case *l = context;
    K(mul_planes)(q, &l->a, &l->b, &l->y);
}

void test_mul_planes(void **state)
{
    (void)state;
    for (int i = 0; i < LAYOUTS * CASES; i++) {
        struct mul_case l = {case_tensor(i, 0, INPUT), case_tensor(i, 0, INPUT),
                             case_tensor(i, 1, OUTPUT), 0};
        size_t hw = l.a.h * l.a.w;
        double *want = zeros(l.a.n * l.a.c);
        for (size_t k = 0; k < cnn_tensor_count(&l.a); k++)
            want[k / hw] += value_at(&l.a, k) * value_at(&l.b, k);
        run_all(planes_run, &l);
        expect_tensor("y", &l.y, want, 2e-6);
        free(want);
        buffers_free();
    }
}

static void drop_run(struct cnn_queue *q, void *context)
{
    struct mul_case *l = context;
    K(dropout_planes)(q, l->rows, 0.3, 99, 7, &l->a, &l->y);
}

void test_dropout_planes(void **state)
{
    (void)state;
    for (int i = 0; i < 3 * LAYOUTS * CASES; i++) {
        struct mul_case l = {
            .a = case_tensor(i / 3, 0, INPUT), .y = case_tensor(i / 3, 0, OUTPUT), .rows = i % 3};
        size_t rows = (size_t)l.rows, count = cnn_tensor_count(&l.a);
        size_t unit = l.a.h * l.a.w * (rows ? rows * l.a.c : 1);
        double *want = zeros(count);
        for (size_t k = 0; k < count; k++) {
            uint32_t word[4];
            cnn_philox(99, 7, k / unit / 4, word);
            want[k] = cnn_unit(word[k / unit % 4]) < 0.3F ? 0 : value_at(&l.a, k) / 0.7;
        }
        run_all(drop_run, &l);
        expect_tensor("y", &l.y, want, 1e-6);
        free(want);
        buffers_free();
    }
}
