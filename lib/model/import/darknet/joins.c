/* Layers of darknet that read several, or bring pixels elsewhere. */
#include <stdio.h>

#include "model/import/darknet/darknet.h"

enum { MOST_READ = 64 };

/* One of so many equal parts of the channels of each layer. */
static int take_group(struct darknet_net *n, size_t i, struct darknet_section **from, size_t count,
                      size_t groups, size_t group, struct darknet_section *part)
{
    for (size_t k = 0; k < count; k++) {
        struct darknet_section *only = from[k];
        char word[32];
        if (only->shape.c % groups)
            return cnn_darknet_refuse(n, i, "groups=%zu for %zu channels", groups, only->shape.c);
        snprintf(word, sizeof word, count > 1 ? "split%zu" : "split", k);
        int rc = cnn_darknet_line(n, i, word, &only, 1, "split %zu", groups);
        if (rc)
            return rc;
        part[k].shape = only->shape;
        part[k].shape.c /= groups;
        part[k].label = cnn_arena_printf(n->arena, "%s.%zu", n->section[i].label, group);
        if (!part[k].label)
            return CNN_ESYSTEM;
        n->last = "";
        from[k] = &part[k];
    }
    return 1;
}

int cnn_darknet_route(struct darknet_net *n, size_t i)
{
    struct darknet_section *s = &n->section[i], *from[MOST_READ], part[8];
    size_t count, groups, group, most = sizeof part / sizeof *part;
    int rc = cnn_darknet_layers(n, i, "layers", MOST_READ, from, &count);
    if (!rc)
        rc = cnn_darknet_number(n, s, "groups", 1, 1, 1 << 20, &groups);
    if (!rc)
        rc = cnn_darknet_number(n, s, "group_id", 0, 0, 1 << 20, &group);
    if (rc)
        return rc;
    if (groups > 1 && (count > most || group >= groups))
        return cnn_darknet_refuse(n, i, "group_id=%zu of %zu", group, groups);
    rc = groups > 1 ? take_group(n, i, from, count, groups, group, part) : 1;
    if (rc != 1)
        return rc;
    s->shape = from[0]->shape;
    for (size_t k = 1; k < count; k++) {
        if (from[k]->shape.h != s->shape.h || from[k]->shape.w != s->shape.w)
            return cnn_darknet_refuse(n, i, "planes of %zux%zu and of %zux%zu", s->shape.h,
                                      s->shape.w, from[k]->shape.h, from[k]->shape.w);
        s->shape.c += from[k]->shape.c;
    }
    s->label = from[0]->label;
    return count == 1 ? 0 : cnn_darknet_line(n, i, "concat", from, count, "concat");
}

int cnn_darknet_shortcut(struct darknet_net *n, size_t i)
{
    struct darknet_section *from[MOST_READ];
    size_t count;
    from[0] = cnn_darknet_before(n, i);
    int rc = cnn_darknet_layers(n, i, "from", MOST_READ - 1, from + 1, &count);
    if (rc)
        return rc;
    for (size_t k = 1; k <= count; k++)
        if (!cnn_chw_equal(from[k]->shape, from[0]->shape))
            return cnn_darknet_refuse(n, i, "layers of several shapes");
    rc = cnn_darknet_line(n, i, "sum", from, count + 1, "sum");
    return rc ? rc : cnn_darknet_activate(n, i, "linear");
}

int cnn_darknet_upsample(struct darknet_net *n, size_t i)
{
    struct darknet_section *s = &n->section[i], *before = cnn_darknet_before(n, i);
    size_t stride;
    double scale;
    int rc = cnn_darknet_number(n, s, "stride", 2, 1, 1024, &stride);
    if (!rc)
        rc = cnn_darknet_real(n, s, "scale", 1, &scale);
    if (rc)
        return rc;
    if (scale < 1 || scale > 1)
        return cnn_darknet_refuse(n, i, "scale=%g", scale);
    s->shape =
        (struct cnn_chw){before->shape.c, before->shape.h * stride, before->shape.w * stride};
    return cnn_darknet_line(n, i, "upsample", &before, 1, "upsample %zu", stride);
}
