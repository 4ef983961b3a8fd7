/* Epilogues by the kernels of their parts; see epilogue.h. */
#include "kern/basic/epilogue.h"

void cnn_epilogue_apply(struct cnn_queue *q, const struct cnn_epilogue *e, struct cnn_tensor *y)
{
    if (!e)
        return;
    const struct cnn_tensor *terms[] = {y, e->add};
    if (e->add)
        cnn_cpu_sum_forward(q, 2, terms, y);
    if (e->activate)
        cnn_cpu_activation_forward(q, e->f, e->slope, y, y);
}

int cnn_epilogue_limit(const struct cnn_epilogue *e)
{
    if (!e || !e->activate)
        return 0;
    return e->f == CNN_RELU ? 1 : e->f == CNN_RELU6 ? 2 : 0;
}

void cnn_epilogue_rest(struct cnn_queue *q, const struct cnn_epilogue *e, struct cnn_tensor *y)
{
    if (e && e->activate && !cnn_epilogue_limit(e))
        cnn_cpu_activation_forward(q, e->f, e->slope, y, y);
}
