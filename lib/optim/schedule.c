/* Learning-rate schedules: with t in [0, 1) the part of the steps behind the warm-up that is done,
 *
 *   step         rate * gamma^(milestones passed)
 *   exponential  rate * gamma^(whole epochs done)
 *   polynomial   rate * (final + (1 - final) (1 - t)^power)
 *   cosine       rate * (final + (1 - final) (1 + cos(pi t)) / 2)      Loshchilov and Hutter 2017
 *   one-cycle    cosine from rate / 25 up to rate, then down to final  Smith and Topin 2018
 *
 * and the others' warm-up: linear from rate / 10 (Goyal et al. 2017). Milestones and epochs count
 * from the very first step. */
#include "optim/schedule.h"

#include <math.h>

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
    double steps = floor(s->warmup * (double)s->steps_per_epoch + 0.5);
    return steps < total || !s->total_steps ? steps : total;
}

static double one_cycle(const struct cnn_schedule *s, double step)
{
    double total = (double)s->total_steps, last = total - 1;
    double peak = (s->warmup > 0 ? rising_steps(s) : 0.3 * total) - 1;
    if (step >= last)
        step = last;
    if (peak > 0 && step <= peak)
        return s->rate * bend(1.0 / 25, 1, step / peak);
    if (peak < 0)
        peak = 0;
    return s->rate * (last > peak ? bend(1, s->final, (step - peak) / (last - peak)) : 1);
}

static double passed(const struct cnn_schedule *s, double epoch)
{
    int n = 0;
    for (int i = 0; i < s->milestones.count; i++)
        n += epoch >= s->milestones.value[i];
    return n;
}

double cnn_schedule_rate(const struct cnn_schedule *s, uint64_t at)
{
    double step = (double)at, total = (double)s->total_steps;
    double epoch = s->steps_per_epoch ? step / (double)s->steps_per_epoch : 0;
    if (s->kind == CNN_ONE_CYCLE)
        return one_cycle(s, step);
    double rising = rising_steps(s);
    if (step < rising)
        return s->rate * (0.1 + 0.9 * step / rising);
    double t = total > rising ? (step - rising) / (total - rising) : 1;
    if (t > 1)
        t = 1;
    switch (s->kind) {
    case CNN_STEP:
        return s->rate * pow(s->gamma, passed(s, epoch));
    case CNN_EXPONENTIAL:
        return s->rate * pow(s->gamma, floor(epoch));
    case CNN_POLYNOMIAL:
        return s->rate * (s->final + (1 - s->final) * pow(1 - t, s->power));
    case CNN_COSINE:
        return s->rate * bend(1, s->final, t);
    default:
        return s->rate;
    }
}
