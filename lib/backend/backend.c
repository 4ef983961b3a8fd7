/* Opening a device by name; see backend.h. The only place that knows whether CUDA is built. */
#include "backend/backend.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

#ifndef CNN_CUDA
int cnn_cuda_open(int device, struct cnn_backend **out)
{
    (void)device;
    (void)out;
    return cnn_fail(CNN_EDEVICE, "no CUDA device: this build is without CUDA");
}
#endif

static int open_auto(int threads, struct cnn_backend **out)
{
    char why[sizeof((*out)->fallback)];
    int rc = cnn_cuda_open(0, out);
    if (!rc)
        return 0;
    snprintf(why, sizeof why, "%s", cnn_error_message());
    cnn_error_clear();
    rc = cnn_cpu_open(threads, out);
    if (!rc)
        memcpy((*out)->fallback, why, sizeof why);
    return rc;
}

int cnn_backend_open(const char *device, int threads, struct cnn_backend **out)
{
    int64_t number = 0;
    *out = NULL;
    if (!strcmp(device, "cpu"))
        return cnn_cpu_open(threads, out);
    if (!strcmp(device, "auto"))
        return open_auto(threads, out);
    if (!strcmp(device, "cuda"))
        return cnn_cuda_open(0, out);
    if (!strncmp(device, "cuda:", 5)) {
        if (cnn_parse_int(device + 5, 0, 1023, &number))
            return cnn_fail_within("device %s", device);
        return cnn_cuda_open((int)number, out);
    }
    return cnn_fail(CNN_EUSAGE, "no device '%s' (there are cpu, cuda, cuda:N and auto)", device);
}

int cnn_backend_set_precision(struct cnn_backend *b, enum cnn_precision precision)
{
    static const char *const names[] = {CNN_CHOICE_TEXTS(CNN_PRECISIONS)};
    if (precision != CNN_PRECISION_FP32 && !b->is_gpu)
        return cnn_fail(CNN_EUSAGE, "precision %s is for GPUs: the CPU computes in fp32%s%s%s",
                        names[precision], b->fallback[0] ? " (" : "", b->fallback,
                        b->fallback[0] ? ")" : "");
    b->queue.precision = precision;
    b->layout.type = precision == CNN_PRECISION_BF16 ? CNN_TYPE_BF16 : CNN_TYPE_REAL;
    return 0;
}

void cnn_backend_rest(struct cnn_backend *b)
{
    if (b->ops->rest)
        b->ops->rest(b);
}

void cnn_backend_wake(struct cnn_backend *b)
{
    if (b->ops->wake)
        b->ops->wake(b);
}

void cnn_backend_close(struct cnn_backend *b)
{
    if (b)
        b->ops->close(b);
}
