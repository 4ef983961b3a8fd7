/* Mosaics of a batch's samples, against plain references: pixels by a triangle over what falls together,
 * labels by the nearest, targets by area, boxes and points where their pixels went; what is left
 * over stays as it is; the same for any number of threads. */
#include "scratch.h"

#include <fcntl.h>
#include <math.h>

#include "data/loader/loader.h"
#include "data/source/dataset_open.h"
#include "data/source/stream.h"

enum { COUNT = 23, BATCH = 10, H = 30, W = 44, CLASSES = 3, MOST = 4 };

static const struct cnn_input input = {.shape = {1, H, W}, .scale = 1.0 / 255};
static const struct cnn_input small = {.shape = {1, 13, 9}, .scale = 1.0 / 255};

/* What is seen of sample i: a rectangle of its own grey, which has a box and whose corners are
 * points. */
static void rectangle(size_t i, size_t box[4])
{
    box[0] = i * 7 % 30;
    box[1] = i * 5 % 20;
    box[2] = 3 + i * 11 % (W - 3 - box[0]);
    box[3] = 3 + i * 13 % (H - 3 - box[1]);
}

static float grey(size_t i)
{
    return (float)(20 + 10 * i) / 255.0f;
}

static struct cnn_field *add_field(struct cnn_sample *s, const char *name, enum cnn_field_kind kind,
                                   struct cnn_chw shape, unsigned maxval)
{
    struct cnn_field *f = cnn_sample_add_field(s, name, kind);
    assert_non_null(f);
    assert_int_equal(cnn_image_reshape(&f->values, shape.c, shape.h, shape.w, maxval), 0);
    return f;
}

static void add_sample(struct cnn_stream_writer *w, size_t i)
{
    struct cnn_sample s = {.weight = 1 + (float)(i % 4) / 4};
    struct cnn_encoded *e = cnn_encoded_new();
    size_t box[4];
    char key[24];
    snprintf(key, sizeof key, "k%02zu", i);
    rectangle(i, box);
    assert_int_equal(cnn_sample_set_key(&s, key), 0);
    assert_int_equal(cnn_image_reshape(&s.image, 1, H, W, 255), 0);
    assert_int_equal(cnn_sample_add_class(&s, (int32_t)(i % CLASSES)), 0);
    struct cnn_field *f = add_field(&s, "depth", CNN_FIELD_IMAGE, (struct cnn_chw){1, H, W}, 255);
    for (size_t p = 0; p < H * W; p++)
        f->values.px[p] = (float)((i * 37 + p * 11) % 256) / 255.0f;
    f = add_field(&s, NULL, CNN_FIELD_LABELS, (struct cnn_chw){1, H, W}, 0);
    for (size_t p = 0; p < H * W; p++) {
        size_t x = p % W, y = p / W;
        int in = x >= box[0] && x < box[0] + box[2] && y >= box[1] && y < box[1] + box[3];
        s.image.px[p] = in ? grey(i) : 0;
        f->values.px[p] = in ? (float)i + 1 : 0;
    }
    f = add_field(&s, "age", CNN_FIELD_NUMBERS, (struct cnn_chw){2, 1, 1}, 0);
    f->values.px[0] = f->values.px[1] = (float)i;
    f = add_field(&s, NULL, CNN_FIELD_BOXES, (struct cnn_chw){1, 5, 1}, 0);
    for (size_t k = 0; k < 5; k++)
        f->values.px[k] = (float)(k < 4 ? box[k] : i);
    f = add_field(&s, NULL, CNN_FIELD_POINTS, (struct cnn_chw){1, 3, 1}, 0);
    for (size_t k = 0; k < 3; k++)
        f->values.px[k] = (float)(k < 2 ? box[k] + box[2 + k] : i);
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
    for (size_t i = 0; i < COUNT; i++)
        add_sample(w, i);
    assert_int_equal(cnn_stream_finish(w), 0);
    cnn_stream_free(w);
    close(fd);
    cnn_strings_free(&classes);
    assert_int_equal(cnn_dataset_open(path, NULL, &ds), 0);
    return ds;
}

enum { CLASS, AGE, SEG, DEPTH, BOXES, POINTS, WISHES };
static const struct cnn_wish wish[WISHES] = {
    [CLASS] = {.name = "", .kind = CNN_FIELD_CLASS, .required = 1, .shares = CLASSES},
    [AGE] = {.name = "age", .kind = CNN_FIELD_NUMBERS, .shape = {2, 1, 1}, .required = 1},
    [SEG] = {.name = "", .kind = CNN_FIELD_LABELS, .shape = {1, H, W}, .required = 1},
    [DEPTH] = {.name = "depth", .kind = CNN_FIELD_IMAGE, .input = &small, .required = 1},
    [BOXES] = {.name = "", .kind = CNN_FIELD_BOXES, .shape = {5, 1, 1}, .rows = MOST},
    [POINTS] = {.name = "", .kind = CNN_FIELD_POINTS, .shape = {3, 1, 1}, .rows = MOST},
};

