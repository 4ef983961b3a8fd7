/* Samples of a batch mixed with one another, against plain references: inputs,
 * targets of each kind, weights; the same for any number of threads and from any position;
 * what cannot be mixed. */
#include "scratch.h"

#include <fcntl.h>
#include <math.h>

#include "data/loader/loader.h"
#include "data/source/dataset_open.h"
#include "data/source/stream.h"
#include "net/net.h"

enum { COUNT = 23, BATCH = 8, H = 5, W = 7, CLASSES = 3 };

static const struct cnn_input input = {.shape = {1, H, W}, .scale = 1.0 / 255};

static struct cnn_augmenter *augmenter(const char *name, const char *value)
{
    struct cnn_augmenter *a = cnn_augmenter_new();
    assert_non_null(a);
    assert_int_equal(cnn_augmenter_set(a, name, value), 0);
    return a;
}

/* Sample i: pixels of its own, its class, its number in all pixels of a label image, as a number and
 * as that of a box, and a weight. */
static void add_sample(struct cnn_stream_writer *w, int i)
{
    struct cnn_sample s = {.weight = 1 + (float)(i % 4) / 4};
    struct cnn_encoded *e = cnn_encoded_new();
    char key[8];
    snprintf(key, sizeof key, "k%02d", i);
    assert_int_equal(cnn_sample_set_key(&s, key), 0);
    assert_int_equal(cnn_image_reshape(&s.image, 1, H, W, 255), 0);
    for (int p = 0; p < H * W; p++)
        s.image.px[p] = (float)((i * 37 + p * 11) % 256) / 255.0f;
    assert_int_equal(cnn_sample_add_class(&s, i % CLASSES), 0);
    const struct {
        const char *name;
        enum cnn_field_kind kind;
        struct cnn_chw shape;
    } fields[] = {{NULL, CNN_FIELD_LABELS, {1, H, W}},
                  {"age", CNN_FIELD_NUMBERS, {2, 1, 1}},
                  {NULL, CNN_FIELD_BOXES, {1, 5, 1}}};
    for (size_t k = 0; k < 3; k++) {
        struct cnn_field *f = cnn_sample_add_field(&s, fields[k].name, fields[k].kind);
        struct cnn_chw c = fields[k].shape;
        assert_int_equal(cnn_image_reshape(&f->values, c.c, c.h, c.w, 0), 0);
        for (size_t p = 0; p < cnn_chw_count(c); p++)
            f->values.px[p] = (float)i;
        if (fields[k].kind == CNN_FIELD_BOXES)
            memcpy(f->values.px, (const float[]){0, 0, 2, 2}, 4 * sizeof(float));
    }
    struct cnn_field *text = cnn_sample_add_field(&s, NULL, CNN_FIELD_TEXT);
    assert_int_equal(cnn_field_set_text(text, "a", 1), 0);
    assert_int_equal(cnn_sample_encode(&s, e), 0);
    assert_int_equal(cnn_stream_write(w, e), 0);
    cnn_encoded_free(e);
    cnn_sample_free(&s);
}

static struct cnn_dataset *open_samples(void)
{
    struct cnn_stream_writer *w;
    struct cnn_strings classes = {0};
    struct cnn_dataset *ds;
    const char *path = scratch_path("samples.tar");
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    for (int c = 0; c < CLASSES; c++)
        assert_int_equal(cnn_strings_add(&classes, (const char *[]){"a", "b", "c"}[c]), 0);
    assert_int_equal(cnn_stream_open(fd, path, &classes, "[]", NULL, &w), 0);
    for (int i = 0; i < COUNT; i++)
        add_sample(w, i);
    assert_int_equal(cnn_stream_finish(w), 0);
    cnn_stream_free(w);
    close(fd);
    cnn_strings_free(&classes);
    assert_int_equal(cnn_dataset_open(path, NULL, &ds), 0);
    return ds;
}

static const struct cnn_wish class = {
    .name = "", .kind = CNN_FIELD_CLASS, .required = 1, .shares = CLASSES};
static const struct cnn_wish age = {
    .name = "age", .kind = CNN_FIELD_NUMBERS, .shape = {2, 1, 1}, .required = 1};
