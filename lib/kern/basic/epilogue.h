/* What happens to a kernel's result, for kernels that do not do it in passing. */
#ifndef CNN_KERN_BASIC_EPILOGUE_H
#define CNN_KERN_BASIC_EPILOGUE_H

#include "kern/kernels.h"

/* y = f(y + add); e NULL: y as it is. */
void cnn_epilogue_apply(struct cnn_queue *q, const struct cnn_epilogue *e, struct cnn_tensor *y);

/* What a kernel that limits its results on their way out does of f: 1: at least 0, 2: at least 0
 * and at most cnn_epilogue_high, 0: nothing. */
int cnn_epilogue_limit(const struct cnn_epilogue *e);
real cnn_epilogue_high(const struct cnn_epilogue *e);
/* y = f(y) for kernels that added and limited already, where that was not all. */
void cnn_epilogue_rest(struct cnn_queue *q, const struct cnn_epilogue *e, struct cnn_tensor *y);

#endif
