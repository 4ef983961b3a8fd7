/* JPEG through libjpeg-turbo (ITU-T T.81), turned as its EXIF orientation says (Exif 2.3, tag
 * 0x0112). CMYK becomes RGB by r = (1 - c)(1 - k). */
#include <stdio.h>

#include <jpeglib.h>
#include <jerror.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "data/codec.h"
#include "data/image.h"

/* A progressive file may have any number of scans; past this it is made to waste time. */
enum { MAX_SCANS = 500 };

struct decoder {
    struct jpeg_decompress_struct jpeg;
    struct jpeg_error_mgr errors;
    struct jpeg_progress_mgr progress;
    jmp_buf out;
    unsigned char *row;
    char message[JMSG_LENGTH_MAX];
    int code; /* when it is not the data's fault */
};

static void give_up(j_common_ptr jpeg)
{
    struct decoder *d = jpeg->client_data;
    jpeg->err->format_message(jpeg, d->message);
    longjmp(d->out, 1);
}

/* libjpeg fills what is missing or damaged with grey and warns; that is no image. What does not
 * touch the pixels passes: odd version numbers, and padding before the end marker. */
static void on_warning(j_common_ptr jpeg, int level)
{
    enum { END_MARKER = 0xd9 };
    if (level >= 0)
        return;
    int code = jpeg->err->msg_code;
    int harmless = code == JWRN_JFIF_MAJOR || code == JWRN_ADOBE_XFORM ||
                   (code == JWRN_EXTRANEOUS_DATA && jpeg->err->msg_parm.i[1] == END_MARKER);
    if (!harmless)
        give_up(jpeg);
}

static void print_nothing(j_common_ptr jpeg)
{
    (void)jpeg;
}

static void on_progress(j_common_ptr jpeg)
{
    struct decoder *d = jpeg->client_data;
    if (d->jpeg.input_scan_number > MAX_SCANS) {
        strcpy(d->message, "too many scans");
        longjmp(d->out, 1);
    }
}

/* Where pixel (x, y) of the stored image goes: element start + x * right + y * down of each plane.
 */
struct turn {
    ptrdiff_t start, right, down;
    size_t h, w; /* of the turned image */
};

