/* Group normalisation (Wu and He 2018, equations 1, 2 and 7): over the m numbers of a group of
 * channels of a sample,
 *   y = f((x - mean) inv gamma + beta + add),   inv = 1 / sqrt(var + eps).
 * With S_c and D_c the sums of dy and of dy (x - mean) over a channel's plane, and A and B those of
 * gamma S and gamma D over the group,
 *   dx = gamma inv dy - inv A / m - (x - mean) inv^3 B / m,
 *   dgamma_c += sum over samples of inv D_c,   dbeta_c += sum over samples of S_c.
 * Where there are samples enough, a job has whole samples and finds them in its cache the second
 * time; else jobs are planes, and the sums of groups stand between two passes. */
#include <math.h>

#include "kern/isa/moments.h"
#include "kern/norm/batchnorm_cut.h"
#include "kern/planes.h"

enum { MANY = 8 }; /* samples that keep all cores busy */

/* Of a channel of a sample: mean and squared deviations, or sums of dy and of dy (x - mean). */
struct pair {
    double a, b;
};

struct groupnorm {
    struct cnn_planes planes;
    size_t groups, units; /* units: samples, or groups of samples in vectors */
    double eps, m;
    const real *x, *gamma, *beta, *add, *dy;
    real *y, *dx;
    real *save_mean, *save_inv; /* (n, groups); NULL: not wanted */
    const real *mean, *inv;     /* (n, groups), backward */
    struct cnn_norm after;
    struct pair *plane; /* (planes, lanes) */
    struct pair *group; /* (n, groups): mean and inv, or A and B */
};

static struct groupnorm groupnorm_of(size_t groups, const struct cnn_tensor *x,
                                     const struct cnn_tensor *gamma, void *work)
{
    struct groupnorm g = {.planes = cnn_planes_of(x), .groups = groups, .x = x->data};
    g.units = g.planes.count / cnn_max(1, g.planes.each);
    g.m = (double)(x->c / groups * x->h * x->w);
    g.gamma = gamma ? gamma->data : NULL;
    g.plane = work;
    g.group = g.plane + g.planes.count * g.planes.lanes;
    return g;
}

/* What a vector's lane k has in a plane: its channel and its group; 0 where nothing is there. Where
 * memory has no lanes, all are one channel's. */
static int lane_of(const struct groupnorm *g, size_t plane, size_t k, size_t *c, size_t *group)
{
    const struct cnn_planes *p = &g->planes;
    size_t lane = p->lanes > 1 ? k : 0, n = cnn_planes_sample(p, plane, lane);
    *c = cnn_planes_channel(p, plane, lane);
    *group = n * g->groups + *c / (p->c / g->groups);
    return lane < p->lanes && n < p->n && *c < p->c;
}

static double gamma_of(const struct groupnorm *g, size_t c)
{
    return g->gamma ? (double)g->gamma[c] : 1;
}

/* Samples of a unit. */
static struct cnn_range samples_of(const struct groupnorm *g, size_t unit)
{
    return cnn_range_of(unit, g->planes.groups ? g->planes.lanes : 1, g->planes.n);
}

static void moments(const struct groupnorm *g, size_t plane)
{
    const struct cnn_planes *p = &g->planes;
    struct cnn_moments m = {.count = 0};
    const real *x = g->x + plane * p->run;
    (p->lanes > 1 ? cnn_isa()->moments : cnn_isa()->moments_plain)(p->run, x, &m);
    for (size_t k = 0; k < p->lanes; k++)
        g->plane[plane * p->lanes + k] = (struct pair){m.mean[k], m.squares[k]};
}

/* Mean and deviation of a group from those of its channels, which have equally many numbers. */
static void join_moments(const struct groupnorm *g, size_t n, size_t group)
{
    size_t channels = g->planes.c / g->groups, i = n * g->groups + group;
    double mean = 0, squares = 0, each = g->m / (double)channels;
    for (size_t k = 0; k < channels; k++)
        mean += g->plane[cnn_planes_place(&g->planes, n, group * channels + k)].a;
    mean /= (double)channels;
    for (size_t k = 0; k < channels; k++) {
        const struct pair *c = &g->plane[cnn_planes_place(&g->planes, n, group * channels + k)];
        squares += c->b + each * (c->a - mean) * (c->a - mean);
    }
    g->group[i] = (struct pair){mean, 1 / sqrt(squares / g->m + g->eps)};
    if (g->save_mean) {
        g->save_mean[i] = (real)mean;
        g->save_inv[i] = (real)g->group[i].b;
    }
}

