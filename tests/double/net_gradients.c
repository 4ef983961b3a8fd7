/* Gradients of whole nets in double precision, against differences of the loss: nets whose layers
 * are read in several places. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "net/net_private.h"

enum { BATCH = 3, ROWS = 4, CHECKED = 12, NUMBERS = 1000 };

struct fixture {
    struct cnn_backend *backend;
    struct cnn_graph *graph;
    struct cnn_net *net;
    float *x, *other; /* of two inputs */
    int32_t label[BATCH * ROWS];
    float *numbers;
    const int32_t *rows;
};

static float draw(struct cnn_random *r)
{
    return (float)cnn_random_range(r, -1, 1);
}

static void open_net(struct fixture *f, const char *text)
{
    struct cnn_graph_config config = {.input = {2, 8, 8}, .with_loss = 1};
    struct cnn_net_config nc = {.batch = BATCH, .training = 1};
    struct cnn_random r;
    size_t count;
    cnn_random_start(&r, 1, 2);
    assert_int_equal(cnn_backend_open("cpu", 2, &f->backend), 0);
    if (cnn_graph_build(text, &config, &f->graph))
        fail_msg("%s", cnn_error_message());
    assert_int_equal(cnn_net_new(f->graph, f->backend, &nc, &f->net), 0);
    assert_int_equal(cnn_net_init(f->net, 1, CNN_INIT_DEFAULT), 0);
    real *values = cnn_net_slab_values(f->net, &count);
    for (size_t i = 0; i < count; i++) /* away from zeros and ones */
        values[i] += (real)(0.3 * (double)draw(&r));
    count = BATCH * f->graph->input->rows * cnn_chw_count(f->graph->input->shape);
    f->x = malloc(count * sizeof *f->x);
    f->other = malloc(count * sizeof *f->other);
    assert_true(f->x && f->other);
    for (size_t i = 0; i < count; i++)
        f->x[i] = draw(&r);
    for (size_t i = 0; i < count; i++)
        f->other[i] = draw(&r);
    for (int i = 0; i < BATCH * ROWS; i++)
        f->label[i] = i % 3;
    f->numbers = malloc(NUMBERS * sizeof *f->numbers);
    assert_non_null(f->numbers);
    for (int i = 0; i < NUMBERS; i++)
        f->numbers[i] = draw(&r);
}

static void close_net(struct fixture *f)
{
    cnn_net_free(f->net);
    cnn_graph_free(f->graph);
    cnn_backend_close(f->backend);
    free(f->x);
    free(f->other);
    free(f->numbers);
}

/* Targets called numbers are those, others classes. */
static void forward(struct fixture *f)
{
    struct cnn_target_view target[4] = {{0}};
    for (int i = 0; i < f->graph->targets; i++)
        if (!strcmp(f->graph->target[i].name, "numbers"))
            target[i].vector = f->numbers;
        else
            target[i].label = f->label;
    const float *others[] = {f->other};
    struct cnn_batch_view batch = {
        .n = BATCH, .x = f->x, .others = others, .target = target, .rows = f->rows};
    assert_int_equal(cnn_net_forward(f->net, &batch, 1, 0, 0), 0);
}

/* Of the rows of a sample's answers: those that its targets have, or as many of them as the net says. */
static size_t seen_rows(const struct fixture *f, int loss, size_t sample)
{
    const struct cnn_node *node = &f->graph->node[loss];
    size_t rows = node->layer.rows;
    if (f->rows && rows > 1)
        rows = (size_t)f->rows[sample];
    if (node->counter >= f->graph->inputs) {
        size_t counted = (size_t)cnn_net_counts(f->net, loss)[sample];
        rows = counted < rows ? counted : rows;
    }
    return rows;
}

/* What backward differentiates, in full precision: the mean over samples of the mean over their
 * real rows. */
static double loss(struct fixture *f)
{
    double sum = 0;
    forward(f);
    for (int i = f->graph->first_loss; i < f->graph->nodes; i++) {
        const struct cnn_node *node = &f->graph->node[i];
        const real *y = f->net->node[i].value.data;
        size_t rows = node->layer.rows;
        for (size_t k = 0; k < BATCH * rows; k++) {
            size_t seen = seen_rows(f, i, k / rows);
            if (k % rows < seen)
                sum += node->loss_weight * (double)y[k] / (double)(BATCH * seen);
        }
    }
    return sum;
}

