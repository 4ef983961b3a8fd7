/* The emulated device; see cuda_runtime.h.
 *
 * A thread runs until it waits or ends, then the next one does. Once all wait, those whose warp is
 * complete go on, then those whose block is; if nobody can, threads wait for each other and the
 * program stops. The order of threads and blocks differs from stream to stream (ascending,
 * descending, two shuffles), so that a result that hangs on the order (a race) shows as a
 * difference between streams. Shared memory starts as 0xFF bytes: NaN. */
#include "emu.h"

#include <csetjmp>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <vector>

#include <sys/mman.h>
#include <ucontext.h>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/common_interface_defs.h>
#endif

uint3 threadIdx, blockIdx;
dim3 blockDim, gridDim;

namespace
{

enum { STACK = 64 << 10, MOST_THREADS = 1024, SHARED = 48 << 10, DYNAMIC = EMU_DYNAMIC, GAP = 64 };
enum state { RUNS, AT_WARP, AT_BLOCK, ENDED };

struct thread {
    jmp_buf at;
    ucontext_t start;
    char *stack;
    uint3 index;
    state s;
    bool started;
    emu_meeting *meeting;
    void *argument;
    unsigned mask;
    size_t shared; /* bytes asked for so far */
    void *fake;    /* the sanitizer's */
};

thread threads[MOST_THREADS];
thread *running;
jmp_buf scheduler;
alignas(128) unsigned char shared_memory[SHARED], dynamic_memory[DYNAMIC];
size_t dynamic_bytes;
unsigned order_now;
const void *kernel_now;
emu_call *call_now;
void **arguments_now;
struct registered {
    emu_call *call;
    std::vector<size_t> sizes;
};
std::map<const void *, registered> calls;
bool in_kernel;
unsigned long blocks_run;

[[noreturn]] void stop(const char *what)
{
    fprintf(stderr, "emulated GPU: block (%u, %u, %u): %s\n", blockIdx.x, blockIdx.y, blockIdx.z,
            what);
    abort();
}

void switched(thread *from_scheduler)
{
#ifdef __SANITIZE_ADDRESS__
    __sanitizer_finish_switch_fiber(from_scheduler ? from_scheduler->fake : NULL, NULL, NULL);
#else
    (void)from_scheduler;
#endif
}

#ifdef __SANITIZE_ADDRESS__
const void *host_stack;
size_t host_stack_bytes;
#endif

void to_scheduler(bool ends)
{
    thread *self = running;
    if (!_setjmp(self->at)) {
#ifdef __SANITIZE_ADDRESS__
        __sanitizer_start_switch_fiber(ends ? NULL : &self->fake, host_stack, host_stack_bytes);
#else
        (void)ends;
#endif
        _longjmp(scheduler, 1);
    }
    switched(self);
}

void body()
{
#ifdef __SANITIZE_ADDRESS__
    __sanitizer_finish_switch_fiber(NULL, &host_stack, &host_stack_bytes);
#endif
    call_now(kernel_now, arguments_now);
    running->s = ENDED;
    to_scheduler(true);
}

void wait_as(state s)
{
    running->s = s;
    to_scheduler(false);
}

void resume(thread *t)
{
    running = t;
    threadIdx = t->index;
#ifdef __SANITIZE_ADDRESS__
    void *fake;
    __sanitizer_start_switch_fiber(&fake, t->stack, STACK);
#endif
    if (!_setjmp(scheduler)) {
        if (t->started)
            _longjmp(t->at, 1);
        t->started = true;
        setcontext(&t->start);
    }
#ifdef __SANITIZE_ADDRESS__
    __sanitizer_finish_switch_fiber(fake, NULL, NULL);
#endif
}

/* Those of the warp that begins at thread `first` whose lanes all came. */
bool release_warp(unsigned first, unsigned count)
{
    thread *lead = NULL;
    void *lane[32] = {};
    for (unsigned i = first; i < first + 32 && i < count; i++)
        if (threads[i].s == AT_WARP && !lead)
            lead = &threads[i];
    if (!lead)
        return false;
    for (unsigned i = 0; i < 32; i++) {
        if (!(lead->mask >> i & 1))
            continue;
        thread *t = &threads[first + i];
        if (first + i >= count || t->s == ENDED)
            stop("a warp operation names lanes that are not there");
        if (t->s != AT_WARP)
            return false;
        if (t->meeting != lead->meeting || t->mask != lead->mask)
            stop("the lanes of a warp do different things at a time");
        lane[i] = t->argument;
    }
    lead->meeting(lane, lead->mask);
    for (unsigned i = 0; i < 32; i++)
        if (lead->mask >> i & 1)
            threads[first + i].s = RUNS;
    return true;
}

bool release_block(unsigned count)
{
    bool any = false;
    for (unsigned i = 0; i < count; i++) {
        if (threads[i].s == AT_WARP)
            return false;
        any |= threads[i].s == AT_BLOCK;
    }
    for (unsigned i = 0; i < count; i++)
        if (threads[i].s == AT_BLOCK)
            threads[i].s = RUNS;
    return any;
}

/* 0 .. count - 1 in the stream's order. */
std::vector<unsigned> order_of(unsigned order, unsigned count)
{
    std::vector<unsigned> v(count);
    for (unsigned i = 0; i < count; i++)
        v[i] = order == 1 ? count - 1 - i : i;
    uint64_t r = order * 0x9E3779B97F4A7C15u;
    for (unsigned i = count; order > 1 && i > 1; i--) {
        r = r * 6364136223846793005u + 1442695040888963407u;
        std::swap(v[i - 1], v[(r >> 33) % i]);
    }
    return v;
}

void start_threads(unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        thread *t = &threads[i];
        if (!t->stack) {
            t->stack = (char *)mmap(NULL, STACK, PROT_READ | PROT_WRITE,
                                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
            if (t->stack == MAP_FAILED)
                stop("no memory for the threads' stacks");
        }
        getcontext(&t->start);
        t->start.uc_stack.ss_sp = t->stack;
        t->start.uc_stack.ss_size = STACK;
        t->start.uc_link = NULL;
        makecontext(&t->start, body, 0);
        t->index = {i % blockDim.x, i / blockDim.x % blockDim.y, i / blockDim.x / blockDim.y};
        t->s = RUNS;
        t->started = false;
        t->shared = 0;
    }
}

void run_block(const std::vector<unsigned> &order)
{
    unsigned count = (unsigned)order.size();
    blocks_run++;
    memset(shared_memory, 0xFF, sizeof shared_memory);
    memset(dynamic_memory, 0xFF, dynamic_bytes);
    start_threads(count);
    for (;;) {
        for (unsigned i : order)
            while (threads[i].s == RUNS)
                resume(&threads[i]);
        bool moved = false, all_ended = true;
        for (unsigned first = 0; first < count; first += 32)
            moved |= release_warp(first, count);
        for (unsigned i = 0; i < count; i++)
            all_ended &= threads[i].s == ENDED;
        if (all_ended)
            return;
        if (!moved && !release_block(count))
            stop("its threads wait for each other");
    }
}

} // namespace

