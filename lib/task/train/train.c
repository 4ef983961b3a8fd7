/* A run from its options to its model; see train.h. What it needs is opened and allocated in the
 * order in which one follows from another: checkpoint, data, net, buffers. */
#include "task/train/train.h"

#include <stdio.h>

#include "task/made.h"
#include "task/train/trainer.h"

/* The options that the rest follows from: those given, else the recipe's. */
static int open_settings(struct train_settings *settings, struct train_start *start)
{
    int rc = cnn_train_start_open(start, &settings->options);
    if (!rc)
        rc = cnn_train_recipe(settings, start);
    if (!rc)
        rc = cnn_train_find_target(settings, start);
    return rc ? rc : cnn_train_settings_parse(settings);
}

static int open_data(struct train_data *d, const struct train_settings *settings,
                     const struct train_start *start, const struct train_report *report)
{
    const struct cnn_train_options *o = &settings->options;
    const struct cnn_model *source = cnn_train_text_source(start, o);
    int others = o->head && source == start->init; /* the classes that it was trained for */
    int rc = cnn_train_data_open(d, settings, source && !others ? &source->classes : NULL, report);
    if (!rc && d->val)
        rc = cnn_made_check_data(d->train, d->val, 1);
    if (!rc && d->val)
        rc = cnn_train_check_classes(settings, d->val, o->val, report);
    return rc ? rc : cnn_train_check_samples(o, d);
}

/* What the classes of the samples come to, when the net is known. */
static int look_at_classes(struct train_data *d, const struct train_settings *settings,
                           const struct train_engine *engine, const struct train_report *report)
{
    const struct cnn_train_options *o = &settings->options;
    int rc = cnn_train_check_classes(settings, d->train, o->data, report);
    if (!rc && !d->no_data)
        rc = cnn_train_check_empty_classes(d, o, report);
    if (!rc)
        rc = cnn_train_note_overlap(d, report);
    return rc ? rc : cnn_train_class_weights(d, settings, engine);
}

/* What the schedule depends on, and what else the recipe says of these data. */
static int open_schedule(struct train_settings *settings, const struct train_data *d,
                         const struct train_start *start, const struct train_engine *engine,
                         const struct train_report *report)
{
    const struct cnn_train_options *o = &settings->options;
    if (!d->streaming)
        cnn_train_count_steps(settings, cnn_dataset_count(d->train));
    int rc = cnn_train_recipe_for_data(settings, d, start, engine, report);
    if (!rc)
        cnn_train_note_schedule(settings, report);
    return rc || !o->epochs ? rc : cnn_train_check_bn(engine->graph, d, (size_t)o->batch, report);
}

static int open_made(struct trainer *t)
{
    const struct cnn_train_options *o = &t->settings.options;
    const struct cnn_graph *g = t->engine.graph;
    int keeps_best = t->data.val && o->keep == CNN_KEEP_BEST;
    size_t best = keeps_best ? cnn_net_snapshot_count(t->engine.net) + 1 : 0;
    return cnn_train_made_open(&t->made, g, &t->data.classes, cnn_train_origin(&t->start, o, g),
                               best);
}

static int open_all(struct trainer *t)
{
    struct train_settings *settings = &t->settings;
    int rc = open_settings(settings, &t->start);
    if (!rc)
        rc = open_data(&t->data, settings, &t->start, &t->report);
    if (!rc)
        rc = cnn_train_build_graph(&t->engine, settings, &t->data, &t->start, &t->report);
    if (!rc)
        rc = look_at_classes(&t->data, settings, &t->engine, &t->report);
    if (!rc)
        rc = open_schedule(settings, &t->data, &t->start, &t->engine, &t->report);
    if (!rc)
        rc = cnn_train_engine_open(&t->engine, settings, &t->data, t->start.net_name, &t->report);
    if (!rc)
        rc = cnn_train_check_unfreeze(&t->engine, settings, &t->data);
    if (!rc)
        rc = open_made(t);
    return rc ? rc : cnn_train_state_open(&t->state, (size_t)t->engine.feed.targets);
}

static void close_all(struct trainer *t)
{
    cnn_train_data_close(&t->data);
    cnn_train_engine_close(&t->engine);
    cnn_train_start_close(&t->start);
    cnn_train_made_close(&t->made);
    cnn_train_state_close(&t->state);
    cnn_train_settings_close(&t->settings);
    cnn_train_report_close(&t->report);
}

/* What ended the run is told, whatever becomes of the log's last line. */
static int end_log(struct trainer *t, int rc)
{
    char why[1024];
    snprintf(why, sizeof why, "%s", cnn_error_message());
    int logged = cnn_train_log_end(&t->report, &t->state, &t->settings.options, rc);
    return rc && logged ? cnn_fail(rc, "%s", why) : rc ? rc : logged;
}

static void note_recipe(const struct trainer *t)
{
    cnn_train_recipe_note(&t->settings, &t->engine.graph->recipe, t->start.net_name, &t->report);
}

/* What the model says of its samples, and where the run stands: the checkpoint's place, or the
 * beginning. */
static int find_place(struct trainer *t)
{
    struct train_made *made = &t->made;
    int rc = cnn_train_take_selftest(made, &t->data, &t->settings, t->engine.graph, &t->report);
    if (!rc)
        rc = cnn_train_make_identity(made, &t->data, &t->settings, t->start.init);
    return rc ? rc : cnn_train_resume(t);
}

static int train(struct trainer *t)
{
    const struct cnn_train_options *o = &t->settings.options;
    int rc = find_place(t);
    if (!rc)
        rc = cnn_train_log_open(&t->report, o->log, &t->state);
    if (!rc)
        rc = cnn_train_log_start(t);
    if (!rc)
        rc = cnn_train_expect_begin(t);
    if (!rc)
        rc = cnn_train_thaw(t);
    if (rc >= 0)
        rc = cnn_train_is_finished(&t->state, o) ? cnn_train_open_val_loader(t)
                                                 : cnn_train_prepare(t);
    t->report.saved = cnn_seconds();
    if (!rc && !cnn_train_is_finished(&t->state, o))
        note_recipe(t);
    if (!rc)
        rc = cnn_train_run_epochs(t);
    if (!rc)
        rc = cnn_train_write_model(t);
    return rc ? rc : cnn_train_expect_model(o);
}

static int run(struct trainer *t, char **plan)
{
    const struct cnn_train_options *o = &t->settings.options;
    if (o->plan)
        return cnn_train_plan(t, plan);
    int rc = cnn_train_start_weights(&t->engine, &t->settings, t->start.init, &t->report);
    if (!o->overfit)
        return end_log(t, rc ? rc : train(t));
    if (rc)
        return rc;
    note_recipe(t);
    return cnn_train_overfit(t);
}

int cnn_train(const struct cnn_train_options *options, const struct cnn_augmenter *augmenter,
              const struct cnn_train_callbacks *callbacks, char **plan)
{
    struct trainer t = {0};
    struct cnn_train_options *o = &t.settings.options;
    cnn_train_report_open(&t.report, callbacks);
    cnn_train_settings_open(&t.settings, options, augmenter);
    int rc = cnn_train_solver(&t.settings, &t.report);
    if (!rc)
        rc = cnn_train_data_find(&t.data, o, &t.report);
    if (!rc)
        rc = cnn_train_check_together(o);
    if (!rc && !o->plan && !o->overfit)
        rc = cnn_train_probe_outputs(o);
    if (!rc)
        rc = open_all(&t);
    if (!rc)
        rc = run(&t, plan);
    close_all(&t);
    return rc;
}
