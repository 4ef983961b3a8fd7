/* Convolution on a GPU: which product each pass is (gather.cuh, weight.cuh,
 * depthwise.cuh, gemm.cuh), and the packing of weights for it. */
#include "kern/conv/depthwise.cuh"
#include "kern/conv/gather.cuh"
#include "kern/conv/weight.cuh"
#include "kern/cuda/gemm.cuh"

#include <stdio.h>

/* ---- products ---------------------------------------------------------------------------------
 */

/* The taps of an axis that a product goes through: first, first + step, ... */
struct taps {
    size_t first, step, count;
};

/* A pass as products: for the forward pass one, for the data gradient one a phase of the stride. */
struct pass {
    struct cnn_gather g;
    struct taps h, w;
    bool transposed; /* the data gradient: weights are read from out to in */
};

static int is_pointwise(const struct cnn_conv *g)
{
    return g->kh == 1 && g->kw == 1 && g->stride_h == 1 && g->stride_w == 1 && g->groups == 1 &&
           !g->pad_top && !g->pad_left && !g->pad_bottom && !g->pad_right;
}

static int is_depthwise(const struct cnn_conv *g)
{
    return g->groups == g->in_c && g->groups == g->out_c && g->groups > 1 &&
           g->kh * g->kw <= 65535 && g->kh * g->kw * g->out_c <= CNN_CUDA_SCRATCH / sizeof(float);
}

static cnn_gather_axis forward_axis(size_t out, size_t taps, size_t in, size_t stride, size_t pad,
                                    size_t dilation)
{
    return {(uint32_t)out,
            (uint32_t)taps,
            (uint32_t)in,
            (int32_t)stride,
            -(int32_t)pad,
            (int32_t)dilation,
            1,
            0};
}

static struct pass forward_pass(const struct cnn_queue *q, const struct cnn_conv *g, size_t samples)
{
    struct pass p = {};
    p.g.h = forward_axis(g->out_h, g->kh, g->in_h, g->stride_h, g->pad_top, g->dilation_h);
    p.g.w = forward_axis(g->out_w, g->kw, g->in_w, g->stride_w, g->pad_left, g->dilation_w);
    p.g.samples = (uint32_t)samples;
    p.g.groups = (uint32_t)g->groups;
    p.g.in = (uint32_t)(g->in_c / g->groups);
    p.g.out = (uint32_t)(g->out_c / g->groups);
    p.g.row = (uint32_t)cnn_gather_row(g->kh * g->kw * p.g.in, cnn_cuda_number_bytes(q));
    p.h = {0, 1, g->kh};
    p.w = {0, 1, g->kw};
    return p;
}

/* Positions phase, phase + stride, ... of dx: dx[i] sums dy[(i + pad - r dilation) / stride] w[r]
 * over the taps r for which the division leaves no rest. */
static cnn_gather_axis data_axis(size_t phase, size_t in, size_t out, size_t kernel, size_t stride,
                                 size_t pad, size_t dilation, struct taps *t)
{
    *t = {kernel, kernel, 0};
    for (size_t r = 0; r < kernel; r++) {
        if ((phase + pad + r * (stride - dilation % stride)) % stride)
            continue;
        if (t->count == 0)
            t->first = r;
        else if (t->count == 1)
            t->step = r - t->first;
        t->count++;
    }
    int64_t s = (int64_t)stride;
    int64_t offset = (int64_t)(phase + pad) - (int64_t)(t->first * dilation);
    return {(uint32_t)cnn_ceil(in - phase, stride),
            (uint32_t)t->count,
            (uint32_t)out,
            1,
            (int32_t)(t->count ? offset / s : 0),
            (int32_t)(t->count > 1 ? -(int64_t)(t->step * dilation) / s : 0),
            (uint32_t)stride,
            (uint32_t)phase};
}

static struct pass data_pass(const struct cnn_queue *q, const struct cnn_conv *g, size_t samples,
                             size_t phase_h, size_t phase_w)
{
    struct pass p = {};
    p.g.h =
        data_axis(phase_h, g->in_h, g->out_h, g->kh, g->stride_h, g->pad_top, g->dilation_h, &p.h);
    p.g.w =
        data_axis(phase_w, g->in_w, g->out_w, g->kw, g->stride_w, g->pad_left, g->dilation_w, &p.w);
    if (!p.h.count || !p.w.count) { /* nothing to sum: zeros */
        p.g.h.taps = 0;
        p.g.w.taps = 1;
    }
    p.g.samples = (uint32_t)samples;
    p.g.groups = (uint32_t)g->groups;
    p.g.in = (uint32_t)(g->out_c / g->groups);
    p.g.out = (uint32_t)(g->in_c / g->groups);
    p.g.row = (uint32_t)cnn_gather_row((size_t)p.g.h.taps * p.g.w.taps * p.g.in,
                                       cnn_cuda_number_bytes(q));
    p.transposed = true;
    return p;
}

