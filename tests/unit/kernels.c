/* Every kernel against plain loops in double precision: the CPU's at every number of threads,
 * CUDA's with CNN_TEST_CUDA. The list of tests is made from kernels.def: a kernel without a test in
 * tests/kernels does not link. */
#include "base/error.h"
#include "kernels/rig.h"

/* A queue that failed does nothing any more. */
static void failed_queues_do_nothing(void **state)
{
    struct cnn_queue q = {.code = -70};
    real x[4] = {1, 2, 3, 4}, y[4] = {5, 6, 7, 8};
    struct cnn_tensor tx = cnn_tensor_plain(1, 4, 1, 1, x), ty = tx;
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

#define TEST(name) cmocka_unit_test_setup(name, start_test)

int main(void)
{
    if (no_device())
        return 0;
    const struct CMUnitTest tests[] = {
#define CNN_KERNEL(result, name, arguments) TEST(test_##name),
#include "kern/kernels.def"
#undef CNN_KERNEL
#ifdef CNN_TEST_CUDA
        TEST(tensor_cores_convolve),
        TEST(products_beyond_int_fail),
#else
        TEST(products_do_not_depend_on_addresses),
        TEST(dense_weights_lie_anywhere),
#endif
        TEST(activations_keep_blocks_filled_with_zeros),
        TEST(products_go_in_place),
        TEST(products_of_parts_of_rows),
        TEST(failed_queues_do_nothing),
    };
    return cmocka_run_group_tests_name("kernels", tests, open_queues, close_queues);
}
