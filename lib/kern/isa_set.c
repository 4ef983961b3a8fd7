/* The choice of an instruction set; see isa_set.h. */
#include "kern/isa_set.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"

atomic_int cnn_isa_set_chosen = -1;

static const char *const order[] = {"plain", "avx2", "avx512"};

/* Empty is as good as not set, as in most programs. */
static const char *wanted(void)
{
    const char *limit = getenv("CNN_ISA");
    return limit && *limit ? limit : NULL;
}

int cnn_isa_check(void)
{
    const char *limit = wanted();
    for (size_t i = 0; limit && i < sizeof order / sizeof *order; i++)
        if (!strcmp(order[i], limit))
            return 0;
    return limit
               ? cnn_fail(CNN_EUSAGE,
                          "CNN_ISA in the environment: '%s' is none of plain, avx2, avx512", limit)
               : 0;
}

static int allowed(const char *name, const char *limit)
{
    for (size_t i = 0; limit && i < sizeof order / sizeof *order; i++) {
        if (!strcmp(order[i], name))
            return 1;
        if (!strcmp(order[i], limit))
            return 0;
    }
    return 1;
}

/* Several threads may choose at once: they choose the same. */
enum cnn_isa_set cnn_isa_set_choose(void)
{
    const char *limit = wanted();
    enum cnn_isa_set chosen = CNN_SET_PLAIN;
#ifdef CNN_ISA_X86
    __builtin_cpu_init();
    if (allowed("avx2", limit) && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        chosen = CNN_SET_AVX2;
    if (allowed("avx512", limit) && __builtin_cpu_supports("avx512f") &&
        __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("fma"))
        chosen = CNN_SET_AVX512;
#else
    (void)limit;
    (void)allowed;
#endif
    atomic_store_explicit(&cnn_isa_set_chosen, chosen, memory_order_relaxed);
    return chosen;
}
