/* The picture of a preview: for each class its samples, each the original beside its copies. A few
 * classes have rows of their own, many follow one another with their names beneath. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/plot/draw.h"
#include "task/augment/private.h"

enum { MARGIN = 14, GAP = 2, PAD = 4, BESIDE = 5, APART = 8, LINE = 15, NAME = 160, HEAD = 66 };

static const struct cnn_label bold = {.size = 12, .bold = 1, .colour = 0x1a202c};
static const struct cnn_label title = {.size = 14, .bold = 1, .colour = 0x1a202c};
static const struct cnn_label grey = {.size = 10, .colour = 0x4a5568};
static const struct cnn_label centred = {.size = 10, .align = 0.5, .colour = 0x4a5568};

struct page {
    struct cnn_canvas *canvas;
    const struct preview *p;
    const struct cnn_strings *names;
    int flow; /* many classes */
    double left, cell_h, cell_w, unit_h, unit_w;
    double w, h;
};

static size_t units(const struct page *page, size_t group)
{
    return atomic_load(&page->p->group[group].count);
}

static void class_name(const struct page *page, size_t group, double room, struct cnn_buf *out)
{
    struct cnn_buf name = {0};
    if (group + 1 == page->p->groups)
        cnn_buf_puts(&name, page->p->classes ? "no class" : "");
    else if (group < page->names->count)
        cnn_buf_puts(&name, page->names->item[group]);
    else
        cnn_buf_printf(&name, "%zu", group);
    cnn_text_cut(&bold, room, cnn_label_text(&name), out);
    cnn_buf_free(&name);
}

static void add_text(const struct page *page, double x, double y, const struct cnn_label *how,
                     double room, const char *text)
{
    struct cnn_buf cut = {0};
    cnn_text_cut(how, room, text, &cut);
    cnn_draw_text(page->canvas, x, y, how, cnn_label_text(&cut));
    cnn_buf_free(&cut);
}

/* Where tile k of a unit is; what was made stands a little apart from the original. */
static double tile_x(const struct page *page, size_t k)
{
    return PAD + (double)k * (page->cell_w + GAP) + (k && page->p->tiles > 1 ? BESIDE : 0);
}

/* No larger than what is shown needs. */
static void plan_cells(struct page *page)
{
    const struct preview *p = page->p;
    for (size_t g = 0; g < p->groups; g++)
        for (size_t i = 0; i < units(page, g); i++)
            for (size_t k = 0; k < p->tiles; k++) {
                page->cell_h = fmax(page->cell_h, (double)p->group[g].unit[i].tile[k].h);
                page->cell_w = fmax(page->cell_w, (double)p->group[g].unit[i].tile[k].w);
            }
    page->unit_h = page->cell_h + 2 * PAD + LINE * (page->flow ? 2 : 1);
    page->unit_w = tile_x(page, p->tiles) - GAP + PAD;
    if (page->unit_w < 48)
        page->unit_w = 48;
}

/* Where unit `at` of a page or a class is, below `top`. */
static double unit_x(const struct page *page, size_t at)
{
    return page->left + (double)(at % page->p->row) * (page->unit_w + APART);
}

static double unit_y(const struct page *page, size_t at, double top)
{
    return top + (double)(at / page->p->row) * (page->unit_h + APART);
}

static double rows_height(const struct page *page, size_t n)
{
    return (double)((n + page->p->row - 1) / page->p->row) * (page->unit_h + APART);
}

static void plan(struct page *page)
{
    const struct preview *p = page->p;
    size_t all = 0, longest = 0;
    double name = 0;
    plan_cells(page);
    page->h = HEAD + MARGIN;
    for (size_t g = 0; g < p->groups; g++) {
        struct cnn_buf text = {0};
        size_t n = units(page, g);
        class_name(page, g, NAME, &text);
        if (n && text.size)
            name = fmax(name, fmax(80, cnn_text_width(&bold, text.text)));
        cnn_buf_free(&text);
        all += n;
        longest = n > longest ? n : longest;
        if (n && !page->flow)
            page->h += rows_height(page, n) + APART;
    }
    if (page->flow) {
        page->h += rows_height(page, all);
        longest = all;
    }
    page->left = MARGIN + (page->flow || name == 0 ? 0 : ceil(name) + 12);
    longest = longest < p->row ? longest : p->row;
    page->w = page->left + (double)longest * (page->unit_w + APART) - APART + MARGIN;
    page->w = fmax(page->w, 420);
}

static int draw_unit(const struct page *page, const struct preview_unit *u, double x, double y,
                     const char *name)
{
    int rc = 0;
    const char *key = strrchr(u->key, '/');
    double below = y + PAD + page->cell_h + LINE / 2.0 + 2;
    cnn_draw_rect(page->canvas, x, y, page->unit_w, page->unit_h, 0xedf2f7);
    for (size_t k = 0; k < page->p->tiles && !rc; k++) {
        const struct cnn_image *t = &u->tile[k];
        double left = x + tile_x(page, k) + floor((page->cell_w - (double)t->w) / 2);
        double top = y + PAD + floor((page->cell_h - (double)t->h) / 2);
        if (t->px)
            rc = cnn_draw_image(page->canvas, left, top, (double)t->w, (double)t->h, t);
    }
    if (name)
        add_text(page, x + PAD, below, &bold, page->unit_w - 2 * PAD, name);
    add_text(page, x + PAD, below + (name ? LINE : 0), &grey, page->unit_w - 2 * PAD,
             key && key[1] ? key + 1 : u->key);
    return rc;
}