static const struct cnn_wish seg = {
    .name = "", .kind = CNN_FIELD_LABELS, .shape = {1, H, W}, .required = 1};
static const struct cnn_wish boxes = {
    .name = "", .kind = CNN_FIELD_BOXES, .shape = {5, 1, 1}, .rows = 2};

static struct cnn_loader_options options_of(const struct cnn_augmenter *a,
                                            const struct cnn_wish *wish, size_t wishes)
{
    return (struct cnn_loader_options){.input = &input,
                                       .augmenter = a,
                                       .wishes = wishes,
                                       .wish = wish,
                                       .batch = BATCH,
                                       .shuffle = 1,
                                       .seed = 3,
                                       .threads = 2};
}

/* The batch as it is without mixing, and how much its samples keep. */
struct plain_batch {
    struct cnn_loader *l;
    struct cnn_batch b;
    struct cnn_mix mix[BATCH];
    size_t other[BATCH];
};

static void next_plain(struct plain_batch *p, const struct cnn_augmenter *a,
                       const struct cnn_loader_options *o, uint64_t epoch)
{
    const struct cnn_augment_step *s = cnn_augmenter_next_mixing(a, NULL);
    assert_int_equal(cnn_loader_next(p->l, &p->b), 1);
    for (size_t i = 0; i < p->b.n; i++) {
        p->other[i] = p->b.n - 1 - i;
        p->mix[i] = p->other[i] == i
                        ? cnn_mix_whole(2, 0, H, W)
                        : cnn_augment_mix(s, o->seed, epoch, p->b.key[i], i > p->other[i], H, W);
    }
}

/* How much of it stays at a pixel. */
static double kept_at(const struct cnn_mix *m, size_t at)
{
    const struct cnn_mix_part *p = &m->part[1];
    int within = m->parts > 1 && at / W >= p->top && at / W < p->bottom && at % W >= p->left &&
                 at % W < p->right;
    return within ? p->keep : 1;
}

static double own_share(const struct cnn_mix *m)
{
    double share[CNN_MIX_MOST];
    cnn_mix_shares(m, share);
    return share[0];
}

static double blend(double keep, float own, float other)
{
    return keep * (double)own + (1 - keep) * (double)other;
}

static void expect(float got, double want)
{
    if (!(fabs((double)got - want) <= 1e-6 * (1 + fabs(want))))
        fail_msg("%.9g, not %.9g", (double)got, want);
}

/* Sample i of the mixed batch: input, weight, class and numbers. */
static void check_sample(const struct plain_batch *p, const struct cnn_batch *b, size_t i)
{
    const struct cnn_mix *m = &p->mix[i];
    size_t k = p->other[i], best = 0;
    double share = own_share(m);
    assert_int_equal(b->index[i], p->b.index[i]);
    for (size_t x = 0; x < H * W; x++)
        expect(b->x[i * H * W + x],
               blend(kept_at(m, x), p->b.x[i * H * W + x], p->b.x[k * H * W + x]));
    expect(b->weight[i], blend(share, p->b.weight[i], p->b.weight[k]));
    const int32_t *label = p->b.field[0].label;
    const float *shares = b->field[0].numbers + i * CLASSES;
    for (size_t c = 0; c < CLASSES; c++) {
        expect(shares[c], blend(share, (size_t)label[i] == c, (size_t)label[k] == c));
        best = shares[c] > shares[best] ? c : best;
    }
    assert_int_equal(b->field[0].label[i], best);
    for (size_t x = 0; x < 2; x++)
        expect(b->field[1].numbers[2 * i + x],
               blend(share, p->b.field[1].numbers[2 * i + x], p->b.field[1].numbers[2 * k + x]));
}

