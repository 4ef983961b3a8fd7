/* Metrics of label images against a plain count: intersection over union, recall, F1 of boundaries; pixels without a class
 * count for none of them. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/random.h"
#include "task/boundary.h"
#include "task/evaluate.h"

enum { CLASSES = 5, N = 3, H = 6, W = 7, PLANE = H * W };

struct fixture {
    struct cnn_graph *graph;
    struct cnn_backend *backend;
    struct cnn_net *net;
    struct cnn_feed feed;
    struct cnn_evaluator *e;
};

/* The answer is the input. */
static void open_net(struct fixture *f, const char *text)
{
    struct cnn_graph_config gc = {.name = "net", .with_loss = 1};
    struct cnn_net_config nc = {.batch = N};
    const struct cnn_feed_config fc = {.targets = 1, .main = CNN_FIELD_NUMBERS};
    assert_int_equal(cnn_graph_build(text, &gc, &f->graph), 0);
    assert_int_equal(cnn_backend_open("cpu", 1, &f->backend), 0);
    assert_int_equal(cnn_net_new(f->graph, f->backend, &nc, &f->net), 0);
    assert_int_equal(cnn_feed_open(&f->feed, f->graph, &fc), 0);
    assert_int_equal(cnn_evaluator_new(f->net, &f->feed, 0, 0, &f->e), 0);
    assert_int_equal(cnn_evaluator_look_at_boundaries(f->e), 0);
}

static void close_net(struct fixture *f)
{
    cnn_evaluator_free(f->e);
    cnn_feed_close(&f->feed);
    cnn_net_free(f->net);
    cnn_backend_close(f->backend);
    cnn_graph_free(f->graph);
}

static void add(struct fixture *f, const float *x, const int32_t *label)
{
    static const float weight[N] = {1, 1, 1};
    struct cnn_batch_field field = {.label = label};
    struct cnn_batch b = {.n = N, .x = x, .fields = 1, .field = &field, .weight = weight};
    assert_int_equal(cnn_evaluator_add(f->e, &b), 0);
}

/* Class 3 is never true, 4 neither true nor said; a quarter of the pixels has no class. */
static void draw(float *x, int32_t *label, int32_t *said)
{
    struct cnn_random r;
    cnn_random_start(&r, 1, 2);
    for (size_t i = 0; i < (size_t)N * PLANE; i++) {
        label[i] = cnn_random_below(&r, 4) ? (int32_t)cnn_random_below(&r, 3) : -1;
        said[i] = (int32_t)cnn_random_below(&r, 4);
        for (size_t c = 0; c < CLASSES; c++)
            x[(i / PLANE * CLASSES + c) * PLANE + i % PLANE] = (int32_t)c == said[i];
    }
}

static int is_edge(const int32_t *label, const int32_t *of, int y, int x)
{
    static const int step[4][2] = {{-1, 0}, {1, 0}, {0, -1}, {0, 1}};
    for (int k = 0; label[y * W + x] >= 0 && k < 4; k++) {
        int i = y + step[k][0], j = x + step[k][1];
        if (i >= 0 && i < H && j >= 0 && j < W && label[i * W + j] >= 0 &&
            of[i * W + j] != of[y * W + x])
            return 1;
    }
    return 0;
}

/* The part of the class's edge in `own` that has one of `other` beside it or at it; -1: it has no edge. */
static double met(const int32_t *label, const int32_t *own, const int32_t *other, int32_t class)
{
    double all = 0, near = 0;
    for (int p = 0; p < PLANE; p++) {
        int found = 0;
        if (own[p] != class || !is_edge(label, own, p / W, p % W))
            continue;
        for (int q = 0; q < PLANE; q++)
            found |= abs(p / W - q / W) + abs(p % W - q % W) <= 1 && other[q] == class &&
                     is_edge(label, other, q / W, q % W);
        all++;
        near += found;
    }
    return all > 0 ? near / all : -1;
}

static double plain_boundary(const int32_t *label, const int32_t *said, int32_t class)
{
    double sum = 0, images = 0;
    for (int i = 0; i < N; i++) {
        const int32_t *t = label + i * PLANE, *a = said + i * PLANE;
        double recall = met(t, t, a, class), precision = met(t, a, t, class);
        if (recall < 0 && precision < 0)
            continue;
        images++;
        if (recall > 0 && precision > 0)
            sum += 2 * precision * recall / (precision + recall);
    }
    return images > 0 ? sum / images : (double)NAN;
}

