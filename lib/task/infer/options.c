/* What a run of cnn_infer is asked for, checked as early as it can be; see private.h. */
#include <stdint.h>

#include "task/infer/private.h"

static int parse_gates(struct infer *in)
{
    const struct cnn_strings *text = &in->o->gate;
    int rc = 0;
    if (text->count && !(in->gate = cnn_calloc(text->count, sizeof *in->gate)))
        return CNN_ESYSTEM;
    for (size_t i = 0; !rc && i < text->count; i++)
        if ((rc = cnn_gate_parse(text->item[i], &in->gate[i])) == CNN_EUSAGE)
            rc = cnn_fail_within("--gate");
    return rc;
}

int cnn_infer_check_common(struct infer *in)
{
    const struct cnn_infer_options *o = in->o;
    if (!in->eval && (o->json || o->predictions[0] || o->confusion[0] || o->target))
        return cnn_fail(CNN_EUSAGE, "--%s needs --eval",
                        o->json             ? "json"
                        : o->predictions[0] ? "predictions"
                        : o->confusion[0]   ? "confusion"
                                            : "target");
    if (o->nul && o->format != CNN_RECORDS_TSV)
        return cnn_fail(CNN_EUSAGE, "--null needs --format tsv");
    if (o->nul && in->eval && !o->predictions[0])
        return cnn_fail(CNN_EUSAGE, "--null needs --predictions with --eval");
    return parse_gates(in);
}

int cnn_infer_check_options(struct infer *in)
{
    const struct cnn_infer_options *o = in->o;
    in->eval = o->eval || o->gate.count;
    if (!o->inputs && !o->selftest)
        return cnn_fail(CNN_EUSAGE, "no INPUT ('-' is standard input)");
    if (o->selftest && (o->inputs || in->eval))
        return cnn_fail(CNN_EUSAGE, "--selftest takes a MODEL and nothing else");
    if (o->dense && in->eval)
        return cnn_fail(CNN_EUSAGE, "--dense gives maps, which --%s cannot compare with classes",
                        o->eval ? "eval" : "gate");
    if (o->tile && !o->maps[0] && !in->eval)
        return cnn_fail(CNN_EUSAGE, "--tile needs --maps or --eval: nothing else is told of tiles");
    if (o->tile && o->size.h != CNN_SIZE_AUTO && o->size.h != CNN_SIZE_NATIVE)
        return cnn_fail(CNN_EUSAGE, "--tile: images are as large as they are (--size native)");
    return cnn_infer_check_common(in);
}

static const char *why_not(enum cnn_metric_needs needs)
{
    switch (needs) {
    case CNN_METRIC_TARGETS:
        return "no loss compares anything";
    case CNN_METRIC_CLASSES:
        return "the targets are no classes";
    case CNN_METRIC_MANY:
        return "it means something for more than five classes only";
    case CNN_METRIC_PIXELS:
    case CNN_METRIC_BOUNDARIES:
        return "the targets are no label images";
    case CNN_METRIC_VALUES:
        return "the targets are no numbers";
    case CNN_METRIC_RANKS:
        return "it is of --retrieval";
    }
    return "";
}

int cnn_infer_check_gates(const struct infer *in, const struct cnn_metrics *will)
{
    for (size_t i = 0; i < in->o->gate.count; i++)
        if (!cnn_metric_applies(in->gate[i].metric, will))
            return cnn_fail(CNN_EUSAGE, "--gate '%s': %s", in->o->gate.item[i],
                            why_not(in->gate[i].metric->needs));
    return 0;
}

static int is_of_pixels(const struct infer *in)
{
    const struct cnn_graph *g = in->runner.graph;
    return in->feed.wish->kind == CNN_FIELD_LABELS && g->target->shape.h * g->target->shape.w > 1;
}

