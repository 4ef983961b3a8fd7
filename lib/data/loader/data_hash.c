/* What tells one dataset's contents from another's; see data_hash.h. */
#include "data/loader/data_hash.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/random.h"

void cnn_data_hash_add(struct cnn_data_hash *h, const struct cnn_batch *b)
{
    for (size_t i = 0; i < b->n; i++) {
        uint64_t placed = cnn_hash_u64(b->index[i], b->hash[i]);
        h->sum[0] += placed;
        h->sum[1] += cnn_hash_u64(placed, 1);
    }
    h->samples += b->n;
}

int cnn_data_hash_same(const struct cnn_data_hash *a, const struct cnn_data_hash *b)
{
    return a->samples == b->samples && a->sum[0] == b->sum[0] && a->sum[1] == b->sum[1];
}

void cnn_data_hash_print(const struct cnn_data_hash *h, char out[33])
{
    snprintf(out, 33, "%016" PRIx64 "%016" PRIx64, h->sum[0], h->sum[1]);
}
