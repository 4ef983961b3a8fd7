/* Nets on a GPU against the same nets on the CPU: outputs, losses and all gradients, in each
 * precision. Skipped where there is no device. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/random.h"
#include "net/net.h"
#include "net/optimize.h"

enum { BATCH = 5, STEPS = 5 };

/* Every layer, every way to convolve; sizes odd and even. */
static const char *const nets[] = {
    "input 3x15x13; conv 8 3 pad=1; bn; relu; maxpool 3 stride=2; conv 16 3 pad=1 bias=0; bn; "
    "relu6;"
    "avgpool global; dense 4",
    "input 1x12x12; conv 6 5 pad=2; tanh; avgpool 2; conv 16 5 pad=2; sigmoid; flatten; dense 20;"
    "leakyrelu 0.1; dropout 0.4; dense 3",
    "input 8x9x11; sum { conv 16 3 stride=2 pad=1 bias=0; bn; relu; conv 16 3 pad=1 bias=0; bn }"
    "{ conv 16 1 stride=2 bias=0; bn }; relu; concat { conv 8 1; relu } { maxpool 3 stride=1 pad=1 "
    "}"
    "{ conv 24 3 pad=1 groups=8; relu }; conv 40 1 bias=0; bn; relu; avgpool global; dense 5",
    "input 4x16x10; conv 24 1; relu6; conv 24 3 pad=1 groups=24 bias=0; bn; relu6;"
    "conv 24 5 stride=2 pad=2 groups=24; relu; conv 10 3 dilation=2 pad=2 stride=3; "
    "adaptiveavgpool 2;"
    "dense 3",
    "input 16x8x8; sum { conv 32 3 stride=2 pad=1; bn } { subsample 32 2 }; relu;"
    "maxpool 2 stride=1; conv 6 3; softmax",
    "input 6x7x7; conv 12 3 pad=1; relu; conv 2 1; mse",
    "input 6x7x5; conv 12 2x3 stride=2x1; relu; flatten; dense 70; relu; dense 4; bce",
    "input 3x10x10; a: conv 8 3 pad=1; bn; relu; b: conv 8 3 pad=1; conv 8 3 pad=1 share=b;"
    "c: bn; sum from=c,relu1,a; relu; concat from=relu2,a; avgpool global; dense 3",
    "input 6x9x9; conv 12 3 pad=1; bn; s: split 5,7; relu; conv 4 3 pad=1 from=s.1; t: tanh\n"
    "concat from=relu1,t,s.1; avgpool global; dense 3",
    "input 2x7x6 rows=5; conv 6 3x3x3 pad=1; bn; relu; maxpool 3x2x2 stride=2 pad=1x0x0;"
    "conv 8 2x3x3 pad=0x1x1 groups=2; relu; avgpool 2x2x3; dense 3",
};
enum { NETS = sizeof nets / sizeof *nets };

/* A net after some training steps, in host memory. */
struct result {
    size_t outputs, params;
    float *out, *gradients,
        *after;  /* gradients of the first step; parameters and statistics at last */
    double loss; /* of the last step */
};

static int have_cuda(void)
{
    struct cnn_backend *b;
    int rc = cnn_backend_open("cuda", 0, &b);
    if (rc)
        print_message("%s\n", cnn_error_message());
    else
        cnn_backend_close(b);
    return !rc;
}

static float *draws(size_t count, uint64_t stream)
{
    float *x = malloc((count + 1) * sizeof *x);
    struct cnn_random r;
    assert_non_null(x);
    cnn_random_start(&r, 3, stream);
    for (size_t i = 0; i < count; i++)
        x[i] = (float)cnn_random_range(&r, -1, 1);
    return x;
}

static size_t elements(struct cnn_net *net)
{
    size_t count, all = 0;
    struct cnn_net_param *p = cnn_net_params(net, &count);
    for (size_t i = 0; i < count; i++)
        all += cnn_shape_count(&p[i].shape);
    return all;
}

/* All parameters and statistics (or the gradients of those that have them), one after the other. */
static float *collect(struct cnn_net *net, int gradients)
{
    size_t count, at = 0;
    struct cnn_net_param *p = cnn_net_params(net, &count);
    struct cnn_backend *b = cnn_net_backend(net);
    float *all = calloc(elements(net) + 1, sizeof *all);
    assert_non_null(all);
    for (size_t i = 0; i < count; i++) {
        if (!gradients)
            cnn_net_param_get(net, &p[i], all + at);
        else if (p[i].trained && !p[i].frozen)
            b->ops->download(b, all + at, &p[i].gradient);
        at += cnn_shape_count(&p[i].shape);
    }
    assert_int_equal(b->ops->sync(b), 0);
    return all;
}

