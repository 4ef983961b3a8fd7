/* The zoo: tensors called and shaped as in the public files, sizes as published; and canonical
 * texts that build the same graph again, for the zoo and for nets made at random. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <zlib.h>

#include "base/random.h"
#include "lang/graph.h"

static struct cnn_graph *build(const char *text, const char *name, struct cnn_graph_config config)
{
    struct cnn_graph *g;
    config.name = name;
    if (cnn_graph_build(text, &config, &g))
        fail_msg("%s\n%s", cnn_error_message(), text);
    return g;
}

static struct cnn_graph *build_zoo(const char *name, struct cnn_graph_config config)
{
    const struct cnn_zoo_entry *e = cnn_zoo_find(name);
    assert_non_null(e);
    return build(e->text, name, config);
}

/* The parameter of that full name, and how many lie before it; NULL: there is none. */
static const struct cnn_param *find_param(const struct cnn_graph *g, const char *tensor, int *place)
{
    char name[200];
    *place = 0;
    for (int node = 0; node < g->nodes; node++) {
        const struct cnn_layer *l = &g->node[node].layer;
        for (int i = 0; i < l->params; i++, ++*place) {
            snprintf(name, sizeof name, "%s%s%s", l->name, *l->param[i].suffix ? "." : "",
                     l->param[i].suffix);
            if (!strcmp(name, tensor))
                return &l->param[i];
        }
    }
    return NULL;
}

/* Line by line: NET TENSOR SHAPE. All tensors of the net are there and no others; for side
 * classifiers (aux) the order is the graph's own. */
static void names_and_shapes(void **state)
{
    (void)state;
    static const char *const nets[] = {"resnet18", "resnet20",  "vgg16",       "alexnet",
                                       "resnet50", "googlenet", "mobilenet_v2"};
    const char *root = getenv("ROOT");
    char path[4096], net[32], tensor[128], shape[96], have[96];
    snprintf(path, sizeof path, "%s/tests/golden/names.txt", root ? root : ".");
    for (size_t k = 0; k < sizeof nets / sizeof *nets; k++) {
        struct cnn_graph *g = build_zoo(nets[k], (struct cnn_graph_config){.with_loss = 1});
        FILE *f = fopen(path, "r");
        assert_non_null(f);
        int compared = 0, params = 0, place, last = -1;
        while (fscanf(f, "%31s %127s %95s", net, tensor, shape) == 3) {
            if (strcmp(net, nets[k]))
                continue;
            const struct cnn_param *p = find_param(g, tensor, &place);
            if (!p)
                fail_msg("%s has no %s", net, tensor);
            cnn_shape_format(&p->shape, have);
            assert_string_equal(have, shape);
            if (strncmp(tensor, "aux", 3)) {
                if (place <= last)
                    fail_msg("%s: %s is not in its place", net, tensor);
                last = place;
            }
            compared++;
        }
        fclose(f);
        assert_true(compared >= 16);
        for (int node = 0; node < g->nodes; node++)
            params += g->node[node].layer.params;
        assert_int_equal(params, compared);
        cnn_graph_free(g);
    }
}

