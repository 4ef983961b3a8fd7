/* Saliency maps against plain PyTorch (tests/golden/see.txt, made by scripts/make-golden-see). */
#include "see_rig.h"

static const char residual[] =
    "input 3x12x12; conv1: conv 8 3 pad=1; bn1: bn; relu; maxpool 2; conv2: conv 8 3 pad=1; relu6; "
    "sum { conv3: conv 8 3 pad=1; bn3: bn } { }; relu; avgpool global; fc: dense 5";
static const char plain[] =
    "input 3x12x12; conv1: conv 6 3; relu; conv2: conv 8 3; relu; maxpool 2; "
    "flatten; fc1: dense 20; relu; fc2: dense 5; softmax";

static void check(const struct rig *r, const char *net, const char *method,
                  enum cnn_see_saliency how)
{
    struct cnn_see_options o = rig_options(how);
    size_t n;
    double *expected = golden(net, method, &n);
    o.samples = 16;
    float *got = rig_see(r, o, r->x, n);
    double d = distance(got, expected, n);
    if (!(d < 1e-5))
        fail_msg("%s, %s: off by %g", net, method, d);
    free(got);
    free(expected);
}

static void check_net(const char *net, const char *text, int cam)
{
    static const char *const words[] = {CNN_CHOICE_TEXTS(CNN_SEE_SALIENCIES)};
    static const enum cnn_see_saliency how[] = {
        CNN_SEE_GRADIENT, CNN_SEE_GUIDED,    CNN_SEE_DECONV, CNN_SEE_INTEGRATED,
        CNN_SEE_GRADCAM,  CNN_SEE_GRADCAMPP, CNN_SEE_CAM};
    struct rig r;
    rig_open(&r, text);
    for (size_t i = 0; i < sizeof how / sizeof *how; i++)
        if (how[i] != CNN_SEE_CAM || cam)
            check(&r, net, words[how[i]], how[i]);
    rig_close(&r);
}

static void test_residual(void **state)
{
    (void)state;
    check_net("residual", residual, 1);
}

static void test_plain(void **state)
{
    (void)state;
    check_net("plain", plain, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_residual),
                                       cmocka_unit_test(test_plain)};
    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
