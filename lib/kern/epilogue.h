/* What happens to a kernel's result, for kernels that do not do it in passing. */
#ifndef CNN_KERN_EPILOGUE_H
#define CNN_KERN_EPILOGUE_H

#include "kern/kernels.h"

/* y = f(y + add); e NULL: y as it is. */
void cnn_epilogue_apply(struct cnn_queue *q, const struct cnn_epilogue *e, struct cnn_tensor *y);

#endif