static void check_epochs(const char *name, const char *value)
{
    const struct cnn_wish wish[] = {class, age};
    struct cnn_dataset *ds = open_samples();
    struct cnn_augmenter *a = augmenter(name, value);
    struct cnn_loader_options o = options_of(a, wish, 2), without = options_of(NULL, wish, 2);
    double total = 0;
    for (uint64_t epoch = 0; epoch < 20; epoch++) {
        struct plain_batch p;
        struct cnn_loader *l;
        struct cnn_batch b;
        assert_int_equal(cnn_loader_open(ds, &without, epoch, 0, &p.l), 0);
        assert_int_equal(cnn_loader_open(ds, &o, epoch, 0, &l), 0);
        while (cnn_loader_next(l, &b) == 1) {
            next_plain(&p, a, &o, epoch);
            assert_int_equal(b.n, p.b.n);
            for (size_t i = 0; i < b.n; i++) {
                check_sample(&p, &b, i);
                assert_true(b.hash[i] == p.b.hash[i]);
                total += fabs(own_share(&p.mix[i]) - 1) > 0.01;
            }
        }
        assert_null(p.b.field[0].numbers);
        cnn_loader_close(p.l);
        cnn_loader_close(l);
    }
    assert_true(total > 200);
    cnn_augmenter_free(a);
    cnn_dataset_close(ds);
}

static void test_mixup(void **state)
{
    (void)state;
    check_epochs("mixup", "0.8");
}

static void test_cutmix(void **state)
{
    (void)state;
    check_epochs("cutmix", "1");
}

/* Label images are pasted with the pixels: the label is the sample's number. */
static void test_label_images(void **state)
{
    (void)state;
    struct cnn_dataset *ds = open_samples();
    struct cnn_augmenter *a = augmenter("cutmix", "1");
    struct cnn_loader_options o = options_of(a, &seg, 1), without = options_of(NULL, &seg, 1);
    struct plain_batch p;
    struct cnn_loader *l;
    struct cnn_batch b;
    assert_int_equal(cnn_loader_open(ds, &without, 4, 0, &p.l), 0);
    assert_int_equal(cnn_loader_open(ds, &o, 4, 0, &l), 0);
    while (cnn_loader_next(l, &b) == 1) {
        next_plain(&p, a, &o, 4);
        for (size_t i = 0; i < b.n * H * W; i++) {
            size_t at = i / (H * W);
            size_t whose = kept_at(&p.mix[at], i % (H * W)) < 1 ? p.other[at] : at;
            assert_int_equal(b.field->label[i], p.b.index[whose]);
        }
    }
    cnn_loader_close(p.l);
    cnn_loader_close(l);
    cnn_augmenter_free(a);
    cnn_dataset_close(ds);
}

/* Lists of boxes become one, the own first. */
static void test_boxes_are_joined(void **state)
{
    (void)state;
    struct cnn_dataset *ds = open_samples();
    struct cnn_augmenter *a = augmenter("mixup", "0.3");
    struct cnn_wish few = boxes;
    struct cnn_loader_options o = options_of(a, &boxes, 1);
    struct cnn_loader *l;
    struct cnn_batch b;
    assert_int_equal(cnn_loader_open(ds, &o, 0, 0, &l), 0);
    assert_int_equal(cnn_loader_next(l, &b), 1);
    for (size_t i = 0; i < b.n; i++) {
        assert_int_equal(b.field->rows[i], 2);
        assert_true(b.field->numbers[i * 10 + 4] == (float)b.index[i]);
        assert_true(b.field->numbers[i * 10 + 9] == (float)b.index[b.n - 1 - i]);
    }
    cnn_loader_close(l);
    few.rows = 1;
    o.wish = &few;
    assert_int_equal(cnn_loader_open(ds, &o, 0, 0, &l), 0);
    assert_int_equal(cnn_loader_next(l, &b), CNN_EDATA);
    assert_non_null(strstr(cnn_error_message(), "mixed samples have 2 of 'boxes' where 1 are"));
    cnn_loader_close(l);
    cnn_augmenter_free(a);
    cnn_dataset_close(ds);
}

