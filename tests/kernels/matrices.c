/* Kernels of matrices, of attention and of vectors by number against plain loops in double precision. */
#include "kernels/rig.h"

/* ---- axes ------------------------------------------------------------------------------------ */

struct permute_case {
    struct cnn_permutation g;
    struct cnn_tensor x, y;
};

static void permute_run(struct cnn_queue *q, void *context)
{
    struct permute_case *l = context;
    K(permute)(q, &l->g, &l->x, &l->y);
}

static void check_permute(size_t n, struct cnn_permutation g)
{
    size_t d[4], at[4], each = 1;
    for (int k = 0; k < 4; k++) {
        d[k] = g.dim[g.from[k]];
        each *= d[k];
    }
    struct permute_case l = {.g = g,
                             .x = tensor(n * g.dim[0], g.dim[1], g.dim[2], g.dim[3], INPUT)};
    l.y = tensor(n * d[0], d[1], d[2], d[3], OUTPUT);
    run_all(permute_run, &l);
    for (size_t i = 0; i < n * each; i++) {
        size_t left = i % each;
        for (int k = 3; k >= 0; k--) {
            at[g.from[k]] = left % d[k];
            left /= d[k];
        }
        size_t place = ((at[0] * g.dim[1] + at[1]) * g.dim[2] + at[2]) * g.dim[3] + at[3];
        assert_true(value_at(&l.y, i) == value_at(&l.x, i / each * each + place));
    }
    buffers_free();
}

void test_permute(void **state)
{
    (void)state;
    check_permute(3, (struct cnn_permutation){{1, 1, 1, 1}, {3, 2, 1, 0}});
    check_permute(2, (struct cnn_permutation){{1, 37, 50, 1}, {2, 1, 0, 3}});
    check_permute(2, (struct cnn_permutation){{3, 4, 5, 6}, {2, 0, 3, 1}});
    check_permute(2, (struct cnn_permutation){{3, 4, 5, 6}, {0, 3, 1, 2}});
    check_permute(1, (struct cnn_permutation){{200, 3, 1, 40}, {1, 0, 3, 2}});
    check_permute(2, (struct cnn_permutation){{3, 4, 5, 6}, {0, 1, 2, 3}});
}

/* ---- products -------------------------------------------------------------------------------- */

struct products_case {
    struct cnn_products g;
    struct cnn_tensor a, b, c;
};

static void products_run(struct cnn_queue *q, void *context)
{
    struct products_case *l = context;
    K(products)(q, &l->g, &l->a, &l->b, &l->c);
}

static size_t place(const struct cnn_matrices *m, size_t p, size_t q, size_t i, size_t j)
{
    return m->at + p * m->step[0] + q * m->step[1] + i * m->row + j * m->col;
}

/* Matrices side by side of that many rows and columns; turned: columns by columns. */
static struct cnn_matrices matrices(size_t second, size_t rows, size_t columns, int turned)
{
    struct cnn_matrices m = {0, {second * rows * columns, rows * columns}, columns, 1};
    if (turned) {
        m.row = 1;
        m.col = rows;
    }
    return m;
}

static void check_products(size_t p, size_t q, const size_t size[3], int turned)
{
    struct products_case l = {.g = {{p, q}, size[0], size[1], size[2], {0}, {0}, {0}}};
    size_t m = size[0], n = size[1], k = size[2];
    l.g.a = matrices(q, m, k, turned & 1);
    l.g.b = matrices(q, k, n, turned & 2);
    l.g.c = matrices(q, m, n, turned & 4);
    l.a = tensor(p * q, m, k, 1, INPUT);
    l.b = tensor(p * q, k, n, 1, INPUT);
    l.c = tensor(p * q, m, n, 1, OUTPUT);
    run_all(products_run, &l);
    double *want = zeros(p * q * m * n);
    for (size_t i = 0; i < p * q * m * n; i++) {
        size_t pair = i / (m * n), row = i / n % m, column = i % n;
        double *c = &want[place(&l.g.c, pair / q, pair % q, row, column)];
        for (size_t s = 0; s < k; s++)
            *c += value_at(&l.a, place(&l.g.a, pair / q, pair % q, row, s)) *
                  value_at(&l.b, place(&l.g.b, pair / q, pair % q, s, column));
    }
    expect_close("c", l.c.data, want, p * q * m * n, 2e-6);
    free(want);
    buffers_free();
}