static struct turn turn_of(int orientation, size_t stored_h, size_t stored_w)
{
    int transposed = orientation >= 5;
    struct turn t = {.h = transposed ? stored_w : stored_h, .w = transposed ? stored_h : stored_w};
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

static int orientation_of(const struct decoder *d)
{
    for (jpeg_saved_marker_ptr m = d->jpeg.marker_list; m; m = m->next) {
        int orientation = cnn_exif_orientation(m->data, m->data_length);
        if (orientation != 1)
            return orientation;
    }
    return 1;
}

/* Inks to light, in place: 4 samples a pixel become 3. Adobe's files store inks inverted. */
static void cmyk_row(unsigned char *row, size_t w, int inverted)
{
    for (size_t x = 0; x < w; x++) {
        const unsigned char *p = row + 4 * x;
        unsigned k = inverted ? p[3] : 255u - p[3];
        for (size_t i = 0; i < 3; i++) {
            unsigned ink = inverted ? p[i] : 255u - p[i];
            row[3 * x + i] = (unsigned char)((ink * k + 127) / 255);
        }
    }
}

static void take_row(struct cnn_image *out, const struct turn *t, size_t y, size_t stored_w,
                     const unsigned char *row)
{
    size_t plane = out->h * out->w, c = out->c;
    if (!t->start && t->right == 1 && t->w == stored_w) {
        cnn_codec_row8(out, y, row, c, 255);
        return;
    }
    for (size_t k = 0; k < c; k++) {
        float *to = out->px + k * plane + (t->start + (ptrdiff_t)y * t->down);
        for (size_t x = 0; x < stored_w; x++)
            to[(ptrdiff_t)x * t->right] = (float)row[x * c + k] / 255.0f;
    }
}

static void choose_colour(struct decoder *d)
{
    int n = d->jpeg.num_components;
    if (n == 1)
        d->jpeg.out_color_space = JCS_GRAYSCALE;
    else if (n == 3)
        d->jpeg.out_color_space = JCS_RGB;
    else if (n == 4)
        d->jpeg.out_color_space = JCS_CMYK;
    if (n != 1 && n != 3 && n != 4) {
        snprintf(d->message, sizeof d->message, "%d colour components", n);
        longjmp(d->out, 1);
    }
}

/* The smallest of libjpeg's reductions that leaves twice what the image will be resized to. */
static void choose_scale(struct decoder *d, const struct cnn_fit *fit, int orientation)
{
    struct jpeg_decompress_struct *j = &d->jpeg;
    struct turn t = turn_of(orientation, j->image_height, j->image_width);
    size_t h = t.h, w = t.w;
    cnn_fit_size(fit, &h, &w);
    for (unsigned part = 8; part > 1 && j->scale_denom == j->scale_num; part /= 2)
        if (t.h / part >= 2 * h && t.w / part >= 2 * w)
            j->scale_denom = part * j->scale_num;
}

static void decode(struct decoder *d, const unsigned char *bytes, size_t size,
                   const struct cnn_fit *fit, struct cnn_image *out)
{
    struct jpeg_decompress_struct *j = &d->jpeg;
    jpeg_create_decompress(j);
    j->progress = &d->progress;
    jpeg_mem_src(j, bytes, (unsigned long)size);
    jpeg_save_markers(j, JPEG_APP0 + 1, 0xffff);
    jpeg_read_header(j, TRUE);
    choose_colour(d);
    int orientation = orientation_of(d);
    size_t c = j->num_components == 1 ? 1 : 3;
    d->code = cnn_image_bounds(c, j->image_height, j->image_width, 255);
    if (!d->code && fit)
        choose_scale(d, fit, orientation);
    jpeg_calc_output_dimensions(j);
    struct turn turn = turn_of(orientation, j->output_height, j->output_width);
    if (!d->code)
        d->code = cnn_image_reshape(out, c, turn.h, turn.w, 255);
    if (!d->code && !(d->row = cnn_calloc(j->output_width, (size_t)j->num_components)))
        d->code = CNN_ESYSTEM;
    if (d->code)
        longjmp(d->out, 1);
    jpeg_start_decompress(j);
    while (j->output_scanline < j->output_height) {
        size_t y = j->output_scanline;
        JSAMPROW row = d->row;
        jpeg_read_scanlines(j, &row, 1);
        if (j->out_color_space == JCS_CMYK)
            cmyk_row(d->row, j->output_width, j->saw_Adobe_marker);
        take_row(out, &turn, y, j->output_width, d->row);
    }
    jpeg_finish_decompress(j);
}

/* Nonzero when it gave up. A function of its own: what the jump's frame owned would be lost. */
static int try_decode(struct decoder *d, const unsigned char *bytes, size_t size,
                      const struct cnn_fit *fit, struct cnn_image *out)
{
    if (setjmp(d->out))
        return 1;
    decode(d, bytes, size, fit, out);
    return 0;
}

int cnn_jpeg_decode(const unsigned char *bytes, size_t size, const struct cnn_fit *fit,
                    struct cnn_image *out)
{
    struct decoder d = {.code = 0};
    if (cnn_image_sniff(bytes, size) != CNN_IMAGE_JPEG)
        return cnn_fail(CNN_EDATA, "not a JPEG file");
    d.jpeg.err = jpeg_std_error(&d.errors);
    d.jpeg.client_data = &d;
    d.errors.error_exit = give_up;
    d.errors.emit_message = on_warning;
    d.errors.output_message = print_nothing;
    d.progress.progress_monitor = on_progress;
    int failed = try_decode(&d, bytes, size, fit, out);
    jpeg_destroy_decompress(&d.jpeg);
    free(d.row);
    if (failed && !d.code) {
        int eof = d.errors.msg_code == JWRN_JPEG_EOF || d.errors.msg_code == JERR_INPUT_EOF;
        return cnn_fail(CNN_EDATA, "%s JPEG: %s", eof ? "truncated" : "corrupt", d.message);
    }
    return d.code;
}
