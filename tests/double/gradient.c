/* Every layer with every class of option value: backward against central differences of forward,
 * in double precision, and what the contract of a layer promises on the way (layer.h): backward
 * overwrites dx and adds to dw, reads x and y only where the flags say so, tolerates gradients that
 * are not wanted, works in place where the flags allow it, and no buffer is overrun. */
#include "layer_rig.h"

static const double STEP = 1e-5, TOLERANCE = 1e-7;

static struct rig_cases cases;

static double draw(const char *name, size_t i)
{
    struct cnn_random r;
    cnn_random_start(&r, cnn_hash_string(name, 3), i);
    return cnn_random_range(&r, -1, 1);
}

/* An even grid in shuffled order: no zero, and no two numbers close to each other, so that kinks
 * are further than STEP. */
static void fill_grid(struct cnn_tensor *t, uint64_t stream, double scale)
{
    size_t count = cnn_tensor_count(t), grid = count + count % 2;
    uint32_t *order = malloc(grid * sizeof *order);
    real *x = t->data;
    cnn_random_permutation(5, stream, grid, order);
    for (size_t i = 0; i < count; i++)
        x[i] = (real)(scale * ((2.0 * order[i] + 1) / (double)grid - 1));
    free(order);
}

static void fill(struct rig *r)
{
    for (int i = 0; i < r->layer.inputs; i++)
        fill_grid(&r->x[i], (uint64_t)i, r->scale);
    for (int i = 0; i < r->layer.params; i++) {
        real *w = r->w[i].data;
        int positive = !strcmp(r->layer.param[i].suffix, "running_var");
        for (size_t k = 0; k < cnn_tensor_count(&r->w[i]); k++)
            w[k] = (real)((positive ? 1.5 : 0) + draw(r->layer.param[i].suffix, k));
    }
    for (int o = 0; o < r->layer.outputs; o++) {
        real *dy = r->dy[o].data;
        for (size_t k = 0; k < cnn_tensor_count(&r->dy[o]); k++)
            dy[k] = (real)draw(o ? "dy of another" : "dy", k + 1000 * (size_t)o);
    }
}

/* What backward differentiates: sum of dy y, or scale times the weighted sum of losses. */
static double objective(struct rig *r)
{
    int loss = (r->layer.type->flags & CNN_LAYER_LOSS) != 0;
    double sum = 0;
    rig_forward(r);
    for (int o = 0; o < r->layer.outputs; o++) {
        const real *y = r->y[o].data, *dy = r->dy[o].data;
        for (size_t i = 0; i < cnn_tensor_count(&r->y[o]); i++)
            sum += (double)y[i] *
                   (loss ? r->pass.loss_scale * (double)r->targets.weight[i] : (double)dy[i]);
    }
    return sum;
}

/* The largest difference over the largest number. */
static double distance(const double *a, const real *b, const real *minus, size_t count)
{
    double worst = 0, size = 1e-3;
    for (size_t i = 0; i < count; i++) {
        double g = (double)b[i] - (minus ? (double)minus[i] : 0), d = fabs(a[i] - g);
        if (!(d <= worst))
            worst = d;
        size = fabs(a[i]) > size ? fabs(a[i]) : size;
    }
    return worst / size;
}

static double *numeric(struct rig *r, const struct cnn_tensor *t)
{
    size_t count = cnn_tensor_count(t);
    double *g = malloc(count * sizeof *g);
    real *x = t->data;
    for (size_t i = 0; i < count; i++) {
        real at = x[i];
        x[i] = at + (real)STEP;
        double up = objective(r);
        x[i] = at - (real)STEP;
        double down = objective(r);
        x[i] = at;
        g[i] = (up - down) / (2 * STEP);
    }
    return g;
}

static void expect_close(const struct rig *r, const char *what, double d)
{
    if (!(d <= TOLERANCE))
        fail_msg("%s: %s is off by %.3g", r->text, what, d);
}

static real *copy_of(const struct cnn_tensor *t)
{
    size_t bytes = cnn_tensor_count(t) * sizeof(real);
    real *c = malloc(bytes);
    memcpy(c, t->data, bytes);
    return c;
}

static void poison(struct cnn_tensor *t)
{
    rig_poison(t->data, cnn_tensor_count(t) * sizeof(real));
}

static void poison_outputs(struct rig *r)
{
    for (int o = 0; o < r->layer.outputs; o++)
        poison(&r->y[o]);
}

