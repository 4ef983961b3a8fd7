/* Optimizer steps, each rule as its line in optimizers.def has it: one pass over w; of rules of
 * parameters a pass that makes updates of gradients and sums the squares, and a pass over w. */
#include "kern/basic/update.h"

#include "kern/cuda/elements.cuh"
#include "kern/cuda/reduce.cuh"

enum { COUNT = cnn_pack<real>::COUNT };

/* rule_NAME: rule() moves one weight, with element i of the pieces of its arrays of state; of
 * parameters update() makes d the update, and ratio_of() the ratio. */
#define STATE(k)                                                                                   \
    float &s##k = s[k - 1][i];                                                                     \
    (void)s##k;
#define PASS(name, arrays, ...)                                                                    \
    __device__ inline void name(float &w, float &d, float ratio, float(*s)[COUNT], int i) const    \
    {                                                                                              \
        (void)ratio, (void)w, (void)d;                                                             \
        CNN_STATE_##arrays(STATE) __VA_ARGS__;                                                     \
    }
#define CNN_OPTIMIZER(name, arrays, options, defaults, numbers, ...)                               \
    struct rule_##name : cnn_##name##_numbers {                                                    \
        enum { ARRAYS = arrays };                                                                  \
        PASS(rule, arrays, __VA_ARGS__)                                                            \
    };
#define CNN_OPTIMIZER_OF_PARAMETERS(name, arrays, options, defaults, numbers, statements,          \
                                    expression, ...)                                               \
    struct rule_##name : cnn_##name##_numbers {                                                    \
        enum { ARRAYS = arrays };                                                                  \
        PASS(update, arrays, statements)                                                           \
        PASS(rule, arrays, __VA_ARGS__)                                                            \
        __device__ inline double ratio_of(double w_norm, double d_norm) const                      \
        {                                                                                          \
            return expression;                                                                     \
        }                                                                                          \
    };
#include "kern/optimizers.def"

struct arrays {
    real *w, *g;
    real *state[CNN_STATE_ARRAYS]; /* NULL: zero before the step, and lost */
};

/* What a thread has of them. */
template <typename R> struct piece {
    float w[COUNT], d[COUNT], s[R::ARRAYS + 1][COUNT];
};

template <typename R>
static __device__ inline void load(const struct arrays &a, size_t at, size_t left, piece<R> &p)
{
    p = {};
    cnn_load(a.w + at, left, p.w);
    cnn_load(a.g + at, left, p.d);
    for (int k = 0; k < R::ARRAYS; k++)
        if (a.state[k])
            cnn_load(a.state[k] + at, left, p.s[k]);
}

template <typename R>
static __device__ inline void store_state(const struct arrays &a, size_t at, size_t left,
                                          const piece<R> &p)
{
    for (int k = 0; k < R::ARRAYS; k++)
        if (a.state[k])
            cnn_store(a.state[k] + at, left, p.s[k]);
}

template <typename R>
static __global__ void update_kernel(R rule, struct cnn_gradient gradient, size_t count,
                                     struct arrays a)
{
    size_t at = cnn_first<real>(), left = count - at;
    piece<R> p;
    if (at >= count)
        return;
    load(a, at, left, p);
    for (int i = 0; i < COUNT; i++) {
        p.d[i] = cnn_gradient_at(gradient, p.w[i], p.d[i]);
        rule.rule(p.w[i], p.d[i], 1, p.s, i);
    }
    cnn_store(a.w + at, left, p.w);
    store_state(a, at, left, p);
}

enum { PARTS = 512 };

/* g becomes the update; part (2, gridDim.x) = the sums of squares of w and of it over a block's
 * numbers. The blocks take turns. */
