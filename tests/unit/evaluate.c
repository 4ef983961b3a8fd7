/* Metrics against a plain count of the same answers, ranks and their ties, probabilities, gates. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/random.h"
#include "task/evaluate.h"
#include "task/gate.h"
#include "task/scores.h"

enum { CLASSES = 7, SAMPLES = 101, BATCH = 16 };

/* A net whose answer is its input, so that a test chooses the answers. */
struct fixture {
    struct cnn_graph *graph;
    struct cnn_backend *backend;
    struct cnn_net *net;
    struct cnn_feed feed;
    int unasked; /* no target is wished for */
    struct cnn_evaluator *e;
};

static void open_net(struct fixture *f, const char *text, size_t classes, int confusion)
{
    struct cnn_graph_config gc = {.name = "net", .classes = classes, .with_loss = 1};
    struct cnn_net_config nc = {.batch = BATCH};
    assert_int_equal(cnn_graph_build(text, &gc, &f->graph), 0);
    assert_int_equal(cnn_backend_open("cpu", 1, &f->backend), 0);
    assert_int_equal(cnn_net_new(f->graph, f->backend, &nc, &f->net), 0);
    const struct cnn_feed_config fc = {.targets = !f->unasked,
                                       .main = classes ? CNN_FIELD_CLASS : CNN_FIELD_NUMBERS};
    assert_int_equal(cnn_feed_open(&f->feed, f->graph, &fc), 0);
    assert_int_equal(cnn_evaluator_new(f->net, &f->feed, classes, confusion, &f->e), 0);
}

static void close_net(struct fixture *f)
{
    cnn_evaluator_free(f->e);
    cnn_feed_close(&f->feed);
    cnn_net_free(f->net);
    cnn_backend_close(f->backend);
    cnn_graph_free(f->graph);
}

static void add(struct fixture *f, size_t n, const float *x, const int32_t *label,
                const float *vector, const float *weight)
{
    struct cnn_batch_field field = {.label = label, .numbers = vector};
    struct cnn_batch b = {.n = n, .x = x, .fields = 1, .field = &field, .weight = weight};
    assert_int_equal(cnn_evaluator_add(f->e, &b), 0);
}

/* Coarse scores, so that ties are frequent; classes 5 and 6 are never true, 6 is never said. */
static void draw(float *x, int32_t *label, float *weight)
{
    struct cnn_random r;
    cnn_random_start(&r, 1, 2);
    for (size_t i = 0; i < SAMPLES; i++) {
        for (size_t c = 0; c < CLASSES; c++)
            x[i * CLASSES + c] = c == 6 ? -9 : (float)cnn_random_below(&r, 5);
        label[i] = i % 10 == 9 ? -1 : (int32_t)cnn_random_below(&r, 5);
        weight[i] = (float)(1 + cnn_random_below(&r, 3));
    }
}

static size_t plain_rank(const float *x, size_t label)
{
    size_t rank = 0;
    for (size_t c = 0; c < CLASSES; c++)
        rank += x[c] > x[label] || (x[c] == x[label] && c < label);
    return rank;
}

static double plain_loss(const float *x, size_t label)
{
    double sum = 0;
    for (size_t c = 0; c < CLASSES; c++)
        sum += exp((double)x[c]);
    return log(sum) - (double)x[label];
}

static void counts_agree_with_a_plain_count(void **state)
{
    (void)state;
    static float x[SAMPLES * CLASSES], weight[SAMPLES];
    static int32_t label[SAMPLES];
    struct fixture f = {0};
    uint64_t cell[CLASSES][CLASSES] = {{0}};
    double loss = 0, weights = 0;
    size_t labelled = 0, top1 = 0, top5 = 0;
    draw(x, label, weight);
    open_net(&f, "input 7 scale=1; flatten", CLASSES, 1);
    for (size_t i = 0; i < SAMPLES; i += BATCH) {
        size_t n = SAMPLES - i < BATCH ? SAMPLES - i : BATCH;
        add(&f, n, x + i * CLASSES, label + i, NULL, weight + i);
    }
    for (size_t i = 0; i < SAMPLES; i++) {
        const float *s = x + i * CLASSES;
        size_t best = 0;
        if (label[i] < 0)
            continue;
        while (plain_rank(s, best))
            best++;
        cell[label[i]][best]++;
        labelled++;
        top1 += plain_rank(s, (size_t)label[i]) == 0;
        top5 += plain_rank(s, (size_t)label[i]) < 5;
        loss += (double)weight[i] * plain_loss(s, (size_t)label[i]);
        weights += (double)weight[i];
    }
    const struct cnn_metrics *m = cnn_evaluator_metrics(f.e);
    assert_int_equal(m->samples, SAMPLES);
    assert_int_equal(m->labelled, labelled);
    assert_int_equal(m->top1, top1);
    assert_int_equal(m->top5, top5);
    assert_memory_equal(m->confusion, cell, sizeof cell);
    assert_true(fabs(cnn_metrics_loss(m) - loss / weights) <= 1e-6);
    assert_true(cnn_metrics_top1(m) == (double)top1 / (double)labelled);
    close_net(&f);
}