static struct cnn_loader_options options_of(const struct cnn_augmenter *a)
{
    return (struct cnn_loader_options){.input = &input,
                                       .augmenter = a,
                                       .wishes = WISHES,
                                       .wish = wish,
                                       .batch = BATCH,
                                       .shuffle = 1,
                                       .seed = 3,
                                       .threads = 2};
}

static struct cnn_augmenter *augmenter(const char *share)
{
    struct cnn_augmenter *a = cnn_augmenter_new();
    assert_non_null(a);
    assert_int_equal(cnn_augmenter_set(a, "mosaic", share), 0);
    return a;
}

/* A sample of a mixed batch: what it is made of, and whose places in the batch those are. */
struct mosaic {
    const struct cnn_batch *plain, *mixed;
    size_t i;
    struct cnn_mix mix;
    size_t member[CNN_MIX_MOST];
};

static struct mosaic mosaic_of(const struct cnn_augmenter *a, uint64_t epoch,
                               const struct cnn_batch *plain, const struct cnn_batch *mixed,
                               size_t i)
{
    size_t quarter = plain->n / 4;
    struct mosaic m = {plain, mixed, i, cnn_mix_whole(1, 0, H, W), {i}};
    if (i >= 4 * quarter)
        return m;
    m.mix = cnn_augment_mix(cnn_augmenter_next_mixing(a, NULL), 3, epoch, plain->key[i],
                            i / quarter, H, W);
    for (size_t k = 0; k < 4; k++)
        m.member[k] = k * quarter + i % quarter;
    return m;
}

static void expect(float got, double want)
{
    if (!(fabs((double)got - want) <= 2e-6 * (1 + fabs(want))))
        fail_msg("%.9g, not %.9g", (double)got, want);
}

/* The part of a mix that a pixel is in. */
static const struct cnn_mix_part *part_at(const struct cnn_mix *m, size_t y, size_t x)
{
    const struct cnn_mix_part *p = m->part;
    while (y < p->top || y >= p->bottom || x < p->left || x >= p->right)
        p++;
    return p;
}

/* Pixel `at` of a side of `from` that is shown as `to`. */
static double middle(ptrdiff_t at, size_t from, size_t to)
{
    return ((double)at + 0.5) * (double)from / (double)to;
}

static double triangle(size_t k, double centre, size_t from, size_t to)
{
    double stretch = from > to ? (double)from / (double)to : 1;
    return fmax(0, 1 - fabs((double)k + 0.5 - centre) / stretch);
}

static double pixel(const struct cnn_mix *m, const struct cnn_mix_part *p, const float *src,
                    size_t y, size_t x)
{
    double cy = middle((ptrdiff_t)y - p->y, m->h, p->h);
    double cx = middle((ptrdiff_t)x - p->x, m->w, p->w), sum = 0, weights = 0;
    for (size_t i = 0; i < m->h * m->w; i++) {
        double weight = triangle(i / m->w, cy, m->h, p->h) * triangle(i % m->w, cx, m->w, p->w);
        sum += weight * (double)src[i];
        weights += weight;
    }
    return sum / weights;
}

/* Planes of the mix' size: values of sample k at src + k * h * w. */
static void check_plane(const struct mosaic *m, const struct cnn_mix *mix, const float *src,
                        const float *out)
{
    size_t each = mix->h * mix->w;
    for (size_t i = 0; i < each; i++) {
        const struct cnn_mix_part *p = part_at(mix, i / mix->w, i % mix->w);
        expect(out[m->i * each + i],
               pixel(mix, p, src + m->member[p->of] * each, i / mix->w, i % mix->w));
    }
}

static void check_labels(const struct mosaic *m)
{
    const int32_t *src = m->plain->field[SEG].label, *out = m->mixed->field[SEG].label;
    for (size_t i = 0; i < H * W; i++) {
        const struct cnn_mix_part *p = part_at(&m->mix, i / W, i % W);
        double y = middle((ptrdiff_t)(i / W) - p->y, H, p->h);
        double x = middle((ptrdiff_t)(i % W) - p->x, W, p->w);
        size_t from = m->member[p->of] * H * W + (size_t)y * W + (size_t)x;
        /* the middle of a pixel may be an edge of others */
        if (fabs(y - floor(y + 0.5)) > 1e-9 && fabs(x - floor(x + 0.5)) > 1e-9)
            assert_int_equal(out[m->i * H * W + i], src[from]);
    }
}

