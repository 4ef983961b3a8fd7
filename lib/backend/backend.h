/* A device and its memory: the boundary that layers and nets see.
 *
 * The backend owns the physical layout and the precision of activations; what
 * crosses the boundary is canonical: NCHW, OIHW, float32. */
#ifndef CNN_BACKEND_BACKEND_H
#define CNN_BACKEND_BACKEND_H

#include <stddef.h>

#include "kern/kernels.h"

struct cnn_backend;

struct cnn_backend_ops {
    void (*close)(struct cnn_backend *b);
    /* Zeroed device memory aligned to CNN_ALIGN; NULL with an error set. */
    void *(*alloc)(struct cnn_backend *b, size_t bytes);
    void (*free)(struct cnn_backend *b, void *p);
    /* Bytes that an activation tensor of this shape and layout takes. */
    size_t (*tensor_bytes)(const struct cnn_backend *b, const struct cnn_tensor *t);
    /* Canonical float32 host memory to a tensor, and back. */
    void (*upload)(struct cnn_backend *b, struct cnn_tensor *dst, const float *src);
    void (*download)(struct cnn_backend *b, float *dst, const struct cnn_tensor *src);
    /* Bytes as they are (labels, optimizer state). */
    void (*upload_bytes)(struct cnn_backend *b, void *dst, const void *src, size_t bytes);
    void (*download_bytes)(struct cnn_backend *b, void *dst, const void *src, size_t bytes);
    /* Wait for everything queued. 0, or the first failure's code with its message set. */
    int (*sync)(struct cnn_backend *b);
};

struct cnn_backend {
    const struct cnn_backend_ops *ops;
    const struct cnn_kernels *kernels;
    struct cnn_queue queue;
    const char *name;   /* "cpu", "cuda" */
    size_t cache_bytes; /* bytes of a step's values that stay near in inference; 0: no portions */
    int layout; /* B, in which kernels are fastest; plain and, where not 0, -B work too (tensor.h)
                 */
};

/* Open a device: "cpu", "cuda", "cuda:N" or "auto" (CUDA where there is one, else the CPU).
 * threads: CPU threads, 0 for one a core. CNN_EDEVICE when the device is not there,
 * CNN_EUSAGE when the name is not known. */
int cnn_backend_open(const char *device, int threads, struct cnn_backend **out);
void cnn_backend_close(struct cnn_backend *b); /* NULL is fine */

/* One for each kind of device; cnn_backend_open chooses. */
int cnn_cpu_open(int threads, struct cnn_backend **out);

#endif
