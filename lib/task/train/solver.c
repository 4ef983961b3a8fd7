/* A solver of Caffe in the place of a recipe: its settings hold as they are, where no option says
 * otherwise, and the run is as many steps long, however many epochs these are. */
#include "model/import/caffe/solver.h"

#include <string.h>

#include "task/train/settings/report.h"
#include "task/train/settings/settings.h"
#include "task/train/train.h"

static const long long MOST_EPOCHS = 1000000000;

/* Out of the recipe; 0: it has none of that name. */
static int take_out(struct cnn_recipe *r, const char *key, struct cnn_setting *out)
{
    size_t kept = 0;
    int found = 0;
    for (size_t i = 0; i < r->count; i++)
        if (strcmp(r->setting[i].key, key)) {
            r->setting[kept++] = r->setting[i];
        } else {
            *out = r->setting[i];
            found = 1;
        }
    r->count = kept;
    return found;
}

/* A setting that has an effect beside another option alone: into a recipe of its own, or its field
 * among those without effect. */
static void take_apart(struct cnn_recipe *r, const char *key, int has_effect, const char *field,
                       struct cnn_recipe *beside, struct cnn_buf *unused)
{
    if (!take_out(r, key, &beside->setting[beside->count]))
        return;
    if (has_effect)
        beside->count++;
    else
        cnn_buf_printf(unused, unused->size ? ", %s" : "%s", field);
}

/* 1: the solver says how long the run is; 0: --epochs does. */
static int is_by_steps(const struct cnn_train_options *o, struct cnn_recipe *r)
{
    const struct cnn_option *epochs = cnn_option_find(cnn_train_option_table, "epochs");
    int given = cnn_option_given(epochs, &o->given, o);
    struct cnn_setting steps;
    if (given > 0)
        take_out(r, "steps", &steps);
    return given < 0 ? given : !given;
}

static int take(struct train_settings *settings, struct cnn_recipe *r, struct cnn_buf *unused)
{
    struct cnn_train_options *o = &settings->options;
    struct cnn_setting room[3];
    struct cnn_recipe beside = {.setting = room};
    int by_steps = is_by_steps(o, r);
    take_apart(r, "log-every", o->log[0] != 0, "display", &beside, unused);
    take_apart(r, "checkpoint-every", o->checkpoint[0] != 0, "snapshot", &beside, unused);
    settings->mirrors = take_out(r, "flip", &settings->mirror);
    int rc = by_steps < 0 ? by_steps : cnn_train_recipe_check(r, o->solver, "");
    if (!rc)
        rc = cnn_train_recipe_take(settings, r, 1);
    if (!rc)
        rc = cnn_train_recipe_take(settings, &beside, 1);
    if (rc)
        return rc;
    settings->by_steps = by_steps && o->steps;
    if (settings->by_steps)
        o->epochs = MOST_EPOCHS;
    return unused->failed ? CNN_ESYSTEM : 0;
}

int cnn_train_solver(struct train_settings *settings, const struct train_report *report)
{
    const struct cnn_train_options *o = &settings->options;
    struct cnn_recipe r;
    struct cnn_buf unused = {0};
    if (!o->solver[0])
        return 0;
    settings->arena = cnn_arena_new();
    int rc = settings->arena
                 ? cnn_caffe_solver(settings->arena, o->solver, o->net[0] != 0, &r, &unused)
                 : CNN_ESYSTEM;
    if (!rc)
        rc = take(settings, &r, &unused);
    if (!rc && unused.size)
        cnn_train_note(report, "%s: without effect here: %s", o->solver, unused.text);
    cnn_buf_free(&unused);
    return rc ? rc : cnn_train_check_outputs(o);
}
