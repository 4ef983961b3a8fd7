/* What a run takes from the recipe of its net: every setting that no option says otherwise. A net
 * without a recipe gets a plain one. What was set is told in one line that could be typed, and is
 * from then on like options: it is in the history, and a run that goes on has to have the same.
 *
 * The recipe's rate is for its batch. Another batch b gets the rate times b / batch with sgd (Goyal
 * et al., Accurate, Large Minibatch SGD, 2017), times the root of that with the other optimizers
 * (Malladi et al., On the SDEs and Scaling Rules for Adaptive Gradient Algorithms, 2022), but never
 * more than 8 times: beyond, the rule is known to fail. Weights that are trained already get a
 * tenth. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_memory.h"
#include "task/train/engine.h"

static const double MOST_RATE = 8, TRAINED = 0.1;

/* Of nets without a recipe: a rate that is high for most, and a bound for those where it is too
 * high.
 */
static struct cnn_setting plain_setting[] = {
    {"rate", "0.1"}, {"batch", "64"}, {"weight-decay", "0.0005"}, {"clip-norm", "1"}};
static const struct cnn_recipe plain = {sizeof plain_setting / sizeof *plain_setting,
                                        plain_setting};
/* Of all recipes that do not say it. */
static const struct cnn_setting always = {"schedule", "cosine"};

int cnn_train_may_stream(const struct train_settings *settings)
{
    const struct cnn_train_options *o = &settings->options;
    return o->epochs == 1 && !o->shuffle && !o->overfit && !o->plan && !o->checkpoint[0] &&
           o->schedule.kind == CNN_CONSTANT && !(o->schedule.warmup > 0) &&
           !cnn_train_weighs_by_counts(o) &&
           (o->val[0] || !settings->augmenter || !cnn_augmenter_active(settings->augmenter));
}

/* Samples are taken once, as they come: of a stream nobody knows how many. All forms of data are
 * treated alike. */
static int is_endless(const struct train_settings *settings)
{
    return settings->options.epochs == 1 && !settings->options.shuffle;
}

/* Settings */

/* Whether the option was given with another value than the recipe's: what goes with that value is
 * out of place then. */
static int is_otherwise(const struct train_settings *settings, const struct cnn_recipe *r,
                        const char *name)
{
    const struct cnn_option *o = cnn_option_find(cnn_train_option_table, name);
    const char *wanted = cnn_recipe_find(r, name);
    struct cnn_buf has = {0};
    int given = cnn_option_given(o, &settings->options.given, &settings->options);
    if (given <= 0)
        return given;
    cnn_option_print(o, &settings->options, &has);
    if (!wanted)
        wanted = strcmp(name, always.key) ? o->fallback : always.value;
    int rc = has.failed ? CNN_ESYSTEM : strcmp(has.text ? has.text : "", wanted) != 0;
    cnn_buf_free(&has);
    return rc;
}

static int is_among(const char *key, const char *const *list)
{
    for (; *list; list++)
        if (!strcmp(*list, key))
            return 1;
    return 0;
}

static int tell(struct train_settings *settings, const char *key, const char *value)
{
    cnn_buf_printf(&settings->recipe, "%s--%s", settings->recipe.size ? " " : "", key);
    if (cnn_option_find(cnn_train_option_table, key) &&
        cnn_option_find(cnn_train_option_table, key)->type == CNN_OPT_FLAG)
        return settings->recipe.failed ? CNN_ESYSTEM : 0;
    cnn_buf_printf(&settings->recipe, " %s", value);
    return settings->recipe.failed ? CNN_ESYSTEM : 0;
}

static int set(struct train_settings *settings, const char *key, const char *value)
{
    const struct cnn_option *o = cnn_option_find(cnn_train_option_table, key);
    int given = o ? cnn_option_given(o, &settings->options.given, &settings->options) : 0;
    if (!o || given)
        return given < 0 ? given : 0;
    const char *kept = cnn_arena_strndup(settings->arena, value, strlen(value));
    if (!kept || cnn_option_set(o, &settings->options, kept))
        return cnn_error_code();
    int plain_value = cnn_option_is_default(o, &settings->options);
    return plain_value < 0 ? plain_value : plain_value ? 0 : tell(settings, key, kept);
}

