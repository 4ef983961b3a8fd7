/* Sequences of kernels as CUDA graphs; see record.cuh. */
#include "kern/cuda/record.cuh"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern "C" {
#include "base/memory.h"
}

/* A kernel or a matrix product. */
struct op {
    struct cnn_launch_of launch; /* kernel NULL: a product */
    size_t begin;                /* where copies of its arguments begin, or of the product */
    cudaGraphNode_t node;
};

struct cnn_cuda_record {
    struct op *op;
    size_t count, capacity;
    unsigned char *bytes; /* what they are given, each argument from a multiple of 16 on */
    size_t used, room;
    size_t at;     /* how far a replay has come */
    bool replays;  /* it is compared, and started at the end; else it runs and is recorded */
    bool unusable; /* cannot be recorded: everything runs as it comes */
    cudaGraph_t graph;
    cudaGraphExec_t exec;
};

static void drop_graph(struct cnn_cuda_record *r)
{
    if (r->exec)
        cudaGraphExecDestroy(r->exec);
    if (r->graph)
        cudaGraphDestroy(r->graph);
    r->exec = NULL;
    r->graph = NULL;
}

void cnn_cuda_record_free(struct cnn_cuda_record *r)
{
    if (!r)
        return;
    drop_graph(r);
    free(r->op);
    free(r->bytes);
    free(r);
}

void cnn_cuda_record_begin(struct cnn_queue *q, struct cnn_cuda_record **record)
{
    if (q->code || q->cuda->check)
        return;
    if (!*record && !(*record = (struct cnn_cuda_record *)cnn_calloc(1, sizeof **record))) {
        cnn_error_clear(); /* it goes without */
        return;
    }
    struct cnn_cuda_record *r = *record;
    if (r->unusable)
        return;
    r->replays = r->exec != NULL;
    r->at = 0;
    if (!r->replays)
        r->count = r->used = 0;
    q->cuda->record = r;
}

static size_t room_for(size_t bytes)
{
    return (bytes + 15) / 16 * 16;
}

/* The launch of an op, with the record's copies of the arguments. */
static struct cnn_launch_of launch_of(const struct cnn_cuda_record *r, const struct op *op)
{
    struct cnn_launch_of l = op->launch;
    unsigned char *at = r->bytes + op->begin;
    for (int i = 0; i < l.arguments; at += room_for(l.size[i++]))
        l.argument[i] = at;
    return l;
}

static size_t argument_bytes(const struct cnn_launch_of *l)
{
    size_t bytes = 0;
    for (int i = 0; i < l->arguments; i++)
        bytes += room_for(l->size[i]);
    return bytes;
}

static struct cnn_gemm *gemm_of(const struct cnn_cuda_record *r, const struct op *op)
{
    return (struct cnn_gemm *)(r->bytes + op->begin);
}

static void run_now(struct cnn_queue *q, const struct cnn_cuda_record *r, const struct op *op)
{
    struct cnn_launch_of l = launch_of(r, op);
    if (l.kernel)
        cnn_cuda_start_now(q, &l);
    else
        cnn_cuda_gemm_now(q, gemm_of(r, op));
}

/* What comes is not what was recorded: what was compared so far runs, and the rest as it comes. */
static void give_up(struct cnn_queue *q)
{
    struct cnn_cuda_record *r = q->cuda->record;
    q->cuda->record = NULL;
    for (size_t i = 0; i < r->at; i++)
        run_now(q, r, &r->op[i]);
    drop_graph(r);
}

/* The next one, with room for what it is given; NULL: there is none, and nothing is recorded any
 * more. */
static struct op *next_op(struct cnn_queue *q, size_t bytes)
{
    struct cnn_cuda_record *r = q->cuda->record;
    if (cnn_grow(&r->op, &r->capacity, r->count + 1, sizeof *r->op) ||
        cnn_grow(&r->bytes, &r->room, r->used + room_for(bytes), 1)) {
        cnn_error_clear();
        r->unusable = true;
        q->cuda->record = NULL;
        return NULL;
    }
    struct op *op = &r->op[r->count++];
    *op = {};
    op->begin = r->used;
    r->used += room_for(bytes);
    return op;
}

static bool same_launch(const struct cnn_launch_of *a, const struct cnn_launch_of *b)
{
    return a->kernel == b->kernel && a->threads == b->threads && a->shared == b->shared &&
           a->grid.x == b->grid.x && a->grid.y == b->grid.y && a->grid.z == b->grid.z;
}

static cudaKernelNodeParams node_of(struct cnn_launch_of *l)
{
    cudaKernelNodeParams p = {};
    p.func = (void *)l->kernel;
    p.gridDim = l->grid;
    p.blockDim = dim3(l->threads);
    p.sharedMemBytes = (unsigned)l->shared;
    p.kernelParams = l->argument;
    return p;
}

