/* What a sample costs on its way into a net, in milliseconds of processor time: loaded (read and
 * decoded), augmented, preprocessed; and all of it through the loader, with its throughput.
 *
 *   build/helpers/bench-data DATASET CxHxW RESIZE [THREADS [AUGMENTATION VALUE]...] */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/error.h"
#include "data/loader/loader.h"
#include "data/source/dataset_open.h"

static double seconds(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void die(void)
{
    fprintf(stderr, "bench-data: %s\n", cnn_error_message());
    exit(1);
}

struct setup {
    struct cnn_dataset *ds;
    struct cnn_input input;
    struct cnn_augmenter *augmenter;
    int threads;
};

/* The steps one after another, in this thread. */
static void steps(const struct setup *s)
{
    enum { LOAD, AUGMENT, PREPROCESS, STEPS };
    static const char *const name[STEPS] = {"load", "augment", "preprocess"};
    double spent[STEPS] = {0};
    const struct cnn_fit fit = cnn_input_fit(&s->input);
    struct cnn_sample sample = {.fit = cnn_augmenter_counts_pixels(s->augmenter) ? NULL : &fit};
    struct cnn_augment_scratch augment = {0};
    struct cnn_preprocess_scratch preprocess = {0};
    float *x = malloc(cnn_chw_count(s->input.shape) * sizeof *x);
    size_t done = 0, count = cnn_dataset_count(s->ds);
    for (size_t i = 0; x && i < count && i < 20000; i++) {
        double t0 = seconds(CLOCK_THREAD_CPUTIME_ID);
        if (cnn_dataset_load(s->ds, i, &sample))
            continue;
        double t1 = seconds(CLOCK_THREAD_CPUTIME_ID);
        if (cnn_augment(s->augmenter, 1, 0, 0, &augment, &sample))
            die();
        double t2 = seconds(CLOCK_THREAD_CPUTIME_ID);
        if (cnn_preprocess(&s->input, &sample.image, &preprocess, x))
            die();
        double t3 = seconds(CLOCK_THREAD_CPUTIME_ID);
        spent[LOAD] += t1 - t0;
        spent[AUGMENT] += t2 - t1;
        spent[PREPROCESS] += t3 - t2;
        done++;
    }
    for (int k = 0; k < STEPS; k++)
        printf("%-10s %8.4f ms\n", name[k], 1e3 * spent[k] / (double)(done ? done : 1));
    free(x);
    cnn_sample_free(&sample);
    cnn_augment_scratch_free(&augment);
    cnn_preprocess_scratch_free(&preprocess);
}

static void whole(const struct setup *s)
{
    struct cnn_loader_options o = {.input = &s->input,
                                   .augmenter = s->augmenter,
                                   .batch = 32,
                                   .shuffle = 1,
                                   .threads = s->threads,
                                   .on_bad = CNN_BAD_SKIP};
    struct cnn_loader *l;
    struct cnn_batch b;
    size_t n = 0;
    if (cnn_loader_open(s->ds, &o, 0, 0, &l))
        die();
    double wall = seconds(CLOCK_MONOTONIC), cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
    int rc;
    while ((rc = cnn_loader_next(l, &b)) > 0)
        n += b.n;
    if (rc < 0)
        die();
    wall = seconds(CLOCK_MONOTONIC) - wall;
    cpu = seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    printf("%-10s %8.4f ms, %.1f samples/s on %d threads\n", "loader", 1e3 * cpu / (double)n,
           (double)n / wall, s->threads);
    cnn_loader_close(l);
}

int main(int argc, char **argv)
{
    struct setup s = {.threads = argc > 4 ? atoi(argv[4]) : 1};
    size_t *c = &s.input.shape.c, *h = &s.input.shape.h, *w = &s.input.shape.w;
    if (argc < 4 || sscanf(argv[2], "%zux%zux%zu", c, h, w) != 3) {
        fprintf(stderr,
                "Usage: bench-data DATASET CxHxW RESIZE [THREADS [AUGMENTATION VALUE]...]\n");
        return 64;
    }
    s.input.resize = atoi(argv[3]);
    s.input.scale = 1.0 / 255;
    s.input.mean = (struct cnn_reals){1, {0.45}};
    s.input.std = (struct cnn_reals){1, {0.225}};
    s.augmenter = cnn_augmenter_new();
    if (!s.augmenter || cnn_dataset_open(argv[1], NULL, &s.ds))
        die();
    for (int i = 5; i + 1 < argc; i += 2)
        if (cnn_augmenter_set(s.augmenter, argv[i], argv[i + 1]))
            die();
    steps(&s);
    whole(&s);
    cnn_dataset_close(s.ds);
    cnn_augmenter_free(s.augmenter);
    return 0;
}
