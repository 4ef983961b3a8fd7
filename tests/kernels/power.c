/* Powers of sizes against those of double precision. */
#include "kernels/rig.h"

struct power_case {
    struct cnn_tensor from, d, to;
    double p;
};

static const double powers[] = {2, 0.5, 3, 1, 0.3, -2, 0, -1.5, 1.25};
enum { POWERS = sizeof powers / sizeof *powers, OF_SIZES = 5 };

static void power_run(struct cnn_queue *q, void *context)
{
    struct power_case *l = context;
    K(power)(q, l->p, &l->from, &l->to);
}

static void times_run(struct cnn_queue *q, void *context)
{
    struct power_case *l = context;
    K(power_times)(q, l->p, &l->from, &l->d, &l->to);
}

static void check_power(int times)
{
    for (int i = 0; i < (times ? POWERS : OF_SIZES); i++) {
        struct power_case l = {.p = powers[i], .from = tensor(1, 40003, 1, 1, INPUT)};
        l.d = tensor(1, 40003, 1, 1, INPUT);
        l.to = tensor(1, 40003, 1, 1, OUTPUT);
        real *x = l.from.data;
        for (size_t k = 0; k < 40003; k++)
            x[k] += k % 7 == 3 ? -x[k] : x[k] < 0 ? (real)-0.1 : (real)0.1;
        run_all(times ? times_run : power_run, &l);
        double *want = values_of(&l.from);
        for (size_t k = 0; k < 40003; k++) {
            double v = want[k], power = pow(fabs(v), l.p);
            want[k] = !times ? power : v == 0 ? 0 : value_at(&l.d, k) * v * power;
        }
        expect_tensor("y", &l.to, want, 2e-6);
        free(want);
        buffers_free();
    }
}

void test_power(void **state)
{
    (void)state;
    check_power(0);
}

void test_power_times(void **state)
{
    (void)state;
    check_power(1);
}
