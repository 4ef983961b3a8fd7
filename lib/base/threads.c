/* The thread pool: a run is published under a mutex, jobs are taken from an
 * atomic counter, and idle threads spin briefly before they sleep, since
 * steps of small nets come every few microseconds; see threads.h. */
#define _GNU_SOURCE
#include "base/threads.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/memory.h"

enum { SPINS = 2000, MAX_THREADS = 1024 };

struct cnn_pool {
    int threads, spins; /* spins: rounds to wait awake; 0: more threads than cores */
    pthread_t *thread;
    pthread_mutex_t lock;
    pthread_cond_t wake, done;
    atomic_uint generation; /* counts runs; changed under the lock */
    atomic_int working;     /* helpers that have not finished this run */
    atomic_int sleeping;    /* the caller waits on `done` */
    atomic_size_t next;
    size_t jobs;
    cnn_job *run;
    void *context;
    int stop;
};

struct helper {
    struct cnn_pool *pool;
    int index;
};

int cnn_cores(void)
{
    cpu_set_t set;
    int n = 0;
    if (!sched_getaffinity(0, sizeof set, &set))
        n = CPU_COUNT(&set);
    if (n < 1)
        n = (int)sysconf(_SC_NPROCESSORS_ONLN);
    long quota, period;
    FILE *f = fopen("/sys/fs/cgroup/cpu.max", "r");
    if (f) {
        if (fscanf(f, "%ld %ld", &quota, &period) == 2 && quota > 0 && period > 0) {
            int limit = (int)((quota + period - 1) / period);
            n = limit < n ? limit : n;
        }
        fclose(f);
    }
    return n < 1 ? 1 : n > MAX_THREADS ? MAX_THREADS : n;
}

static void relax(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

static void take_jobs(struct cnn_pool *p, int thread)
{
    size_t job;
    while ((job = atomic_fetch_add_explicit(&p->next, 1, memory_order_relaxed)) < p->jobs)
        p->run(p->context, job, thread);
}

/* Wait until the generation differs from `seen`; returns nonzero to stop. */
static int await_run(struct cnn_pool *p, unsigned seen)
{
    for (int i = 0; i < p->spins; i++) {
        if (atomic_load_explicit(&p->generation, memory_order_acquire) != seen)
            return p->stop;
        relax();
    }
    pthread_mutex_lock(&p->lock);
    while (atomic_load_explicit(&p->generation, memory_order_relaxed) == seen)
        pthread_cond_wait(&p->wake, &p->lock);
    int stop = p->stop;
    pthread_mutex_unlock(&p->lock);
    return stop;
}

static void *helper_main(void *argument)
{
    struct helper h = *(struct helper *)argument;
    struct cnn_pool *p = h.pool;
    free(argument);
    for (unsigned seen = 0; !await_run(p, seen);) {
        seen = atomic_load_explicit(&p->generation, memory_order_acquire);
        take_jobs(p, h.index);
        if (atomic_fetch_sub(&p->working, 1) == 1 && atomic_load(&p->sleeping)) {
            pthread_mutex_lock(&p->lock);
            pthread_cond_signal(&p->done);
            pthread_mutex_unlock(&p->lock);
        }
    }
    return NULL;
}

static void publish(struct cnn_pool *p)
{
    pthread_mutex_lock(&p->lock);
    atomic_fetch_add_explicit(&p->generation, 1, memory_order_release);
    pthread_cond_broadcast(&p->wake);
    pthread_mutex_unlock(&p->lock);
}

void cnn_pool_run(struct cnn_pool *p, size_t jobs, cnn_job *run, void *context)
{
    if (p->threads == 1 || jobs <= 1) {
        for (size_t job = 0; job < jobs; job++)
            run(context, job, 0);
        return;
    }
    p->jobs = jobs;
    p->run = run;
    p->context = context;
    atomic_store(&p->next, 0);
    atomic_store(&p->working, p->threads - 1);
    publish(p);
    take_jobs(p, 0);
    for (int i = 0; i < p->spins; i++) {
        if (!atomic_load(&p->working))
            return;
        relax();
    }
    pthread_mutex_lock(&p->lock);
    atomic_store(&p->sleeping, 1);
    while (atomic_load(&p->working))
        pthread_cond_wait(&p->done, &p->lock);
    atomic_store(&p->sleeping, 0);
    pthread_mutex_unlock(&p->lock);
}

int cnn_pool_threads(const struct cnn_pool *pool)
{
    return pool->threads;
}

struct cnn_pool *cnn_pool_new(int threads)
{
    int cores = cnn_cores();
    if (threads <= 0)
        threads = cores;
    if (threads > MAX_THREADS)
        threads = MAX_THREADS;
    struct cnn_pool *p = cnn_calloc(1, sizeof *p);
    if (!p)
        return NULL;
    p->spins = threads <= cores ? SPINS : 0;
    p->threads = 1;
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->wake, NULL);
    pthread_cond_init(&p->done, NULL);
    p->thread = cnn_calloc((size_t)threads, sizeof *p->thread);
    if (!p->thread)
        goto fail;
    while (p->threads < threads) {
        struct helper *h = cnn_calloc(1, sizeof *h);
        if (!h)
            goto fail;
        *h = (struct helper){p, p->threads};
        int rc = pthread_create(&p->thread[p->threads], NULL, helper_main, h);
        if (rc) {
            free(h);
            cnn_fail(CNN_ESYSTEM, "cannot start thread %d of %d", p->threads + 1, threads);
            goto fail;
        }
        p->threads++;
    }
    return p;
fail:
    cnn_pool_free(p);
    return NULL;
}

void cnn_pool_free(struct cnn_pool *p)
{
    if (!p)
        return;
    if (p->thread) {
        p->stop = 1;
        publish(p);
        for (int i = 1; i < p->threads; i++)
            pthread_join(p->thread[i], NULL);
    }
    free(p->thread);
    pthread_mutex_destroy(&p->lock);
    pthread_cond_destroy(&p->wake);
    pthread_cond_destroy(&p->done);
    free(p);
}
