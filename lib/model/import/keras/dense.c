/* Dense layers of Keras, which go over the last axis: of vectors ours, of planes and rows a
 * convolution of single places. */
#include "model/import/keras/keras.h"

enum { VECTOR = 1 << 1, ROWS = 1 << 2, PLANES = 1 << 3 };

static int params(struct keras_writer *w, struct keras_node *n, size_t units, int bias)
{
    const struct keras_value *in = cnn_keras_in(n);
    const size_t dim[2] = {in->shape.c, units};
    const struct cnn_hdf5_object *o = cnn_keras_var(w, n, "kernel W", 0, 2, dim);
    if (!o)
        return 0;
    struct keras_param p = cnn_keras_matrix(o, in->flat);
    if (in->rank > 1) {
        p.rank = 4;
        p.dim[2] = p.dim[3] = 1;
    }
    int rc = cnn_keras_param(w, n->out.label, "weight", &p);
    o = rc || !bias ? NULL : cnn_keras_var(w, n, "bias b", 1, 1, &units);
    if (!o)
        return rc;
    p = cnn_keras_vector(o, (struct cnn_chw){0});
    return cnn_keras_param(w, n->out.label, "bias", &p);
}

int cnn_keras_dense(struct keras_writer *w, struct keras_node *n)
{
    const struct keras_value *in = cnn_keras_in(n);
    size_t units = cnn_keras_size(w, n, "units", 0);
    int bias = cnn_keras_flag(n, "use_bias", 1);
    const char *share = cnn_keras_share(w, n);
    if (!cnn_keras_has_rank(w, n, VECTOR | (w->channels_first ? 0 : ROWS | PLANES)) || n->refused)
        return 0;
    n->out.shape.c = units;
    n->out.flat = (struct cnn_chw){0};
    int rc = cnn_keras_line(w, n, NULL, "%s %zu%s%s%s", in->rank > 1 ? "conv" : "dense", units,
                            in->rank > 1 ? " 1" : "", bias ? "" : " bias=0", share);
    if (!rc && !*share && !in->unsure)
        rc = params(w, n, units, bias);
    return rc ? rc : cnn_keras_activate(w, n, "activation");
}
