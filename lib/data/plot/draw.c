/* Drawing through cairo; see draw.h. */
#include "data/plot/draw.h"

#include <cairo-pdf.h>
#include <cairo-svg.h>
#include <cairo.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/unicode.h"

struct cnn_canvas {
    enum cnn_picture format;
    cairo_surface_t *surface;
    cairo_t *cr;
    struct cnn_buf bytes;
};

/* Whether memory was lacking since the last canvas ended, in drawing or in measuring for it. What
 * cairo draws with (pixman) leaves out what it finds no memory for and tells nobody; errno has it.
 */
static _Thread_local int lacked;

static void begin(void)
{
    errno = 0;
}

static void end(const struct cnn_buf *text)
{
    lacked |= errno == ENOMEM || (text && text->failed);
}

static int fail_status(cairo_status_t status)
{
    if (status == CAIRO_STATUS_NO_MEMORY)
        return cnn_fail_memory(0);
    return cnn_fail(CNN_ESYSTEM, "drawing: %s", cairo_status_to_string(status));
}

static cairo_status_t take_bytes(void *context, const unsigned char *data, unsigned n)
{
    struct cnn_buf *b = context;
    cnn_buf_add(b, (const char *)data, n);
    return b->failed ? CAIRO_STATUS_NO_MEMORY : CAIRO_STATUS_SUCCESS;
}

/* Dates would make each run's bytes its own. */
static cairo_surface_t *open_pdf(struct cnn_buf *bytes, double w, double h)
{
    cairo_surface_t *s = cairo_pdf_surface_create_for_stream(take_bytes, bytes, w, h);
    cairo_pdf_surface_set_metadata(s, CAIRO_PDF_METADATA_CREATE_DATE, "1970-01-01T00:00:00Z");
    return s;
}

cnn_colour cnn_colour_mix(cnn_colour a, cnn_colour b, double t)
{
    cnn_colour out = 0;
    for (int shift = 0; shift <= 16; shift += 8) {
        double from = a >> shift & 255, to = b >> shift & 255;
        out |= (unsigned)lround(from + (to - from) * t) << shift;
    }
    return out;
}

static void ink(cairo_t *cr, cnn_colour colour)
{
    cairo_set_source_rgb(cr, (colour >> 16 & 255) / 255.0, (colour >> 8 & 255) / 255.0,
                         (colour & 255) / 255.0);
}

/* Glyphs as they are drawn, whatever this machine's settings for screens are. */
static void set_font(cairo_t *cr, const struct cnn_label *how)
{
    cairo_font_options_t *o = cairo_font_options_create();
    cairo_font_options_set_antialias(o, CAIRO_ANTIALIAS_GRAY);
    cairo_font_options_set_hint_style(o, CAIRO_HINT_STYLE_NONE);
    cairo_font_options_set_hint_metrics(o, CAIRO_HINT_METRICS_OFF);
    cairo_set_font_options(cr, o);
    cairo_font_options_destroy(o);
    cairo_select_font_face(cr, "DejaVu Sans", CAIRO_FONT_SLANT_NORMAL,
                           how->bold ? CAIRO_FONT_WEIGHT_BOLD : CAIRO_FONT_WEIGHT_NORMAL);
    cairo_set_font_size(cr, how->size);
}

int cnn_canvas_new(enum cnn_picture format, double w, double h, struct cnn_canvas **out)
{
    if (!(w >= 1 && h >= 1 && w <= 32000 && h <= 32000))
        return cnn_fail(CNN_EDATA, "a picture of %.0f x %.0f pixels cannot be drawn", w, h);
    struct cnn_canvas *c = cnn_calloc(1, sizeof *c);
    if (!c)
        return CNN_ESYSTEM;
    begin();
    c->format = format;
    c->surface = format == CNN_PICTURE_PDF ? open_pdf(&c->bytes, w, h)
                 : format == CNN_PICTURE_SVG
                     ? cairo_svg_surface_create_for_stream(take_bytes, &c->bytes, w, h)
                     : cairo_image_surface_create(CAIRO_FORMAT_RGB24, (int)w, (int)h);
    c->cr = cairo_create(c->surface);
    end(NULL);
    cnn_draw_rect(c, 0, 0, w, h, 0xffffff);
    *out = c;
    return 0;
}

/* The length of a name's beginning that cairo numbers through all of a process's pictures. */
static size_t numbered(const char *p)
{
    static const char *const name[] = {"surface", "image", "mask"};
    for (size_t i = 0; i < sizeof name / sizeof *name; i++) {
        size_t n = strlen(name[i]);
        if (!strncmp(p, name[i], n) && p[n] >= '0' && p[n] <= '9')
            return n;
    }
    return 0;
}

