/* Drawing on an RGB image (3, h, w) of maxval 255: rectangles, antialiased lines, text in a bitmap
 * font. What lies outside the image is clipped. Coordinates are pixels, x to the right, y down. */
#ifndef CNN_DATA_DRAW_H
#define CNN_DATA_DRAW_H

#include <stddef.h>

#include "data/image.h"

/* Red, green, blue in 0..1. */
struct cnn_colour {
    float r, g, b;
};

/* 0xRRGGBB */
struct cnn_colour cnn_colour(unsigned rgb);
/* a + (b - a) t */
struct cnn_colour cnn_colour_mix(struct cnn_colour a, struct cnn_colour b, float t);

/* An image of that size in one colour. */
int cnn_draw_canvas(struct cnn_image *im, size_t h, size_t w, struct cnn_colour colour);

/* Every pixel of x..x+w-1, y..y+h-1; alpha 1 covers what was there. */
void cnn_draw_rect(struct cnn_image *im, int x, int y, int w, int h, struct cnn_colour colour,
                   float alpha);
/* A line from the centre of one point to that of the other, `width` pixels wide, with round ends.
 */
void cnn_draw_line(struct cnn_image *im, double x0, double y0, double x1, double y1, double width,
                   struct cnn_colour colour);

/* Cells of the font, before scaling: a glyph of 5 x 7 and a gap. */
enum { CNN_FONT_W = 6, CNN_FONT_H = 7 };

/* ASCII text whose first glyph has its upper left corner at (x, y), each of its dots scale x scale
 * pixels; other bytes are drawn as '?' (one for each UTF-8 character). */
void cnn_draw_text(struct cnn_image *im, int x, int y, int scale, const char *text,
                   struct cnn_colour colour);
/* The same reading upwards; (x, y) is the lower left corner of the turned text. */
void cnn_draw_text_up(struct cnn_image *im, int x, int y, int scale, const char *text,
                      struct cnn_colour colour);
/* Pixels from the first dot to the last. */
int cnn_draw_text_width(int scale, const char *text);

#endif
