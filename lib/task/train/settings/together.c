/* Options of training beside each other: which of them need others to have an effect. */
#include <string.h>

#include "task/train/settings/settings.h"

/* What counts when steps are made. */
#define IN_TRAINING(name) CNN_NEED(name, "!epochs=0")

/* Sanity runs and plans take the command line of the run that is to come as it is. */
static const struct cnn_need needs[] = {
    IN_TRAINING("solver"),
    CNN_NEED("recipe", "!solver"),
    IN_TRAINING("shuffle"),
    IN_TRAINING("class-weights"),
    IN_TRAINING("freeze"),
    IN_TRAINING("freeze-to"),
    IN_TRAINING("unfreeze"),
    {"unfreeze", "freeze,freeze-to"},
    IN_TRAINING("rate-of"),
    IN_TRAINING("steps"),
    IN_TRAINING("accumulate"),
    IN_TRAINING("optimizer"),
    IN_TRAINING("rate"),
    IN_TRAINING("momentum"),
    IN_TRAINING("nesterov"),
    IN_TRAINING("rho"),
    IN_TRAINING("beta1"),
    IN_TRAINING("beta2"),
    IN_TRAINING("eps"),
    IN_TRAINING("trust"),
    IN_TRAINING("l1"),
    IN_TRAINING("l2"),
    IN_TRAINING("weight-decay"),
    IN_TRAINING("clip-norm"),
    IN_TRAINING("clip-value"),
    IN_TRAINING("ema"),
    IN_TRAINING("schedule"),
    IN_TRAINING("warmup"),
    IN_TRAINING("patience"),
    IN_TRAINING("monitor"),
    IN_TRAINING("keep"),
    IN_TRAINING("log-every"),
    IN_TRAINING("checkpoint-every"),
    IN_TRAINING("checkpoint"),
    IN_TRAINING("curve"),
    IN_TRAINING("recompute"),
    CNN_SCHEDULE_NEEDS,
    {"patience", "val"},
    {"monitor", "val"},
    {"keep", "val"},
    IN_TRAINING("cache"),
    {"cache", "freeze-to"},
    {"head", "init"},
    {"allow-new", "init"},
    {"rename", "init"},
    {"weights", "!init,allow-new,head"},
    {"log-every", "log"},
    {"checkpoint-every", "checkpoint"},
    {"resume", "checkpoint"},
    {NULL, NULL},
};

int cnn_train_check_together(const struct cnn_train_options *o)
{
    if (!o->output[0] && !o->plan && !o->overfit)
        return cnn_fail(CNN_EUSAGE, "no output: -o MODEL says where the model goes");
    if (!o->net[0] && !o->init[0] && !o->resume)
        return cnn_fail(CNN_EUSAGE, "no net: --net WHAT is a file, a built-in net or its text");
    if (cnn_train_check_texts(o) || cnn_train_check_expect(o))
        return cnn_error_code();
    if (o->val[0] && !strcmp(o->val, "-") && !strcmp(o->data, "-"))
        return cnn_fail(CNN_EUSAGE, "standard input cannot be both the training and the --val set");
    return 0;
}

/* "optimizer=sgd|rmsprop" for those that have the i-th of the options that not all have. */
static void optimizers_with(size_t i, struct cnn_buf *out)
{
    const struct cnn_optimizer_type *type;
    const char *before = "optimizer=";
    for (size_t k = 0; (type = cnn_optimizer_type_at(k)); k++)
        if (cnn_optimizer_has(type, i)) {
            cnn_buf_printf(out, "%s%s", before, type->name);
            before = "|";
        }
}

static int check_optimizer(const struct cnn_train_options *o)
{
    int rc = 0;
    for (size_t i = 0; !rc && cnn_optimizer_option(i); i++) {
        struct cnn_buf those = {0};
        optimizers_with(i, &those);
        const struct cnn_need need[] = {{cnn_optimizer_option(i), those.text}, {NULL, NULL}};
        rc = those.failed ? cnn_error_code()
                          : cnn_option_needs(cnn_train_option_table, need, &o->given, o);
        cnn_buf_free(&those);
    }
    return rc;
}

int cnn_train_check_effects(const struct cnn_train_options *o)
{
    int rc = cnn_schedule_check(&o->schedule);
    if (rc || o->plan || o->overfit)
        return rc;
    rc = cnn_option_needs(cnn_train_option_table, needs, &o->given, o);
    return rc ? rc : check_optimizer(o);
}
