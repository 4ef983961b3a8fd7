/* Conditions on metrics; see gate.h. */
#include "task/gate.h"

#include <math.h>
#include <string.h>

static double error(const struct cnn_metrics *m)
{
    return m->labelled ? (double)(m->labelled - m->top1) / (double)m->labelled : 0;
}

static const struct cnn_metric metrics[] = {
    {"loss", CNN_METRIC_TARGETS, cnn_metrics_loss},
    {"top1", CNN_METRIC_CLASSES, cnn_metrics_top1},
    {"top5", CNN_METRIC_MANY, cnn_metrics_top5},
    {"error", CNN_METRIC_CLASSES, error},
    {"f1", CNN_METRIC_CLASSES, cnn_metrics_macro_f1},
    {"macc", CNN_METRIC_PIXELS, cnn_metrics_mean_accuracy},
    {"miou", CNN_METRIC_PIXELS, cnn_metrics_mean_iou},
    {"bf1", CNN_METRIC_BOUNDARIES, cnn_metrics_mean_boundary_f1},
    {"mse", CNN_METRIC_VALUES, cnn_metrics_mse},
    {"mae", CNN_METRIC_VALUES, cnn_metrics_mae},
    {"precision", CNN_METRIC_RANKS, cnn_metrics_precision_at_k},
    {"map", CNN_METRIC_RANKS, cnn_metrics_map},
};
enum { METRICS = sizeof metrics / sizeof *metrics };

const struct cnn_metric *cnn_metric_at(size_t i)
{
    return i < METRICS ? &metrics[i] : NULL;
}

int cnn_metric_applies(const struct cnn_metric *metric, const struct cnn_metrics *m)
{
    switch (metric->needs) {
    case CNN_METRIC_TARGETS:
        return !m->without_loss;
    case CNN_METRIC_CLASSES:
        return m->classes > 0;
    case CNN_METRIC_MANY:
        return m->classes > 5;
    case CNN_METRIC_PIXELS:
        return m->pixels;
    case CNN_METRIC_BOUNDARIES:
        return m->boundary != NULL;
    case CNN_METRIC_VALUES:
        return m->values > 0;
    case CNN_METRIC_RANKS:
        return m->ranks;
    }
    return 0;
}

static const char *const relations[] = {
    [CNN_GATE_GE] = ">=", [CNN_GATE_LE] = "<=", [CNN_GATE_GT] = ">", [CNN_GATE_LT] = "<"};
enum { RELATIONS = sizeof relations / sizeof *relations };

static const char *skip_blanks(const char *s)
{
    return s + strspn(s, " \t");
}

/* Shares of the samples, and F1: never per cent, of which 'error<5' would always hold. */
int cnn_metric_is_share(enum cnn_metric_needs needs)
{
    return needs != CNN_METRIC_TARGETS && needs != CNN_METRIC_VALUES;
}

int cnn_gate_parse(const char *text, struct cnn_gate *out)
{
    const char *name = skip_blanks(text);
    size_t n = strcspn(name, " \t<>="), relation = 0;
    const char *rest = skip_blanks(name + n);
    *out = (struct cnn_gate){0};
    for (size_t i = 0; i < METRICS; i++)
        if (strlen(metrics[i].name) == n && !memcmp(metrics[i].name, name, n))
            out->metric = &metrics[i];
    if (!out->metric)
        return cnn_fail(
            CNN_EUSAGE,
            "'%s': '%.*s' is none of loss, top1, top5, error, f1, macc, miou, bf1, mse, mae, "
            "precision, map",
            text, (int)n, name);
    /* the longer ones come first */
    while (relation < RELATIONS && strncmp(rest, relations[relation], strlen(relations[relation])))
        relation++;
    if (relation == RELATIONS)
        return cnn_fail(CNN_EUSAGE, "'%s': one of >=, >, <=, < and a number are wanted", text);
    out->relation = (enum cnn_gate_relation)relation;
    rest = skip_blanks(rest + strlen(relations[relation]));
    double most = cnn_metric_is_share(out->metric->needs) ? 1 : 1e300;
    int rc = cnn_parse_real(rest, 0, most, &out->bound);
    return rc ? cnn_fail_within("'%s'", text) : 0;
}

int cnn_gate_met(const struct cnn_gate *g, const struct cnn_metrics *m)
{
    double v = g->metric->value(m);
    switch (g->relation) {
    case CNN_GATE_GE:
        return v >= g->bound;
    case CNN_GATE_LE:
        return v <= g->bound;
    case CNN_GATE_GT:
        return v > g->bound;
    case CNN_GATE_LT:
        return v < g->bound;
    }
    return 0;
}

void cnn_gate_print(const struct cnn_gate *g, struct cnn_buf *out)
{
    char bound[32];
    cnn_format_real(g->bound, 0, bound);
    cnn_buf_printf(out, "%s %s %s", g->metric->name, relations[g->relation], bound);
}
