/* Models of this toolkit, and weights of others in the same form: a model's net and class list are
 * texts of the metadata, cnn.net and cnn.classes (cnn-formats(5)). */
#include "file/safetensors.h"

#include <string.h>

#include "base/memory.h"
#include "model/import/import.h"

/* Eight bytes of the header's size, and an object. */
static int sniff(const unsigned char *bytes, size_t n)
{
    return n > 8 && !bytes[7] && bytes[8] == '{';
}

static int open_safetensors(const char *path, struct cnn_bytes *bytes, struct cnn_imported *out)
{
    int rc = cnn_safetensors_open(path, bytes, &out->tensors);
    const char *net = rc ? NULL : cnn_tensors_text(out->tensors, "cnn.net");
    if (!net)
        return rc;
    const char *format = cnn_tensors_text(out->tensors, "cnn.format");
    const char *classes = cnn_tensors_text(out->tensors, "cnn.classes");
    if (!format)
        return cnn_fail(CNN_EDATA, CNN_IMPORT_NETLESS, path);
    if (strcmp(format, "1"))
        return cnn_fail(CNN_EDATA, "%s: model format '%s' is newer than this program", path,
                        format);
    if (!(out->net_text = cnn_strdup(net)))
        return CNN_ESYSTEM;
    return classes ? cnn_imported_classes(out, path, classes) : 0;
}

const struct cnn_import cnn_import_safetensors = {.ending = ".safetensors",
                                                  .sniff = sniff,
                                                  .extent = cnn_safetensors_extent,
                                                  .open = open_safetensors};
