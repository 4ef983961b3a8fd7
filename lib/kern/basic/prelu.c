/* Rectified units with learned slopes (He et al. 2015, section 2.1): y = x > 0 ? x : w x, and
 * dw = sum over x <= 0 of x dy. */
#include "kern/planes.h"

struct prelu {
    struct cnn_planes planes;
    int shared; /* one slope for all channels */
    const real *x, *w, *dy;
    real *y, *dx, *dw;
    double *sum; /* (planes, lanes) */
};

static struct prelu prelu_of(const struct cnn_tensor *x, const struct cnn_tensor *w)
{
    return (struct prelu){
        .planes = cnn_planes_of(x), .shared = cnn_tensor_count(w) == 1, .x = x->data, .w = w->data};
}

/* 0 where there is no channel. */
static void slopes(const struct prelu *u, size_t plane, real slope[CNN_MOST_LANES])
{
    const struct cnn_planes *p = &u->planes;
    for (size_t k = 0; k < CNN_MOST_LANES; k++) {
        size_t c = cnn_planes_channel(p, plane, p->lanes > 1 ? k : 0);
        slope[k] = c < p->c ? u->w[u->shared ? 0 : c] : 0;
    }
}

static void forward_job(void *context, size_t job, int thread)
{
    const struct prelu *u = context;
    const struct cnn_planes *p = &u->planes;
    struct cnn_range r = cnn_range_of(job, p->chunk, p->count);
    real slope[CNN_MOST_LANES];
    (void)thread;
    for (size_t i = r.begin; i < r.end; i++) {
        slopes(u, i, slope);
        cnn_isa()->prelu(slope, p->run, u->x + i * p->run, u->y + i * p->run);
    }
}

static void backward_job(void *context, size_t job, int thread)
{
    const struct prelu *u = context;
    const struct cnn_planes *p = &u->planes;
    struct cnn_range r = cnn_range_of(job, p->chunk, p->count);
    real slope[CNN_MOST_LANES];
    (void)thread;
    for (size_t i = r.begin; i < r.end; i++) {
        double sum[CNN_MOST_LANES] = {0};
        slopes(u, i, slope);
        cnn_isa()->prelu_gradient(slope, p->run, u->x + i * p->run, u->dy + i * p->run,
                                  u->dx ? u->dx + i * p->run : NULL, sum);
        cnn_planes_join(p, sum);
        for (size_t k = 0; k < p->lanes; k++)
            u->sum[i * p->lanes + k] = sum[k];
    }
}

static double total_of(const struct prelu *u, size_t c)
{
    double total = 0;
    for (size_t n = 0; n < u->planes.n; n++)
        total += u->sum[cnn_planes_place(&u->planes, n, c)];
    return total;
}

static void add_slopes(const struct prelu *u)
{
    double all = 0;
    for (size_t c = 0; c < u->planes.c; c++) {
        double total = total_of(u, c);
        if (u->shared)
            all += total;
        else
            u->dw[c] += (real)total;
    }
    if (u->shared)
        u->dw[0] += (real)all;
}

size_t cnn_cpu_prelu_work(struct cnn_queue *q, const struct cnn_tensor *x)
{
    struct cnn_planes p = cnn_planes_of(x);
    (void)q;
    return p.count * p.lanes * sizeof(double);
}

void cnn_cpu_prelu_forward(struct cnn_queue *q, const struct cnn_tensor *x,
                           const struct cnn_tensor *w, struct cnn_tensor *y)
{
    if (q->code)
        return;
    struct prelu u = prelu_of(x, w);
    u.y = y->data;
    cnn_queue_run(q, u.planes.jobs, forward_job, &u);
}

void cnn_cpu_prelu_backward(struct cnn_queue *q, const struct cnn_tensor *x,
                            const struct cnn_tensor *w, const struct cnn_tensor *dy,
                            struct cnn_tensor *dx, struct cnn_tensor *dw, void *work)
{
    if (q->code)
        return;
    struct prelu u = prelu_of(x, w);
    u.dy = dy->data;
    u.dx = dx ? dx->data : NULL;
    u.dw = dw ? dw->data : NULL;
    u.sum = work;
    cnn_queue_run(q, u.planes.jobs, backward_job, &u);
    if (dw)
        add_slopes(&u);
}
