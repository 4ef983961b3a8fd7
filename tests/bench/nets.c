/* Speed of a whole net in memory, without files: inference or training steps on random images.
 *
 *   build/helpers/bench-nets NET infer|train BATCH [SECONDS [THREADS [DEVICE [PRECISION]]]]
 *
 * NET is what --net of cnn-train takes: a zoo name, a file or the text; where it leaves the input or
 * the classes to the data, these are digits, 1x28x28 and ten classes. An inference is upload,
 * forward and download of the answer; a training step is upload, zeroed gradients, forward, loss,
 * backward and an SGD update with momentum, as cnn-train makes them. DEVICE (cpu) and PRECISION
 * (fp32) are what cnn-train's options of these names take. After a warm-up the step is repeated for
 * SECONDS (2), at least three times. A GPU still works when a training step returns; the next one
 * waits for it when it reads its loss, and the last is waited for at the end, so that the times of
 * all steps add up to the whole. One line of tab-separated numbers:
 *
 *   images/s (median)  images/s (best)  ms a batch (median)  ms a batch (best)
 *   peak memory (KiB, without a GPU's)  ms from the program's start to the end of the first step
 *   ms of processors' time a batch (best): of all threads together, whatever else the machine does
 *
 * 66 is the status for a net that the zoo does not have, 69 for a device that is not there. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "base/error.h"
#include "base/random.h"
#include "base/text.h"
#include "net/optimize.h"

enum { MOST_SAMPLES = 1 << 16, FEWEST_SAMPLES = 3 };

struct bench {
    struct cnn_backend *backend;
    struct cnn_graph *graph;
    struct cnn_net *net;
    struct cnn_optimizer_options optimizer;
    struct cnn_batch_view batch;
    const char *device;
    enum cnn_precision precision;
    int training;
    uint64_t step;  /* training steps done */
    float *x;       /* (n, c, h, w) */
    int32_t *label; /* (n, h, w) of the logits */
    struct cnn_target_view target;
    float *answer; /* (n, outputs) */
    double worked; /* seconds of processors' time of a step, the least so far */
};

