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
    return cnn_fail(CNN_EDATA, "kernel %zux%zu does not fit into %zux%zu (pad %s%s)", h->kernel,
                    w->kernel, h->in, w->in, pad, dilation);
}
