/* A C program's view of the library: nothing of ours is included but the installed header. */
#include "scratch.h"

#include <math.h>

#include "cnn.h"

/* A model without tensors, whose net hands its input on: its answers are known. */
static const char *write_model(const char *name, const char *net, const char *classes)
{
    char text[1024];
    unsigned char bytes[1100] = {0};
    int n = snprintf(text, sizeof text,
                     "{\"__metadata__\":{\"cnn.format\":\"1\",\"cnn.net\":\"%s\","
                     "\"cnn.classes\":\"%s\",\"cnn.history\":\"[]\"}}",
                     net, classes);
    while (n % 8)
        text[n++] = ' ';
    bytes[0] = (unsigned char)(n & 255);
    bytes[1] = (unsigned char)(n >> 8);
    memcpy(bytes + 8, text, (size_t)n);
    return scratch_write(name, bytes, (size_t)n + 8);
}

static const char *write_classifier(void)
{
    return write_model("m.safetensors", "input 1x1x2 scale=0.01\\nflatten",
                       "[\\\"left\\\",\\\"right\\\"]");
}

static void classifies(void **state)
{
    (void)state;
    struct cnn_predictor *p;
    static const unsigned char image[] = "P5 2 1 255\n\x64\xc8"; /* 100, 200: logits 1 and 2 */
    size_t c, h, w, n = sizeof image - 1;
    float file[2], memory[2], pixels[2];
    assert_int_equal(cnn_predictor_open(write_classifier(), 1, &p), 0);
    cnn_predictor_input(p, &c, &h, &w);
    assert_true(c == 1 && h == 1 && w == 2);
    assert_int_equal(cnn_predictor_outputs(p), 2);
    assert_string_equal(cnn_predictor_class(p, 0), "left");
    assert_string_equal(cnn_predictor_class(p, 1), "right");
    assert_null(cnn_predictor_class(p, 2));
    assert_int_equal(cnn_predictor_file(p, scratch_write("a.pgm", image, n), file), 0);
    assert_int_equal(cnn_predictor_memory(p, image, n, memory), 0);
    assert_int_equal(cnn_predictor_pixels(p, image + n - 2, 1, 2, 1, pixels), 0);
    assert_true(fabs((double)file[1] - 1 / (1 + exp(-1))) <= 1e-6);
    assert_true(fabs((double)file[0] + (double)file[1] - 1) <= 1e-6);
    assert_memory_equal(file, memory, sizeof file);
    assert_memory_equal(file, pixels, sizeof file);
    assert_int_equal(cnn_predictor_best(p, file), 1);
    cnn_predictor_close(p);
    cnn_predictor_close(NULL);
}

static void brings_any_image_to_its_shape(void **state)
{
    (void)state;
    struct cnn_predictor *p;
    unsigned char grey[6 * 4], colour[6 * 4 * 3];
    float out[2];
    assert_int_equal(cnn_predictor_open(write_classifier(), 0, &p), 0);
    memset(grey, 200, sizeof grey);
    memset(colour, 200, sizeof colour);
    assert_int_equal(cnn_predictor_pixels(p, grey, 6, 4, 1, out), 0);
    assert_true(fabs((double)out[0] - 0.5) <= 1e-6);
    assert_int_equal(cnn_predictor_pixels(p, colour, 4, 6, 3, out), 0);
    assert_true(fabs((double)out[0] - 0.5) <= 1e-5);
    cnn_predictor_close(p);
}

static void numbers_without_classes(void **state)
{
    (void)state;
    struct cnn_predictor *p;
    const unsigned char pixels[] = {100, 200};
    const char *path = write_model("n.safetensors", "input 1x1x2 scale=0.01\\nflatten\\nmse", "[]");
    float out[2];
    assert_int_equal(cnn_predictor_open(path, 1, &p), 0);
    assert_null(cnn_predictor_class(p, 0));
    assert_int_equal(cnn_predictor_pixels(p, pixels, 1, 2, 1, out), 0);
    assert_true(fabs((double)out[0] - 1) <= 1e-6 && fabs((double)out[1] - 2) <= 1e-6);
    cnn_predictor_close(p);
}

static void errors(void **state)
{
    (void)state;
    struct cnn_predictor *p = (struct cnn_predictor *)&p;
    float out[2];
    assert_int_equal(cnn_predictor_open(scratch_path("absent"), 1, &p), -66);
    assert_null(p);
    assert_non_null(strstr(cnn_error_message(), "absent: No such file"));
    assert_int_equal(cnn_predictor_open(scratch_write("bad", "no model", 8), 1, &p), -65);
    assert_int_equal(cnn_predictor_open(write_classifier(), 1, &p), 0);
    assert_int_equal(cnn_predictor_file(p, scratch_path("absent.png"), out), -66);
    assert_int_equal(cnn_predictor_file(p, scratch_write("x.png", "not a png", 9), out), -65);
    assert_non_null(strstr(cnn_error_message(), "x.png: "));
    assert_int_equal(cnn_predictor_memory(p, "", 0, out), -65);
    assert_int_equal(cnn_predictor_pixels(p, (const unsigned char *)"abcd", 1, 1, 4, out), -64);
    assert_int_equal(cnn_predictor_pixels(p, (const unsigned char *)"", 0, 1, 1, out), -65);
    cnn_predictor_close(p);
}

static void tells_its_version(void **state)
{
    (void)state;
    int major, minor, patch;
    assert_int_equal(sscanf(cnn_version(), "%d.%d.%d", &major, &minor, &patch), 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(classifies),
        cmocka_unit_test(brings_any_image_to_its_shape),
        cmocka_unit_test(numbers_without_classes),
        cmocka_unit_test(errors),
        cmocka_unit_test(tells_its_version),
    };
    return cmocka_run_group_tests_name("embed", tests, scratch_make, scratch_remove);
}
