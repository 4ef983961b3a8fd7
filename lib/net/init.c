/* Starting weights (He et al. 2015; Glorot and Bengio 2010; the textbooks' plain rule).
 * Element i of a parameter is drawn from a stream named by the parameter and by i / CHUNK,
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

static double draw(struct cnn_random *r, enum cnn_init rule, double in, double out)
{
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
    case CNN_INIT_ONE:
        return 1;
    default:
        return 0;
    }
}

static void fill_chunk(void *context, size_t job, int thread)
{
    (void)thread;
    const struct fill *f = context;
    struct cnn_random r;
    size_t first = job * CHUNK, end = f->count - first < CHUNK ? f->count : first + CHUNK;
    double in = f->p->declared.fan_in ? (double)f->p->declared.fan_in : 1;
    double out = f->p->declared.fan_out ? (double)f->p->declared.fan_out : 1;
    cnn_random_start(&r, f->seed, cnn_hash_u64(job, cnn_hash_string(f->p->name, 0)));
    for (size_t i = first; i < end; i++)
        f->values[i] = (float)draw(&r, f->rule, in, out);
}

int cnn_net_init(struct cnn_net *net, uint64_t seed, enum cnn_init rule)
{
    if (rule == CNN_INIT_DEFAULT)
        rule = CNN_INIT_HE_NORMAL;
    for (size_t i = 0; i < net->params; i++) {
        struct fill f = {.p = &net->param[i], .seed = seed};
        f.rule = f.p->declared.init == CNN_INIT_DEFAULT ? rule : f.p->declared.init;
        f.count = cnn_shape_count(&f.p->shape);
        f.values = cnn_calloc(f.count, sizeof *f.values);
        if (!f.values)
            return CNN_ESYSTEM;
        size_t chunks = (f.count + CHUNK - 1) / CHUNK;
        if (net->backend->queue.pool)
            cnn_pool_run(net->backend->queue.pool, chunks, fill_chunk, &f);
        else
            for (size_t job = 0; job < chunks; job++)
                fill_chunk(&f, job, 0);
        cnn_net_param_set(net, f.p, f.values);
        free(f.values);
    }
    return net->backend->ops->sync(net->backend);
}
