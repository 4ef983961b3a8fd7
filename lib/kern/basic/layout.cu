/* Copies and sums of two, also between plain order and channels last: for each sample a
 * transposition of (c, h w) to (h w, c), or back, by tiles in shared memory. */
#include "kern/cuda/cuda.cuh"

enum { THREADS = 256, TILE = 4096, TILE_SIDE = 64 };

/* How matrices (rows, columns) are cut into tiles of at most TILE numbers; `down` and `across`
 * tiles make up a matrix. */
struct tiling {
    uint32_t rows, columns;
    cnn_divisor tile_rows, tile_columns, down, across;
};

static uint32_t least(size_t a, size_t b)
{
    return (uint32_t)(a < b ? a : b);
}

/* Square tiles, and longer ones where the other side is short. */
static struct tiling tiling_of(size_t rows, size_t columns)
{
    size_t tile_rows = least(rows, TILE_SIDE), tile_columns = least(columns, TILE / tile_rows);
    tile_rows = least(rows, TILE / tile_columns);
    return {(uint32_t)rows,
            (uint32_t)columns,
            cnn_divisor_of(tile_rows),
            cnn_divisor_of(tile_columns),
            cnn_divisor_of(cnn_ceil(rows, tile_rows)),
            cnn_divisor_of(cnn_ceil(columns, tile_columns))};
}

/* A block's tile: where it begins, and how much of it lies inside the matrix. */
struct tile {
    uint32_t matrix, row, column, rows, columns;
};

static __device__ inline struct tile tile_of(struct tiling k, uint32_t block)
{
    uint32_t band = cnn_divide(block, k.across), matrix = cnn_divide(band, k.down);
    uint32_t row = (band - matrix * k.down.by) * k.tile_rows.by;
    uint32_t column = (block - band * k.across.by) * k.tile_columns.by;
    return {matrix, row, column, min(k.tile_rows.by, k.rows - row),
            min(k.tile_columns.by, k.columns - column)};
}

/* to (n, columns, rows) = from (n, rows, columns), or is added to where `add`. The rows of a tile
 * are an odd number of places apart, so that its columns lie in different banks. */
template <typename T>
static __global__ void transpose(struct tiling k, const T *from, T *to, int add)
{
    CNN_SHARED(T, held, TILE + TILE / 2);
    struct tile at = tile_of(k, blockIdx.x);
    uint32_t pitch = k.tile_columns.by | 1, first = at.matrix * k.rows * k.columns;
    from += first + at.row * k.columns + at.column;
    to += first + at.column * k.rows + at.row;
    for (uint32_t i = threadIdx.x; i < TILE; i += THREADS) {
        uint32_t r = cnn_divide(i, k.tile_columns), c = i - r * k.tile_columns.by;
        if (r < at.rows && c < at.columns)
            held[r * pitch + c] = from[r * k.columns + c];
    }
    __syncthreads();
    for (uint32_t i = threadIdx.x; i < TILE; i += THREADS) {
        uint32_t c = cnn_divide(i, k.tile_rows), r = i - c * k.tile_rows.by;
        if (r < at.rows && c < at.columns) {
            T v = held[r * pitch + c], *y = &to[c * k.rows + r];
            *y = add ? cnn_to<T>(cnn_float(*y) + cnn_float(v)) : v;
        }
    }
}

template <typename T>
static void rearrange(struct cnn_queue *q, const struct cnn_tensor *x, struct cnn_tensor *y,
                      int add)
{
    size_t hw = x->h * x->w;
    struct tiling k = cnn_layout_is_plain(x->layout) ? tiling_of(x->c, hw) : tiling_of(hw, x->c);
    dim3 tiles((unsigned)(x->n * k.down.by * k.across.by));
    cnn_launch(q, add ? "accumulate" : "copy", transpose<T>, tiles, THREADS, 0, k, x->data, y->data,
               add);
}

/* Whether the numbers lie in the same order: flattened ones do, whatever they are called. */
static int same_order(const struct cnn_tensor *x, const struct cnn_tensor *y)
{
    int x_plain = cnn_layout_is_plain(x->layout) || x->c == 1 || x->h * x->w == 1;
    int y_plain = cnn_layout_is_plain(y->layout) || y->c == 1 || y->h * y->w == 1;
    return (x_plain && y_plain) || (cnn_is_nhwc(x) && cnn_is_nhwc(y));
}

void cnn_cuda_copy(struct cnn_queue *q, const struct cnn_tensor *x, struct cnn_tensor *y)
{
    if (x->data == y->data)
        return;
    if (same_order(x, y))
        cnn_cuda_sum_forward(q, 1, &x, y);
    else
        CNN_BY_TYPE(q, rearrange, q, x, y, 0);
}

void cnn_cuda_accumulate(struct cnn_queue *q, const struct cnn_tensor *x, struct cnn_tensor *y)
{
    const struct cnn_tensor *terms[] = {y, x};
    if (same_order(x, y))
        cnn_cuda_sum_forward(q, 2, terms, y);
    else
        CNN_BY_TYPE(q, rearrange, q, x, y, 1);
}