/* ---- for kernels ------------------------------------------------------------------------------
 */

void __syncthreads()
{
    wait_as(AT_BLOCK);
}

void emu_meet(unsigned mask, emu_meeting *meet, void *argument)
{
    unsigned lane = (unsigned)(running - threads) % 32;
    if (!(mask >> lane & 1))
        stop("a lane takes part in a warp operation that does not name it");
    running->mask = mask;
    running->meeting = meet;
    running->argument = argument;
    wait_as(AT_WARP);
}

void emu_shuffle_all(void *const lane[32], unsigned mask)
{
    for (unsigned i = 0; i < 32; i++) {
        if (!(mask >> i & 1))
            continue;
        emu_shuffle *s = (emu_shuffle *)lane[i];
        int from = s->from;
        if (from < 0 || from > 31 || !(mask >> from & 1))
            stop("a shuffle reads from a lane that takes no part in it");
        s->result = ((emu_shuffle *)lane[from])->value;
    }
}

unsigned emu_running(unsigned long *block)
{
    *block = blocks_run;
    return (unsigned)(running - threads);
}

void emu_stop(const char *what)
{
    stop(what);
}

unsigned emu_order()
{
    return order_now;
}

void *emu_shared(size_t bytes)
{
    size_t at = running->shared;
    running->shared += (bytes + 15) / 16 * 16 + GAP;
    if (running->shared > sizeof shared_memory)
        stop("more than 48 KiB of static shared memory");
    return shared_memory + at;
}

void *emu_dynamic_shared()
{
    return dynamic_memory;
}

void emu_register_call(const void *kernel, emu_call *call, const size_t *sizes, int count)
{
    calls[kernel] = {call, std::vector<size_t>(sizes, sizes + count)};
}

std::vector<size_t> emu_argument_sizes(const void *kernel)
{
    return calls.at(kernel).sizes;
}

bool emu_can_launch(dim3 grid, dim3 block, size_t shared)
{
    unsigned count = block.x * block.y * block.z;
    return count && count <= MOST_THREADS && shared <= DYNAMIC && grid.x && grid.y && grid.z &&
           grid.y <= 65535 && grid.z <= 65535 && grid.x <= 0x7fffffff;
}

void emu_run_kernel(const void *kernel, dim3 grid, dim3 block, void **arguments, size_t shared,
                    unsigned order)
{
    if (in_kernel)
        stop("a kernel started a kernel");
    in_kernel = true;
    kernel_now = kernel;
    call_now = calls.at(kernel).call;
    arguments_now = arguments;
    dynamic_bytes = shared;
    order_now = order;
    gridDim = grid;
    blockDim = block;
    std::vector<unsigned> inner = order_of(order, block.x * block.y * block.z);
    for (unsigned b : order_of(order, grid.x * grid.y * grid.z)) {
        blockIdx = {b % grid.x, b / grid.x % grid.y, b / grid.x / grid.y};
        run_block(inner);
    }
    in_kernel = false;
}

cudaError_t cudaLaunchKernel(const void *kernel, dim3 grid, dim3 block, void **arguments,
                             size_t shared, cudaStream_t s)
{
    if (!emu_can_launch(grid, block, shared))
        return cudaErrorInvalidConfiguration;
    if (s->captured)
        stop("a kernel within a capture");
    std::vector<std::vector<unsigned char>> copies;
    for (size_t size : emu_argument_sizes(kernel)) {
        const unsigned char *from = (const unsigned char *)arguments[copies.size()];
        copies.push_back(std::vector<unsigned char>(from, from + size));
    }
    emu_enqueue(s, [=](emu_stream *stream) {
        std::vector<void *> pointers;
        for (const std::vector<unsigned char> &a : copies)
            pointers.push_back((void *)a.data());
        emu_run_kernel(kernel, grid, block, pointers.data(), shared, stream->order);
    });
    return cudaSuccess;
}
