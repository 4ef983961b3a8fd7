/* Learning-rate schedules, whose formulas are in the list of schedule.h: of the schedule s, the step
 * (0 for the first), the epoch of it and the part t in [0, 1) of the steps behind the warm-up that is
 * done,
 *
 *   step         rate * gamma^(milestones passed), or gamma^(whole step sizes done)
 *   exponential  rate * gamma^(whole epochs done)
 *   inverse      rate * (1 + gamma epoch)^-power                       Bottou 1998; Caffe's inv
 *   sigmoid      rate / (1 + exp(-gamma (epoch - step size)))          Caffe's
 *   polynomial   rate * (final + (1 - final) (1 - t)^power)
 *   cosine       rate * (final + (1 - final) (1 + cos(pi t)) / 2)      Loshchilov and Hutter 2017
 *   one-cycle    cosine from rate / 25 up to rate, then down to final  Smith and Topin 2018
 *
 * and the others' warm-up: linear from rate / 10 (Goyal et al. 2017). Milestones and epochs count
 * from the very first step; where the unit is a step, epochs are steps. */
#include "optim/schedule.h"

#include <math.h>

enum { LENGTH = 1, RISES = 2 };

const struct cnn_option cnn_schedule_table[] = {CNN_SCHEDULE_OPTIONS(struct cnn_schedule, ),
                                                CNN_OPTION_END};

static const double PI = 3.14159265358979323846;

/* Half a cosine from a (t = 0) to b (t = 1). */
static double bend(double a, double b, double t)
{
    return b + (a - b) * (1 + cos(PI * t)) / 2;
}

/* Warm-up in steps, left to the rest at least one. */
static double rising_steps(const struct cnn_schedule *s)
{
    double total = (double)s->total_steps;
    double unit = s->unit == CNN_BY_STEP ? 1 : (double)s->steps_per_epoch;
    double steps = floor(s->warmup * unit + 0.5);
    return steps < total || !s->total_steps ? steps : total;
}

static double one_cycle(const struct cnn_schedule *s, double step)
{
    double total = (double)s->total_steps, last = total - 1;
    double peak = (s->warmup > 0 ? rising_steps(s) : 0.3 * total) - 1;
    if (step >= last)
        step = last;
    if (peak > 0 && step <= peak)
        return bend(1.0 / 25, 1, step / peak);
    if (peak < 0)
        peak = 0;
    return last > peak ? bend(1, s->final, (step - peak) / (last - peak)) : 1;
}

static double passed(const struct cnn_schedule *s, double epoch)
{
    int n = 0;
    if (s->step_size > 0) /* three tenths of an epoch are three times a tenth, however rounded */
        return floor(epoch / s->step_size * (1 + 1e-12));
    for (int i = 0; i < s->milestones.count; i++)
        n += epoch >= s->milestones.value[i];
    return n;
}

static unsigned traits(const struct cnn_schedule *s)
{
#define TRAITS(name, word, own, factor) own,
    static const unsigned of[] = {CNN_SCHEDULES(TRAITS, TRAITS)};
#undef TRAITS
    return of[s->kind];
}

int cnn_schedule_follows_length(const struct cnn_schedule *s)
{
    return (traits(s) & LENGTH) != 0;
}

int cnn_schedule_rises(const struct cnn_schedule *s)
{
    return (traits(s) & RISES) != 0;
}

int cnn_schedule_check(const struct cnn_schedule *s)
{
    if (s->kind == CNN_STEP && !s->milestones.count && !(s->step_size > 0))
        return cnn_fail(CNN_EUSAGE, "--schedule step needs --milestones or --step-size");
    if (s->kind == CNN_STEP && s->milestones.count && s->step_size > 0)
        return cnn_fail(CNN_EUSAGE, "--milestones and --step-size both say when the rate drops");
    if (s->kind != CNN_LOGISTIC && s->gamma < 0)
        return cnn_fail(CNN_EUSAGE, "--gamma: %g is below 0, which is for --schedule sigmoid alone",
                        s->gamma);
    for (int i = 1; i < s->milestones.count; i++)
        if (!(s->milestones.value[i - 1] < s->milestones.value[i]))
            return cnn_fail(CNN_EUSAGE, "--milestones: %g does not come before %g",
                            s->milestones.value[i - 1], s->milestones.value[i]);
    return 0;
}

static double factor(const struct cnn_schedule *s, double step, double epoch, double t)
{
    switch (s->kind) {
#define FACTOR(name, word, own, formula)                                                           \
    case name:                                                                                     \
        return formula;
        CNN_SCHEDULES(FACTOR, FACTOR)
#undef FACTOR
    }
    return 1;
}

double cnn_schedule_rate(const struct cnn_schedule *s, uint64_t at)
{
    double step = (double)at, total = (double)s->total_steps;
    double epoch = s->unit == CNN_BY_STEP ? step
                   : s->steps_per_epoch   ? step / (double)s->steps_per_epoch
                                          : 0;
    double rising = cnn_schedule_rises(s) ? 0 : rising_steps(s);
    if (step < rising)
        return s->rate * (0.1 + 0.9 * step / rising);
    double t = total > rising ? (step - rising) / (total - rising) : 1;
    return s->rate * factor(s, step, epoch, t < 1 ? t : 1);
}
