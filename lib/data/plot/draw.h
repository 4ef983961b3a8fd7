/* Drawing a picture, through cairo: PNG, SVG or PDF. Coordinates are pixels (points in SVG and
 * PDF), x to the right, y down; what lies outside is clipped. The same calls make the same bytes.
 */
#ifndef CNN_DATA_PLOT_DRAW_H
#define CNN_DATA_PLOT_DRAW_H

#include <stddef.h>

#include "base/error.h"
#include "base/text.h"
#include "data/image/image.h"

enum cnn_picture { CNN_PICTURE_PNG, CNN_PICTURE_SVG, CNN_PICTURE_PDF };

/* By the name's ending; PNG for what is there and is no file (a pipe, a device). CNN_EUSAGE, naming
 * the three, for other names. */
CNN_CHECKED int cnn_picture_format(const char *path, enum cnn_picture *out);
/* Write a finished picture, whole or not at all. CNN_ECREATE, CNN_EIO. */
CNN_CHECKED int cnn_picture_write(const char *path, const struct cnn_buf *bytes);

/* 0xRRGGBB */
typedef unsigned cnn_colour;
/* a + (b - a) t */
cnn_colour cnn_colour_mix(cnn_colour a, cnn_colour b, double t);

/* A white picture of w x h. CNN_ESYSTEM, CNN_EDATA where it would be too large. */
struct cnn_canvas;
CNN_CHECKED int cnn_canvas_new(enum cnn_picture format, double w, double h,
                               struct cnn_canvas **out);
/* The finished picture's bytes, added to *out; the canvas is freed, also after an error. */
CNN_CHECKED int cnn_canvas_end(struct cnn_canvas *c, struct cnn_buf *out);

void cnn_draw_rect(struct cnn_canvas *c, double x, double y, double w, double h, cnn_colour colour);
/* With round ends; dashed: drawn with gaps. */
void cnn_draw_line(struct cnn_canvas *c, double x0, double y0, double x1, double y1, double width,
                   int dashed, cnn_colour colour);
void cnn_draw_dot(struct cnn_canvas *c, double x, double y, double radius, cnn_colour colour);

/* A line through points; those that are not finite are gaps, and a point between two gaps a dot. */
void cnn_draw_curve(struct cnn_canvas *c, const double (*point)[2], size_t n, double width,
                    cnn_colour colour);

/* UTF-8 text; what is not, and what would not be seen, as U+FFFD. y: the middle of its capitals.
 * align: 0 begins at x, 0.5 is centred on it, 1 ends there. */
struct cnn_label {
    double size, align;
    int bold, upward; /* upward: turned a quarter to the left around (x, y) */
    cnn_colour colour;
};
void cnn_draw_text(struct cnn_canvas *c, double x, double y, const struct cnn_label *how,
                   const char *text);
/* A buffer's text. One that found no memory is empty, and the next canvas that ends says so. */
const char *cnn_label_text(const struct cnn_buf *b);
double cnn_text_width(const struct cnn_label *how, const char *text);
/* The text, or as much of its beginning as `room` holds, with an ellipsis. */
void cnn_text_cut(const struct cnn_label *how, double room, const char *text, struct cnn_buf *out);

/* An image of 1 or 3 channels into a rectangle; pixels stay squares. */
CNN_CHECKED int cnn_draw_image(struct cnn_canvas *c, double x, double y, double w, double h,
                               const struct cnn_image *im);

#endif