/* The recipe's rate for this run's batch and start. */
static int set_rate(struct train_settings *settings, const struct cnn_recipe *r, const char *text)
{
    const char *batch = cnn_recipe_find(r, "batch"), *optimizer = cnn_recipe_find(r, "optimizer");
    double rate = 0, wanted = batch ? strtod(batch, NULL) : 64;
    double factor = (double)settings->options.batch * (double)settings->options.accumulate / wanted;
    char scaled[32];
    if (cnn_parse_real(text, 0, 1e30, &rate))
        return cnn_error_code();
    if (optimizer && strcmp(optimizer, "sgd"))
        factor = sqrt(factor);
    if (factor > MOST_RATE)
        factor = MOST_RATE;
    snprintf(scaled, sizeof scaled, "%.3g",
             rate * factor * (settings->options.init[0] ? TRAINED : 1));
    return set(settings, "rate", scaled);
}

/* Whether it is given in place of the setting. */
static int is_replaced(const struct train_settings *settings, const struct cnn_recipe *r,
                       const char *key)
{
    int to_sizes = !strcmp(key, "milestones"), to_milestones = !strcmp(key, "step-size");
    const struct cnn_option *drops =
        cnn_option_find(cnn_train_option_table, to_sizes ? "step-size" : "milestones");
    if (to_sizes || to_milestones)
        return cnn_option_given(drops, &settings->options.given, &settings->options);
    const char *optimizer = cnn_recipe_find(r, "optimizer");
    const struct cnn_optimizer_type *type = optimizer ? cnn_optimizer_type_find(optimizer) : NULL;
    double momentum = 1;
    if (!strcmp(key, "weight-decay"))
        return settings->options.l2 > 0 && !(type && cnn_optimizer_decouples(type));
    if (strcmp(key, "nesterov") || !settings->options.momentum[0])
        return 0;
    if (cnn_parse_real(settings->options.momentum, 0, 1,
                       &momentum)) /* told with the other options */
        cnn_error_clear();
    return !(momentum > 0);
}

int cnn_train_recipe_take(struct train_settings *settings, const struct cnn_recipe *r, int as_it_is)
{
    static const char *const of_optimizer[] = {"optimizer", "rate",         "momentum", "nesterov",
                                               "rho",       "beta1",        "beta2",    "eps",
                                               "trust",     "weight-decay", NULL};
    int other = is_otherwise(settings, r, "optimizer"),
        bends = is_otherwise(settings, r, "schedule");
    int rc = other < 0 ? other : bends < 0 ? bends : 0;
    bends |= !as_it_is && is_endless(settings);
    for (size_t i = 0; !rc && i < r->count; i++) {
        const struct cnn_setting *s = &r->setting[i];
        if ((other && is_among(s->key, of_optimizer)) ||
            (bends && cnn_option_find(cnn_schedule_table, s->key)))
            continue;
        int replaced = is_replaced(settings, r, s->key);
        if (replaced < 0)
            return replaced;
        if (replaced)
            continue;
        if (!as_it_is && !strcmp(s->key, "rate"))
            rc = set_rate(settings, r, s->value);
        else if (as_it_is || strcmp(s->key, "batch"))
            rc = set(settings, s->key, s->value);
    }
    if (!rc && !as_it_is && !bends && !cnn_recipe_find(r, always.key))
        rc = set(settings, always.key, always.value);
    return rc;
}

static int is_without(const struct train_settings *settings)
{
    return settings->options.recipe == CNN_RECIPE_NONE || settings->options.solver[0] ||
           !settings->options.epochs;
}

