/* Optimizer steps, one pass over w; each rule as its line in optimizers.def has it. */
#include "kern/basic/update.h"

#include "kern/cuda/elements.cuh"

enum { COUNT = cnn_pack<real>::COUNT };

/* rule_NAME: step() moves one weight, with element i of the pieces of its arrays of state. */
#define STATE(k)                                                                                   \
    float &s##k = s[k - 1][i];                                                                     \
    (void)s##k;
#define CNN_OPTIMIZER(name, arrays, options, defaults, numbers, ...)                               \
    struct rule_##name : cnn_##name##_numbers {                                                    \
        enum { ARRAYS = arrays };                                                                  \
        __device__ inline void step(float d, float &w, float (*s)[COUNT], int i) const             \
        {                                                                                          \
            CNN_STATE_##arrays(STATE) __VA_ARGS__;                                                 \
        }                                                                                          \
    };
#include "kern/optimizers.def"

struct arrays {
    real *w;
    const real *g;
    real *state[CNN_STATE_ARRAYS]; /* NULL: zero before the step, and lost */
};

template <typename R>
static __global__ void update_kernel(R rule, struct cnn_gradient gradient, size_t count,
                                     struct arrays a)
{
    size_t at = cnn_first<real>(), left = count - at;
    float w[COUNT], g[COUNT], s[R::ARRAYS + 1][COUNT] = {};
    if (at >= count)
        return;
    cnn_load(a.w + at, left, w);
    cnn_load(a.g + at, left, g);
    for (int k = 0; k < R::ARRAYS; k++)
        if (a.state[k])
            cnn_load(a.state[k] + at, left, s[k]);
    for (int i = 0; i < COUNT; i++)
        rule.step(cnn_gradient_at(gradient, w[i], g[i]), w[i], s, i);
    cnn_store(a.w + at, left, w);
    for (int k = 0; k < R::ARRAYS; k++)
        if (a.state[k])
            cnn_store(a.state[k] + at, left, s[k]);
}

template <typename R>
static void run(struct cnn_queue *q, R rule, const struct cnn_update *u, size_t count, real *w,
                const real *g, real *const *state)
{
    struct arrays a = {w, g, {}};
    for (int k = 0; k < R::ARRAYS; k++)
        a.state[k] = state[k];
    cnn_launch(q, "update", update_kernel<R>, cnn_element_blocks<real>(count), CNN_ELEMENT_THREADS,
               0, rule, cnn_gradient_of(u), count, a);
}

void cnn_cuda_update(struct cnn_queue *q, enum cnn_rule f, const struct cnn_update *u, size_t count,
                     real *w, const real *g, real *const *state)
{
    switch (f) {
#define CNN_OPTIMIZER(name, ...)                                                                   \
    case CNN_RULE_##name:                                                                          \
        run(q, rule_##name{cnn_##name##_numbers(u)}, u, count, w, g, state);                       \
        break;
#include "kern/optimizers.def"
    }
}
