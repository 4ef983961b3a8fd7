/* Local response normalisation (Krizhevsky, Sutskever, Hinton 2012, section 3.3):
 *
 *     s_i = k + alpha / m sum over j in N(i) of x_j^2,   y_i = x_i s_i^-beta
 *     q_i = dy_i x_i s_i^(-beta - 1),   dx_i = dy_i s_i^-beta - 2 alpha beta / m x_i sum over j with
 *                                              i in N(j) of q_j
 *
 * where N are m neighbours: channels at the same place, or places of the same channel.
 *
 * A job takes a part of the tensor that has all neighbours in it (some positions of all channels,
 * or a plane) to a buffer with zeros around and between, where every element has its neighbours at
 * the same distances: whatever the layout, what is left to do are sums of long arrays. */
#include <math.h>
#include <string.h>

#include "kern/hot.h"
#include "kern/parallel.h"

enum { BUFFER = 16384, SUMS = 512 }; /* elements of a buffer, about, and of sums at a time */

/* How a part lies in memory and in the buffer: runs of neighbouring elements in rows and columns;
 * distances in elements. */
struct part {
    size_t rows, columns, run;
    size_t row, column;       /* in memory */
    size_t to_row, to_column; /* in the buffer */
    size_t before, size;      /* of the buffer: the first element, all with the zeros behind */
    ptrdiff_t tap_row, tap;   /* from neighbour to neighbour in the buffer */
    size_t taps_h, taps_before, taps; /* taps_h: rows of neighbours, of which half lie above */
};

struct lrn {
    const struct cnn_lrn *g;
    size_t samples, blocks, positions, lanes; /* the tensor; planes of vectors, or lanes is 1 */
    size_t tile, tiles;                       /* positions of a job, jobs of a sample */
    const real *x, *dy, *s;
    real *y, *keep, *dx;
    real *work;
    size_t room; /* elements of an array of a thread */
};

/* Arrays of a thread. */
enum { X, S, DY, Q, OUT, ARRAYS };

static struct part plane_part(const struct lrn *k, size_t height)
{
    size_t half = k->g->size / 2, width = k->positions / height, row = (width + half) * k->lanes;
    return (struct part){.rows = height,
                         .columns = 1,
                         .run = width * k->lanes,
                         .row = width * k->lanes,
                         .to_row = row,
                         .before = half * (row + k->lanes),
                         .size = (height + 2 * half) * row + half * k->lanes,
                         .tap_row = (ptrdiff_t)row,
                         .tap = (ptrdiff_t)k->lanes,
                         .taps_h = k->g->size,
                         .taps_before = half,
                         .taps = k->g->size};
}

/* Channels lie side by side in blocks, and far from each other in plain order. */
static struct part channels_part(const struct lrn *k, size_t positions)
{
    size_t around = k->g->size - 1, channels = k->blocks * k->lanes;
    struct part p = {.taps_h = 1, .taps_before = k->g->size / 2, .taps = k->g->size};
    if (k->lanes > 1) {
        p.rows = positions;
        p.columns = k->blocks;
        p.run = p.row = p.to_column = k->lanes;
        p.column = k->positions * k->lanes;
        p.to_row = channels + around;
        p.tap = 1;
    } else {
        p.rows = channels;
        p.columns = 1;
        p.run = p.to_row = positions;
        p.row = k->positions;
        p.tap = (ptrdiff_t)positions;
    }
    p.before = around * (size_t)p.tap;
    p.size = p.before + p.rows * p.to_row + around * (size_t)p.tap;
    return p;
}

static inline __attribute__((always_inline)) void
move_runs(const struct part *p, size_t run, const real *memory, real *buffer, real *back)
{
    for (size_t i = 0; i < p->rows; i++)
        for (size_t j = 0; j < p->columns; j++) {
            size_t at = i * p->row + j * p->column, to = i * p->to_row + j * p->to_column;
            if (back)
                memcpy(back + at, buffer + to, run * sizeof *buffer);
            else
                memcpy(buffer + to, memory + at, run * sizeof *buffer);
        }
}

/* From memory to the buffer or, where `back` is not NULL, to it. Runs of a constant length are a
 * few instructions each. */
static void move(const struct part *p, const real *memory, real *buffer, real *back)
{
    buffer += p->before;
    if (p->run == 16)
        move_runs(p, 16, memory, buffer, back);
    else if (p->run == 8)
        move_runs(p, 8, memory, buffer, back);
    else if (p->run == 4)
        move_runs(p, 4, memory, buffer, back);
    else
        move_runs(p, p->run, memory, buffer, back);
}

