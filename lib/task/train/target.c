/* What a run teaches: what --target says, or where the net's first loss names a field of its own, as a
 * segmentation net's label images, that; and the options that depend on it. */
#include <stdlib.h>
#include <string.h>

#include "data/field.h"
#include "task/train/model.h"

enum { MOST_CLASSES = 1 << 20 };

/* Whether the loss names a field that --target has no word for. */
static int names_field(const char *target)
{
    return *target && strcmp(target, cnn_field_kind_info[CNN_FIELD_CLASS].name) &&
           strcmp(target, cnn_field_kind_info[CNN_FIELD_NUMBERS].name);
}

static int given(const struct cnn_train_options *o, const char *name)
{
    return cnn_option_given(cnn_option_find(cnn_train_option_table, name), &o->given, o);
}

/* What is said of classes where samples have none of their own. */
static int check_without_class(const struct cnn_train_options *o, int field)
{
    static const char *const useless[] = {"class-weights", "classes"};
    for (size_t i = 0; i < 2 && !field; i++) {
        int is = given(o, useless[i]);
        if (is)
            return is < 0 ? is
                          : cnn_fail(CNN_EUSAGE, "--%s has no effect: it needs --target class",
                                     useless[i]);
    }
    return o->monitor == CNN_MONITOR_TOP1
               ? cnn_fail(CNN_EUSAGE, "--monitor val_top1 needs classes as the target")
               : 0;
}

/* Classes of labels are numbers, so that their list has no names. */
static int count_labels(struct train_settings *settings)
{
    const char *text = settings->options.classes;
    int64_t count = 0;
    if (!text[0])
        return 0;
    if (text[strspn(text, "0123456789")])
        return cnn_fail(CNN_EUSAGE,
                        "--classes %s: classes of labels are numbers, and N says how many", text);
    int rc = cnn_parse_int(text, 1, MOST_CLASSES, &count);
    settings->label_classes = (size_t)count;
    return rc ? cnn_fail_within("--classes") : 0;
}

int cnn_train_find_target(struct train_settings *settings, const struct train_start *start)
{
    struct cnn_train_options *o = &settings->options;
    char *target = o->loss[0] ? cnn_net_first_target("loss", o->loss)
                              : cnn_net_first_target(start->net_name, start->net_text);
    if (!target)
        return cnn_error_code();
    int field = names_field(target), said = given(o, "target");
    free(target);
    if (said < 0)
        return said;
    if (field && !said)
        o->target = CNN_TRAIN_VECTOR;
    if (o->target == CNN_TRAIN_CLASS)
        return 0;
    int rc = check_without_class(o, field);
    return rc || !field ? rc : count_labels(settings);
}
