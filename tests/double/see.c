/* What saliency maps say is so, in double precision: against central differences, brute force, and what their papers
 * prove of them; and gradients of deep nets against PyTorch (tests/golden/see.txt), which are good to some digits only in
 * float32. */
#include "see_rig.h"

static const char smooth[] =
    "input 2x9x10; conv 4 3 pad=1; bn; tanh; avgpool 2; conv 5 3; tanh; dense 4";
static const char gap[] = "input 2x8x9; conv 4 3 pad=1; bn; relu; last: conv 6 3 pad=1; avgpool "
                          "global; flatten; fc: dense 4";

/* Against the largest of what is expected. */
static void check_all(const char *what, const float *got, const double *expected, size_t n,
                      double tolerance)
{
    double size = 0;
    for (size_t i = 0; i < n; i++)
        size = fabs(expected[i]) > size ? fabs(expected[i]) : size;
    assert_true(size > 0);
    for (size_t i = 0; i < n; i++)
        if (!(fabs((double)got[i] - expected[i]) <= tolerance * size))
            fail_msg("%s: number %zu is %.9g, not %.9g", what, i, (double)got[i], expected[i]);
}

static void test_gradient(void **state)
{
    (void)state;
    struct rig r;
    const float step = 1.0f / 1024;
    rig_open(&r, smooth);
    double *expected = malloc(r.in * sizeof *expected);
    float *got = rig_see(&r, rig_options(CNN_SEE_GRADIENT), r.x, r.in);
    for (size_t i = 0; i < r.in; i++) {
        float at = r.x[i], up = at + step, down = at - step;
        r.x[i] = up;
        double high = rig_score(&r, r.x, 2);
        r.x[i] = down;
        expected[i] = (high - rig_score(&r, r.x, 2)) / ((double)up - (double)down);
        r.x[i] = at;
    }
    check_all("gradient", got, expected, r.in, 1e-5);
    free(expected);
    free(got);
    rig_close(&r);
}

/* Without noise, and where the score is linear, it is the gradient. */
static void test_smoothgrad(void **state)
{
    (void)state;
    struct rig r;
    rig_open(&r, smooth);
    struct cnn_see_options o = rig_options(CNN_SEE_SMOOTHGRAD);
    float *plain = rig_see(&r, rig_options(CNN_SEE_GRADIENT), r.x, r.in);
    double *expected = malloc(r.in * sizeof *expected);
    for (size_t i = 0; i < r.in; i++)
        expected[i] = (double)plain[i];
    o.noise = 0;
    float *still = rig_see(&r, o, r.x, r.in);
    check_all("smoothgrad without noise", still, expected, r.in, 1e-6);
    o.noise = 0.15;
    float *noisy = rig_see(&r, o, r.x, r.in), *again = rig_see(&r, o, r.x, r.in);
    assert_memory_equal(noisy, again, r.in * sizeof *noisy);
    o.seed = 1;
    float *other = rig_see(&r, o, r.x, r.in);
    assert_memory_not_equal(noisy, other, r.in * sizeof *noisy);
    assert_memory_not_equal(noisy, still, r.in * sizeof *noisy);
    free(plain);
    free(expected);
    free(still);
    free(noisy);
    free(again);
    free(other);
    rig_close(&r);
}

/* Completeness: the sum is the difference of the scores of the image and of nothing. */
static void test_integrated(void **state)
{
    (void)state;
    struct rig r;
    rig_open(&r, smooth);
    struct cnn_see_options o = rig_options(CNN_SEE_INTEGRATED);
    o.samples = 400;
    float *got = rig_see(&r, o, r.x, r.in), *nothing = calloc(r.in, sizeof *nothing);
    double sum = 0, difference = rig_score(&r, r.x, 2) - rig_score(&r, nothing, 2);
    for (size_t i = 0; i < r.in; i++)
        sum += (double)got[i];
    assert_true(fabs(difference) > 0.1);
    assert_true(fabs(sum - difference) < 1e-5 * fabs(difference));
    free(got);
    free(nothing);
    rig_close(&r);
}

