/* Products of pairs of matrices; see products.c. A block has a tile of a product, and goes along k with
 * tiles of a and b in shared memory; a thread has PER x PER elements. */
#include "kern/cuda/cuda.cuh"

namespace
{

enum { SIDE = 16, PER = 4, TILE = SIDE * PER, DEPTH = 16, THREADS = SIDE * SIDE };

struct matrices {
    uint32_t at, step0, step1, row, col;

    __device__ uint32_t place(uint32_t first, uint32_t second) const
    {
        return at + first * step0 + second * step1;
    }
};

struct geometry {
    uint32_t m, n, k, tiles;  /* tiles: along n */
    cnn_divisor each, second; /* tiles of a product; pairs of a first number */
    matrices a, b, c;
};

matrices matrices_of(const struct cnn_matrices &m)
{
    return {(uint32_t)m.at, (uint32_t)m.step[0], (uint32_t)m.step[1], (uint32_t)m.row,
            (uint32_t)m.col};
}

/* TILE x DEPTH numbers from (line, depth) on into to[depth][line], zeros where there are none. Threads
 * side by side read what lies side by side. */
template <typename T>
__device__ inline void fill(const T *from, uint32_t line_step, uint32_t depth_step, uint32_t lines,
                            uint32_t depths, uint32_t line, uint32_t depth, float *to)
{
    for (uint32_t i = threadIdx.x; i < TILE * DEPTH; i += THREADS) {
        uint32_t l = depth_step == 1 ? i / DEPTH : i % TILE;
        uint32_t d = depth_step == 1 ? i % DEPTH : i / TILE;
        bool there = line + l < lines && depth + d < depths;
        to[d * (TILE + 1) + l] =
            there ? cnn_float(from[(line + l) * line_step + (depth + d) * depth_step]) : 0;
    }
}

template <typename T> __global__ void products_kernel(geometry g, const T *a, const T *b, T *c)
{
    CNN_SHARED(float, left, DEPTH *(TILE + 1));
    CNN_SHARED(float, right, DEPTH *(TILE + 1));
    uint32_t pair = cnn_divide(blockIdx.x, g.each), tile = blockIdx.x - pair * g.each.by;
    uint32_t first = cnn_divide(pair, g.second), second = pair - first * g.second.by;
    uint32_t i0 = tile / g.tiles * TILE, j0 = tile % g.tiles * TILE;
    uint32_t i = threadIdx.x / SIDE, j = threadIdx.x % SIDE;
    float sum[PER][PER] = {};
    a += g.a.place(first, second);
    b += g.b.place(first, second);
    c += g.c.place(first, second);
    for (uint32_t k = 0; k < g.k; k += DEPTH) {
        fill(a, g.a.row, g.a.col, g.m, g.k, i0, k, left);
        fill(b, g.b.col, g.b.row, g.n, g.k, j0, k, right);
        __syncthreads();
        for (uint32_t d = 0; d < DEPTH; d++)
            for (int p = 0; p < PER; p++)
                for (int q = 0; q < PER; q++)
                    sum[p][q] +=
                        left[d * (TILE + 1) + i + p * SIDE] * right[d * (TILE + 1) + j + q * SIDE];
        __syncthreads();
    }
    for (int p = 0; p < PER; p++)
        for (int q = 0; q < PER; q++) {
            uint32_t y = i0 + i + p * SIDE, x = j0 + j + q * SIDE;
            if (y < g.m && x < g.n)
                c[y * g.c.row + x * g.c.col] = cnn_to<T>(sum[p][q]);
        }
}

template <typename T>
void products(struct cnn_queue *q, const struct cnn_products *g, const struct cnn_tensor *a,
              const struct cnn_tensor *b, struct cnn_tensor *c)
{
    geometry k = {(uint32_t)g->m,    (uint32_t)g->n,
                  (uint32_t)g->k,    (uint32_t)cnn_ceil(g->n, TILE),
                  cnn_divisor_of(1), cnn_divisor_of(g->batch[1]),
                  matrices_of(g->a), matrices_of(g->b),
                  matrices_of(g->c)};
    size_t tiles = cnn_ceil(g->m, TILE) * k.tiles;
    k.each = cnn_divisor_of(tiles);
    cnn_launch(q, "products", products_kernel<T>,
               dim3((unsigned)(g->batch[0] * g->batch[1] * tiles)), THREADS, 0, k, a->data, b->data,
               c->data);
}

} // namespace

void cnn_cuda_products(struct cnn_queue *q, const struct cnn_products *g,
                       const struct cnn_tensor *a, const struct cnn_tensor *b, struct cnn_tensor *c)
{
    CNN_BY_TYPE(q, products, q, g, a, b, c);
}
