/* Losses that take the channels of a position together, of numbers x (c) and targets t (c), which may
 * be shared out over several classes; y = softmax(x):
 *   margin  mean over c of sum_k t_k max(0, a - x_k + x_c)^b, c != k    Crammer and Singer 2001
 *   focal   -sum_k t_k (1 - y_k)^a log y_k                              Lin et al. 2017
 *   kldiv   sum_k t_k (log t_k - log y_k)                               Kullback and Leibler 1951
 * A sample's loss is the mean over its positions that are not labelled -1. */
#include "kern/hot.h"
#include "kern/loss/targets.h"

/* A position: its first number and its first gradient. */
struct position {
    const struct cnn_loss *l;
    size_t n, p;
    const real *x;
    real *dx;
    double factor;  /* of the gradient */
    double log_sum; /* log sum exp of x */
};

static double x_at(const struct position *at, size_t c)
{
    return (double)at->x[c * at->l->hw];
}

static double target_at(const struct position *at, size_t c)
{
    return cnn_target_value(at->l, at->n, c, at->p);
}

/* The classes that may have a part of the target. */
static struct cnn_range classes_of(const struct position *at)
{
    if (!at->l->t->label)
        return (struct cnn_range){0, at->l->c};
    size_t label = (size_t)at->l->t->label[at->n * at->l->hw + at->p];
    return (struct cnn_range){cnn_min(label, at->l->c), cnn_min(label + 1, at->l->c)};
}

static double log_sum_exp(const struct position *at)
{
    double top = x_at(at, 0), sum = 0;
    for (size_t c = 1; c < at->l->c; c++)
        top = x_at(at, c) > top ? x_at(at, c) : top;
    for (size_t c = 0; c < at->l->c; c++)
        sum += exp(x_at(at, c) - top);
    return top + log(sum); /* cppcheck-suppress invalidFunctionArg ; sum is at least 1 */
}

/* What is missing at a's margin of class k over class c. */
static double miss_of(const struct position *at, size_t k, size_t c)
{
    double miss = at->l->option - x_at(at, k) + x_at(at, c);
    return miss > 0 ? miss : 0;
}

static double margin_term(const struct position *at)
{
    struct cnn_range classes = classes_of(at);
    double total = 0;
    for (size_t k = classes.begin; k < classes.end; k++)
        for (size_t c = 0; c < at->l->c; c++) {
            double miss = c == k ? 0 : miss_of(at, k, c);
            total += target_at(at, k) * (at->l->second > 1 ? miss * miss : miss);
        }
    return total / (double)at->l->c;
}

static void margin_slopes(const struct position *at)
{
    const struct cnn_loss *l = at->l;
    struct cnn_range classes = classes_of(at);
    for (size_t c = 0; c < l->c; c++)
        at->dx[c * l->hw] = 0;
    for (size_t k = classes.begin; k < classes.end; k++) {
        double each = at->factor * target_at(at, k) / (double)l->c, all = 0;
        for (size_t c = 0; c < l->c; c++) {
            double miss = c == k ? 0 : miss_of(at, k, c);
            double slope = each * (l->second > 1 ? 2 * miss : miss > 0);
            at->dx[c * l->hw] += (real)slope;
            all += slope;
        }
        at->dx[k * l->hw] -= (real)all;
    }
}

static double focal_term(const struct position *at)
{
    struct cnn_range classes = classes_of(at);
    double total = 0;
    for (size_t k = classes.begin; k < classes.end; k++) {
        double log_y = x_at(at, k) - at->log_sum, t = target_at(at, k);
        /* 0 log 0 = 0, also where a number is -inf */
        if (t != 0)
            total -= t * pow(-expm1(log_y), at->l->option) * log_y;
    }
    return total;
}

/* d term / d log y_k, for one part of the target. */
static double focal_slope(double log_y, double a)
{
    double rest = -expm1(log_y);
    double bend = a > 0 && rest > 0 ? a * pow(rest, a - 1) * exp(log_y) * log_y : 0;
    return bend - pow(rest, a);
}

