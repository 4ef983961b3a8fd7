/* How much of which sample is mixed: shares as betas, rectangles, mosaics, in any size. */
#include "augmenter.h"

static void test_shares_are_betas(void **state)
{
    (void)state;
    enum { DRAWS = 40000 };
    static const double alpha[] = {0.05, 0.2, 1, 4};
    for (size_t k = 0; k < 4; k++) {
        struct cnn_random r;
        double sum = 0, squares = 0, below = 0;
        cnn_random_start(&r, 7, k);
        for (int i = 0; i < DRAWS; i++) {
            double x = cnn_mix_beta(&r, alpha[k]);
            assert_true(x >= 0 && x <= 1);
            sum += x;
            squares += (x - 0.5) * (x - 0.5);
            below += x < 0.25;
        }
        double variance = 1 / (4 * (2 * alpha[k] + 1));
        assert_true(fabs(sum / DRAWS - 0.5) < 4 * sqrt(variance / DRAWS));
        assert_true(fabs(squares / DRAWS / variance - 1) < 0.02);
        if (alpha[k] == 1)
            assert_true(fabs(below / DRAWS - 0.25) < 0.01);
    }
}

/* The middle of a pixel says whether it is within. */
static void test_rectangles_in_other_sizes(void **state)
{
    (void)state;
    for (size_t to = 1; to < 12; to++)
        for (size_t top = 0; top <= 9; top++)
            for (size_t bottom = top; bottom <= 9; bottom++) {
                struct cnn_mix m = cnn_mix_whole(2, 0, 9, 4);
                struct cnn_mix_part *p = cnn_mix_add(&m, 1);
                p->top = top;
                p->bottom = bottom;
                m = cnn_mix_scaled(&m, to, 4);
                assert_true(p->left == 0 && p->right == 4 && m.h == to && m.w == 4);
                assert_true(p->y == 0 && p->x == 0 && p->h == to && p->w == 4);
                for (size_t y = 0; y < to; y++) {
                    double middle = ((double)y + 0.5) * 9 / (double)to;
                    int within = middle >= (double)top && middle < (double)bottom;
                    assert_int_equal(y >= p->top && y < p->bottom, within);
                }
            }
}

/* A part of another sample is about as large as the share says, and its share that of its pixels. */
static void test_parts_of_cutmix(void **state)
{
    (void)state;
    struct cnn_augmenter *a = augmenter((const char *[]){"cutmix", "1", NULL});
    const struct cnn_augment_step *s = cnn_augmenter_next(a, NULL);
    double sum = 0;
    for (uint64_t epoch = 0; epoch < 2000; epoch++) {
        struct cnn_mix m = cnn_augment_mix(s, 1, epoch, "k", 1, 40, 60), again;
        const struct cnn_mix_part *p = &m.part[1];
        double share[CNN_MIX_MOST];
        again = cnn_augment_mix(s, 1, epoch, "k", 1, 40, 60);
        assert_memory_equal(&m, &again, sizeof m);
        assert_true(m.parts == 2 && m.part->of == 1 && p->of == 0 && p->keep == 0);
        assert_true(p->top <= p->bottom && p->bottom <= 40);
        assert_true(p->left <= p->right && p->right <= 60);
        double part = (double)((p->bottom - p->top) * (p->right - p->left)) / 2400;
        cnn_mix_shares(&m, share);
        assert_true(fabs(share[0] - (1 - part)) < 1e-12 && share[1] == 1 - share[0]);
        sum += part;
    }
    /* E (l - l^2 / 4)^2, what is inside of a side l = sqrt(u) about a point anywhere */
    assert_true(fabs(sum / 2000 - (0.5 - 0.2 + 1.0 / 48)) < 0.02);
    cnn_augmenter_free(a);
}