/* ---- packing ----------------------------------------------------------------------------------
 */

/* Where packed[group][n][r][s][c] is read from. */
struct packing {
    uint32_t out, in, taps_h, taps_w, row;
    size_t group, n, c; /* strides in w */
    uint32_t kw, first_h, step_h, first_w, step_w;
};

template <typename T> __global__ void pack_rows(packing k, const float *w, T *packed, size_t count)
{
    size_t i = (size_t)blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= count)
        return;
    uint32_t at = (uint32_t)(i % k.row), tap = at / k.in, c = at % k.in;
    uint32_t n = (uint32_t)(i / k.row % k.out);
    size_t group = i / k.row / k.out;
    uint32_t r = k.first_h + tap / k.taps_w * k.step_h, s = k.first_w + tap % k.taps_w * k.step_w;
    float v = tap < k.taps_h * k.taps_w ? w[group * k.group + n * k.n + c * k.c + r * k.kw + s] : 0;
    packed[i] = cnn_to<T>(v);
}

/* packed[r][s][channel], for depthwise. */
template <typename T> __global__ void pack_taps(packing k, const float *w, T *packed, size_t count)
{
    size_t i = (size_t)blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= count)
        return;
    size_t groups = count / (k.taps_h * k.taps_w);
    uint32_t tap = (uint32_t)(i / groups);
    uint32_t r = k.first_h + tap / k.taps_w * k.step_h, s = k.first_w + tap % k.taps_w * k.step_w;
    packed[i] = cnn_to<T>(w[i % groups * k.group + r * k.kw + s]);
}

static size_t packed_count(const struct pass *p, int depthwise)
{
    return depthwise ? (size_t)p->g.groups * p->g.h.taps * p->g.w.taps
                     : (size_t)p->g.groups * p->g.out * p->g.row;
}

template <typename T>
static void pack(struct cnn_queue *q, const struct cnn_conv *g, const struct pass *p,
                 const struct cnn_tensor *w, void *packed)
{
    size_t taps = g->kh * g->kw, count = packed_count(p, is_depthwise(g));
    packing k = {};
    k.out = p->g.out;
    k.in = p->g.in;
    k.taps_h = p->g.h.taps;
    k.taps_w = p->g.w.taps;
    k.row = p->g.row;
    k.group = taps * p->g.in * p->g.out;
    k.n = p->transposed ? taps : taps * p->g.in;
    k.c = p->transposed ? taps * p->g.out : taps;
    k.kw = (uint32_t)g->kw;
    k.first_h = (uint32_t)p->h.first;
    k.step_h = (uint32_t)p->h.step;
    k.first_w = (uint32_t)p->w.first;
    k.step_w = (uint32_t)p->w.step;
    cnn_launch(q, "packing of weights", is_depthwise(g) ? pack_taps<T> : pack_rows<T>,
               cnn_blocks(count, 256), 256, 0, k, (const float *)w->data, (T *)packed, count);
}

/* ---- passes -----------------------------------------------------------------------------------
 */

size_t cnn_cuda_conv_packed(struct cnn_queue *q, const struct cnn_conv *g,
                            const struct cnn_tensor *x, const struct cnn_tensor *y)
{
    (void)x;
    (void)y;
    struct pass p = forward_pass(q, g, 1);
    return packed_count(&p, is_depthwise(g)) * cnn_cuda_number_bytes(q);
}

/* Weights packed for the pass at hand; the data gradient's phases use the same memory one after the
 * other. */
size_t cnn_cuda_conv_work(struct cnn_queue *q, const struct cnn_conv *g, const struct cnn_tensor *x,
                          const struct cnn_tensor *y)
{
    size_t most = cnn_cuda_conv_packed(q, g, x, y);
    for (size_t i = 0; i < g->stride_h && i < g->in_h; i++)
        for (size_t j = 0; j < g->stride_w && j < g->in_w; j++) {
            struct pass p = data_pass(q, g, 1, i, j);
            size_t bytes = packed_count(&p, is_depthwise(g)) * cnn_cuda_number_bytes(q);
            most = bytes > most ? bytes : most;
        }
    return most;
}

void cnn_cuda_conv_pack(struct cnn_queue *q, const struct cnn_conv *g, const struct cnn_tensor *x,
                        const struct cnn_tensor *y, const struct cnn_tensor *w, void *packed)
{
    (void)x;
    (void)y;
    struct pass p = forward_pass(q, g, 1);
    if (!q->code)
        CNN_BY_TYPE(q, pack, q, g, &p, w, packed);
}

