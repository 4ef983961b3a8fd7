/* Running a kernel at several numbers of threads on guarded buffers: inputs must stay as they were,
 * outputs start as NaN (or, where a kernel adds, as given numbers), and every run must give the
 * same bytes. With CNN_TEST_CUDA it is CUDA's kernels that run, in several streams (which differ in
 * the order of threads and blocks where they are emulated). */
#ifndef TESTS_KERNELS_RIG_H
#define TESTS_KERNELS_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kern/activation.h"
#include "backend/backend.h"
#include "base/random.h"
#include "base/threads.h"
#include "kern/isa/isa.h"

#ifdef CNN_TEST_CUDA
#define K(name) cnn_cuda_##name
enum { IS_CUDA = 1, MOST_THREADS = 2, LAYOUTS = 2 };
#else
#define K(name) cnn_cpu_##name
enum { IS_CUDA = 0, MOST_THREADS = 4, LAYOUTS = 3 };
#endif
enum { RUNS = MOST_THREADS + 1 };

enum kind { INPUT, OUTPUT, SUM, SCRATCH };

extern struct cnn_queue queues[RUNS]; /* [0] has no pool, [i] has i threads */
extern double grid;                   /* numbers are multiples of it; 0: any numbers */

double uniform(double lo, double hi);
size_t pick(size_t lo, size_t hi);
void *buffer_new(size_t bytes, enum kind kind);
void buffers_free(void);
/* Numbers in [-1, 1). */
real *numbers(size_t count, enum kind kind);
real *positive(size_t count);
struct cnn_tensor tensor(size_t n, size_t c, size_t h, size_t w, enum kind kind);
/* In which the device's kernels are fastest. */
struct cnn_layout block_layout(void);
/* Plain, blocks of channels, groups of samples; or plain and channels last. */
struct cnn_layout layout_of(int i);
/* A tensor in a layout; the channels that fill up its last block are zero, and the samples that
 * fill up its last group random. */
struct cnn_tensor tensor_in(struct cnn_layout layout, size_t n, size_t c, size_t h, size_t w,
                            enum kind kind);
/* Where element i of the canonical order lies. */
/* A gradient, which is zero in the samples that fill up its last group. */
struct cnn_tensor gradient_in(struct cnn_layout layout, size_t n, size_t c, size_t h, size_t w);
double value_at(const struct cnn_tensor *t, size_t i);
/* All of it in the canonical order; the caller frees it. */
double *values_of(const struct cnn_tensor *t);
void wait_for(struct cnn_queue *q);
/* Run on every queue. Results are those of the last run afterwards; before() has what SUM buffers
 * held. */
void run_all(void (*run)(struct cnn_queue *q, void *context), void *context);
/* What a SUM buffer held before the runs. */
const real *before(const void *data);
/* What the runs do not write after all: the buffer becomes an input. */
void must_stay(const void *data);
/* The largest error over the largest number. */
void expect_close(const char *what, const real *got, const double *want, size_t count,
                  double tolerance);
/* The same for a tensor in any layout, against canonical numbers; what fills up a block must be
 * zero, and what fills up a group finite. */
void expect_tensor(const char *what, const struct cnn_tensor *got, const double *want,
                   double tolerance);
double *zeros(size_t count);
/* Before each test: it draws the same numbers whichever others there are, and one that failed
 * leaves it no buffers. */
int start_test(void **state);
/* Before and after all. */
int open_queues(void **state);
int close_queues(void **state);

/* The tests: one of each kernel, and others. */
#define CNN_KERNEL(result, name, arguments) void test_##name(void **state);
#include "kern/kernels.def"
#undef CNN_KERNEL
void activations_keep_blocks_filled_with_zeros(void **state);
void products_go_in_place(void **state);
void products_of_parts_of_rows(void **state);
#ifdef CNN_TEST_CUDA
void tensor_cores_convolve(void **state);
void products_beyond_int_fail(void **state);
#else
void products_do_not_depend_on_addresses(void **state);
void dense_weights_lie_anywhere(void **state);
#endif

/* What an epilogue makes of v, and its slope there, from v or y = f(v) as the list has it. */
static inline double activated(const struct cnn_epilogue *e, double v)
{
    return e->activate ? (double)cnn_activation_at(e->f, e->a, (real)v) : v;
}

static inline double activated_slope(const struct cnn_epilogue *e, double v_or_y)
{
    return e->activate ? (double)cnn_activation_gradient_at(e->f, e->a, (real)v_or_y, 1) : 1;
}

#endif