/* The same picture gets the same names, whatever was drawn before it. */
static void renumber(const struct cnn_buf *in, struct cnn_buf *out)
{
    unsigned long first = 0;
    const char *p = in->text;
    while (*p) {
        size_t n = p > in->text && (p[-1] == '"' || p[-1] == '#') ? numbered(p) : 0;
        if (!n) {
            size_t plain = 1 + strcspn(p + 1, "sim");
            cnn_buf_add(out, p, plain);
            p += plain;
            continue;
        }
        char *end;
        unsigned long number = strtoul(p + n, &end, 10);
        first = first ? first : number;
        cnn_buf_printf(out, "%.*s%ld", (int)n, p, (long)(number - first));
        p = end;
    }
}

int cnn_canvas_end(struct cnn_canvas *c, struct cnn_buf *out)
{
    cairo_status_t status = cairo_status(c->cr);
    begin();
    cairo_destroy(c->cr);
    if (!status && c->format == CNN_PICTURE_PNG)
        status = cairo_surface_write_to_png_stream(c->surface, take_bytes, &c->bytes);
    cairo_surface_finish(c->surface);
    if (!status)
        status = cairo_surface_status(c->surface);
    cairo_surface_destroy(c->surface);
    end(&c->bytes);
    int rc = lacked ? cnn_fail_memory(0) : status ? fail_status(status) : 0;
    if (!rc && c->format == CNN_PICTURE_SVG)
        renumber(&c->bytes, out);
    else if (!rc)
        cnn_buf_add(out, c->bytes.text, c->bytes.size);
    if (!rc && out->failed)
        rc = cnn_fail_memory(0);
    lacked = 0;
    cnn_buf_free(&c->bytes);
    free(c);
    return rc;
}

void cnn_draw_rect(struct cnn_canvas *c, double x, double y, double w, double h, cnn_colour colour)
{
    if (!isfinite(x + y + w + h))
        return;
    begin();
    ink(c->cr, colour);
    cairo_rectangle(c->cr, x, y, w, h);
    cairo_fill(c->cr);
    end(NULL);
}

static void stroke(cairo_t *cr, double width, cnn_colour colour)
{
    begin();
    ink(cr, colour);
    cairo_set_line_width(cr, width);
    cairo_set_line_cap(cr, CAIRO_LINE_CAP_ROUND);
    cairo_set_line_join(cr, CAIRO_LINE_JOIN_ROUND);
    cairo_stroke(cr);
    end(NULL);
}

void cnn_draw_line(struct cnn_canvas *c, double x0, double y0, double x1, double y1, double width,
                   int dashed, cnn_colour colour)
{
    const double dash[] = {2 * width, 3 * width};
    if (!isfinite(x0 + y0 + x1 + y1))
        return;
    cairo_move_to(c->cr, x0, y0);
    cairo_line_to(c->cr, x1, y1);
    cairo_set_dash(c->cr, dash, dashed ? 2 : 0, 0);
    stroke(c->cr, width, colour);
    cairo_set_dash(c->cr, dash, 0, 0);
}

void cnn_draw_dot(struct cnn_canvas *c, double x, double y, double radius, cnn_colour colour)
{
    if (!isfinite(x + y))
        return;
    begin();
    ink(c->cr, colour);
    cairo_arc(c->cr, x, y, radius, 0, 6.283185307179586);
    cairo_fill(c->cr);
    end(NULL);
}

void cnn_draw_curve(struct cnn_canvas *c, const double (*point)[2], size_t n, double width,
                    cnn_colour colour)
{
    int joined = 0;
    for (size_t i = 0; i < n; i++) {
        int is = isfinite(point[i][0]) && isfinite(point[i][1]);
        if (is && joined)
            cairo_line_to(c->cr, point[i][0], point[i][1]);
        else if (is) {
            cairo_move_to(c->cr, point[i][0], point[i][1]);
            cairo_line_to(c->cr, point[i][0], point[i][1]); /* alone: a dot */
        }
        joined = is;
    }
    stroke(c->cr, width, colour);
}

/* The next character of UTF-8 text into out (5 bytes), U+FFFD for what is none or is not seen;
 * returns the bytes passed over. */
static size_t next_character(const char *text, char out[5])
{
    uint32_t code;
    size_t n = cnn_utf8_char(text, &code);
    if (n && !((unsigned char)*text < ' ' || *text == 0x7f)) {
        memcpy(out, text, n);
        out[n] = '\0';
        return n;
    }
    memcpy(out, "\xef\xbf\xbd", 4);
    return n ? n : 1;
}

static void clean(const char *text, struct cnn_buf *out)
{
    char one[5];
    for (size_t at = 0; text[at];) {
        at += next_character(text + at, one);
        cnn_buf_puts(out, one);
    }
}

