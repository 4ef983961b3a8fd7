/* Matrix products, now or recorded; see gemm.cuh. */
#include "kern/cuda/record.cuh"

#include <limits.h>
#include <stdio.h>

/* cuBLAS counts in int. */
static bool fits(const struct cnn_gemm *g)
{
    return g->m <= INT_MAX && g->n <= INT_MAX && g->k <= INT_MAX && g->a.row <= INT_MAX &&
           g->b.row <= INT_MAX && g->row <= INT_MAX;
}

void cnn_cuda_gemm(struct cnn_queue *q, size_t m, size_t n, size_t k, struct cnn_matrix a,
                   struct cnn_matrix b, bool sum, void *c, size_t row)
{
    struct cnn_gemm g = {m, n, k, a, b, sum, c, row};
    if (q->code || !m || !n)
        return;
    if (!fits(&g)) {
        q->code = CNN_EDEVICE;
        snprintf(q->message, sizeof q->message,
                 "cuBLAS: a product of %zu x %zu x %zu: at most %d rows, columns and terms", m, n,
                 k, INT_MAX);
        return;
    }
    if (q->cuda->record)
        cnn_cuda_record_gemm(q, &g);
    else
        cnn_cuda_gemm_now(q, &g);
}
