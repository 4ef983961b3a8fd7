/* An ordered parallel map: items are produced one after another, worked on by
 * several threads at once, and consumed in the order in which they were
 * produced, at most `depth` of them ahead of the consumer.
 *
 * This is how decoding runs ahead of compute and how cnn-augment uses all cores
 * while its stream stays in order. */
#ifndef CNN_BASE_PIPELINE_H
#define CNN_BASE_PIPELINE_H

#include <stddef.h>

#include "base/error.h"

struct cnn_pipeline;

struct cnn_pipeline_job {
    /* Fill in `slot` what the worker needs for the next item. Called by one thread at a time, in
     * order. 1: an item is there; 0: the end; negative: failed (the error is set). */
    int (*produce)(void *context, void *slot);
    /* Work on the item; any thread, many at once. 0 or a negative code with the error set. */
    int (*work)(void *context, void *slot);
    void *context;
    size_t slot_size; /* bytes of one item's slot; zeroed once, then reused */
};

/* Start `threads` workers (at least 1) over a ring of `depth` slots. NULL with an error set. */
struct cnn_pipeline *cnn_pipeline_open(const struct cnn_pipeline_job *job, int threads,
                                       size_t depth);

/* Wait for the next item in order. 1: *slot is it, until cnn_pipeline_release; 0: the end;
 * negative: producing or working on this item failed, with the worker's message set in this thread.
 * After a failed item the next call goes on with the item behind it (a failed producer is final).
 */
CNN_CHECKED int cnn_pipeline_next(struct cnn_pipeline *p, void **slot);

/* Give the slot of the last cnn_pipeline_next back (also after a failed item). */
void cnn_pipeline_release(struct cnn_pipeline *p);

/* Stop the workers and free everything; `drop` (may be NULL) is called on every slot once. */
void cnn_pipeline_close(struct cnn_pipeline *p, void (*drop)(void *context, void *slot));

#endif
