/* Solvers of Caffe: what each field becomes; cut anywhere and changed anywhere they are refused by name, or read. */
#include "scratch.h"

#include "model/import/caffe/solver.h"

static const char net[] = "layer { name: 'data' type: 'Data' top: 'data' include { phase: TRAIN } "
                          "data_param { batch_size: 32 } }\n"
                          "layer { name: 'fc' type: 'InnerProduct' bottom: 'data' top: 'fc' "
                          "inner_product_param { num_output: 3 } }\n";

static const char whole[] =
    "# a solver\n"
    "train_net: 'elsewhere/net' test_net: 'a' test_iter: [1, 2]\n"
    "base_lr: 0.1 lr_policy: 'multistep' gamma: .5 stepvalue: 7 stepvalue: 9\n"
    "max_iter: 12 iter_size: 2 clip_gradients: 3 weight_decay: 1e-3\n"
    "type: 'Adam' momentum: 0.75 momentum2: 0.5 delta: 0.25 random_seed: 3\n"
    "snapshot: 5 display: 4 weights: 'w' solver_mode: CPU\n";

static int read_text(const char *text, size_t n, struct cnn_arena *arena, struct cnn_recipe *out,
                     struct cnn_buf *unused)
{
    return cnn_caffe_solver(arena, scratch_write("solver", text, n), 0, out, unused);
}

static void test_whole(void **state)
{
    (void)state;
    static const char *const wanted[][2] = {
        {"rate", "0.1"},           {"schedule", "step"},  {"schedule-unit", "step"},
        {"gamma", "0.5"},          {"milestones", "7,9"}, {"optimizer", "adam"},
        {"beta1", "0.75"},         {"beta2", "0.5"},      {"eps", "0.25"},
        {"weight-decay", "0.001"}, {"accumulate", "2"},   {"clip-norm", "1.5"},
        {"steps", "12"},           {"seed", "3"},         {"log-every", "4"},
        {"checkpoint-every", "5"}, {"init", NULL},        {"net", NULL},
        {"batch", "32"},
    };
    struct cnn_arena *arena = cnn_arena_new();
    struct cnn_recipe r;
    struct cnn_buf unused = {0};
    const char *net_path = scratch_write("net", net, sizeof net - 1);
    assert_int_equal(read_text(whole, sizeof whole - 1, arena, &r, &unused), 0);
    assert_int_equal(r.count, sizeof wanted / sizeof *wanted);
    for (size_t i = 0; i < r.count; i++) {
        assert_string_equal(r.setting[i].key, wanted[i][0]);
        if (wanted[i][1])
            assert_string_equal(r.setting[i].value, wanted[i][1]);
    }
    assert_string_equal(cnn_recipe_find(&r, "net"), net_path);
    assert_string_equal(cnn_recipe_find(&r, "init"), scratch_path("w"));
    assert_string_equal(unused.text, "test_net, test_iter, solver_mode");
    cnn_buf_free(&unused);
    cnn_arena_free(arena);
}

/* Bad data, and who said so. */
static void check(const char *text, size_t n)
{
    struct cnn_arena *arena = cnn_arena_new();
    struct cnn_recipe r;
    struct cnn_buf unused = {0};
    int rc = read_text(text, n, arena, &r, &unused);
    assert_true(!rc || rc == CNN_EDATA || rc == CNN_ENOINPUT);
    if (rc)
        assert_true(!strncmp(cnn_error_message(), scratch, strlen(scratch)));
    for (size_t i = 0; !rc && i < r.count; i++)
        assert_non_null(r.setting[i].value);
    cnn_buf_free(&unused);
    cnn_arena_free(arena);
}

static void test_damage(void **state)
{
    (void)state;
    char text[sizeof whole];
    scratch_write("net", net, sizeof net - 1);
    for (size_t i = 0; i < sizeof whole - 1; i++)
        check(whole, i);
    memcpy(text, whole, sizeof whole);
    for (size_t i = 0; i < sizeof whole - 1; i++) {
        text[i] = whole[i] == '9' ? 'x' : '9';
        check(text, sizeof whole - 1);
        text[i] = whole[i];
    }
}

static void test_empty_lists(void **state)
{
    (void)state;
    static const char text[] =
        "base_lr: 1 lr_policy: 'multistep' gamma: 1 stepvalue: [] max_iter: 1 weights: [] type: ''";
    check(text, sizeof text - 1);
    assert_non_null(strstr(cnn_error_message(), "type (line 1: '' is none of SGD, "));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole),
        cmocka_unit_test(test_damage),
        cmocka_unit_test(test_empty_lists),
    };
    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
