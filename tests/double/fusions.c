/* What is done in passing, in double precision. */
#include "fusions.h"

static void fusions(void **state)
{
    (void)state;
    check_fusions(1e-11);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(fusions)};
    return cmocka_run_group_tests_name("fusions", tests, open_backend, close_backend);
}
