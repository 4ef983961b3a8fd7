/* Sequences of kernels that come again and again, step after step, as CUDA graphs: the first time
 * they are recorded while they run, then the whole is started at once. Numbers and addresses that
 * kernels are given may differ from time to time (rates, counters); where the kernels themselves
 * differ, they are started one by one, and recorded anew. */
#ifndef CNN_KERN_CUDA_RECORD_CUH
#define CNN_KERN_CUDA_RECORD_CUH

#include "kern/cuda/gemm.cuh"

struct cnn_cuda_record;

/* From here to the end, what is started belongs to *record, NULL at first. */
void cnn_cuda_record_begin(struct cnn_queue *q, struct cnn_cuda_record **record);
void cnn_cuda_record_end(struct cnn_queue *q);
void cnn_cuda_record_free(struct cnn_cuda_record *record); /* NULL is fine */

/* For cnn_cuda_gemm, where q->cuda->record is set; launches come by cnn_cuda_start. */
void cnn_cuda_record_gemm(struct cnn_queue *q, const struct cnn_gemm *g);

#endif
