/* What features were made by: which model, which of its layers, and what became of their values. Dumps say it, as a run
 * of cnn-features is told in a history, but without the model's own; so do models, of what they were trained on. */
#ifndef CNN_TASK_MADE_H
#define CNN_TASK_MADE_H

#include <jansson.h>

#include "base/error.h"

struct cnn_dataset;
struct cnn_model;

/* Of a dataset's samples, and of those that the model's last run was trained on; NULL: it does not say, which CNN_ESYSTEM
 * tells from a lack of memory. json_decref() *out. */
CNN_CHECKED int cnn_made_data(const struct cnn_dataset *ds, json_t **out);
CNN_CHECKED int cnn_made_training(const struct cnn_model *m, json_t **out);
/* The hash of the model (cnn_model_hash). */
const char *cnn_made_hash(const json_t *made);

/* CNN_EDATA where the samples of the second are known to be features of another model than those of the first, of other
 * layers or pooled otherwise, with `lengths` also where only one of them was brought to a length of 1. */
CNN_CHECKED int cnn_made_check_data(const struct cnn_dataset *first,
                                    const struct cnn_dataset *second, int lengths);
/* CNN_EDATA where a dump was not made as a run (JSON object) with that model makes one now. */
CNN_CHECKED int cnn_made_check_again(const char *model, const char *run,
                                     const struct cnn_dataset *dump);
/* The same of what the model was trained on, and of samples that it is to run on. */
CNN_CHECKED int cnn_made_check_model(const struct cnn_model *m, const struct cnn_dataset *ds);

#endif
