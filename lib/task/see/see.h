/* What a network has learned, seen in pictures: which parts of an image speak for a class. */
#ifndef CNN_TASK_SEE_SEE_H
#define CNN_TASK_SEE_SEE_H

#include "base/error.h"
#include "base/text.h"
#include "task/callbacks.h"
#include "task/compute.h"

/* Ways to tell which parts of an image speak for a class; a file each, whose struct see_saliency is cnn_see_STEM. */
#define CNN_SEE_TECHNIQUES(NEXT)                                                                   \
    NEXT(CNN_SEE_GRADIENT, "gradient", gradient)                                                   \
    NEXT(CNN_SEE_SMOOTHGRAD, "smoothgrad", smoothgrad)                                             \
    NEXT(CNN_SEE_INTEGRATED, "integrated", integrated)                                             \
    NEXT(CNN_SEE_GUIDED, "guided", guided)                                                         \
    NEXT(CNN_SEE_DECONV, "deconv", deconv)                                                         \
    NEXT(CNN_SEE_OCCLUSION, "occlusion", occlusion)                                                \
    NEXT(CNN_SEE_CAM, "cam", cam)                                                                  \
    NEXT(CNN_SEE_GRADCAM, "gradcam", gradcam)                                                      \
    NEXT(CNN_SEE_GRADCAMPP, "gradcam++", gradcampp)
#define CNN_SEE_SALIENCIES(FIRST, NEXT) FIRST(CNN_SEE_NONE, "none") CNN_SEE_TECHNIQUES(NEXT)
#define CNN_SEE_WORD(name, word, stem)  " " word
#define CNN_SEE_METHODS                 CNN_SEE_TECHNIQUES(CNN_SEE_WORD)
enum cnn_see_saliency { CNN_CHOICE_NAMES(CNN_SEE_SALIENCIES) };

/* Files in a folder: pictures, or the plain numbers. */
#define CNN_SEE_FORMATS(FIRST, NEXT)                                                               \
    FIRST(CNN_SEE_PNG, "png")                                                                      \
    NEXT(CNN_SEE_NPY, "npy")
enum cnn_see_format { CNN_CHOICE_NAMES(CNN_SEE_FORMATS) };

/* TEXT fields that are "" were not given. */
struct cnn_see_options {
    enum cnn_see_saliency saliency;
    const char *class; /* a name or a number; "": the best answer */
    const char *layer; /* whose planes are looked at; "": the last planes before the answer */
    long long samples; /* images that smoothgrad and integrated average */
    double noise;      /* of smoothgrad: deviation, as a part of the image's range */
    struct cnn_pair patch, patch_stride; /* of occlusion, in pixels of the input; 0: by its size */
    long long seed;
    struct cnn_pair size;       /* as of struct cnn_runner_net, but for CNN_SIZE_NATIVE */
    enum cnn_see_format format; /* of files in a folder */
    const char *model, *output;
    char *const *input; /* (inputs) datasets */
    size_t inputs;
    long long batch; /* images that are computed together */
    struct cnn_compute compute;
};

/* Go through the inputs' images and write a picture, or the numbers, of each: into the file `output` where its name
 * ends as that of a picture or in .npy, and there is one image, else into the folder `output`, whole or not at all.
 * *out gets a line of TSV for each image: its key, the class's number and name, its probability ("-": it has none) and
 * its score. CNN_EUSAGE, CNN_EDATA, CNN_ENOINPUT, CNN_ECREATE, CNN_EIO, CNN_EDEVICE, CNN_EINTERRUPTED. */
CNN_CHECKED int cnn_see(const struct cnn_see_options *options,
                        const struct cnn_callbacks *callbacks, struct cnn_buf *out);

#endif
