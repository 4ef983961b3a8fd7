/* Which values a net that runs once reads where they lie, and that it answers the same with them. */
#include "backend/backend.h"
#include "net/net.h"
#include "net_build.h"

enum { MOST = 4096 };

static const char text[] = "input 2x5x5; conv1: conv 3 3; relu; dense1: dense 6; bn1: bn; relu; "
                           "dense2: dense 6; relu; dense3: dense 6 share=dense2; dense4: dense 4";

struct fixture {
    struct cnn_backend *backend;
    struct cnn_graph *graph;
    struct cnn_net *net;
};

static void start(struct fixture *f, int once)
{
    struct cnn_net_config config = {.batch = 1, .once = once};
    f->graph = build_as(text, (struct cnn_graph_config){.with_loss = 0});
    assert_int_equal(cnn_backend_open("cpu", 2, &f->backend), 0);
    assert_int_equal(cnn_net_new(f->graph, f->backend, &config, &f->net), 0);
    assert_int_equal(cnn_net_init(f->net, 3, CNN_INIT_DEFAULT), 0);
}

static void stop(struct fixture *f)
{
    cnn_net_free(f->net);
    cnn_graph_free(f->graph);
    cnn_backend_close(f->backend);
}

static void run(struct fixture *f, float y[4])
{
    float x[50];
    for (int i = 0; i < 50; i++)
        x[i] = (float)(i % 11) / 8 - 0.5f;
    assert_int_equal(cnn_net_forward(f->net, &(struct cnn_batch_view){.n = 1, .x = x}, 0, 0, 0), 0);
    assert_int_equal(cnn_net_value(f->net, f->graph->output, y), 0);
}

/* The parameters at an address `away` from one of floats, as far as they are borrowed there, whose
 * names are returned. */
static const char *lend(struct fixture *f, unsigned char *memory, size_t away)
{
    static char names[500];
    size_t count, at = away;
    const struct cnn_net_param *p = cnn_net_params(f->net, &count);
    names[0] = '\0';
    for (size_t i = 0; i < count; i++) {
        float values[MOST];
        size_t bytes = cnn_shape_count(&p[i].shape) * sizeof *values;
        assert_true(bytes <= sizeof values);
        cnn_net_param_get(f->net, &p[i], values);
        memcpy(memory + at, values, bytes);
        if (!cnn_net_param_borrows(f->net, &p[i], memory + at))
            continue;
        cnn_net_param_lend(f->net, &p[i], memory + at);
        snprintf(names + strlen(names), sizeof names - strlen(names), " %s", p[i].name);
        at += bytes;
    }
    return names;
}

/* Dense weights anywhere, unless a normalisation goes into them. */
static void values_are_borrowed_where_they_can_be_read(void **state)
{
    _Alignas(8) static unsigned char memory[4 * MOST];
    (void)state;
    for (size_t away = 0; away < 4; away++) {
        struct fixture f;
        float own[4], lent[4];
        start(&f, 1);
        run(&f, own);
        const char *names = lend(&f, memory, away);
        if (away)
            assert_string_equal(names, " dense2.weight dense4.weight");
        else
            assert_string_equal(names, " conv1.weight conv1.bias dense1.weight dense1.bias "
                                       "bn1.weight bn1.bias dense2.weight dense2.bias "
                                       "dense4.weight dense4.bias");
        run(&f, lent);
        assert_memory_equal(own, lent, sizeof own);
        stop(&f);
    }
}

static void nets_that_run_again_borrow_nothing(void **state)
{
    static const float memory[MOST];
    struct fixture f;
    size_t count;
    (void)state;
    start(&f, 0);
    const struct cnn_net_param *p = cnn_net_params(f.net, &count);
    for (size_t i = 0; i < count; i++)
        assert_false(cnn_net_param_borrows(f.net, &p[i], (const unsigned char *)memory));
    stop(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_borrowed_where_they_can_be_read),
        cmocka_unit_test(nets_that_run_again_borrow_nothing),
    };
    return cmocka_run_group_tests_name("net_params", tests, NULL, NULL);
}
