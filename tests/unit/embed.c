/* A C program's view of the library: nothing of ours is included but the installed header. */
#include "scratch.h"

#include <math.h>
#include <pthread.h>

#include "cnn.h"

/* The host program's own use of BLAS. */
int openblas_get_num_threads(void);
void openblas_set_num_threads(int threads);

/* A model; tensors: their part of the header, "" for none, and `count` numbers follow. */
static const char *write_tensors(const char *name, const char *net, const char *classes,
                                 const char *tensors, size_t count)
{
    char text[1024];
    unsigned char bytes[2048] = {0};
    int n = snprintf(text, sizeof text,
                     "{\"__metadata__\":{\"cnn.format\":\"1\",\"cnn.net\":\"%s\","
                     "\"cnn.classes\":\"%s\",\"cnn.history\":\"[]\"}%s}",
                     net, classes, tensors);
    while (n % 8)
        text[n++] = ' ';
    bytes[0] = (unsigned char)(n & 255);
    bytes[1] = (unsigned char)(n >> 8);
    memcpy(bytes + 8, text, (size_t)n);
    for (size_t i = 0; i < count; i++) {
        float w = 0.125f * (float)(i % 7 + 1) - 0.375f * (float)(i % 3 == 1);
        memcpy(bytes + 8 + (size_t)n + i * sizeof w, &w, sizeof w);
    }
    return scratch_write(name, bytes, (size_t)n + 8 + count * sizeof(float));
}

/* One whose net hands its input on: its answers are known. */
static const char *write_model(const char *name, const char *net, const char *classes)
{
    return write_tensors(name, net, classes, "", 0);
}

#define TENSOR(name, shape, begin, end)                                                            \
    ",\"" name "\":{\"dtype\":\"F32\",\"shape\":[" shape "],\"data_offsets\":[" begin "," end "]}"

/* One with a convolution into which its normalisation is folded. */
static const char *write_net(void)
{
    static const char *const tensors = TENSOR("conv1.weight", "2,1,3,3", "0", "72")
        TENSOR("bn1.weight", "2", "72", "80") TENSOR("bn1.bias", "2", "80", "88")
            TENSOR("bn1.running_mean", "2", "88", "96") TENSOR("bn1.running_var", "2", "96", "104")
                TENSOR("dense1.weight", "2,32", "104", "360")
                    TENSOR("dense1.bias", "2", "360", "368");
    return write_tensors("net.safetensors",
                         "input 1x4x4\\nconv 2 3 pad=1 bias=0\\nbn\\nrelu\\ndense 2",
                         "[\\\"left\\\",\\\"right\\\"]", tensors, 92);
}

