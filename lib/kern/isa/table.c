/* The functions of one instruction set, as a table. */
#include "kern/isa/isa.h"
#include "kern/isa/vector.h"

/* Without fused multiply-adds a multiply and an add take two instructions. */
#if defined(__FMA__) || defined(__aarch64__)
enum { MULTIPLY_ADDS = 2 * V };
#else
enum { MULTIPLY_ADDS = V };
#endif
#define CNN_STRING(s)  #s
#define CNN_NAME_OF(s) CNN_STRING(s)

#define CNN_ISA_FUNCTION(result, name, arguments) .name = CNN_V(name),
const struct cnn_isa CNN_V(isa) = {
    CNN_NAME_OF(CNN_ISA_NAME), V, MULTIPLY_ADDS, REGISTERS, {0, PIXELS_1, PIXELS_2},
#include "kern/isa/functions.def"
};