static void take(const struct part *p, const real *memory, real *buffer)
{
    memset(buffer, 0, p->size * sizeof *buffer);
    move(p, memory, buffer, NULL);
}

CNN_HOT(add_squares, (size_t count, const real *x, real *sum), (count, x, sum))
{
    for (size_t i = 0; i < count; i++)
        sum[i] += x[i] * x[i];
}

CNN_HOT(add, (size_t count, const real *x, real *sum), (count, x, sum))
{
    for (size_t i = 0; i < count; i++)
        sum[i] += x[i];
}

/* sum (count) of x's neighbours, or of those whose neighbour it is (mirror). */
static void add_neighbours(const struct part *p, int mirror, const real *x, size_t count, real *sum,
                           void (*term)(size_t count, const real *x, real *sum))
{
    ptrdiff_t before = (ptrdiff_t)(mirror ? p->taps - 1 - p->taps_before : p->taps_before);
    ptrdiff_t above = (ptrdiff_t)(p->taps_h / 2);
    memset(sum, 0, count * sizeof *sum);
    for (ptrdiff_t i = -above; i < (ptrdiff_t)p->taps_h - above; i++)
        for (ptrdiff_t j = -before; j < (ptrdiff_t)p->taps - before; j++)
            term(count, x + i * p->tap_row + j * p->tap, sum);
}

CNN_HOT(three_quarters, (size_t count, const real *s, real *r), (count, s, r))
{
    for (size_t i = 0; i < count; i++) {
        real root = 1 / cnn_sqrt(s[i]);
        r[i] = root * cnn_sqrt(root);
    }
}

/* r = s^-beta; the usual exponent without a logarithm. */
static void inverse_powers(size_t count, const real *s, double beta, real *r)
{
    if (beta == 0.75) {
        three_quarters(count, s, r);
        return;
    }
    for (size_t i = 0; i < count; i++)
        r[i] = (real)pow((double)s[i], -beta);
}

CNN_HOT(scale_of, (size_t count, real k, real a, const real *sum, real *s), (count, k, a, sum, s))
{
    for (size_t i = 0; i < count; i++)
        s[i] = k + a * sum[i];
}

CNN_HOT(multiply, (size_t count, const real *x, const real *r, real *y), (count, x, r, y))
{
    for (size_t i = 0; i < count; i++)
        y[i] = x[i] * r[i];
}

CNN_HOT(first_gradient,
        (size_t count, const real *x, const real *s, const real *dy, const real *r, real *q,
         real *dx),
        (count, x, s, dy, r, q, dx))
{
    for (size_t i = 0; i < count; i++) {
        real v = dy[i] * r[i];
        dx[i] = v;
        q[i] = v * x[i] / s[i];
    }
}

CNN_HOT(second_gradient, (size_t count, real a, const real *x, const real *sum, real *dx),
        (count, a, x, sum, dx))
{
    for (size_t i = 0; i < count; i++)
        dx[i] -= a * x[i] * sum[i];
}

static real factor_of(const struct cnn_lrn *g)
{
    return (real)(g->alpha / (double)(g->within ? g->size * g->size : g->size));
}

/* The inside of the buffer, between what comes before and as much behind. */
static void forward_part(const struct lrn *k, const struct part *p, real *const b[ARRAYS])
{
    real sum[SUMS], r[SUMS], a = factor_of(k->g);
    size_t end = p->size - p->before;
    for (size_t i = p->before; i < end; i += SUMS) {
        size_t count = cnn_min(SUMS, end - i);
        add_neighbours(p, 0, b[X] + i, count, sum, add_squares);
        scale_of(count, (real)k->g->k, a, sum, b[S] + i);
        inverse_powers(count, b[S] + i, k->g->beta, r);
        multiply(count, b[X] + i, r, b[OUT] + i);
    }
}

static void backward_part(const struct lrn *k, const struct part *p, real *const b[ARRAYS])
{
    real sum[SUMS], r[SUMS], a = 2 * (real)k->g->beta * factor_of(k->g);
    size_t end = p->size - p->before;
    memset(b[Q], 0, p->size * sizeof *b[Q]);
    for (size_t i = p->before; i < end; i += SUMS) {
        size_t count = cnn_min(SUMS, end - i);
        inverse_powers(count, b[S] + i, k->g->beta, r);
        first_gradient(count, b[X] + i, b[S] + i, b[DY] + i, r, b[Q] + i, b[OUT] + i);
    }
    for (size_t i = p->before; i < end; i += SUMS) {
        size_t count = cnn_min(SUMS, end - i);
        add_neighbours(p, 1, b[Q] + i, count, sum, add);
        second_gradient(count, a, b[X] + i, sum, b[OUT] + i);
    }
}

