/* Epilogues by the kernels of their parts; see epilogue.h. */
#include "kern/basic/epilogue.h"

#include <math.h>

#include "kern/activation.h"

void cnn_epilogue_apply(struct cnn_queue *q, const struct cnn_epilogue *e, struct cnn_tensor *y)
{
    if (!e)
        return;
    const struct cnn_tensor *terms[] = {y, e->add};
    if (e->add)
        cnn_cpu_sum_forward(q, 2, terms, y);
    if (e->activate)
        cnn_cpu_activation_forward(q, e->f, e->a, y, y);
}

int cnn_epilogue_limit(const struct cnn_epilogue *e)
{
    if (!e || !e->activate || cnn_activation_type(e->f)->passing != CNN_PASSING_LIMITS)
        return 0;
    return isinf(cnn_activation_type(e->f)->high) ? 1 : 2;
}

real cnn_epilogue_high(const struct cnn_epilogue *e)
{
    return e ? (real)cnn_activation_type(e->f)->high : 0;
}

void cnn_epilogue_rest(struct cnn_queue *q, const struct cnn_epilogue *e, struct cnn_tensor *y)
{
    if (e && e->activate && !cnn_epilogue_limit(e))
        cnn_cpu_activation_forward(q, e->f, e->a, y, y);
}