/* That there is none is so without steps, and may be said: the history of such a run does. */
static int check_given(const struct train_settings *settings)
{
    const struct cnn_option *o = cnn_option_find(cnn_train_option_table, "recipe");
    int given = cnn_option_given(o, &settings->options.given, &settings->options);
    if (settings->options.epochs || settings->options.plan || settings->options.overfit ||
        settings->options.recipe == CNN_RECIPE_NONE || given <= 0)
        return given < 0 ? given : 0;
    return cnn_fail(CNN_EUSAGE, "--recipe net has no effect with --epochs 0");
}

/* Numbers whose defaults depend on the optimizer are texts among the options, which have no range. */
static int set_alone(const struct cnn_setting *s, struct cnn_train_options *alone)
{
    const struct cnn_option *o = cnn_option_find(cnn_train_option_table, s->key);
    const struct cnn_option *range = cnn_option_find(cnn_recipe_table, s->key);
    double number;
    int rc = o ? cnn_option_set(o, alone, s->value) : 0;
    if (!rc && o && o->type == CNN_OPT_TEXT && range && range->type == CNN_OPT_REAL)
        rc = cnn_option_set(range, &number, s->value);
    return rc;
}

int cnn_train_recipe_check(const struct cnn_recipe *r, const char *path, const char *what)
{
    struct cnn_train_options alone = {0};
    int rc = cnn_option_defaults(cnn_train_option_table, &alone);
    for (size_t i = 0; !rc && i < r->count; i++)
        rc = set_alone(&r->setting[i], &alone);
    if (!rc && !cnn_recipe_find(r, always.key))
        rc = cnn_option_set(cnn_option_find(cnn_train_option_table, always.key), &alone,
                            always.value);
    if (!rc)
        rc = cnn_train_check_effects(&alone);
    return rc == CNN_EUSAGE ? cnn_fail(CNN_EDATA, "%s: %s%s", path, what, cnn_error_message()) : rc;
}

int cnn_train_recipe(struct train_settings *settings, const struct train_start *start)
{
    struct cnn_recipe own;
    if (is_without(settings))
        return check_given(settings);
    settings->arena = cnn_arena_new();
    int rc = settings->arena
                 ? cnn_net_recipe(settings->arena, start->net_name, start->net_text, &own)
                 : CNN_ESYSTEM;
    if (!rc)
        rc = cnn_train_recipe_check(&own, start->net_name, "recipe: ");
    return rc ? rc : cnn_train_recipe_take(settings, own.count ? &own : &plain, 0);
}

/* What depends on the data */

/* The warm-up that a run was begun with; 0: there was none, or no run. */
static int warmup_before(const char *from_state, double *warmup)
{
    cnn_json_watch();
    json_t *state = from_state ? cnn_json_text(from_state, 0) : NULL;
    const char *text = json_string_value(json_object_get(json_object_get(state, "run"), "warmup"));
    *warmup = 0;
    if (!text || cnn_parse_real(text, 0, 1e9, warmup))
        cnn_error_clear();
    json_decref(state);
    return cnn_json_lacked();
}

/* A tenth of the run, but no more than an epoch, where the schedule knows the run's length and
 * nobody said it. One-cycle rises by itself. */
static int set_warmup(struct train_settings *settings, const struct train_start *start)
{
    const struct cnn_schedule *s = &settings->schedule;
    const struct cnn_option *o = cnn_option_find(cnn_train_option_table, "warmup");
    int given = cnn_option_given(o, &settings->options.given, &settings->options);
    if (given || s->kind != CNN_COSINE || is_endless(settings) || !s->steps_per_epoch)
        return given < 0 ? given : 0;
    double epochs = (double)s->total_steps / (double)s->steps_per_epoch;
    double warmup = epochs < 10 ? epochs / 10 : 1;
    char text[32];
    int rc = start->from ? warmup_before(start->from_state, &warmup) : 0;
    if (rc)
        return rc;
    snprintf(text, sizeof text, "%.3g", warmup);
    rc = set(settings, "warmup", text);
    settings->schedule.warmup = settings->options.schedule.warmup;
    return rc;
}

