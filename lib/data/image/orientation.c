/* How a stored image is to be turned to be seen upright (Exif 2.3, 4.6.4, tag 0x0112), and putting
 * its rows where they belong. See codec.h. */
#include <string.h>

#include "data/image/codec.h"

/* Big or little end first, as a TIFF header says. */
static unsigned get16(const unsigned char *p, int big)
{
    return big ? (unsigned)(p[0] << 8 | p[1]) : (unsigned)(p[1] << 8 | p[0]);
}

static size_t get32(const unsigned char *p, int big)
{
    return big ? (size_t)get16(p, 1) << 16 | get16(p + 2, 1)
               : (size_t)get16(p + 2, 0) << 16 | get16(p, 0);
}

int cnn_exif_orientation(const unsigned char *bytes, size_t size)
{
    enum { EXIF = 6, TIFF = 8, ENTRY = 12, TAG = 0x0112, SHORT = 3 };
    if (size >= EXIF && !memcmp(bytes, "Exif\0", EXIF)) {
        bytes += EXIF;
        size -= EXIF;
    }
    if (size < TIFF)
        return 1;
    int big = bytes[0] == 'M';
    if (bytes[0] != bytes[1] || (bytes[0] != 'M' && bytes[0] != 'I') || get16(bytes + 2, big) != 42)
        return 1;
    size_t at = get32(bytes + 4, big);
    if (at > size - 2)
        return 1;
    size_t entries = get16(bytes + at, big), room = (size - at - 2) / ENTRY;
    for (size_t i = 0; i < entries && i < room; i++) {
        const unsigned char *e = bytes + at + 2 + i * ENTRY;
        if (get16(e, big) != TAG)
            continue;
        unsigned value = get16(e + 8, big);
        return get16(e + 2, big) == SHORT && value >= 1 && value <= 8 ? (int)value : 1;
    }
    return 1;
}

struct cnn_turn cnn_turn_of(int orientation, size_t stored_h, size_t stored_w)
{
    int transposed = orientation >= 5;
    struct cnn_turn t = {.h = transposed ? stored_w : stored_h,
                         .w = transposed ? stored_h : stored_w,
                         .stored_w = stored_w,
                         .plain = orientation == 1};
    ptrdiff_t w = (ptrdiff_t)t.w;
    /* does walking right (down) in the stored image walk backwards in the turned one? */
    int right_back = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
    int down_back = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
    t.right = (transposed ? w : 1) * (right_back ? -1 : 1);
    t.down = (transposed ? 1 : w) * (down_back ? -1 : 1);
    if (right_back)
        t.start -= t.right * ((ptrdiff_t)stored_w - 1);
    if (down_back)
        t.start -= t.down * ((ptrdiff_t)stored_h - 1);
    return t;
}

void cnn_turn_row(struct cnn_image *im, const struct cnn_turn *t, size_t y,
                  const unsigned char *row, size_t step)
{
    float divisor = (float)im->maxval;
    int wide = im->maxval > 255;
    if (t->plain) {
        (wide ? cnn_codec_row16 : cnn_codec_row8)(im, y, row, step, im->maxval);
        return;
    }
    for (size_t k = 0; k < im->c; k++) {
        float *to = im->px + k * im->h * im->w + (t->start + (ptrdiff_t)y * t->down);
        for (size_t x = 0; x < t->stored_w; x++) {
            const unsigned char *p = row + (x * step + k) * (wide ? 2 : 1);
            to[(ptrdiff_t)x * t->right] = (float)(wide ? p[0] << 8 | p[1] : p[0]) / divisor;
        }
    }
}
