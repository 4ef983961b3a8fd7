/* What a run was asked for: its options, completed by the recipe, and the numbers that they stand
 * for. */
#ifndef CNN_TASK_TRAIN_SETTINGS_SETTINGS_H
#define CNN_TASK_TRAIN_SETTINGS_SETTINGS_H

#include <jansson.h>

#include "base/memory.h"
#include "data/augment/augment.h"
#include "lang/recipe.h"
#include "net/optimize.h"
#include "optim/schedule.h"
#include "task/train/settings/options.h"

struct train_data;
struct train_engine;
struct train_report;
struct train_start;

struct train_settings {
    struct cnn_train_options options; /* what was given, then the recipe's where nothing was */
    const struct cnn_augmenter *augmenter;
    struct cnn_augmenter *own_augmenter; /* the recipe's with what was given; NULL: none needed */
    struct cnn_arena *arena;             /* values of the recipe */
    struct cnn_buf recipe; /* what it sets, as options that could be typed; empty: nothing */
    struct cnn_optimizer_options optimizer;
    struct cnn_schedule schedule;
    uint64_t every_steps, every_seconds; /* between checkpoints; 0: each epoch */
    int skip_bad;
    size_t label_classes; /* that --classes says of targets whose classes are numbers; 0: nothing */
    int by_steps;         /* the run has as many epochs as its steps need */
    /* What a solver says of augmentation, which waits for the data; mirrors 0: nothing. */
    struct cnn_setting mirror;
    int mirrors;
};

/* Whether a sample that failed with `rc` is left out, as the loader would. */
static inline int train_skips(const struct train_settings *s, int rc)
{
    return s->skip_bad && (rc == CNN_EDATA || rc == CNN_ENOINPUT);
}

/* Where the classes come from, for messages. */
static inline const char *train_classes_from(const struct cnn_train_options *o)
{
    return o->classes[0] ? "--classes" : o->data;
}

/* settings.c */
void cnn_train_settings_open(struct train_settings *s, const struct cnn_train_options *options,
                             const struct cnn_augmenter *augmenter);
/* The numbers that the options stand for, when the recipe has had its say. CNN_EUSAGE. */
CNN_CHECKED int cnn_train_settings_parse(struct train_settings *s);
/* How many steps the schedule is for. */
void cnn_train_count_steps(struct train_settings *s, size_t samples);
void cnn_train_settings_close(struct train_settings *s);

/* together.c */
/* What can be seen without opening anything. CNN_EUSAGE. */
CNN_CHECKED int cnn_train_check_together(const struct cnn_train_options *o);
/* Whether each option that is set has an effect beside the others. CNN_EUSAGE. */
CNN_CHECKED int cnn_train_check_effects(const struct cnn_train_options *o);

/* options_json.c */
/* Options that determine the model, as texts; without `all` those that differ from their defaults.
 */
CNN_CHECKED int cnn_train_options_json(const struct cnn_train_options *o, int all, json_t *out);
/* Whether patterns and names that a history has can be in JSON. CNN_EUSAGE. */
CNN_CHECKED int cnn_train_check_texts(const struct cnn_train_options *o);

/* solver.c: that of --solver in place of a recipe. CNN_EDATA with "PATH: what is wrong". */
CNN_CHECKED int cnn_train_solver(struct train_settings *s, const struct train_report *report);

/* recipe.c */
/* What is known before the data, where no option says otherwise; as_it_is: without what recipes have
 * beside what they say. */
CNN_CHECKED int cnn_train_recipe_take(struct train_settings *s, const struct cnn_recipe *r,
                                      int as_it_is);
/* That it makes sense by itself. CNN_EDATA with "PATH: WHATmessage". */
CNN_CHECKED int cnn_train_recipe_check(const struct cnn_recipe *r, const char *path,
                                       const char *what);
/* The net's recipe, or that of nets without one, into the options where none says
 * otherwise. */
CNN_CHECKED int cnn_train_recipe(struct train_settings *s, const struct train_start *start);
/* target.c: the target, where nobody says it and the net's first loss names a field of its own.
 * CNN_EUSAGE where an option needs classes as the target. */
CNN_CHECKED int cnn_train_find_target(struct train_settings *s, const struct train_start *start);
/* What depends on the data: augmentation, and how long the warm-up is. The engine has a graph, with the
 * recipe, and a feed. */
CNN_CHECKED int cnn_train_recipe_for_data(struct train_settings *s, const struct train_data *data,
                                          const struct train_start *start,
                                          const struct train_engine *engine,
                                          const struct train_report *report);
/* Say what all of it came to. */
void cnn_train_recipe_note(const struct train_settings *s, const struct cnn_recipe *recipe,
                           const char *net_name, const struct train_report *report);
/* weights.c: whether class weights follow from how frequent classes are. */
int cnn_train_weighs_by_counts(const struct cnn_train_options *o);
/* A stream may be read once, as it comes, where nothing needs to be known or seen twice. */
int cnn_train_may_stream(const struct train_settings *s);

/* outputs.c: whether they can be written, and are no file that matters. */
CNN_CHECKED int cnn_train_probe_outputs(const struct cnn_train_options *o);
CNN_CHECKED int cnn_train_check_samples(const struct cnn_train_options *o,
                                        const struct train_data *data);
/* Whether a log may begin at the path: CNN_ECREATE where something else than a log is there. */
CNN_CHECKED int cnn_train_check_log(const char *path);

/* expect.c: what --expect says. CNN_EUSAGE; CNN_EDATA where contents are others;
 * CNN_ENEGATIVE where the model is. */
CNN_CHECKED int cnn_train_check_expect(const struct cnn_train_options *o);
CNN_CHECKED int cnn_train_expect_model(const struct cnn_train_options *o); /* which is written */

#endif
