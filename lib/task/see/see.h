/* What a network has learned, seen in pictures: which parts of an image speak for a class, what fools it, what excites
 * it most, what it keeps of an image. */
#ifndef CNN_TASK_SEE_SEE_H
#define CNN_TASK_SEE_SEE_H

#include "base/error.h"
#include "base/text.h"
#include "task/callbacks.h"
#include "task/compute.h"

/* Ways to tell which parts of an image speak for a class; a file each, whose struct see_technique is cnn_see_STEM. */
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
/* Their words, for help. */
#define CNN_SEE_WORD(name, word, stem) " " word
#define CNN_SEE_METHODS                CNN_SEE_TECHNIQUES(CNN_SEE_WORD)
enum cnn_see_saliency { CNN_CHOICE_NAMES(CNN_SEE_SALIENCIES) };

/* Ways to change an image until a net takes it for something else; likewise. */
#define CNN_SEE_FOOLERS(NEXT)                                                                      \
    NEXT(CNN_SEE_FGSM, "fgsm", fgsm)                                                               \
    NEXT(CNN_SEE_ITERATED, "iterated", iterated)
#define CNN_SEE_WAYS               CNN_SEE_FOOLERS(CNN_SEE_WORD)
#define CNN_SEE_FOOLS(FIRST, NEXT) FIRST(CNN_SEE_HONEST, "none") CNN_SEE_FOOLERS(NEXT)
enum cnn_see_fool { CNN_CHOICE_NAMES(CNN_SEE_FOOLS) };

/* Files in a folder: pictures, or the plain numbers. */
#define CNN_SEE_FORMATS(FIRST, NEXT)                                                               \
    FIRST(CNN_SEE_PNG, "png")                                                                      \
    NEXT(CNN_SEE_NPY, "npy")
enum cnn_see_format { CNN_CHOICE_NAMES(CNN_SEE_FORMATS) };

/* TEXT fields that are "" were not given. */
struct cnn_see_options {
    enum cnn_see_saliency saliency;
    enum cnn_see_fool fool;
    const char *maximize; /* LAYER:UNIT */
    const char *invert;   /* a layer */
    const char *class;    /* a name or a number; "": the best answer */
    const char *layer;    /* whose planes are looked at; "": the last planes before the answer */
    long long samples;    /* images that smoothgrad and integrated average */
    double noise;         /* of smoothgrad: deviation, as a part of the image's range */
    struct cnn_pair patch, patch_stride; /* of occlusion, in pixels of the input; 0: by its size */
    double limit;    /* of fool: levels of 255 by which a number may change; 0: any */
    long long steps; /* of iterated, maximize and invert, at most */
    long long seeds; /* of maximize: images, each from noise of its own */
    double decay;    /* of maximize: what a step takes away of an image */
    double smooth;   /* of invert: the weight of total variation */
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
 * ends as that of a picture or in .npy, and there is one image, else into the folder `output`, whole or not at all. fool
 * also starts from noise, input "noise" or "noise:COUNT"; maximize has no inputs. One of saliency, fool, maximize and
 * invert is given.
 * *out gets a line of TSV for each image: its key, the class's number and name, its probability ("-": it has none) and
 * its score; of maximize and invert key, layer and what was reached. CNN_EUSAGE, CNN_EDATA, CNN_ENOINPUT, CNN_ECREATE,
 * CNN_EIO, CNN_EDEVICE, CNN_EINTERRUPTED. */
CNN_CHECKED int cnn_see(const struct cnn_see_options *options,
                        const struct cnn_callbacks *callbacks, struct cnn_buf *out);

#endif
