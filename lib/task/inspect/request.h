/* What cnn-inspect was asked for: which of its modes, and the operands that go with it. */
#ifndef CNN_TASK_INSPECT_REQUEST_H
#define CNN_TASK_INSPECT_REQUEST_H

#include "base/error.h"
#include "base/text.h"
#include "task/compute.h"
#include "task/see/see.h"

/* As options fill it; TEXT fields that are "" were not given. */
struct cnn_inspect_request {
    const char *filters, *input, *to;
    long long outputs, batch, depth;
    struct cnn_compute compute;
    struct cnn_see_options see; /* but for the members that are here, too */
    int time, training, dense;
    int layers, windows, tensors, check, classes, history, meta, print, dot, diff, json, zoo, runs;
};

/* CNN_EUSAGE where options contradict each other, or want other operands than `count`. */
CNN_CHECKED int cnn_inspect_request_check(const struct cnn_inspect_request *r, size_t count);
/* The answer into *out, also what was found out before an error; *note: what the user should know.
 * The request was checked, and sees nothing. CNN_ENEGATIVE, CNN_EUSAGE, CNN_EDATA, CNN_ENOINPUT, CNN_ECREATE. */
CNN_CHECKED int cnn_inspect_request_answer(const struct cnn_inspect_request *r,
                                           char *const *operand, size_t count, struct cnn_buf *note,
                                           struct cnn_buf *out);
/* Whether pictures of what a net has learned are wanted, which the next function makes: as cnn_see. */
int cnn_inspect_request_sees(const struct cnn_inspect_request *r);
CNN_CHECKED int cnn_inspect_request_see(const struct cnn_inspect_request *r, char *const *operand,
                                        size_t count, const struct cnn_callbacks *callbacks,
                                        struct cnn_buf *out);
/* Whether the answer is for programs, and stays as it is. */
int cnn_inspect_request_is_data(const struct cnn_inspect_request *r);

#endif
