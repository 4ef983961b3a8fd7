/* Learning-rate schedules against torch.optim.lr_scheduler (tests/golden/optimizers.txt) and
 * against their formulas where torch has none of the kind. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "optim/schedule.h"

static FILE *open_golden(void)
{
    const char *root = getenv("ROOT");
    char path[4096];
    snprintf(path, sizeof path, "%s/tests/golden/optimizers.txt", root ? root : ".");
    return fopen(path, "r");
}

static void near(double got, double want, double tolerance)
{
    if (!(fabs(got - want) <= tolerance))
        fail_msg("%.17g, not %.17g", got, want);
}

enum { EPOCH = 10, TOTAL = 60 };

/* With the defaults of its options. */
static struct cnn_schedule base(enum cnn_schedule_kind kind)
{
    struct cnn_schedule s = {0};
    assert_int_equal(cnn_option_defaults(cnn_schedule_table, &s), 0);
    s.kind = kind;
    s.rate = 0.05;
    s.steps_per_epoch = EPOCH;
    s.total_steps = TOTAL;
    return s;
}

/* "schedule=step gamma=0.3 ...": sets what stands there and moves on to the numbers behind. */
static struct cnn_schedule read_options(char **line)
{
    struct cnn_schedule s = base(CNN_CONSTANT);
    for (char *word = *line + 1, *end; strchr("-abcdefghijklmnopqrstuvwxyz", *word);
         word = end + 1) {
        char *value = strchr(word, '=') + 1;
        end = strchr(value, ' ');
        value[-1] = *end = 0;
        const struct cnn_option *o = cnn_option_find(cnn_schedule_table, word);
        assert_non_null(o);
        assert_int_equal(cnn_option_set(o, &s, value), 0);
        *line = end + 1;
    }
    return s;
}

static void test_torch(void **state)
{
    (void)state;
    FILE *in = open_golden();
    char kind[16], rest[4096];
    int cases = 0;
    assert_non_null(in);
    while (fscanf(in, "%15s%4095[^\n]", kind, rest) == 2) {
        if (strcmp(kind, "schedule"))
            continue;
        char *p = rest;
        struct cnn_schedule s = read_options(&p);
        for (uint64_t i = 0; i < TOTAL; i++) {
            double want = strtod(p, &p), got = cnn_schedule_rate(&s, i);
            if (!(fabs(got - want) <= 1e-12))
                fail_msg("%s, step %d: %.15g, torch has %.15g", rest, (int)i, got, want);
        }
        assert_string_equal(p, "");
        cases++;
    }
    fclose(in);
    assert_true(cases >= 4);
}

static void test_polynomial(void **state)
{
    (void)state;
    struct cnn_schedule s = base(CNN_POLYNOMIAL);
    s.power = 2;
    s.final = 0.2;
    for (uint64_t i = 0; i < TOTAL; i++) {
        double left = 1 - (double)i / TOTAL;
        near(cnn_schedule_rate(&s, i), 0.05 * (0.2 + 0.8 * left * left), 1e-15);
    }
    near(cnn_schedule_rate(&s, 10 * TOTAL), 0.05 * 0.2, 1e-15);
}

/* By the formulas of Caffe's GetLearningRate, in which the iteration is counted from 0. */
static void test_caffe(void **state)
{
    (void)state;
    struct cnn_schedule step = base(CNN_STEP), inverse = base(CNN_INVERSE);
    struct cnn_schedule sigmoid = base(CNN_LOGISTIC), several = base(CNN_STEP);
    step.unit = inverse.unit = sigmoid.unit = several.unit = CNN_BY_STEP;
    step.step_size = 7;
    step.gamma = several.gamma = 0.25;
    inverse.gamma = 0.01;
    inverse.power = 0.75;
    sigmoid.gamma = -0.125;
    sigmoid.step_size = 30;
    several.milestones = (struct cnn_reals){3, {5, 6, 50}};
    for (int i = 0; i < TOTAL; i++) {
        int current = (i >= 5) + (i >= 6) + (i >= 50);
        near(cnn_schedule_rate(&step, (uint64_t)i), 0.05 * pow(0.25, i / 7), 1e-16);
        near(cnn_schedule_rate(&inverse, (uint64_t)i), 0.05 * pow(1 + 0.01 * i, -0.75), 1e-16);
        near(cnn_schedule_rate(&sigmoid, (uint64_t)i), 0.05 * (1 / (1 + exp(0.125 * (i - 30)))),
             1e-16);
        near(cnn_schedule_rate(&several, (uint64_t)i), 0.05 * pow(0.25, current), 1e-16);
    }
    near(cnn_schedule_rate(&sigmoid, 30), 0.025, 0);
}