/* Weight, class and numbers by area. */
static void check_numbers(const struct mosaic *m)
{
    double share[CNN_MIX_MOST] = {0}, weight = 0, age = 0, class[CLASSES] = {0};
    const struct cnn_batch *b = m->plain;
    size_t best = 0;
    for (size_t i = 0; i < H * W; i++)
        share[part_at(&m->mix, i / W, i % W)->of] += 1.0 / (H * W);
    for (size_t k = 0; k < m->mix.group; k++) {
        weight += share[k] * (double)b->weight[m->member[k]];
        age += share[k] * (double)b->field[AGE].numbers[2 * m->member[k]];
        class[b->field[CLASS].label[m->member[k]]] += share[k];
    }
    expect(m->mixed->weight[m->i], weight);
    expect(m->mixed->field[AGE].numbers[2 * m->i], age);
    expect(m->mixed->field[AGE].numbers[2 * m->i + 1], age);
    const float *shares = m->mixed->field[CLASS].numbers + m->i * CLASSES;
    for (size_t c = 0; c < CLASSES; c++) {
        expect(shares[c], class[c]);
        best = shares[c] > shares[best] ? c : best;
    }
    assert_int_equal(m->mixed->field[CLASS].label[m->i], best);
}

/* What is seen of sample k's box in part p, as x, y, right and bottom; whether it is enough. */
static int seen(const struct mosaic *m, const struct cnn_mix_part *p, double out[4])
{
    const float *box = m->plain->field[BOXES].numbers + m->member[p->of] * MOST * 5;
    double x = (double)p->w / W, y = (double)p->h / H, all = x * y * (double)(box[2] * box[3]);
    out[0] = fmax((double)p->x + x * (double)box[0], (double)p->left);
    out[1] = fmax((double)p->y + y * (double)box[1], (double)p->top);
    out[2] = fmin((double)p->x + x * (double)(box[0] + box[2]), (double)p->right);
    out[3] = fmin((double)p->y + y * (double)(box[1] + box[3]), (double)p->bottom);
    double w = out[2] - out[0], h = out[3] - out[1];
    return w >= 2 && h >= 2 && w * h >= 0.1 * all;
}

/* Well inside of a box are its pixels. */
static void check_inside(const struct mosaic *m, const float *box)
{
    for (size_t i = 0; i < H * W; i++) {
        float x = (float)(i % W) + 0.5f, y = (float)(i / W) + 0.5f;
        if (x > box[0] + 1.01f && x < box[0] + box[2] - 1.01f && y > box[1] + 1.01f &&
            y < box[1] + box[3] - 1.01f)
            expect(m->mixed->x[m->i * H * W + i], (double)grey((size_t)box[4]));
    }
}

static size_t check_boxes(const struct mosaic *m)
{
    const float *row = m->mixed->field[BOXES].numbers + m->i * MOST * 5;
    size_t n = 0, rows = (size_t)m->mixed->field[BOXES].rows[m->i], dropped = 0;
    for (size_t k = 0; k < m->mix.parts; k++) {
        const struct cnn_mix_part *p = &m->mix.part[k];
        double box[4];
        if (m->mix.parts > 1 && !seen(m, p, box)) {
            dropped++;
            continue;
        }
        seen(m, p, box);
        expect(row[n * 5], box[0]);
        expect(row[n * 5 + 1], box[1]);
        expect(row[n * 5 + 2], box[2] - box[0]);
        expect(row[n * 5 + 3], box[3] - box[1]);
        expect(row[n * 5 + 4], (double)m->plain->index[m->member[p->of]]);
        check_inside(m, row + n++ * 5);
    }
    assert_int_equal(rows, n);
    for (size_t i = n * 5; i < (size_t)MOST * 5; i++)
        assert_true(row[i] == 0);
    return dropped;
}

/* All of them, seen or not. */
static void check_points(const struct mosaic *m)
{
    const float *row = m->mixed->field[POINTS].numbers + m->i * MOST * 3;
    assert_int_equal(m->mixed->field[POINTS].rows[m->i], m->mix.parts);
    for (size_t k = 0; k < m->mix.parts; k++, row += 3) {
        const struct cnn_mix_part *p = &m->mix.part[k];
        size_t whose = m->member[p->of];
        const float *point = m->plain->field[POINTS].numbers + whose * MOST * 3;
        expect(row[0], (double)p->x + (double)(point[0] * (float)p->w) / W);
        expect(row[1], (double)p->y + (double)(point[1] * (float)p->h) / H);
        expect(row[2], (double)m->plain->index[whose]);
    }
}