/* Image k of some: 4 x 4 grey pixels. */
static void draw(unsigned char image[16], unsigned k)
{
    for (unsigned i = 0; i < 16; i++)
        image[i] = (unsigned char)(37 * (i + 1) * (k + 1) % 256);
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

enum { IMAGES = 5 };

/* Puts images until the batch is full; a bad one takes no place. */
static void fill_batch(struct cnn_predictor *p)
{
    unsigned char image[16];
    for (unsigned i = 0; i < IMAGES; i++) {
        draw(image, i);
        assert_int_equal(cnn_predictor_put_memory(p, "no image", 8), -65);
        assert_int_equal(cnn_predictor_put_pixels(p, image, 4, 4, 1), 0);
    }
    assert_int_equal(cnn_predictor_put_pixels(p, image, 4, 4, 1), -64);
    assert_non_null(strstr(cnn_error_message(), "the batch of 5 is full"));
}

/* What runs together is answered as what runs alone, and layers' values come beside the answers. */
static void batches_and_layers(void **state)
{
    (void)state;
    const char *layer[] = {"relu1", "logits"}, *path = write_net();
    const struct cnn_predictor_config config = {
        .size = sizeof config, .threads = 1, .batch = IMAGES, .layer = layer, .layers = 2};
    struct cnn_predictor *p, *alone;
    unsigned char image[16];
    float together[IMAGES][2], one[2], logits[IMAGES][2], relu[IMAGES][32];
    assert_int_equal(cnn_predictor_open_with(path, &config, &p), 0);
    assert_int_equal(cnn_predictor_open(path, 1, &alone), 0);
    fill_batch(p);
    assert_int_equal(cnn_predictor_run(p, together[0]), 0);
    assert_int_equal(cnn_predictor_layer(p, 0, relu[0]), 0);
    assert_int_equal(cnn_predictor_layer(p, 1, logits[0]), 0);
    for (unsigned i = 0; i < IMAGES; i++) {
        double q = exp((double)logits[i][1] - (double)logits[i][0]), sum = 0;
        draw(image, i);
        assert_int_equal(cnn_predictor_pixels(alone, image, 4, 4, 1, one), 0);
        for (int k = 0; k < 2; k++)
            assert_true(fabs((double)one[k] - (double)together[i][k]) <= 1e-6);
        assert_true(fabs((double)together[i][1] - q / (1 + q)) <= 1e-5);
        for (int k = 0; k < 32; k++)
            sum += relu[i][k] >= 0 ? (double)relu[i][k] : (double)NAN;
        assert_true(sum > 0);
    }
    cnn_predictor_close(p);
    cnn_predictor_close(alone);
}

/* Layers by place, and runs without answers. */
static void layers(void **state)
{
    (void)state;
    const char *layer = "conv1";
    const struct cnn_predictor_config config = {
        .size = sizeof config, .layer = &layer, .layers = 1};
    struct cnn_predictor *p;
    unsigned char image[16];
    float values[32];
    size_t c, h, w;
    assert_int_equal(cnn_predictor_open_with(write_net(), &config, &p), 0);
    cnn_predictor_layer_shape(p, 0, &c, &h, &w);
    assert_true(c == 2 && h == 4 && w == 4);
    cnn_predictor_layer_shape(p, 1, &c, &h, &w);
    assert_true(c == 0 && h == 0 && w == 0);
    assert_int_equal(cnn_predictor_layer(p, 0, values), -64);
    assert_int_equal(cnn_predictor_run(p, NULL), -64);
    draw(image, 0);
    assert_int_equal(cnn_predictor_put_pixels(p, image, 4, 4, 1), 0);
    assert_int_equal(cnn_predictor_run(p, NULL), 0);
    assert_int_equal(cnn_predictor_layer(p, 1, values), -64);
    assert_int_equal(cnn_predictor_layer(p, 0, values), 0);
    cnn_predictor_close(p);
}

static int opens(const char *path, struct cnn_predictor_config c)
{
    struct cnn_predictor *p;
    int rc = cnn_predictor_open_with(path, &c, &p);
    assert_true(rc ? !p : p != NULL);
    cnn_predictor_close(p);
    return rc;
}

static void configs(void **state)
{
    (void)state;
    struct cnn_predictor *p;
    const char *path = write_net(), *none = "conv7", *many = "*1";
    const unsigned char pixel = 1;
    /* Of a program that was compiled before there were batches. */
    struct cnn_predictor_config c = {.size = offsetof(struct cnn_predictor_config, batch)};
    c.batch = 7;
    assert_int_equal(cnn_predictor_open_with(path, &c, &p), 0);
    assert_int_equal(cnn_predictor_put_pixels(p, &pixel, 1, 1, 1), 0);
    assert_int_equal(cnn_predictor_put_pixels(p, &pixel, 1, 1, 1), -64);
    cnn_predictor_close(p);
    assert_int_equal(cnn_predictor_open_with(path, NULL, &p), 0);
    cnn_predictor_close(p);
    c = (struct cnn_predictor_config){.size = sizeof c};
    assert_int_equal(opens(path, (struct cnn_predictor_config){0}), -64);
    assert_int_equal(opens(path, (struct cnn_predictor_config){.size = sizeof c + 8}), -64);
    assert_int_equal(opens(path, (struct cnn_predictor_config){.size = sizeof c, .device = "tpu"}),
                     -64);
    assert_int_equal(
        opens(path, (struct cnn_predictor_config){.size = sizeof c, .precision = "bf16"}), -64);
    assert_int_equal(
        opens(path, (struct cnn_predictor_config){.size = sizeof c, .precision = "fp8"}), -64);
    assert_non_null(strstr(cnn_error_message(), "'fp8' is none of fp32|tf32|bf16"));
    c.layers = 1;
    c.layer = &none;
    assert_int_equal(opens(path, c), -64);
    assert_int_equal(strncmp(cnn_error_message(), "layer 'conv7': ", 15), 0);
    c.layer = &many;
    assert_int_equal(opens(path, c), -64);
    assert_non_null(strstr(cnn_error_message(), "that is the name of"));
}

struct worker {
    pthread_t thread;
    struct cnn_predictor *p;
    int rc;
    float answer[IMAGES][2];
};

static void *work(void *context)
{
    struct worker *w = context;
    unsigned char image[16];
    for (unsigned i = 0; i < 40 * IMAGES && !w->rc; i++) {
        draw(image, i % IMAGES);
        w->rc = cnn_predictor_pixels(w->p, image, 4, 4, 1, w->answer[i % IMAGES]);
    }
    return NULL;
}

/* Threads at work at once answer alike, also when the first predictor, whose weights they share,
 * has gone. */
static void threads_share_weights(void **state)
{
    (void)state;
    enum { WORKERS = 4 };
    static struct worker w[WORKERS], alone;
    struct cnn_predictor *first;
    assert_int_equal(cnn_predictor_open(write_net(), 1, &alone.p), 0);
    work(&alone);
    cnn_predictor_close(alone.p);
    assert_int_equal(cnn_predictor_open(write_net(), 1, &first), 0);
    for (int i = 0; i < WORKERS; i++)
        assert_int_equal(cnn_predictor_share(i ? w[i - 1].p : first, &w[i].p), 0);
    assert_string_equal(cnn_predictor_class(w[2].p, 1), "right");
    assert_int_equal(cnn_predictor_outputs(w[2].p), 2);
    cnn_predictor_close(first);
    for (int i = 0; i < WORKERS; i++)
        assert_int_equal(pthread_create(&w[i].thread, NULL, work, &w[i]), 0);
    for (int i = 0; i < WORKERS; i++) {
        assert_int_equal(pthread_join(w[i].thread, NULL), 0);
        assert_int_equal(w[i].rc, 0);
        assert_memory_equal(w[i].answer, alone.answer, sizeof w[i].answer);
    }
    for (int i = 0; i < WORKERS; i++)
        cnn_predictor_close(w[i].p);
}

/* On a GPU: the answers of the CPU, also of a predictor that shares weights with another. */
static void gpu_agrees(void **state)
{
    (void)state;
    const struct cnn_predictor_config config = {.size = sizeof config, .device = "cuda"};
    struct cnn_predictor *first, *other;
    static struct worker alone;
    unsigned char image[16];
    float answer[2];
    const char *path = write_net();
    int rc = cnn_predictor_open_with(path, &config, &first);
    if (rc == -69)
        skip();
    assert_int_equal(rc, 0);
    assert_int_equal(cnn_predictor_open(path, 1, &alone.p), 0);
    work(&alone);
    cnn_predictor_close(alone.p);
    assert_int_equal(cnn_predictor_share(first, &other), 0);
    for (unsigned i = 0; i < 2 * IMAGES; i++) {
        draw(image, i % IMAGES);
        assert_int_equal(cnn_predictor_pixels(i % 2 ? first : other, image, 4, 4, 1, answer), 0);
        for (int k = 0; k < 2; k++)
            assert_true(fabs((double)answer[k] - (double)alone.answer[i % IMAGES][k]) <= 1e-5);
    }
    cnn_predictor_close(first);
    assert_int_equal(cnn_predictor_pixels(other, image, 4, 4, 1, answer), 0);
    cnn_predictor_close(other);
}

/* The host's BLAS has its threads whenever nothing is computed. */
static void leaves_blas_alone(void **state)
{
    (void)state;
    struct cnn_predictor *p, *other;
    unsigned char image[16] = {0};
    float out[2];
    int before = openblas_get_num_threads();
    openblas_set_num_threads(2);
    assert_int_equal(cnn_predictor_open(write_net(), 1, &p), 0);
    assert_int_equal(openblas_get_num_threads(), 2);
    assert_int_equal(cnn_predictor_pixels(p, image, 4, 4, 1, out), 0);
    assert_int_equal(cnn_predictor_share(p, &other), 0);
    assert_int_equal(openblas_get_num_threads(), 2);
    openblas_set_num_threads(1);
    assert_int_equal(cnn_predictor_pixels(other, image, 4, 4, 1, out), 0);
    cnn_predictor_close(p);
    assert_int_equal(openblas_get_num_threads(), 1);
    openblas_set_num_threads(2);
    cnn_predictor_close(other);
    assert_int_equal(cnn_predictor_open(scratch_path("absent"), 1, &p), -66);
    assert_int_equal(openblas_get_num_threads(), 2);
    openblas_set_num_threads(before);
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
        cmocka_unit_test(batches_and_layers),
        cmocka_unit_test(layers),
        cmocka_unit_test(configs),
        cmocka_unit_test(threads_share_weights),
        cmocka_unit_test(gpu_agrees),
        cmocka_unit_test(leaves_blas_alone),
        cmocka_unit_test(tells_its_version),
    };
    return cmocka_run_group_tests_name("embed", tests, scratch_make, scratch_remove);
}