static void normalise(const struct groupnorm *g, size_t plane)
{
    const struct cnn_planes *p = &g->planes;
    struct cnn_norm a = g->after;
    for (size_t k = 0; k < CNN_MOST_LANES; k++) {
        size_t c, i;
        if (!lane_of(g, plane, k, &c, &i))
            continue;
        a.mean[k] = (real)g->group[i].a;
        a.scale[k] = (real)(g->group[i].b * gamma_of(g, c));
        a.shift[k] = g->beta ? g->beta[c] : 0;
    }
    size_t at = plane * p->run;
    cnn_isa()->norm_apply(&a, p->run, g->x + at, g->add ? g->add + at : NULL, g->y + at);
}

static void sums(const struct groupnorm *g, size_t plane)
{
    const struct cnn_planes *p = &g->planes;
    struct cnn_norm a = {.rule = CNN_NORM_IDENTITY};
    double sum[CNN_MOST_LANES] = {0}, dot[CNN_MOST_LANES] = {0};
    for (size_t k = 0; k < CNN_MOST_LANES; k++) {
        size_t c, i;
        if (lane_of(g, plane, k, &c, &i))
            a.mean[k] = g->mean[i];
    }
    size_t at = plane * p->run;
    cnn_isa()->norm_sums(&a, p->run, g->x + at, NULL, g->dy + at, NULL, sum, dot);
    cnn_planes_join(p, sum);
    cnn_planes_join(p, dot);
    for (size_t k = 0; k < p->lanes; k++)
        g->plane[plane * p->lanes + k] = (struct pair){sum[k], dot[k]};
}

static void join_sums(const struct groupnorm *g, size_t n, size_t group)
{
    size_t channels = g->planes.c / g->groups;
    struct pair total = {0, 0};
    for (size_t k = 0; k < channels; k++) {
        size_t c = group * channels + k;
        const struct pair *s = &g->plane[cnn_planes_place(&g->planes, n, c)];
        total.a += gamma_of(g, c) * s->a;
        total.b += gamma_of(g, c) * s->b;
    }
    g->group[n * g->groups + group] = total;
}

static void gradient(const struct groupnorm *g, size_t plane)
{
    const struct cnn_planes *p = &g->planes;
    struct cnn_norm a = {.rule = CNN_NORM_IDENTITY};
    for (size_t k = 0; k < CNN_MOST_LANES; k++) {
        size_t c, i;
        if (!lane_of(g, plane, k, &c, &i))
            continue;
        double inv = (double)g->inv[i];
        a.mean[k] = g->mean[i];
        a.own[k] = (real)(inv * gamma_of(g, c));
        a.slant[k] = (real)(inv * inv * inv * g->group[i].b / g->m);
        a.level[k] = (real)(inv * g->group[i].a / g->m);
    }
    size_t at = plane * p->run;
    cnn_isa()->norm_gradient(&a, p->run, g->x + at, NULL, g->dy + at, g->dx + at);
}

/* A pass: what is done first to planes, then to groups, then to planes again. */
struct pass {
    const struct groupnorm *g;
    void (*first)(const struct groupnorm *g, size_t plane);
    void (*join)(const struct groupnorm *g, size_t n, size_t group);
    void (*second)(const struct groupnorm *g, size_t plane); /* NULL: nothing */
    size_t chunk;                                            /* units of a job */
};

static void join_unit(const struct pass *s, size_t unit)
{
    struct cnn_range samples = samples_of(s->g, unit);
    for (size_t n = samples.begin; n < samples.end; n++)
        for (size_t k = 0; k < s->g->groups; k++)
            s->join(s->g, n, k);
}

static void units_job(void *context, size_t job, int thread)
{
    const struct pass *s = context;
    struct cnn_range r = cnn_range_of(job, s->chunk, s->g->units);
    (void)thread;
    for (size_t u = r.begin; u < r.end; u++) {
        size_t begin = u * s->g->planes.each, end = begin + s->g->planes.each;
        for (size_t i = begin; i < end; i++)
            s->first(s->g, i);
        join_unit(s, u);
        for (size_t i = end; s->second && i > begin; i--)
            s->second(s->g, i - 1);
    }
}

