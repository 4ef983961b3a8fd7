/* What holds whoever writes a layer to the contract of layer.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "layer/layer.h"

/* A parameter for each channel of the input, and a statistic behind them. */
static int setup(struct cnn_layer *l)
{
    l->out = l->in[0];
    for (size_t i = 1; i < l->in[0].c; i++)
        cnn_layer_param(l, "weight", (struct cnn_shape){1, {i}}, CNN_INIT_ZERO, 1, 1);
    cnn_layer_statistic(l, "mean", (struct cnn_shape){1, {l->in[0].c}}, CNN_INIT_ZERO);
    return 0;
}

static const struct cnn_layer_type type = {.name = "many", .setup = setup};

static void as_many_parameters_as_there_is_room_for(void **state)
{
    (void)state;
    for (size_t count = 1; count < CNN_LAYER_MAX_PARAMS + 4; count++) {
        struct cnn_chw in = {count, 2, 2};
        struct {
            struct cnn_layer layer;
            unsigned char behind[4 * sizeof(struct cnn_param)];
        } room = {.layer = {.type = &type, .inputs = 1, .in = &in, .rows = 1}};
        int rc = cnn_layer_setup(&room.layer);
        for (size_t i = 0; i < sizeof room.behind; i++)
            assert_int_equal(room.behind[i], 0);
        if (count <= CNN_LAYER_MAX_PARAMS) {
            assert_int_equal(rc, 0);
            assert_int_equal(room.layer.params, count);
            assert_false(room.layer.param[count - 1].trained);
            assert_int_equal(room.layer.param[count - 1].shape.dim[0], count);
            continue;
        }
        assert_int_equal(rc, CNN_EINTERNAL);
        assert_int_equal(room.layer.params, CNN_LAYER_MAX_PARAMS);
        assert_non_null(strstr(cnn_error_message(), "there is room for 6"));
    }
}

static void a_parameter_without_elements_is_refused(void **state)
{
    (void)state;
    struct cnn_chw in = {0, 2, 2};
    struct cnn_layer layer = {.type = &type, .inputs = 1, .in = &in};
    assert_int_equal(cnn_layer_setup(&layer), CNN_EDATA);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_many_parameters_as_there_is_room_for),
        cmocka_unit_test(a_parameter_without_elements_is_refused),
    };
    return cmocka_run_group_tests_name("layer", tests, NULL, NULL);
}