static void check_param(struct fixture *f, const struct cnn_net_param *p, const char *text)
{
    size_t count = cnn_shape_count(&p->shape), step = count > CHECKED ? count / CHECKED : 1;
    real *value = p->value.data;
    const real *gradient = p->gradient.data;
    const double h = 1e-5;
    for (size_t i = 0; i < count; i += step) {
        real saved = value[i];
        value[i] = (real)((double)saved + h);
        double above = loss(f);
        value[i] = (real)((double)saved - h);
        double below = loss(f), want = (above - below) / (2 * h);
        value[i] = saved;
        double error = fabs((double)gradient[i] - want);
        if (!(error <= 1e-7 * (1 + fabs(want))))
            fail_msg("%s\n%s[%zu]: gradient %.12g, difference %.12g", text, p->name, i,
                     (double)gradient[i], want);
    }
}

static void check_rows(const char *text, const int32_t *rows)
{
    struct fixture f = {.rows = rows};
    size_t params;
    open_net(&f, text);
    assert_int_equal(cnn_net_zero_gradients(f.net), 0);
    loss(&f);
    assert_int_equal(cnn_net_backward(f.net, 1), 0);
    const struct cnn_net_param *param = cnn_net_params(f.net, &params);
    for (size_t i = 0; i < params; i++)
        if (param[i].trained)
            check_param(&f, &param[i], text);
    close_net(&f);
}

static void check_net(const char *text)
{
    check_rows(text, NULL);
}

/* Values that are read further below, past others: a U, a value that is read three times, layers
 * that read one value in another order than they stand in. */
static void read_by_name(void **state)
{
    (void)state;
    check_net("repeat 3 as i { e(i): conv 3+i 3 pad=1; bn; tanh }\n"
              "conv 4 3 pad=1; tanh\n"
              "repeat 2 as i { concat from=tanh(4-i),e(1-i); conv 4 3 pad=1; d(i): tanh }\n"
              "dense 3");
    check_net("a: conv 4 3 pad=1; tanh; b: conv 4 3 pad=1 from=a; c: bn from=a\n"
              "sum from=c,tanh1,a,b; tanh; sum from=tanh2,a; dense 3");
    check_net("a: conv 4 3 pad=1; b: conv 4 3 pad=1 from=input; tanh from=a; bn from=b\n"
              "sum { conv 4 1 from=b } { none from=tanh1 } { }; relu; dense 3");
}

/* A layer twice with the same weights, one after the other and side by side: gradients add up. */
static void shared_parameters(void **state)
{
    (void)state;
    check_net(
        "a: conv 2 3 pad=1; tanh; b: conv 2 3 pad=1 share=a; tanh; conv 2 3 pad=1 share=b; bn; "
        "dense 3");
    check_net("a: conv 4 3 pad=1; n: bn; tanh\n"
              "b: conv 4 3 pad=1 share=a from=input; bn share=n; relu\n"
              "sum from=relu1,tanh1; dense 3");
    check_net("a: dense 3; aux 0.5 from=input { dense 3 share=a }");
}

/* Two inputs through shared weights, and a distance that is learned: a siamese pair. */
static void a_pair(void **state)
{
    (void)state;
    check_net("input left 2x8x8; input right 2x8x8\n"
              "eye: conv 3 3; tanh; b: conv 4 3; left.code: tanh\n"
              "conv 3 3 from=right share=eye; tanh; conv 4 3 share=b; right.code: tanh\n"
              "concat from=left.code,right.code; dense 5; tanh; dense 3");
    check_net("input 2x8x8; input other 2x8x8; sum from=other,input; conv 3 3; relu; dense 3");
}

/* Two heads of different shapes, each with its loss, its target and its weight. */
static void two_heads(void **state)
{
    (void)state;
    check_net("conv 4 3 pad=1; trunk: tanh; kind: dense 3\n"
              "place: conv 2 3 from=trunk; tanh\n"
              "xent on=kind target=class weight=0.7\n"
              "mse on=tanh2 target=numbers weight=0.4");
    check_net("conv 4 3 pad=1; trunk: tanh; aux 0.3 { dense 3 }; a: dense 3; softmax\n"
              "b: dense 5 from=trunk; b2: sigmoid\n"
              "xent on=softmax1; bce on=b2 target=numbers weight=2; mse on=b target=numbers");
}

