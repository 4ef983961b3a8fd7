/* A pool of threads for work that is cut by the problem, never by the number
 * of threads, so that results do not depend on how many there are. */
#ifndef CNN_BASE_THREADS_H
#define CNN_BASE_THREADS_H

#include <stddef.h>

struct cnn_pool;

/* Job `job` of a run, on thread `thread` (0..threads-1): the thread number may
 * only choose scratch memory, never what is computed. */
typedef void cnn_job(void *context, size_t job, int thread);

/* A pool of `threads` (the caller of cnn_pool_run counts as one); 0 means one for
 * each core that this process may use. NULL with an error set. */
struct cnn_pool *cnn_pool_new(int threads);
void cnn_pool_free(struct cnn_pool *pool);
int cnn_pool_threads(const struct cnn_pool *pool);

/* Do jobs 0..jobs-1 and return when all are done. Not reentrant: jobs may not run
 * jobs on the same pool. Allocates nothing. */
void cnn_pool_run(struct cnn_pool *pool, size_t jobs, cnn_job *run, void *context);

/* Cores that this process may use (affinity and cgroup quota respected), at least 1. */
int cnn_cores(void);

#endif