static void classes_that_do_not_occur(void **state)
{
    (void)state;
    static float x[SAMPLES * CLASSES], weight[SAMPLES];
    static int32_t label[SAMPLES];
    struct fixture f = {0};
    double sum = 0;
    draw(x, label, weight);
    open_net(&f, "input 7 scale=1; flatten", CLASSES, 1);
    for (size_t i = 0; i < SAMPLES; i++)
        add(&f, 1, x + i * CLASSES, label + i, NULL, weight + i);
    const struct cnn_metrics *m = cnn_evaluator_metrics(f.e);
    for (size_t c = 0; c < CLASSES; c++) {
        double row = 0, column = 0, hit = (double)m->confusion[c * CLASSES + c];
        for (size_t k = 0; k < CLASSES; k++) {
            row += (double)m->confusion[c * CLASSES + k];
            column += (double)m->confusion[k * CLASSES + c];
        }
        assert_true((double)m->support[c] == row);
        assert_true((double)m->answers[c] == column);
        if (row > 0)
            assert_true(cnn_metrics_recall(m, c) == hit / row);
        if (column > 0)
            assert_true(cnn_metrics_precision(m, c) == hit / column);
        if (row + column > 0) {
            assert_true(cnn_metrics_f1(m, c) == 2 * hit / (row + column));
            sum += 2 * hit / (row + column);
        }
    }
    /* 5 is said but never true; 6 is neither and does not count. */
    assert_true(m->support[5] == 0 && m->answers[5] > 0);
    assert_true(isnan(cnn_metrics_recall(m, 5)) && cnn_metrics_f1(m, 5) == 0);
    assert_true(isnan(cnn_metrics_precision(m, 6)) && isnan(cnn_metrics_f1(m, 6)));
    assert_true(fabs(cnn_metrics_macro_f1(m) - sum / 6) <= 1e-15);
    close_net(&f);
}

static void ties_and_nans(void **state)
{
    (void)state;
    const float x[3 * 4] = {1, 3, 3, 0, NAN, 1, NAN, 0, NAN, NAN, NAN, NAN};
    const int32_t label[] = {2, 1, 0};
    const float weight[] = {1, 1, 1};
    struct fixture f = {0};
    open_net(&f, "input 4 scale=1; flatten", 4, 1);
    add(&f, 3, x, label, NULL, weight);
    const struct cnn_metrics *m = cnn_evaluator_metrics(f.e);
    /* the first is lost to the smaller index, the last has no answer at all */
    assert_int_equal(m->top1, 1);
    assert_int_equal(m->top5, 2);
    assert_int_equal(m->confusion[2 * 4 + 1], 1);
    assert_int_equal(m->confusion[1 * 4 + 1], 1);
    assert_int_equal(m->hits[0], 0);
    assert_true(isnan(cnn_metrics_loss(m)));
    cnn_evaluator_reset(f.e);
    assert_int_equal(m->samples + m->labelled + m->confusion[5] + m->support[1], 0);
    close_net(&f);
}

