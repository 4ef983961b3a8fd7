/* What the cores reach at this moment, beside which every other figure is to be read: the rate of
 * multiply-adds from registers, and of copies that no cache holds.
 *
 *   build/helpers/bench-peak [THREADS [SECONDS]]
 *
 * prints "GFLOP/s <tab> GB/s": single-precision operations (a multiply-add is two) and bytes read
 * plus bytes written, of THREADS (1) threads together, measured for SECONDS (0.2) each. The widest
 * vectors of the processor are used; CNN_ISA=avx2 or plain keeps to narrower ones. */
#include <stdio.h>
#include <stdlib.h>

#include "backend/backend.h"
#include "base/error.h"
#include "kern/limits.h"

int main(int argc, char **argv)
{
    struct cnn_backend *b = NULL;
    struct cnn_limits limits;
    int threads = argc > 1 ? atoi(argv[1]) : 1;
    double seconds = argc > 2 ? atof(argv[2]) : 0.2;
    if (threads < 1 || argc > 3) {
        fprintf(stderr, "Usage: bench-peak [THREADS [SECONDS]]\n");
        return 64;
    }
    int rc = cnn_backend_open("cpu", threads, &b);
    if (!rc)
        rc = cnn_limits_measure(&b->queue, seconds, &limits);
    if (rc)
        fprintf(stderr, "bench-peak: %s\n", cnn_error_message());
    else
        printf("%.1f\t%.1f\n", 2e-9 * limits.multiply_adds, 1e-9 * limits.bytes);
    cnn_backend_close(b);
    return rc ? 71 : 0;
}
