/* Which instruction set is in use: the machine's best, chosen when it is first asked for.
 *
 * CNN_ISA=plain, avx2 or avx512 in the environment chooses a lesser one, for tests and comparisons. */
#ifndef CNN_KERN_ISA_SET_H
#define CNN_KERN_ISA_SET_H

#include <stdatomic.h>

enum cnn_isa_set { CNN_SET_PLAIN, CNN_SET_AVX2, CNN_SET_AVX512 };

/* What cnn_isa_set gives, or -1 before it was first asked. */
extern atomic_int cnn_isa_set_chosen;
enum cnn_isa_set cnn_isa_set_choose(void);

/* Asked for each run of an inner loop, so a load and a comparison. */
static inline enum cnn_isa_set cnn_isa_set(void)
{
    int set = atomic_load_explicit(&cnn_isa_set_chosen, memory_order_relaxed);
    return set >= 0 ? (enum cnn_isa_set)set : cnn_isa_set_choose();
}

/* CNN_EUSAGE when CNN_ISA is in the environment and names no set. */
int cnn_isa_check(void);

#endif
