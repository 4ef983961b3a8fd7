/* Metrics by name, and conditions on them: "top1>=0.91". */
#ifndef CNN_TASK_GATE_H
#define CNN_TASK_GATE_H

#include "base/error.h"
#include "base/text.h"
#include "task/metrics.h"

/* What a metric needs to mean something; MANY: more than five classes; PIXELS: label images, BOUNDARIES:
 * and a look at the boundaries in them. */
enum cnn_metric_needs {
    CNN_METRIC_TARGETS,
    CNN_METRIC_CLASSES,
    CNN_METRIC_MANY,
    CNN_METRIC_PIXELS,
    CNN_METRIC_BOUNDARIES,
    CNN_METRIC_VALUES,
    CNN_METRIC_RANKS
};
/* Whether the metric is a part of one, never above it. */
int cnn_metric_is_share(enum cnn_metric_needs needs);

struct cnn_metric {
    const char *name; /* loss top1 top5 error f1 macc miou bf1 mse mae precision map */
    enum cnn_metric_needs needs;
    double (*value)(const struct cnn_metrics *m);
};

const struct cnn_metric *cnn_metric_at(size_t i); /* NULL past the end */
/* Nonzero when the metric means something for what was measured. */
int cnn_metric_applies(const struct cnn_metric *metric, const struct cnn_metrics *m);

enum cnn_gate_relation { CNN_GATE_GE, CNN_GATE_LE, CNN_GATE_GT, CNN_GATE_LT };

struct cnn_gate {
    const struct cnn_metric *metric;
    enum cnn_gate_relation relation;
    double bound;
};

/* METRIC, one of >= > <= <, and a number; blanks between them do not matter. CNN_EUSAGE. */
CNN_CHECKED int cnn_gate_parse(const char *text, struct cnn_gate *out);
/* Nonzero when the condition holds; NaN meets none. */
int cnn_gate_met(const struct cnn_gate *g, const struct cnn_metrics *m);
/* The condition as text, "top1 >= 0.91". */
void cnn_gate_print(const struct cnn_gate *g, struct cnn_buf *out);

#endif
