/* The door to every form of dataset. */
#ifndef CNN_DATA_DATASET_OPEN_H
#define CNN_DATA_DATASET_OPEN_H

#include "base/error.h"
#include "data/source/dataset.h"

/* Open PATH: "-" is standard input; a folder of class folders (or of images: no classes); a
 * manifest; a list of paths, a line each or ended by NUL bytes; a Caffe list; IDX; CIFAR binary;
 * tar; .npy (classes from PATH with .tsv for .npy, when that exists); feature TSV; svmlight; a
 * single image; or "digits:COUNT[:SEED]", the built-in dataset of lib/data/digits/digits.h. What it
 * is follows from the contents, never from options. CNN_ENOINPUT, CNN_EDATA ("PATH:LINE: ..."). */
CNN_CHECKED int cnn_dataset_open(const char *path, const struct cnn_dataset_options *options,
                                 struct cnn_dataset **out);
/* Several images, each a file, as one dataset without classes; or none, with the class list that
 * options->classes gives. They are not looked at yet. */
CNN_CHECKED int cnn_dataset_open_images(const char *const *path, size_t count,
                                        const struct cnn_dataset_options *options,
                                        struct cnn_dataset **out);

#endif
