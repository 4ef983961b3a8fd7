/* What the parts of the emulated device share. */
#ifndef EMU_EMU_H
#define EMU_EMU_H

#include "cuda_runtime.h"

#include <deque>
#include <functional>
#include <vector>

enum { EMU_DYNAMIC = 227 << 10 }; /* bytes of dynamic shared memory at most */

/* A place in a stream: behind that many of its actions. */
struct emu_event {
    emu_stream *stream; /* NULL: never recorded */
    size_t behind;
};

struct emu_stream {
    unsigned order; /* 0 ascending, 1 descending, else the seed of a shuffle */
    bool eager;     /* what is queued runs at once, else as late as it can */
    std::deque<std::function<void(emu_stream *)>> queue;
    size_t queued, done;
    std::vector<std::function<void(emu_stream *)>> *captured; /* NULL: nothing is captured */
};

/* Queue it. */
void emu_enqueue(emu_stream *s, const std::function<void(emu_stream *)> &action);
/* Run what is queued up to that many actions in all. */
void emu_run(emu_stream *s, size_t behind);

/* Bytes of a registered kernel's arguments, one after the other. */
std::vector<size_t> emu_argument_sizes(const void *kernel);
/* Whether a kernel can be started so; and run it, with nothing queued. */
bool emu_can_launch(dim3 grid, dim3 block, size_t shared);
void emu_run_kernel(const void *kernel, dim3 grid, dim3 block, void **arguments, size_t shared,
                    unsigned order);

#endif
