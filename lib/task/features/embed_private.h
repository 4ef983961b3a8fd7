/* The inside of a predictor, shared by embed.c and embed_run.c. */
#ifndef CNN_TASK_FEATURES_EMBED_PRIVATE_H
#define CNN_TASK_FEATURES_EMBED_PRIVATE_H

#include <stdatomic.h>

#include "cnn.h"
#include "data/image/image.h"
#include "task/runner.h"
#include "task/scores.h"

/* A predictor that shares weights has its own device and net, and all else from the first. */
struct cnn_predictor {
    struct cnn_predictor *first; /* whose weights, model and graph it uses; itself */
    atomic_size_t users;         /* of the first: it and those that share with it */
    struct cnn_runner runner;
    struct cnn_compute compute;
    struct cnn_strings device; /* holds compute.device */
    int *layer;                /* (layers) nodes of the config */
    size_t layers, batch;
    size_t waiting, ran; /* images that wait; of the last run */
    int resting;         /* the device, while nothing is computed */
    struct cnn_image image;
    struct cnn_preprocess_scratch scratch;
    float *x;       /* (batch, c, h, w) */
    size_t outputs; /* of the net */
    enum cnn_scores kind;
};

#endif
