/* A model of Keras from its JSON: Sequential ones, a list of layers, and functional ones, in which
 * each call of a layer says what it reads, as Keras 2 writes that and as Keras 3 does. */
#include <string.h>

#include "model/import/keras/keras.h"

static int is_model(const char *class)
{
    return !strcmp(class, "Sequential") || !strcmp(class, "Functional") || !strcmp(class, "Model");
}

/* References: ["LAYER", CALL, TENSOR, ...]; in Keras 3 within a tensor's description. */

static int is_ref(const json_t *j)
{
    return json_is_array(j) && json_array_size(j) >= 3 && json_is_string(json_array_get(j, 0)) &&
           json_is_integer(json_array_get(j, 1)) && json_is_integer(json_array_get(j, 2));
}

static const json_t *ref_within(const json_t *j)
{
    const json_t *history = json_object_get(json_object_get(j, "config"), "keras_history");
    return is_ref(j) ? j : is_ref(history) ? history : NULL;
}

/* Those in a value, in lists of lists, too: counted, and with `out` taken. */
static size_t take_refs(const json_t *j, int depth, struct keras_ref *out, size_t count)
{
    const json_t *ref = ref_within(j);
    if (ref && out) {
        json_int_t node = json_integer_value(json_array_get(ref, 1));
        json_int_t tensor = json_integer_value(json_array_get(ref, 2));
        out[count] = (struct keras_ref){json_string_value(json_array_get(ref, 0)),
                                        node < 0 ? SIZE_MAX : (size_t)node,
                                        tensor < 0 ? SIZE_MAX : (size_t)tensor};
    }
    if (ref)
        return count + 1;
    for (size_t i = 0; depth && i < json_array_size(j); i++)
        count = take_refs(json_array_get(j, i), depth - 1, out, count);
    const char *key;
    json_t *value;
    if (depth && json_is_object(j) && !json_object_get(j, "class_name"))
        json_object_foreach((json_t *)(uintptr_t)j, key, value) count =
            take_refs(value, depth - 1, out, count);
    return count;
}

static int read_refs(struct keras_writer *w, const json_t *j, struct keras_ref **out, size_t *count)
{
    enum { DEPTH = 4 };
    *count = take_refs(j, DEPTH, NULL, 0);
    *out = cnn_arena_alloc(w->arena, (*count + 1) * sizeof **out);
    if (*out)
        take_refs(j, DEPTH, *out, 0);
    return *out ? 0 : CNN_ESYSTEM;
}

/* Calls */

/* A number, or the numbers of an array; NULL: it is neither. */
static const json_t *constant_of(const json_t *j)
{
    const char *class = json_string_value(json_object_get(j, "class_name"));
    if (class && !strcmp(class, "__tensor__"))
        return json_object_get(json_object_get(j, "config"), "value");
    return json_is_number(j) ? j : NULL;
}

/* What stands behind the value of an operation of Keras 2, ["LAYER", 0, 0, {"y": CONSTANT}]. */
static void read_second(const json_t *j, struct keras_node *n)
{
    n->constant = constant_of(json_object_get(json_array_get(j, 3), "y"));
    n->constants = n->constant != NULL;
}

/* Constants among the arguments of an operation, and values that are given by name. */
static void read_others(const json_t *j, struct keras_node *n)
{
    enum { DEPTH = 4 };
    const json_t *args = json_object_get(j, "args");
    if (is_ref(j)) {
        n->named = take_refs(json_array_get(j, 3), DEPTH, NULL, 0) > 0;
        read_second(j, n);
        return;
    }
    n->named = take_refs(json_object_get(j, "kwargs"), DEPTH, NULL, 0) > 0;
    for (size_t i = 0; i < json_array_size(j); i++)
        n->named |= take_refs(json_array_get(json_array_get(j, i), 3), DEPTH, NULL, 0) > 0;
    for (size_t i = json_array_size(args); i > 0; i--) {
        const json_t *constant = constant_of(json_array_get(args, i - 1));
        if (constant) {
            n->constant = constant;
            n->constant_first = i == 1;
            n->constants++;
        }
    }
}

