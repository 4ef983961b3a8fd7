/* Inference in portions. Where all samples of a batch together would send each value out to memory
 * and back, a few at a time go through several steps while their values are still in a cache.
 *
 * Steps first .. last (struct cnn_step) take turns so, `portion` samples at a time; values that
 * nobody needs outside of them (`passing`) have room for a portion alone. */
#ifndef CNN_NET_PORTIONS_H
#define CNN_NET_PORTIONS_H

#include "net/steps.h"

/* Sets portion, first, last and passing of all steps: what moves the fewest bytes between cache and
 * memory, with steps that stay within b->cache_bytes at no cost. keep: (nodes) values that are
 * wanted afterwards. Allocates from the arena; CNN_ESYSTEM with an error set. */
CNN_CHECKED int cnn_portions_cut(const struct cnn_graph *g, struct cnn_backend *b, size_t batch,
                                 const unsigned char *keep, struct cnn_step *step,
                                 struct cnn_arena *arena);

#endif
