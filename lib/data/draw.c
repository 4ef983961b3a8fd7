/* Rectangles, lines and text; see draw.h. */
#include "data/draw.h"

#include <math.h>
#include <string.h>

#include "data/font.h"

struct cnn_colour cnn_colour(unsigned rgb)
{
    return (struct cnn_colour){(float)(rgb >> 16 & 255) / 255, (float)(rgb >> 8 & 255) / 255,
                               (float)(rgb & 255) / 255};
}

struct cnn_colour cnn_colour_mix(struct cnn_colour a, struct cnn_colour b, float t)
{
    return (struct cnn_colour){a.r + (b.r - a.r) * t, a.g + (b.g - a.g) * t, a.b + (b.b - a.b) * t};
}

static void blend(struct cnn_image *im, size_t x, size_t y, struct cnn_colour colour, float alpha)
{
    size_t plane = im->h * im->w;
    float *p = im->px + y * im->w + x;
    p[0] += (colour.r - p[0]) * alpha;
    p[plane] += (colour.g - p[plane]) * alpha;
    p[2 * plane] += (colour.b - p[2 * plane]) * alpha;
}

int cnn_draw_canvas(struct cnn_image *im, size_t h, size_t w, struct cnn_colour colour)
{
    int code = cnn_image_reshape(im, 3, h, w, 255);
    if (code)
        return code;
    for (size_t y = 0; y < h; y++)
        for (size_t x = 0; x < w; x++) {
            float *p = im->px + y * w + x;
            p[0] = colour.r;
            p[h * w] = colour.g;
            p[2 * h * w] = colour.b;
        }
    return 0;
}

/* lo..hi within 0..size-1; nothing is left when hi < lo. */
struct span {
    ptrdiff_t lo, hi;
};

static struct span clip(double lo, double hi, size_t size)
{
    struct span s = {0, (ptrdiff_t)size - 1};
    if (lo > (double)s.hi || hi < 0)
        s.hi = -1;
    else {
        s.lo = lo > 0 ? (ptrdiff_t)lo : 0;
        s.hi = hi < (double)s.hi ? (ptrdiff_t)hi : s.hi;
    }
    return s;
}

void cnn_draw_rect(struct cnn_image *im, int x, int y, int w, int h, struct cnn_colour colour,
                   float alpha)
{
    struct span across = clip(x, (double)x + w - 1, im->w);
    struct span down = clip(y, (double)y + h - 1, im->h);
    if (w <= 0 || h <= 0)
        return;
    for (ptrdiff_t i = down.lo; i <= down.hi; i++)
        for (ptrdiff_t j = across.lo; j <= across.hi; j++)
            blend(im, (size_t)j, (size_t)i, colour, alpha);
}

/* How far (px, py) is from the segment. */
static double distance(double px, double py, double x0, double y0, double x1, double y1)
{
    double dx = x1 - x0, dy = y1 - y0, length = dx * dx + dy * dy;
    double t = length > 0 ? ((px - x0) * dx + (py - y0) * dy) / length : 0;
    t = t < 0 ? 0 : t > 1 ? 1 : t;
    return hypot(px - x0 - t * dx, py - y0 - t * dy);
}

/* A pixel is covered by how far it lies inside the line's edge, from half a pixel without to half a
 * pixel within. */
void cnn_draw_line(struct cnn_image *im, double x0, double y0, double x1, double y1, double width,
                   struct cnn_colour colour)
{
    double reach = width / 2 + 1;
    if (!isfinite(x0 + y0 + x1 + y1))
        return;
    struct span down = clip(fmin(y0, y1) - reach, fmax(y0, y1) + reach, im->h);
    double slope = y1 != y0 ? (x1 - x0) / (y1 - y0) : 0;
    /* along a row the line's own part, widened by its thickness there */
    double spread = reach * (1 + fabs(slope));
    for (ptrdiff_t y = down.lo; y <= down.hi; y++) {
        double lo = fmin(x0, x1) - reach, hi = fmax(x0, x1) + reach;
        if (y1 != y0) {
            double at = x0 + ((double)y - y0) * slope;
            lo = fmax(lo, at - spread);
            hi = fmin(hi, at + spread);
        }
        struct span across = clip(lo, hi, im->w);
        for (ptrdiff_t x = across.lo; x <= across.hi; x++) {
            double d = distance((double)x, (double)y, x0, y0, x1, y1);
            double cover = width / 2 + 0.5 - d;
            if (cover > 0)
                blend(im, (size_t)x, (size_t)y, colour, cover < 1 ? (float)cover : 1.0f);
        }
    }
}

/* The next character, '?' for what the font has not; continuation bytes of UTF-8 are passed over. 0
 * at the end. */
static char next_glyph(const char **text)
{
    unsigned char ch = (unsigned char)*(*text);
    if (!ch)
        return 0;
    ++*text;
    if (ch >= 0x80)
        while (((unsigned char)**text & 0xc0) == 0x80)
            ++*text;
    return ch >= CNN_FONT_FIRST && ch <= CNN_FONT_LAST ? (char)ch : '?';
}

static int dot(char ch, int column, int row)
{
    return cnn_font[ch - CNN_FONT_FIRST][row] >> (CNN_FONT_COLUMNS - 1 - column) & 1;
}

void cnn_draw_text(struct cnn_image *im, int x, int y, int scale, const char *text,
                   struct cnn_colour colour)
{
    for (char ch; (ch = next_glyph(&text)); x += CNN_FONT_W * scale)
        for (int row = 0; row < CNN_FONT_ROWS; row++)
            for (int column = 0; column < CNN_FONT_COLUMNS; column++)
                if (dot(ch, column, row))
                    cnn_draw_rect(im, x + column * scale, y + (row + cnn_font_drop(ch)) * scale,
                                  scale, scale, colour, 1);
}

void cnn_draw_text_up(struct cnn_image *im, int x, int y, int scale, const char *text,
                      struct cnn_colour colour)
{
    for (char ch; (ch = next_glyph(&text)); y -= CNN_FONT_W * scale)
        for (int row = 0; row < CNN_FONT_ROWS; row++)
            for (int column = 0; column < CNN_FONT_COLUMNS; column++)
                if (dot(ch, column, row))
                    cnn_draw_rect(im, x + (row + cnn_font_drop(ch)) * scale,
                                  y - (column + 1) * scale + 1, scale, scale, colour, 1);
}

int cnn_draw_text_width(int scale, const char *text)
{
    int n = 0;
    while (next_glyph(&text))
        n++;
    return n ? (n * CNN_FONT_W - (CNN_FONT_W - CNN_FONT_COLUMNS)) * scale : 0;
}
