/* From images to the numbers of a net's input; see preprocess.h. Every step is float32 in the order
 * in which torchvision does it (Resize, CenterCrop, Normalize), so that images which need no resize
 * come out with the same bits. */
#include "data/image/preprocess.h"

#include <math.h>
#include <string.h>

#include "kern/hot.h"

/* What is cut out of an image: (h, w) values whose upper left corner is at (y, x), which may be
 * outside: black there. */
struct window {
    ptrdiff_t y, x;
    size_t h, w;
};

/* value = (pixel * factor - mean) / std; factor 1 for a scale of 1/255, pixels being in 0..1. */
struct norm {
    float factor, scale, mean, std;
    int plain; /* pixels in 0..1 are taken as they are */
};

void cnn_preprocess_scratch_free(struct cnn_preprocess_scratch *s)
{
    cnn_image_free(&s->a);
    cnn_image_free(&s->b);
}

static float element(const struct cnn_reals *list, size_t c, double fallback)
{
    if (!list->count)
        return (float)fallback;
    return (float)list->value[list->count == 1 ? 0 : c];
}

static float normalised(float pixel, const struct norm *n)
{
    float v = n->plain ? pixel : pixel * n->factor * n->scale;
    return (v - n->mean) / n->std;
}

CNN_HOT(normalise_row,
        (float *restrict out, const float *restrict px, size_t count, const struct norm *n),
        (out, px, count, n))
{
    const struct norm m = *n;
    if (m.plain)
        for (size_t i = 0; i < count; i++)
            out[i] = (px[i] - m.mean) / m.std;
    else
        for (size_t i = 0; i < count; i++)
            out[i] = (px[i] * m.factor * m.scale - m.mean) / m.std;
}

/* One row of the window, of which `px` is the image's row, or NULL when it is outside. */
static void window_row(float *out, const float *px, size_t width, const struct window *win,
                       const struct norm *n)
{
    size_t before = win->x < 0 ? (size_t)-win->x : 0, from = win->x > 0 ? (size_t)win->x : 0;
    size_t inside = px && from < width ? width - from : 0;
    before = before < win->w ? before : win->w;
    inside = inside < win->w - before ? inside : win->w - before;
    float black = normalised(0, n);
    for (size_t i = 0; i < before; i++)
        out[i] = black;
    if (inside)
        normalise_row(out + before, px + from, inside, n);
    for (size_t i = before + inside; i < win->w; i++)
        out[i] = black;
}

static void fill_plane(float *out, const float *px, const struct cnn_image *im,
                       const struct window *win, const struct norm *n)
{
    if (!win->y && !win->x && win->h == im->h && win->w == im->w) {
        normalise_row(out, px, win->h * win->w, n);
        return;
    }
    for (size_t i = 0; i < win->h; i++) {
        ptrdiff_t y = win->y + (ptrdiff_t)i;
        const float *row = y >= 0 && (size_t)y < im->h ? px + (size_t)y * im->w : NULL;
        window_row(out + i * win->w, row, im->w, win, n);
    }
}

/* The first of `cut` values in the middle of `size`; halves go to the even number, as Python's
 * round does. */
static ptrdiff_t middle(size_t size, size_t cut)
{
    if (cut > size)
        return -(ptrdiff_t)((cut - size) / 2);
    size_t half = (size - cut) / 2;
    return (ptrdiff_t)(half + ((size - cut) % 2 && half % 2));
}

/* Of `size` pixels those that a window of `cut` from `at` shows; `at` then counts from their first.
 */
static void seen(size_t size, size_t cut, ptrdiff_t *at, size_t *first, size_t *count)
{
    *first = *at > 0 ? (size_t)*at : 0;
    *count = cut < size ? cut : size;
    *at -= (ptrdiff_t)*first;
}

struct cnn_fit cnn_input_fit(const struct cnn_input *input)
{
    size_t side = input->resize > 0 ? (size_t)input->resize : 0;
    return (struct cnn_fit){side, input->shape.h, input->shape.w};
}

/* Resized as the input says, so far as the window shows it; *im is then the image to cut the window
 * from. */
