/* One optimizer step over the slabs of a net: w <- w - update(g), with the gradient scaled and
 * clipped. Parameters that follow one another and are trained at the same rate and decay make one
 * run of the kernel, where its rule does not take them one by one; frozen ones are stepped over.
 *
 * Clipping by norm: g <- g * min(1, limit / |g|), |g| over all trained parameters
 * (Pascanu, Mikolov, Bengio 2013). */
#include "net/optimize.h"

#include <math.h>

/* A run of trained parameters in the slabs, elements; and the factors that their nets' lines give.
 */
struct segment {
    size_t begin, end;
    double rate, decay;
    int adapt; /* by rules of parameters */
};

static int belongs(const struct cnn_net_param *p, const struct segment *s)
{
    return !p->trained ||
           (!p->frozen && p->declared.rate == s->rate && p->declared.decay == s->decay);
}

/* Of a parameter by itself: biases, and scales and shifts of normalisations, have one dimension. */
static struct segment alone(const struct cnn_net_param *p)
{
    return (struct segment){.begin = p->offset,
                            .end = p->offset + cnn_shape_count(&p->shape),
                            .rate = p->declared.rate,
                            .decay = p->declared.decay,
                            .adapt = p->shape.rank > 1 && p->declared.decay > 0};
}

/* The run that begins at or behind parameter *at, which moves behind it; 0: there is none. The
 * padding between parameters belongs to the run: it is zero and stays so. */
static int next_segment(const struct cnn_net_param *param, size_t params, size_t *at,
                        struct segment *out)
{
    size_t i = *at;
    while (i < params && (!param[i].trained || param[i].frozen))
        i++;
    if (i == params) {
        *at = i;
        return 0;
    }
    *out = alone(&param[i]);
    for (; i < params && belongs(&param[i], out); i++)
        if (param[i].trained)
            out->end = param[i].offset + cnn_shape_count(&param[i].shape);
    *at = i;
    return 1;
}

static int clip_values(struct cnn_net *net, double limit)
{
    struct cnn_backend *b = cnn_net_backend(net);
    size_t params, at = 0;
    const struct cnn_net_param *param = cnn_net_params(net, &params);
    real *g = cnn_net_slab_gradients(net);
    struct segment s;
    while (next_segment(param, params, &at, &s))
        b->kernels->clamp(&b->queue, limit, s.end - s.begin, g + s.begin);
    return b->ops->check(b);
}

static int gradient_norm(struct cnn_net *net, double scale, double *norm)
{
    struct cnn_backend *b = cnn_net_backend(net);
    size_t params, at = 0;
    const struct cnn_net_param *param = cnn_net_params(net, &params);
    const real *g = cnn_net_slab_gradients(net);
    struct segment s;
    double total = 0;
    while (next_segment(param, params, &at, &s)) {
        double squares = 0;
        b->kernels->sum_squares(&b->queue, s.end - s.begin, g + s.begin, &squares);
        int rc = b->ops->check(b);
        if (rc)
            return rc;
        total += squares;
    }
    *norm = scale * sqrt(total);
    return isfinite(*norm) ? 0 : cnn_fail(CNN_EINTERNAL, "the gradient is not finite");
}

static void update_segment(const struct cnn_optimizer_options *o, struct cnn_net *net, double rate,
                           uint64_t step, double scale, const struct segment *s)
{
    struct cnn_backend *b = cnn_net_backend(net);
    size_t count;
    real *w = cnn_net_slab_values(net, &count), *g = cnn_net_slab_gradients(net);
    real *state[CNN_STATE_ARRAYS];
    struct cnn_optimizer_options own = *o;
    own.l1 *= s->decay;
    own.l2 *= s->decay;
    own.weight_decay *= s->decay;
    struct cnn_update u = cnn_optimizer_update(&own, rate * s->rate, step);
    u.clip_scale = scale;
    u.adapt = s->adapt;
    for (int k = 0; k < CNN_STATE_ARRAYS; k++) {
        real *slab = cnn_net_slab_state(net, k);
        state[k] = slab ? slab + s->begin : NULL;
    }
    b->kernels->update(&b->queue, o->type->rule, &u, s->end - s->begin, w + s->begin, g + s->begin,
                       state);
}

static int update_all(const struct cnn_optimizer_options *o, struct cnn_net *net, double rate,
                      uint64_t step, double scale)
{
    struct cnn_backend *b = cnn_net_backend(net);
    size_t params, at = 0;
    const struct cnn_net_param *param = cnn_net_params(net, &params);
    struct segment s;
    if (!o->type->of_parameters) {
        while (next_segment(param, params, &at, &s))
            update_segment(o, net, rate, step, scale, &s);
        return b->ops->check(b);
    }
    for (; at < params; at++) {
        s = alone(&param[at]);
        if (param[at].trained && !param[at].frozen)
            update_segment(o, net, rate, step, scale, &s);
    }
    return b->ops->check(b);
}

int cnn_optimizer_step(const struct cnn_optimizer_options *o, struct cnn_net *net, double rate,
                       uint64_t step, double scale, double *norm)
{
    double length = 0;
    int rc = 0;
    if (o->clip_value > 0)
        rc = clip_values(net, o->clip_value / scale);
    if (!rc && (o->clip_norm > 0 || norm))
        rc = gradient_norm(net, scale, &length);
    if (rc)
        return rc;
    if (norm)
        *norm = length;
    if (o->clip_norm > 0 && length > o->clip_norm)
        scale *= o->clip_norm / length;
    return update_all(o, net, rate, step, scale);
}
