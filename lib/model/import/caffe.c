/* Nets and weights of Caffe (.prototxt, .caffemodel); what reads them is in caffe/. */
#include "model/import/caffe/open.h"
#include "model/import/import.h"

static int open_weights(const char *path, struct cnn_bytes *bytes, struct cnn_imported *out)
{
    return cnn_caffe_weights(NULL, NULL, path, bytes, &out->net_text, &out->why, &out->tensors);
}

static int open_both(const char *path, const struct cnn_bytes *net, const char *weights,
                     struct cnn_bytes *bytes, struct cnn_imported *out)
{
    return cnn_caffe_weights(path, net, weights, bytes, &out->net_text, &out->why, &out->tensors);
}

const struct cnn_import cnn_import_caffe = {
    .ending = ".caffemodel", .sniff = cnn_caffe_is_weights, .open = open_weights};

static int read_text(const char *path, const struct cnn_bytes *net, enum cnn_net_use use,
                     char **text)
{
    return cnn_caffe_text(path, net, use == CNN_NET_TO_TRAIN, text);
}

const struct cnn_net_form cnn_net_form_caffe = {
    .sniff = cnn_caffe_is_text, .text = read_text, .weights = &cnn_import_caffe, .open = open_both};