static int resize(const struct cnn_input *input, const struct cnn_image **im,
                  struct cnn_preprocess_scratch *s, struct window *win)
{
    const struct cnn_fit fit = cnn_input_fit(input);
    size_t h = (*im)->h, w = (*im)->w;
    cnn_fit_size(&fit, &h, &w);
    *win = (struct window){middle(h, input->shape.h), middle(w, input->shape.w), input->shape.h,
                           input->shape.w};
    if (h == (*im)->h && w == (*im)->w)
        return 0;
    struct cnn_box part;
    seen(h, win->h, &win->y, &part.y, &part.h);
    seen(w, win->w, &win->x, &part.x, &part.w);
    int rc = cnn_image_resize_part(&s->b, *im, input->filter, h, w, &part);
    *im = &s->b;
    return rc;
}

int cnn_numbers_check(const char *what, const struct cnn_image *im)
{
    for (size_t i = 0; i < im->c * im->h * im->w; i++)
        if (!isfinite(im->px[i]))
            return cnn_fail(CNN_EDATA, "%s %zu is %s", what, i,
                            isnan(im->px[i]) ? "not a number (NaN)" : "infinite");
    return 0;
}

/* A signal, whose channels are a row or a column of numbers each, of an array (n, channels, numbers). */
static int is_signal(struct cnn_chw have, struct cnn_chw want)
{
    return (want.h == 1 && cnn_chw_equal(have, (struct cnn_chw){1, want.c, want.w})) ||
           (want.w == 1 && cnn_chw_equal(have, (struct cnn_chw){1, want.c, want.h}));
}

static int has_channels_last(struct cnn_chw have, struct cnn_chw want)
{
    return cnn_chw_equal(have, (struct cnn_chw){want.h, want.w, want.c}) ||
           is_signal((struct cnn_chw){have.c, have.w, have.h}, want);
}

static int copy_numbers(const struct cnn_input *input, const struct cnn_image *im, float *out)
{
    struct cnn_chw have = {im->c, im->h, im->w};
    size_t count = cnn_chw_count(input->shape);
    int vector = im->h == 1 && im->w == 1 && im->c == count;
    int fits = vector || is_signal(have, input->shape);
    if (!fits && !cnn_chw_equal(have, input->shape)) {
        char a[72], b[72];
        cnn_chw_format(have, a);
        cnn_chw_format(input->shape, b);
        return cnn_fail(CNN_EDATA, "numbers of shape %s where the net takes %s%s", a, b,
                        has_channels_last(have, input->shape) ? " (channels come first)" : "");
    }
    memcpy(out, im->px, count * sizeof *out);
    return cnn_numbers_check("number", im);
}

int cnn_preprocess_takes(const struct cnn_input *input, size_t channels)
{
    size_t want = input->shape.c;
    if (channels == want || (channels == 1 && want == 3) || (channels == 3 && want == 1))
        return 0;
    return cnn_fail(CNN_EDATA, "an image of %zu channel%s where the net takes %zu", channels,
                    channels == 1 ? "" : "s", want);
}

/* To the channels of the shape. Grey for a colour net stays one plane, which is read for each. */
static int channels(const struct cnn_input *input, const struct cnn_image **im,
                    struct cnn_preprocess_scratch *s)
{
    size_t want = input->shape.c, have = (*im)->c;
    int rc = cnn_preprocess_takes(input, have);
    if (rc || want != 1 || have == 1)
        return rc;
    rc = cnn_image_channels(&s->a, *im, 1);
    *im = &s->a;
    return rc;
}

int cnn_preprocess(const struct cnn_input *input, const struct cnn_image *im,
                   struct cnn_preprocess_scratch *scratch, float *out)
{
    struct window win;
    if (!im->maxval)
        return copy_numbers(input, im, out);
    if (!im->c || !im->h || !im->w)
        return cnn_fail(CNN_EDATA, "an empty image");
    int rc = channels(input, &im, scratch);
    if (!rc)
        rc = resize(input, &im, scratch, &win);
    if (rc)
        return rc;
    size_t plane = im->h * im->w, outputs = win.h * win.w;
    for (size_t c = 0; c < input->shape.c; c++) {
        struct norm n = {255.0f, (float)input->scale, element(&input->mean, c, 0),
                         element(&input->std, c, 1), input->scale == 1.0 / 255.0};
        size_t from = input->bgr ? input->shape.c - 1 - c : c;
        fill_plane(out + c * outputs, im->px + (im->c == 1 ? 0 : from) * plane, im, &win, &n);
    }
    return 0;
}

/* Rows as they are, (rows, c, h, w), or where that alone makes them rows of so many channels
 * (c, rows, h, w): volumes as PyTorch has them. */
