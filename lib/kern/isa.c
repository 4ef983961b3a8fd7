/* The innermost loops of the instruction set in use; see isa/isa.h. */
#include "kern/isa/isa.h"

#include "kern/isa_set.h"

extern const struct cnn_isa cnn_isa_plain;
#ifdef CNN_ISA_X86
extern const struct cnn_isa cnn_isa_avx2, cnn_isa_avx512;
#endif

const struct cnn_isa *cnn_isa(void)
{
    switch (cnn_isa_set()) {
#ifdef CNN_ISA_X86
    case CNN_SET_AVX512:
        return &cnn_isa_avx512;
    case CNN_SET_AVX2:
        return &cnn_isa_avx2;
#else
    case CNN_SET_AVX512:
    case CNN_SET_AVX2:
#endif
    case CNN_SET_PLAIN:
        break;
    }
    return &cnn_isa_plain;
}
