/* Loading cuBLAS; see blas_library.cuh. */
#include "kern/cuda/blas_library.cuh"

#include <stdio.h>

#ifdef CNN_EMULATED

const struct cnn_blas_library *cnn_blas_library(const char **)
{
    static const struct cnn_blas_library library = {cublasCreate,    cublasDestroy,
                                                    cublasSetStream, cublasSetWorkspace,
                                                    cublasGemmEx,    cublasGetStatusString};
    return &library;
}

#else

#include <dlfcn.h>

/* The names that cublas_v2.h gives its functions in the library. */
#define TEXT(name)   #name
#define SYMBOL(name) TEXT(name)

/* By the name that belongs to the headers of this build, then by any. */
static void *open_library()
{
    char name[64];
    snprintf(name, sizeof name, "libcublas.so.%d", CUBLAS_VER_MAJOR);
    void *found = dlopen(name, RTLD_NOW | RTLD_LOCAL);
    return found ? found : dlopen("libcublas.so", RTLD_NOW | RTLD_LOCAL);
}

template <typename F> static bool find(void *library, const char *name, F *function)
{
    *function = (F)dlsym(library, name);
    return *function != NULL;
}

const struct cnn_blas_library *cnn_blas_library(const char **why)
{
    static struct cnn_blas_library library;
    static bool loaded;
    if (loaded)
        return &library;
    void *from = open_library();
    loaded = from && find(from, SYMBOL(cublasCreate), &library.create) &&
             find(from, SYMBOL(cublasDestroy), &library.destroy) &&
             find(from, SYMBOL(cublasSetStream), &library.set_stream) &&
             find(from, SYMBOL(cublasSetWorkspace), &library.set_workspace) &&
             find(from, SYMBOL(cublasGemmEx), &library.gemm) &&
             find(from, SYMBOL(cublasGetStatusString), &library.status);
    if (!loaded)
        *why = dlerror();
    return loaded ? &library : NULL;
}

#endif