static void order_rows(const struct cnn_input *input, const struct cnn_image *im, float *out)
{
    size_t c = input->shape.c, rows = im->c / c, hw = im->h * im->w;
    if (im->first != c || rows == c) {
        memcpy(out, im->px, im->c * hw * sizeof *out);
        return;
    }
    for (size_t r = 0; r < rows; r++)
        for (size_t k = 0; k < c; k++)
            memcpy(out + (r * c + k) * hw, im->px + (k * rows + r) * hw, hw * sizeof *out);
}

/* Rows of numbers: (rows * c, h, w), or where a row is so many numbers (1, rows, count). */
static int copy_rows(const struct cnn_input *input, const struct cnn_image *im, float *out,
                     size_t *rows)
{
    struct cnn_chw s = input->shape, have = {im->c, im->h, im->w};
    size_t each = cnn_chw_count(s), count = cnn_chw_count(have);
    if (!count)
        return cnn_fail(CNN_EDATA, "no rows");
    int whole = im->h == s.h && im->w == s.w && im->c % s.c == 0;
    if (!whole && !(im->c == 1 && im->w == each)) {
        char a[72], b[72];
        cnn_chw_format(have, a);
        cnn_chw_format(s, b);
        return cnn_fail(CNN_EDATA, "numbers of shape %s where the net takes rows of %s", a, b);
    }
    *rows = count / each;
    if (*rows > input->rows)
        return cnn_fail(CNN_EDATA, "%zu rows where the net takes %zu at most", *rows, input->rows);
    order_rows(input, im, out);
    memset(out + count, 0, (input->rows * each - count) * sizeof *out);
    return cnn_numbers_check("number", im);
}

int cnn_preprocess_rows(const struct cnn_input *input, const struct cnn_image *im,
                        struct cnn_preprocess_scratch *scratch, float *out, size_t *rows)
{
    size_t each = cnn_chw_count(input->shape), most = cnn_input_rows(input);
    *rows = 1;
    if (most > 1 && !im->maxval)
        return copy_rows(input, im, out, rows);
    memset(out + each, 0, (most - 1) * each * sizeof *out);
    return cnn_preprocess(input, im, scratch, out);
}

size_t cnn_input_rows(const struct cnn_input *input)
{
    return input->rows ? input->rows : 1;
}

size_t cnn_input_count(const struct cnn_input *input)
{
    return cnn_input_rows(input) * cnn_chw_count(input->shape);
}

struct cnn_view cnn_preprocess_view(const struct cnn_input *input, size_t h, size_t w)
{
    const struct cnn_fit fit = cnn_input_fit(input);
    struct cnn_chw to = input->shape;
    size_t full_h = h, full_w = w;
    cnn_fit_size(&fit, &full_h, &full_w);
    double across = (double)w / (double)full_w, down = (double)h / (double)full_h;
    double x = (double)middle(full_w, to.w) + 0.5, y = (double)middle(full_h, to.h) + 0.5;
    const struct cnn_affine map = {across, 0, x * across - 0.5, 0, down, y * down - 0.5};
    return (struct cnn_view){to.h, to.w, map};
}

struct cnn_image_rule cnn_preprocess_rule(const struct cnn_input *input, enum cnn_fill fill)
{
    struct cnn_image_rule r = {.fill = fill,
                               .filter = input->filter,
                               .reverse = input->bgr,
                               .plain = input->scale == 1.0 / 255.0,
                               .scale = (float)input->scale,
                               .each = input->mean.count > 1 || input->std.count > 1};
    for (size_t c = 0; c < (r.each ? input->shape.c : 1); c++) {
        r.mean[c] = element(&input->mean, c, 0);
        r.std[c] = element(&input->std, c, 1);
    }
    return r;
}

int cnn_preprocess_place(const struct cnn_input *input, struct cnn_stored_image *im)
{
    const struct cnn_fit fit = cnn_input_fit(input);
    size_t h = im->view_h, w = im->view_w;
    int rc = cnn_image_bounds(im->c, h, w, 255);
    cnn_fit_size(&fit, &h, &w);
    if (!rc && (h != im->view_h || w != im->view_w))
        rc = cnn_image_bounds(im->c, h, w, 255);
    if (rc)
        return rc;
    im->full_h = (uint32_t)h;
    im->full_w = (uint32_t)w;
    im->y = (int32_t)middle(h, input->shape.h);
    im->x = (int32_t)middle(w, input->shape.w);
    return 0;
}
