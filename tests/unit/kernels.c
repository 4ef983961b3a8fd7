/* Every kernel against plain loops in double precision: the CPU's at every number of threads,
 * CUDA's with CNN_TEST_CUDA. The list of tests is made from kernels.def: a kernel without a test
 * does not compile. */
#include "base/error.h"
#include "kernel_rig.h"

#include "kernels_conv.h"
#include "kernels_dense.h"
#include "kernels_elementwise.h"

#include "kernels_channels.h"
#include "kernels_images.h"
#include "kernels_pool.h"
#include "kernels_softmax.h"
#include "kernels_loss.h"
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
    K(copy)(&q, &tx, &ty);
    K(accumulate)(&q, &tx, &ty);
    K(sum_forward)(&q, 2, inputs, &ty);
    K(fill)(&q, 0, 4, y);
    K(softmax_forward)(&q, &tx, &ty);
    K(dropout)(&q, 0.5, 1, 1, &tx, &ty);
    assert_true(y[0] == 5 && y[1] == 6 && y[2] == 7 && y[3] == 8);
}

/* Whether CUDA's kernels cannot run, since there is no device. */
static int no_device(void)
{
    struct cnn_backend *b = NULL;
    if (!IS_CUDA || cnn_backend_open("cuda", 0, &b) != CNN_EDEVICE) {
        cnn_backend_close(b);
        return 0;
    }
    printf("1..1\n%s\nok 1 # SKIP kernels\n", cnn_error_message());
    return 1;
}

int main(void)
{
    if (no_device())
        return 0;
    const struct CMUnitTest tests[] = {
#define CNN_KERNEL(result, name, arguments) cmocka_unit_test(test_##name),
#include "kern/kernels.def"
#undef CNN_KERNEL
#ifdef CNN_TEST_CUDA
        cmocka_unit_test(tensor_cores_convolve),
        cmocka_unit_test(products_beyond_int_fail),
#else
        cmocka_unit_test(test_products_do_not_depend_on_addresses),
#endif
        cmocka_unit_test(activations_keep_blocks_filled_with_zeros),
        cmocka_unit_test(failed_queues_do_nothing),
    };
    return cmocka_run_group_tests_name("kernels", tests, open_queues, close_queues);
}
