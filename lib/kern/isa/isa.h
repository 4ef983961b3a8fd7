/* Instruction sets. The innermost loops (lib/kern/isa/NAME.c) are compiled once for each set, from
 * one source written in vectors (isa/vector.h); kern/isa_set.h says which is in use. */
#ifndef CNN_KERN_ISA_ISA_H
#define CNN_KERN_ISA_ISA_H

#include "kern/isa/types.h"

#define CNN_ISA_FUNCTION(result, name, arguments) result(*name) arguments;
struct cnn_isa {
    const char *name;
    size_t lanes;         /* elements of a vector, and channels of a block */
    size_t multiply_adds; /* a cycle and core can do, about: for estimates of cost */
    size_t registers;     /* of vectors */
    size_t pixels[3];     /* pixels[v]: most pixels of a register block of v vectors */
#include "kern/isa/functions.def"
};
#undef CNN_ISA_FUNCTION

/* The set in use. */
const struct cnn_isa *cnn_isa(void);

#endif