/* Whether all targets lie in the image's plane, so that they go where its pixels go. */
static int follow_the_view(const struct cnn_feed *f)
{
    for (int k = 0; k < f->targets; k++)
        if (!cnn_field_kind_info[f->wish[k].kind].in_plane)
            return 0;
    return 1;
}

/* Whether the samples are images as somebody made them, which nothing has augmented yet, and what they
 * teach is still true of them afterwards. */
static int may_augment(const struct train_settings *settings, const struct train_data *data,
                       const struct cnn_feed *feed, const struct train_report *report)
{
    int raw = 0;
    int rc = cnn_train_is_raw(data, settings, &raw);
    int teaches = settings->options.target == CNN_TRAIN_CLASS || follow_the_view(feed);
    if (rc || raw || is_endless(settings) || !teaches)
        return rc;
    if (!strstr(cnn_dataset_history(data->train), "\"cnn-augment\""))
        return 1;
    cnn_train_note(report,
                   "the samples are augmented already: the recipe's augmentation is left out");
    return 0;
}

static int is_augmentation(const struct cnn_setting *s)
{
    return !cnn_option_find(cnn_recipe_table, s->key);
}

/* Whether batches are too small for what mixes as many samples; without classes none are mixed. */
static int lacks_samples(const struct train_settings *settings, const char *key)
{
    const struct cnn_augment_type *type;
    for (size_t i = 0; (type = cnn_augment_type_at(i)); i++)
        if (cnn_option_find(type->options, key))
            return type->group > (settings->options.target == CNN_TRAIN_CLASS
                                      ? (size_t)settings->options.batch
                                      : 1);
    return 0;
}

static int set_augmentation(struct train_settings *settings, const struct train_data *data,
                            const struct cnn_feed *feed, const struct cnn_recipe *r,
                            const struct train_report *report)
{
    int any = 0, rc = 0;
    for (size_t i = 0; i < r->count; i++)
        any |= is_augmentation(&r->setting[i]);
    if (!any || (rc = may_augment(settings, data, feed, report)) <= 0)
        return rc;
    rc = 0;
    if (!(settings->own_augmenter = cnn_augmenter_copy(settings->augmenter)))
        return cnn_error_code();
    settings->augmenter = settings->own_augmenter;
    for (size_t i = 0; i < r->count && !rc; i++) {
        const struct cnn_setting *s = &r->setting[i];
        if (!is_augmentation(s) || cnn_augmenter_given(settings->own_augmenter, s->key) ||
            lacks_samples(settings, s->key))
            continue;
        rc = cnn_augmenter_set_listed(settings->own_augmenter, s->key, s->value);
        if (!rc)
            rc = tell(settings, s->key, s->value);
    }
    return rc;
}

int cnn_train_recipe_for_data(struct train_settings *settings, const struct train_data *data,
                              const struct train_start *start, const struct train_engine *engine,
                              const struct train_report *report)
{
    const struct cnn_recipe mirror = {(size_t)settings->mirrors, &settings->mirror};
    int without = is_without(settings), solver = settings->options.solver[0] != 0;
    if (without && !solver)
        return 0;
    int rc = set_augmentation(settings, data, &engine->feed,
                              solver ? &mirror : &engine->graph->recipe, report);
    if (!rc && !solver)
        rc = set_warmup(settings, start);
    settings->options.recipe = CNN_RECIPE_NONE; /* what it said is among the options by now */
    return rc;
}

void cnn_train_recipe_note(const struct train_settings *settings, const struct cnn_recipe *recipe,
                           const char *net_name, const struct train_report *report)
{
    const struct cnn_train_options *o = &settings->options;
    const char *of = o->solver[0] ? o->solver : recipe->count ? net_name : "";
    const char *less = o->init[0] && !o->solver[0] ? ", a tenth of its rate" : "";
    if (settings->recipe.size)
        cnn_train_note(report, "recipe%s%s%s: %s", *of ? " of " : "", of, less,
                       settings->recipe.text);
}
