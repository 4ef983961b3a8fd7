/* Inside the plan: plan.c (times, and what layers reserve), plan_values.c and plan_gradients.c
 * (lifetimes), plan_segments.c (what runs again), plan_blocks.c (sizes and lives of blocks),
 * plan_pack.c (offsets). */
#ifndef CNN_NET_PLAN_PRIVATE_H
#define CNN_NET_PLAN_PRIVATE_H

#include "net/plan.h"

struct cnn_planner {
    const struct cnn_graph *g;
    struct cnn_backend *b;
    struct cnn_plan *p;
    const struct cnn_plan_request *request;
    int *consumers;      /* (nodes) steps that read the node's value */
    int *reach;          /* (nodes) the last of them; the node itself when there is none */
    unsigned char *keep; /* (nodes) the value must survive until the end */
    int *again_time, *backward_time; /* (nodes) */
    int end;                         /* the last moment */
    size_t most_blocks, edges;
};

/* Bytes of a step's value; and of input k of step i, in the step's own layout. */
size_t cnn_plan_value_bytes(const struct cnn_planner *s, int node);
size_t cnn_plan_converted_bytes(const struct cnn_planner *s, int i, int k);

/* A block of so many bytes for the moments first .. last; -1 where there are none. */
int cnn_plan_block(struct cnn_planner *s, size_t bytes, int first, int last);
/* It must be there at `step`, too. */
void cnn_plan_extend(struct cnn_planner *s, int block, int step);

/* The step's layer's flags, as far as they hold for the step. */
unsigned cnn_plan_flags(const struct cnn_planner *s, int node);
/* Whether step i reads input k in another layout than it has. */
int cnn_plan_converts(const struct cnn_planner *s, int i, int k);
int cnn_plan_runs_backward(const struct cnn_planner *s, int node);

/* Blocks for all values, first; for all gradients, where a backward follows; for copies of the
 * gradients that are asked for. */
void cnn_plan_values(struct cnn_planner *s);
void cnn_plan_gradients(struct cnn_planner *s);
void cnn_plan_kept_gradients(struct cnn_planner *s);

/* Cut the steps into `segments` of about equal size, at places where little crosses; mark what runs
 * again. */
void cnn_plan_cut(struct cnn_planner *s, int segments);

/* Offsets for all blocks. CNN_EDATA when they are larger than memory can be. */
CNN_CHECKED int cnn_plan_pack(struct cnn_plan *p);

#endif