/* A class's name, and how many of its samples are here. */
static void draw_name(const struct page *page, size_t g, double y)
{
    const struct preview_group *group = &page->p->group[g];
    struct cnn_buf name = {0};
    char count[64];
    class_name(page, g, NAME, &name);
    if (name.size) {
        cnn_draw_text(page->canvas, MARGIN, y + PAD + LINE / 2.0, &bold, name.text);
        snprintf(count, sizeof count, page->p->counted ? "%zu of %zu" : "%zu", units(page, g),
                 group->total);
        cnn_draw_text(page->canvas, MARGIN, y + PAD + 1.5 * LINE, &grey, count);
    }
    cnn_buf_free(&name);
}

static int draw_rows(const struct page *page)
{
    double y = HEAD;
    int rc = 0;
    for (size_t g = 0; g < page->p->groups && !rc; g++) {
        size_t n = units(page, g);
        if (n)
            draw_name(page, g, y);
        for (size_t i = 0; i < n && !rc; i++)
            rc = draw_unit(page, &page->p->group[g].unit[i], unit_x(page, i), unit_y(page, i, y),
                           NULL);
        y += n ? rows_height(page, n) + APART : 0;
    }
    return rc;
}

static int draw_flow(const struct page *page)
{
    size_t at = 0;
    int rc = 0;
    for (size_t g = 0; g < page->p->groups && !rc; g++)
        for (size_t i = 0; i < units(page, g) && !rc; i++, at++) {
            struct cnn_buf name = {0};
            class_name(page, g, page->unit_w - 2 * PAD, &name);
            rc = draw_unit(page, &page->p->group[g].unit[i], unit_x(page, at),
                           unit_y(page, at, HEAD), cnn_label_text(&name));
            cnn_buf_free(&name);
        }
    return rc;
}

/* "train/: 2 classes", what is done, and over the columns what they are. */
static void draw_head(const struct page *page, const char *data, const char *options)
{
    const struct preview *p = page->p;
    struct cnn_buf text = {0};
    size_t shown = 0, all = 0;
    for (size_t g = 0; g < p->groups; g++) {
        shown += g + 1 < p->groups && units(page, g);
        all += units(page, g);
    }
    cnn_buf_printf(&text, "%s: ", strcmp(data, "-") ? data : "standard input");
    if (p->classes && shown == p->classes)
        cnn_buf_printf(&text, "%zu class%s", shown, shown == 1 ? "" : "es");
    else if (p->classes)
        cnn_buf_printf(&text, "%zu of %zu classes", shown, p->classes);
    else if (p->counted && all < p->group[p->groups - 1].total)
        cnn_buf_printf(&text, "%zu of %zu samples", all, p->group[p->groups - 1].total);
    else
        cnn_buf_printf(&text, "%zu sample%s", all, all == 1 ? "" : "s");
    if (p->tiles <= p->copies)
        cnn_buf_printf(&text, ", %zu of %zu copies", p->tiles - 1, p->copies);
    add_text(page, MARGIN, MARGIN + 6, &title, page->w - 2 * MARGIN, cnn_label_text(&text));
    add_text(page, MARGIN, MARGIN + 25, &grey, page->w - 2 * MARGIN,
             options[0] ? options : "unchanged");
    for (size_t i = 0; i < p->row && p->tiles > 1; i++)
        for (size_t k = 0; k < p->tiles && unit_x(page, i) + page->unit_w < page->w; k++) {
            char name[32] = "original";
            if (k)
                snprintf(name, sizeof name, p->copies > 1 ? "+%zu" : "copy", k);
            add_text(page, unit_x(page, i) + tile_x(page, k) + page->cell_w / 2, HEAD - 9, &centred,
                     page->cell_w, name);
        }
    cnn_buf_free(&text);
}

static int draw_page(struct page *page, const struct cnn_augment_options *o,
                     const struct cnn_augmenter *augmenter, struct cnn_buf *out)
{
    struct cnn_buf unused = {0};
    char *text = cnn_augment_command(o, augmenter);
    if (text)
        draw_head(page, o->data, text);
    int rc = !text ? CNN_ESYSTEM : page->flow ? draw_flow(page) : draw_rows(page);
    int end = cnn_canvas_end(page->canvas, rc ? &unused : out);
    cnn_buf_free(&unused);
    free(text);
    return rc ? rc : end;
}

int cnn_preview_write(const struct preview *p, const struct cnn_dataset *ds,
                      const struct cnn_augment_options *o, const struct cnn_augmenter *augmenter)
{
    struct page page = {
        .p = p, .names = cnn_dataset_classes(ds), .flow = p->groups - 1 > PREVIEW_ROWS};
    struct cnn_buf bytes = {0};
    enum cnn_picture format;
    int rc = cnn_picture_format(o->preview, &format);
    if (rc)
        return rc;
    plan(&page);
    if (page.cell_h < 1)
        return cnn_fail(CNN_EDATA, "%s: there is no image to show", o->preview);
    rc = cnn_canvas_new(format, page.w, page.h, &page.canvas);
    if (!rc)
        rc = draw_page(&page, o, augmenter, &bytes);
    if (!rc)
        rc = cnn_picture_write(o->preview, &bytes);
    cnn_buf_free(&bytes);
    return rc;
}
