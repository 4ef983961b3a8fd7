/* cnn-split: open the inputs, divide, check, write. See split.h. */
#include "task/split/split.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/memory.h"
#include "base/random.h"
#include "data/source/dataset_open.h"
#include "data/source/divided.h"
#include "task/split/private.h"

/* A dataset in parts is divided already. */
static int refuse_parts(const char *path, const struct cnn_divided *d)
{
    return cnn_fail(CNN_EDATA,
                    "%s: divided already, and cnn-train takes it so; its parts divide anew: "
                    "cnn-split %s%s%s%s%s -o DIR",
                    path, d->train, d->val ? " " : "", d->val ? d->val : "", d->test ? " " : "",
                    d->test ? d->test : "");
}

/* What is read once cannot be pointed at. */
static int refuse_streams(const char *path)
{
    struct stat st;
    if (!strcmp(path, "-"))
        return cnn_fail(
            CNN_EUSAGE,
            "standard input cannot be pointed at by manifests; save it as a file first");
    if (strncmp(path, "digits:", 7) && !stat(path, &st) && !S_ISREG(st.st_mode) &&
        !S_ISDIR(st.st_mode))
        return cnn_fail(CNN_EUSAGE, "%s: a pipe cannot be pointed at by manifests", path);
    return 0;
}

static int open_inputs(struct split *s)
{
    const struct cnn_split_options *o = s->options;
    struct cnn_strings pinned = {0};
    const struct cnn_callbacks *cb = o->callbacks;
    struct cnn_dataset_options d = {
        .stop = o->stop, .note = cb ? cb->note : NULL, .context = cb ? cb->context : NULL};
    int rc = *o->classes ? cnn_classes_read(o->classes, &pinned) : 0;
    d.classes = *o->classes ? &pinned : NULL;
    d.labels = *o->labels ? o->labels : NULL;
    s->ds = cnn_calloc((size_t)o->inputs, sizeof(struct cnn_dataset *));
    if (!s->ds)
        rc = CNN_ESYSTEM;
    for (int i = 0; !rc && i < o->inputs; i++) {
        rc = refuse_streams(o->input[i]);
        if (!rc)
            rc = cnn_divided_refuse(o->input[i], refuse_parts);
        if (!rc)
            rc = cnn_dataset_open(o->input[i], &d, &s->ds[i]);
        if (!rc && cnn_dataset_columns(s->ds[i]))
            rc = cnn_fail(CNN_EDATA,
                          "%s: its columns beside path, class, group and weight would be lost",
                          o->input[i]);
        if (!rc)
            s->count += cnn_dataset_count(s->ds[i]);
    }
    if (!rc)
        rc = cnn_dataset_check_labels(s->ds, (size_t)o->inputs, d.labels);
    cnn_strings_free(&pinned);
    return rc;
}

/* The list that all have, or the sorted union. */
static int join_classes(struct split *s)
{
    const struct cnn_strings *first = cnn_dataset_classes(s->ds[0]);
    int same = 1;
    for (int i = 1; i < s->options->inputs; i++)
        same &= cnn_strings_equal(first, cnn_dataset_classes(s->ds[i]));
    int rc = cnn_strings_copy(&s->classes, first);
    for (int i = 1; !same && !rc && i < s->options->inputs; i++) {
        const struct cnn_strings *list = cnn_dataset_classes(s->ds[i]);
        for (size_t k = 0; !rc && k < list->count; k++)
            if (cnn_strings_find(&s->classes, list->item[k]) < 0)
                rc = cnn_strings_add(&s->classes, list->item[k]);
    }
    if (!same)
        cnn_strings_sort(&s->classes);
    return rc;
}

static int check_effects(const struct split *s)
{
    const char *name = !s->options->stratify       ? "no-stratify"
                       : s->options->allow_missing ? "allow-missing"
                                                   : NULL;
    return name && !s->classes.count
               ? cnn_fail(CNN_EUSAGE, "--%s has no effect: it needs data with classes", name)
               : 0;
}

/* Where the names of one list are in the common one; its end stands for no class. */
static int32_t *class_map(const struct split *s, const struct cnn_strings *list)
{
    int same = cnn_strings_equal(list, &s->classes);
    int32_t *map = cnn_calloc(list->count, sizeof *map);
    for (size_t k = 0; map && k < list->count; k++)
        map[k] = (int32_t)(same ? (ptrdiff_t)k : cnn_strings_find(&s->classes, list->item[k]));
    return map;
}

/* The samples of input i, from number *n on. Either all samples of all inputs have classes or none.
 */
static int gather_input(struct split *s, int i, size_t *n, size_t *unlabelled)
{
    const char *path = s->options->input[i];
    int32_t *map = class_map(s, cnn_dataset_classes(s->ds[i]));
    int rc = map ? 0 : CNN_ESYSTEM;
    for (size_t k = 0; !rc && k < cnn_dataset_count(s->ds[i]); k++, ++*n) {
        const struct cnn_record *r = cnn_dataset_record(s->ds[i], k);
        int32_t none = (int32_t)s->classes.count;
        s->sample[*n] =
            (struct split_sample){.record = r, .class = r->label < 0 ? none : map[r->label]};
        *unlabelled += r->label < 0;
        if (r->label < 0 && *unlabelled <= *n)
            rc = cnn_fail(CNN_EDATA, "%s: has no class, as others have", r->source);
    }
    if (!rc && *unlabelled && *unlabelled < *n)
        rc = cnn_fail(CNN_EDATA, "%s: its samples have classes, as others have not", path);
    free(map);
    return rc;
}

