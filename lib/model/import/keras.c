/* Models and weights of Keras (.keras, .h5); what reads them is in keras/. */
#include "model/import/import.h"
#include "model/import/keras/open.h"

static int open_file(const char *path, struct cnn_bytes *bytes, struct cnn_imported *out)
{
    return cnn_keras_open(path, bytes, &out->net_text, &out->why, &out->tensors);
}

const struct cnn_import cnn_import_keras = {
    .ending = ".keras .h5 .hdf5", .sniff = cnn_keras_is, .open = open_file};
