/* A picture of the first samples: each in a cell of the same size, as large as fits, its own values
 * as they are. */
#include "base/memory.h"
#include "data/draw.h"
#include "task/augment_private.h"

enum { COLUMNS = 8, CELL = 96, GAP = 4, PITCH = CELL + GAP };

/* Small images are enlarged by whole factors, so that their pixels show; large ones are shrunk. */
static int fit(struct cnn_image *tile, const struct cnn_image *im)
{
    size_t side = im->h > im->w ? im->h : im->w;
    if (side > CELL) {
        size_t h = im->h * CELL / side, w = im->w * CELL / side;
        return cnn_image_resize(tile, im, h ? h : 1, w ? w : 1);
    }
    size_t times = CELL / side;
    double step = 1 / (double)times, first = 0.5 * step - 0.5;
    struct cnn_view view = {im->h * times, im->w * times, {step, 0, first, 0, step, first}};
    return cnn_labels_warp(tile, im, &view, CNN_FILL_EDGE);
}

int preview_add(struct preview *p, const struct cnn_image *im)
{
    if (p->count == PREVIEW_SAMPLES || !im->maxval || !im->h || !im->w)
        return 0;
    int rc = fit(&p->tile[p->count], im);
    if (!rc)
        p->count++;
    return rc;
}

static void paste(struct cnn_image *page, const struct cnn_image *tile, size_t top, size_t left)
{
    top += (CELL - tile->h) / 2;
    left += (CELL - tile->w) / 2;
    for (size_t c = 0; c < 3; c++)
        for (size_t y = 0; y < tile->h; y++)
            for (size_t x = 0; x < tile->w; x++)
                page->px[(c * page->h + top + y) * page->w + left + x] =
                    tile->px[((tile->c == 3 ? c : 0) * tile->h + y) * tile->w + x];
}

int preview_write(const struct preview *p, const char *path)
{
    struct cnn_image page = {0};
    struct cnn_canvas *canvas;
    struct cnn_buf bytes = {0};
    enum cnn_picture format;
    size_t columns = p->count < COLUMNS ? p->count : COLUMNS;
    size_t rows = columns ? (p->count + columns - 1) / columns : 0;
    if (!p->count)
        return cnn_fail(CNN_EDATA, "%s: there is no image to show", path);
    int rc = cnn_picture_format(path, &format);
    if (!rc)
        rc = cnn_image_reshape(&page, 3, rows * PITCH + GAP, columns * PITCH + GAP, 255);
    if (rc)
        return rc;
    for (size_t i = 0; i < page.c * page.h * page.w; i++)
        page.px[i] = 0.35f;
    for (size_t i = 0; i < p->count; i++)
        paste(&page, &p->tile[i], GAP + i / columns * PITCH, GAP + i % columns * PITCH);
    rc = cnn_canvas_new(format, (double)page.w, (double)page.h, &canvas);
    if (!rc) {
        int drawn = cnn_draw_image(canvas, 0, 0, (double)page.w, (double)page.h, &page);
        rc = cnn_canvas_end(canvas, &bytes);
        rc = drawn ? drawn : rc;
    }
    if (!rc)
        rc = cnn_picture_write(path, &bytes);
    cnn_buf_free(&bytes);
    cnn_image_free(&page);
    return rc;
}

void preview_free(struct preview *p)
{
    for (size_t i = 0; i < PREVIEW_SAMPLES; i++)
        cnn_image_free(&p->tile[i]);
}
