/* Which layers a net has in a phase, and what each of them reads: blobs are known by name, and of
 * several of one name, as layers in place make them, the last before the reader counts. */
#include <string.h>

#include "model/import/caffe/caffe.h"

/* Phases: whether a rule holds for the net as it is now. */
static int holds(const Cnn__Caffe__NetStateRule *rule, const Cnn__Caffe__NetState *state, int phase)
{
    static const Cnn__Caffe__NetState none = CNN__CAFFE__NET_STATE__INIT;
    const Cnn__Caffe__NetState *s = state ? state : &none;
    if ((rule->has_phase && (int)rule->phase != phase) ||
        (rule->has_min_level && s->level < rule->min_level) ||
        (rule->has_max_level && s->level > rule->max_level))
        return 0;
    for (size_t i = 0; i < rule->n_stage + rule->n_not_stage; i++) {
        int wanted = i < rule->n_stage, found = 0;
        const char *stage = wanted ? rule->stage[i] : rule->not_stage[i - rule->n_stage];
        for (size_t k = 0; k < s->n_stage; k++)
            found |= !strcmp(s->stage[k], stage);
        if (found != wanted)
            return 0;
    }
    return 1;
}

static int is_in(const struct caffe_net *n, const struct caffe_layer *l, int phase)
{
    const Cnn__Caffe__LayerParameter *p = l->p;
    int included = !p->n_include;
    for (size_t i = 0; i < p->n_include; i++)
        included |= holds(p->include[i], n->p->state, phase);
    for (size_t i = 0; i < p->n_exclude; i++)
        included &= !holds(p->exclude[i], n->p->state, phase);
    return included;
}

/* A value, which is that of its name from here on. */
static struct caffe_value *new_value(struct caffe_net *n, struct cnn_names *now, const char *name,
                                     struct caffe_layer *maker, size_t place)
{
    struct caffe_value *v = cnn_arena_alloc(n->arena, sizeof *v);
    if (!v || cnn_names_put(now, name, v))
        return NULL;
    *v = (struct caffe_value){.name = name, .maker = maker, .place = place};
    if (n->values == n->value_room) {
        size_t room = n->value_room ? 2 * n->value_room : 64;
        struct caffe_value **more = cnn_arena_alloc(n->arena, room * sizeof *more);
        if (!more)
            return NULL;
        if (n->values)
            memcpy(more, n->value, n->values * sizeof *more);
        n->value = more;
        n->value_room = room;
    }
    return n->value[n->values++] = v;
}

static int fail_at(const struct caffe_net *n, const struct caffe_layer *l, const char *what,
                   const char *name)
{
    if (l->line)
        return cnn_fail(CNN_EDATA, "%s:%d: layer '%.100s' %s '%.100s'", n->path, l->line, l->name,
                        what, name);
    return cnn_fail(CNN_EDATA, "%s: layer '%.100s' %s '%.100s'", n->path, l->name, what, name);
}

static int connect_inputs(struct caffe_net *n, struct cnn_names *now, struct caffe_layer *l,
                          int loose)
{
    l->ins = l->p->n_bottom;
    l->in = cnn_arena_alloc(n->arena, (l->ins + 1) * sizeof *l->in);
    if (!l->in)
        return CNN_ESYSTEM;
    for (size_t i = 0; i < l->ins; i++) {
        struct caffe_value *v = cnn_names_find(now, l->p->bottom[i]);
        if (!v && loose) /* inputs are not always stored with weights */
            v = new_value(n, now, l->p->bottom[i], NULL, n->p->n_input);
        l->in[i] = v;
        if (!v && loose)
            return CNN_ESYSTEM;
        if (!v)
            return fail_at(n, l, "reads what no layer before it makes:", l->p->bottom[i]);
        int aside = l->kind && (l->kind->role == CAFFE_ASIDE || (l->kind->role == CAFFE_LOSS && i));
        v->user = l;
        v->uses++;
        v->uses_as_data += !aside;
    }
    return 0;
}

static int connect_outputs(struct caffe_net *n, struct cnn_names *now, struct caffe_layer *l)
{
    l->outs = l->p->n_top;
    l->out = cnn_arena_alloc(n->arena, (l->outs + 1) * sizeof *l->out);
    if (!l->out)
        return CNN_ESYSTEM;
    for (size_t i = 0; i < l->outs; i++)
        if (!(l->out[i] = new_value(n, now, l->p->top[i], l, i)))
            return CNN_ESYSTEM;
    return 0;
}

int cnn_caffe_connect(struct caffe_net *n, int phase)
{
    struct cnn_names *now = cnn_names_new(n->arena);
    size_t kept = 0;
    int rc = now ? 0 : CNN_ESYSTEM;
    for (size_t i = 0; !rc && i < n->layers; i++)
        if (phase < 0 || is_in(n, &n->layer[i], phase))
            n->layer[kept++] = n->layer[i];
    n->layers = rc ? n->layers : kept;
    if (!rc && !kept)
        rc = cnn_fail(CNN_EDATA, "%s: no layer is in the phase %s", n->path,
                      phase ? "TEST" : "TRAIN");
    for (size_t i = 0; !rc && i < n->p->n_input; i++)
        if (!new_value(n, now, n->p->input[i], NULL, i))
            rc = CNN_ESYSTEM;
    for (size_t i = 0; !rc && i < n->layers; i++) {
        rc = connect_inputs(n, now, &n->layer[i], phase < 0);
        if (!rc)
            rc = connect_outputs(n, now, &n->layer[i]);
    }
    return rc;
}

int cnn_caffe_take_blobs(struct caffe_net *n, const struct caffe_net *from)
{
    struct cnn_names *there = cnn_names_new(n->arena);
    size_t found = 0;
    int rc = there ? 0 : CNN_ESYSTEM;
    for (size_t i = 0; !rc && i < from->layers; i++)
        if (from->layer[i].blobs)
            rc = cnn_names_put(there, from->layer[i].name, &from->layer[i]);
    for (size_t i = 0; !rc && i < n->layers; i++) {
        struct caffe_layer *l = &n->layer[i];
        const struct caffe_layer *with = cnn_names_find(there, l->name);
        if (!with)
            continue;
        l->blob = with->blob;
        l->blobs = with->blobs;
        found++;
    }
    if (!rc && !found)
        rc = cnn_fail(CNN_EDATA, "%s: no layer of %s has numbers in it, by its name", from->path,
                      n->path);
    return rc;
}