/* One number for two classes is the second's share, or the first's. */
static void test_a_single_share(void **state)
{
    (void)state;
    struct cnn_dataset *ds = open_samples();
    struct cnn_augmenter *a = augmenter("mixup", "1");
    for (int32_t single = 0; single < 2; single++) {
        struct cnn_wish wish[] = {class, class};
        wish[1].shares = 1;
        wish[1].single = single;
        struct cnn_loader_options o = options_of(a, wish, 2);
        struct cnn_loader *l;
        struct cnn_batch b;
        assert_int_equal(cnn_loader_open(ds, &o, 0, 0, &l), 0);
        while (cnn_loader_next(l, &b) == 1)
            for (size_t i = 0; i < b.n; i++) {
                float share = b.field[1].numbers[i];
                assert_true(share == b.field[0].numbers[i * CLASSES + (size_t)single]);
                assert_int_equal(b.field[1].label[i], share >= 0.5f ? single : !single);
            }
        cnn_loader_close(l);
    }
    cnn_augmenter_free(a);
    cnn_dataset_close(ds);
}

/* A hash of all that is mixed, from a position on. */
static uint64_t drain(struct cnn_dataset *ds, const struct cnn_loader_options *o, size_t start,
                      size_t skip)
{
    struct cnn_loader *l;
    struct cnn_batch b;
    uint64_t h = 0;
    assert_int_equal(cnn_loader_open(ds, o, 2, start, &l), 0);
    for (; cnn_loader_next(l, &b) == 1; skip = skip > b.n ? skip - b.n : 0)
        if (!skip) {
            h = cnn_hash(b.x, b.n * H * W * sizeof *b.x, h);
            h = cnn_hash(b.weight, b.n * sizeof *b.weight, h);
            h = cnn_hash(b.field->numbers, b.n * CLASSES * sizeof(float), h);
            h = cnn_hash(b.field->label, b.n * sizeof *b.field->label, h);
        }
    cnn_loader_close(l);
    return h;
}

/* All kinds, one of them twice; the other augmentations come first. */
static void test_same_for_threads_and_positions(void **state)
{
    (void)state;
    struct cnn_dataset *ds = open_samples();
    struct cnn_augmenter *a = augmenter("mixup", "0.4"), *once = augmenter("mixup", "0.4");
    assert_int_equal(cnn_augmenter_set(a, "cutmix", "1"), 0);
    assert_int_equal(cnn_augmenter_set(a, "mosaic", "0.5"), 0);
    assert_int_equal(cnn_augmenter_set(a, "mixup", "0.4"), 0);
    assert_int_equal(cnn_augmenter_set(a, "noise", "0.1"), 0);
    struct cnn_loader_options o = options_of(a, &class, 1), fewer = options_of(once, &class, 1);
    o.threads = fewer.threads = 1;
    uint64_t all = drain(ds, &o, 0, 0), rest = drain(ds, &o, 0, BATCH);
    assert_true(all != rest && all != drain(ds, &fewer, 0, 0));
    for (int threads = 1; threads <= 4; threads *= 2) {
        o.threads = threads;
        assert_true(drain(ds, &o, 0, 0) == all);
        assert_true(drain(ds, &o, BATCH, 0) == rest);
    }
    struct cnn_buf text = {0};
    cnn_augmenter_print(a, &text);
    assert_string_equal(text.text, "--mixup 0.4 --cutmix 1 --mosaic 0.5 --mixup 0.4 --noise 0.1");
    cnn_buf_free(&text);
    cnn_augmenter_free(a);
    cnn_augmenter_free(once);
    cnn_dataset_close(ds);
}

