/* Weight averaging: what is written is the average of the steps' weights and statistics by its
 * formula, and a run that is interrupted and resumed ends in the same bytes. */
#include "scratch.h"

#include <math.h>

#include "base/memory.h"
#include "file/tensors.h"
#include "model/model.h"
#include "task/train/train.h"

enum { STEPS = 6 };

/* Ends a run after some step. */
struct stopper {
    uint64_t at;
    volatile int stop;
};

static void on_step(void *context, const struct cnn_train_progress *p)
{
    struct stopper *s = context;
    s->stop = p->step == s->at && !p->validating;
}

static int train(const char *name, double ema, long long steps, const char *checkpoint,
                 const char *val, uint64_t stop_at)
{
    struct cnn_train_options o = {0};
    struct stopper s = {.at = stop_at};
    struct cnn_train_callbacks callbacks = {.context = &s, .step = on_step, .stop = &s.stop};
    assert_int_equal(cnn_option_defaults(cnn_train_option_table, &o), 0);
    o.data = "digits:64:3";
    o.val = val;
    o.net = "input 1x28x28; conv 4 5 stride=2; bn; relu; dense 10";
    o.output = scratch_path(name);
    o.checkpoint = checkpoint[0] ? scratch_path(checkpoint) : "";
    o.resume = checkpoint[0] != '\0';
    o.batch = 16;
    o.ema = ema;
    o.steps = steps;
    o.epochs = steps ? 100 : 0;
    o.compute.threads = 1;
    if (steps) { /* without any these have no effect */
        o.rate = "0.05";
        o.recipe = 1; /* none */
    }
    return cnn_train(&o, NULL, &callbacks, NULL);
}

/* All numbers of a tensor, as floats of the file that stays open. */
static const float *numbers(struct cnn_model *f, const char *name, size_t *count)
{
    const struct cnn_stored_tensor *t = cnn_tensors_find(f->tensors, name);
    assert_non_null(t);
    *count = cnn_shape_count(&t->shape);
    return cnn_tensor_mapped(t);
}

static void check_tensor(struct cnn_model *const *plain, struct cnn_model *averaged, double decay,
                         const char *name)
{
    size_t count;
    double moved = 0;
    const float *got = numbers(averaged, name, &count);
    for (size_t i = 0; i < count; i++) {
        double mean = (double)numbers(plain[0], name, &count)[i];
        for (int n = 1; n <= STEPS; n++) {
            double keep = fmin(decay, (1.0 + n) / (10.0 + n));
            mean = keep * mean + (1 - keep) * (double)numbers(plain[n], name, &count)[i];
        }
        assert_true(fabs(mean - (double)got[i]) <= 2e-6 * (fabs(mean) + 0.1));
        moved += fabs((double)got[i] - (double)numbers(plain[STEPS], name, &count)[i]);
    }
    assert_true(moved > 1e-4);
}

/* The decay is 2/11 at first and rises; 0.3 is reached and 0.9 is not. */
static void test_formula(void **state)
{
    (void)state;
    struct cnn_model *plain[STEPS + 1], *averaged;
    static const double decays[] = {0.3, 0.9};
    static const char *const names[] = {"conv1.weight", "bn1.weight", "bn1.running_mean",
                                        "bn1.running_var", "dense1.bias"};
    char name[16];
    for (int n = 0; n <= STEPS; n++) {
        snprintf(name, sizeof name, "w%d", n);
        assert_int_equal(train(name, 0, n, "", "", 0), 0);
        assert_int_equal(cnn_model_open(scratch_path(name), &plain[n]), 0);
    }
    for (int k = 0; k < 2; k++) {
        assert_int_equal(train("average", decays[k], STEPS, "", "", 0), 0);
        assert_int_equal(cnn_model_open(scratch_path("average"), &averaged), 0);
        for (size_t i = 0; i < sizeof names / sizeof *names; i++)
            check_tensor(plain, averaged, decays[k], names[i]);
        cnn_model_free(averaged);
    }
    for (int n = 0; n <= STEPS; n++)
        cnn_model_free(plain[n]);
}

static void same_bytes(const char *a, const char *b)
{
    size_t n, m;
    unsigned char *x = slurp(scratch_path(a), &n), *y = slurp(scratch_path(b), &m);
    assert_int_equal(n, m);
    assert_memory_equal(x, y, n);
    free(x);
    free(y);
}

/* Epochs have four steps; the run stops after each, within epochs and at their ends. */
static void test_resume(void **state)
{
    (void)state;
    static const char *const vals[] = {"", "digits:32:5"};
    for (int k = 0; k < 2; k++) {
        int stopped = 0;
        assert_int_equal(train("whole", 0.9, 10, "", vals[k], 0), 0);
        for (uint64_t at = 1; at < 10; at += 2)
            stopped += train("again", 0.9, 10, "c", vals[k], at) == CNN_EINTERRUPTED;
        assert_true(stopped >= 4);
        assert_int_equal(train("again", 0.9, 10, "c", vals[k], 0), 0);
        same_bytes("whole", "again");
        unlink(scratch_path("c"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_formula, scratch_make, scratch_remove),
        cmocka_unit_test_setup_teardown(test_resume, scratch_make, scratch_remove),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