/* Where nothing is, s is k, so that its powers are numbers. */
static void take_scale(const struct lrn *k, const struct part *p, const real *memory, real *buffer)
{
    for (size_t i = 0; i < p->size; i++)
        buffer[i] = (real)k->g->k;
    move(p, memory, buffer, NULL);
}

static void run_part(const struct lrn *k, const struct part *p, size_t at, int thread)
{
    real *b[ARRAYS];
    for (int i = 0; i < ARRAYS; i++)
        b[i] = k->work + ((size_t)thread * ARRAYS + (size_t)i) * k->room;
    take(p, k->x + at, b[X]);
    if (k->dx) {
        take_scale(k, p, k->s + at, b[S]);
        take(p, k->dy + at, b[DY]);
        backward_part(k, p, b);
        move(p, NULL, b[OUT], k->dx + at);
        return;
    }
    forward_part(k, p, b);
    move(p, NULL, b[OUT], k->y + at);
    if (k->keep)
        move(p, NULL, b[S], k->keep + at);
}

static void channels_job(void *context, size_t job, int thread)
{
    const struct lrn *k = context;
    struct cnn_range r = cnn_range_of(job % k->tiles, k->tile, k->positions);
    struct part p = channels_part(k, r.end - r.begin);
    size_t sample = k->blocks * k->positions * k->lanes;
    run_part(k, &p, job / k->tiles * sample + r.begin * k->lanes, thread);
}

struct planes {
    struct lrn k;
    struct part part;
};

static void plane_job(void *context, size_t job, int thread)
{
    const struct planes *p = context;
    run_part(&p->k, &p->part, job * p->k.positions * p->k.lanes, thread);
}

/* Groups of samples are plain for channels: their planes are longer. */
static struct lrn plan(const struct cnn_lrn *g, const struct cnn_tensor *x)
{
    struct cnn_tensor t = cnn_tensor_blocks(x);
    size_t lanes = cnn_tensor_lanes(x), groups = t.c != x->c;
    struct lrn k = {.g = g, .samples = t.n, .lanes = lanes, .positions = x->h * x->w};
    k.blocks = cnn_ceil_div(t.c, lanes);
    if (groups && !g->within) {
        k.positions *= lanes;
        k.lanes = 1;
    }
    size_t channels = k.blocks * k.lanes + 2 * g->size;
    k.tile = cnn_min(k.positions, cnn_max(k.lanes > 1 ? 1 : 16, BUFFER / channels));
    k.tiles = cnn_ceil_div(k.positions, k.tile);
    struct part p = g->within ? plane_part(&k, x->h) : channels_part(&k, k.tile);
    k.room = cnn_round_up(p.size, 16);
    return k;
}

static void run(struct cnn_queue *q, const struct cnn_tensor *x, struct lrn *k)
{
    if (q->code)
        return;
    k->x = x->data;
    if (k->g->within) {
        struct planes p = {*k, plane_part(k, x->h)};
        cnn_queue_run(q, k->samples * k->blocks, plane_job, &p);
    } else {
        cnn_queue_run(q, k->samples * k->tiles, channels_job, k);
    }
}

size_t cnn_cpu_lrn_work(struct cnn_queue *q, const struct cnn_lrn *g, const struct cnn_tensor *x)
{
    return (size_t)cnn_queue_threads(q) * ARRAYS * plan(g, x).room * sizeof(real);
}

void cnn_cpu_lrn_forward(struct cnn_queue *q, const struct cnn_lrn *g, const struct cnn_tensor *x,
                         struct cnn_tensor *y, void *scale, void *work)
{
    struct lrn k = plan(g, x);
    k.y = y->data;
    k.keep = scale;
    k.work = work;
    run(q, x, &k);
}

void cnn_cpu_lrn_backward(struct cnn_queue *q, const struct cnn_lrn *g, const struct cnn_tensor *x,
                          const struct cnn_tensor *dy, const void *scale, struct cnn_tensor *dx,
                          void *work)
{
    struct lrn k = plan(g, x);
    k.dy = dy->data;
    k.s = scale;
    k.dx = dx->data;
    k.work = work;
    run(q, x, &k);
}
