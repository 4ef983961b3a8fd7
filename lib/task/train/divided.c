/* A dataset that is a folder of parts: train is trained on, val is for validation, and test is
 * never looked at. */
#include <stdlib.h>

#include "data/source/divided.h"
#include "task/train/private.h"

/* Where --val names a folder of parts, its val is meant. */
static int divide_val(const char *path, struct cnn_divided *d)
{
    int rc = path[0] ? cnn_divided_find(path, d) : 0;
    if (rc == 1 && !d->val)
        return cnn_fail(CNN_EDATA, "%s: it has parts, but none for validation", path);
    return rc;
}

int cnn_train_find_parts(struct trainer *t, struct cnn_train_options *o)
{
    struct cnn_divided *d = &t->parts, *v = &t->val_parts;
    int rc = cnn_divided_find(o->data, d);
    const char *path = o->data;
    if (rc == 1) {
        int both = d->val && !o->val[0];
        o->data = d->train;
        if (both)
            o->val = d->val;
        cnn_train_note(t, "%s has parts: training on %s%s%s%s%s", path, d->train,
                       both ? ", validating on " : "", both ? d->val : "",
                       d->test ? "; left alone: " : "", d->test ? d->test : "");
    }
    if (rc >= 0 && !(d->val && o->val == d->val)) {
        rc = divide_val(o->val, v);
        if (rc == 1) {
            o->val = v->val;
            cnn_train_note(t, "validating on %s", o->val);
        }
    }
    return rc < 0 ? rc : 0;
}
