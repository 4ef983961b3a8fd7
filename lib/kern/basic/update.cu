/* Optimizer steps, one pass over w; the rules and their sources are at struct cnn_update. A rule
 * is a struct with the numbers of a step, whose step() moves one weight; numbers that lie nowhere
 * (s1 or s2 NULL) are zero before it and lost behind. */
#include <math.h>

#include "kern/cuda/elements.cuh"

/* The gradient used: clip g + l2 w + l1 sign(w). */
struct gradient {
    float clip, l1, l2;
    __device__ float of(float w, float g) const
    {
        float sign = (float)(w > 0) - (float)(w < 0);
        return clip * g + l2 * w + l1 * sign;
    }
};

struct sgd {
    float rate, momentum;
    int nesterov;
    __device__ void step(float d, float &w, float &s1, float &) const
    {
        s1 = momentum * s1 + d;
        w -= rate * (nesterov ? d + momentum * s1 : s1);
    }
};

struct adagrad {
    float rate, eps;
    __device__ void step(float d, float &w, float &s1, float &) const
    {
        s1 += d * d;
        w -= rate * d / (sqrtf(s1) + eps);
    }
};

struct adadelta {
    float rate, eps, rho, rest;
    __device__ void step(float d, float &w, float &s1, float &s2) const
    {
        s1 = rho * s1 + rest * d * d;
        float by = sqrtf(s2 + eps) / sqrtf(s1 + eps) * d;
        s2 = rho * s2 + rest * by * by;
        w -= rate * by;
    }
};

struct rmsprop {
    float rate, eps, rho, rest, momentum;
    __device__ void step(float d, float &w, float &s1, float &s2) const
    {
        s1 = rho * s1 + rest * d * d;
        s2 = momentum * s2 + d / (sqrtf(s1) + eps);
        w -= rate * s2;
    }
};

/* The bias corrections are folded into the rate and `root`, which divides sqrt(s2). */
struct adam {
    float rate, root, eps, keep, beta1, rest1, beta2, rest2;
    __device__ void step(float d, float &w, float &s1, float &s2) const
    {
        s1 = beta1 * s1 + rest1 * d;
        s2 = beta2 * s2 + rest2 * d * d;
        w = keep * w - rate * s1 / (sqrtf(s2) * root + eps);
    }
};

template <typename R>
static __global__ void update_kernel(R rule, struct gradient gradient, size_t count, real *w,
                                     const real *g, real *s1, real *s2)
{
    enum { COUNT = cnn_pack<real>::COUNT };
    size_t at = cnn_first<real>(), left = count - at;
    float vw[COUNT], vg[COUNT], v1[COUNT] = {}, v2[COUNT] = {};
    if (at >= count)
        return;
    cnn_load(w + at, left, vw);
    cnn_load(g + at, left, vg);
    if (s1)
        cnn_load(s1 + at, left, v1);
    if (s2)
        cnn_load(s2 + at, left, v2);
    for (int i = 0; i < COUNT; i++)
        rule.step(gradient.of(vw[i], vg[i]), vw[i], v1[i], v2[i]);
    cnn_store(w + at, left, vw);
    if (s1)
        cnn_store(s1 + at, left, v1);
    if (s2)
        cnn_store(s2 + at, left, v2);
}

template <typename R>
static void run(struct cnn_queue *q, R rule, const struct cnn_update *u, size_t count, real *w,
                const real *g, real *s1, real *s2)
{
    struct gradient gradient = {(float)u->clip_scale, (float)u->l1, (float)u->l2};
    cnn_launch(q, "update", update_kernel<R>, cnn_element_blocks<real>(count), CNN_ELEMENT_THREADS,
               0, rule, gradient, count, w, g, s1, s2);
}

void cnn_cuda_update_sgd(struct cnn_queue *q, const struct cnn_update *u, size_t count, real *w,
                         const real *g, real *const *state)
{
    struct sgd rule = {(float)u->rate, (float)u->momentum, u->nesterov};
    run(q, rule, u, count, w, g, rule.momentum != 0 ? state[0] : NULL, (real *)NULL);
}

void cnn_cuda_update_adagrad(struct cnn_queue *q, const struct cnn_update *u, size_t count, real *w,
                             const real *g, real *const *state)
{
    struct adagrad rule = {(float)u->rate, (float)u->eps};
    run(q, rule, u, count, w, g, state[0], (real *)NULL);
}

void cnn_cuda_update_adadelta(struct cnn_queue *q, const struct cnn_update *u, size_t count,
                              real *w, const real *g, real *const *state)
{
    struct adadelta rule = {(float)u->rate, (float)u->eps, (float)u->rho, (float)(1 - u->rho)};
    run(q, rule, u, count, w, g, state[0], state[1]);
}

void cnn_cuda_update_rmsprop(struct cnn_queue *q, const struct cnn_update *u, size_t count, real *w,
                             const real *g, real *const *state)
{
    struct rmsprop rule = {(float)u->rate, (float)u->eps, (float)u->rho, (float)(1 - u->rho),
                           (float)u->momentum};
    run(q, rule, u, count, w, g, state[0], rule.momentum != 0 ? state[1] : NULL);
}

void cnn_cuda_update_adam(struct cnn_queue *q, const struct cnn_update *u, size_t count, real *w,
                          const real *g, real *const *state)
{
    double step = (double)u->step;
    struct adam rule = {(float)(u->rate / (1 - pow(u->beta1, step))),
                        (float)(1 / sqrt(1 - pow(u->beta2, step))),
                        (float)u->eps,
                        (float)(1 - u->rate * u->decoupled),
                        (float)u->beta1,
                        (float)(1 - u->beta1),
                        (float)u->beta2,
                        (float)(1 - u->beta2)};
    run(q, rule, u, count, w, g, state[0], state[1]);
}