/* Whatever the flags do not ask for is gone when backward runs. */
static void hide_unneeded(struct rig *r)
{
    for (int i = 0; i < r->layer.inputs; i++)
        if (!(r->layer.type->flags & CNN_LAYER_NEEDS_X))
            poison(&r->x[i]);
    if (!(r->layer.type->flags & CNN_LAYER_NEEDS_Y))
        poison_outputs(r);
}

static void check_against_differences(struct rig *r)
{
    double *dx[RIG_INPUTS], *dw[CNN_LAYER_MAX_PARAMS];
    real *before[CNN_LAYER_MAX_PARAMS], *x[RIG_INPUTS];
    for (int i = 0; i < r->layer.inputs; i++) {
        dx[i] = numeric(r, &r->x[i]);
        x[i] = copy_of(&r->x[i]);
        poison(&r->dx[i]);
    }
    for (int i = 0; i < r->layer.params; i++) {
        dw[i] = r->pdw[i] ? numeric(r, &r->w[i]) : NULL;
        for (size_t k = 0; r->pdw[i] && k < cnn_tensor_count(&r->dw[i]); k++)
            ((real *)r->dw[i].data)[k] = (real)draw("before", k);
        before[i] = r->pdw[i] ? copy_of(&r->dw[i]) : NULL;
    }
    poison_outputs(r);
    objective(r);
    for (int i = 0; i < r->layer.inputs; i++)
        assert_memory_equal(x[i], r->x[i].data, cnn_tensor_count(&r->x[i]) * sizeof(real));
    hide_unneeded(r);
    rig_backward(r);
    for (int i = 0; i < r->layer.inputs; i++) {
        expect_close(r, "dx", distance(dx[i], r->dx[i].data, NULL, cnn_tensor_count(&r->dx[i])));
        memcpy(r->x[i].data, x[i], cnn_tensor_count(&r->x[i]) * sizeof(real));
        free(dx[i]);
        free(x[i]);
    }
    for (int i = 0; i < r->layer.params; i++) {
        if (dw[i])
            expect_close(r, r->layer.param[i].suffix,
                         distance(dw[i], r->dw[i].data, before[i], cnn_tensor_count(&r->dw[i])));
        free(dw[i]);
        free(before[i]);
    }
}

/* dx alone and dw alone give the same bytes as both together. */
static void check_parts(struct rig *r)
{
    struct cnn_tensor *none[CNN_LAYER_MAX_PARAMS] = {NULL};
    real *dx[RIG_INPUTS], *dw[CNN_LAYER_MAX_PARAMS];
    for (int i = 0; i < r->layer.params; i++)
        if (r->pdw[i])
            memset(r->dw[i].data, 0, cnn_tensor_count(&r->dw[i]) * sizeof(real));
    objective(r);
    rig_backward(r);
    for (int i = 0; i < r->layer.inputs; i++)
        dx[i] = copy_of(&r->dx[i]);
    for (int i = 0; i < r->layer.params; i++) {
        dw[i] = r->pdw[i] ? copy_of(&r->dw[i]) : NULL;
        if (r->pdw[i])
            memset(r->dw[i].data, 0, cnn_tensor_count(&r->dw[i]) * sizeof(real));
    }
    for (int i = 0; i < r->layer.inputs; i++)
        poison(&r->dx[i]);
    r->pass.dw = none;
    rig_backward(r);
    r->pass.dw = r->pdw;
    r->pass.dx = none;
    rig_backward(r);
    r->pass.dx = r->pdx;
    for (int i = 0; i < r->layer.inputs; i++) {
        assert_memory_equal(dx[i], r->dx[i].data, cnn_tensor_count(&r->dx[i]) * sizeof(real));
        free(dx[i]);
    }
    for (int i = 0; i < r->layer.params; i++) {
        if (dw[i])
            assert_memory_equal(dw[i], r->dw[i].data, cnn_tensor_count(&r->dw[i]) * sizeof(real));
        free(dw[i]);
    }
}

/* y over x, of which backward then has what it reads, and dx over dy give the same bytes as apart.
 */
static void check_inplace(struct rig *r)
{
    if (!(r->layer.type->flags & CNN_LAYER_INPLACE))
        return;
    size_t bytes = cnn_tensor_count(&r->y[0]) * sizeof(real);
    objective(r);
    rig_backward(r);
    real *x = copy_of(&r->x[0]), *y = copy_of(&r->y[0]), *dx = copy_of(&r->dx[0]);
    void *own_y = r->y[0].data, *own_dx = r->dx[0].data;
    r->y[0].data = r->x[0].data;
    r->dx[0].data = r->dy[0].data;
    rig_forward(r);
    assert_memory_equal(y, r->y[0].data, bytes);
    if (r->layer.type->flags & CNN_LAYER_NEEDS_X)
        memcpy(r->x[0].data, x, bytes);
    rig_backward(r);
    assert_memory_equal(dx, r->dx[0].data, bytes);
    r->y[0].data = own_y;
    r->dx[0].data = own_dx;
    free(x);
    free(y);
    free(dx);
}

