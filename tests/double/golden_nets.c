/* Whole networks in double precision: a training pass. (In float32 the gradients of a deep net on a
 * batch of four are good to three digits only, in every framework.) */
#include "golden_nets.h"

static void lenet5(void **state)
{
    (void)state;
    compare("lenet5", 4, 1, 1e-6);
}

static void resnet20(void **state)
{
    (void)state;
    compare("resnet20", 4, 1, 1e-6);
}

static void googlenet(void **state)
{
    (void)state;
    compare("googlenet", 2, 1, 1e-6);
}

static void mobilenet_v2(void **state)
{
    (void)state;
    compare("mobilenet_v2", 2, 1, 1e-6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lenet5),
        cmocka_unit_test(resnet20),
        cmocka_unit_test(googlenet),
        cmocka_unit_test(mobilenet_v2),
    };
    return cmocka_run_group_tests_name("golden_nets", tests, NULL, NULL);
}
