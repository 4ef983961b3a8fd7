/* The recipe line of a net's text; see recipe.h. */
#include "lang/recipe.h"

#include <string.h>

#include "data/augment/augment.h"
#include "lang/builder.h"
#include "optim/optimizer.h"
#include "optim/schedule.h"

/* Room for the value of any option. */
union slot {
    int whole;
    long long number;
    double real;
    const char *text;
    struct cnn_pair pair;
    struct cnn_reals reals;
};

/* Types and ranges are those of the options of training. The fallbacks only have to be valid: what
 * is not set is not looked at. */
const struct cnn_option cnn_recipe_table[] = {
    CNN_OPTION("optimizer", TEXT, 0, "sgd", .metavar = "X"),
    CNN_OPTION("rate", REAL, 0, "1", .max = 1e30, .metavar = "X"),
    CNN_OPTION("batch", INT, 0, "64", .min = 1, .max = 1e6, .metavar = "X"),
    CNN_OPTION("momentum", REAL, 0, "0", .max = 0.9999999, .metavar = "X"),
    CNN_OPTION("nesterov", FLAG, 0, "0", .metavar = "X"),
    CNN_OPTION("rho", REAL, 0, "0", .max = 0.9999999, .metavar = "X"),
    CNN_OPTION("beta1", REAL, 0, "0", .max = 0.9999999, .metavar = "X"),
    CNN_OPTION("beta2", REAL, 0, "0", .max = 0.9999999, .metavar = "X"),
    CNN_OPTION("eps", REAL, 0, "1", .min = 1e-30, .max = 1, .metavar = "X"),
    CNN_OPTION("trust", REAL, 0, "1", .min = 1e-30, .max = 1e9, .metavar = "X"),
    CNN_OPTION("weight-decay", REAL, 0, "1", .max = 1e9, .metavar = "X"),
    CNN_OPTION("clip-norm", REAL, 0, "1", .max = 1e30, .metavar = "X"),
    CNN_SCHEDULE_OPTIONS(struct cnn_schedule, ),
    CNN_OPTION_END,
};

/* Option i of the table, then of the augmentations; NULL past the end. */
static const struct cnn_option *option_at(size_t i)
{
    size_t own = sizeof cnn_recipe_table / sizeof *cnn_recipe_table - 1;
    return i < own ? &cnn_recipe_table[i] : cnn_augment_option_at(i - own, 1);
}

/* All of them as one table over an array of slots. */
static struct cnn_option *whole_table(struct cnn_arena *arena, size_t *count)
{
    for (*count = 0; option_at(*count);)
        ++*count;
    struct cnn_option *table = cnn_arena_alloc(arena, (*count + 1) * sizeof *table);
    for (size_t i = 0; table && i < *count; i++) {
        table[i] = *option_at(i);
        table[i].offset = i * sizeof(union slot);
    }
    return table;
}

/* What a range cannot say. */
static int check(const struct cnn_setting *s, struct cnn_augmenter *augmenter)
{
    if (!strcmp(s->key, "optimizer") && !cnn_optimizer_type_find(s->value))
        return cnn_fail(CNN_EDATA, "recipe: optimizer: there is no '%.60s'", s->value);
    if (cnn_option_find(cnn_recipe_table, s->key))
        return 0;
    int rc = cnn_augmenter_set(augmenter, s->key, s->value);
    return rc == CNN_EUSAGE ? cnn_fail(CNN_EDATA, "recipe: %s", cnn_error_message()) : rc;
}

static int is_set(const struct cnn_statement *s, const char *key)
{
    for (size_t i = 0; i < s->args; i++)
        if (s->arg[i].key && !strcmp(s->arg[i].key, key))
            return 1;
    return 0;
}

/* What the statement sets, in the order of the table. */
static int take(struct cnn_arena *arena, const struct cnn_statement *s,
                const struct cnn_option *table, const union slot *slots, struct cnn_recipe *out)
{
    struct cnn_augmenter *augmenter = cnn_augmenter_new();
    struct cnn_buf value = {0};
    int rc = augmenter ? 0 : CNN_ESYSTEM;
    for (const struct cnn_option *o = table; !rc && o->name; o++) {
        if (!is_set(s, o->name))
            continue;
        value.size = 0;
        cnn_option_print(o, slots, &value);
        struct cnn_setting *set = &out->setting[out->count++];
        set->key = o->name;
        set->value = value.failed
                         ? NULL
                         : cnn_arena_strndup(arena, value.text ? value.text : "", value.size);
        rc = set->value ? check(set, augmenter) : CNN_ESYSTEM;
    }
    cnn_buf_free(&value);
    cnn_augmenter_free(augmenter);
    return rc;
}

int cnn_recipe_read(struct cnn_arena *arena, const struct cnn_statement *s, struct cnn_recipe *out)
{
    size_t count;
    int classes_used = 0;
    const struct cnn_variables none = {.classes_used = &classes_used};
    *out = (struct cnn_recipe){0};
    if (!s)
        return 0;
    struct cnn_option *table = whole_table(arena, &count);
    union slot *slots = table ? cnn_arena_alloc(arena, count * sizeof *slots) : NULL;
    out->setting = slots ? cnn_arena_alloc(arena, count * sizeof *out->setting) : NULL;
    if (!out->setting)
        return CNN_ESYSTEM;
    int rc = cnn_evaluate_arguments("recipe", table, s->arg, s->args, &none, arena, slots);
    return rc ? rc : take(arena, s, table, slots, out);
}

const char *cnn_recipe_find(const struct cnn_recipe *r, const char *key)
{
    for (size_t i = 0; i < r->count; i++)
        if (!strcmp(r->setting[i].key, key))
            return r->setting[i].value;
    return NULL;
}

int cnn_net_recipe(struct cnn_arena *arena, const char *name, const char *text,
                   struct cnn_recipe *out)
{
    struct cnn_tree tree;
    *out = (struct cnn_recipe){0};
    int rc = cnn_parse_net(arena, name, text, 0, &tree);
    if (!rc && (rc = cnn_recipe_read(arena, tree.recipe, out)) == CNN_EDATA)
        rc = cnn_fail(rc, "%s:%d: %s", name, tree.recipe->line, cnn_error_message());
    return rc;
}