/* Step sizes that are parts of an epoch, whose tenths no number is: 0.6 / 0.2 is less than 3. */
static void test_parts_of_epochs(void **state)
{
    (void)state;
    for (int size = 1; size < EPOCH; size++) {
        struct cnn_schedule s = base(CNN_STEP);
        s.step_size = (double)size / EPOCH;
        s.gamma = 0.5;
        for (int i = 0; i < TOTAL; i++)
            near(cnn_schedule_rate(&s, (uint64_t)i), 0.05 * pow(0.5, i / size), 0);
    }
}

/* The same in epochs, of which a step is a part. */
static void test_units(void **state)
{
    (void)state;
    static const enum cnn_schedule_kind kinds[] = {CNN_CONSTANT, CNN_STEP,    CNN_POLYNOMIAL,
                                                   CNN_COSINE,   CNN_INVERSE, CNN_LOGISTIC,
                                                   CNN_ONE_CYCLE};
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        enum cnn_schedule_kind kind = kinds[k];
        struct cnn_schedule a = base(kind), b = a;
        a.step_size = 2;
        a.warmup = 1;
        b.unit = CNN_BY_STEP;
        b.step_size = 2 * EPOCH;
        b.warmup = EPOCH;
        if (kind == CNN_INVERSE || kind == CNN_LOGISTIC)
            b.gamma = a.gamma / EPOCH;
        for (uint64_t i = 0; i < TOTAL; i++)
            near(cnn_schedule_rate(&a, i), cnn_schedule_rate(&b, i), 1e-16);
    }
}

static void test_refused(void **state)
{
    (void)state;
    struct cnn_schedule s = base(CNN_STEP);
    assert_int_equal(cnn_schedule_check(&s), CNN_EUSAGE);
    s.step_size = 3;
    assert_int_equal(cnn_schedule_check(&s), 0);
    s.milestones = (struct cnn_reals){1, {5}};
    assert_int_equal(cnn_schedule_check(&s), CNN_EUSAGE);
    s = base(CNN_LOGISTIC);
    s.gamma = -1;
    assert_int_equal(cnn_schedule_check(&s), 0);
    s.kind = CNN_INVERSE;
    assert_int_equal(cnn_schedule_check(&s), CNN_EUSAGE);
}

/* A tenth of the rate at first, the rate behind it, and the rest of the schedule from there. */
static void test_warmup(void **state)
{
    (void)state;
    struct cnn_schedule s = base(CNN_CONSTANT);
    s.warmup = 1.5;
    for (uint64_t i = 0; i < 15; i++)
        near(cnn_schedule_rate(&s, i), 0.05 * (0.1 + 0.06 * (double)i), 1e-15);
    near(cnn_schedule_rate(&s, 15), 0.05, 0);
    near(cnn_schedule_rate(&s, 59), 0.05, 0);
    s = base(CNN_COSINE);
    s.warmup = 2;
    near(cnn_schedule_rate(&s, 20), 0.05, 1e-15);
    near(cnn_schedule_rate(&s, 40), 0.025, 1e-15);
}

static void test_one_cycle_warmup(void **state)
{
    (void)state;
    struct cnn_schedule s = base(CNN_ONE_CYCLE);
    s.warmup = 3;
    near(cnn_schedule_rate(&s, 0), 0.05 / 25, 1e-15);
    near(cnn_schedule_rate(&s, 29), 0.05, 1e-15);
    near(cnn_schedule_rate(&s, 59), 0, 1e-15);
}

/* No schedule gives anything but a finite rate of at least 0, however short the run. */
static void test_short_runs(void **state)
{
    (void)state;
    for (int kind = 0; kind < CNN_CHOICE_COUNT(CNN_SCHEDULES); kind++)
        for (uint64_t total = 0; total < 5; total++)
            for (int warmup = 0; warmup < 4; warmup++)
                for (uint64_t step = 0; step < 8; step++) {
                    struct cnn_schedule s = base((enum cnn_schedule_kind)kind);
                    s.total_steps = total;
                    s.steps_per_epoch = total;
                    s.warmup = warmup;
                    double rate = cnn_schedule_rate(&s, step);
                    assert_true(isfinite(rate) && rate >= 0 && rate <= 0.05 * (1 + 1e-12));
                }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_torch),           cmocka_unit_test(test_polynomial),
        cmocka_unit_test(test_warmup),          cmocka_unit_test(test_one_cycle_warmup),
        cmocka_unit_test(test_short_runs),      cmocka_unit_test(test_caffe),
        cmocka_unit_test(test_parts_of_epochs), cmocka_unit_test(test_units),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
