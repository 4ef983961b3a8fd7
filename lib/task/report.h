/* What was measured, for people and for programs. */
#ifndef CNN_TASK_REPORT_H
#define CNN_TASK_REPORT_H

#include "data/loader/data_hash.h"
#include "file/tensors.h"
#include "task/evaluate.h"
#include "task/gate.h"
#include "task/runner.h"

struct cnn_report {
    const struct cnn_metrics *metrics;
    const struct cnn_strings *classes; /* names of the metrics' classes; of others there are none */
    const struct cnn_gate *gate;       /* (gates) */
    size_t gates;
    const struct cnn_feed *feed;           /* of several targets each is told of, too */
    const struct cnn_evaluator *evaluator; /* that measured them */
    /* For JSON: what was evaluated. model NULL: not told. */
    const char *model;
    const struct cnn_tensor_source *tensors;
    const struct cnn_inputs *inputs;
    const struct cnn_data_hash *data; /* (inputs->count) */
};

enum { CNN_REPORT_MATRIX = 20 }; /* classes of which the confusion matrix is still readable text */

/* The metrics, a line for each class, and the confusion matrix, in columns. */
void cnn_report_text(const struct cnn_report *r, struct cnn_buf *out);
/* The same as one JSON object, with the matrix where it was counted, and whether the gates are met.
 */
void cnn_report_json(const struct cnn_report *r, struct cnn_buf *out);

#endif
