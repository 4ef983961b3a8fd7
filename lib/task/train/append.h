/* The inside of cnn_train_append: append.c (models that go with each other, one model of their weights), append_text.c
 * (the text of its net). */
#ifndef CNN_TASK_TRAIN_APPEND_H
#define CNN_TASK_TRAIN_APPEND_H

#include <jansson.h>

#include "base/names.h"
#include "task/runner.h"
#include "task/train/train.h"

/* One of the models, in the order in which a sample goes through them. */
struct append_part {
    struct cnn_runner runner;
    json_t *made;       /* of all but the first: what it was trained on */
    unsigned char *use; /* (nodes) whether the next one's features, or the answer, are made of it */
    const char *prefix; /* before its labels: "", or "head1." where one of them is taken */
};

struct append {
    const struct cnn_train_options *o;
    size_t count;
    struct append_part *part; /* (count) */
    struct cnn_arena *arena;  /* of prefixes and names */
    struct cnn_names *taken;  /* labels of the text so far */
    struct cnn_buf text;
};

/* The net of all parts, into a->text. CNN_EDATA where no layer does what was done with features. */
CNN_CHECKED int cnn_append_text(struct append *a);
/* An option of the run that made features, where its value begins, or "" behind it; NULL: it was not given. */
const char *cnn_append_option(const json_t *made, const char *option);

#endif
