/* Layers and optimizers in double precision. */
#include "golden_layers.h"

static void layers(void **state)
{
    (void)state;
    check_layers(1e-10);
}

static void updates(void **state)
{
    (void)state;
    check_updates(1e-10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(layers),
        cmocka_unit_test(updates),
    };
    return cmocka_run_group_tests_name("golden_layers", tests, NULL, NULL);
}
