/* Convolution of each channel by itself; see depthwise.cuh. A thread makes 16 bytes of
 * channels (or one channel) of one position; a warp's channels lie side by side. */
#include "kern/conv/depthwise.cuh"
#include "kern/cuda/lanes.cuh"

template <typename T> struct depthwise {
    cnn_gather_axis h, w;
    cnn_places positions; /* of the result */
    cnn_view<const T> x;
    cnn_view<T> y;
    const T *packed;
    const float *bias;
    cnn_after<T> after;
};

template <typename T, int V> __global__ void depthwise_gather(depthwise<T> p)
{
    uint32_t i = cnn_thread();
    if (i >= p.positions.count)
        return;
    cnn_place at = cnn_place_at<V>(p.positions, i);
    float sum[V] = {}, x[V], tap[V];
    for (uint32_t r = 0; r < p.h.taps; r++) {
        uint32_t h = cnn_gather_source(p.h, at.h, r);
        for (uint32_t s = 0; h < p.h.source && s < p.w.taps; s++) {
            uint32_t w = cnn_gather_source(p.w, at.w, s);
            if (w >= p.w.source)
                continue;
            cnn_lanes_load(&p.x.at(at.n, at.c, h, w), x);
            cnn_lanes_load(p.packed + (r * p.w.taps + s) * p.y.c + at.c, tap);
            CNN_UNROLL
            for (int k = 0; k < V; k++)
                sum[k] += x[k] * tap[k];
        }
    }
    T *y = &p.y.at(at.n, at.c, at.h * p.h.spread + p.h.first, at.w * p.w.spread + p.w.first);
    cnn_lanes_finish<V>(sum, p.bias ? p.bias + at.c : NULL, p.after, p.y.data,
                        (uint32_t)(y - p.y.data));
}

template <typename T, int V>
static void gather(struct cnn_queue *q, const struct cnn_gather *g, const struct cnn_tensor *x,
                   const void *packed, const float *bias, const struct cnn_epilogue *e,
                   struct cnn_tensor *y)
{
    uint32_t packs = g->groups / V;
    cnn_places positions = {g->samples * g->h.positions * g->w.positions * packs, 1,
                            cnn_divisor_of(packs), cnn_divisor_of(g->h.positions),
                            cnn_divisor_of(g->w.positions)};
    depthwise<T> p = {g->h,
                      g->w,
                      positions,
                      cnn_view_of<const T>(x),
                      cnn_view_of<T>(y),
                      (const T *)packed,
                      bias,
                      cnn_after_of<T>(e)};
    cnn_launch(q, "depthwise convolution", depthwise_gather<T, V>,
               cnn_blocks(p.positions.count, 256), 256, 0, p);
}

void cnn_cuda_depthwise(struct cnn_queue *q, const struct cnn_gather *g, const struct cnn_tensor *x,
                        const void *packed, const float *bias, const struct cnn_epilogue *e,
                        struct cnn_tensor *y)
{
    if (!q->code)
        CNN_BY_PACKS(q, 1, g->groups, gather, q, g, x, packed, bias, e, y);
}

/* ---- weight gradient --------------------------------------------------------------------------
 */

enum { LANES = 32, ROWS = 8 };

/* Of x, dy and dw with their geometry; positions are cut into `chunks`. */
struct weight_pass {
    cnn_gather_axis h, w;
    cnn_gather_positions positions;
    uint32_t c, taps, chunks, each;
};

/* partial (chunks, taps, c): a block sums a tap of 32 channels over a chunk of positions, eight
 * positions at a time. */
template <typename T>
__global__ void depthwise_weight(weight_pass p, const T *x, const T *dy, float *partial)
{
    CNN_SHARED(float, part, LANES *ROWS);
    uint32_t lane = threadIdx.x % LANES, row = threadIdx.x / LANES, tap = blockIdx.y;
    uint32_t tiles = (p.c + LANES - 1) / LANES;
    uint32_t c = blockIdx.x % tiles * LANES + lane, chunk = blockIdx.x / tiles;
    uint32_t end = min((chunk + 1) * p.each, p.positions.count);
    uint32_t r = tap / p.w.taps, s = tap % p.w.taps;
    float sum = 0;
    for (uint32_t at = chunk * p.each + row; c < p.c && at < end; at += ROWS) {
        cnn_gather_position y = cnn_gather_position_at(p.positions, at);
        uint32_t h = cnn_gather_source(p.h, y.h, r), w = cnn_gather_source(p.w, y.w, s);
        if (h < p.h.source && w < p.w.source)
            sum += cnn_float(dy[at * p.c + c]) *
                   cnn_float(x[((y.n * p.h.source + h) * p.w.source + w) * p.c + c]);
    }
    part[threadIdx.x] = sum;
    __syncthreads();
    if (row || c >= p.c)
        return;
    for (uint32_t i = 1; i < ROWS; i++)
        sum += part[i * LANES + lane];
    partial[(chunk * p.taps + tap) * p.c + c] = sum;
}

/* dw (c, taps) += partial, chunk after chunk. */
__global__ void depthwise_weight_end(weight_pass p, const float *partial, float *dw)
{
    uint32_t t = cnn_thread(), tap = t / p.c, c = t % p.c;
    if (tap >= p.taps)
        return;
    double sum = 0;
    for (uint32_t chunk = 0; chunk < p.chunks; chunk++)
        sum += (double)partial[(chunk * p.taps + tap) * p.c + c];
    dw[c * p.taps + tap] += (float)sum;
}

template <typename T>
static void weight(struct cnn_queue *q, const weight_pass *p, const struct cnn_tensor *x,
                   const struct cnn_tensor *dy, struct cnn_tensor *dw)
{
    float *partial = (float *)q->cuda->scratch;
    dim3 grid((unsigned)(cnn_ceil(p->c, LANES) * p->chunks), p->taps);
    cnn_launch(q, "depthwise weight gradient", depthwise_weight<T>, grid, LANES * ROWS, 0, *p,
               (const T *)x->data, (const T *)dy->data, partial);
    cnn_launch(q, "depthwise weight gradient: parts", depthwise_weight_end,
               cnn_blocks((size_t)p->taps * p->c, 256), 256, 0, *p, (const float *)partial,
               (float *)dw->data);
}

void cnn_cuda_depthwise_weight(struct cnn_queue *q, const struct cnn_gather *g,
                               const struct cnn_tensor *x, const struct cnn_tensor *dy,
                               struct cnn_tensor *dw)
{
    weight_pass p = {};
    p.h = g->h;
    p.w = g->w;
    p.positions = cnn_gather_positions_of(g);
    p.c = g->groups;
    p.taps = g->h.taps * g->w.taps;
    if (q->code || !p.positions.count)
        return;
    size_t wanted = cnn_ceil(1024, cnn_ceil(p.c, LANES) * p.taps);
    size_t room = CNN_CUDA_SCRATCH / sizeof(float) / ((size_t)p.taps * p.c);
    size_t most = cnn_ceil(p.positions.count, 16 * ROWS);
    size_t chunks = wanted < most ? wanted : most;
    chunks = chunks < room ? chunks : room;
    p.each = (uint32_t)cnn_ceil(p.positions.count, chunks ? chunks : 1);
    p.chunks = (uint32_t)cnn_ceil(p.positions.count, p.each);
    CNN_BY_TYPE(q, weight, q, &p, x, dy, dw);
}