/* Each patch hidden by itself, patch 3x4 every 2x3 rows and columns, the last ones at the edge. */
static void test_occlusion(void **state)
{
    (void)state;
    enum { C = 2, H = 9, W = 10 };
    static const size_t tops[] = {0, 2, 4, 6}, lefts[] = {0, 3, 6};
    struct rig r;
    rig_open(&r, smooth);
    struct cnn_see_options o = rig_options(CNN_SEE_OCCLUSION);
    o.patch = (struct cnn_pair){3, 4, 0};
    o.patch_stride = (struct cnn_pair){2, 3, 0};
    float *got = rig_see(&r, o, r.x, H * W);
    double expected[H * W] = {0}, hidden[H * W] = {0}, whole = rig_score(&r, r.x, 2);
    for (size_t k = 0; k < 12; k++) {
        float x[C * H * W];
        memcpy(x, r.x, sizeof x);
        size_t top = tops[k / 3], left = lefts[k % 3];
        for (size_t p = 0; p < C * 12; p++)
            x[(p / 12 * H + top + p % 12 / 4) * W + left + p % 4] = 0;
        double fall = whole - rig_score(&r, x, 2);
        for (size_t p = 0; p < 12; p++) {
            expected[(top + p / 4) * W + left + p % 4] += fall;
            hidden[(top + p / 4) * W + left + p % 4]++;
        }
    }
    for (size_t p = 0; p < H * W; p++)
        expected[p] /= hidden[p];
    check_all("occlusion", got, expected, H * W, 1e-5);
    free(got);
    rig_close(&r);
}

/* What a class activation map adds up to, and Grad-CAM where the weights are the same. */
static void test_cam(void **state)
{
    (void)state;
    enum { PLANE = 8 * 9 };
    struct rig r;
    size_t params;
    rig_open(&r, gap);
    struct cnn_net_param *p = cnn_net_params(r.net, &params);
    float bias[4], *cam = rig_see(&r, rig_options(CNN_SEE_CAM), r.x, PLANE);
    float *gradcam = rig_see(&r, rig_options(CNN_SEE_GRADCAM), r.x, PLANE);
    double sum = 0, expected[PLANE];
    for (size_t i = 0; i < params; i++)
        if (!strcmp(p[i].name, "fc.bias"))
            cnn_net_param_get(r.net, &p[i], bias);
    for (size_t i = 0; i < PLANE; i++) {
        sum += (double)cam[i];
        expected[i] = cam[i] > 0 ? (double)cam[i] / PLANE : 0;
    }
    assert_true(fabs(sum / PLANE + (double)bias[2] - rig_score(&r, r.x, 2)) < 1e-5);
    check_all("Grad-CAM", gradcam, expected, PLANE, 1e-5);
    free(cam);
    free(gradcam);
    rig_close(&r);
}

