/* What a convolution costs, measured where that is asked for: each of its ways is gone several
 * times on made-up numbers; the fastest time counts, since all that disturbs makes it longer. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "kern/conv/way.h"
#include "kern/limits.h"

/* A way is gone again until its runs took so long together, but not oftener than MOST. */
static const double ENOUGH_SECONDS = 0.03, LIMITS_SECONDS = 0.1;
enum { MOST = 20 };
/* Ways that are expected, or seen at first, to take so many times the best are given up. */
static const double HOPELESS = 4;

struct bench {
    struct cnn_queue q; /* as the caller's, but with one choice */
    struct cnn_conv_choices only;
    struct cnn_conv_choice choice;
    const struct cnn_conv_key *key;
    struct cnn_tensor x, y, w;
    real *work, *packed;
    int packs;
};

static real *numbers(size_t count)
{
    real *p = cnn_aligned_calloc(count * sizeof *p);
    for (size_t i = 0; p && i < count; i++)
        p[i] = (real)(i * 7919 % 1009) / 1009 - (real)0.5;
    return p;
}

static int open_bench(struct bench *b, const struct cnn_queue *q, const struct cnn_conv_key *key)
{
    const struct cnn_conv *g = &key->g;
    b->q = *q;
    b->q.choices = &b->only;
    b->only.item = &b->choice;
    b->only.count = 1;
    b->key = key;
    b->x = (struct cnn_tensor){g->batch, g->in_c, g->in_h, g->in_w, key->x_layout, NULL};
    b->y = (struct cnn_tensor){g->batch, g->out_c, g->out_h, g->out_w, key->y_layout, NULL};
    b->w = cnn_tensor_plain(g->out_c, g->in_c / g->groups, g->kh, g->kw, NULL);
    b->x.data = numbers(cnn_tensor_elements(&b->x));
    b->y.data = numbers(cnn_tensor_elements(&b->y));
    b->w.data = numbers(cnn_tensor_elements(&b->w));
    return b->x.data && b->y.data && b->w.data;
}

static void close_bench(struct bench *b)
{
    free(b->x.data);
    free(b->y.data);
    free(b->w.data);
}

static double time_once(struct bench *b)
{
    const struct cnn_conv *g = &b->key->g;
    double start = cnn_seconds();
    if (b->key->pass == CNN_CONV_FORWARD)
        cnn_cpu_conv_forward(&b->q, g, &b->x, &b->w, NULL, b->packed, NULL, &b->y, b->work);
    else if (b->key->pass == CNN_CONV_DATA)
        cnn_cpu_conv_backward_data(&b->q, g, &b->y, &b->w, &b->x, b->work);
    else
        cnn_cpu_conv_backward_weight(&b->q, g, &b->x, &b->y, &b->w, b->work);
    return cnn_seconds() - start;
}

/* Seconds of the choice in b; negative: there is no memory. best: of another; 0: none yet. */
static double time_choice(struct bench *b, double best)
{
    const struct cnn_conv *g = &b->key->g;
    size_t packed = cnn_cpu_conv_packed(&b->q, g, &b->x, &b->y);
    double least = -1;
    b->work = cnn_aligned_calloc(cnn_cpu_conv_work(&b->q, g, &b->x, &b->y) + sizeof(real));
    if (b->key->pass == CNN_CONV_FORWARD && packed && !b->packs)
        b->packed = cnn_aligned_calloc(packed);
    if (b->work && b->packed)
        cnn_cpu_conv_pack(&b->q, g, &b->x, &b->y, &b->w, b->packed);
    if (b->work) {
        double sum = least = time_once(b);
        int hopeless = best > 0 && least > HOPELESS * best;
        for (int i = 0; i < MOST && sum < ENOUGH_SECONDS && !hopeless; i++) {
            double took = time_once(b);
            sum += took;
            least = took < least ? took : least;
        }
    }
    free(b->work);
    free(b->packed);
    b->work = b->packed = NULL;
    return least;
}

/* The i-th way that the case could be done, if it can, with the cost that is expected. */
static int candidate(const struct cnn_queue *q, const struct cnn_conv_key *key, size_t i,
                     struct cnn_conv_choice *out)
{
    struct cnn_conv_way way;
    *out = (struct cnn_conv_choice){.key = *key,
                                    .algorithm = cnn_conv_algorithm_at(i / 4),
                                    .mirrored = i % 2 != 0,
                                    .rearranged = i / 2 % 2 != 0};
    if (q->exact_conv && out->algorithm->inexact)
        return 0;
    out->cost = cnn_conv_follow(out, &way);
    return out->cost >= 0;
}

static double least_cost(const struct cnn_queue *q, const struct cnn_conv_key *key)
{
    struct cnn_conv_choice c;
    double least = -1;
    for (size_t i = 0; cnn_conv_algorithm_at(i / 4); i++)
        if (candidate(q, key, i, &c) && (least < 0 || c.cost < least))
            least = c.cost;
    return least;
}

static double cycles_a_second(struct cnn_queue *q)
{
    struct cnn_limits limits;
    if (cnn_limits_measure(q, LIMITS_SECONDS, &limits))
        return 0;
    return limits.multiply_adds / (double)cnn_isa()->multiply_adds;
}

/* Time every way of the case that is worth trying, with the threads of the queue, and add the
 * fastest. Without the memory for it, or a way, nothing is added. */
static void measure(struct cnn_queue *q, struct cnn_conv_choices *all,
                    const struct cnn_conv_key *key)
{
    struct bench b = {.packs = all->packs};
    struct cnn_conv_choice best = {0};
    double expected = least_cost(q, key), seconds = 0;
    if (!(all->rate > 0))
        all->rate = cycles_a_second(q);
    int there = all->rate > 0 && open_bench(&b, q, key);
    for (size_t i = 0; there && cnn_conv_algorithm_at(i / 4); i++) {
        if (!candidate(q, key, i, &b.choice) || b.choice.cost > HOPELESS * expected)
            continue;
        double took = time_choice(&b, seconds);
        if (took >= 0 && (!best.algorithm || took < seconds)) {
            best = b.choice;
            seconds = took;
        }
    }
    close_bench(&b);
    best.cost = seconds * all->rate;
    if (best.algorithm && !cnn_conv_choices_add(all, &best))
        all->measured++;
    else
        cnn_error_clear();
}

double cnn_cpu_conv_cost(struct cnn_queue *q, const struct cnn_conv *g, const struct cnn_tensor *x,
                         const struct cnn_tensor *y, enum cnn_conv_pass pass,
                         const char **algorithm)
{
    struct cnn_conv_way way;
    struct cnn_conv_key key = {*g, pass, x->layout, y->layout};
    if (q->choices && q->choices->measures && !cnn_conv_choices_find(q->choices, &key))
        measure(q, q->choices, &key);
    cnn_conv_find(q, g, pass, x->layout, y->layout, &way);
    if (algorithm)
        *algorithm = way.algorithm ? way.algorithm->name : NULL;
    return way.algorithm ? way.cost : -1;
}
