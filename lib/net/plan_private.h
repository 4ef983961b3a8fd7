/* Inside the plan: plan.c (lifetimes), plan_segments.c (what runs again), plan_pack.c (offsets),
 * plan_bytes.c (sizes). */
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

/* Cut the steps into `segments` of about equal size, at places where little crosses; mark what runs
 * again. */
void cnn_plan_cut(struct cnn_planner *s, int segments);

/* Offsets for all blocks. CNN_EDATA when they are larger than memory can be. */
int cnn_plan_pack(struct cnn_plan *p);

#endif