static void first_job(void *context, size_t job, int thread)
{
    const struct pass *s = context;
    struct cnn_range r = cnn_range_of(job, s->g->planes.chunk, s->g->planes.count);
    (void)thread;
    for (size_t i = r.begin; i < r.end; i++)
        s->first(s->g, i);
}

static void second_job(void *context, size_t job, int thread)
{
    const struct pass *s = context;
    struct cnn_range r =
        cnn_range_of(s->g->planes.jobs - 1 - job, s->g->planes.chunk, s->g->planes.count);
    (void)thread;
    for (size_t i = r.begin; i < r.end; i++)
        s->second(s->g, i);
}

static void run(struct cnn_queue *q, struct pass s)
{
    const struct cnn_planes *p = &s.g->planes;
    s.chunk = cnn_chunk_of(p->each * p->run);
    if (s.g->units >= MANY) {
        cnn_queue_run(q, cnn_ceil_div(s.g->units, s.chunk), units_job, &s);
        return;
    }
    cnn_queue_run(q, p->jobs, first_job, &s);
    for (size_t u = 0; u < s.g->units; u++)
        join_unit(&s, u);
    if (s.second)
        cnn_queue_run(q, p->jobs, second_job, &s);
}

static void add_parameters(const struct groupnorm *g, real *dgamma, real *dbeta)
{
    size_t channels = g->planes.c / g->groups;
    for (size_t c = 0; c < g->planes.c; c++) {
        double slope = 0, level = 0;
        for (size_t n = 0; n < g->planes.n; n++) {
            const struct pair *s = &g->plane[cnn_planes_place(&g->planes, n, c)];
            slope += s->b * (double)g->inv[n * g->groups + c / channels];
            level += s->a;
        }
        if (dgamma)
            dgamma[c] += (real)slope;
        if (dbeta)
            dbeta[c] += (real)level;
    }
}

size_t cnn_cpu_groupnorm_work(struct cnn_queue *q, size_t groups, const struct cnn_tensor *x)
{
    struct cnn_planes p = cnn_planes_of(x);
    (void)q;
    return (p.count * p.lanes + p.n * groups) * sizeof(struct pair);
}

void cnn_cpu_groupnorm_forward(struct cnn_queue *q, size_t groups, double eps,
                               const struct cnn_tensor *x, const struct cnn_tensor *gamma,
                               const struct cnn_tensor *beta, void *save_mean, void *save_invstd,
                               const struct cnn_epilogue *e, struct cnn_tensor *y, void *work)
{
    if (q->code)
        return;
    struct groupnorm g = groupnorm_of(groups, x, gamma, work);
    g.eps = eps;
    g.beta = beta ? beta->data : NULL;
    g.save_mean = save_mean;
    g.save_inv = save_invstd;
    g.after = cnn_norm_follow(e);
    g.add = e && e->add ? e->add->data : NULL;
    g.y = y->data;
    run(q, (struct pass){.g = &g, .first = moments, .join = join_moments, .second = normalise});
    cnn_norm_rest(q, e, y);
}

void cnn_cpu_groupnorm_backward(struct cnn_queue *q, size_t groups, const struct cnn_tensor *x,
                                const struct cnn_tensor *gamma, const void *save_mean,
                                const void *save_invstd, const struct cnn_tensor *dy,
                                struct cnn_tensor *dx, struct cnn_tensor *dgamma,
                                struct cnn_tensor *dbeta, void *work)
{
    if (q->code)
        return;
    struct groupnorm g = groupnorm_of(groups, x, gamma, work);
    g.mean = save_mean;
    g.inv = save_invstd;
    g.dy = dy->data;
    g.dx = dx ? dx->data : NULL;
    run(q,
        (struct pass){.g = &g, .first = sums, .join = join_sums, .second = dx ? gradient : NULL});
    if (dgamma || dbeta)
        add_parameters(&g, dgamma ? dgamma->data : NULL, dbeta ? dbeta->data : NULL);
}