/* A net that sees all places alike sees an object elsewhere as it saw it here. */
static void test_moves(void **state)
{
    (void)state;
    enum { SIDE = 32, AT = 9, BY = 9, SEEN = 11 }; /* SEEN: rows of what the object touches */
    static const enum cnn_see_saliency how[] = {CNN_SEE_GRADIENT, CNN_SEE_INTEGRATED,
                                                CNN_SEE_GRADCAM, CNN_SEE_GRADCAMPP};
    struct rig r;
    rig_open(&r,
             "input 1x32x32; conv 4 3 pad=1; relu; conv 6 3 pad=1; relu; avgpool global; dense 4");
    float *here = calloc(SIDE * SIDE, sizeof *here), *there = calloc(SIDE * SIDE, sizeof *there);
    for (size_t i = 0; i < 25; i++) {
        here[(AT + i / 5) * SIDE + AT + i % 5] = r.x[i];
        there[(AT + BY + i / 5) * SIDE + AT + BY + i % 5] = r.x[i];
    }
    for (size_t k = 0; k < sizeof how / sizeof *how; k++) {
        float *a = rig_see(&r, rig_options(how[k]), here, SIDE * SIDE);
        float *b = rig_see(&r, rig_options(how[k]), there, SIDE * SIDE);
        double size = 0;
        for (size_t i = 0; i < SIDE * SIDE; i++)
            size = fabs((double)a[i]) > size ? fabs((double)a[i]) : size;
        assert_true(size > 0);
        for (size_t i = AT - 3; i < AT - 3 + SEEN; i++)
            for (size_t j = AT - 3; j < AT - 3 + SEEN; j++)
                assert_true(fabs((double)a[i * SIDE + j] - (double)b[(i + BY) * SIDE + j + BY]) <
                            1e-5 * size);
        free(a);
        free(b);
    }
    free(here);
    free(there);
    rig_close(&r);
}

/* A net of the zoo: the gradient of class 2 by the input. */
static void check_zoo(const char *name, size_t classes, enum cnn_rectifier rule, const char *method)
{
    enum { SOME = 64 };
    const int input = 0;
    struct cnn_backend *backend;
    struct cnn_graph *graph;
    struct cnn_net *net;
    size_t n;
    const struct cnn_graph_config gc = {.name = name, .classes = classes};
    assert_int_equal(cnn_backend_open("cpu", 2, &backend), 0);
    assert_int_equal(cnn_graph_build(cnn_zoo_find(name)->text, &gc, &graph), 0);
    const struct cnn_net_config nc = {
        .batch = 1, .from = graph->logits, .gradient = &input, .gradients = 1, .rectifier = rule};
    assert_int_equal(cnn_net_new(graph, backend, &nc, &net), 0);
    set_params(net);
    size_t in = cnn_chw_count(graph->node[0].layer.out);
    float *x = draws("input", in), *dx = malloc(in * sizeof *dx), some[SOME];
    float *dy = calloc(classes, sizeof *dy);
    const struct cnn_batch_view view = {.n = 1, .x = x};
    dy[2] = 1;
    assert_int_equal(cnn_net_forward(net, &view, 0, 0, 0), 0);
    assert_int_equal(cnn_net_backward_from(net, dy), 0);
    assert_int_equal(cnn_net_gradient(net, 0, dx), 0);
    double *expected = golden(name, method, &n), norm = 0;
    assert_int_equal(n, SOME + 1);
    for (size_t i = 0; i < in; i++)
        norm += (double)dx[i] * (double)dx[i];
    for (size_t i = 0; i < SOME; i++)
        some[i] = dx[i * (in / SOME)];
    double d = distance(some, expected + 1, SOME), off = fabs(sqrt(norm) / expected[0] - 1);
    if (!(d < 1e-6 && off < 1e-6))
        fail_msg("%s, %s: off by %g, the norm by %g", name, method, d, off);
    free(x);
    free(dx);
    free(dy);
    free(expected);
    cnn_net_free(net);
    cnn_graph_free(graph);
    cnn_backend_close(backend);
}

static void test_zoo(void **state)
{
    static const char *const method[] = {"gradient", "guided", "deconv"};
    (void)state;
    for (int i = 0; i < 3; i++) {
        check_zoo("resnet18", 1000, (enum cnn_rectifier)i, method[i]);
        check_zoo("googlenet", 10, (enum cnn_rectifier)i, method[i]);
        if (getenv("SEE_LARGE")) /* takes 3 GB */
            check_zoo("vgg16", 10, (enum cnn_rectifier)i, method[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gradient),   cmocka_unit_test(test_smoothgrad),
        cmocka_unit_test(test_integrated), cmocka_unit_test(test_occlusion),
        cmocka_unit_test(test_cam),        cmocka_unit_test(test_moves),
        cmocka_unit_test(test_zoo)};
    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