/* Parameters and multiply-adds in inference, with 1,000 classes or their own. */
static void sizes(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        uint64_t parameters, multiply_adds;
    } nets[] = {
        {"softmax", 7850, 7840},
        {"mlp", 535818, 535040},
        {"keras_example", 1256080, 6522000},
        {"lenet5", 61706, 416520},
        {"lenet5_1998", 60850, 326520},
        {"lenet", 431080, 2293000},
        {"cifar7k", 6440, 1775680},
        {"dqn2013", 677172, 2966528},
        {"dqn", 1686180, 9345024},
        {"nin", 7595176, 969460864},
        {"resnet20", 269722, 40551040},
        {"resnet32", 464154, 68862592},
        {"resnet44", 658586, 97174144},
        {"resnet56", 853018, 125485696},
        {"resnet110", 1727962, 252887680},
        {"preact_resnet164", 1703258, 247646720},
        {"preact_resnet1001", 10327706, 1490995712},
        {"alexnet_2012", 60965224, 724406816},
        {"caffenet", 60965224, 724406816},
        {"zfnet", 62357608, 1168032896},
        {"googlenet_2014", 6998552, 1582671872},
        {"inception_v2", 11295240, 2032600064},
        {"fcn32s", 136152917, 181365854976},
        {"fcn16s", 134815994, 181448086272},
        {"fcn8s", 134489759, 181529034048},
        {"unet", 31031810, 48171581440},
        {"segnet", 29449355, 106712432640},
    };
    for (size_t i = 0; i < sizeof nets / sizeof *nets; i++) {
        size_t classes = i < 3 ? 10 : 0;
        struct cnn_graph *g = build_zoo(
            nets[i].name, (struct cnn_graph_config){.input = {1, 28, 28}, .classes = classes});
        assert_int_equal(cnn_graph_parameters(g), nets[i].parameters);
        assert_int_equal(cnn_graph_multiply_adds(g), nets[i].multiply_adds);
        cnn_graph_free(g);
    }
}

