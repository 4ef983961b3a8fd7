/* A model with weights as they start, for tests of programs that need some model:
 *
 *     make-model NET CLASSES OUT [SEED]
 *
 * NET as for --net; CLASSES separated by commas, - for none. Its self-test holds two samples. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "cli.h"
#include "model/model.h"

static const struct cli_program program = {
    .name = "make-model", .synopsis = "NET CLASSES OUT [SEED]", .summary = "an untrained model"};

static int split(const char *text, struct cnn_strings *out)
{
    int rc = 0;
    while (!rc && *text) {
        size_t n = strcspn(text, ",");
        rc = cnn_strings_add_n(out, text, n);
        text += n + (text[n] == ',');
    }
    return rc;
}

static int save(const char *path, struct cnn_model *m, struct cnn_net *net)
{
    enum { SAMPLES = 2 };
    struct cnn_random random;
    size_t n = SAMPLES * cnn_chw_count(cnn_net_graph(net)->input->shape);
    float *x = cnn_calloc(n, sizeof *x);
    if (!x)
        return CNN_ESYSTEM;
    cnn_random_start(&random, 7, 7);
    for (size_t i = 0; i < n; i++)
        x[i] = (float)cnn_random_normal(&random);
    const struct cnn_batch_view samples = {.n = SAMPLES, .x = x};
    int rc = cnn_model_save(path, m, net, &samples);
    free(x);
    return rc;
}

static int make(char **argv, uint64_t seed)
{
    struct cnn_model m = {.history = cnn_strdup("[{\"program\":\"make-model\"}]")};
    struct cnn_net_config config = {.batch = 2};
    struct cnn_backend *backend = NULL;
    struct cnn_graph *graph = NULL;
    struct cnn_net *net = NULL;
    char *text = NULL, *name = NULL;
    int rc = cnn_net_text(argv[0], &text, &name);
    if (!rc)
        rc = strcmp(argv[1], "-") ? split(argv[1], &m.classes) : 0;
    struct cnn_graph_config gc = {.name = name, .classes = m.classes.count, .with_loss = 1};
    if (!rc)
        rc = cnn_graph_build(text, &gc, &graph);
    if (!rc)
        rc = cnn_backend_open("cpu", 1, &backend);
    if (!rc)
        rc = cnn_net_new(graph, backend, &config, &net);
    if (!rc)
        rc = cnn_net_init(net, seed, CNN_INIT_DEFAULT);
    if (!rc && !(m.net_text = cnn_strdup(graph->print)))
        rc = CNN_ESYSTEM;
    if (!rc)
        rc = save(argv[2], &m, net);
    cnn_net_free(net);
    cnn_backend_close(backend);
    cnn_graph_free(graph);
    cnn_strings_free(&m.classes);
    free(m.net_text);
    free(m.history);
    free(text);
    free(name);
    return rc;
}

int main(int argc, char **argv)
{
    struct {
        int none;
    } fields = {0};
    static const struct cnn_option options[] = {CNN_OPTION_END};
    struct cli_program p = program;
    int first = 0;
    p.options = options;
    int status = cli_parse(&p, argc, argv, &fields, NULL, &first);
    if (status >= 0)
        return status;
    if (argc - first < 3)
        return cli_usage(&p, "NET CLASSES OUT are wanted");
    uint64_t seed = argc - first > 3 ? strtoull(argv[first + 3], NULL, 10) : 1;
    return cli_end(&p, make(argv + first, seed));
}
