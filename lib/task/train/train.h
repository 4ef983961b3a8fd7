/* Training a net on a dataset: what cnn-train does.
 *
 * The model file depends on the data's contents and the options alone: not on threads, on the
 * form that the data came in, or on how often the run was killed and resumed. */
#ifndef CNN_TASK_TRAIN_TRAIN_H
#define CNN_TASK_TRAIN_TRAIN_H

#include "base/error.h"
#include "task/train/settings/options.h"

struct cnn_augmenter;

/* CNN_EUSAGE when an output would be written over another or over what is read; for a caller that
 * opens the list of bad samples before it trains. The files of samples are looked at in cnn_train.
 */
CNN_CHECKED int cnn_train_check_outputs(const struct cnn_train_options *options);

/* Train and write the model. With options->plan, *plan gets the memory plan as text (the caller's
 * to free()) and nothing runs. With options->overfit, no model is written: CNN_ENEGATIVE when the
 * loss did not come down; CNN_ENEGATIVE, too, when the model is not the one that options->expect
 * names, though it is written. CNN_EUSAGE, CNN_EDATA, CNN_ENOINPUT, CNN_ECREATE (before any
 * training), CNN_EINTERNAL (the loss is not finite), CNN_EINTERRUPTED. */
CNN_CHECKED int cnn_train(const struct cnn_train_options *options,
                          const struct cnn_augmenter *augmenter,
                          const struct cnn_train_callbacks *callbacks, char **plan);

/* Join models, each trained on features of the one before (cnn-features), into one that answers as the last did, and
 * write it; of the options the output, where and with how many threads count. CNN_EUSAGE where others were given;
 * CNN_EDATA where one was not trained on features of the one before, or no layer does what was done with these. */
CNN_CHECKED int cnn_train_append(const struct cnn_train_options *options, char *const *model,
                                 size_t models);

#endif
