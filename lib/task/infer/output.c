/* Where predictions, reports and pictures go; see private.h. */
#include <stdlib.h>

#include "base/unicode.h"
#include "data/plot/plot.h"
#include "task/infer/private.h"

static int cnn_sink_open(struct infer_sink *s, const char *path)
{
    if (!path[0])
        return 0;
    s->name = path;
    int rc = cnn_outfile_open(path, &s->file);
    if (!rc)
        s->stream = cnn_outfile_stream(s->file);
    return rc;
}

int cnn_infer_commit(struct infer_sink *s)
{
    struct cnn_outfile *f = s->file;
    s->file = NULL;
    return f ? cnn_outfile_commit(f) : 0;
}

int cnn_infer_text(const struct infer_sink *s, struct cnn_buf *text)
{
    if (text->failed)
        return CNN_ESYSTEM;
    if (fwrite(text->text, 1, text->size, s->stream) != text->size || fflush(s->stream))
        return cnn_fail_errno(CNN_EIO, "%s", s->name);
    return 0;
}

/* Outputs apart from inputs; of datasets that are open, from the files of their samples, too. */
int cnn_infer_check_apart(const struct infer *in, const struct cnn_apart_run *run)
{
    const struct cnn_infer_options *o = in->o;
    const struct cnn_path_use out[] = {
        {"--output", o->output},       {"--predictions", o->predictions},
        {"--confusion", o->confusion}, {"--on-bad list", o->bad_list},
        {"--maps", o->maps},           {NULL, NULL}};
    return cnn_apart_run(out, run);
}

int cnn_infer_open_sinks(struct infer *in, FILE *out, const char *name)
{
    enum cnn_picture format;
    in->main = (struct infer_sink){NULL, out, name};
    int rc = in->o->confusion[0] ? cnn_picture_format(in->o->confusion, &format) : 0;
    if (!rc)
        rc = cnn_sink_open(&in->main, in->o->output);
    if (!rc)
        rc = cnn_sink_open(&in->beside, in->o->predictions);
    if (!rc)
        rc = cnn_sink_open(&in->picture, in->o->confusion);
    return rc || !in->o->maps[0] ? rc : cnn_outfolder_open(in->o->maps, &in->maps);
}

static int write_picture(struct infer *in)
{
    const struct cnn_metrics *m = in->metrics;
    struct cnn_buf bytes = {0};
    enum cnn_picture format;
    size_t *counts = cnn_calloc(m->classes, m->classes * sizeof *counts);
    if (!counts)
        return CNN_ESYSTEM;
    for (size_t i = 0; i < m->classes * m->classes; i++)
        counts[i] = (size_t)m->confusion[i];
    int rc = cnn_picture_format(in->o->confusion, &format);
    if (!rc)
        rc = cnn_plot_confusion(counts, (const char *const *)in->names->item, m->classes, format,
                                &bytes);
    if (!rc)
        fwrite(bytes.text, 1, bytes.size, in->picture.stream); /* committing checks */
    cnn_buf_free(&bytes);
    free(counts);
    return rc;
}

static int judge(const struct infer *in, const struct cnn_metrics *m)
{
    struct cnn_buf missed = {0};
    for (size_t i = 0; i < in->o->gate.count; i++) {
        char value[32];
        if (cnn_gate_met(&in->gate[i], m))
            continue;
        cnn_format_real(in->gate[i].metric->value(m), 0, value);
        cnn_buf_puts(&missed, missed.size ? "; " : "gate missed: ");
        cnn_gate_print(&in->gate[i], &missed);
        cnn_buf_printf(&missed, " (it is %s)", value);
    }
    int rc = missed.failed ? CNN_ESYSTEM : 0;
    if (!rc && missed.size)
        rc = cnn_fail(CNN_ENEGATIVE, "%s", missed.text);
    cnn_buf_free(&missed);
    return rc;
}

/* All outputs are written before the first gets its name. */
static int put_in_place(struct infer *in)
{
    struct infer_sink *const sink[] = {&in->picture, &in->beside, &in->main};
    enum { SINKS = sizeof sink / sizeof *sink };
    int rc = 0;
    for (int i = 0; i < SINKS && !rc; i++)
        rc = cnn_outfile_finish(sink[i]->file);
    if (!rc && in->maps)
        rc = cnn_outfolder_finish(in->maps, NULL);
    if (!rc)
        rc = cnn_callbacks_ready(in->cb);
    if (!rc && in->maps)
        rc = cnn_outfolder_commit(in->maps);
    for (int i = 0; i < SINKS && !rc; i++)
        rc = cnn_infer_commit(sink[i]);
    return rc;
}

/* Of several targets one is enough. */
static int check_measured(const struct infer *in, const struct cnn_metrics *m)
{
    const char *path = in->o->inputs ? in->o->input[0] : in->o->knn;
    size_t measured = 0;
    if (!m->samples)
        return cnn_fail(CNN_EDATA, "%s: no samples", path);
    for (int k = 0; k < in->feed.targets; k++) {
        struct cnn_metrics own = cnn_evaluator_target(in->evaluator, k);
        measured += own.labelled + own.values;
    }
    if (in->feed.targets > 1 && !measured)
        return cnn_fail(CNN_EDATA,
                        "%s: no sample has any of the targets: there is nothing to evaluate by",
                        path);
    if (in->feed.targets > 1)
        return 0;
    if ((in->classes || in->o->knn[0]) && !m->labelled)
        return cnn_fail(CNN_EDATA, "%s: no classes: there is nothing to evaluate by", path);
    if (in->runner.graph && in->runner.graph->losses && !m->without_loss && !(m->weight_sum > 0))
        return cnn_fail(CNN_EDATA, "%s: all weights are 0", path);
    return 0;
}

/* Everything is written before a missed gate is an answer. */
int cnn_infer_finish(struct infer *in)
{
    const struct cnn_metrics *m = in->metrics;
    struct cnn_report r = {.metrics = m,
                           .classes = in->names,
                           .gate = in->gate,
                           .gates = in->o->gate.count,
                           .model = in->runner.model ? in->runner.model->path : NULL,
                           .tensors = in->runner.model ? in->runner.model->tensors : NULL,
                           .inputs = &in->inputs,
                           .data = in->data,
                           .feed = &in->feed,
                           .evaluator = in->evaluator};
    struct cnn_buf text = {0}, shown = {0};
    int rc = in->eval ? check_measured(in, m) : 0, closed = 0;
    if (rc)
        return rc;
    if (in->cb->progress)
        in->cb->progress(in->cb->context, m->samples, m->samples);
    if (in->eval) {
        (in->o->json ? cnn_report_json : cnn_report_text)(&r, &text);
        cnn_buf_show_lines(&shown, text.text ? text.text : "");
        shown.failed |= text.failed;
        rc = cnn_infer_text(&in->main, &shown);
        cnn_buf_free(&shown);
        cnn_buf_free(&text);
    }
    if (rc == CNN_EPIPE) { /* what was asked for besides is still written */
        closed = rc;
        rc = 0;
    }
    if (!rc && in->picture.file)
        rc = write_picture(in);
    if (!rc)
        rc = put_in_place(in);
    if (rc || closed)
        return rc ? rc : closed;
    return judge(in, m);
}
