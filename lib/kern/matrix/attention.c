/* The weights of attention: softmax of a query's scores over the keys that it sees (Vaswani et al. 2017,
 * section 3.2.1), y = softmax(scale s), and ds = scale y (dy - sum y dy). A row of scores is a query's of a
 * head; what lies behind the keys that it sees is 0. */
#include "kern/hot.h"
#include "kern/inline_math.h"
#include "kern/parallel.h"

struct attention {
    struct cnn_attention g;
    size_t chunk; /* rows of a job */
    const real *y;
    real *s; /* (n heads queries, keys) */
};

/* How many of the first keys the query of a row sees; 0 for one that is not real. */
static size_t seen_by(const struct cnn_attention *g, size_t row)
{
    size_t n = row / g->queries / g->heads, query = row % g->queries, keys = g->keys;
    if (g->queries_real && (int64_t)query >= g->queries_real[n])
        return 0;
    if (g->keys_real)
        keys = g->keys_real[n] > 0 ? cnn_min(keys, (size_t)g->keys_real[n]) : 0;
    return g->causal ? cnn_min(keys, query + 1) : keys;
}

/* Partial results side by side, so that vectors of them are made. */
enum { LANES = 16 };

CNN_HOT_OF(real, largest, (const real *s, size_t count), (s, count))
{
    real top[LANES], most = s[0];
    size_t i = 0;
    for (size_t l = 0; l < LANES; l++)
        top[l] = s[0];
    for (; i + LANES <= count; i += LANES)
        for (size_t l = 0; l < LANES; l++)
            top[l] = s[i + l] > top[l] ? s[i + l] : top[l];
    for (; i < count; i++)
        most = s[i] > most ? s[i] : most;
    for (size_t l = 0; l < LANES; l++)
        most = top[l] > most ? top[l] : most;
    return most;
}

static real total_of(const real part[LANES], real rest)
{
    for (size_t l = 0; l < LANES; l++)
        rest += part[l];
    return rest;
}

CNN_HOT(weigh, (real scale, real top, size_t count, real *s), (scale, top, count, s))
{
    real part[LANES] = {0}, rest = 0;
    size_t i = 0;
    for (size_t k = 0; k < count; k++)
        s[k] = cnn_exp_inline(scale * (s[k] - top));
    for (; i + LANES <= count; i += LANES)
        for (size_t l = 0; l < LANES; l++)
            part[l] += s[i + l];
    for (; i < count; i++)
        rest += s[i];
    real share = 1 / total_of(part, rest);
    for (size_t k = 0; k < count; k++)
        s[k] *= share;
}

CNN_HOT(weigh_back, (real scale, size_t count, const real *y, real *d), (scale, count, y, d))
{
    real part[LANES] = {0}, rest = 0;
    size_t i = 0;
    for (; i + LANES <= count; i += LANES)
        for (size_t l = 0; l < LANES; l++)
            part[l] += y[i + l] * d[i + l];
    for (; i < count; i++)
        rest += y[i] * d[i];
    real sum = total_of(part, rest);
    for (size_t k = 0; k < count; k++)
        d[k] = scale * y[k] * (d[k] - sum);
}

static void attention_job(void *context, size_t job, int thread)
{
    const struct attention *a = context;
    const struct cnn_attention *g = &a->g;
    struct cnn_range r = cnn_range_of(job, a->chunk, g->n * g->heads * g->queries);
    (void)thread;
    for (size_t row = r.begin; row < r.end; row++) {
        size_t seen = seen_by(g, row);
        real *s = a->s + row * g->keys;
        if (seen && a->y)
            weigh_back((real)g->scale, seen, a->y + row * g->keys, s);
        else if (seen)
            weigh((real)g->scale, largest(s, seen), seen, s);
        for (size_t i = seen; i < g->keys; i++)
            s[i] = 0;
    }
}

static void run(struct cnn_queue *q, const struct cnn_attention *g, const real *y, real *s)
{
    struct attention a = {.g = *g, .chunk = cnn_chunk_of(8 * g->keys), .y = y, .s = s};
    if (!q->code)
        cnn_queue_run(q, cnn_ceil_div(g->n * g->heads * g->queries, a.chunk), attention_job, &a);
}

void cnn_cpu_attention_forward(struct cnn_queue *q, const struct cnn_attention *g,
                               struct cnn_tensor *s)
{
    run(q, g, NULL, s->data);
}

void cnn_cpu_attention_backward(struct cnn_queue *q, const struct cnn_attention *g,
                                const struct cnn_tensor *y, struct cnn_tensor *d)
{
    run(q, g, y->data, d->data);
}