static void test_all_of_a_sample(void **state)
{
    (void)state;
    struct cnn_dataset *ds = open_samples();
    struct cnn_augmenter *a = augmenter("0.7");
    struct cnn_loader_options o = options_of(a), without = options_of(NULL);
    size_t mosaics = 0, dropped = 0, samples = 0;
    for (uint64_t epoch = 0; epoch < 2; epoch++) {
        struct cnn_loader *l, *plain;
        struct cnn_batch b, p;
        assert_int_equal(cnn_loader_open(ds, &without, epoch, 0, &plain), 0);
        assert_int_equal(cnn_loader_open(ds, &o, epoch, 0, &l), 0);
        while (cnn_loader_next(l, &b) == 1) {
            assert_int_equal(cnn_loader_next(plain, &p), 1);
            for (size_t i = 0; i < b.n; i++) {
                struct mosaic m = mosaic_of(a, epoch, &p, &b, i);
                struct cnn_mix little = cnn_mix_scaled(&m.mix, 13, 9);
                assert_true(b.index[i] == p.index[i] && b.hash[i] == p.hash[i]);
                check_plane(&m, &m.mix, p.x, b.x);
                check_plane(&m, &little, p.field[DEPTH].numbers, b.field[DEPTH].numbers);
                check_labels(&m);
                check_numbers(&m);
                dropped += check_boxes(&m);
                check_points(&m);
                mosaics += m.mix.parts > 1;
                samples++;
            }
        }
        cnn_loader_close(plain);
        cnn_loader_close(l);
    }
    assert_true(samples == 2 * COUNT && mosaics > 15 && mosaics < 35 && dropped > 5);
    cnn_augmenter_free(a);
    cnn_dataset_close(ds);
}

static uint64_t drain(struct cnn_dataset *ds, const struct cnn_loader_options *o)
{
    struct cnn_loader *l;
    struct cnn_batch b;
    uint64_t h = 0;
    assert_int_equal(cnn_loader_open(ds, o, 2, 0, &l), 0);
    while (cnn_loader_next(l, &b) == 1) {
        h = cnn_hash(b.x, b.n * H * W * sizeof *b.x, h);
        h = cnn_hash(b.field[CLASS].numbers, b.n * CLASSES * sizeof(float), h);
        h = cnn_hash(b.field[SEG].label, b.n * H * W * sizeof(int32_t), h);
        h = cnn_hash(b.field[BOXES].numbers, b.n * MOST * 5 * sizeof(float), h);
    }
    cnn_loader_close(l);
    return h;
}

static void test_same_for_threads(void **state)
{
    (void)state;
    struct cnn_dataset *ds = open_samples();
    struct cnn_augmenter *a = augmenter("1");
    struct cnn_loader_options o = options_of(a);
    o.threads = 1;
    uint64_t one = drain(ds, &o);
    for (o.threads = 2; o.threads <= 4; o.threads *= 2)
        assert_true(drain(ds, &o) == one);
    o.seed++;
    assert_true(drain(ds, &o) != one);
    cnn_augmenter_free(a);
    cnn_dataset_close(ds);
}

/* Lists that get too long, and points of which nothing says where they belong. */
static void test_what_cannot_be(void **state)
{
    (void)state;
    static const struct {
        struct cnn_wish wish;
        const char *message;
    } bad[] = {
        {{.name = "", .kind = CNN_FIELD_POINTS, .shape = {3, 1, 1}, .rows = 3},
         ": mixed samples have 4 of 'points' where 3 are the most"},
        {{.name = "points", .kind = CNN_FIELD_NUMBERS, .shape = {3, 1, 1}, .required = 1},
         ": --mosaic cannot mix points as numbers: 'points'"},
    };
    struct cnn_dataset *ds = open_samples();
    struct cnn_augmenter *a = augmenter("1");
    struct cnn_loader_options o = options_of(a);
    struct cnn_loader *l;
    struct cnn_batch b;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        o.wishes = 1;
        o.wish = &bad[i].wish;
        assert_int_equal(cnn_loader_open(ds, &o, 0, 0, &l), 0);
        assert_int_equal(cnn_loader_next(l, &b), CNN_EDATA);
        assert_non_null(strstr(cnn_error_message(), bad[i].message));
        cnn_loader_close(l);
    }
    cnn_augmenter_free(a);
    cnn_dataset_close(ds);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_of_a_sample),
        cmocka_unit_test(test_same_for_threads),
        cmocka_unit_test(test_what_cannot_be),
    };
    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
