/* Which instruction set is in use: the machine's best, chosen when it is first asked for.
 *
 * CNN_ISA=plain, avx2 or avx512 in the environment chooses a lesser one, for tests and comparisons. */
#ifndef CNN_KERN_ISA_SET_H
#define CNN_KERN_ISA_SET_H

enum cnn_isa_set { CNN_SET_PLAIN, CNN_SET_AVX2, CNN_SET_AVX512 };

enum cnn_isa_set cnn_isa_set(void);

/* CNN_EUSAGE when CNN_ISA is in the environment and names no set. */
int cnn_isa_check(void);

#endif