/* Whether both lie channels last; it is our own mistake where they do not. */
static int take(struct cnn_queue *q, const struct cnn_tensor *x, const struct cnn_tensor *y)
{
    if (!q->code && !(cnn_is_nhwc(x) && cnn_is_nhwc(y))) {
        q->code = CNN_EINTERNAL;
        snprintf(q->message, sizeof q->message, "convolution of a plain tensor on a GPU");
    }
    return !q->code;
}

static void run(struct cnn_queue *q, const struct cnn_conv *g, const struct pass *p,
                const struct cnn_tensor *x, const void *packed, const struct cnn_tensor *b,
                const struct cnn_epilogue *e, struct cnn_tensor *y)
{
    const float *bias = b ? (const float *)b->data : NULL;
    if (is_depthwise(g))
        cnn_cuda_depthwise(q, &p->g, x, packed, bias, e, y);
    else
        cnn_cuda_gather(q, &p->g, x, packed, bias, e, y);
}

static size_t positions(const struct cnn_tensor *t)
{
    return t->n * t->h * t->w;
}

void cnn_cuda_conv_forward(struct cnn_queue *q, const struct cnn_conv *g,
                           const struct cnn_tensor *x, const struct cnn_tensor *w,
                           const struct cnn_tensor *b, const void *packed,
                           const struct cnn_epilogue *e, struct cnn_tensor *y, void *work)
{
    if (!take(q, x, y))
        return;
    struct pass p = forward_pass(q, g, x->n);
    if (!packed) {
        CNN_BY_TYPE(q, pack, q, g, &p, w, work);
        packed = work;
    }
    if (is_pointwise(g) && !b && !e)
        cnn_cuda_gemm(q, positions(y), y->c, x->c, {x->data, x->c, false}, {packed, p.g.row, true},
                      false, y->data, y->c);
    else
        run(q, g, &p, x, packed, b, e, y);
    cnn_after_rest(q, e, y);
}

void cnn_cuda_conv_backward_data(struct cnn_queue *q, const struct cnn_conv *g,
                                 const struct cnn_tensor *dy, const struct cnn_tensor *w,
                                 struct cnn_tensor *dx, void *work)
{
    if (!take(q, dx, dy))
        return;
    if (is_pointwise(g)) {
        struct pass p = forward_pass(q, g, dy->n);
        CNN_BY_TYPE(q, pack, q, g, &p, w, work);
        cnn_cuda_gemm(q, positions(dx), dx->c, dy->c, {dy->data, dy->c, false},
                      {work, p.g.row, false}, false, dx->data, dx->c);
        return;
    }
    for (size_t i = 0; i < g->stride_h && i < g->in_h; i++)
        for (size_t j = 0; j < g->stride_w && j < g->in_w; j++) {
            struct pass p = data_pass(q, g, dy->n, i, j);
            CNN_BY_TYPE(q, pack, q, g, &p, w, work);
            run(q, g, &p, dy, work, NULL, NULL, dx);
        }
}

void cnn_cuda_conv_backward_weight(struct cnn_queue *q, const struct cnn_conv *g,
                                   const struct cnn_tensor *x, const struct cnn_tensor *dy,
                                   struct cnn_tensor *dw, void *work)
{
    (void)work;
    if (!take(q, x, dy))
        return;
    struct pass p = forward_pass(q, g, x->n);
    if (is_pointwise(g))
        cnn_cuda_gemm(q, dy->c, x->c, positions(dy), {dy->data, dy->c, true},
                      {x->data, x->c, false}, true, dw->data, x->c);
    else if (is_depthwise(g))
        cnn_cuda_depthwise_weight(q, &p.g, x, dy, dw);
    else
        cnn_cuda_conv_weight(q, &p.g, x, dy, dw);
}

/* Multiply-adds, as if the GPU were a core that does 16 in a cycle: there is one way for each case,
 * and nothing to choose. */
double cnn_cuda_conv_cost(struct cnn_queue *q, const struct cnn_conv *g, const struct cnn_tensor *x,
                          const struct cnn_tensor *y, enum cnn_conv_pass pass,
                          const char **algorithm)
{
    (void)q;
    (void)x;
    (void)y;
    (void)pass;
    if (algorithm)
        *algorithm = is_pointwise(g) ? "gemm" : is_depthwise(g) ? "depthwise" : "gather";
    return (double)g->batch * (double)(g->out_h * g->out_w * g->out_c) *
           (double)(g->in_c / g->groups * g->kh * g->kw) / 16;
}