static void vectors(void **state)
{
    (void)state;
    const float x[] = {1, 2, 3, 4}, t[] = {0, 2, 5, 1}, weight[] = {1, 3};
    struct fixture f = {0};
    open_net(&f, "input 2 scale=1; flatten; mse", 0, 0);
    add(&f, 2, x, NULL, t, weight);
    const struct cnn_metrics *m = cnn_evaluator_metrics(f.e);
    assert_int_equal(m->classes, 0);
    assert_int_equal(m->values, 4);
    assert_true(cnn_metrics_mse(m) == (1 + 0 + 4 + 9) / 4.0);
    assert_true(cnn_metrics_mae(m) == (1 + 0 + 2 + 3) / 4.0);
    assert_true(m->weight_sum == 4);
    close_net(&f);
}

static void no_targets(void **state)
{
    (void)state;
    const float x[] = {1, 2, 3, 4}, weight[] = {1, 1};
    struct fixture f = {.unasked = 1};
    open_net(&f, "input 2 scale=1; flatten", 2, 0);
    add(&f, 2, x, NULL, NULL, weight);
    assert_memory_equal(cnn_evaluator_scores(f.e), x, sizeof x);
    assert_int_equal(cnn_evaluator_metrics(f.e)->samples, 2);
    assert_true(cnn_metrics_loss(cnn_evaluator_metrics(f.e)) == 0);
    close_net(&f);
}

static void top_k(void **state)
{
    (void)state;
    const float s[] = {2, NAN, 5, 2, 5, 0, NAN};
    const size_t want[] = {2, 4, 0, 3, 5, 1, 6};
    for (size_t k = 0; k <= 7; k++) {
        size_t got[8] = {99, 99, 99, 99, 99, 99, 99, 99};
        cnn_scores_top(s, 7, k, got);
        assert_memory_equal(got, want, k * sizeof *want);
        assert_int_equal(got[k], 99);
    }
    for (size_t k = 0; k < 7; k++)
        assert_int_equal(cnn_rank(s, 7, want[k]), k);
}

static void probabilities(void **state)
{
    (void)state;
    float x[] = {1000, 1001, 999}, p[3];
    cnn_scores_convert(CNN_SCORES_SOFTMAX, x, 3, p);
    double sum = exp(-1) + 1 + exp(-2);
    assert_true(fabs((double)p[0] - exp(-1) / sum) <= 1e-7);
    assert_true(fabs((double)p[1] - 1 / sum) <= 1e-7);
    float y[] = {0, -200, 200};
    cnn_scores_convert(CNN_SCORES_LOGISTIC, y, 3, y);
    assert_true(y[0] == 0.5f && y[1] >= 0 && y[1] < 1e-30f && y[2] == 1);
}

static enum cnn_scores kind(const char *text, size_t classes)
{
    struct cnn_graph_config gc = {.name = "net", .classes = classes, .with_loss = 1};
    struct cnn_graph *g;
    assert_int_equal(cnn_graph_build(text, &gc, &g), 0);
    enum cnn_scores k = cnn_scores_kind(g, classes);
    cnn_graph_free(g);
    return k;
}

static void what_makes_probabilities(void **state)
{
    (void)state;
    assert_int_equal(kind("input 3; dense classes", 3), CNN_SCORES_SOFTMAX);
    assert_int_equal(kind("input 3; dense classes; softmax", 3), CNN_SCORES_AS_THEY_ARE);
    assert_int_equal(kind("input 3; dense classes; bce", 3), CNN_SCORES_LOGISTIC);
    assert_int_equal(kind("input 3; dense classes; sigmoid; bce", 3), CNN_SCORES_AS_THEY_ARE);
    assert_int_equal(kind("input 3; dense classes; mse", 3), CNN_SCORES_AS_THEY_ARE);
    assert_int_equal(kind("input 3; dense classes; hinge", 3), CNN_SCORES_MARGINS);
    assert_int_equal(kind("input 3; dense 1; hinge", 2), CNN_SCORES_MARGINS);
    assert_int_equal(kind("input 3; dense classes; squaredhinge", 3), CNN_SCORES_MARGINS);
    assert_int_equal(kind("input 3; dense 1; bce", 2), CNN_SCORES_LOGISTIC);
    assert_int_equal(kind("input 3; dense 1; sigmoid; bce", 2), CNN_SCORES_AS_THEY_ARE);
    assert_int_equal(kind("input 3; dense 5; mse", 0), CNN_SCORES_AS_THEY_ARE);
}

