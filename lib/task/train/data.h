/* The samples of a run. */
#ifndef CNN_TASK_TRAIN_DATA_H
#define CNN_TASK_TRAIN_DATA_H

#include "data/loader/data_hash.h"
#include "data/loader/loader.h"
#include "data/source/divided.h"
#include "lang/graph.h"
#include "task/train/cache.h"
#include "task/train/settings/report.h"
#include "task/train/settings/settings.h"

struct train_data {
    struct cnn_divided parts, val_parts; /* what the dataset and --val are made of */
    struct cnn_dataset *train, *val;     /* val NULL: none */
    int no_data;   /* train has no samples: a model is made of a net and weights alone */
    int streaming; /* the training set is read once, in its own order */
    struct cnn_strings listed;  /* of --classes; empty: not given */
    struct cnn_strings classes; /* empty: they are not the target */
    float *class_weight;        /* (class_weights), or NULL */
    size_t class_weights;       /* as many as classes, or as the labels of places or rows have */
    struct cnn_dataset *kept, *kept_val; /* outputs of frozen layers; NULL: they are not kept */
    struct train_cache cache;            /* their file */
    struct cnn_image_store *images;      /* of train, then of val; NULL: on the host */
    struct cnn_loader *loader, *val_loader;
};

/* data.c */
/* No dataset, or in *o, the parts where the dataset or --val is a folder of such. CNN_EUSAGE: what
 * is asked for needs samples; CNN_EDATA. */
CNN_CHECKED int cnn_train_data_find(struct train_data *d, struct cnn_train_options *o,
                                    const struct train_report *report);
/* Training set, classes and validation set. `known`: the classes that a model has; NULL: none.
 * CNN_EUSAGE, CNN_EDATA, CNN_ENOINPUT. */
CNN_CHECKED int cnn_train_data_open(struct train_data *d, const struct train_settings *settings,
                                    const struct cnn_strings *known,
                                    const struct train_report *report);
/* Loaders are closed, too; what runs has to be open still. */
void cnn_train_data_close(struct train_data *d);

/* weights.c */
/* What --class-weights says, once the net's target is known. CNN_EUSAGE, CNN_EDATA. */
CNN_CHECKED int cnn_train_class_weights(struct train_data *d, const struct train_settings *settings,
                                        const struct train_engine *engine);
/* CNN_EDATA: every training sample of `path` weighs 0, so that the loss is none. */
CNN_CHECKED int cnn_train_fail_weightless(const struct train_data *d, const char *path);

/* class_counts.c: how frequent classes are in the training set: their samples, or of label images their pixels. */
struct train_class_counts {
    double *own; /* (classes) */
    double *
        all; /* (classes) all samples, or all pixels with a class in the images that have this one */
    double total;
};
CNN_CHECKED int cnn_train_count_classes(struct train_class_counts *out, size_t classes,
                                        const struct train_data *d,
                                        const struct train_settings *settings,
                                        const struct train_engine *engine);
void cnn_train_class_counts_free(struct train_class_counts *c);

/* checks.c. CNN_EDATA, CNN_EUSAGE with what does not fit. */
/* Samples of the dataset at `path` without a class, where classes are the target. */
CNN_CHECKED int cnn_train_check_classes(const struct train_settings *settings,
                                        const struct cnn_dataset *ds, const char *path,
                                        const struct train_report *report);
CNN_CHECKED int cnn_train_check_empty_classes(const struct train_data *d,
                                              const struct cnn_train_options *o,
                                              const struct train_report *report);
CNN_CHECKED int cnn_train_check_net_outputs(const struct cnn_graph *g, const char *net_name,
                                            const struct cnn_strings *classes,
                                            const struct cnn_train_options *o);
CNN_CHECKED int cnn_train_check_loss(const struct cnn_graph *g, const char *net_name,
                                     const struct cnn_strings *classes,
                                     const struct cnn_train_options *o);
/* Batch normalisation of a single value. */
CNN_CHECKED int cnn_train_check_bn(const struct cnn_graph *g, const struct train_data *d,
                                   size_t batch, const struct train_report *report);
void cnn_train_note_schedule(const struct train_settings *settings,
                             const struct train_report *report);

/* overlap.c: CNN_ESYSTEM. */
CNN_CHECKED int cnn_train_note_overlap(const struct train_data *d,
                                       const struct train_report *report);

/* shape.c: the input's shape where the net's text does not say it. Of a stream that is read
 * once nothing is known beforehand: it stays as it is. CNN_EUSAGE, CNN_EDATA. */
CNN_CHECKED int cnn_train_input_shape(const struct train_data *d,
                                      const struct train_settings *settings, const char *text,
                                      const struct train_report *report,
                                      struct cnn_graph_config *config);
/* Whether samples are numbers that are no images; of a stream that is read once: no. */
CNN_CHECKED int cnn_train_is_raw(const struct train_data *d, const struct train_settings *settings,
                                 int *raw);

#endif