static void run(const char *device, enum cnn_precision precision, const char *text,
                struct result *r)
{
    struct cnn_graph *graph;
    struct cnn_backend *b;
    struct cnn_net *net;
    struct cnn_graph_config config = {.name = "net", .with_loss = 1};
    struct cnn_net_config nc = {.batch = BATCH, .training = 1, .optimizer_slabs = 1};
    if (cnn_graph_build(text, &config, &graph))
        fail_msg("%s", cnn_error_message());
    assert_int_equal(cnn_backend_open(device, 2, &b), 0);
    assert_int_equal(cnn_backend_set_precision(b, precision), 0);
    assert_int_equal(cnn_net_new(graph, b, &nc, &net), 0);
    assert_int_equal(cnn_net_init(net, 1, CNN_INIT_DEFAULT), 0);
    struct cnn_chw logits = graph->node[graph->logits].layer.out;
    size_t targets = cnn_chw_count(logits), positions = logits.h * logits.w;
    float *x = draws(BATCH * graph->node[0].layer.rows * cnn_chw_count(graph->input->shape), 1);
    float *vector = draws(BATCH * targets, 2), weight[BATCH] = {1, 0.5f, 2, 1, 1};
    int32_t *label = calloc(BATCH * positions, sizeof *label);
    for (size_t i = 0; i < BATCH * targets; i++)
        vector[i] = fabsf(vector[i]);
    for (size_t i = 0; i < BATCH * positions; i++)
        label[i] = i % 11 == 7 ? -1 : (int32_t)(i % logits.c);
    int numbers = strstr(text, "; mse") || strstr(text, "; bce");
    struct cnn_target_view target = {.label = numbers ? NULL : label,
                                     .vector = numbers ? vector : NULL};
    struct cnn_batch_view batch = {.x = x, .target = &target, .weight = weight};
    size_t count;
    real *w = cnn_net_slab_values(net, &count);
    for (int k = 0; k < STEPS;
         k++) { /* the last of fewer samples, and between two that are alike */
        struct cnn_update step = {.rate = 0.05, .momentum = 0.9, .l2 = 0.01, .clip_scale = 1};
        double weights;
        batch.n = k == STEPS - 2 ? BATCH - 1 : BATCH;
        step.step = (uint64_t)k + 1;
        if (cnn_net_zero_gradients(net) || cnn_net_forward(net, &batch, 1, 9, step.step) ||
            cnn_net_loss(net, &r->loss, &weights) || cnn_net_backward(net, 0.5))
            fail_msg("%s", cnn_error_message());
        if (k == 0)
            r->gradients = collect(net, 1);
        real *const state[] = {cnn_net_slab_state(net, 0)};
        b->kernels->update(&b->queue, CNN_RULE_sgd, &step, count, w, cnn_net_slab_gradients(net),
                           state);
    }
    r->outputs = batch.n * cnn_chw_count(graph->node[graph->output].layer.out);
    r->params = elements(net);
    r->out = malloc((r->outputs + 1) * sizeof *r->out);
    assert_int_equal(cnn_net_forward(net, &batch, 0, 9, 4), 0);
    assert_int_equal(cnn_net_value(net, graph->output, r->out), 0);
    r->after = collect(net, 0);
    free(x);
    free(vector);
    free(label);
    cnn_net_free(net);
    cnn_graph_free(graph);
    cnn_backend_close(b);
}

static void result_free(struct result *r)
{
    free(r->out);
    free(r->gradients);
    free(r->after);
}

/* ||a - b|| / ||b|| */
static void expect_near(const char *net, const char *what, const float *a, const float *b, size_t n,
                        double tolerance)
{
    double error = 0, scale = 1e-30;
    for (size_t i = 0; i < n; i++) {
        error += ((double)a[i] - (double)b[i]) * ((double)a[i] - (double)b[i]);
        scale += (double)b[i] * (double)b[i];
    }
    if (!(sqrt(error / scale) <= tolerance))
        fail_msg("%s: %s differ by %.3g", net, what, sqrt(error / scale));
}

static void compare(enum cnn_precision precision, double tolerance)
{
    if (!have_cuda())
        skip();
    for (int i = 0; i < NETS; i++) {
        struct result cpu, gpu, again;
        run("cpu", CNN_PRECISION_FP32, nets[i], &cpu);
        run("cuda", precision, nets[i], &gpu);
        expect_near(nets[i], "outputs", gpu.out, cpu.out, cpu.outputs, tolerance);
        expect_near(nets[i], "gradients", gpu.gradients, cpu.gradients, cpu.params, tolerance);
        expect_near(nets[i], "parameters", gpu.after, cpu.after, cpu.params, tolerance);
        if (!(fabs(gpu.loss - cpu.loss) <= tolerance * fabs(cpu.loss)))
            fail_msg("%s: losses are %g and %g", nets[i], gpu.loss, cpu.loss);
        run("cuda", precision, nets[i], &again);
        assert_memory_equal(again.out, gpu.out, gpu.outputs * sizeof *gpu.out);
        assert_memory_equal(again.after, gpu.after, gpu.params * sizeof *gpu.after);
        result_free(&cpu);
        result_free(&gpu);
        result_free(&again);
    }
}

static void float32_agrees(void **state)
{
    (void)state;
    compare(CNN_PRECISION_FP32, 1e-4);
}

static void tf32_agrees(void **state)
{
    (void)state;
    compare(CNN_PRECISION_TF32, 5e-2); /* units near their bend may fall on its other side */
}

static void bfloat16_agrees(void **state)
{
    (void)state;
    compare(CNN_PRECISION_BF16, 0.1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(float32_agrees),
        cmocka_unit_test(tf32_agrees),
        cmocka_unit_test(bfloat16_agrees),
    };
    return cmocka_run_group_tests_name("devices", tests, NULL, NULL);
}
