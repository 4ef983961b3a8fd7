/* Numbers of a file into a net: lent where they lie as the net reads them, else put into its parameters
 * straight away, by its threads where the file has them as they are. */
#include <stdlib.h>
#include <string.h>

#include "base/threads.h"
#include "file/tensors.h"
#include "model/load_private.h"

/* Its bits tell, so that many are looked at together: the exponent of NaN and infinity is all ones.
 */
static int all_finite(const void *floats, size_t count)
{
    const unsigned char *x = floats;
    uint32_t found = 0, bits;
    for (size_t i = 0; i < count; i++) {
        memcpy(&bits, x + i * sizeof bits, sizeof bits);
        found += (bits & 0x7f800000u) == 0x7f800000u;
    }
    return !found;
}

/* A copy in parts, each of which is looked at while it is near. */
enum { MOST_PARTS = 64, STEP = 1 << 16 };

struct copy {
    const struct load *load;
    const struct cnn_stored_tensor *tensor;
    float *to;
    size_t part; /* elements */
    int finite[MOST_PARTS];
};

static void copy_part(void *context, size_t job, int thread)
{
    struct copy *c = context;
    const struct cnn_stored_tensor *t = c->tensor;
    size_t first = job * c->part, left = t->count - first;
    size_t end = first + (left < c->part ? left : c->part);
    (void)thread;
    c->finite[job] = 1;
    for (size_t i = first, n; i < end; i += n) {
        n = end - i < STEP ? end - i : STEP;
        memcpy(c->to + i, t->data + i * sizeof(float), n * sizeof(float));
        c->finite[job] &= all_finite(c->to + i, n);
    }
    cnn_tensor_done(c->load->from, t, first, end - first);
}

/* Whether all were finite. */
static int copy(const struct load *l, struct cnn_net *net, const struct cnn_stored_tensor *t,
                float *to)
{
    size_t parts = (t->count + STEP - 1) / STEP, finite = 1;
    parts = parts < MOST_PARTS ? parts + !parts : MOST_PARTS;
    struct copy c = {.load = l, .tensor = t, .to = to, .part = (t->count + parts - 1) / parts};
    parts = (t->count + c.part - 1) / c.part;
    cnn_pool_run(cnn_net_backend(net)->queue.pool, parts, copy_part, &c);
    for (size_t i = 0; i < parts; i++)
        finite &= (size_t)c.finite[i];
    return (int)finite;
}

/* In the net's order, where element i of each n is number from[i] of the file's; NULL: i. */
static int read_in_order(const struct load *l, const struct cnn_stored_tensor *t,
                         const size_t *from, size_t n, float *values)
{
    if (!from)
        return cnn_tensor_floats(l->from, t, values);
    float *stored = cnn_calloc(t->count, sizeof *stored);
    int rc = stored ? cnn_tensor_floats(l->from, t, stored) : CNN_ESYSTEM;
    for (size_t k = 0; !rc && k < t->count; k += n)
        for (size_t i = 0; i < n; i++)
            values[k + i] = stored[k + from[i]];
    free(stored);
    return rc;
}

static int fail_finite(const struct load *l, const struct cnn_stored_tensor *t)
{
    return cnn_fail(CNN_EDATA, "%s: tensor '%s' holds numbers that are not finite", l->from->path,
                    t->name);
}

/* Into the net's memory, or where that is the device's by way of a copy. */
static int put(const struct load *l, struct cnn_net *net, const struct load_param *p,
               const size_t *from, size_t n)
{
    const struct cnn_stored_tensor *t = p->tensor;
    float *place = cnn_net_param_place(net, p->of);
    float *values = place ? place : cnn_calloc(t->count, sizeof *values);
    int rc = values ? 0 : CNN_ESYSTEM, finite = 1;
    if (!rc && place && !from && cnn_tensor_is_plain(t))
        finite = copy(l, net, t, place);
    else if (!rc && !(rc = read_in_order(l, t, from, n, values)))
        finite = all_finite(values, t->count);
    if (!rc && !finite)
        rc = fail_finite(l, t);
    if (!rc && !place)
        cnn_net_param_set(net, p->of, values);
    if (!place)
        free(values);
    return rc;
}

int cnn_load_values(const struct load *l, struct cnn_net *net, const struct load_param *p)
{
    const size_t *from;
    size_t n;
    int rc = cnn_load_order(l, p, &from, &n);
    if (rc)
        return rc;
    const unsigned char *there = !from && cnn_tensor_is_plain(p->tensor) ? p->tensor->data : NULL;
    if (!there || !cnn_net_param_borrows(net, p->of, there))
        return put(l, net, p, from, n);
    if (!all_finite(there, p->tensor->count))
        return fail_finite(l, p->tensor);
    cnn_net_param_lend(net, p->of, there);
    return 0;
}
