/* Arbitrary bytes as a solver of Caffe, and behind a NUL as the net that it may name. */
#include "fuzz.h"

#include <string.h>

#include "model/import/caffe/solver.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_files f;
    const uint8_t *end = size ? memchr(data, 0, size) : NULL;
    size_t n = end ? (size_t)(end - data) : size;
    fuzz_files_of(&f);
    fuzz_write(f.first, data, n);
    fuzz_write(f.second, data + n + (end != NULL), size - n - (end != NULL));
    for (int has_net = 0; has_net < 2; has_net++) {
        struct cnn_arena *arena = cnn_arena_new();
        struct cnn_recipe recipe = {0};
        struct cnn_buf unused = {0};
        int rc = cnn_caffe_solver(arena, f.first, has_net, &recipe, &unused);
        check_code(rc);
        check(!unused.failed);
        cnn_buf_free(&unused);
        cnn_arena_free(arena);
    }
    return 0;
}