/* Compare with what was recorded; arguments that differ go into the graph. */
static void replay_launch(struct cnn_queue *q, const struct cnn_launch_of *l)
{
    struct cnn_cuda_record *r = q->cuda->record;
    struct op *op = r->at < r->count ? &r->op[r->at] : NULL;
    if (!op || !same_launch(&op->launch, l)) {
        give_up(q);
        cnn_cuda_start_now(q, l);
        return;
    }
    r->at++;
    struct cnn_launch_of mine = launch_of(r, op);
    bool differs = false;
    for (int i = 0; i < l->arguments; i++)
        if (memcmp(mine.argument[i], l->argument[i], l->size[i])) {
            memcpy(mine.argument[i], l->argument[i], l->size[i]);
            differs = true;
        }
    if (!differs)
        return;
    cudaKernelNodeParams p = node_of(&mine);
    if (cudaGraphExecKernelNodeSetParams(r->exec, op->node, &p) != cudaSuccess) {
        cudaGetLastError(); /* it goes without */
        r->unusable = true;
        give_up(q); /* this one is among those that run now */
    }
}

static void record_launch(struct cnn_queue *q, const struct cnn_launch_of *l)
{
    struct cnn_cuda_record *r = q->cuda->record;
    if (r->replays) {
        replay_launch(q, l);
        return;
    }
    struct op *op = next_op(q, argument_bytes(l));
    if (op) {
        op->launch = *l;
        struct cnn_launch_of mine = launch_of(r, op);
        for (int i = 0; i < l->arguments; i++)
            memcpy(mine.argument[i], l->argument[i], l->size[i]);
    }
    cnn_cuda_start_now(q, l);
}

void cnn_cuda_start(struct cnn_queue *q, const struct cnn_launch_of *l)
{
    if (q->cuda->record)
        record_launch(q, l);
    else
        cnn_cuda_start_now(q, l);
}

static bool same_matrix(const struct cnn_matrix *a, const struct cnn_matrix *b)
{
    return a->data == b->data && a->row == b->row && a->transposed == b->transposed;
}

static bool same_gemm(const struct cnn_gemm *a, const struct cnn_gemm *b)
{
    return a->m == b->m && a->n == b->n && a->k == b->k && a->sum == b->sum && a->c == b->c &&
           a->row == b->row && same_matrix(&a->a, &b->a) && same_matrix(&a->b, &b->b);
}

void cnn_cuda_record_gemm(struct cnn_queue *q, const struct cnn_gemm *g)
{
    struct cnn_cuda_record *r = q->cuda->record;
    if (!r->replays) {
        struct op *op = next_op(q, sizeof *g);
        if (op)
            *gemm_of(r, op) = *g;
        cnn_cuda_gemm_now(q, g);
        return;
    }
    struct op *op = r->at < r->count ? &r->op[r->at] : NULL;
    if (op && !op->launch.kernel && same_gemm(gemm_of(r, op), g)) {
        r->at++;
        return;
    }
    give_up(q);
    cnn_cuda_gemm_now(q, g);
}

/* A product as a node: what cuBLAS starts for it is captured. */
static cudaError_t add_gemm(struct cnn_queue *q, struct cnn_cuda_record *r, struct op *op,
                            const cudaGraphNode_t *before, size_t befores)
{
    cudaGraph_t child = NULL;
    cudaError_t e = cudaStreamBeginCapture(q->cuda->stream, cudaStreamCaptureModeThreadLocal);
    if (e != cudaSuccess)
        return e;
    cnn_cuda_gemm_now(q, gemm_of(r, op));
    e = cudaStreamEndCapture(q->cuda->stream, &child);
    if (e == cudaSuccess)
        e = cudaGraphAddChildGraphNode(&op->node, r->graph, before, befores, child);
    if (child)
        cudaGraphDestroy(child);
    return e;
}

/* One node after the other. */
static cudaError_t build(struct cnn_queue *q, struct cnn_cuda_record *r)
{
    cudaError_t e = cudaGraphCreate(&r->graph, 0);
    for (size_t i = 0; e == cudaSuccess && i < r->count; i++) {
        struct op *op = &r->op[i];
        const cudaGraphNode_t *before = i ? &r->op[i - 1].node : NULL;
        if (op->launch.kernel) {
            struct cnn_launch_of l = launch_of(r, op);
            cudaKernelNodeParams p = node_of(&l);
            e = cudaGraphAddKernelNode(&op->node, r->graph, before, before != NULL, &p);
        } else {
            e = add_gemm(q, r, op, before, before != NULL);
        }
    }
    return e == cudaSuccess ? cudaGraphInstantiateWithFlags(&r->exec, r->graph, 0) : e;
}

void cnn_cuda_record_end(struct cnn_queue *q)
{
    struct cnn_cuda_record *r = q->cuda->record;
    if (!r)
        return;
    if (r->replays && r->at < r->count) {
        give_up(q); /* fewer than before */
        return;
    }
    q->cuda->record = NULL;
    if (q->code)
        return;
    if (r->replays) {
        snprintf(q->cuda->last, sizeof q->cuda->last, "a recorded sequence");
        cnn_cuda_failed(q, "recorded sequence", cudaGraphLaunch(r->exec, q->cuda->stream));
    } else if (r->count && (build(q, r) != cudaSuccess || q->code)) {
        cudaGetLastError(); /* it goes without: what ran, ran well */
        q->code = 0;
        drop_graph(r);
        r->unusable = true;
    }
}