template <typename R>
static __global__ void parameter_kernel(R rule, struct cnn_gradient gradient, size_t count,
                                        struct arrays a, double *part)
{
    CNN_SHARED(double, shared, CNN_TEAM_WARPS);
    double w_squares = 0, d_squares = 0;
    for (size_t at = cnn_first<real>(); at < count; at += (size_t)gridDim.x * CNN_TEAM * COUNT) {
        size_t left = count - at;
        piece<R> p;
        load(a, at, left, p);
        for (int i = 0; i < COUNT; i++) {
            p.d[i] = cnn_gradient_at(gradient, p.w[i], p.d[i]);
            rule.update(p.w[i], p.d[i], 1, p.s, i);
            if ((size_t)i < left) {
                w_squares += (double)p.w[i] * (double)p.w[i];
                d_squares += (double)p.d[i] * (double)p.d[i];
            }
        }
        cnn_store(a.g + at, left, p.d);
        store_state(a, at, left, p);
    }
    w_squares = cnn_reduce<cnn_add, CNN_TEAM>(w_squares, shared);
    d_squares = cnn_reduce<cnn_add, CNN_TEAM>(d_squares, shared);
    if (threadIdx.x == 0) {
        part[blockIdx.x] = w_squares;
        part[gridDim.x + blockIdx.x] = d_squares;
    }
}

static __device__ inline double norm(const double *part, unsigned parts, double *shared)
{
    double total = 0;
    for (unsigned k = threadIdx.x; k < parts; k += CNN_TEAM)
        total += part[k];
    return sqrt(cnn_reduce<cnn_add, CNN_TEAM>(total, shared));
}

/* w, by the updates in g; each block adds up the parts (2, parts) for itself. */
template <typename R>
static __global__ void apply_kernel(R rule, int adapt, unsigned parts, const double *part,
                                    size_t count, struct arrays a)
{
    CNN_SHARED(double, shared, CNN_TEAM_WARPS);
    size_t at = cnn_first<real>(), left = count - at;
    double w_norm = norm(part, parts, shared), d_norm = norm(part + parts, parts, shared);
    float ratio = 1;
    piece<R> p;
    if (at >= count)
        return;
    if (adapt && w_norm > 0 && d_norm > 0)
        ratio = (float)rule.ratio_of(w_norm, d_norm);
    load(a, at, left, p);
    for (int i = 0; i < COUNT; i++)
        rule.rule(p.w[i], p.d[i], ratio, p.s, i);
    cnn_store(a.w + at, left, p.w);
    store_state(a, at, left, p);
}

template <typename R>
static void run(struct cnn_queue *q, R rule, const struct cnn_update *u, size_t count,
                struct arrays a)
{
    cnn_launch(q, "update", update_kernel<R>, cnn_element_blocks<real>(count), CNN_ELEMENT_THREADS,
               0, rule, cnn_gradient_of(u), count, a);
}

template <typename R>
static void run_parameter(struct cnn_queue *q, R rule, const struct cnn_update *u, size_t count,
                          struct arrays a)
{
    double *part = (double *)q->cuda->scratch;
    dim3 blocks = cnn_element_blocks<real>(count);
    unsigned parts = blocks.x < (unsigned)PARTS ? blocks.x : (unsigned)PARTS;
    cnn_launch(q, "update", parameter_kernel<R>, dim3(parts), CNN_TEAM, 0, rule, cnn_gradient_of(u),
               count, a, part);
    cnn_launch(q, "update", apply_kernel<R>, blocks, CNN_TEAM, 0, rule, u->adapt, parts, part,
               count, a);
}

void cnn_cuda_update(struct cnn_queue *q, enum cnn_rule f, const struct cnn_update *u, size_t count,
                     real *w, real *g, real *const *state)
{
    switch (f) {
#define CASE(name, arrays_, run)                                                                   \
    case CNN_RULE_##name: {                                                                        \
        struct arrays a = {w, g, {}};                                                              \
        for (int k = 0; k < arrays_; k++)                                                          \
            a.state[k] = state[k];                                                                 \
        run(q, rule_##name{cnn_##name##_numbers(u)}, u, count, a);                                 \
        break;                                                                                     \
    }
#define CNN_OPTIMIZER(name, arrays_, ...)               CASE(name, arrays_, run)
#define CNN_OPTIMIZER_OF_PARAMETERS(name, arrays_, ...) CASE(name, arrays_, run_parameter)
#include "kern/optimizers.def"
    }
}
