/* Triplets within a batch (Schroff, Kalenichenko, Philbin 2015, section 3): each sample is an anchor a, with
 * every other sample p of its label and, of those of other labels, the nearest n that is farther than p
 * (semi-hard), or the farthest where none is:
 *   loss_a = mean over p of max(0, |a - p|^2 - |a - n|^2 + margin)
 * Samples labelled -1 are left out; an anchor without a p or without an n has no loss.
 *
 * Backward: with slope (n, n), how the whole changes with each squared distance,
 *   dx_i = sum over k of 2 (slope_ik + slope_ki) (x_i - x_k). */
#include "kern/hot.h"
#include "kern/loss/targets.h"

struct triplets {
    struct cnn_loss l;
    size_t each;  /* numbers of a vector, c hw */
    real *square; /* (n, n) squared distances */
    real *slope;  /* (n, n), backward */
};

static int32_t label_of(const struct triplets *k, size_t n)
{
    return k->l.t->label ? k->l.t->label[n * k->l.hw] : -1;
}

static void squares_job(void *context, size_t i, int thread)
{
    const struct triplets *k = context;
    const real *x = k->l.x;
    (void)thread;
    for (size_t o = 0; o < k->l.n; o++) {
        double sum = 0;
        for (size_t c = 0; c < k->each; c++) {
            double d = (double)x[i * k->each + c] - (double)x[o * k->each + c];
            sum += d * d;
        }
        k->square[i * k->l.n + o] = (real)sum;
    }
}

/* The sample of another label that goes with a and p; n: there is none. */
static size_t negative_of(const struct triplets *k, size_t a, size_t p)
{
    const real *square = k->square + a * k->l.n;
    size_t near = k->l.n, far = k->l.n;
    for (size_t i = 0; i < k->l.n; i++) {
        if (label_of(k, i) < 0 || label_of(k, i) == label_of(k, a))
            continue;
        if (square[i] > square[p] && (near == k->l.n || square[i] < square[near]))
            near = i;
        if (far == k->l.n || square[i] > square[far])
            far = i;
    }
    return near < k->l.n ? near : far;
}

static int is_positive(const struct triplets *k, size_t a, size_t p)
{
    return p != a && label_of(k, a) >= 0 && label_of(k, p) == label_of(k, a);
}

/* Of one anchor: how many p there are and, where slope is not NULL, its row of slopes before the
 * factor. The sum of the terms is returned. */
static double anchor(const struct triplets *k, size_t a, real *slope, size_t *pairs)
{
    const real *square = k->square + a * k->l.n;
    double total = 0;
    for (size_t i = 0; slope && i < k->l.n; i++)
        slope[i] = 0;
    *pairs = 0;
    for (size_t p = 0; p < k->l.n; p++) {
        size_t n = is_positive(k, a, p) ? negative_of(k, a, p) : k->l.n;
        if (n == k->l.n)
            continue;
        double miss = (double)square[p] - (double)square[n] + k->l.option;
        ++*pairs;
        total += miss > 0 ? miss : 0;
        if (slope && miss > 0) {
            slope[p] += 1;
            slope[n] -= 1;
        }
    }
    return total;
}

static void forward_job(void *context, size_t a, int thread)
{
    const struct triplets *k = context;
    size_t pairs;
    double total = anchor(k, a, NULL, &pairs);
    (void)thread;
    k->l.loss[a] = (real)(pairs ? total / (double)pairs : 0);
}

static void slopes_job(void *context, size_t a, int thread)
{
    const struct triplets *k = context;
    real *slope = k->slope + a * k->l.n;
    size_t pairs;
    (void)thread;
    anchor(k, a, slope, &pairs);
    double factor = cnn_target_factor(&k->l, a, pairs);
    for (size_t i = 0; i < k->l.n; i++)
        slope[i] = (real)(factor * (double)slope[i]);
}

static void gradients_job(void *context, size_t i, int thread)
{
    const struct triplets *k = context;
    const real *x = k->l.x;
    (void)thread;
    for (size_t c = 0; c < k->each; c++) {
        double sum = 0;
        for (size_t o = 0; o < k->l.n; o++) {
            double slope = (double)k->slope[i * k->l.n + o] + (double)k->slope[o * k->l.n + i];
            sum += slope * ((double)x[i * k->each + c] - (double)x[o * k->each + c]);
        }
        k->l.dx[i * k->each + c] = (real)(2 * sum);
    }
}

size_t cnn_cpu_triplet_work(struct cnn_queue *q, size_t n)
{
    (void)q;
    return cnn_max(1, 2 * n * n) * sizeof(real);
}

static struct triplets triplets_of(double margin, const struct cnn_tensor *x,
                                   const struct cnn_targets *t, void *work)
{
    struct triplets k = {.each = x->c * x->h * x->w, .square = work};
    k.slope = k.square + x->n * x->n;
    k.l = (struct cnn_loss){.n = x->n, .hw = x->h * x->w, .option = margin, .x = x->data, .t = t};
    return k;
}

void cnn_cpu_triplet_forward(struct cnn_queue *q, double margin, const struct cnn_tensor *x,
                             const struct cnn_targets *t, real *loss, void *work)
{
    struct triplets k = triplets_of(margin, x, t, work);
    k.l.loss = loss;
    if (q->code)
        return;
    cnn_queue_run(q, x->n, squares_job, &k);
    cnn_queue_run(q, x->n, forward_job, &k);
}

void cnn_cpu_triplet_backward(struct cnn_queue *q, double margin, double scale,
                              const struct cnn_tensor *x, const struct cnn_targets *t,
                              struct cnn_tensor *dx, void *work)
{
    struct triplets k = triplets_of(margin, x, t, work);
    k.l.scale = scale;
    k.l.dx = dx->data;
    if (q->code)
        return;
    cnn_queue_run(q, x->n, squares_job, &k);
    cnn_queue_run(q, x->n, slopes_job, &k);
    cnn_queue_run(q, x->n, gradients_job, &k);
}
