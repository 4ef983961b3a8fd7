/* Class weights, from how frequent classes are, numbers in class order, or a file of `class<TAB>weight` lines. Of n_c
 * samples, or pixels of label images, of n in all, with C classes:
 *
 *     balanced  n / (C n_c), so that every class weighs the same in sum
 *     median    median of the f / f_c, f_c = n_c / all pixels of the images that have c (Eigen and Fergus 2015)
 *     log       1 / ln(1.02 + n_c / n) (ENet, Paszke et al. 2016)
 *
 * the last two times what makes the mean over samples or pixels 1, as it is of the first. */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/lines.h"
#include "file/text_file.h"
#include "task/train/trainer.h"

enum words { BALANCED, MEDIAN, LOG, WORDS };
static const char *const words[] = {[BALANCED] = "balanced", [MEDIAN] = "median", [LOG] = "log"};

/* WORDS: none of them */
static enum words word_of(const char *text)
{
    int i = 0;
    while (i < WORDS && strcmp(words[i], text))
        i++;
    return (enum words)i;
}

int cnn_train_weighs_by_counts(const struct cnn_train_options *o)
{
    return word_of(o->class_weights) < WORDS;
}

static double frequency(const struct train_class_counts *n, size_t c)
{
    return n->all[c] > 0 ? n->own[c] / n->all[c] : 0;
}

static int ascending(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

/* Over the classes that occur; of an even number of them the mean of both in the middle. */
static int median_frequency(const struct train_class_counts *n, size_t classes, double *out)
{
    size_t count = 0;
    double *f = cnn_calloc(classes, sizeof *f);
    if (!f)
        return CNN_ESYSTEM;
    for (size_t c = 0; c < classes; c++)
        if (n->own[c] > 0)
            f[count++] = frequency(n, c);
    qsort(f, count, sizeof *f, ascending);
    *out = count ? (f[(count - 1) / 2] + f[count / 2]) / 2 : 0;
    free(f);
    return 0;
}

static double weight_of(enum words word, const struct train_class_counts *n, size_t classes,
                        size_t c, double median)
{
    if (word == BALANCED)
        return n->total / ((double)classes * n->own[c]);
    return word == MEDIAN ? median / frequency(n, c) : 1 / log(1.02 + n->own[c] / n->total);
}

static int by_counts(struct train_data *d, enum words word, const struct train_class_counts *n)
{
    size_t classes = d->class_weights;
    double sum = 0, median = 0;
    int rc = word == MEDIAN ? median_frequency(n, classes, &median) : 0;
    if (rc)
        return rc;
    for (size_t c = 0; c < classes; c++)
        if (n->own[c] > 0)
            sum += n->own[c] * weight_of(word, n, classes, c, median);
    for (size_t c = 0; c < classes; c++) {
        double w = n->own[c] > 0 ? weight_of(word, n, classes, c, median) : 0;
        d->class_weight[c] = (float)(word == BALANCED ? w : w * n->total / sum);
    }
    return 0;
}

static int from_counts(struct train_data *d, enum words word, const struct train_settings *settings,
                       const struct train_engine *engine)
{
    struct train_class_counts n;
    int rc = cnn_train_count_classes(&n, d->class_weights, d, settings, engine);
    if (!rc)
        rc = by_counts(d, word, &n);
    cnn_train_class_counts_free(&n);
    return rc;
}

static int not_a_list(const char *text, size_t classes)
{
    return cnn_fail(CNN_EUSAGE,
                    "--class-weights: '%s' is neither 'balanced', 'median', 'log', a file, nor a "
                    "list of %zu numbers",
                    text, classes);
}

static int from_list(struct train_data *d, const char *text)
{
    size_t classes = d->class_weights, c = 0;
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

static int from_line(struct train_data *d, const struct cnn_strings *classes, const char *path,
                     size_t line, char *text)
{
    char *tab = strrchr(text, '\t');
    double value;
    ptrdiff_t c = -1;
    if (!tab)
        return cnn_fail(CNN_EDATA, "%s:%zu: not 'class<TAB>weight'", path, line);
    *tab = '\0';
    int rc = cnn_class_find(classes, text, &c);
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

static int from_file(struct train_data *d, const struct cnn_strings *classes, const char *path)
{
    char *text, *line;
    size_t size;
    int rc = cnn_text_read(path, (size_t)1 << 28, &text, &size);
    if (rc)
        return rc;
    for (size_t c = 0; c < classes->count; c++)
        d->class_weight[c] = -1;
    struct cnn_lines lines = cnn_lines_of(text, size);
    while (!rc && (line = cnn_lines_next(&lines)))
        rc = from_line(d, classes, path, lines.number, line);
    free(text);
    for (size_t c = 0; !rc && c < classes->count; c++)
        if (d->class_weight[c] < 0)
            rc = cnn_fail(CNN_EDATA, "%s: no weight for class '%s'", path, classes->item[c]);
    return rc;
}

static int from_named_file(struct train_data *d, const char *path)
{
    struct cnn_strings numbers = {0};
    int rc = d->classes.count ? 0 : cnn_classes_number(d->class_weights, &numbers);
    if (!rc)
        rc = from_file(d, d->classes.count ? &d->classes : &numbers, path);
    cnn_strings_free(&numbers);
    return rc;
}

/* A list is part of the command, a file is data. */
static int check_some(const struct train_data *d, const char *what, int is_list)
{
    for (size_t c = 0; c < d->class_weights; c++)
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

/* Of places and rows the loss weighs the classes. */
static int check_target(const struct train_settings *settings, const struct train_engine *engine)
{
    const struct cnn_graph *g = engine->graph;
    const struct cnn_layer_type *loss = g->node[g->first_loss].layer.type;
    if (settings->options.target == CNN_TRAIN_CLASS)
        return 0;
    if (engine->feed.wish->kind != CNN_FIELD_LABELS)
        return cnn_fail(CNN_EUSAGE, "--class-weights has no effect: it needs --target class");
    return loss->weighs_classes
               ? 0
               : cnn_fail(CNN_EUSAGE,
                          "--class-weights: the classes of label images and rows are weighed by "
                          "xent, not by %s",
                          loss->name);
}

int cnn_train_class_weights(struct train_data *d, const struct train_settings *settings,
                            const struct train_engine *engine)
{
    const char *what = settings->options.class_weights;
    if (!what[0])
        return 0;
    int rc = check_target(settings, engine);
    if (rc)
        return rc;
    d->class_weights = d->classes.count ? d->classes.count : engine->graph->target->shape.c;
    d->class_weight = cnn_calloc(d->class_weights, sizeof *d->class_weight);
    if (!d->class_weight)
        return CNN_ESYSTEM;
    if (word_of(what) < WORDS && settings->options.plan)
        return 0;
    if (word_of(what) < WORDS)
        return from_counts(d, word_of(what), settings, engine);
    int is_list = access(what, F_OK) != 0;
    rc = is_list ? from_list(d, what) : from_named_file(d, what);
    return rc ? rc : check_some(d, what, is_list);
}