void test_products(void **state)
{
    static const size_t sizes[][3] = {{1, 1, 1},    {5, 1, 7},     {1, 6, 3},   {4, 3, 1},
                                      {65, 70, 17}, {33, 129, 64}, {200, 9, 30}};
    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (int turned = 0; turned < 8; turned++)
            check_products(2, i == 5 ? 1 : 3, sizes[i], turned);
}

/* A part of wider rows, as heads lie side by side. */
static void parts_of_rows(struct products_case *l)
{
    enum { N = 2, HEADS = 3, ROWS = 37, SIZE = 5, WIDE = 3 * HEADS * SIZE };
    *l = (struct products_case){.g = {{N, HEADS}, ROWS, ROWS, SIZE, {0}, {0}, {0}}};
    l->g.a = (struct cnn_matrices){0, {ROWS * WIDE, SIZE}, WIDE, 1};
    l->g.b = (struct cnn_matrices){HEADS * SIZE, {ROWS * WIDE, SIZE}, 1, WIDE};
    l->g.c = (struct cnn_matrices){0, {HEADS * ROWS * ROWS, ROWS * ROWS}, ROWS, 1};
    l->a = l->b = tensor(N * ROWS, WIDE, 1, 1, INPUT);
    l->c = tensor(N * HEADS, ROWS, ROWS, 1, OUTPUT);
}

void products_of_parts_of_rows(void **state)
{
    struct products_case l;
    (void)state;
    parts_of_rows(&l);
    run_all(products_run, &l);
    size_t count = cnn_tensor_count(&l.c), plane = l.g.m * l.g.n, heads = l.g.batch[1];
    double *want = zeros(count);
    for (size_t i = 0; i < count; i++)
        for (size_t s = 0; s < l.g.k; s++) {
            size_t p = i / plane / heads, q = i / plane % heads, row = i / l.g.n % l.g.m;
            want[i] += value_at(&l.a, place(&l.g.a, p, q, row, s)) *
                       value_at(&l.b, place(&l.g.b, p, q, s, i % l.g.n));
        }
    expect_close("c", l.c.data, want, count, 2e-6);
    free(want);
    buffers_free();
}

/* ---- attention ------------------------------------------------------------------------------- */

struct attention_case {
    struct cnn_attention g;
    struct cnn_tensor y, s;
};

static void attention_run(struct cnn_queue *q, void *context)
{
    struct attention_case *l = context;
    K(attention_forward)(q, &l->g, &l->s);
}

static void attention_back_run(struct cnn_queue *q, void *context)
{
    struct attention_case *l = context;
    K(attention_backward)(q, &l->g, &l->y, &l->s);
}

static int sees(const struct cnn_attention *g, size_t n, size_t query, size_t key)
{
    if (g->queries_real && (int32_t)query >= g->queries_real[n])
        return 0;
    return (!g->keys_real || (int32_t)key < g->keys_real[n]) && (!g->causal || key <= query);
}

/* y = softmax of scale s over what is seen. */
static void weigh(const struct cnn_attention *g, size_t row, const real *s, double *y)
{
    size_t n = row / g->queries / g->heads, query = row % g->queries;
    double sum = 0;
    for (size_t k = 0; k < g->keys; k++) {
        y[k] = sees(g, n, query, k) ? exp(g->scale * (double)s[k]) : 0;
        sum += y[k];
    }
    for (size_t k = 0; k < g->keys; k++)
        y[k] = sum > 0 ? y[k] / sum : 0;
}

static void weigh_back(const struct cnn_attention *g, const double *y, const real *dy, double *d)
{
    double sum = 0;
    for (size_t k = 0; k < g->keys; k++)
        sum += y[k] * (double)dy[k];
    for (size_t k = 0; k < g->keys; k++)
        d[k] = g->scale * y[k] * ((double)dy[k] - sum);
}

static int32_t *counts(size_t n, size_t most)
{
    int32_t *count = buffer_new(n * sizeof *count, INPUT);
    for (size_t i = 0; i < n; i++)
        count[i] = (int32_t)((i * 3 + 1) % (most + 2));
    return count;
}