static double seconds_of(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static double now(void)
{
    return seconds_of(CLOCK_MONOTONIC);
}

/* Random images and labels. */
static int draw(struct bench *t, size_t n)
{
    const struct cnn_graph *g = t->graph;
    size_t count = n * cnn_chw_count(g->input->shape);
    size_t outputs = cnn_chw_count(g->node[g->output].layer.out);
    struct cnn_chw classes = g->node[g->logits].layer.out;
    size_t labels = n * classes.h * classes.w;
    t->x = cnn_calloc(count, sizeof *t->x);
    t->label = cnn_calloc(labels, sizeof *t->label);
    t->answer = cnn_calloc(n * outputs, sizeof *t->answer);
    if (!t->x || !t->label || !t->answer)
        return CNN_ESYSTEM;
    struct cnn_random r;
    cnn_random_start(&r, 1, 0);
    for (size_t i = 0; i < count; i++)
        t->x[i] = (float)cnn_random_range(&r, -1.7, 1.7);
    for (size_t i = 0; i < labels; i++)
        t->label[i] = (int32_t)cnn_random_below(&r, classes.c);
    t->target = (struct cnn_target_view){.label = t->label};
    t->batch =
        (struct cnn_batch_view){.n = n, .x = t->x, .target = t->training ? &t->target : NULL};
    return 0;
}

static int open_net(struct bench *t, const char *what, size_t n, int threads)
{
    char *text = NULL, *name = NULL;
    int rc = cnn_net_text(what, &text, &name);
    struct cnn_graph_config config = {.name = name, .input = {1, 28, 28}, .with_loss = t->training};
    if (!rc &&
        cnn_graph_build(text, &config, &t->graph)) { /* a text that does not say its classes */
        config.classes = 10;
        rc = cnn_graph_build(text, &config, &t->graph);
    }
    free(text);
    free(name);
    t->optimizer = cnn_optimizer_defaults(cnn_optimizer_type_find("sgd"));
    t->optimizer.momentum = 0.9;
    struct cnn_net_config wanted = {.batch = n,
                                    .training = t->training,
                                    .optimizer_slabs =
                                        t->training ? cnn_optimizer_slabs(&t->optimizer) : 0};
    if (!rc)
        rc = cnn_backend_open(t->device, threads, &t->backend);
    if (!rc)
        rc = cnn_backend_set_precision(t->backend, t->precision);
    if (!rc)
        rc = cnn_net_new(t->graph, t->backend, &wanted, &t->net);
    if (!rc)
        rc = cnn_net_init(t->net, 1, CNN_INIT_DEFAULT);
    return rc ? rc : draw(t, n);
}

/* As cnn-train does it: a device that works by itself is asked for the loss of the step before. */
static int train_step(struct bench *t)
{
    double loss = 0, weight;
    int rc = cnn_net_zero_gradients(t->net);
    if (!rc)
        rc = cnn_net_forward(t->net, &t->batch, 1, 1, t->step);
    if (!rc)
        rc = cnn_net_backward(t->net, 1);
    if (!rc && t->backend->is_gpu)
        rc = t->step ? cnn_net_loss_before(t->net, &loss, &weight) : 0;
    else if (!rc)
        rc = cnn_net_loss(t->net, &loss, &weight);
    if (!rc && !isfinite(loss))
        rc = cnn_fail(CNN_EINTERNAL, "the loss is not finite");
    return rc ? rc : cnn_optimizer_step(&t->optimizer, t->net, 1e-4, ++t->step, 1, NULL);
}

static int step(struct bench *t)
{
    if (t->training)
        return train_step(t);
    int rc = cnn_net_forward(t->net, &t->batch, 0, 1, 0);
    return rc ? rc : cnn_net_value(t->net, t->graph->output, t->answer);
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static int wait_for_all(struct bench *t)
{
    return t->backend->ops->sync(t->backend);
}

/* The first step alone (*first: its end), a tenth of the time to warm up, then one time for each
 * step into took, sorted. The count, or a negative code. What is still going on after the last step
 * is what the first one measured did not have to wait for. */
static int measure(struct bench *t, double seconds, double *first, double *took)
{
    int rc = step(t), count = 0;
    if (!rc)
        rc = wait_for_all(t);
    *first = now();
    while (!rc && now() - *first < seconds / 10)
        rc = step(t);
    if (!rc)
        rc = wait_for_all(t);
    double start = now();
    while (!rc && count < MOST_SAMPLES && (count < FEWEST_SAMPLES || now() - start < seconds)) {
        /* A system call: before the time starts. */
        double before = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
        double begin = now();
        rc = step(t);
        took[count++] = now() - begin;
        t->worked = fmin(t->worked, seconds_of(CLOCK_PROCESS_CPUTIME_ID) - before);
    }
    double end = now();
    if (!rc)
        rc = wait_for_all(t);
    if (count)
        took[0] += now() - end;
    qsort(took, (size_t)count, sizeof *took, by_value);
    return rc ? rc : count;
}

static void report(size_t n, const double *took, int count, double start_ms, double worked)
{
    struct rusage used;
    double median = (took[(count - 1) / 2] + took[count / 2]) / 2, best = took[0];
    getrusage(RUSAGE_SELF, &used);
    printf("%.6g\t%.6g\t%.6g\t%.6g\t%ld\t%.6g\t%.6g\n", (double)n / median, (double)n / best,
           median * 1e3, best * 1e3, used.ru_maxrss, start_ms, worked * 1e3);
}

static void close_bench(struct bench *t)
{
    cnn_net_free(t->net);
    cnn_graph_free(t->graph);
    cnn_backend_close(t->backend);
    free(t->x);
    free(t->label);
    free(t->answer);
}

/* The precision of that name; -1: there is none. */
static int find_precision(const char *name)
{
    static const char *const names[] = {CNN_CHOICE_TEXTS(CNN_PRECISIONS)};
    for (int i = 0; i < (int)(sizeof names / sizeof *names); i++)
        if (!strcmp(name, names[i]))
            return i;
    return -1;
}

int main(int argc, char **argv)
{
    static double took[MOST_SAMPLES];
    struct bench t = {.device = argc > 6 ? argv[6] : "cpu", .worked = HUGE_VAL};
    int precision = find_precision(argc > 7 ? argv[7] : "fp32");
    double start = now(), first = 0;
    long n = argc > 3 ? strtol(argv[3], NULL, 10) : 0;
    int infers = argc > 3 && !strcmp(argv[2], "infer");
    t.training = argc > 3 && !strcmp(argv[2], "train");
    t.precision = (enum cnn_precision)precision;
    if (n < 1 || argc > 8 || precision < 0 || infers + t.training != 1) {
        fprintf(stderr, "Usage: bench-nets NET infer|train BATCH [SECONDS [THREADS [DEVICE "
                        "[" CNN_CHOICE_WORDS(CNN_PRECISIONS) "]]]]\n");
        return -CNN_EUSAGE;
    }
    int rc = open_net(&t, argv[1], (size_t)n, argc > 5 ? atoi(argv[5]) : 0);
    if (!rc)
        rc = measure(&t, argc > 4 ? atof(argv[4]) : 2, &first, took);
    if (rc > 0)
        report((size_t)n, took, rc, (first - start) * 1e3, t.worked);
    else
        fprintf(stderr, "bench-nets: %s: %s\n", argv[1], cnn_error_message());
    close_bench(&t);
    return rc < 0 ? -rc : 0;
}
