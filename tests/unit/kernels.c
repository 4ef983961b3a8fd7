/* Every CPU kernel against plain loops in double precision, at every number of threads. The list of
 * tests is made from kernels.def: a kernel without a test does not compile. */
#include "kernel_rig.h"

#include "kernels_conv.h"
#include "kernels_dense.h"
#include "kernels_elementwise.h"

#include "kernels_channels.h"
#include "kernels_layers.h"
#include "kernels_norm.h"
#include "kernels_update.h"

/* A queue that failed does nothing any more. */
static void failed_queues_do_nothing(void **state)
{
    struct cnn_queue q = {.code = -70};
    real x[4] = {1, 2, 3, 4}, y[4] = {5, 6, 7, 8};
    struct cnn_tensor tx = {1, 4, 1, 1, CNN_LAYOUT_PLAIN, x}, ty = tx;
    const struct cnn_tensor *inputs[] = {&tx, &tx};
    (void)state;
    ty.data = y;
    cnn_cpu_copy(&q, &tx, &ty);
    cnn_cpu_accumulate(&q, &tx, &ty);
    cnn_cpu_sum_forward(&q, 2, inputs, &ty);
    cnn_cpu_fill(&q, 0, 4, y);
    cnn_cpu_softmax_forward(&q, &tx, &ty);
    cnn_cpu_dropout(&q, 0.5, 1, 1, &tx, &ty);
    assert_true(y[0] == 5 && y[1] == 6 && y[2] == 7 && y[3] == 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define CNN_KERNEL(result, name, arguments) cmocka_unit_test(test_##name),
#include "kern/kernels.def"
#undef CNN_KERNEL
        cmocka_unit_test(test_products_do_not_depend_on_addresses),
        cmocka_unit_test(activations_keep_blocks_filled_with_zeros),
        cmocka_unit_test(failed_queues_do_nothing),
    };
    return cmocka_run_group_tests_name("kernels", tests, open_queues, close_queues);
}
