/* Metrics as text in columns and as JSON; see report.h. */
#include "task/report.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/unicode.h"
#include "data/source/dataset.h"
#include "task/json.h"

enum { GAP = 2, WIDE_NAME = 8 }; /* longer names are no column headings */

/* Characters, as far as UTF-8 tells. */
static size_t width(const char *text)
{
    size_t n = 0;
    for (; *text; text++)
        n += ((unsigned char)*text & 0xc0) != 0x80;
    return n;
}

static size_t widest(const struct cnn_strings *names)
{
    size_t most = 0;
    for (size_t i = 0; i < names->count; i++)
        most = width(names->item[i]) > most ? width(names->item[i]) : most;
    return most;
}

static void add_blanks(size_t n, struct cnn_buf *out)
{
    for (size_t i = 0; i < n; i++)
        cnn_buf_puts(out, " ");
}

/* Text at the left or right of a column. */
static void add_left(const char *text, size_t column, struct cnn_buf *out)
{
    cnn_buf_puts(out, text);
    add_blanks(column > width(text) ? column - width(text) : 0, out);
}

static void add_right(const char *text, size_t column, struct cnn_buf *out)
{
    add_blanks(column > width(text) ? column - width(text) : 0, out);
    cnn_buf_puts(out, text);
}

static void add_share(double value, size_t column, struct cnn_buf *out)
{
    char text[32] = "-";
    if (!isnan(value))
        snprintf(text, sizeof text, "%.4f", value);
    add_right(text, column + GAP, out);
}

static void add_whole(uint64_t value, size_t column, struct cnn_buf *out)
{
    char text[32];
    snprintf(text, sizeof text, "%" PRIu64, value);
    add_right(text, column + GAP, out);
}

/* Whether the metric means something for what was measured: of several targets samples may lack the
 * first, or one that the losses need. */
static int tells(const struct cnn_metric *metric, const struct cnn_metrics *m, int several)
{
    int known =
        metric->needs == CNN_METRIC_TARGETS ? m->weight_sum > 0 : m->labelled + m->values > 0;
    return cnn_metric_applies(metric, m) && (known || !several);
}

/* Samples, or positions of label images, that something can be said of. */
static size_t judged(const struct cnn_metrics *m)
{
    return m->classes ? m->labelled : m->samples;
}

static void add_totals(const struct cnn_metrics *m, int several, struct cnn_buf *out)
{
    const struct cnn_metric *metric;
    cnn_buf_printf(out, "samples    %zu\n", judged(m));
    if (judged(m) < m->samples)
        cnn_buf_printf(out, "unlabelled %zu\n", m->samples - judged(m));
    for (size_t i = 0; (metric = cnn_metric_at(i)); i++)
        if (tells(metric, m, several))
            cnn_buf_printf(out,
                           cnn_metric_is_share(metric->needs) ? "%-10s %.4f\n" : "%-10s %.6g\n",
                           metric->name, metric->value(m));
}

static int targets_of(const struct cnn_report *r)
{
    return r->feed && r->feed->targets > 1 ? r->feed->targets : 0;
}

/* Of one of several targets, over the samples that have it; 0: none has. */
static int measured(const struct cnn_report *r, int k, struct cnn_metrics *m)
{
    *m = cnn_evaluator_target(r->evaluator, k);
    m->samples = m->labelled + m->values ? m->samples : 0;
    return m->samples > 0;
}

static void add_targets(const struct cnn_report *r, struct cnn_buf *out)
{
    struct cnn_metrics m;
    for (int k = 0; k < targets_of(r); k++) {
        if (!measured(r, k, &m))
            continue;
        cnn_buf_printf(out, "\ntarget     %s\n", cnn_feed_name(r->feed, k));
        add_totals(&m, 1, out);
    }
}

static void add_classes(const struct cnn_report *r, struct cnn_buf *out)
{
    const struct cnn_metrics *m = r->metrics;
    size_t name = widest(r->classes) > 5 ? widest(r->classes) : 5;
    cnn_buf_puts(out, "\n");
    add_left("class", name, out);
    cnn_buf_puts(out, "  support  precision  recall      f1");
    cnn_buf_puts(out, !m->pixels ? "\n" : m->boundary ? "     iou     bf1\n" : "     iou\n");
    for (size_t c = 0; c < m->classes; c++) {
        add_left(r->classes->item[c], name, out);
        add_whole(m->support[c], 7, out);
        add_share(cnn_metrics_precision(m, c), 9, out);
        add_share(cnn_metrics_recall(m, c), 6, out);
        add_share(cnn_metrics_f1(m, c), 6, out);
        if (m->pixels)
            add_share(cnn_metrics_iou(m, c), 6, out);
        if (m->boundary)
            add_share(cnn_metrics_boundary_f1(m, c), 6, out);
        cnn_buf_puts(out, "\n");
    }
}

