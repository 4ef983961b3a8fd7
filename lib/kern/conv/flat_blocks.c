/* Blocks of sums held in registers, for each instruction set; see flat_blocks.h. */
#include "kern/conv/flat_blocks.h"

#include "kern/isa_set.h"

/* Sanitizers see the same code by its plain blocks; the others would take minutes to compile. */
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__SANITIZE_ADDRESS__)
#define HAVE_X86 1

#define ISA     avx512
#define TARGET  __attribute__((target("avx512f")))
#define BYTES   64
#define OUTPUTS 8
#define VECTORS 3
#define SUMS    24
#include "kern/conv/flat_body.h"

#define ISA     avx2
#define TARGET  __attribute__((target("avx2,fma")))
#define BYTES   32
#define OUTPUTS 6
#define VECTORS 2
#define SUMS    10
#include "kern/conv/flat_body.h"
#endif

#define ISA plain
#define TARGET
#define BYTES   16
#define OUTPUTS 6
#define VECTORS 2
#define SUMS    10
#include "kern/conv/flat_body.h"

const struct cnn_flat_blocks *cnn_flat_blocks(void)
{
#ifdef HAVE_X86
    enum cnn_isa_set set = cnn_isa_set();
    if (set == CNN_SET_AVX512)
        return &avx512_blocks;
    if (set == CNN_SET_AVX2)
        return &avx2_blocks;
#endif
    return &plain_blocks;
}
