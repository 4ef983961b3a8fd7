/* What lies behind reading a model; see fuzz.h. */
#include "fuzz.h"

#include <string.h>

#include "backend/backend.h"
#include "file/tensors.h"
#include "model/model.h"

/* Elements of a tensor, of a net's parameters and of its values, and multiplications: a small text may
 * wish for more than a target has time and memory for. */
enum { MOST_ELEMENTS = 1 << 20, MOST_WORK = 1 << 18 };

/* Weights that come without a net are those of tests/golden, or what became of these. */
static char golden_net[] = "input 1x6x6; conv1: conv 2 3; bn1: bn; relu; dense1: dense 3";

static void use_tensors(const struct cnn_tensor_source *s, size_t size)
{
    for (size_t i = 0; i < cnn_tensors_count(s); i++) {
        const struct cnn_stored_tensor *t = cnn_tensors_at(s, i);
        check(cnn_tensors_find(s, t->name) == t);
        check(!t->data || t->bytes <= size);
        if (t->count > MOST_ELEMENTS)
            continue;
        float *out = malloc((t->count ? t->count : 1) * sizeof *out);
        int rc = cnn_tensor_floats(s, t, out);
        check(!rc || (rc == CNN_EDATA && !t->data));
        free(out);
    }
    for (size_t i = 0; cnn_tensors_text_key(s, i); i++)
        check(cnn_tensors_text(s, cnn_tensors_text_key(s, i)) != NULL);
}

static int is_small(const struct cnn_graph *g)
{
    size_t values = 0, parameters = 0;
    for (int i = 0; i < g->nodes; i++) {
        const struct cnn_layer *l = &g->node[i].layer;
        size_t here = i < g->inputs ? cnn_input_count(&g->input[i]) : cnn_layer_elements(l);
        for (int k = 0; k < l->params; k++) {
            size_t n = cnn_shape_count(&l->param[k].shape);
            if (n > MOST_ELEMENTS || (parameters += n) > MOST_ELEMENTS)
                return 0;
        }
        if (here > MOST_ELEMENTS || (values += here) > MOST_ELEMENTS)
            return 0;
    }
    return cnn_graph_multiply_adds(g) <= MOST_WORK;
}

/* On zeros. */
static void run(struct cnn_net *net, const struct cnn_graph *g)
{
    float **x = calloc((size_t)g->inputs, sizeof *x);
    for (int i = 0; i < g->inputs; i++)
        x[i] = calloc(cnn_input_count(&g->input[i]), sizeof **x);
    struct cnn_batch_view batch = {.n = 1, .x = x[0], .others = (const float *const *)x + 1};
    check(cnn_net_forward(net, &batch, 0, 0, 0) == 0);
    float *y = malloc(cnn_layer_elements(&g->node[g->output].layer) * sizeof *y);
    check(cnn_net_value(net, g->output, y) == 0);
    free(y);
    for (int i = 0; i < g->inputs; i++)
        free(x[i]);
    free(x);
}

static void use_net(const struct cnn_model *m, const struct cnn_graph *g)
{
    static struct cnn_backend *cpu;
    struct cnn_net_config config = {.batch = 1, .once = 1};
    struct cnn_net *net;
    double error;
    if (!cpu)
        check(cnn_backend_open("cpu", 1, &cpu) == 0);
    int rc = cnn_net_new(g, cpu, &config, &net);
    check_code(rc);
    if (rc)
        return;
    rc = cnn_model_load_params(m->tensors, net, NULL, NULL);
    check_code(rc);
    if (!rc)
        run(net, g);
    if (!rc && m->selftest.samples)
        check_code(cnn_model_selftest(m, net, &error));
    cnn_net_free(net);
}

static void use_graph(const struct cnn_model *m, int with_loss)
{
    struct cnn_graph *g;
    int rc = cnn_model_graph(m, &(struct cnn_graph_config){.with_loss = with_loss}, &g);
    check_code(rc);
    if (rc)
        return;
    if (!with_loss && is_small(g))
        use_net(m, g);
    cnn_graph_free(g);
}

void fuzz_use_selftest(const struct cnn_selftest *s)
{
    struct cnn_selftest again;
    struct cnn_buf text = {0};
    check(s->samples > 0 && s->inputs > 0 && s->outputs > 0);
    for (size_t k = 0; k < s->inputs; k++)
        check(s->input[k].shape.dim[0] == s->samples);
    for (size_t k = 0; k < s->outputs; k++)
        check(s->output[k].shape.dim[0] == s->samples);
    cnn_selftest_print(s, &text);
    check(text.text != NULL);
    check(cnn_selftest_read(text.text, &again) == 0);
    cnn_selftest_free(&again);
    cnn_buf_free(&text);
}

void fuzz_use(const struct cnn_model *m, size_t size)
{
    if (m->tensors)
        use_tensors(m->tensors, size);
    if (m->selftest.samples)
        fuzz_use_selftest(&m->selftest);
    struct cnn_model as = *m;
    if (!m->net_text)
        as.net_text = golden_net;
    use_graph(&as, 0);
    use_graph(&as, 1);
}

void fuzz_use_text(const char *name, const char *text)
{
    for (int with_loss = 0; with_loss < 2; with_loss++) {
        struct cnn_graph_config config = {.name = name, .classes = 3, .with_loss = with_loss};
        struct cnn_graph *g;
        int rc = cnn_graph_build(text, &config, &g);
        check_code(rc);
        if (!rc)
            cnn_graph_free(g);
    }
}