/* Columns are headed by the classes' names, or by their numbers, which then stand before the rows'
 * names, too. */
static void add_matrix(const struct cnn_report *r, struct cnn_buf *out)
{
    const struct cnn_metrics *m = r->metrics;
    size_t n = m->classes, name = widest(r->classes), column = 1;
    int numbers = name > WIDE_NAME;
    char text[32];
    for (size_t c = 0; c < n * n; c++) {
        size_t digits = (size_t)snprintf(text, sizeof text, "%" PRIu64, m->confusion[c]);
        column = digits > column ? digits : column;
    }
    column = numbers && column < 2 ? 2 : !numbers && column < name ? name : column;
    cnn_buf_puts(out, "\nconfusion (rows: truth, columns: answers)\n");
    add_blanks(name + (numbers ? 3 : 0), out);
    for (size_t c = 0; c < n; c++) {
        snprintf(text, sizeof text, "%zu", c);
        add_right(numbers ? text : r->classes->item[c], column + GAP, out);
    }
    cnn_buf_puts(out, "\n");
    for (size_t row = 0; row < n; row++) {
        if (numbers)
            cnn_buf_printf(out, "%2zu ", row);
        add_left(r->classes->item[row], name, out);
        for (size_t c = 0; c < n; c++)
            add_whole(m->confusion[row * n + c], column, out);
        cnn_buf_puts(out, "\n");
    }
}

/* The names as a line of a table can have them. */
static int show_classes(const struct cnn_strings *classes, struct cnn_strings *out)
{
    struct cnn_buf shown = {0};
    int rc = 0;
    for (size_t i = 0; i < classes->count && !rc; i++) {
        shown.size = 0;
        cnn_buf_puts(&shown, ""); /* of an empty name, too, there is a text */
        cnn_buf_show(&shown, classes->item[i]);
        rc = shown.failed ? CNN_ESYSTEM : cnn_strings_add(out, shown.text);
    }
    cnn_buf_free(&shown);
    return rc;
}

static void report_text(struct cnn_report r, struct cnn_buf *out)
{
    const struct cnn_metrics *m = r.metrics;
    struct cnn_strings shown = {0};
    out->failed |= show_classes(r.classes, &shown) != 0;
    r.classes = &shown;
    int several = targets_of(&r) > 0;
    int named = m->classes == r.classes->count && (m->labelled || !several);
    add_totals(m, several, out);
    if (m->classes && named && !out->failed)
        add_classes(&r, out);
    if (m->confusion && named && m->classes <= CNN_REPORT_MATRIX && !out->failed)
        add_matrix(&r, out);
    add_targets(&r, out);
    cnn_strings_free(&shown);
}

/* With names for all classes that are told of one by one. */
static void with_names(const struct cnn_report *report,
                       void (*print)(struct cnn_report r, struct cnn_buf *out), struct cnn_buf *out)
{
    struct cnn_strings numbers = {0};
    struct cnn_report r = *report;
    if (r.metrics->pixels && r.metrics->classes != r.classes->count) {
        out->failed |= cnn_classes_number(r.metrics->classes, &numbers) != 0;
        r.classes = &numbers;
    }
    print(r, out);
    cnn_strings_free(&numbers);
}

void cnn_report_text(const struct cnn_report *r, struct cnn_buf *out)
{
    with_names(r, report_text, out);
}

/* JSON */

static void json_class(const struct cnn_report *r, size_t c, struct cnn_buf *out)
{
    const struct cnn_metrics *m = r->metrics;
    cnn_buf_puts(out, "{\"class\": ");
    cnn_json_string(r->classes->item[c], out);
    cnn_buf_printf(out, ", \"support\": %" PRIu64 ", \"precision\": ", m->support[c]);
    cnn_json_real(cnn_metrics_precision(m, c), 0, out);
    cnn_buf_puts(out, ", \"recall\": ");
    cnn_json_real(cnn_metrics_recall(m, c), 0, out);
    cnn_buf_puts(out, ", \"f1\": ");
    cnn_json_real(cnn_metrics_f1(m, c), 0, out);
    if (m->pixels) {
        cnn_buf_puts(out, ", \"iou\": ");
        cnn_json_real(cnn_metrics_iou(m, c), 0, out);
    }
    if (m->boundary) {
        cnn_buf_puts(out, ", \"bf1\": ");
        cnn_json_real(cnn_metrics_boundary_f1(m, c), 0, out);
    }
    cnn_buf_puts(out, "}");
}

