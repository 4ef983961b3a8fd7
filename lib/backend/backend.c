/* Opening a device by name; see backend.h. The only place that knows whether CUDA is built. */
#include "backend/backend.h"

#include <string.h>

#include "base/text.h"

#ifdef CNN_CUDA
int cnn_cuda_open(int device, struct cnn_backend **out);
enum { HAVE_CUDA = 1 };
#else
enum { HAVE_CUDA = 0 };
static int cnn_cuda_open(int device, struct cnn_backend **out)
{
    (void)device;
    (void)out;
    return cnn_fail(CNN_EDEVICE, "no CUDA device: this build is without CUDA");
}
#endif

static int open_auto(int threads, struct cnn_backend **out)
{
    if (HAVE_CUDA) {
        int rc = cnn_cuda_open(0, out);
        if (rc != CNN_EDEVICE)
            return rc;
        cnn_error_clear();
    }
    return cnn_cpu_open(threads, out);
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

void cnn_backend_close(struct cnn_backend *b)
{
    if (b)
        b->ops->close(b);
}
