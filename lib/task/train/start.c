/* What a run starts from: the checkpoint of --resume, the tensors of --init, and the net's text, from
 * --net or from one of these. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "model/net_text.h"
#include "task/runner.h"
#include "task/train/model.h"

/* Only a checkpoint that is not there is a run that has yet to begin. */
static int open_checkpoint(struct train_start *s, const struct cnn_train_options *o)
{
    struct stat st;
    if (!o->resume || (stat(o->checkpoint, &st) && errno == ENOENT))
        return 0;
    return cnn_checkpoint_open(o->checkpoint, &s->from, &s->from_state);
}

static int open_models(struct train_start *s, const struct cnn_train_options *o)
{
    int rc = open_checkpoint(s, o);
    if (!rc && o->init[0])
        rc = cnn_model_open(o->init, &s->init);
    if (!rc && !o->net[0] && !cnn_train_text_source(s, o))
        rc = s->init
                 ? cnn_fail(CNN_EUSAGE, "%s holds weights without a net: --net is needed", o->init)
                 : cnn_fail(CNN_EUSAGE, "%s is not there yet, and a first run needs --net",
                            o->checkpoint);
    return rc;
}

const struct cnn_model *cnn_train_text_source(const struct train_start *s,
                                              const struct cnn_train_options *o)
{
    const struct cnn_model *model = s->from ? s->from : s->init;
    return !o->net[0] && model && model->net_text ? model : NULL;
}

int cnn_train_start_open(struct train_start *s, const struct cnn_train_options *o)
{
    int rc = open_models(s, o);
    if (rc)
        return rc;
    const struct cnn_model *source = cnn_train_text_source(s, o);
    if (!source)
        return cnn_model_net_text(o->net, CNN_NET_TO_TRAIN, &s->net_text, &s->net_name);
    s->net_text = cnn_strdup(source->net_text);
    s->net_name = cnn_strdup(source->path);
    return s->net_text && s->net_name ? 0 : CNN_ESYSTEM;
}

void cnn_train_start_close(struct train_start *s)
{
    cnn_model_free(s->from);
    cnn_model_free(s->init);
    free(s->net_name);
    free(s->net_text);
}

/* A file may be in a folder of that name. */
static int is_built_in(const struct train_start *s)
{
    const struct cnn_zoo_entry *e = cnn_zoo_find(s->net_name);
    return e && !strcmp(e->text, s->net_text);
}

const char *cnn_train_origin(const struct train_start *s, const struct cnn_train_options *o,
                             const struct cnn_graph *g)
{
    if (cnn_train_text_source(s, o))
        return "";
    return is_built_in(s) ? s->net_name : g->print;
}