static void json_matrix(const struct cnn_metrics *m, struct cnn_buf *out)
{
    cnn_buf_puts(out, ", \"confusion\": [");
    for (size_t row = 0; row < m->classes; row++) {
        cnn_buf_puts(out, row ? ", [" : "[");
        for (size_t c = 0; c < m->classes; c++)
            cnn_buf_printf(out, c ? ", %" PRIu64 : "%" PRIu64, m->confusion[row * m->classes + c]);
        cnn_buf_puts(out, "]");
    }
    cnn_buf_puts(out, "]");
}

static void json_gates(const struct cnn_report *r, struct cnn_buf *out)
{
    cnn_buf_puts(out, ", \"gates\": [");
    for (size_t i = 0; i < r->gates; i++) {
        cnn_buf_puts(out, i ? ", {\"gate\": \"" : "{\"gate\": \"");
        cnn_gate_print(&r->gate[i], out);
        cnn_buf_printf(out, "\", \"met\": %s}",
                       cnn_gate_met(&r->gate[i], r->metrics) ? "true" : "false");
    }
    cnn_buf_puts(out, "]");
}

/* "model": {"path": ..., "hash": ...}, "data": [{"path": ..., "hash": ..., "samples": ...}] */
static void json_what(const struct cnn_report *r, struct cnn_buf *out)
{
    char hash[CNN_TENSORS_HASH], contents[33];
    if (!r->model)
        return;
    out->failed |= cnn_tensors_hash(r->tensors, hash) != 0;
    cnn_buf_puts(out, "\"model\": {\"path\": ");
    cnn_json_string(r->model, out);
    cnn_buf_printf(out, ", \"hash\": \"%s\"}, \"data\": [", hash);
    for (size_t i = 0; i < r->inputs->count; i++) {
        cnn_data_hash_print(&r->data[i], contents);
        cnn_buf_puts(out, i ? ", {\"path\": " : "{\"path\": ");
        cnn_json_string(cnn_dataset_path(r->inputs->ds[i]), out);
        cnn_buf_printf(out, ", \"hash\": \"%s\", \"samples\": %" PRIu64 "}", contents,
                       r->data[i].samples);
    }
    cnn_buf_puts(out, "], ");
}

static void json_totals(const struct cnn_metrics *m, int several, struct cnn_buf *out)
{
    const struct cnn_metric *metric;
    cnn_buf_printf(out, "\"samples\": %zu, \"unlabelled\": %zu", judged(m),
                   judged(m) < m->samples ? m->samples - judged(m) : 0);
    for (size_t i = 0; (metric = cnn_metric_at(i)); i++) {
        if (!tells(metric, m, several))
            continue;
        cnn_buf_printf(out, ", \"%s\": ", metric->name);
        cnn_json_real(metric->value(m), 0, out);
    }
}

/* "targets": {"NAME": {"samples": ...}, ...} */
static void json_targets(const struct cnn_report *r, struct cnn_buf *out)
{
    struct cnn_metrics m;
    int any = 0;
    for (int k = 0; k < targets_of(r); k++) {
        if (!measured(r, k, &m))
            continue;
        cnn_buf_printf(out, "%s\"%s\": {", any++ ? ", " : ", \"targets\": {",
                       cnn_feed_name(r->feed, k));
        json_totals(&m, 1, out);
        cnn_buf_puts(out, "}");
    }
    if (any)
        cnn_buf_puts(out, "}");
}

static void report_json(struct cnn_report r, struct cnn_buf *out)
{
    const struct cnn_metrics *m = r.metrics;
    size_t named = m->classes == r.classes->count ? m->classes : 0;
    cnn_buf_puts(out, "{");
    json_what(&r, out);
    json_totals(m, targets_of(&r) > 0, out);
    for (size_t c = 0; c < named; c++) {
        cnn_buf_puts(out, c ? ", " : ", \"classes\": [");
        json_class(&r, c, out);
    }
    if (named)
        cnn_buf_puts(out, "]");
    if (m->confusion)
        json_matrix(m, out);
    json_targets(&r, out);
    if (r.gates)
        json_gates(&r, out);
    cnn_buf_puts(out, "}\n");
}

void cnn_report_json(const struct cnn_report *r, struct cnn_buf *out)
{
    with_names(r, report_json, out);
}
