/* Between layouts; see layout.h. A job is a sample's block of channels, or a group of samples: a
 * transposition of (block, positions) to (positions, block), or back. */
#include "kern/basic/layout.h"

#include <string.h>

#include "kern/hot.h"
#include "kern/isa/isa.h"

/* Plain order as sets of rows, `lanes` of which lie in a vector each: the channels of each sample,
 * or one set of all samples. */
struct move {
    real *plain, *vectors;
    size_t rows, row; /* rows of a set, elements of a row */
    size_t lanes, blocks;
    int back; /* from vectors to plain */
    int add;
};

/* Job: a block of a set. */
static void move_job(void *context, size_t job, int thread)
{
    const struct move *m = context;
    size_t set = job / m->blocks, first = job % m->blocks * m->lanes;
    size_t rows = cnn_min(m->lanes, m->rows - first);
    real *plain = m->plain + (set * m->rows + first) * m->row;
    real *vectors = m->vectors + job * m->lanes * m->row;
    (void)thread;
    struct cnn_transpose t = {.rows = rows,
                              .count = m->row,
                              .row_step = m->row,
                              .taps = 1,
                              .step = (ptrdiff_t)m->lanes,
                              .add = m->add};
    if (m->back)
        cnn_isa()->separate(&t, vectors, plain);
    else
        cnn_isa()->interleave(&t, plain, vectors);
}

struct arrays {
    const real *x;
    real *y;
    size_t count;
    int add;
};

CNN_HOT(same_job, (void *context, size_t job, int thread), (context, job, thread))
{
    const struct arrays *a = context;
    struct cnn_range r = cnn_range_of(job, CNN_CHUNK, a->count);
    (void)thread;
    if (!a->add) {
        memcpy(a->y + r.begin, a->x + r.begin, (r.end - r.begin) * sizeof *a->y);
        return;
    }
    for (size_t i = r.begin; i < r.end; i++)
        a->y[i] += a->x[i];
}

void cnn_layout_copy(struct cnn_queue *q, const struct cnn_tensor *x, struct cnn_tensor *y, int add)
{
    if (cnn_layout_equal(x->layout, y->layout)) {
        struct arrays a = {x->data, y->data, cnn_tensor_elements(y), add};
        cnn_queue_run(q, cnn_ceil_div(a.count, CNN_CHUNK), same_job, &a);
        return;
    }
    int back = cnn_layout_is_plain(y->layout);
    const struct cnn_tensor *vectors = back ? x : y, *plain = back ? y : x;
    int groups = vectors->layout.order == CNN_ORDER_GROUPS;
    size_t hw = x->h * x->w, sets = groups ? 1 : x->n;
    struct move m = {.plain = plain->data,
                     .vectors = vectors->data,
                     .rows = groups ? x->n : x->c,
                     .row = groups ? x->c * hw : hw,
                     .lanes = cnn_tensor_lanes(vectors),
                     .back = back,
                     .add = add};
    m.blocks = cnn_ceil_div(m.rows, m.lanes);
    cnn_queue_run(q, sets * m.blocks, move_job, &m);
}
