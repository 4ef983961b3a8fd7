/* JPEG through libjpeg-turbo (ITU-T T.81), turned as its EXIF orientation says. CMYK becomes RGB by
 * r = (1 - c)(1 - k).
 *
 * libjpeg fills what is missing or damaged with grey, and warns. What it warns of is an error where
 * a pixel is touched: data that end too early, that are no code, or that do not fit between two
 * restart markers. */
#include <stdio.h>

#include <jpeglib.h>
#include <jerror.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "data/image/codec.h"

/* A progressive file may have any number of scans; past these it is made to waste time. A scan's
 * work is its blocks of 8 x 8 coefficients. */
enum { MAX_SCANS = 500, MOST_COLOURS = 4 };
#define MAX_WORK ((uint64_t)1 << 30)

struct decoder {
    struct jpeg_decompress_struct jpeg;
    struct jpeg_error_mgr errors;
    struct jpeg_progress_mgr progress;
    jmp_buf out;
    unsigned char *row;
    char message[JMSG_LENGTH_MAX];
    int code; /* when it is not the data's fault */
    int strict;
    int cut;                   /* the file ended before its end marker */
    int scanned[MOST_COLOURS]; /* components for which a scan came */
};

static void give_up(j_common_ptr jpeg)
{
    struct decoder *d = jpeg->client_data;
    jpeg->err->format_message(jpeg, d->message);
    longjmp(d->out, 1);
}

static void give_up_saying(struct decoder *d, const char *message)
{
    snprintf(d->message, sizeof d->message, "%s", message);
    longjmp(d->out, 1);
}

/* Whether what libjpeg warns of leaves the pixels as they are: odd numbers in headers, bytes
 * between segments, an end marker that is missing (whether data are missing too is seen by what
 * they do not give). */
static int is_harmless(struct decoder *d)
{
    enum { RST0 = 0xd0, RST7 = 0xd7 };
    int marker = d->errors.msg_parm.i[1];
    switch (d->errors.msg_code) {
    case JWRN_JPEG_EOF:
        d->cut = 1;
        return 1;
    case JWRN_EXTRANEOUS_DATA:
        return marker < RST0 || marker > RST7;
    case JWRN_JFIF_MAJOR:
    case JWRN_ADOBE_XFORM:
    case JWRN_NOT_SEQUENTIAL:
        return 1;
    default:
        return 0;
    }
}

static void on_warning(j_common_ptr jpeg, int level)
{
    struct decoder *d = jpeg->client_data;
    if (level < 0 && (!is_harmless(d) || d->strict))
        give_up(jpeg);
}

static void print_nothing(j_common_ptr jpeg)
{
    (void)jpeg;
}

/* Blocks of coefficients of one scan of everything. */
static uint64_t count_blocks(const struct jpeg_decompress_struct *j)
{
    uint64_t blocks = 0;
    for (int i = 0; i < j->num_components; i++)
        blocks += (uint64_t)j->comp_info[i].width_in_blocks * j->comp_info[i].height_in_blocks;
    return blocks;
}