static void agree_with_a_plain_count(void **state)
{
    (void)state;
    static float x[N * CLASSES * PLANE];
    static int32_t label[N * PLANE], said[N * PLANE];
    struct fixture f = {0};
    double iou = 0, recall = 0, boundary = 0;
    draw(x, label, said);
    open_net(&f, "input 5x6x7 scale=1; dropout 0; xent target=seg");
    add(&f, x, label);
    const struct cnn_metrics *m = cnn_evaluator_metrics(f.e);
    assert_true(m->pixels);
    for (int32_t c = 0; c < CLASSES; c++) {
        double both = 0, either = 0, true_ones = 0, edge = plain_boundary(label, said, c);
        for (int p = 0; p < N * PLANE; p++) {
            both += label[p] == c && said[p] == c;
            either += label[p] >= 0 && (label[p] == c || said[p] == c);
            true_ones += label[p] == c;
        }
        if (c == 4) {
            assert_true(isnan(cnn_metrics_iou(m, 4)) && isnan(cnn_metrics_boundary_f1(m, 4)));
            continue;
        }
        assert_true(cnn_metrics_iou(m, (size_t)c) == both / either);
        assert_true(fabs(cnn_metrics_boundary_f1(m, (size_t)c) - edge) <= 1e-15);
        iou += both / either / 4;
        boundary += edge / 4;
        recall += c < 3 ? both / true_ones / 3 : 0;
    }
    assert_true(fabs(cnn_metrics_mean_iou(m) - iou) <= 1e-15);
    assert_true(fabs(cnn_metrics_mean_accuracy(m) - recall) <= 1e-15);
    assert_true(fabs(cnn_metrics_mean_boundary_f1(m) - boundary) <= 1e-15);
    cnn_evaluator_reset(f.e);
    assert_true(m->pixels && m->boundaries[0] == 0 && isnan(cnn_metrics_boundary_f1(m, 0)));
    close_net(&f);
}

/* A number for both of two classes: above 0 it is the second. */
static void one_number_for_two_classes(void **state)
{
    (void)state;
    static float x[N * PLANE];
    static int32_t label[N * PLANE];
    struct fixture f = {0};
    for (int p = 0; p < N * PLANE; p++) {
        x[p] = p % 4 < 2 ? -1 : 1;
        label[p] = p % 4 == 3;
    }
    x[2] = -1;
    open_net(&f, "input 1x6x7 scale=1; dropout 0; bce target=seg");
    add(&f, x, label);
    const struct cnn_metrics *m = cnn_evaluator_metrics(f.e);
    double hits = 0, said = 0;
    for (int p = 0; p < N * PLANE; p++) {
        hits += label[p] && x[p] > 0;
        said += x[p] > 0;
    }
    assert_int_equal(m->classes, 2);
    assert_true(cnn_metrics_iou(m, 1) == hits / said);
    close_net(&f);
}

/* 300x400 pixels have a diagonal of 500, of which 0.75 % are 3.75. */
static void near_is_a_share_of_the_diagonal(void **state)
{
    (void)state;
    enum { ROWS = 300, COLUMNS = 400, SIDE = 100 };
    struct cnn_boundary b = {0};
    int32_t *truth = calloc(ROWS * COLUMNS, sizeof *truth);
    int32_t *answer = calloc(ROWS * COLUMNS, sizeof *answer);
    assert_true(truth && answer);
    for (size_t shift = 3; shift <= 4; shift++) {
        struct cnn_metrics m;
        assert_int_equal(cnn_metrics_open(&m, 2, 0), 0);
        assert_int_equal(cnn_metrics_open_boundaries(&m), 0);
        memset(answer, 0, ROWS * COLUMNS * sizeof *answer);
        for (size_t y = SIDE; y < 2 * SIDE; y++)
            for (size_t x = SIDE; x < 2 * SIDE; x++)
                truth[y * COLUMNS + x] = answer[(y + shift) * COLUMNS + x] = 1;
        assert_int_equal(cnn_boundary_count(&b, ROWS, COLUMNS, truth, answer, &m), 0);
        /* of the 396 pixels of the edge: none of the nearer row, eight of the other */
        assert_true(cnn_metrics_boundary_f1(&m, 1) == (shift == 3 ? 1 : 204.0 / 396));
        cnn_metrics_close(&m);
    }
    cnn_boundary_free(&b);
    free(truth);
    free(answer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agree_with_a_plain_count),
        cmocka_unit_test(one_number_for_two_classes),
        cmocka_unit_test(near_is_a_share_of_the_diagonal),
    };
    return cmocka_run_group_tests_name("evaluate_pixels", tests, NULL, NULL);
}
