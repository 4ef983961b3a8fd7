/* Which sink the options ask for; see private.h. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "task/apart.h"
#include "task/augment/private.h"

static int ends_with(const char *s, const char *end)
{
    size_t n = strlen(s), m = strlen(end);
    return n >= m && !strcmp(s + n - m, end);
}

static int is_compressed(const char *path)
{
    return ends_with(path, ".gz") || ends_with(path, ".tgz") || ends_with(path, ".zst") ||
           ends_with(path, ".xz") || ends_with(path, ".zip");
}

int cnn_sink_open(const struct cnn_augment_options *o, const struct cnn_augmenter *augmenter,
                  const struct cnn_dataset *ds, const volatile int *stop, struct sink **out)
{
    const char *path = o->output;
    struct stat st;
    int exists = path[0] && !stat(path, &st);
    if (is_compressed(path))
        return cnn_fail(CNN_EUSAGE,
                        "%s: compressed files are not written (a name in .tar, or a "
                        "folder's, is wanted)",
                        path);
    if (path[0] && strcmp(path, "-") && !ends_with(path, ".tar") &&
        !(exists && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))) {
        int rc = cnn_apart_folder(path, o->data);
        return rc ? rc : cnn_sink_open_folder(path, cnn_dataset_classes(ds), out);
    }
    char *text =
        cnn_augment_history(o, augmenter, cnn_dataset_classes(ds), cnn_dataset_history(ds));
    int rc = text ? cnn_sink_open_stream(strcmp(path, "-") ? path : "", cnn_dataset_classes(ds),
                                         text, stop, out)
                  : CNN_ESYSTEM;
    free(text);
    return rc;
}
