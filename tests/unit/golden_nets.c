/* Whole networks in float32: what they answer. */
#include "golden_nets.h"

static void lenet5(void **state)
{
    (void)state;
    compare("lenet5", 4, 0, 1e-5);
}

static void resnet20(void **state)
{
    (void)state;
    compare("resnet20", 4, 0, 1e-5);
}

static void resnet18(void **state)
{
    (void)state;
    compare("resnet18", 1, 0, 1e-5);
}

static void alexnet(void **state)
{
    (void)state;
    compare("alexnet", 1, 0, 1e-5);
}

static void resnet50(void **state)
{
    (void)state;
    compare("resnet50", 1, 0, 1e-5);
}

static void googlenet(void **state)
{
    (void)state;
    compare("googlenet", 2, 0, 1e-5);
}

static void mobilenet_v2(void **state)
{
    (void)state;
    compare("mobilenet_v2", 2, 0, 1e-5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lenet5),       cmocka_unit_test(resnet20), cmocka_unit_test(resnet18),
        cmocka_unit_test(alexnet),      cmocka_unit_test(resnet50), cmocka_unit_test(googlenet),
        cmocka_unit_test(mobilenet_v2),
    };
    return cmocka_run_group_tests_name("golden_nets", tests, NULL, NULL);
}