/* One of Keras 3 has `args`, one of Keras 2 is the list; what else stands there is no value. */
static int read_call(struct keras_writer *w, struct keras_layer *l, const json_t *j,
                     struct keras_node *n)
{
    const json_t *args = json_object_get(j, "args");
    n->layer = l;
    read_others(j, n);
    int rc = read_refs(w, args ? args : j, &n->ref, &n->ins);
    if (!rc && n->ins > KERAS_MOST_READ)
        rc = cnn_fail(CNN_EDATA, "layer '%.100s' reads %zu values", l->name, n->ins);
    return rc;
}

static int read_calls(struct keras_writer *w, struct keras_layer *l, const json_t *calls)
{
    size_t count = json_array_size(calls);
    int is_input = !strcmp(l->class, "InputLayer");
    l->nodes = count || !is_input ? count : 1;
    l->node = cnn_arena_alloc(w->arena, (l->nodes + 1) * sizeof *l->node);
    if (!l->node)
        return CNN_ESYSTEM;
    l->node[0].layer = l;
    int rc = 0;
    for (size_t i = 0; !rc && i < count; i++)
        rc = read_call(w, l, json_array_get(calls, i), &l->node[i]);
    return rc;
}

/* Layers */

static int read_model(struct keras_writer *w, const json_t *config, int sequential, int depth,
                      struct keras_model *m);

static int read_nested(struct keras_writer *w, struct keras_layer *l, int depth)
{
    l->nested = cnn_arena_alloc(w->arena, sizeof *l->nested);
    if (!l->nested)
        return CNN_ESYSTEM;
    l->nested->as = l;
    return read_model(w, l->config, !strcmp(l->class, "Sequential"), depth + 1, l->nested);
}

