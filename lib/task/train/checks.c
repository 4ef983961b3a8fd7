/* Whether data and net fit each other, before anything is trained: what no net can learn from is
 * refused, and what is rarely meant is said. */
#include <string.h>
#include <stdlib.h>

#include "task/scores.h"
#include "task/train/data.h"

/* How many of the samples of a dataset that is no stream have no class, and the first of them. */
static size_t count_classless(const struct cnn_dataset *ds, const struct cnn_record **first)
{
    size_t found = 0;
    for (size_t i = 0; i < cnn_dataset_count(ds); i++) {
        const struct cnn_record *r = cnn_dataset_record(ds, i);
        if (r->label < 0 && !found++)
            *first = r;
    }
    return found;
}

/* Targets are classes: what has none among others is a bad sample, and all without are no data. */
int cnn_train_check_classes(const struct train_settings *settings, const struct cnn_dataset *ds,
                            const char *path, const struct train_report *report)
{
    const struct cnn_record *first = NULL;
    size_t count = cnn_dataset_count(ds), without;
    if (settings->options.target != CNN_TRAIN_CLASS || count == SIZE_MAX)
        return 0;
    without = count_classless(ds, &first);
    if (without && without == count)
        return cnn_fail(CNN_EDATA, "%s: no sample has a class", path);
    if (without && !settings->skip_bad)
        return cnn_fail(CNN_EDATA,
                        "%s: %zu of %zu samples have no class, the first is %s with the key '%s' "
                        "(--on-bad skip leaves them out)",
                        path, without, count, first->source, first->key);
    if (without)
        cnn_train_note(report, "%s: %zu of %zu samples have no class and are left out", path,
                       without, count);
    return 0;
}

/* The names of classes without a training sample: no error, but rarely meant, unless all but one
 * are without. */
int cnn_train_check_empty_classes(const struct train_data *d, const struct cnn_train_options *o,
                                  const struct train_report *report)
{
    size_t classes = d->classes.count, empty = 0, last = 0;
    unsigned char *seen = d->streaming || !classes ? NULL : cnn_calloc(classes, 1);
    if (d->streaming || !classes)
        return 0;
    if (!seen)
        return CNN_ESYSTEM;
    for (size_t i = 0; i < cnn_dataset_count(d->train); i++) {
        int32_t label = cnn_dataset_record(d->train, i)->label;
        if (label >= 0 && (size_t)label < classes)
            seen[label] = 1;
    }
    struct cnn_buf names = {0};
    for (size_t c = 0; c < classes; c++) {
        if (seen[c])
            last = c;
        else if (empty++ < 10)
            cnn_buf_printf(&names, "%s%s", empty > 1 ? ", " : "", d->classes.item[c]);
    }
    int rc = 0;
    if (empty == classes - 1 && o->epochs && o->target == CNN_TRAIN_CLASS)
        rc = cnn_fail(CNN_EDATA,
                      "%s: all samples are of one class, '%s': there is nothing to "
                      "tell apart",
                      o->data, d->classes.item[last]);
    else if (empty && !names.failed)
        cnn_train_note(report, "%zu of %zu classes have no training samples: %s%s", empty, classes,
                       names.text, empty > 10 ? ", ..." : "");
    cnn_buf_free(&names);
    free(seen);
    return rc;
}

/* Softmax of one number is 1 whatever the net gives: that would be no training. */
int cnn_train_check_loss(const struct cnn_graph *g, const char *net_name,
                         const struct cnn_strings *classes, const struct cnn_train_options *o)
{
    const struct cnn_layer *loss = &g->node[g->first_loss].layer;
    const char *link = cnn_layer_link(loss->type, loss->options);
    if (!link || strcmp(link, "softmax") || g->node[g->logits].layer.out.c != 1)
        return 0;
    if (o->target == CNN_TRAIN_CLASS && classes->count == 1)
        return cnn_fail(CNN_EDATA, "%s: a single class, '%s': there is nothing to tell apart",
                        train_classes_from(o), classes->item[0]);
    return cnn_fail(CNN_EDATA,
                    "%s: %s over a single output is always the same: --loss bce or --loss mse "
                    "learns",
                    net_name, loss->type->name);
}