static void gradients(void **state)
{
    struct cnn_backend *b = *state;
    for (size_t i = 0; i < cases.count; i++) {
        struct rig r;
        rig_open(&r, b, &cases.at[i], draw);
        fill(&r);
        check_against_differences(&r);
        check_parts(&r);
        check_inplace(&r);
        rig_check_guards(&r);
        rig_close(&r);
    }
}

/* Which classes of an option's values the cases use, one bit each. */
enum { FIRST = 1, SECOND = 2, OBLONG = 4, UNEVEN = 8, WORDS = 16, DEEP = 256 };

static unsigned class_of(const struct cnn_option *o, const void *fields, struct cnn_buf *first)
{
    const struct cnn_pair *pair = (const void *)((const char *)fields + o->offset);
    const struct cnn_pad *pad = (const void *)pair;
    struct cnn_buf text = {0};
    unsigned class = FIRST;
    if ((o->type == CNN_OPT_PAIR && pair->d) || (o->type == CNN_OPT_PAD && pad->deep))
        return DEEP;
    if (o->type == CNN_OPT_PAD && (pad->top != pad->bottom || pad->left != pad->right))
        return UNEVEN;
    if (o->type == CNN_OPT_PAIR || o->type == CNN_OPT_PAD) {
        if (pair->h < 0)
            class = (unsigned)WORDS << (-1 - pair->h);
        else
            class = pair->h != pair->w ? OBLONG : pair->h > (int)o->min ? SECOND : FIRST;
        return class;
    }
    cnn_option_print(o, fields, &text);
    if (!first->text)
        cnn_buf_puts(first, text.text);
    else if (strcmp(first->text, text.text))
        class = SECOND;
    cnn_buf_free(&text);
    return class;
}

static unsigned wanted_classes(const struct cnn_option *o)
{
    unsigned words = 0, deep = o->depth ? DEEP : 0;
    if (o->type == CNN_OPT_PAD)
        return FIRST | SECOND | OBLONG | UNEVEN | deep |
               (o->fallback ? WORDS | WORDS << 1 | WORDS << 2 : 0);
    if (o->type != CNN_OPT_PAIR)
        return FIRST | SECOND;
    for (const char *c = o->choices; c; c = strchr(c, '|') ? strchr(c, '|') + 1 : NULL)
        words = words << 1 | WORDS;
    return (o->fallback && !o->choices ? FIRST : 0) | SECOND | OBLONG | words | deep;
}

static void expect_option_covered(const struct cnn_layer_type *type, const struct cnn_option *o)
{
    unsigned seen = 0, wanted = wanted_classes(o);
    struct cnn_buf first = {0};
    for (size_t i = 0; i < cases.count; i++) {
        struct rig r = {0};
        rig_parse(&r, cases.at[i].text);
        if (r.layer.type == type)
            seen |= class_of(o, r.options, &first);
    }
    cnn_buf_free(&first);
    if ((seen & wanted) != wanted)
        fail_msg("%s: option %s has classes of values without a case (%#x of %#x)", type->name,
                 o->name, seen, wanted);
}

static void every_layer_and_option_has_a_case(void **state)
{
    const struct cnn_layer_type *type;
    (void)state;
    for (size_t i = 0; (type = cnn_layer_type_at(i)); i++) {
        int found = 0;
        for (size_t k = 0; k < cases.count; k++) {
            size_t n = strlen(type->name);
            const char *text = cases.at[k].text;
            found |= !strncmp(text, type->name, n) && strchr(" ", text[n]);
        }
        if (!found)
            fail_msg("layer %s has no case", type->name);
        for (const struct cnn_option *o = type->options; o && o->name; o++)
            expect_option_covered(type, o);
    }
}

static int open_backend(void **state)
{
    struct cnn_backend *b;
    int rc = cnn_backend_open("cpu", 2, &b);
    cases = read_layer_cases();
    *state = b;
    return rc;
}

static int close_backend(void **state)
{
    cnn_backend_close(*state);
    free_layer_cases(&cases);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_layer_and_option_has_a_case),
        cmocka_unit_test(gradients),
    };
    return cmocka_run_group_tests_name("gradient", tests, open_backend, close_backend);
}