static void focal_slopes(const struct position *at)
{
    const struct cnn_loss *l = at->l;
    struct cnn_range classes = classes_of(at);
    double all = 0;
    for (size_t k = classes.begin; k < classes.end; k++)
        if (target_at(at, k) != 0)
            all += target_at(at, k) * focal_slope(x_at(at, k) - at->log_sum, l->option);
    for (size_t c = 0; c < l->c; c++) {
        double log_y = x_at(at, c) - at->log_sum, t = target_at(at, c);
        double own = t != 0 ? t * focal_slope(log_y, l->option) : 0;
        at->dx[c * l->hw] = (real)(at->factor * (own - exp(log_y) * all));
    }
}

static double kldiv_term(const struct position *at)
{
    double total = 0;
    for (size_t k = 0; k < at->l->c; k++) {
        double t = target_at(at, k);
        if (t > 0)
            total += t * (log(t) - x_at(at, k) + at->log_sum);
    }
    return total;
}

static void kldiv_slopes(const struct position *at)
{
    const struct cnn_loss *l = at->l;
    double all = 0;
    for (size_t k = 0; k < l->c; k++)
        all += target_at(at, k);
    for (size_t c = 0; c < l->c; c++)
        at->dx[c * l->hw] =
            (real)(at->factor * (exp(x_at(at, c) - at->log_sum) * all - target_at(at, c)));
}

static const struct kind {
    int softmax;
    double (*term)(const struct position *at);
    void (*slopes)(const struct position *at);
} kinds[] = {[CNN_LOSS_MARGIN] = {0, margin_term, margin_slopes},
             [CNN_LOSS_FOCAL_SOFTMAX] = {1, focal_term, focal_slopes},
             [CNN_LOSS_KLDIV] = {1, kldiv_term, kldiv_slopes}};

static struct position position_of(const struct cnn_loss *l, size_t n, size_t p)
{
    size_t first = n * l->c * l->hw + p;
    struct position at = {.l = l, .n = n, .p = p, .x = l->x + first};
    at.dx = l->dx ? l->dx + first : NULL;
    if (kinds[l->which].softmax)
        at.log_sum = log_sum_exp(&at);
    return at;
}

static void forward_job(void *context, size_t job, int thread)
{
    const struct cnn_loss *l = context;
    struct cnn_range r = cnn_range_of(job, l->chunk, l->n);
    (void)thread;
    for (size_t n = r.begin; n < r.end; n++) {
        size_t count = cnn_target_positions(l, n);
        double total = 0;
        for (size_t p = 0; p < l->hw; p++) {
            if (cnn_target_ignored(l, n, p))
                continue;
            struct position at = position_of(l, n, p);
            total += kinds[l->which].term(&at);
        }
        l->loss[n] = (real)(count ? total / (double)count : 0);
    }
}

static void backward_job(void *context, size_t job, int thread)
{
    const struct cnn_loss *l = context;
    struct cnn_range r = cnn_range_of(job, l->chunk, l->n);
    (void)thread;
    for (size_t n = r.begin; n < r.end; n++) {
        double factor = cnn_target_factor(l, n, cnn_target_positions(l, n));
        for (size_t p = 0; p < l->hw; p++) {
            struct position at = position_of(l, n, p);
            at.factor = factor;
            if (!cnn_target_ignored(l, n, p))
                kinds[l->which].slopes(&at);
            else
                for (size_t c = 0; c < l->c; c++)
                    at.dx[c * l->hw] = 0;
        }
    }
}

void cnn_cpu_loss_of_positions_forward(struct cnn_queue *q, enum cnn_loss_of_positions f, double a,
                                       double b, const struct cnn_tensor *x,
                                       const struct cnn_targets *t, real *loss)
{
    struct cnn_loss l = {.which = f, .option = a, .second = b, .t = t, .loss = loss};
    cnn_loss_run(q, forward_job, &l, x);
}

void cnn_cpu_loss_of_positions_backward(struct cnn_queue *q, enum cnn_loss_of_positions f, double a,
                                        double b, double scale, const struct cnn_tensor *x,
                                        const struct cnn_targets *t, struct cnn_tensor *dx)
{
    struct cnn_loss l = {.which = f, .option = a, .second = b, .scale = scale, .t = t};
    l.dx = dx->data;
    cnn_loss_run(q, backward_job, &l, x);
}
