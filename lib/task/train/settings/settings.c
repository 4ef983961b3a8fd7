/* What the options of training come to, as the run uses it: optimizer, schedule, when to save. */
#include <string.h>

#include "task/train/settings/settings.h"

void cnn_train_settings_open(struct train_settings *s, const struct cnn_train_options *options,
                             const struct cnn_augmenter *augmenter)
{
    *s = (struct train_settings){.options = *options, .augmenter = augmenter};
}

void cnn_train_settings_close(struct train_settings *s)
{
    cnn_buf_free(&s->recipe);
    cnn_augmenter_free(s->own_augmenter);
    cnn_arena_free(s->arena);
}

/* A number whose default depends on the optimizer. */
static int number(const char *name, const char *text, double fallback, double min, double max,
                  double *out)
{
    *out = fallback;
    if (!text[0])
        return 0;
    return cnn_parse_real(text, min, max, out) ? cnn_fail_within("--%s", name) : 0;
}

static int parse_optimizer(struct train_settings *s)
{
    const struct cnn_train_options *o = &s->options;
    const struct cnn_optimizer_type *type = cnn_optimizer_type_find(o->optimizer);
    if (!type) {
        struct cnn_buf names = {0};
        for (size_t i = 0; cnn_optimizer_type_at(i); i++)
            cnn_buf_printf(&names, i ? ", %s" : "%s", cnn_optimizer_type_at(i)->name);
        int rc = cnn_fail(CNN_EUSAGE, "--optimizer: '%s' is none of %s", o->optimizer,
                          names.failed ? "the known ones" : names.text);
        cnn_buf_free(&names);
        return rc;
    }
    struct cnn_optimizer_options *p = &s->optimizer;
    *p = cnn_optimizer_defaults(type);
    p->nesterov = o->nesterov;
    p->beta1 = o->beta1;
    p->beta2 = o->beta2;
    p->l1 = o->l1;
    p->l2 = o->l2;
    p->clip_norm = o->clip_norm;
    p->clip_value = o->clip_value;
    if (number("rate", o->rate, type->defaults.rate, 0, 1e30, &s->schedule.rate) ||
        number("momentum", o->momentum, p->momentum, 0, 0.9999999, &p->momentum) ||
        number("rho", o->rho, p->rho, 0, 0.9999999, &p->rho) ||
        number("eps", o->eps, p->eps, 1e-30, 1, &p->eps) ||
        number("trust", o->trust, p->trust, 1e-30, 1e9, &p->trust) ||
        number("weight-decay", o->weight_decay, p->weight_decay, 0, 1e9, &p->weight_decay))
        return cnn_error_code();
    if (p->nesterov && !(p->momentum > 0))
        return cnn_fail(CNN_EUSAGE, "--nesterov has no effect: it needs a --momentum above 0");
    return 0;
}

static int parse_every(struct train_settings *s)
{
    const char *text = s->options.checkpoint_every;
    size_t n = strlen(text);
    int64_t value;
    if (!n)
        return 0;
    if (!s->options.checkpoint[0])
        return cnn_fail(CNN_EUSAGE, "--checkpoint-every needs --checkpoint");
    char digits[24] = "";
    int seconds = text[n - 1] == 's';
    if (n < sizeof digits)
        memcpy(digits, text, n - (size_t)seconds);
    if (cnn_parse_int(digits, 1, 1000000000, &value))
        return cnn_fail(CNN_EUSAGE,
                        "--checkpoint-every: '%s' is neither steps (500) nor seconds (60s)", text);
    *(seconds ? &s->every_seconds : &s->every_steps) = (uint64_t)value;
    return 0;
}

static int parse_on_bad(struct train_settings *s)
{
    const char *what = s->options.on_bad;
    s->skip_bad = !strcmp(what, "skip") || (!strncmp(what, "list=", 5) && what[5]);
    if (!s->skip_bad && strcmp(what, "fail"))
        return cnn_fail(CNN_EUSAGE, "--on-bad: '%s' is none of fail, skip, list=FILE", what);
    return 0;
}

int cnn_train_settings_parse(struct train_settings *s)
{
    const struct cnn_train_options *o = &s->options;
    s->schedule = o->schedule;
    int rc = cnn_train_check_effects(o);
    if (!rc && s->augmenter)
        rc = cnn_augmenter_check(s->augmenter);
    if (!rc && !o->epochs && !o->plan && !o->overfit && s->augmenter &&
        cnn_augmenter_active(s->augmenter))
        rc = cnn_fail(CNN_EUSAGE, "an augmentation has no effect with --epochs 0");
    if (!rc)
        rc = parse_optimizer(s);
    if (!rc)
        rc = parse_every(s);
    return rc ? rc : parse_on_bad(s);
}

static uint64_t divide_up(uint64_t a, uint64_t b)
{
    return a / b + (a % b != 0);
}

void cnn_train_count_steps(struct train_settings *s, size_t samples)
{
    const struct cnn_train_options *o = &s->options;
    uint64_t batches = divide_up(samples, (uint64_t)o->batch);
    uint64_t per_epoch = divide_up(batches, (uint64_t)o->accumulate), limit = (uint64_t)o->steps;
    s->schedule.steps_per_epoch = per_epoch;
    if (s->by_steps && per_epoch)
        s->options.epochs = (long long)divide_up(limit, per_epoch);
    s->schedule.total_steps = per_epoch * (uint64_t)o->epochs;
    if (limit && limit < s->schedule.total_steps)
        s->schedule.total_steps = limit;
}
