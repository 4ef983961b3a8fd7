/* What the files of augment share. */
#ifndef CNN_TASK_AUGMENT_PRIVATE_H
#define CNN_TASK_AUGMENT_PRIVATE_H

#include "data/augment.h"
#include "data/dataset.h"
#include "task/augment.h"

/* Where samples go. Packing is done by many threads at once, writing by one and in order. */
struct sink;
struct sink_type {
    /* Make of the sample what will be written, into *packed (NULL at first, then reused). `group`:
     * samples that belong together; NULL: none. CNN_EDATA when the sink cannot hold such a sample.
     */
    int (*pack)(struct sink *sink, const struct cnn_sample *s, const char *group, void **packed);
    void (*drop)(void *packed);
    int (*write)(struct sink *sink, const void *packed);
    int (*finish)(struct sink *sink); /* everything was written; the output is in place then */
    void (*free)(struct sink *sink);  /* without finish: nothing is left of a file or folder */
};
struct sink {
    const struct sink_type *type;
};

/* A tar stream: on standard output (path ""), or to a file. */
int sink_open_stream(const char *path, const struct cnn_strings *classes, const char *history,
                     const volatile int *stop, struct sink **out);
int sink_open_folder(const char *path, const struct cnn_strings *classes, struct sink **out);

/* The history (JSON array) of the data with an entry for these options; as it was when samples pass
 * unchanged. free(); NULL with an error set. */
char *augment_history(const struct cnn_augment_options *options,
                      const struct cnn_augmenter *augmenter, const char *before);

/* Where a sample goes below a folder: "CLASS/KEY.png", or "KEY.png" in a folder without classes;
 * and its line of the manifest, with '\n'. `class_name`: NULL where it has none. */
void augment_path(const char *key, const char *class_name, int classes, struct cnn_buf *out);
void augment_row(const char *path, const char *class_name, const char *group, float weight,
                 struct cnn_buf *out);

/* A picture of the first samples, 8 by 8 of them. */
enum { PREVIEW_SAMPLES = 64 };
struct preview {
    struct cnn_image tile[PREVIEW_SAMPLES];
    size_t count;
};
int preview_add(struct preview *p, const struct cnn_image *im);
int preview_write(const struct preview *p, const char *path);
void preview_free(struct preview *p);

#endif
