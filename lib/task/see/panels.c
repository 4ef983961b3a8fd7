/* Images side by side with captions, for whoever listens to a lecture; see private.h. */
#include <math.h>

#include "task/see/private.h"

enum { GAP = 14, MARGIN = 16, SIDE = 224, HEAD = 52, FOOT = 50, BAR = 128, FULL_WIDTH = 1400 };

static const struct cnn_label headline = {.size = 16, .bold = 1, .colour = 0x1a202c};
static const struct cnn_label line = {.size = 12, .colour = 0x4a5568};
static const struct cnn_label centred = {.size = 12, .align = 0.5, .colour = 0x4a5568};

/* As much of a text as there is room for. */
static void put(struct cnn_canvas *c, double x, double y, double room, const struct cnn_label *how,
                const char *text)
{
    struct cnn_buf cut = {0};
    cnn_text_cut(how, room, text, &cut);
    cnn_draw_text(c, x, y, how, cnn_label_text(&cut));
    cnn_buf_free(&cut);
}

/* What the colours say. */
static void draw_bar(struct cnn_canvas *c, double middle, double y, enum see_look look)
{
    double x = middle - BAR / 2.0;
    struct cnn_label how = {.size = 10, .align = 1, .colour = 0x4a5568};
    for (int i = 0; i < BAR; i++) {
        double v = (i + 0.5) / BAR;
        cnn_draw_rect(c, x + i, y - 5, 1, 10,
                      cnn_see_colour(look, look == SEE_BOTH ? 2 * v - 1 : v));
    }
    cnn_draw_text(c, x - 5, y, &how, look == SEE_BOTH ? "against" : "little");
    how.align = 0;
    cnn_draw_text(c, x + BAR + 5, y, &how, look == SEE_BOTH ? "for" : "much");
}

static int draw_panel(struct cnn_canvas *c, const struct see_panel *p, double x, double y, double w,
                      double h)
{
    put(c, x + w / 2, y + h + 14, w, &centred, p->name);
    if (p->note && p->note[0])
        put(c, x + w / 2, y + h + 31, w, &centred, p->note);
    else if (p->bar)
        draw_bar(c, x + w / 2, y + h + 31, p->look);
    return cnn_draw_image(c, x, y, w, h, p->image);
}

int cnn_see_panels(const struct see_page *page, enum cnn_picture format, struct cnn_buf *out)
{
    const struct cnn_image *first = page->panel[0].image;
    struct cnn_canvas *c;
    struct cnn_buf unused = {0};
    double side = (double)(first->h < first->w ? first->h : first->w);
    double zoom = fmax(1, ceil(SIDE / side));
    double w = zoom * (double)first->w, h = zoom * (double)first->h;
    double fit = fmax(1, floor((FULL_WIDTH - 2.0 * MARGIN + GAP) / (w + GAP)));
    size_t columns = page->panels < (size_t)fit ? page->panels : (size_t)fit;
    size_t rows = (page->panels + columns - 1) / columns;
    double width = 2 * MARGIN + (double)columns * (w + GAP) - GAP;
    int rc = cnn_canvas_new(format, fmax(width, 2.0 * SIDE), HEAD + (double)rows * (h + FOOT), &c);
    if (rc)
        return rc;
    put(c, MARGIN, 18, fmax(width, 2.0 * SIDE) - 2 * MARGIN, &headline, page->title);
    put(c, MARGIN, 38, fmax(width, 2.0 * SIDE) - 2 * MARGIN, &line, page->subtitle);
    for (size_t i = 0; !rc && i < page->panels; i++)
        rc = draw_panel(c, &page->panel[i], MARGIN + (double)(i % columns) * (w + GAP),
                        HEAD + (double)(i / columns) * (h + FOOT), w, h);
    int end = cnn_canvas_end(c, rc ? &unused : out);
    cnn_buf_free(&unused);
    return rc ? rc : end;
}
