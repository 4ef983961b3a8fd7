/* The class whose score is asked about; see private.h. */
#include <math.h>
#include <string.h>

#include "task/named.h"
#include "task/see/private.h"

int cnn_see_target_open(struct see *s)
{
    const struct cnn_graph *g = s->graph;
    const struct cnn_layer *last = &g->node[g->output].layer;
    struct see_target *t = &s->target;
    size_t names = s->runner.model->classes.count;
    t->pair = cnn_scores_are_pair(g, names);
    t->classes = t->pair ? 2 : s->out.c;
    t->kind = cnn_scores_kind(g, names ? names : last->out.c);
    t->probable = last->out.h * last->out.w == 1 && last->out.c == s->out.c &&
                  (t->kind == CNN_SCORES_SOFTMAX || t->kind == CNN_SCORES_LOGISTIC ||
                   (last->type && (!strcmp(last->type->name, "softmax") ||
                                   !strcmp(last->type->name, "sigmoid"))));
    t->wanted = -1;
    return s->o->class[0] ? cnn_named_class(&s->runner.model->classes, t->classes, "--class",
                                            s->o->model, s->o->class, &t->wanted)
                          : 0;
}

static double score_of(const struct see *s, int class, const float *scores)
{
    size_t plane = s->out.h * s->out.w;
    double sum = 0;
    if (s->target.pair)
        return class ? (double)scores[0] : -(double)scores[0];
    for (size_t p = 0; p < plane; p++)
        sum += (double)scores[(size_t) class * plane + p];
    return sum / (double)plane;
}

double cnn_see_target_score(const struct see *s, const float *scores)
{
    return score_of(s, s->target.class, scores);
}

static double probability(struct see *s)
{
    const struct see_target *t = &s->target;
    if (!t->probable)
        return (double)NAN;
    if (t->pair) {
        float pair[2];
        cnn_scores_pair(t->kind, s->answer[0], pair);
        cnn_scores_convert(t->kind, pair, 2, pair);
        return (double)pair[t->class];
    }
    cnn_scores_convert(t->kind, s->answer, t->classes, s->answer);
    return (double)s->answer[t->class];
}

/* Of equal scores the smaller number; NaN is no answer. */
int cnn_see_target_best(const struct see *s)
{
    int best = 0;
    for (int c = 1; c < (int)s->target.classes; c++)
        if (score_of(s, c, s->score) > score_of(s, best, s->score))
            best = c;
    return best;
}

void cnn_see_target_choose(struct see *s, int wanted)
{
    const struct cnn_strings *names = &s->runner.model->classes;
    struct see_target *t = &s->target;
    t->class = wanted < 0 ? cnn_see_target_best(s) : wanted;
    t->name = (size_t)t->class < names->count ? names->item[t->class] : "";
    t->score = cnn_see_target_score(s, s->score);
    t->probability = probability(s);
}

void cnn_see_target_gradient(const struct see *s, float *dy)
{
    const struct see_target *t = &s->target;
    size_t plane = s->out.h * s->out.w;
    memset(dy, 0, s->scores * sizeof *dy);
    if (t->pair)
        dy[0] = t->class ? 1 : -1;
    for (size_t p = 0; !t->pair && p < plane; p++)
        dy[(size_t)t->class * plane + p] = 1 / (float)plane;
}
