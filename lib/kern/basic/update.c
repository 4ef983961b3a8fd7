/* Optimizer steps, one pass over w; each rule as its line in optimizers.def has it. */
#include "kern/basic/update.h"

#include "kern/hot.h"
#include "kern/parallel.h"

struct update {
    size_t count;
    real *w;
    const real *g;
    real *const *state;
    int whole; /* the last array of state is there, too */
    struct cnn_gradient gradient;
    const void *numbers; /* struct cnn_NAME_numbers */
    void (*rule)(const struct update *a, struct cnn_range r);
};

#define POINTER(k) real *restrict const a##k = a->state[k - 1];
/* -0 is the zero that added to anything changes nothing. */
#define LOAD(k) real s##k = k < ARRAYS || WHOLE ? a##k[i] : (real)-0.0;
#define STORE(k)                                                                                   \
    if (k < ARRAYS || WHOLE)                                                                       \
        a##k[i] = s##k;

/* All elements of a job. whole: 1, or 0 where the last array of state is not there. */
#define EACH(arrays, whole, ...)                                                                   \
    {                                                                                              \
        enum { ARRAYS = arrays, WHOLE = whole };                                                   \
        for (size_t i = r.begin; i < r.end; i++) {                                                 \
            real w = aw[i], d = cnn_gradient_at(gradient, w, ag[i]);                               \
            CNN_STATE_##arrays(LOAD) __VA_ARGS__;                                                  \
            aw[i] = w;                                                                             \
            CNN_STATE_##arrays(STORE)                                                              \
        }                                                                                          \
    }

#define CNN_NUMBER(name, value)                                                                    \
    const real name = n->name;                                                                     \
    (void)name;
#define CNN_OPTIMIZER(name, arrays, options, defaults, own, ...)                                   \
    CNN_HOT static void name##_rule(const struct update *a, struct cnn_range r)                    \
    {                                                                                              \
        const struct cnn_##name##_numbers *n = a->numbers;                                         \
        const struct cnn_gradient gradient = a->gradient;                                          \
        real *restrict const aw = a->w;                                                            \
        const real *restrict const ag = a->g;                                                      \
        CNN_STATE_##arrays(POINTER) CNN_UPDATE_NUMBERS own if (a->whole)                           \
            EACH(arrays, 1, __VA_ARGS__) else EACH(arrays, 0, __VA_ARGS__)                         \
    }
#include "kern/optimizers.def"
#undef CNN_NUMBER

static void update_job(void *context, size_t job, int thread)
{
    const struct update *a = context;
    (void)thread;
    a->rule(a, cnn_range_of(job, CNN_CHUNK, a->count));
}

static void run(struct cnn_queue *q, struct update a)
{
    cnn_queue_run(q, cnn_ceil_div(a.count, CNN_CHUNK), update_job, &a);
}

void cnn_cpu_update(struct cnn_queue *q, enum cnn_rule f, const struct cnn_update *u, size_t count,
                    real *w, const real *g, real *const *state)
{
    struct update a = {count, w, g, state, .gradient = cnn_gradient_of(u)};
    if (q->code)
        return;
    switch (f) {
#define CNN_OPTIMIZER(name, arrays, ...)                                                           \
    case CNN_RULE_##name: {                                                                        \
        struct cnn_##name##_numbers numbers = cnn_##name##_numbers(u);                             \
        a.whole = !arrays || state[arrays - 1];                                                    \
        a.numbers = &numbers;                                                                      \
        a.rule = name##_rule;                                                                      \
        run(q, a);                                                                                 \
        break;                                                                                     \
    }
#include "kern/optimizers.def"
    }
}