static int gather(struct split *s)
{
    size_t n = 0, unlabelled = 0;
    if (s->count > UINT32_MAX)
        return cnn_fail(CNN_EDATA, "more than %u samples", UINT32_MAX);
    s->sample = cnn_calloc(s->count, sizeof *s->sample);
    s->order = cnn_calloc(s->count, sizeof *s->order);
    int rc = s->sample && s->order ? 0 : CNN_ESYSTEM;
    for (int i = 0; !rc && i < s->options->inputs; i++)
        rc = gather_input(s, i, &n, &unlabelled);
    if (!rc)
        rc = cnn_split_sift(s);
    if (!rc)
        rc = cnn_split_find_copies(s);
    if (rc)
        return rc;
    cnn_random_permutation(s->options->seed, cnn_hash_string("split", 0), s->count, s->order);
    return cnn_split_number_units(s);
}

/* Every class that has samples must be in every split that should have some. */
static int check_classes(const struct split *s, const struct cnn_split_table *t)
{
    static const char *const name[CNN_SPLITS] = {"train.tsv", "val.tsv", "test.tsv"};
    size_t *all = cnn_calloc(s->classes.count + 1, sizeof *all);
    int rc = all ? 0 : CNN_ESYSTEM;
    for (size_t i = 0; !rc && i < s->count; i++)
        all[s->sample[i].class]++;
    for (size_t c = 0; !rc && c < s->classes.count; c++)
        for (int i = 0; !rc && all[c] && i < CNN_SPLITS; i++)
            if (s->active[i] && !t->count[c][i])
                rc = cnn_fail(CNN_EDATA,
                              s->options->stratify
                                  ? "class '%s': too few samples (%zu) to be in %s as well "
                                    "(--allow-missing lets it be absent)"
                                  : "class '%s': none of its samples (%zu) came into %s "
                                    "(--allow-missing lets it be absent)",
                              s->classes.item[c], all[c], name[i]);
    free(all);
    return rc;
}

static int divide(struct split *s, struct cnn_split_table *t)
{
    t->count = cnn_calloc(s->classes.count + 1, sizeof *t->count);
    if (!t->count || cnn_strings_copy(&t->classes, &s->classes))
        return CNN_ESYSTEM;
    t->samples = s->count;
    int rc = cnn_split_assign(s, t->count);
    for (size_t c = 0; !rc && c <= s->classes.count; c++)
        for (int i = 0; i < CNN_SPLITS; i++)
            t->total[i] += t->count[c][i];
    if (!rc && !s->options->allow_missing)
        rc = check_classes(s, t);
    return rc;
}

int cnn_split(const struct cnn_split_options *options, struct cnn_split_table *table)
{
    struct split s = {.options = options};
    *table = (struct cnn_split_table){0};
    int rc = open_inputs(&s);
    if (!rc)
        rc = join_classes(&s);
    if (!rc)
        rc = check_effects(&s);
    if (!rc)
        rc = cnn_split_check_apart(&s);
    if (!rc)
        rc = gather(&s);
    if (!rc)
        rc = cnn_split_shares(&s);
    if (!rc)
        rc = divide(&s, table);
    if (!rc)
        rc = cnn_split_write(&s);
    for (int i = 0; s.ds && i < options->inputs; i++)
        cnn_dataset_close(s.ds[i]);
    free(s.ds);
    free(s.sample);
    free(s.order);
    cnn_strings_free(&s.classes);
    return rc;
}

void cnn_split_table_free(struct cnn_split_table *table)
{
    cnn_strings_free(&table->classes);
    free(table->count);
    *table = (struct cnn_split_table){0};
}

static void print_line(struct cnn_buf *out, int width, const char *name, const size_t *n)
{
    cnn_buf_printf(out, "%-*s %8zu %8zu %8zu %8zu\n", width, name, n[0], n[1], n[2],
                   n[0] + n[1] + n[2]);
}

void cnn_split_table_print(const struct cnn_split_table *t, struct cnn_buf *out)
{
    int width = 5;
    for (size_t c = 0; c < t->classes.count; c++) {
        size_t n = strlen(t->classes.item[c]);
        width = n > 40 ? 40 : (int)n > width ? (int)n : width;
    }
    cnn_buf_printf(out, "%-*s %8s %8s %8s %8s\n", width, "class", "train", "val", "test", "all");
    for (size_t c = 0; c < t->classes.count; c++)
        print_line(out, width, t->classes.item[c], t->count[c]);
    print_line(out, width, "all", t->total);
    size_t used = t->total[0] + t->total[1] + t->total[2];
    if (used < t->samples)
        cnn_buf_printf(out, "%zu of %zu samples are in none\n", t->samples - used, t->samples);
}
