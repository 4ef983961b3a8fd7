/* What the parts of the emulated device share. */
#ifndef EMU_EMU_H
#define EMU_EMU_H

#include "cuda_runtime.h"

#include <functional>
#include <vector>

enum { EMU_DYNAMIC = 227 << 10 }; /* bytes of dynamic shared memory at most */

struct emu_event {
    int nothing;
};

struct emu_stream {
    unsigned order; /* 0 ascending, 1 descending, else the seed of a shuffle */
    std::vector<std::function<void(emu_stream *)>> *captured; /* NULL: things run as they come */
};

/* Bytes of a registered kernel's arguments, one after the other. */
std::vector<size_t> emu_argument_sizes(const void *kernel);

#endif