/* What the gates ask about must be measured, which the model and --target decide. */
static int check_gates(const struct infer *in)
{
    enum cnn_field_kind kind = in->feed.wish->kind;
    int numbered = kind == CNN_FIELD_CLASS || kind == CNN_FIELD_LABELS;
    size_t classes = in->runner.graph->targets ? in->runner.graph->target->shape.c : 0;
    double some = 0;
    int tiles = in->o->tile > 0;
    struct cnn_metrics will = {.without_loss = tiles,
                               .classes = in->classes || !numbered ? in->classes : classes,
                               .pixels = is_of_pixels(in),
                               .boundary = is_of_pixels(in) ? &some : NULL,
                               .values = kind == CNN_FIELD_NUMBERS || kind == CNN_FIELD_INPUT};
    return cnn_infer_check_gates(in, &will);
}

/* An answer is compared with the input number by number. */
static int check_outputs(const struct infer *in)
{
    const struct cnn_graph *g = in->runner.graph;
    char shape[96], input[96];
    if (in->feed.wish->kind != CNN_FIELD_INPUT ||
        cnn_layer_elements(&g->node[g->output].layer) == cnn_input_count(g->input))
        return 0;
    cnn_layer_format(&g->node[g->output].layer, shape);
    cnn_layer_format(&g->node[0].layer, input);
    return cnn_fail(CNN_EDATA,
                    "%s: the net gives %s for an input of %s; --target input needs as many numbers",
                    in->runner.model->path, shape, input);
}

int cnn_infer_choose_target(struct infer *in)
{
    const struct cnn_model *m = in->runner.model;
    const struct cnn_graph *g = in->runner.graph;
    int wanted = in->o->target;
    if (wanted == CNN_INFER_AUTO)
        wanted = m->classes.count ? CNN_INFER_CLASS : CNN_INFER_VECTOR;
    /* Of several targets samples may lack some. */
    const struct cnn_feed_config config = {.targets = in->eval,
                                           .main = wanted == CNN_INFER_CLASS    ? CNN_FIELD_CLASS
                                                   : wanted == CNN_INFER_VECTOR ? CNN_FIELD_NUMBERS
                                                                                : CNN_FIELD_INPUT,
                                           .required =
                                               wanted != CNN_INFER_CLASS && g->targets == 1};
    int rc = cnn_feed_open(&in->feed, g, &config);
    if (rc)
        return cnn_fail_within("%s", m->path);
    if (!in->eval)
        return 0;
    in->classes = wanted == CNN_INFER_CLASS ? m->classes.count : 0;
    if (wanted == CNN_INFER_CLASS &&
        !(in->classes && cnn_feed_is_class(&in->feed) && cnn_scores_answer(g, in->classes)))
        return cnn_fail(CNN_EDATA, "%s: the model has no classes to evaluate", m->path);
    if (in->o->confusion[0] && !in->classes)
        return cnn_fail(CNN_EUSAGE, "--confusion: the targets are no classes");
    if (in->o->confusion[0] && in->classes > INFER_MATRIX_CLASSES)
        return cnn_fail(CNN_EUSAGE, "--confusion: more than %d classes", (int)INFER_MATRIX_CLASSES);
    rc = check_outputs(in);
    if (in->feed.wish->kind == CNN_FIELD_INPUT)
        in->runner.multiple = 0; /* what would be added is no part of it */
    return rc ? rc : check_gates(in);
}

/* What is required, under its name. */
static int check_fields(const struct infer *in)
{
    int rc = 0;
    for (size_t i = 0; !rc && i < in->inputs.count; i++)
        rc = cnn_feed_check(&in->feed, in->inputs.ds[i]);
    return rc;
}

/* Without a single class there is nothing to compare with; streams tell only at their end. */
int cnn_infer_check_labels(const struct infer *in)
{
    for (size_t i = 0;
         in->feed.targets == 1 && cnn_feed_is_class(&in->feed) && i < in->inputs.count; i++) {
        const struct cnn_dataset *ds = in->inputs.ds[i];
        size_t n = cnn_dataset_count(ds), k = 0;
        if (n == SIZE_MAX)
            continue;
        while (k < n && cnn_dataset_record(ds, k)->label < 0)
            k++;
        if (n && k == n)
            return cnn_fail(CNN_EDATA, "%s: no classes: there is nothing to evaluate by",
                            cnn_dataset_path(ds));
    }
    return check_fields(in);
}
