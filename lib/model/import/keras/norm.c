/* Normalisations of Keras. A scale or a shift that it leaves out is ones or zeros. */
#include "model/import/keras/keras.h"

/* A layer's vector of channels as a tensor; without `there` all of it is the value. */
static int vector(struct keras_writer *w, struct keras_node *n, const char *suffix,
                  const char *names, int there, size_t *place, float value)
{
    const struct keras_value *in = cnn_keras_in(n);
    struct keras_param p = cnn_keras_constant(in->shape.c, value);
    if (there) {
        const struct cnn_hdf5_object *o = cnn_keras_var(w, n, names, (*place)++, 1, &in->shape.c);
        if (!o)
            return 0;
        p = cnn_keras_vector(o, in->flat);
    }
    return cnn_keras_param(w, n->out.label, suffix, &p);
}

static int affine(struct keras_writer *w, struct keras_node *n, int scale, int center,
                  size_t *place)
{
    int rc = vector(w, n, "weight", "gamma", scale, place, 1);
    return rc ? rc : vector(w, n, "bias", "beta", center, place, 0);
}

int cnn_keras_batchnorm(struct keras_writer *w, struct keras_node *n)
{
    const struct keras_value *in = cnn_keras_in(n);
    const json_t *axis = cnn_keras_option(n, "axis");
    int scale = cnn_keras_flag(n, "scale", 1), center = cnn_keras_flag(n, "center", 1);
    const char *share = cnn_keras_share(w, n);
    char eps[32], momentum[32];
    size_t place = 0;
    if (axis && !cnn_keras_is_channels(w, in, axis))
        return cnn_keras_refuse(w, n, "another axis than that of channels");
    cnn_format_real(cnn_keras_real(w, n, "epsilon", 1e-3), 1, eps);
    cnn_format_real(1 - cnn_keras_real(w, n, "momentum", 0.99), 1, momentum);
    if (n->refused)
        return 0;
    int affines = scale || center;
    int rc = cnn_keras_line(w, n, NULL, "bn eps=%s momentum=%s%s%s", eps, momentum,
                            affines ? "" : " affine=0", share);
    if (rc || *share || in->unsure)
        return rc;
    if (affines)
        rc = affine(w, n, scale, center, &place);
    if (!rc)
        rc = vector(w, n, "running_mean", "moving_mean running_mean", 1, &place, 0);
    return rc ? rc : vector(w, n, "running_var", "moving_variance running_std", 1, &place, 0);
}

int cnn_keras_layernorm(struct keras_writer *w, struct keras_node *n)
{
    const struct keras_value *in = cnn_keras_in(n);
    const json_t *axis = cnn_keras_option(n, "axis");
    int scale = cnn_keras_flag(n, "scale", 1), center = cnn_keras_flag(n, "center", 1);
    const char *share = cnn_keras_share(w, n);
    char eps[32];
    size_t place = 0;
    if (axis && !cnn_keras_is_channels(w, in, axis))
        return cnn_keras_refuse(w, n, "another axis than that of channels");
    if (cnn_keras_flag(n, "rms_scaling", 0))
        return cnn_keras_refuse(w, n, "rms_scaling");
    cnn_format_real(cnn_keras_real(w, n, "epsilon", 1e-3), 1, eps);
    if (n->refused)
        return 0;
    int affines = scale || center;
    int rc = cnn_keras_line(w, n, NULL, "layernorm2d eps=%s%s%s", eps, affines ? "" : " affine=0",
                            share);
    return rc || *share || in->unsure || !affines ? rc : affine(w, n, scale, center, &place);
}

int cnn_keras_layerscale(struct keras_writer *w, struct keras_node *n)
{
    const char *share = cnn_keras_share(w, n);
    size_t place = 0;
    int rc = cnn_keras_line(w, n, NULL, "scale bias=0%s", share);
    return rc || *share || cnn_keras_in(n)->unsure
               ? rc
               : vector(w, n, "weight", "gamma variable", 1, &place, 1);
}
