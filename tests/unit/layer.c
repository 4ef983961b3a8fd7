/* What holds whoever writes a layer to the contract of layer.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/memory.h"
#include "layer/layer.h"

/* Memory that setup got while it declared, behind what there is room for. */
enum { GUARD = 4 * sizeof(struct cnn_param) };
static unsigned char *guard;

/* A parameter for each channel of the input, and a statistic behind them. */
static int setup(struct cnn_layer *l)
{
    l->out = l->in[0];
    for (size_t i = 1; i < l->in[0].c; i++) {
        cnn_layer_param(l, "weight", (struct cnn_shape){1, {i}}, CNN_INIT_ZERO, 1, 1);
        if (i == CNN_LAYER_MAX_PARAMS)
            guard = cnn_arena_alloc(l->arena, GUARD);
    }
    cnn_layer_statistic(l, "mean", (struct cnn_shape){1, {l->in[0].c}}, CNN_INIT_ZERO);
    return 0;
}

static const struct cnn_layer_type type = {.name = "many", .setup = setup};

static void as_many_parameters_as_there_is_room_for(void **state)
{
    (void)state;
    for (size_t count = 1; count < CNN_LAYER_MAX_PARAMS + 4; count++) {
        struct cnn_chw in = {count, 2, 2};
        struct cnn_layer l = {.type = &type, .inputs = 1, .in = &in, .rows = 1};
        assert_non_null(l.arena = cnn_arena_new());
        guard = NULL;
        int rc = cnn_layer_setup(&l);
        for (size_t i = 0; guard && i < GUARD; i++)
            assert_int_equal(guard[i], 0);
        if (count <= CNN_LAYER_MAX_PARAMS) {
            assert_int_equal(rc, 0);
            assert_int_equal(l.params, count);
            for (size_t i = 0; i < count; i++)
                assert_int_equal(l.param[i].shape.dim[0], i + 1);
            assert_false(l.param[count - 1].trained);
        } else {
            assert_int_equal(rc, CNN_EINTERNAL);
            assert_int_equal(l.params, CNN_LAYER_MAX_PARAMS);
            assert_non_null(strstr(cnn_error_message(), "there is room for 6"));
        }
        cnn_arena_free(l.arena);
    }
}

static void a_parameter_without_elements_is_refused(void **state)
{
    (void)state;
    struct cnn_chw in = {0, 2, 2};
    struct cnn_layer layer = {.type = &type, .inputs = 1, .in = &in, .arena = cnn_arena_new()};
    assert_non_null(layer.arena);
    assert_int_equal(cnn_layer_setup(&layer), CNN_EDATA);
    cnn_arena_free(layer.arena);
}

static void without_memory_nothing_is_set(void **state)
{
    (void)state;
    struct cnn_layer layer = {.type = &type, .params = 1};
    cnn_layer_starts_at(&layer, 1);
    assert_null(layer.param);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_many_parameters_as_there_is_room_for),
        cmocka_unit_test(a_parameter_without_elements_is_refused),
        cmocka_unit_test(without_memory_nothing_is_set),
    };
    return cmocka_run_group_tests_name("layer", tests, NULL, NULL);
}