/* While a file of several scans is read. */
static void on_progress(j_common_ptr jpeg)
{
    struct decoder *d = jpeg->client_data;
    const struct jpeg_decompress_struct *j = &d->jpeg;
    for (int i = 0; i < j->comps_in_scan; i++)
        d->scanned[j->cur_comp_info[i]->component_index] = 1;
    if (j->input_scan_number > MAX_SCANS ||
        (uint64_t)j->input_scan_number * count_blocks(j) > MAX_WORK)
        give_up_saying(d, "too many scans");
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

static void choose_colour(struct decoder *d)
{
    int n = d->jpeg.num_components;
    if (n == 1)
        d->jpeg.out_color_space = JCS_GRAYSCALE;
    else if (n == 3)
        d->jpeg.out_color_space = JCS_RGB;
    else if (n == MOST_COLOURS)
        d->jpeg.out_color_space = JCS_CMYK;
    if (n != 1 && n != 3 && n != MOST_COLOURS) {
        snprintf(d->message, sizeof d->message, "%d colour components", n);
        longjmp(d->out, 1);
    }
}

/* Every block has a code for its first coefficient, and in a sequential file one that ends it; a
 * code has a bit at least. So a file too short for its size is refused before memory is asked for.
 * (Arithmetic coding needs less.) */
static void check_length(struct decoder *d, size_t size)
{
    const struct jpeg_decompress_struct *j = &d->jpeg;
    if (!j->arith_code && count_blocks(j) * (j->progressive_mode ? 1 : 2) > (uint64_t)size * 8) {
        d->cut = 1;
        give_up_saying(d, "premature end of file");
    }
}

/* The smallest of libjpeg's reductions that leaves twice what the image will be resized to. */
static void choose_scale(struct decoder *d, const struct cnn_fit *fit, int orientation)
{
    struct jpeg_decompress_struct *j = &d->jpeg;
    struct cnn_turn t = cnn_turn_of(orientation, j->image_height, j->image_width);
    size_t h = t.h, w = t.w;
    cnn_fit_size(fit, &h, &w);
    for (unsigned part = 8; part > 1 && j->scale_denom == j->scale_num; part /= 2)
        if (t.h / part >= 2 * h && t.w / part >= 2 * w)
            j->scale_denom = part * j->scale_num;
}

/* The header: the image's shape when it is turned, and its orientation. */
static int read_header(struct decoder *d, const unsigned char *bytes, size_t size,
                       struct cnn_chw *shape)
{
    struct jpeg_decompress_struct *j = &d->jpeg;
    jpeg_create_decompress(j);
    j->progress = &d->progress;
    jpeg_mem_src(j, bytes, (unsigned long)size);
    jpeg_save_markers(j, JPEG_APP0 + 1, 0xffff);
    jpeg_read_header(j, TRUE);
    choose_colour(d);
    int orientation = orientation_of(d);
    struct cnn_turn t = cnn_turn_of(orientation, j->image_height, j->image_width);
    *shape = (struct cnn_chw){j->num_components == 1 ? 1 : 3, t.h, t.w};
    d->code = cnn_image_bounds(shape->c, j->image_height, j->image_width, 255);
    if (d->code)
        longjmp(d->out, 1);
    check_length(d, size);
    return orientation;
}

/* Where the end marker is missing, scans may be missing too: of a progressive file any that would
 * have made a coefficient exact. A component without a scan has no data at all. */
static void check_scans(struct decoder *d)
{
    const struct jpeg_decompress_struct *j = &d->jpeg;
    if (!jpeg_has_multiple_scans(&d->jpeg))
        return;
    for (int i = 0; i < j->num_components; i++) {
        if (!d->scanned[i])
            give_up_saying(d, "a colour without data");
        for (int k = 0; d->cut && j->progressive_mode && k < DCTSIZE2; k++)
            if (j->coef_bits[i][k])
                give_up_saying(d, "premature end of file");
    }
}

static void read_pixels(struct decoder *d, const struct cnn_turn *turn, struct cnn_image *out)
{
    struct jpeg_decompress_struct *j = &d->jpeg;
    jpeg_start_decompress(j);
    check_scans(d);
    while (j->output_scanline < j->output_height) {
        size_t y = j->output_scanline;
        JSAMPROW row = d->row;
        jpeg_read_scanlines(j, &row, 1);
        if (j->out_color_space == JCS_CMYK)
            cmyk_row(d->row, j->output_width, j->saw_Adobe_marker);
        cnn_turn_row(out, turn, y, d->row, out->c);
    }
    jpeg_finish_decompress(j);
}

static void decode(struct decoder *d, const unsigned char *bytes, size_t size,
                   const struct cnn_fit *fit, struct cnn_image *out)
{
    struct jpeg_decompress_struct *j = &d->jpeg;
    struct cnn_chw shape;
    int orientation = read_header(d, bytes, size, &shape);
    if (fit)
        choose_scale(d, fit, orientation);
    jpeg_calc_output_dimensions(j);
    struct cnn_turn turn = cnn_turn_of(orientation, j->output_height, j->output_width);
    d->code = cnn_image_reshape(out, shape.c, turn.h, turn.w, 255);
    if (!d->code && !(d->row = cnn_calloc(j->output_width, (size_t)j->num_components)))
        d->code = CNN_ESYSTEM;
    if (d->code)
        longjmp(d->out, 1);
    read_pixels(d, &turn, out);
}

/* Nonzero when it gave up. A function of its own: what the jump's frame owned would be lost.
 * `shape`: only the header is read. */
static int try_decode(struct decoder *d, const unsigned char *bytes, size_t size,
                      const struct cnn_fit *fit, struct cnn_image *out, struct cnn_chw *shape)
{
    if (setjmp(d->out))
        return 1;
    if (shape)
        read_header(d, bytes, size, shape);
    else
        decode(d, bytes, size, fit, out);
    return 0;
}

static int run(struct decoder *d, const unsigned char *bytes, size_t size,
               const struct cnn_fit *fit, struct cnn_image *out, struct cnn_chw *shape)
{
    d->jpeg.err = jpeg_std_error(&d->errors);
    d->jpeg.client_data = d;
    d->errors.error_exit = give_up;
    d->errors.emit_message = on_warning;
    d->errors.output_message = print_nothing;
    d->progress.progress_monitor = on_progress;
    int failed = try_decode(d, bytes, size, fit, out, shape);
    jpeg_destroy_decompress(&d->jpeg);
    free(d->row);
    if (!failed || d->code)
        return d->code;
    if (d->errors.msg_code == JERR_OUT_OF_MEMORY)
        return cnn_fail_memory(0);
    int eof = d->cut || d->errors.msg_code == JERR_INPUT_EOF;
    return cnn_fail(CNN_EDATA, "%s JPEG: %s", eof ? "truncated" : "corrupt", d->message);
}

static int jpeg_sniff(const unsigned char *bytes, size_t size)
{
    return size >= 3 && !memcmp(bytes, "\xff\xd8\xff", 3);
}

static int jpeg_size(const unsigned char *bytes, size_t size, struct cnn_chw *out)
{
    struct decoder d = {.code = 0};
    return run(&d, bytes, size, NULL, NULL, out);
}

static int jpeg_decode(const unsigned char *bytes, size_t size, const struct cnn_decoding *how,
                       struct cnn_image *out)
{
    struct decoder d = {.strict = how->strict};
    return run(&d, bytes, size, how->fit, out, NULL);
}

const struct cnn_image_codec cnn_codec_jpeg = {
    .name = "JPEG",
    .library = "libjpeg",
    .endings = ".jpg .jpeg .jpe .jfif",
    .sniff = jpeg_sniff,
    .size = jpeg_size,
    .decode = jpeg_decode,
};