static void check_attention(const size_t size[4], int variant, int backward)
{
    struct attention_case l = {.g = {.n = size[0], .heads = size[1], .queries = size[2]}};
    size_t rows = size[0] * size[1] * size[2], keys = l.g.keys = size[3], count = rows * keys;
    l.g.scale = 0.7;
    l.g.causal = variant & 1;
    l.g.keys_real = variant & 2 ? counts(size[0], keys) : NULL;
    l.g.queries_real = variant & 4 ? counts(size[0], size[2]) : NULL;
    l.s = tensor(rows, keys, 1, 1, SUM);
    double *weight = zeros(count), *want = zeros(count);
    for (size_t r = 0; r < rows; r++)
        weigh(&l.g, r, (const real *)l.s.data + r * keys, weight + r * keys);
    if (backward) {
        l.y = tensor(rows, keys, 1, 1, INPUT);
        for (size_t i = 0; i < count; i++)
            ((real *)l.y.data)[i] = (real)weight[i];
        for (size_t r = 0; r < rows; r++)
            weigh_back(&l.g, weight + r * keys, (const real *)l.s.data + r * keys, want + r * keys);
    }
    run_all(backward ? attention_back_run : attention_run, &l);
    expect_close("weights", l.s.data, backward ? want : weight, count, 2e-6);
    free(weight);
    free(want);
    buffers_free();
}

static void check_all_attention(int backward)
{
    static const size_t sizes[][4] = {{1, 1, 1, 1}, {2, 3, 5, 5}, {3, 2, 7, 4}, {2, 2, 9, 300}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (int variant = 0; variant < 8; variant++)
            check_attention(sizes[i], variant, backward);
}

void test_attention_forward(void **state)
{
    (void)state;
    check_all_attention(0);
}

void test_attention_backward(void **state)
{
    (void)state;
    check_all_attention(1);
}

/* ---- vectors by number ----------------------------------------------------------------------- */

struct embedding_case {
    int32_t padding;
    struct cnn_tensor x, w, y, dy, dw;
};

static void embedding_run(struct cnn_queue *q, void *context)
{
    struct embedding_case *l = context;
    K(embedding_forward)(q, l->padding, &l->x, &l->w, &l->y);
}

static void embedding_back_run(struct cnn_queue *q, void *context)
{
    struct embedding_case *l = context;
    K(embedding_backward)(q, l->padding, &l->x, &l->dy, &l->dw);
}

/* Numbers from one below what there is to one above. */
static struct cnn_tensor drawn_numbers(size_t n, size_t c, size_t count)
{
    struct cnn_tensor x = tensor(n, c, 1, 1, INPUT);
    for (size_t i = 0; i < n * c; i++)
        ((real *)x.data)[i] = (real)pick(0, count + 1) - 1;
    return x;
}

/* The vector of row i; -1: none. */
static long vector_of(const struct embedding_case *l, size_t i, size_t count)
{
    long number = (long)value_at(&l->x, i);
    return number < 0 || number >= (long)count || number == l->padding ? -1 : number;
}

static void check_embedding(size_t n, size_t c, size_t count, size_t size, int backward)
{
    struct embedding_case l = {.padding = (int32_t)(count % 3), .x = drawn_numbers(n, c, count)};
    size_t elements = (backward ? count : n * c) * size;
    double *want = zeros(elements);
    if (backward) {
        l.dy = tensor(n * c, size, 1, 1, INPUT);
        l.dw = tensor(count, size, 1, 1, SUM);
        for (size_t i = 0; i < elements; i++)
            want[i] = value_at(&l.dw, i);
    } else {
        l.w = tensor(count, size, 1, 1, INPUT);
        l.y = tensor(n * c, size, 1, 1, OUTPUT);
    }
    for (size_t i = 0; i < n * c * size; i++) {
        long row = vector_of(&l, i / size, count);
        if (row >= 0 && backward)
            want[(size_t)row * size + i % size] += value_at(&l.dy, i);
        else if (row >= 0)
            want[i] = value_at(&l.w, (size_t)row * size + i % size);
    }
    run_all(backward ? embedding_back_run : embedding_run, &l);
    expect_close("vectors", backward ? l.dw.data : l.y.data, want, elements, 2e-6);
    free(want);
    buffers_free();
}

void test_embedding_forward(void **state)
{
    (void)state;
    check_embedding(1, 1, 1, 1, 0);
    check_embedding(3, 7, 5, 33, 0);
    check_embedding(70, 20, 100, 24, 0);
}

void test_embedding_backward(void **state)
{
    (void)state;
    check_embedding(1, 1, 1, 1, 1);
    check_embedding(3, 7, 5, 33, 1);
    check_embedding(70, 20, 100, 24, 1);
}
