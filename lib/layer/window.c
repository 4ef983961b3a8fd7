/* Sliding windows; see window.h. */
#include "layer/window.h"

#include <stdio.h>

static size_t reach(const struct cnn_axis *a)
{
    return a->dilation * (a->kernel - 1) + 1;
}

static void pad_same(struct cnn_axis *a)
{
    size_t out = (a->in + a->stride - 1) / a->stride;
    size_t need = (out - 1) * a->stride + reach(a), total = need > a->in ? need - a->in : 0;
    size_t odd = a->pad[0] == CNN_PAD_SAME_LOWER ? total % 2 : 0;
    a->before = total / 2 + odd;
    a->after = total - a->before;
}

/* Nonzero when a window fits. */
static int fit(struct cnn_axis *a)
{
    if (a->pad[0] == CNN_PAD_SAME || a->pad[0] == CNN_PAD_SAME_LOWER) {
        pad_same(a);
    } else if (a->pad[0] == CNN_PAD_FULL) {
        a->before = a->after = reach(a) - 1;
    } else {
        a->before = (size_t)a->pad[0];
        a->after = (size_t)a->pad[1];
    }
    size_t padded = a->in + a->before + a->after;
    if (padded < reach(a))
        return 0;
    size_t rest = padded - reach(a);
    a->out = rest / a->stride + 1;
    if (a->ceiling && rest % a->stride && a->out * a->stride < a->in + a->before)
        a->out++;
    return 1;
}

static void format_pad(const struct cnn_axis *h, const struct cnn_axis *w, char out[64])
{
    if (h->pad[0] != h->pad[1] || w->pad[0] != w->pad[1])
        snprintf(out, 64, "%d,%d,%d,%d", h->pad[0], w->pad[0], h->pad[1], w->pad[1]);
    else if (h->pad[0] == w->pad[0])
        snprintf(out, 64, "%d", h->pad[0]);
    else
        snprintf(out, 64, "%dx%d", h->pad[0], w->pad[0]);
}

void cnn_axis_fit_again(struct cnn_axis *h, struct cnn_axis *w)
{
    fit(h);
    fit(w);
}

int cnn_axis_fit(struct cnn_axis *h, struct cnn_axis *w)
{
    char pad[64], dilation[64] = "";
    if (fit(h) & fit(w))
        return 0;
    format_pad(h, w, pad);
    if (h->dilation > 1 || w->dilation > 1)
        snprintf(dilation, sizeof dilation, ", dilation %zux%zu", h->dilation, w->dilation);
    int signal = h->in == 1 && h->kernel > 1 && w->out;
    return cnn_fail(CNN_EDATA, "kernel %zux%zu does not fit into %zux%zu (pad %s%s)%s", h->kernel,
                    w->kernel, h->in, w->in, pad, dilation, signal ? "; of signals: 1xN" : "");
}

/* Along the depth: as said there, or as on the other axes. */
static size_t deep(const struct cnn_pair *p, size_t kernel)
{
    return p->d ? (size_t)p->d : p->h < 0 ? kernel : (size_t)p->h;
}

struct cnn_axis cnn_depth_fit_again(const struct cnn_depth_options *o, size_t rows)
{
    struct cnn_axis d = {.in = rows, .kernel = 1, .stride = 1, .dilation = 1};
    if (o->kernel.d) {
        int pad = o->pad.deep ? o->pad.depth : o->pad.top;
        d.kernel = (size_t)o->kernel.d;
        d.stride = deep(&o->stride, d.kernel);
        d.dilation = deep(&o->dilation, d.kernel);
        d.pad[0] = d.pad[1] = pad;
        d.ceiling = o->ceiling;
    }
    fit(&d);
    return d;
}

static int check_pair(const char *name, const struct cnn_pair *p, int deep_kernel)
{
    if (p->d && !deep_kernel)
        return cnn_fail(CNN_EDATA, "%s: %dx%dx%d has a depth, the kernel has none", name, p->d,
                        p->h, p->w);
    if (!p->d && deep_kernel && p->h != p->w)
        return cnn_fail(CNN_EDATA, "%s: %dx%d lacks the depth that the kernel has", name, p->h,
                        p->w);
    return 0;
}

static int check_pad(const struct cnn_pad *p, int deep_kernel)
{
    int alike = p->top == p->left && p->top == p->bottom && p->top == p->right;
    if (p->deep && !deep_kernel)
        return cnn_fail(CNN_EDATA, "pad: %dx%dx%d has a depth, the kernel has none", p->depth,
                        p->top, p->left);
    if (!p->deep && deep_kernel && !alike)
        return cnn_fail(CNN_EDATA, "pad: it lacks the depth that the kernel has: DxHxW");
    return 0;
}

int cnn_depth_fit(const struct cnn_depth_options *o, size_t rows, struct cnn_axis *d)
{
    int deep_kernel = o->kernel.d > 0, rc = check_pair("stride", &o->stride, deep_kernel);
    if (!rc)
        rc = check_pair("dilation", &o->dilation, deep_kernel);
    if (!rc)
        rc = check_pad(&o->pad, deep_kernel);
    if (rc)
        return rc;
    *d = cnn_depth_fit_again(o, rows);
    return d->out ? 0
                  : cnn_fail(CNN_EDATA, "the kernel's depth %zu does not fit into %zu row%s",
                             d->kernel, rows, rows == 1 ? "" : "s");
}

int cnn_depth_is_flat(const struct cnn_axis *d)
{
    return d->kernel == 1 && d->stride == 1 && !d->before && !d->after;
}

struct cnn_depth cnn_depth_of(const struct cnn_axis *d)
{
    return (struct cnn_depth){.in = d->in,
                              .out = d->out,
                              .kernel = d->kernel,
                              .stride = d->stride,
                              .dilation = d->dilation,
                              .before = d->before,
                              .after = d->after};
}
