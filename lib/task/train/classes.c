/* --classes: a class list from the user, and what else a run without data may be asked for. */
#include <string.h>

#include "task/train/private.h"

enum { MOST_CLASSES = 1 << 20 };

/* "10": the names are 0 to 9. */
static int list_numbers(struct cnn_strings *out, int64_t count)
{
    int rc = 0;
    for (int64_t i = 0; !rc && i < count; i++) {
        struct cnn_buf name = {0};
        cnn_buf_printf(&name, "%lld", (long long)i);
        rc = name.failed ? CNN_ESYSTEM : cnn_strings_add(out, name.text);
        cnn_buf_free(&name);
    }
    return rc;
}

int cnn_train_list_classes(struct trainer *t)
{
    const char *text = t->o->classes;
    int64_t count;
    if (!text[0])
        return 0;
    if (!text[strspn(text, "0123456789")])
        return cnn_parse_int(text, 1, MOST_CLASSES, &count) ? cnn_fail_within("--classes")
                                                            : list_numbers(&t->listed, count);
    int rc = cnn_classes_read(text, &t->listed);
    return rc || t->listed.count ? rc : cnn_fail(CNN_EDATA, "%s: no class names", text);
}

const char *cnn_train_classes_from(const struct trainer *t)
{
    return t->o->classes[0] ? "--classes" : t->o->data;
}

/* What is done with samples is not done without. */
int cnn_train_check_no_data(const struct trainer *t)
{
    static const char *const useless[] = {"val",    "class-weights", "shuffle", "on-bad",
                                          "strict", "checkpoint",    "overfit"};
    if (t->o->epochs)
        return cnn_fail(CNN_EUSAGE,
                        "no DATASET: only --epochs 0 with --classes makes a model without one");
    for (size_t i = 0; i < sizeof useless / sizeof *useless; i++) {
        const struct cnn_option *o = cnn_option_find(cnn_train_option_table, useless[i]);
        int given = cnn_option_given(o, &t->o->given, t->o);
        if (given)
            return given < 0
                       ? given
                       : cnn_fail(CNN_EUSAGE, "--%s has no effect: it needs a DATASET", useless[i]);
    }
    return 0;
}
