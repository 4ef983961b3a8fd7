/* Numbers on their way between the host and a GPU, through pinned memory, so that copies go on by
 * themselves: buffers take turns, and one is waited for only when its turn comes again too soon. */
#ifndef CNN_BACKEND_STAGING_CUH
#define CNN_BACKEND_STAGING_CUH

#include "kern/cuda/cuda.cuh"

struct cnn_staging_buffer {
    void *pinned, *device; /* grown to what is needed */
    size_t bytes, device_bytes;
    cudaEvent_t copied; /* the device has it */
    cudaEvent_t done;   /* and has done with it */
};

/* A few numbers of each batch, and whole batches: the small ones need not wait for the large. */
enum { CNN_STAGING_SMALL = 16, CNN_STAGING_LARGE = 2 };

struct cnn_staging {
    cudaStream_t copies; /* a stream of their own, beside the queue's */
    struct cnn_staging_buffer small[CNN_STAGING_SMALL], large[CNN_STAGING_LARGE];
    unsigned next_small, next_large;
};

/* s is zeroed; it is to be closed also after a failure, when nothing runs any more. */
cudaError_t cnn_staging_open(struct cnn_staging *s);
void cnn_staging_close(struct cnn_staging *s);

/* Failures stick in the queue. What `src` holds is taken before these return. */

/* When the queue comes there. */
void cnn_staging_upload(struct cnn_queue *q, struct cnn_staging *s, void *dst, const void *src,
                        size_t bytes);
/* By the time the queue comes there, while it still works: for memory that nothing queued before
 * looks at. */
void cnn_staging_upload_ahead(struct cnn_queue *q, struct cnn_staging *s, void *dst,
                              const void *src, size_t bytes);
/* Canonical float32 to activations and back; the download waits. */
void cnn_staging_upload_values(struct cnn_queue *q, struct cnn_staging *s, struct cnn_tensor *dst,
                               const float *src);
void cnn_staging_download_values(struct cnn_queue *q, struct cnn_staging *s, float *dst,
                                 const struct cnn_tensor *src);

#endif