static double advance(cairo_t *cr, const char *text)
{
    cairo_text_extents_t e;
    cairo_text_extents(cr, text, &e);
    return e.x_advance;
}

void cnn_draw_text(struct cnn_canvas *c, double x, double y, const struct cnn_label *how,
                   const char *text)
{
    struct cnn_buf b = {0};
    begin();
    clean(text, &b);
    if (!b.failed && b.size && isfinite(x + y)) {
        cairo_save(c->cr);
        set_font(c->cr, how);
        ink(c->cr, how->colour);
        cairo_translate(c->cr, x, y);
        if (how->upward)
            cairo_rotate(c->cr, -1.5707963267948966);
        cairo_move_to(c->cr, -how->align * advance(c->cr, b.text), 0.365 * how->size);
        cairo_show_text(c->cr, b.text);
        cairo_restore(c->cr);
    }
    end(&b);
    cnn_buf_free(&b);
}

const char *cnn_label_text(const struct cnn_buf *b)
{
    lacked |= b->failed;
    return b->text && !b->failed ? b->text : "";
}

double cnn_text_width(const struct cnn_label *how, const char *text)
{
    struct cnn_buf b = {0};
    begin();
    cairo_surface_t *s = cairo_image_surface_create(CAIRO_FORMAT_A8, 1, 1);
    cairo_t *cr = cairo_create(s);
    set_font(cr, how);
    clean(text, &b);
    double w = b.size && !b.failed ? advance(cr, b.text) : 0;
    lacked |=
        cairo_status(cr) != CAIRO_STATUS_SUCCESS; /* of a picture in memory it is nothing else */
    cairo_destroy(cr);
    cairo_surface_destroy(s);
    end(&b);
    cnn_buf_free(&b);
    return w;
}

void cnn_text_cut(const struct cnn_label *how, double room, const char *text, struct cnn_buf *out)
{
    struct cnn_buf b = {0};
    clean(text, &b);
    if (b.failed || !b.size || cnn_text_width(how, b.text) <= room) {
        cnn_buf_puts(out, cnn_label_text(&b));
        lacked |= out->failed;
        cnn_buf_free(&b);
        return;
    }
    room -= cnn_text_width(how, "\xe2\x80\xa6");
    while (b.size && cnn_text_width(how, b.text) > room) {
        while (b.size && ((unsigned char)b.text[b.size - 1] & 0xc0) == 0x80)
            b.size--;
        b.size -= b.size > 0;
        b.text[b.size] = '\0';
    }
    cnn_buf_printf(out, "%s\xe2\x80\xa6", b.text);
    lacked |= out->failed;
    cnn_buf_free(&b);
}

static unsigned level(float v)
{
    return v >= 1 ? 255 : v > 0 ? (unsigned)lrintf(255 * v) : 0;
}

int cnn_draw_image(struct cnn_canvas *c, double x, double y, double w, double h,
                   const struct cnn_image *im)
{
    /* enlarged here, since viewers of SVG would smooth it */
    size_t zoom = w >= 2.0 * (double)im->w ? (size_t)(w / (double)im->w) : 1;
    size_t rows_n = im->h * zoom, columns = im->w * zoom;
    cairo_surface_t *s = cairo_image_surface_create(CAIRO_FORMAT_RGB24, (int)columns, (int)rows_n);
    if (cairo_surface_status(s))
        return fail_status(cairo_surface_status(s));
    unsigned char *rows = cairo_image_surface_get_data(s);
    size_t plane = im->h * im->w, stride = (size_t)cairo_image_surface_get_stride(s);
    for (size_t i = 0; i < rows_n; i++)
        for (size_t j = 0; j < columns; j++) {
            const float *p = im->px + i / zoom * im->w + j / zoom;
            size_t step = im->c == 3 ? plane : 0;
            uint32_t v = level(p[0]) << 16 | level(p[step]) << 8 | level(p[2 * step]);
            memcpy(rows + i * stride + 4 * j, &v, sizeof v);
        }
    cairo_surface_mark_dirty(s);
    begin();
    cairo_save(c->cr);
    cairo_translate(c->cr, x, y);
    cairo_scale(c->cr, w / (double)columns, h / (double)rows_n);
    cairo_set_source_surface(c->cr, s, 0, 0);
    cairo_pattern_set_filter(cairo_get_source(c->cr), CAIRO_FILTER_NEAREST);
    cairo_rectangle(c->cr, 0, 0, (double)columns, (double)rows_n);
    cairo_fill(c->cr);
    cairo_restore(c->cr);
    cairo_surface_destroy(s);
    end(NULL);
    return 0;
}
