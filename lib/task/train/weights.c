/* Class weights: 'balanced' (n / (classes * n_c), so that every class weighs the same in sum),
 * numbers in class order, or a file of `class<TAB>weight` lines. */
#include <float.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/lines.h"
#include "file/text_file.h"
#include "task/train/data.h"

static int balanced(struct train_data *d)
{
    size_t classes = d->classes.count, total = 0;
    for (size_t i = 0; i < cnn_dataset_count(d->train); i++) {
        int32_t label = cnn_dataset_record(d->train, i)->label;
        if (label < 0 || (size_t)label >= classes)
            continue;
        d->class_weight[label] += 1;
        total++;
    }
    for (size_t c = 0; c < classes; c++) {
        double n = (double)d->class_weight[c];
        d->class_weight[c] = n > 0 ? (float)((double)total / ((double)classes * n)) : 0;
    }
    return 0;
}

static int not_a_list(const char *text, size_t classes)
{
    return cnn_fail(CNN_EUSAGE,
                    "--class-weights: '%s' is neither 'balanced', a file, nor a list of %zu "
                    "numbers",
                    text, classes);
}

static int from_list(struct train_data *d, const char *text)
{
    size_t classes = d->classes.count, c = 0;
    double value;
    for (const char *p = text; *p; c++) {
        char item[64];
        size_t n = strcspn(p, ",");
        if (n >= sizeof item)
            return not_a_list(text, classes);
        memcpy(item, p, n);
        item[n] = '\0';
        if (cnn_parse_real(item, 0, FLT_MAX, &value))
            return c ? cnn_fail_within("--class-weights") : not_a_list(text, classes);
        if (c < classes)
            d->class_weight[c] = (float)value;
        p += n;
        if (*p == ',' && !*++p)
            return cnn_fail(CNN_EUSAGE, "--class-weights: '%s' ends in a comma", text);
    }
    if (c == 1)
        return not_a_list(text, classes);
    if (c != classes)
        return cnn_fail(CNN_EUSAGE, "--class-weights: %zu numbers for %zu classes: '%s'", c,
                        classes, text);
    return 0;
}

static int from_line(struct train_data *d, const char *path, size_t line, char *text)
{
    char *tab = strrchr(text, '\t');
    double value;
    ptrdiff_t c = -1;
    if (!tab)
        return cnn_fail(CNN_EDATA, "%s:%zu: not 'class<TAB>weight'", path, line);
    *tab = '\0';
    int rc = cnn_class_find(&d->classes, text, &c);
    if (rc)
        return rc;
    if (c < 0)
        return cnn_fail(CNN_EDATA, "%s:%zu: the dataset has no class '%s'", path, line, text);
    if (d->class_weight[c] >= 0)
        return cnn_fail(CNN_EDATA, "%s:%zu: class '%s' is there twice", path, line, text);
    if (cnn_parse_real(tab + 1, 0, FLT_MAX, &value))
        return cnn_fail(CNN_EDATA, "%s:%zu: '%s' is not a weight", path, line, tab + 1);
    d->class_weight[c] = (float)value;
    return 0;
}

static int from_file(struct train_data *d, const char *path)
{
    char *text, *line;
    size_t size;
    int rc = cnn_text_read(path, (size_t)1 << 28, &text, &size);
    if (rc)
        return rc;
    for (size_t c = 0; c < d->classes.count; c++)
        d->class_weight[c] = -1;
    struct cnn_lines lines = cnn_lines_of(text, size);
    while (!rc && (line = cnn_lines_next(&lines)))
        rc = from_line(d, path, lines.number, line);
    free(text);
    for (size_t c = 0; !rc && c < d->classes.count; c++)
        if (d->class_weight[c] < 0)
            rc = cnn_fail(CNN_EDATA, "%s: no weight for class '%s'", path, d->classes.item[c]);
    return rc;
}

/* A list is part of the command, a file is data. */
static int check_some(const struct train_data *d, const char *what, int is_list)
{
    for (size_t c = 0; c < d->classes.count; c++)
        if (d->class_weight[c] > 0)
            return 0;
    return is_list ? cnn_fail(CNN_EUSAGE, "--class-weights: all weights are 0: '%s'", what)
                   : cnn_fail(CNN_EDATA, "%s: all weights are 0", what);
}

int cnn_train_fail_weightless(const struct train_data *d, const char *path)
{
    return cnn_fail(CNN_EDATA, "%s: all weights are 0%s", path,
                    d->class_weight ? " (times --class-weights)" : "");
}

int cnn_train_class_weights(struct train_data *d, const char *what)
{
    if (!what[0])
        return 0;
    d->class_weight = cnn_calloc(d->classes.count, sizeof *d->class_weight);
    if (!d->class_weight)
        return CNN_ESYSTEM;
    if (!strcmp(what, "balanced"))
        return balanced(d);
    int is_list = access(what, F_OK) != 0, rc = is_list ? from_list(d, what) : from_file(d, what);
    return rc ? rc : check_some(d, what, is_list);
}
