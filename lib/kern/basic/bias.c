/* Biases of channels, y[n][c][h][w] += b[c], and their gradient, db[c] += sum over n, h, w of
 * dy[n][c][h][w]. Sums run in double precision over short sums of `real`. */
#include "kern/hot.h"
#include "kern/isa/isa.h"
#include "kern/parallel.h"

struct bias {
    size_t n, c, hw, chunk;
    const real *dy; /* (n, c, hw) */
    real *db;       /* (c) */
};

CNN_HOT(add_lanes, (const real *dy, size_t count, double lane[CNN_LANES]), (dy, count, lane))
{
    size_t i = 0;
    for (; i + CNN_LANES <= count; i += CNN_LANES)
        for (size_t k = 0; k < CNN_LANES; k++)
            lane[k] += (double)dy[i + k];
    for (size_t k = 0; i < count; i++, k++)
        lane[k] += (double)dy[i];
}

/* A block of channels of vectors: rows are added to rows. */
static void bias_of_vectors(const struct bias *b, size_t c, size_t count)
{
    double sum[CNN_LANES] = {0};
    for (size_t n = 0; n < b->n; n++)
        for (size_t k = 0; k < count; k++)
            sum[k] += (double)b->dy[n * b->c + c + k];
    for (size_t k = 0; k < count; k++)
        b->db[c + k] += (real)sum[k];
}

static void bias_job(void *context, size_t job, int thread)
{
    const struct bias *b = context;
    struct cnn_range r = cnn_range_of(job, b->chunk, b->c);
    (void)thread;
    if (b->hw == 1) {
        for (size_t c = r.begin; c < r.end; c += CNN_LANES)
            bias_of_vectors(b, c, cnn_min(CNN_LANES, r.end - c));
        return;
    }
    for (size_t c = r.begin; c < r.end; c++) {
        double lane[CNN_LANES] = {0};
        for (size_t n = 0; n < b->n; n++)
            add_lanes(b->dy + (n * b->c + c) * b->hw, b->hw, lane);
        b->db[c] += (real)cnn_lanes_total(lane);
    }
}

enum { CHANNELS_MOST = 64, PARTS = 8 };

/* dy in blocks of channels, or in groups of samples, whose lanes are all one channel's. Where
 * channels are few, jobs are ranges of samples as well. */
struct blocks {
    size_t n, c, hw, lanes, blocks, parts, chunk; /* chunk: samples of a part */
    int groups;
    const real *dy;                   /* (n, blocks, hw, lanes) */
    real *db;                         /* (c) */
    double sum[PARTS][CHANNELS_MOST]; /* (parts, c), used where there are parts */
};

static void blocks_job(void *context, size_t job, int thread)
{
    struct blocks *b = context;
    size_t block = job % b->blocks, part = job / b->blocks;
    size_t first = b->groups ? block : block * b->lanes;
    size_t channels = b->groups ? 1 : cnn_min(b->lanes, b->c - first);
    struct cnn_range samples = cnn_range_of(part, b->chunk, b->n);
    double sum[CNN_LANES] = {0};
    (void)thread;
    for (size_t n = samples.begin; n < samples.end; n++)
        cnn_isa()->sum_positions(b->hw, b->dy + (n * b->blocks + block) * b->hw * b->lanes, sum);
    if (b->groups)
        sum[0] = cnn_lanes_total(sum);
    for (size_t i = 0; i < channels; i++) {
        if (b->parts > 1)
            b->sum[part][first + i] = sum[i];
        else
            b->db[first + i] += (real)sum[i];
    }
}

static void backward_blocks(struct cnn_queue *q, const struct cnn_tensor *dy, real *db)
{
    struct cnn_tensor t = cnn_tensor_blocks(dy);
    struct blocks b = {.n = t.n,
                       .c = dy->c,
                       .hw = dy->h * dy->w,
                       .lanes = cnn_tensor_lanes(dy),
                       .groups = dy->layout.order == CNN_ORDER_GROUPS,
                       .dy = dy->data,
                       .db = db};
    b.blocks = cnn_ceil_div(t.c, b.lanes);
    b.chunk = cnn_max(1, b.c > CHANNELS_MOST ? b.n : cnn_ceil_div(b.n, PARTS));
    b.parts = cnn_ceil_div(b.n, b.chunk);
    cnn_queue_run(q, b.parts * b.blocks, blocks_job, &b);
    for (size_t c = 0; b.parts > 1 && c < b.c; c++) {
        double sum = 0;
        for (size_t part = 0; part < b.parts; part++)
            sum += b.sum[part][c];
        db[c] += (real)sum;
    }
}

void cnn_cpu_bias_backward(struct cnn_queue *q, const struct cnn_tensor *dy, struct cnn_tensor *db)
{
    if (q->code)
        return;
    if (!cnn_layout_is_plain(dy->layout)) {
        backward_blocks(q, dy, db->data);
        return;
    }
    struct bias b = {.n = dy->n,
                     .c = dy->c,
                     .hw = dy->h * dy->w,
                     .dy = dy->data,
                     .db = db->data,
                     .chunk = cnn_round_up(cnn_chunk_of(dy->n * dy->h * dy->w),
                                           dy->h * dy->w == 1 ? CNN_LANES : 1)};
    cnn_queue_run(q, cnn_ceil_div(b.c, b.chunk), bias_job, &b);
}

/* Runs of elements of y with one channel or, in blocks of channels, with vectors of them. */
struct shift {
    size_t runs, run, period, lanes, c, chunk; /* period: runs of a sample */
    const real *b;                             /* (c) */
    real *y;                                   /* (runs, run) */
};

CNN_HOT(add_to_run, (real b, size_t count, real *y), (b, count, y))
{
    for (size_t i = 0; i < count; i++)
        y[i] += b;
}

CNN_HOT(add_to_vectors, (const real *b, size_t lanes, size_t count, real *y), (b, lanes, count, y))
{
    for (size_t i = 0; i < count; i += lanes)
        for (size_t k = 0; k < lanes; k++)
            y[i + k] += b[k];
}

static void shift_job(void *context, size_t job, int thread)
{
    const struct shift *s = context;
    struct cnn_range r = cnn_range_of(job, s->chunk, s->runs);
    (void)thread;
    for (size_t i = r.begin; i < r.end; i++) {
        size_t first = i % s->period * s->lanes;
        real b[CNN_LANES] = {0};
        for (size_t k = 0; k < s->lanes && first + k < s->c; k++)
            b[k] = s->b[first + k];
        if (s->lanes == 1)
            add_to_run(b[0], s->run, s->y + i * s->run);
        else
            add_to_vectors(b, s->lanes, s->run, s->y + i * s->run);
    }
}

void cnn_cpu_bias_forward(struct cnn_queue *q, const struct cnn_tensor *b, struct cnn_tensor *y)
{
    if (q->code)
        return;
    struct cnn_tensor t = cnn_tensor_blocks(y);
    size_t vector = cnn_tensor_lanes(y), blocks = cnn_ceil_div(t.c, vector);
    struct shift s = {.runs = t.n * blocks,
                      .run = y->h * y->w * vector,
                      .period = blocks,
                      .lanes = t.c == y->c ? vector : 1,
                      .c = y->c,
                      .b = b->data,
                      .y = y->data};
    s.chunk = cnn_chunk_of(s.run);
    cnn_queue_run(q, cnn_ceil_div(s.runs, s.chunk), shift_job, &s);
}
