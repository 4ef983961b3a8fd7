/* The list of operators, and what their functions lean on; see onnx.h and ops.h. */
#include "model/import/onnx/ops.h"

#include <string.h>

/* In place of a function: there is none. */
#define cnn_onnx_none NULL
#define CNN_ONNX_OP(name, translate, fold, attributes, limits)                                     \
    {#name, cnn_onnx_##translate, cnn_onnx_##fold, attributes, limits},
static const struct onnx_op ops[] = {
#include "model/import/onnx/onnx_ops.def"
};
#undef CNN_ONNX_OP
#undef cnn_onnx_none

const struct onnx_op *cnn_onnx_op_at(size_t i)
{
    return i < sizeof ops / sizeof *ops ? &ops[i] : NULL;
}

const struct onnx_op *cnn_onnx_op(const char *domain, const char *name)
{
    if (*domain && strcmp(domain, "ai.onnx"))
        return NULL;
    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++)
        if (!strcmp(ops[i].name, name))
            return &ops[i];
    return NULL;
}