/* Outputs that are read several times, by several, by losses or not at all. */
static void several_outputs(void **state)
{
    (void)state;
    check_net("conv 6 3 pad=1; tanh; s: split 3; conv 2 3 pad=1 from=s.1; t: tanh\n"
              "sum from=s,t,s.2; dense 3");
    check_net("conv 7 3; bn; s: split 1,4,2; relu from=s.1; dense 3");
    check_net("conv 4 3 pad=1; split 2; b: relu; c: tanh from=split1.1\n"
              "concat from=b,c,split1.1; dense 3");
    check_net("conv 4 3; s: split 2; aux 0.3 from=s.1 { dense 3 }; dense 3");
    check_net("dense 6; s: split 2; tanh\n"
              "xent on=s.1 target=class; mse on=tanh1 target=numbers");
    check_net("input 2x5x5 rows=4; conv 6 3; s: split 4,2; rows 1 from=s.1; dense 3");
}

/* A layer with the same weights for each row, rows that some samples lack, rows as channels. */
static void rows(void **state)
{
    static const int32_t real_rows[BATCH] = {4, 1, 3};
    (void)state;
    check_net("input 2x5x5 rows=4; conv 3 3; bn; tanh; dense 4; tanh; rows 1; dense 3");
    check_net("conv 8 3; tanh; rows 4; conv 3 1; relu; dense 6; rows 2; tanh; rows 1; dense 3");
    check_rows("input 2x5x5 rows=4; conv 3 3; tanh; dense 3", real_rows);
    check_rows("input 2x5x5 rows=4; conv 3 3; all: tanh; each: dense 3; rows 1 from=all; dense 5\n"
               "xent on=each target=class; mse target=numbers weight=0.5",
               real_rows);
}

/* Layers that look at real rows alone, that say how many are real from there on, and losses behind
 * them. */
static void counted_rows(void **state)
{
    static const int32_t real_rows[BATCH] = {4, 1, 3};
    static const char *const nets[] = {
        "input 2x5x5 rows=4; conv 3 3; tanh; dense 4; rowpool mean; dense 3",
        "input 2x5x5 rows=4; conv 3 3; bn; tanh; rowpool max; dense 3",
        "input 2x5x5 rows=4; conv 6 3; s: split 3; tanh; a: rowpool last from=s.1\n"
        "b: rowpool from=tanh1; concat from=a,b; dense 3",
        "input 2x5x5 rows=4; dense 6; tanh; rowfilter -0.1; dense 5; tanh; rowpool; dense 3",
        "input 2x5x5 rows=4; conv 4 2x3x3 groups=2; tanh; maxpool 2x3x3; dense 4; rowpool; dense 3",
        "input 2x5x5 rows=4; conv 3 3x3x3 pad=1; bn; tanh; avgpool 4x1x1; conv 2 3; dense 3",
        "input 2x5x5 rows=4; dense 6; rowfilter 0 channel=2; dense 4; tanh; rowpool last; dense 3",
        "input 2x5x5 rows=4; dense 6; tanh; rowfilter -0.1; dense 3",
        "input 2x5x5 rows=4; dense 6; tanh; f: rowfilter -0.1; a: dense 3; b: dense 4 from=f\n"
        "xent on=a target=class; mse on=b target=numbers weight=0.5",
    };
    (void)state;
    for (size_t i = 0; i < sizeof nets / sizeof *nets; i++) {
        check_rows(nets[i], real_rows);
        check_rows(nets[i], NULL);
    }
}

/* Of several losses the sum that training is told, and the weights of samples. */
static void sum_of_losses(void **state)
{
    (void)state;
    struct fixture f = {0};
    double sum, weight;
    open_net(&f, "a: dense 3; b: dense 4 from=input\n"
                 "xent on=a target=class weight=0.7; mse on=b target=numbers weight=0.4");
    double expected = loss(&f);
    assert_int_equal(cnn_net_loss(f.net, &sum, &weight), 0);
    assert_true(weight == BATCH);
    assert_true(fabs(sum / weight - expected) < 1e-6 * fabs(expected));
    close_net(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(read_by_name),
        cmocka_unit_test(shared_parameters),
        cmocka_unit_test(a_pair),
        cmocka_unit_test(two_heads),
        cmocka_unit_test(rows),
        cmocka_unit_test(sum_of_losses),
        cmocka_unit_test(several_outputs),
        cmocka_unit_test(counted_rows),
    };
    return cmocka_run_group_tests_name("net_gradients", tests, NULL, NULL);
}
