/* Starting weights (He et al. 2015; Glorot and Bengio 2010; LeCun et al. 1998; the textbooks' plain
 * rule). Element i of a parameter is drawn from a stream named by the parameter and by i / CHUNK,
 * so that large nets start on all cores and the draws depend on nothing else. */
#include "net/net_private.h"

#include <math.h>
#include <stdlib.h>

enum { CHUNK = 16384 };

struct fill {
    const struct cnn_net_param *p;
    enum cnn_init rule;
    uint64_t seed;
    size_t count;
    float *values; /* (count) */
};

static double draw(struct cnn_random *r, enum cnn_init rule, const struct cnn_param *p)
{
    double in = p->fan_in ? (double)p->fan_in : 1, out = p->fan_out ? (double)p->fan_out : 1;
    switch (rule) {
    case CNN_INIT_HE_NORMAL:
        return cnn_random_normal(r) * sqrt(2 / in);
    case CNN_INIT_HE_UNIFORM:
        return cnn_random_range(r, -1, 1) * sqrt(6 / in);
    case CNN_INIT_GLOROT_NORMAL:
        return cnn_random_normal(r) * sqrt(2 / (in + out));
    case CNN_INIT_GLOROT_UNIFORM:
        return cnn_random_range(r, -1, 1) * sqrt(6 / (in + out));
    case CNN_INIT_PLAIN:
        return cnn_random_range(r, -1, 1) * sqrt(2 / in);
    case CNN_INIT_LECUN_NORMAL:
        return cnn_random_normal(r) * sqrt(1 / in);
    case CNN_INIT_LECUN_UNIFORM:
        return cnn_random_range(r, -1, 1) * sqrt(3 / in);
    case CNN_INIT_HEAD:
        return cnn_random_normal(r) * sqrt(1e-4 / in);
    case CNN_INIT_GAUSSIAN:
        return cnn_random_normal(r) * p->init_value;
    case CNN_INIT_UNIFORM:
        return cnn_random_range(r, -1, 1) * p->init_value;
    case CNN_INIT_CONSTANT:
        return p->init_value;
    case CNN_INIT_ONE:
        return 1;
    case CNN_INIT_BILINEAR:
    case CNN_INIT_ZERO:
    case CNN_INIT_DEFAULT:
        break;
    }
    return 0;
}

/* The hat over an axis of n weights, of height 1 and 0 where the neighbours' begin. */
static double hat(size_t i, size_t n)
{
    double half = (double)((n + 1) / 2), middle = n % 2 ? half - 1 : half - 0.5;
    return 1 - fabs((double)i - middle) / half;
}

/* Element i of weights that lead each channel to the one at its place among its group's. */
static double bilinear(const struct cnn_shape *s, size_t i)
{
    size_t h = s->rank > 2 ? s->dim[2] : 1, w = s->rank > 3 ? s->dim[3] : 1, out = s->dim[1];
    size_t filter = i / (h * w);
    return filter / out % out == filter % out ? hat(i / w % h, h) * hat(i % w, w) : 0;
}

static void fill_chunk(void *context, size_t job, int thread)
{
    (void)thread;
    const struct fill *f = context;
    struct cnn_random r;
    size_t first = job * CHUNK, end = f->count - first < CHUNK ? f->count : first + CHUNK;
    cnn_random_start(&r, f->seed, cnn_hash_u64(job, cnn_hash_string(f->p->name, 0)));
    for (size_t i = first; i < end && f->rule == CNN_INIT_BILINEAR; i++)
        f->values[i] = (float)bilinear(&f->p->shape, i);
    for (size_t i = first; i < end && f->rule != CNN_INIT_BILINEAR; i++)
        f->values[i] = (float)draw(&r, f->rule, &f->p->declared);
}

static int fill_param(struct cnn_net *net, const struct cnn_net_param *p, enum cnn_init rule,
                      uint64_t seed)
{
    struct fill f = {.p = p, .rule = rule, .seed = seed, .count = cnn_shape_count(&p->shape)};
    float *place = cnn_net_param_place(net, p);
    f.values = place ? place : cnn_calloc(f.count, sizeof *f.values);
    if (!f.values)
        return CNN_ESYSTEM;
    size_t chunks = (f.count + CHUNK - 1) / CHUNK;
    if (net->backend->queue.pool)
        cnn_pool_run(net->backend->queue.pool, chunks, fill_chunk, &f);
    else
        for (size_t job = 0; job < chunks; job++)
            fill_chunk(&f, job, 0);
    if (place)
        return 0;
    cnn_net_param_set(net, p, f.values);
    free(f.values);
    return 0;
}

int cnn_net_init(struct cnn_net *net, uint64_t seed, enum cnn_init rule)
{
    for (int i = 0; i < net->graph->nodes; i++) {
        const struct cnn_net_param *p = &net->param[net->node[i].first_param];
        if (net->graph->node[i].share)
            continue;
        enum cnn_init chosen = rule;
        if (rule == CNN_INIT_DEFAULT && net->graph->node[i].layer.params)
            chosen = cnn_init_rule(net->graph, i);
        for (int k = 0; k < net->graph->node[i].layer.params; k++, p++) {
            enum cnn_init declared = p->declared.init;
            int rc = fill_param(net, p, declared == CNN_INIT_DEFAULT ? chosen : declared, seed);
            if (rc)
                return rc;
        }
    }
    return net->backend->ops->sync(net->backend);
}