/* Operations of Keras 2, by the functions that they call. */
static const char *operation_of(struct keras_writer *w, const char *function)
{
    static const char *const known[][2] = {{"math.truediv", "ops.TrueDivide"},
                                           {"math.divide", "ops.Divide"},
                                           {"math.subtract", "ops.Subtract"},
                                           {"math.multiply", "ops.Multiply"},
                                           {"math.add", "ops.Add"},
                                           {"__operators__.add", "ops.Add"}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (!strcmp(function, known[i][0]))
            return known[i][1];
    return cnn_arena_printf(w->arena, "tf.%s", function);
}

/* A class that is not Keras' own, or no layer, may be called as one of its layers is; NULL: no
 * memory. */
static const char *class_of(struct keras_writer *w, const json_t *j, const char *class)
{
    const char *module = json_string_value(json_object_get(j, "module"));
    const char *registered = json_string_value(json_object_get(j, "registered_name"));
    const char *function =
        json_string_value(json_object_get(json_object_get(j, "config"), "function"));
    if (function && !strcmp(class, "TFOpLambda"))
        return operation_of(w, function);
    if (registered && strchr(registered, '>'))
        return registered;
    if (!module && registered)
        return cnn_arena_printf(w->arena, "own>%s", class);
    if (module && strncmp(module, "keras", 5) != 0)
        return cnn_arena_printf(w->arena, "%s.%s", module, class);
    return module && strstr(module, ".ops") ? cnn_arena_printf(w->arena, "ops.%s", class) : class;
}

static int read_layer(struct keras_writer *w, struct keras_model *m, const json_t *j, int depth,
                      struct keras_layer *l)
{
    const json_t *config = json_object_get(j, "config");
    const char *class = json_string_value(json_object_get(j, "class_name"));
    const char *name = json_string_value(json_object_get(j, "name"));
    if (!name)
        name = json_string_value(json_object_get(config, "name"));
    if (!class || !name)
        return cnn_fail(CNN_EDATA, "a layer without a %s", class ? "name" : "class");
    class = class_of(w, j, class);
    if (!class)
        return CNN_ESYSTEM;
    *l = (struct keras_layer){.name = name, .class = class, .config = config, .model = m};
    if (cnn_names_find(m->names, name))
        return cnn_fail(CNN_EDATA, "two layers are called '%.100s'", name);
    if (cnn_names_put(m->names, name, l))
        return CNN_ESYSTEM;
    int rc = read_calls(w, l, json_object_get(j, "inbound_nodes"));
    return !rc && is_model(class) ? read_nested(w, l, depth) : rc;
}

/* Sequential models: each layer reads the one before, the first an input, which it may say itself. */

static int add_input(struct keras_writer *w, struct keras_model *m, const json_t *config)
{
    struct keras_layer *l = &m->layer[0];
    *l = (struct keras_layer){
        .name = "(input)", .class = "InputLayer", .config = config, .model = m, .nodes = 1};
    l->node = cnn_arena_alloc(w->arena, sizeof *l->node);
    if (!l->node || cnn_names_put(m->names, l->name, l))
        return CNN_ESYSTEM;
    l->node->layer = l;
    m->layers = 1;
    return 0;
}

static int chain(struct keras_writer *w, struct keras_model *m)
{
    struct keras_ref *ref = cnn_arena_alloc(w->arena, (m->layers + 1) * sizeof *ref);
    if (!ref)
        return CNN_ESYSTEM;
    for (size_t i = 0; i < m->layers; i++) {
        struct keras_layer *l = &m->layer[i];
        ref[i] = (struct keras_ref){l->name, 0, 0};
        if (!i)
            continue;
        l->node = cnn_arena_alloc(w->arena, sizeof *l->node);
        if (!l->node)
            return CNN_ESYSTEM;
        l->nodes = 1;
        *l->node = (struct keras_node){.layer = l, .ref = &ref[i - 1], .ins = 1};
    }
    m->input = &ref[0];
    m->output = &ref[m->layers - 1];
    m->inputs = m->outputs = 1;
    return 0;
}

static int read_sequential(struct keras_writer *w, const json_t *config, int depth,
                           struct keras_model *m)
{
    const json_t *list = json_is_array(config) ? config : json_object_get(config, "layers");
    const json_t *first = json_array_get(list, 0);
    const char *class = json_string_value(json_object_get(first, "class_name"));
    int rc = 0;
    if (!class || strcmp(class, "InputLayer") != 0)
        rc = add_input(w, m,
                       json_object_get(config, "build_input_shape")
                           ? config
                           : json_object_get(first, "config"));
    for (size_t i = 0; !rc && i < json_array_size(list); i++)
        rc = read_layer(w, m, json_array_get(list, i), depth, &m->layer[m->layers++]);
    return rc ? rc : chain(w, m);
}

/* Functional ones. */
static int read_functional(struct keras_writer *w, const json_t *config, int depth,
                           struct keras_model *m)
{
    const json_t *list = json_object_get(config, "layers");
    int rc = 0;
    for (size_t i = 0; !rc && i < json_array_size(list); i++)
        rc = read_layer(w, m, json_array_get(list, i), depth, &m->layer[m->layers++]);
    if (!rc)
        rc = read_refs(w, json_object_get(config, "input_layers"), &m->input, &m->inputs);
    if (!rc)
        rc = read_refs(w, json_object_get(config, "output_layers"), &m->output, &m->outputs);
    if (!rc && (!m->inputs || !m->outputs))
        rc = cnn_fail(CNN_EDATA, "a model without input_layers or output_layers");
    return rc;
}

static int read_model(struct keras_writer *w, const json_t *config, int sequential, int depth,
                      struct keras_model *m)
{
    const json_t *list = json_is_array(config) ? config : json_object_get(config, "layers");
    const char *name = json_string_value(json_object_get(config, "name"));
    m->name = name ? name : "";
    m->names = cnn_names_new(w->arena);
    m->layer = cnn_arena_alloc(w->arena, (json_array_size(list) + 2) * sizeof *m->layer);
    if (!m->names || !m->layer)
        return CNN_ESYSTEM;
    if (!json_array_size(list) || json_array_size(list) > KERAS_MOST_LAYERS)
        return cnn_fail(CNN_EDATA, "a model of %zu layers", json_array_size(list));
    if (depth > KERAS_MOST_DEPTH)
        return cnn_fail(CNN_EDATA, "too many models in models");
    return sequential ? read_sequential(w, config, depth, m) : read_functional(w, config, depth, m);
}

struct keras_layer *cnn_keras_layer_of(const struct keras_model *m, const char *name)
{
    return cnn_names_find(m->names, name);
}

int cnn_keras_read(struct keras_writer *w, const json_t *root)
{
    const char *class = json_string_value(json_object_get(root, "class_name"));
    w->whole = cnn_arena_alloc(w->arena, sizeof *w->whole);
    if (!w->whole)
        return CNN_ESYSTEM;
    if (!class || !is_model(class))
        return cnn_fail(CNN_EDATA, "a model of class '%.60s', not Sequential or Functional",
                        class ? class : "");
    return read_model(w, json_object_get(root, "config"), !strcmp(class, "Sequential"), 0,
                      w->whole);
}