int cnn_train_check_net_outputs(const struct cnn_graph *g, const char *net_name,
                                const struct cnn_strings *classes,
                                const struct cnn_train_options *o)
{
    struct cnn_chw out = g->node[g->logits].layer.out;
    size_t count = classes->count;
    char shape[96];
    cnn_chw_format(out, shape);
    if (o->target == CNN_TRAIN_CLASS && out.h * out.w != 1)
        return cnn_fail(CNN_EDATA, "%s: the net gives %s for each sample; classes need a vector",
                        net_name, shape);
    if (o->target == CNN_TRAIN_CLASS && out.c != count && !cnn_scores_are_pair(g, count) &&
        !g->embeds)
        return cnn_fail(CNN_EDATA, "%s: the net gives %zu outputs, %s has %zu classes", net_name,
                        out.c, train_classes_from(o), count);
    if (o->target == CNN_TRAIN_INPUT &&
        cnn_layer_elements(&g->node[g->logits].layer) != cnn_input_count(g->input)) {
        char in[96];
        cnn_layer_format(&g->node[0].layer, in);
        cnn_layer_format(&g->node[g->logits].layer, shape);
        return cnn_fail(CNN_EDATA,
                        "%s: the net gives %s for an input of %s; --target input needs "
                        "as many numbers",
                        net_name, shape, in);
    }
    return 0;
}

/* What was asked for and does not come about in as many epochs: no error, but rarely meant. */
void cnn_train_note_schedule(const struct train_settings *settings,
                             const struct train_report *report)
{
    const struct cnn_schedule *s = &settings->schedule;
    const char *unit = s->unit == CNN_BY_STEP ? "step" : "epoch";
    double units =
        (double)s->total_steps / (s->unit == CNN_BY_STEP ? 1 : (double)s->steps_per_epoch);
    if (!s->steps_per_epoch || !settings->options.epochs)
        return;
    if (s->kind == CNN_STEP && s->milestones.count && s->milestones.value[0] >= units)
        cnn_train_note(report, "no milestone is reached: the first is %s %g, the run has %g", unit,
                       s->milestones.value[0], units);
    if (!cnn_schedule_rises(s) && s->warmup >= units &&
        cnn_strings_find(&settings->options.given, "warmup") >= 0)
        cnn_train_note(report, "all of the run is warm-up: %g %ss of %g", s->warmup, unit, units);
}

/* The first batch normalisation that sees one number of each channel for a sample; NULL: none. */
static const char *lonely_bn(const struct cnn_graph *g)
{
    for (int i = g->inputs; i < g->nodes; i++) {
        const struct cnn_layer *l = &g->node[i].layer;
        if (!strcmp(l->type->name, "bn") && l->out.h * l->out.w == 1)
            return l->name;
    }
    return NULL;
}

/* A single value is its own mean: normalised it is 0 whatever it was. */
int cnn_train_check_bn(const struct cnn_graph *g, const struct train_data *d, size_t batch,
                       const struct train_report *report)
{
    const char *bn = lonely_bn(g);
    if (!bn)
        return 0;
    if (batch == 1)
        return cnn_fail(CNN_EUSAGE,
                        "--batch 1: '%s' (batch normalisation) would see one value of each channel "
                        "and learn nothing: two samples at a time are needed",
                        bn);
    if (!d->streaming && cnn_dataset_count(d->train) % batch == 1)
        cnn_train_note(
            report,
            "the last batch of an epoch is one sample, of which '%s' (batch normalisation) "
            "learns nothing: another --batch avoids it",
            bn);
    return 0;
}
