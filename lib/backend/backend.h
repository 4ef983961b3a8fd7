/* A device and its memory: the boundary that layers and nets see.
 *
 * The backend owns the physical layout and the precision of activations; what
 * crosses the boundary is canonical: NCHW, OIHW, float32. */
#ifndef CNN_BACKEND_BACKEND_H
#define CNN_BACKEND_BACKEND_H

#include <stddef.h>

#include "base/error.h"
#include "kern/kernels.h"

#ifdef __cplusplus
extern "C" {
#endif

struct cnn_backend;

/* Places in the queue: behind the losses of a net's last two forwards, and behind the use of the
 * images of the last two batches. All who use a backend share them: a place only moves on. */
enum { CNN_MARK_LOSSES, CNN_MARK_IMAGES = CNN_MARK_LOSSES + 2, CNN_MARKS = CNN_MARK_IMAGES + 2 };

struct cnn_backend_ops {
    void (*close)(struct cnn_backend *b);
    /* Zeroed device memory aligned to CNN_ALIGN; NULL with an error set. */
    void *(*alloc)(struct cnn_backend *b, size_t bytes);
    void (*free)(struct cnn_backend *b, void *p);
    /* Bytes that alloc could still give, and that could be used; NULL where nobody knows. */
    size_t (*available)(struct cnn_backend *b);
    /* Bytes that a tensor of this shape and layout takes. */
    size_t (*tensor_bytes)(const struct cnn_backend *b, const struct cnn_tensor *t);
    /* Canonical float32 host memory to activations, and back. */
    void (*upload_values)(struct cnn_backend *b, struct cnn_tensor *dst, const float *src);
    void (*download_values)(struct cnn_backend *b, float *dst, const struct cnn_tensor *src);
    /* The same for plain tensors of reals: parameters, statistics, targets, losses. */
    void (*upload)(struct cnn_backend *b, struct cnn_tensor *dst, const float *src);
    void (*download)(struct cnn_backend *b, float *dst, const struct cnn_tensor *src);
    /* Bytes as they are (labels, optimizer state). */
    void (*upload_bytes)(struct cnn_backend *b, void *dst, const void *src, size_t bytes);
    /* The same while what is queued still works: for memory that none of it looks at. */
    void (*upload_ahead)(struct cnn_backend *b, void *dst, const void *src, size_t bytes);
    void (*download_bytes)(struct cnn_backend *b, void *dst, const void *src, size_t bytes);
    /* The copy to memory of host_alloc, of which nobody waits for the end: a mark behind it tells.
     */
    void *(*host_alloc)(struct cnn_backend *b, size_t bytes); /* NULL with an error set */
    void (*host_free)(struct cnn_backend *b, void *p);
    void (*download_later)(struct cnn_backend *b, float *dst, const struct cnn_tensor *src);
    /* Mark i (of CNN_MARKS) is behind everything queued by now; wait until the device has come
     * there. */
    void (*mark)(struct cnn_backend *b, int i);
    void (*wait)(struct cnn_backend *b, int i);
    /* What is queued from begin to end comes again and again, about the same each time: a device
     * that can may keep it in *record (NULL at first, to be forgotten at last). NULL: nothing to
     * gain. */
    void (*begin)(struct cnn_backend *b, void **record);
    void (*end)(struct cnn_backend *b);
    void (*forget)(struct cnn_backend *b, void *record);
    /* 0, or the first failure that is known by now, with its message set. Does not wait. */
    int (*check)(struct cnn_backend *b);
    /* Wait for everything queued. 0, or the first failure's code with its message set. */
    int (*sync)(struct cnn_backend *b);
    /* Give the process back what is set for all of it, and take it again; NULL: there is nothing.
     */
    void (*rest)(struct cnn_backend *b);
    void (*wake)(struct cnn_backend *b);
};

struct cnn_backend {
    const struct cnn_backend_ops *ops;
    const struct cnn_kernels *kernels;
    struct cnn_queue queue;
    const char *name;   /* "cpu", "cuda" */
    int is_gpu;         /* memory of its own, and work that is queued */
    char fallback[160]; /* "auto" that is not a GPU: why not */
    size_t cache_bytes; /* bytes of a step's values that stay near in inference; 0: no portions */
    struct cnn_layout layout; /* in which kernels are fastest: blocks, where plain order and groups
                                 work, too, or channels last; of the type of activations */
};

/* Open a device: "cpu", "cuda", "cuda:N" or "auto" (CUDA where there is one, else the CPU).
 * threads: CPU threads, 0 for one a core. CNN_EDEVICE when the device is not there,
 * CNN_EUSAGE when the name is not known. */
CNN_CHECKED int cnn_backend_open(const char *device, int threads, struct cnn_backend **out);
void cnn_backend_close(struct cnn_backend *b); /* NULL is fine; not while it rests */

/* While a backend is open, the BLAS of the process has a single thread; a process that has work of
 * its own for BLAS gets its threads back when no backend is awake. Nothing may be computed, and no
 * net be made, while the backend rests. */
void cnn_backend_rest(struct cnn_backend *b);
void cnn_backend_wake(struct cnn_backend *b);

/* For nets to come: how activations are held and multiplied. CNN_EUSAGE where the device has no
 * such precision. */
CNN_CHECKED int cnn_backend_set_precision(struct cnn_backend *b, enum cnn_precision precision);

/* One for each kind of device; cnn_backend_open chooses. */
CNN_CHECKED int cnn_cpu_open(int threads, struct cnn_backend **out);
CNN_CHECKED int cnn_cuda_open(int device, struct cnn_backend **out);

#ifdef __cplusplus
}
#endif
#endif