static void gates(void **state)
{
    (void)state;
    struct cnn_metrics m = {.labelled = 100, .top1 = 91, .top5 = 99, .classes = 10};
    static const struct {
        const char *text;
        int met;
    } good[] = {
        {"top1>=0.91", 1},  {"top1>0.91", 0},   {"top1<=0.91", 1}, {"top1<0.91", 0},
        {"error<=9e-2", 1}, {" top5 >= 1 ", 0}, {"top5>=.99", 1},
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        struct cnn_gate g;
        int rc = cnn_gate_parse(good[i].text, &g);
        if (good[i].text[0] == ' ')
            assert_int_equal(rc, CNN_EUSAGE); /* nothing behind the number */
        else
            assert_int_equal(rc, 0);
        if (!rc)
            assert_int_equal(cnn_gate_met(&g, &m), good[i].met);
    }
    static const char *const bad[] = {
        "",          "top1",    "top1=0.9", "top1>=",     "top1>=x", "top2>=0.5",
        "top1>=nan", "top1==1", ">=1",      "top1>=0.9x", "top1>=>1"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct cnn_gate g;
        assert_int_equal(cnn_gate_parse(bad[i], &g), CNN_EUSAGE);
        assert_non_null(strstr(cnn_error_message(), bad[i]));
    }
    /* NaN meets nothing */
    struct cnn_metrics lost = {.loss_sum = NAN, .weight_sum = 1};
    static const char *const all[] = {"loss>=0", "loss<=9", "loss>0", "loss<9"};
    for (size_t i = 0; i < 4; i++) {
        struct cnn_gate g;
        assert_int_equal(cnn_gate_parse(all[i], &g), 0);
        assert_int_equal(cnn_gate_met(&g, &lost), 0);
    }
}

/* Rows that are not there, or that a layer dropped, are no answers, right as they may be. */
static void rows_count_where_they_are_real(void **state)
{
    (void)state;
    enum { N = 3, ROWS = 4 };
    static const char *const text[] = {"input 3 rows=4; dropout 0; xent target=tags",
                                       "input 3 rows=4; rowfilter 0.5 channel=2; xent target=tags"};
    static const int32_t real_rows[N] = {4, 2, 3}, label[N * ROWS], want[] = {4 + 2 + 3, 2 + 1 + 1};
    float x[N * ROWS * 3], weight[N] = {1, 1, 1};
    for (int i = 0; i < N * ROWS; i++) {
        x[3 * i] = 9;
        x[3 * i + 1] = 0;
        x[3 * i + 2] = (float)(i % 2);
    }
    for (int k = 0; k < 2; k++) {
        struct cnn_net_config nc = {.batch = BATCH, .training = 1};
        struct fixture f = {0};
        double sum, weights, hits, labelled;
        open_net(&f, text[k], 0, 0);
        struct cnn_batch_field field = {.label = label, .rows = real_rows};
        struct cnn_batch b = {
            .n = N, .x = x, .rows = real_rows, .fields = 1, .field = &field, .weight = weight};
        assert_int_equal(cnn_evaluator_add(f.e, &b), 0);
        assert_int_equal(cnn_evaluator_metrics(f.e)->labelled, want[k]);
        assert_int_equal(cnn_evaluator_metrics(f.e)->top1, want[k]);
        struct cnn_net *net;
        assert_int_equal(cnn_net_new(f.graph, f.backend, &nc, &net), 0);
        struct cnn_batch_view v = cnn_feed_view(&f.feed, &b, weight);
        assert_int_equal(cnn_net_forward(net, &v, 1, 0, 0), 0);
        assert_int_equal(cnn_net_loss(net, &sum, &weights), 0);
        cnn_net_hits(net, 0, &hits, &labelled);
        assert_true(hits == want[k] && labelled == want[k]);
        cnn_net_free(net);
        close_net(&f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_count_where_they_are_real),
        cmocka_unit_test(counts_agree_with_a_plain_count),
        cmocka_unit_test(classes_that_do_not_occur),
        cmocka_unit_test(ties_and_nans),
        cmocka_unit_test(vectors),
        cmocka_unit_test(no_targets),
        cmocka_unit_test(top_k),
        cmocka_unit_test(probabilities),
        cmocka_unit_test(what_makes_probabilities),
        cmocka_unit_test(gates),
    };
    return cmocka_run_group_tests_name("evaluate", tests, NULL, NULL);
}
