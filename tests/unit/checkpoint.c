/* Checkpoints bring back every bit of parameters, statistics, optimizer state and best snapshot,
 * are models for whoever reads models, and are refused where something is missing. */
#include "scratch.h"

#include "file/safetensors.h"
#include "model/checkpoint.h"

static const char NET[] = "input 1x6x6; conv 3 3; bn; relu; dense 2; xent";

struct fixture {
    struct cnn_graph *graph;
    struct cnn_backend *backend;
    struct cnn_net *net;
};

static void start(struct fixture *f, const char *text)
{
    struct cnn_graph_config config = {.name = "net", .with_loss = 1};
    struct cnn_net_config nc = {.batch = 2, .training = 1, .optimizer_slabs = 2, .average = 1};
    assert_int_equal(cnn_graph_build(text, &config, &f->graph), 0);
    assert_int_equal(cnn_backend_open("cpu", 1, &f->backend), 0);
    assert_int_equal(cnn_net_new(f->graph, f->backend, &nc, &f->net), 0);
}

static void stop(struct fixture *f)
{
    cnn_net_free(f->net);
    cnn_graph_free(f->graph);
    cnn_backend_close(f->backend);
}

/* Numbers that differ everywhere, with some that text would round. */
static void fill(struct fixture *f)
{
    size_t params;
    struct cnn_net_param *p = cnn_net_params(f->net, &params);
    for (size_t i = 0; i < params; i++)
        for (size_t k = 0; k < cnn_shape_count(&p[i].shape); k++) {
            ((real *)p[i].value.data)[k] = (real)(1.0 / (double)(3 + 7 * i + k));
            ((real *)cnn_net_average_of(f->net, &p[i]).data)[k] = (real)(1.0 / (double)(5 + i + k));
            for (int s = 0; p[i].trained && s < 2; s++)
                cnn_net_slab_state(f->net, s)[p[i].offset + k] =
                    (real)(1e-30 * (double)(1 + s) * (double)(k + i));
        }
}

static void same_state(struct fixture *a, struct fixture *b)
{
    size_t params;
    struct cnn_net_param *p = cnn_net_params(a->net, &params), *q = cnn_net_params(b->net, &params);
    for (size_t i = 0; i < params; i++) {
        size_t bytes = cnn_shape_count(&p[i].shape) * sizeof(real);
        assert_memory_equal(p[i].value.data, q[i].value.data, bytes);
        assert_memory_equal(cnn_net_average_of(a->net, &p[i]).data,
                            cnn_net_average_of(b->net, &q[i]).data, bytes);
        for (int s = 0; p[i].trained && s < 2; s++)
            assert_memory_equal(cnn_net_slab_state(a->net, s) + p[i].offset,
                                cnn_net_slab_state(b->net, s) + q[i].offset, bytes);
    }
}

static void test_round_trip(void **state)
{
    (void)state;
    struct fixture a, b;
    const char *path = scratch_path("ckpt"), *text;
    struct cnn_model m = {.net_text = (char *)NET}, *read;
    start(&a, NET);
    start(&b, NET);
    fill(&a);
    size_t count = cnn_net_snapshot_count(a.net);
    float *best = calloc(count, sizeof *best), *again = calloc(count, sizeof *again);
    assert_int_equal(cnn_net_snapshot_get(a.net, best), 0);
    best[0] = 42;
    assert_int_equal(cnn_checkpoint_save(path, &m, a.net, 2, best, "{\"step\": 3}"), 0);
    int has_best = 0;
    assert_int_equal(cnn_checkpoint_open(path, &read, &text), 0);
    assert_string_equal(text, "{\"step\": 3}");
    assert_string_equal(read->net_text, NET);
    assert_int_equal(cnn_checkpoint_load(read, b.net, 2, again, &has_best), 0);
    assert_true(has_best);
    assert_memory_equal(best, again, count * sizeof *best);
    same_state(&a, &b);
    struct cnn_buf note = {0};
    assert_int_equal(cnn_model_load_params(read->tensors, b.net, NULL, &note), 0);
    assert_int_equal(note.size, 0);
    cnn_model_free(read);
    free(best);
    free(again);
    stop(&a);
    stop(&b);
}

static void write_without_averages(const char *path, const struct cnn_model *m)
{
    struct fixture f;
    struct cnn_graph_config config = {.name = "net", .with_loss = 1};
    struct cnn_net_config nc = {.batch = 2, .training = 1, .optimizer_slabs = 2};
    assert_int_equal(cnn_graph_build(NET, &config, &f.graph), 0);
    assert_int_equal(cnn_backend_open("cpu", 1, &f.backend), 0);
    assert_int_equal(cnn_net_new(f.graph, f.backend, &nc, &f.net), 0);
    assert_int_equal(cnn_checkpoint_save(path, m, f.net, 2, NULL, "{}"), 0);
    stop(&f);
}

static void test_refused(void **state)
{
    (void)state;
    struct fixture a, b;
    const char *path = scratch_path("ckpt"), *plain = scratch_path("plain"), *text;
    struct cnn_model m = {.net_text = (char *)NET}, *read;
    int has_best = 1;
    start(&a, NET);
    start(&b, "input 1x6x6; conv 4 3; bn; relu; dense 2; xent");
    assert_int_equal(cnn_checkpoint_save(path, &m, a.net, 1, NULL, "{}"), 0);
    assert_int_equal(cnn_checkpoint_open(path, &read, &text), 0);
    assert_int_equal(cnn_checkpoint_load(read, a.net, 2, NULL, &has_best), CNN_EDATA);
    assert_non_null(strstr(cnn_error_message(), "tensor 'optimizer.1."));
    assert_int_equal(cnn_checkpoint_load(read, b.net, 1, NULL, &has_best), CNN_EDATA);
    assert_non_null(strstr(cnn_error_message(), "another shape"));
    cnn_model_free(read);
    write_without_averages(path, &m);
    assert_int_equal(cnn_checkpoint_open(path, &read, &text), 0);
    assert_int_equal(cnn_checkpoint_load(read, a.net, 2, NULL, &has_best), CNN_EDATA);
    assert_non_null(strstr(cnn_error_message(), "tensor 'average.conv1.weight' is missing"));
    cnn_model_free(read);
    const struct cnn_batch_view none = {0};
    assert_int_equal(cnn_model_save(plain, &m, a.net, &none), 0);
    assert_int_equal(cnn_checkpoint_open(plain, &read, &text), CNN_EDATA);
    assert_int_equal(cnn_checkpoint_open(scratch_path("nothing"), &read, &text), CNN_ENOINPUT);
    assert_int_equal(cnn_checkpoint_save("no/such/folder/x", &m, a.net, 1, NULL, "{}"),
                     CNN_ECREATE);
    stop(&a);
    stop(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_round_trip),
                                       cmocka_unit_test(test_refused)};
    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
