/* Optimizer steps, each rule as its line in optimizers.def has it: one pass over w; of rules of
 * parameters a pass that makes updates of gradients, their norm and that of w, and a pass over w. */
#include "kern/basic/update.h"

#include "kern/hot.h"
#include "kern/parallel.h"

struct update {
    size_t count;
    real *w, *g;
    real *const *state;
    int whole; /* the last array of state is there, too */
    struct cnn_gradient gradient;
    const void *numbers; /* struct cnn_NAME_numbers */
    real ratio;
    void (*pass)(const struct update *a, struct cnn_range r);
};

#define POINTER(k) real *restrict const a##k = a->state[k - 1];
/* -0 is the zero that added to anything changes nothing. */
#define LOAD(k) real s##k = k < ARRAYS || WHOLE ? a##k[i] : (real)-0.0;
#define STORE(k)                                                                                   \
    if (k < ARRAYS || WHOLE)                                                                       \
        a##k[i] = s##k;

/* All elements of a job: from d the statements make w, or leave the update in d. whole: 1, or 0
 * where the last array of state is not there. */
#define EACH(arrays, whole, from, kept, ...)                                                       \
    {                                                                                              \
        enum { ARRAYS = arrays, WHOLE = whole };                                                   \
        for (size_t i = r.begin; i < r.end; i++) {                                                 \
            real w = aw[i], d = from;                                                              \
            CNN_STATE_##arrays(LOAD) __VA_ARGS__;                                                  \
            kept;                                                                                  \
            CNN_STATE_##arrays(STORE)                                                              \
        }                                                                                          \
    }
#define PASS(name, of, arrays, own, from, kept, ...)                                               \
    CNN_HOT(name, (const struct update *a, struct cnn_range r), (a, r))                            \
    {                                                                                              \
        const struct cnn_##of##_numbers *n = a->numbers;                                           \
        const struct cnn_gradient gradient = a->gradient;                                          \
        const real ratio = a->ratio;                                                               \
        real *restrict const aw = a->w, *restrict const ag = a->g;                                 \
        (void)ratio, (void)gradient;                                                               \
        CNN_STATE_##arrays(POINTER) CNN_UPDATE_NUMBERS own if (a->whole)                           \
            EACH(arrays, 1, from, kept, __VA_ARGS__) else EACH(arrays, 0, from, kept, __VA_ARGS__) \
    }
#define GRADIENT cnn_gradient_at(gradient, w, ag[i])

#define CNN_NUMBER(name, value)                                                                    \
    const real name = n->name;                                                                     \
    (void)name;
#define CNN_OPTIMIZER(name, arrays, options, defaults, own, ...)                                   \
    PASS(name##_rule, name, arrays, own, GRADIENT, aw[i] = w, __VA_ARGS__)
#define CNN_OPTIMIZER_OF_PARAMETERS(name, arrays, options, defaults, own, update, expression, ...) \
    PASS(name##_update, name, arrays, own, GRADIENT, ag[i] = d, update)                            \
    PASS(name##_rule, name, arrays, own, ag[i], aw[i] = w, __VA_ARGS__)                            \
    static double name##_ratio(const struct cnn_##name##_numbers *n, double w_norm, double d_norm) \
    {                                                                                              \
        CNN_UPDATE_NUMBERS own return expression;                                                  \
    }
#include "kern/optimizers.def"
#undef CNN_NUMBER

static double norm(struct cnn_queue *q, size_t count, const real *x)
{
    double squares;
    cnn_cpu_sum_squares(q, count, x, &squares);
    return sqrt(squares);
}

static void update_job(void *context, size_t job, int thread)
{
    const struct update *a = context;
    (void)thread;
    a->pass(a, cnn_range_of(job, CNN_CHUNK, a->count));
}

static void run(struct cnn_queue *q, struct update *a,
                void (*pass)(const struct update *a, struct cnn_range r))
{
    a->pass = pass;
    cnn_queue_run(q, cnn_ceil_div(a->count, CNN_CHUNK), update_job, a);
}

void cnn_cpu_update(struct cnn_queue *q, enum cnn_rule f, const struct cnn_update *u, size_t count,
                    real *w, real *g, real *const *state)
{
    struct update a = {count, w, g, state, .gradient = cnn_gradient_of(u), .ratio = 1};
    if (q->code)
        return;
    switch (f) {
#define START(name, arrays)                                                                        \
    struct cnn_##name##_numbers numbers = cnn_##name##_numbers(u);                                 \
    a.whole = !arrays || state[arrays - 1];                                                        \
    a.numbers = &numbers;
#define CNN_OPTIMIZER(name, arrays, ...)                                                           \
    case CNN_RULE_##name: {                                                                        \
        START(name, arrays)                                                                        \
        run(q, &a, name##_rule);                                                                   \
        break;                                                                                     \
    }
#define CNN_OPTIMIZER_OF_PARAMETERS(name, arrays, ...)                                             \
    case CNN_RULE_##name: {                                                                        \
        START(name, arrays)                                                                        \
        run(q, &a, name##_update);                                                                 \
        double w_norm = u->adapt ? norm(q, count, w) : 0;                                          \
        double d_norm = w_norm > 0 ? norm(q, count, g) : 0;                                        \
        if (d_norm > 0)                                                                            \
            a.ratio = (real)name##_ratio(&numbers, w_norm, d_norm);                                \
        run(q, &a, name##_rule);                                                                   \
        break;                                                                                     \
    }
#include "kern/optimizers.def"
    }
}