/* Whether each pixel is in one part, and each part shows pixels that its sample has. */
static void check_tiles(const struct cnn_mix *m)
{
    for (size_t at = 0; at < m->h * m->w; at++) {
        size_t y = at / m->w, x = at % m->w, seen = 0;
        for (size_t i = 0; i < m->parts; i++) {
            const struct cnn_mix_part *p = &m->part[i];
            if (y < p->top || y >= p->bottom || x < p->left || x >= p->right)
                continue;
            seen++;
            assert_true((ptrdiff_t)y >= p->y && (ptrdiff_t)y < p->y + (ptrdiff_t)p->h);
            assert_true((ptrdiff_t)x >= p->x && (ptrdiff_t)x < p->x + (ptrdiff_t)p->w);
        }
        assert_int_equal(seen, 1);
    }
}

/* Four samples about a point of the middle half, each once, in its shape, as small as fills its part. */
static void check_mosaic(const struct cnn_mix *m)
{
    const struct cnn_mix_part *p = m->part;
    size_t of = 0, y = p->bottom, x = p->right;
    double share[CNN_MIX_MOST], sum = 0;
    check_tiles(m);
    cnn_mix_shares(m, share);
    assert_true(4 * y + 2 >= m->h && 4 * y <= 3 * m->h + 2);
    assert_true(4 * x + 2 >= m->w && 4 * x <= 3 * m->w + 2);
    for (size_t i = 0; i < 4; i++, p++) {
        size_t h = p->bottom - p->top, w = p->right - p->left;
        assert_true(p->top == (i < 2 ? 0 : y) && p->left == (i % 2 ? x : 0) && p->keep == 0);
        assert_true(p->h == h || p->w == w);
        /* within a pixel of the image's shape */
        assert_true(fabs((double)(p->h * m->w) - (double)(p->w * m->h)) <
                    (double)(m->h > m->w ? m->h : m->w));
        assert_true(fabs(share[i] - (double)(h * w) / (double)(m->h * m->w)) < 1e-12);
        sum += share[i];
        of |= (size_t)1 << p->of;
    }
    assert_true(of == 15 && fabs(sum - 1) < 1e-15);
}

/* A number for each order of four. */
static size_t order_of(const struct cnn_mix *m)
{
    return m->part[0].of * 64 + m->part[1].of * 16 + m->part[2].of * 4 + m->part[3].of;
}

static void test_mosaics(void **state)
{
    (void)state;
    enum { DRAWS = 4000 };
    static const size_t side[][2] = {{40, 60}, {28, 28}, {17, 5}, {3, 2}};
    struct cnn_augmenter *a = augmenter((const char *[]){"mosaic", "0.25", NULL});
    const struct cnn_augment_step *s = cnn_augmenter_next(a, NULL);
    for (size_t k = 0; k < sizeof side / sizeof *side; k++) {
        size_t mosaics = 0, orders = 0, seen[256] = {0};
        double height = 0;
        for (uint64_t epoch = 0; epoch < DRAWS; epoch++) {
            struct cnn_mix m = cnn_augment_mix(s, 1, epoch, "k", 2, side[k][0], side[k][1]), small;
            if (!cnn_mix_is_mixed(&m)) {
                assert_true(m.parts == 1 && m.part->of == 2);
                continue;
            }
            check_mosaic(&m);
            height += (double)m.part->bottom / (double)m.h;
            orders += !seen[order_of(&m)]++;
            mosaics++;
            small = cnn_mix_scaled(&m, 1 + epoch % 13, 1 + epoch % 7);
            check_tiles(&small);
        }
        assert_true(fabs((double)mosaics / DRAWS - 0.25) < 0.03 && orders == 24);
        assert_true(fabs(height / (double)mosaics - 0.5) < 0.03);
    }
    cnn_augmenter_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shares_are_betas),
        cmocka_unit_test(test_rectangles_in_other_sizes),
        cmocka_unit_test(test_parts_of_cutmix),
        cmocka_unit_test(test_mosaics),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