static void test_what_cannot_be_mixed(void **state)
{
    (void)state;
    static const struct cnn_input vector = {.shape = {H * W, 1, 1}, .scale = 1};
    static const struct cnn_input rows = {.shape = {1, H, W}, .rows = 2, .scale = 1};
    static const struct cnn_wish text = {.name = "text", .kind = CNN_FIELD_TEXT, .rows = 3};
    const struct {
        const char *name;
        const struct cnn_wish *wish;
        const struct cnn_input *input;
        size_t batch;
        const char *message;
    } bad[] = {
        {"mixup", &seg, &input, 8, "--mixup cannot mix the field 'seg' (labels)"},
        {"cutmix", &boxes, &input, 8, "--cutmix cannot mix the field 'boxes' (boxes)"},
        {"mixup", &text, &input, 8, "--mixup cannot mix the field 'text' (text)"},
        {"cutmix", &class, &vector, 8, "--cutmix mixes images: the net takes vectors"},
        {"mosaic", &class, &vector, 8, "--mosaic mixes images: the net takes vectors"},
        {"mosaic", &text, &input, 8, "--mosaic cannot mix the field 'text' (text)"},
        {"mixup", &class, &rows, 8, "--mixup cannot mix samples of several rows"},
        {"mosaic", &class, &input, 3, "--mosaic has no effect: it mixes 4 samples of a batch of 3"},
        {"mixup", &class, &input, 1, "--mixup has no effect: it mixes 2 samples of a batch of 1"},
    };
    struct cnn_dataset *ds = open_samples();
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct cnn_augmenter *a = augmenter(bad[i].name, "1");
        struct cnn_loader_options o = options_of(a, bad[i].wish, 1);
        struct cnn_loader *l;
        o.input = bad[i].input;
        o.batch = bad[i].batch;
        assert_int_equal(cnn_loader_open(ds, &o, 0, 0, &l), CNN_EUSAGE);
        assert_string_equal(cnn_error_message(), bad[i].message);
        assert_null(l);
        cnn_augmenter_free(a);
    }
    cnn_dataset_close(ds);
}

/* -log softmax(x)_c */
static double cross_entropy(const float *x, int32_t c)
{
    double sum = 0;
    for (int k = 0; k < CLASSES; k++)
        sum += exp((double)x[k]);
    return log(sum) - (double)x[c];
}

/* A net takes shares for its loss, and labels for what is right. */
static void test_nets_take_both(void **state)
{
    (void)state;
    static const float x[] = {1, 2, -1, 0.5f, 0, 3, -2, 1, 0}, one[] = {1, 0, 0, 0, 1, 0, 0, 0, 1};
    static const float shares[] = {0.25f, 0.75f, 0, 1, 0, 0, 0, 0.4f, 0.6f};
    static const int32_t label[] = {1, 0, 2};
    struct cnn_graph_config config = {.name = "net", .with_loss = 1};
    struct cnn_net_config nc = {.batch = 3, .training = 1};
    struct cnn_target_view target = {.label = label, .vector = shares};
    struct cnn_batch_view b = {.n = 3, .x = x, .target = &target};
    struct cnn_graph *graph;
    struct cnn_backend *backend;
    struct cnn_net *net;
    double want = 0, loss, weight, hits, labelled;
    size_t params;
    assert_int_equal(cnn_graph_build("input 3; dense 3 bias=0", &config, &graph), 0);
    assert_int_equal(cnn_backend_open("cpu", 2, &backend), 0);
    assert_int_equal(cnn_net_new(graph, backend, &nc, &net), 0);
    cnn_net_param_set(net, cnn_net_params(net, &params), one);
    for (int i = 0; i < 3 * CLASSES; i++)
        want += (double)shares[i] * cross_entropy(x + i / CLASSES * CLASSES, i % CLASSES);
    assert_int_equal(cnn_net_forward(net, &b, 1, 0, 0), 0);
    assert_int_equal(cnn_net_loss(net, &loss, &weight), 0);
    cnn_net_hits(net, 0, &hits, &labelled);
    assert_true(fabs(loss - want) < 1e-5 * want && weight == 3);
    assert_true(hits == 1 && labelled == 3); /* the first alone */
    target.label = NULL;
    assert_int_equal(cnn_net_forward(net, &b, 1, 0, 1), 0);
    assert_int_equal(cnn_net_loss(net, &loss, &weight), 0);
    cnn_net_hits(net, 0, &hits, &labelled);
    assert_true(fabs(loss - want) < 1e-5 * want && hits == 0 && labelled == 0);
    cnn_net_free(net);
    cnn_graph_free(graph);
    cnn_backend_close(backend);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mixup),
        cmocka_unit_test(test_cutmix),
        cmocka_unit_test(test_label_images),
        cmocka_unit_test(test_boxes_are_joined),
        cmocka_unit_test(test_a_single_share),
        cmocka_unit_test(test_same_for_threads_and_positions),
        cmocka_unit_test(test_what_cannot_be_mixed),
        cmocka_unit_test(test_nets_take_both),
    };
    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
