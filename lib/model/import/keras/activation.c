/* Activations of Keras: layers of their own, and words of other layers. */
#include <string.h>

#include "model/import/keras/keras.h"

/* word: Keras'; line: ours; version: of Keras that means it so, 0: any. */
static const struct word {
    const char *word, *line;
    int version;
} words[] = {
    {"linear", "", 0},
    {"relu", "relu", 0},
    {"relu6", "relu6", 0},
    {"sigmoid", "sigmoid", 0},
    {"tanh", "tanh", 0},
    {"softmax", "softmax", 0},
    {"softplus", "softplus", 0},
    {"softsign", "softsign", 0},
    {"elu", "elu", 0},
    {"selu", "selu", 0},
    {"celu", "celu", 0},
    {"gelu", "gelu", 0},
    {"silu", "silu", 0},
    {"swish", "silu", 0},
    {"mish", "mish", 0},
    {"leaky_relu", "leakyrelu 0.2", 0},
    {"hard_tanh", "hardtanh", 0},
    {"log_sigmoid", "logsigmoid", 0},
    {"hard_silu", "hardswish", 0},
    {"hard_swish", "hardswish", 0},
    {"hard_sigmoid", "hardsigmoid", 3},
};

/* The word, which Keras 3 may have within a description of a function or of a layer. */
static const char *word_of(const json_t *j)
{
    const json_t *config = json_object_get(j, "config");
    const char *class = json_string_value(json_object_get(j, "class_name"));
    if (json_is_string(j))
        return json_string_value(j);
    if (json_is_string(config))
        return json_string_value(config);
    return class ? class : "";
}

static const struct word *find_word(const struct keras_writer *w, const char *name)
{
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (!strcmp(words[i].word, name) && words[i].version <= w->version)
            return &words[i];
    return NULL;
}

/* What a line's label is called: its word. */
static const char *part_of(struct keras_writer *w, const struct word *word)
{
    return cnn_arena_strndup(w->arena, word->line, strcspn(word->line, " "));
}

int cnn_keras_activate(struct keras_writer *w, struct keras_node *n, const char *key)
{
    const json_t *j = cnn_keras_option(n, key);
    const char *name = j ? word_of(j) : "linear";
    const struct word *word = find_word(w, name);
    const char *part = word ? part_of(w, word) : "";
    if (!word)
        return cnn_keras_refuse(w, n, "%s '%.60s'", key, name);
    if (!part)
        return CNN_ESYSTEM;
    return *word->line ? cnn_keras_line(w, n, part, "%s", word->line) : 0;
}

int cnn_keras_activation(struct keras_writer *w, struct keras_node *n)
{
    const json_t *j = cnn_keras_option(n, "activation");
    const char *name = j ? word_of(j) : "linear";
    const struct word *word = find_word(w, name);
    if (!word)
        return cnn_keras_refuse(w, n, "activation '%.60s'", name);
    return *word->line ? cnn_keras_line(w, n, NULL, "%s", word->line) : cnn_keras_same(n);
}

/* The first of two names of an option. */
static double real_of(struct keras_writer *w, struct keras_node *n, const char *key,
                      const char *old, double fallback)
{
    return cnn_keras_real(w, n, cnn_keras_option(n, key) ? key : old, fallback);
}

int cnn_keras_relu(struct keras_writer *w, struct keras_node *n)
{
    double most = cnn_keras_real(w, n, "max_value", -1);
    double slope = cnn_keras_real(w, n, "negative_slope", 0);
    double threshold = cnn_keras_real(w, n, "threshold", 0);
    char number[32];
    if (threshold < 0 || threshold > 0)
        return cnn_keras_refuse(w, n, "threshold %g", threshold);
    if (slope < 0 || slope > 1 || (slope > 0 && most >= 0))
        return cnn_keras_refuse(w, n, "negative_slope %g", slope);
    if (n->refused)
        return 0;
    cnn_format_real(slope > 0 ? slope : most, 1, number);
    if (slope > 0)
        return cnn_keras_line(w, n, NULL, "leakyrelu %s", number);
    if (most < 0)
        return cnn_keras_line(w, n, NULL, "relu");
    if (!strcmp(number, "6"))
        return cnn_keras_line(w, n, NULL, "relu6");
    return cnn_keras_line(w, n, NULL, "hardtanh 0 %s", number);
}

int cnn_keras_leakyrelu(struct keras_writer *w, struct keras_node *n)
{
    double slope = real_of(w, n, "negative_slope", "alpha", 0.3);
    char number[32];
    if (slope < 0 || slope > 1)
        return cnn_keras_refuse(w, n, "negative_slope %g", slope);
    cnn_format_real(slope, 1, number);
    return n->refused ? 0 : cnn_keras_line(w, n, NULL, "leakyrelu %s", number);
}

int cnn_keras_elu(struct keras_writer *w, struct keras_node *n)
{
    double alpha = cnn_keras_real(w, n, "alpha", 1);
    char number[32];
    if (alpha < 0 || alpha > 100)
        return cnn_keras_refuse(w, n, "alpha %g", alpha);
    cnn_format_real(alpha, 1, number);
    return n->refused ? 0 : cnn_keras_line(w, n, NULL, "elu %s", number);
}

/* Its slopes are of a sample's shape, 1 along the axes that share them. */
int cnn_keras_prelu(struct keras_writer *w, struct keras_node *n)
{
    const struct keras_value *in = cnn_keras_in(n);
    const char *share = cnn_keras_share(w, n);
    size_t dim[3] = {1, 1, 1};
    if (!cnn_keras_has_rank(w, n, 1 << 1 | 1 << 2 | 1 << 3))
        return 0;
    dim[w->channels_first || in->rank < 1 ? 0 : in->rank - 1] = in->shape.c;
    int rc = cnn_keras_line(w, n, NULL, "prelu%s", share);
    if (rc || *share || in->unsure)
        return rc;
    const struct cnn_hdf5_object *o = cnn_keras_var(w, n, "alpha alphas", 0, in->rank, dim);
    if (!o)
        return 0;
    const struct keras_param p = cnn_keras_vector(o, (struct cnn_chw){0});
    return cnn_keras_param(w, n->out.label, "weight", &p);
}

int cnn_keras_softmax(struct keras_writer *w, struct keras_node *n)
{
    const json_t *axis = cnn_keras_option(n, "axis");
    if (axis && !cnn_keras_is_channels(w, cnn_keras_in(n), axis))
        return cnn_keras_refuse(w, n, "another axis than that of channels");
    return cnn_keras_line(w, n, NULL, "softmax");
}

/* What acts in training alone */

static int drop(struct keras_writer *w, struct keras_node *n, const char *word, const char *key)
{
    double rate = real_of(w, n, key, "p", 0.5);
    char number[32];
    if (rate < 0 || rate > 0.999)
        return cnn_keras_refuse(w, n, "%s %g", key, rate);
    cnn_format_real(rate, 1, number);
    return n->refused ? 0 : cnn_keras_line(w, n, NULL, "%s %s", word, number);
}

int cnn_keras_dropout(struct keras_writer *w, struct keras_node *n)
{
    return drop(w, n, "dropout", "rate");
}

int cnn_keras_spatialdropout(struct keras_writer *w, struct keras_node *n)
{
    return drop(w, n, "dropout2d", "rate");
}

int cnn_keras_stochasticdepth(struct keras_writer *w, struct keras_node *n)
{
    return drop(w, n, "droppath", "drop_path_rate");
}

int cnn_keras_nothing(struct keras_writer *w, struct keras_node *n)
{
    (void)w;
    return cnn_keras_same(n);
}