/* The line "NAME SHAPE" of a parameter, without ones at the end of the shape. */
static char *tensor_line(const struct cnn_layer *l, const struct cnn_param *p)
{
    char line[256], text[96];
    struct cnn_shape shape = p->shape;
    while (shape.rank > 1 && shape.dim[shape.rank - 1] == 1)
        shape.rank--;
    cnn_shape_format(&shape, text);
    snprintf(line, sizeof line, "%s%s%s %s\n", l->name, *p->suffix ? "." : "", p->suffix, text);
    return strdup(line);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The checksum of the lines of all parameters, in the order of their characters. */
static unsigned long checksum(const struct cnn_graph *g, int *count)
{
    enum { MOST = 4096 };
    char *line[MOST];
    unsigned long crc = 0;
    *count = 0;
    for (int node = 0; node < g->nodes; node++)
        for (int i = 0; i < g->node[node].layer.params; i++) {
            assert_true(*count < MOST);
            line[(*count)++] = tensor_line(&g->node[node].layer, &g->node[node].layer.param[i]);
        }
    qsort(line, (size_t)*count, sizeof *line, by_text);
    for (int i = 0; i < *count; i++) {
        crc = crc32(crc, (const unsigned char *)line[i], (unsigned)strlen(line[i]));
        free(line[i]);
    }
    return crc;
}

/* What the nets count in torchvision and timm, and how all their tensors are called and shaped. */
static void as_published(void **state)
{
    (void)state;
    const char *root = getenv("ROOT");
    char path[4096], name[32];
    unsigned long long parameters, multiply_adds;
    unsigned long crc;
    int tensors, nets = 0;
    snprintf(path, sizeof path, "%s/tests/golden/zoo.txt", root ? root : ".");
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    while (fscanf(f, "%31s %llu %llu %d %lx", name, &parameters, &multiply_adds, &tensors, &crc) ==
           5) {
        int count = 0;
        struct cnn_graph *g = build_zoo(name, (struct cnn_graph_config){0});
        if (cnn_graph_parameters(g) != parameters || cnn_graph_multiply_adds(g) != multiply_adds)
            fail_msg("%s: %llu parameters, %llu multiply-adds", name,
                     (unsigned long long)cnn_graph_parameters(g),
                     (unsigned long long)cnn_graph_multiply_adds(g));
        cnn_graph_free(g);
        g = build_zoo(name, (struct cnn_graph_config){.with_loss = 1});
        unsigned long found = checksum(g, &count);
        if (count != tensors || found != crc)
            fail_msg("%s: %d tensors, or others (scripts/compare-zoo tells which)", name, count);
        cnn_graph_free(g);
        nets++;
    }
    fclose(f);
    assert_true(nets >= 75);
}

static void compare_layers(const struct cnn_layer *a, const struct cnn_layer *b)
{
    assert_ptr_equal(a->type, b->type);
    assert_string_equal(a->name, b->name);
    assert_int_equal(a->inputs, b->inputs);
    assert_true(cnn_chw_equal(a->out, b->out));
    assert_int_equal(a->params, b->params);
    for (int i = 0; i < a->params; i++)
        assert_true(cnn_shape_equal(&a->param[i].shape, &b->param[i].shape));
    for (const struct cnn_option *o = a->type ? a->type->options : NULL; o && o->name; o++) {
        struct cnn_buf x = {0}, y = {0};
        cnn_option_print(o, a->options, &x);
        cnn_option_print(o, b->options, &y);
        assert_string_equal(x.text, y.text);
        cnn_buf_free(&x);
        cnn_buf_free(&y);
    }
}

static void compare_graphs(const struct cnn_graph *a, const struct cnn_graph *b)
{
    assert_string_equal(a->print, b->print);
    assert_int_equal(a->nodes, b->nodes);
    assert_int_equal(a->output, b->output);
    assert_int_equal(a->logits, b->logits);
    assert_int_equal(a->losses, b->losses);
    assert_int_equal(a->first_loss, b->first_loss);
    assert_memory_equal(&a->input->mean, &b->input->mean, sizeof a->input->mean);
    assert_memory_equal(&a->input->std, &b->input->std, sizeof a->input->std);
    assert_true(a->input->scale == b->input->scale && a->input->bgr == b->input->bgr &&
                a->input->resize == b->input->resize && a->input->filter == b->input->filter);
    for (int i = 0; i < a->nodes; i++) {
        const struct cnn_node *x = &a->node[i], *y = &b->node[i];
        compare_layers(&x->layer, &y->layer);
        assert_int_equal(x->training_only, y->training_only);
        assert_true(x->loss_weight == y->loss_weight);
        for (int k = 0; k < x->layer.inputs; k++)
            assert_int_equal(x->in[k], y->in[k]);
    }
}

/* With and without losses. */
static void round_trip(const char *text, const char *name, struct cnn_graph_config config)
{
    for (config.with_loss = 0; config.with_loss < 2; config.with_loss++) {
        struct cnn_graph *a = build(text, name, config);
        struct cnn_graph *b =
            build(a->print, name, (struct cnn_graph_config){.with_loss = config.with_loss});
        compare_graphs(a, b);
        cnn_graph_free(a);
        cnn_graph_free(b);
    }
}

static void zoo_round_trip(void **state)
{
    (void)state;
    const struct cnn_zoo_entry *e;
    size_t i = 0;
    for (; (e = cnn_zoo_at(i)); i++) {
        assert_ptr_equal(cnn_zoo_find(e->name), e);
        assert_int_equal(e->text[0], '#');
        round_trip(e->text, e->name,
                   (struct cnn_graph_config){.input = {3, 40, 40}, .classes = 17});
    }
    assert_true(i >= 102);
    assert_null(cnn_zoo_at(i + 1));
    assert_null(cnn_zoo_find("lenet6"));
}

/* Nets made at random. All layers keep the shape 8x6x6, so that every composition fits. */

struct maker {
    struct cnn_random r;
    struct cnn_buf text;
    int labels, depth;
};

static unsigned pick(struct maker *m, unsigned n)
{
    return (unsigned)(cnn_random_u32(&m->r) % n);
}

static void separate(struct maker *m)
{
    static const char *const ends[] = {"\n", ";", " ; \n\n", " # text { ;\n"};
    cnn_buf_puts(&m->text, ends[pick(m, 4)]);
}

static void make_layer(struct maker *m)
{
    static const char *const layers[] = {"conv 8 3 pad=1",
                                         "conv 4*2 (1+2)x5 pad=1x(2)",
                                         "conv 8 3 pad=same bias=0 groups=2",
                                         "bn",
                                         "batchnorm momentum=1/8",
                                         "relu",
                                         "relu6",
                                         "leakyrelu 0.3",
                                         "tanh",
                                         "dropout",
                                         "dropout 1/3",
                                         "maxpool 3 stride=1 pad=1",
                                         "avgpool 3 pad=1 stride=1",
                                         "adaptiveavgpool 6",
                                         "conv 8 5 dilation=2 pad=4 init=plain",
                                         "shortcut 8",
                                         "shortcut 8 type=a",
                                         "softmax",
                                         "block 8",
                                         "block n=4 k=5",
                                         "twice"};
    cnn_buf_puts(&m->text, layers[pick(m, sizeof layers / sizeof *layers)]);
}

static void make_block(struct maker *m);

static void make_branches(struct maker *m, const char *word, unsigned n)
{
    cnn_buf_puts(&m->text, word);
    for (unsigned i = 0; i < n; i++) {
        cnn_buf_puts(&m->text, pick(m, 3) ? " { " : "\n{");
        make_block(m);
        cnn_buf_puts(&m->text, "}");
    }
    cnn_buf_puts(&m->text, ";");
}

static void make_statement(struct maker *m)
{
    unsigned what = pick(m, m->depth > 4 ? 6 : 12);
    if (!pick(m, 3))
        cnn_buf_printf(&m->text, "%s%d: ", pick(m, 2) ? "x" : "a.b-", m->labels++);
    if (what < 6) {
        make_layer(m);
    } else if (what < 8) {
        make_branches(m, "sum", 1 + pick(m, 3));
    } else if (what == 8) {
        make_branches(m, "concat", 1);
    } else if (what == 9) {
        /* Labels inside would be there twice, but for a label around. */
        cnn_buf_printf(&m->text, "r%d: repeat %u {", m->labels++, pick(m, 4));
        make_block(m);
        cnn_buf_puts(&m->text, "}");
    } else if (what == 10) {
        cnn_buf_puts(&m->text, "{");
        make_block(m);
        cnn_buf_puts(&m->text, "}");
    } else {
        cnn_buf_puts(&m->text, "{ }");
    }
}

static void make_block(struct maker *m)
{
    m->depth++;
    for (unsigned n = pick(m, 5); n > 0; n--) {
        make_statement(m);
        separate(m);
    }
    m->depth--;
}

static void make_net(struct maker *m)
{
    static const char *const losses[] = {"", "xent", "xent smooth=1/3", "mse", "bce;"};
    cnn_buf_puts(&m->text, "def block(n, k=3) { conv n k pad=k/2; conv 8 1; bn }\n"
                           "input 8x6x6 mean=0.1 scale=1/3\nrelu\n"
                           "def twice { relu; sum { block 2 1 } { } }\n");
    make_block(m);
    make_block(m);
    if (pick(m, 2))
        cnn_buf_puts(&m->text, "aux1: aux 1/7 { bn; dense 5; softmax }");
    separate(m);
    make_block(m);
    cnn_buf_puts(&m->text, pick(m, 2) ? "dense 5; softmax\n" : "dense 5\n");
    cnn_buf_puts(&m->text, losses[pick(m, 5)]);
}

/* A label before a label, or a second label on a repeat, is no net: such texts are passed over. */
static void random_round_trip(void **state)
{
    (void)state;
    int built = 0;
    for (unsigned seed = 0; seed < 3000; seed++) {
        struct maker m = {.labels = 0};
        struct cnn_graph *g;
        cnn_random_start(&m.r, seed, 1);
        make_net(&m);
        assert_false(m.text.failed);
        if (!cnn_graph_build(m.text.text, &(struct cnn_graph_config){0}, &g)) {
            cnn_graph_free(g);
            round_trip(m.text.text, "random", (struct cnn_graph_config){0});
            built++;
        } else if (!strstr(cnn_error_message(), "names nothing")) {
            fail_msg("%s\n%s", cnn_error_message(), m.text.text);
        }
        cnn_buf_free(&m.text);
    }
    assert_true(built > 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_and_shapes),  cmocka_unit_test(sizes),
        cmocka_unit_test(as_published),      cmocka_unit_test(zoo_round_trip),
        cmocka_unit_test(random_round_trip),
    };
    return cmocka_run_group_tests_name("netlang_zoo", tests, NULL, NULL);
}
