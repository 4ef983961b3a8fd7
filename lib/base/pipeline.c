/* The ordered parallel map; see pipeline.h. A slot goes round the states
 * FREE -> BUSY (produced, being worked on) -> READY -> FREE. */
#include "base/pipeline.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/memory.h"

enum state { FREE, BUSY, READY };

struct slot {
    enum state state;
    int code; /* of the item's work: 0 or negative */
    char *message;
    void *data;
};

struct cnn_pipeline {
    struct cnn_pipeline_job job;
    size_t depth, head, tail; /* next to consume, next to produce (counted from the start) */
    struct slot *slot;
    pthread_mutex_t produce, lock;
    pthread_cond_t ready, space;
    pthread_t *thread;
    int threads, ended, stop;
    int code; /* why the producer ended: 0 or negative */
    char *message;
};

/* Wait for a free slot and let the producer fill it; 0 when there is nothing more to do.
 * The caller holds p->produce, so items are numbered in the order produced. */
static int produce_one(struct cnn_pipeline *p, struct slot **out)
{
    pthread_mutex_lock(&p->lock);
    while (!p->stop && !p->ended && p->tail - p->head >= p->depth)
        pthread_cond_wait(&p->space, &p->lock);
    int go = !p->stop && !p->ended;
    struct slot *s = &p->slot[p->tail % p->depth];
    pthread_mutex_unlock(&p->lock);
    if (!go)
        return 0;
    int rc = p->job.produce(p->job.context, s->data);
    pthread_mutex_lock(&p->lock);
    if (rc > 0) {
        s->state = BUSY;
        s->code = 0;
        p->tail++;
        *out = s;
    } else {
        p->ended = 1;
        p->code = rc;
        p->message = rc < 0 ? cnn_strdup(cnn_error_message()) : NULL;
        pthread_cond_broadcast(&p->ready);
        pthread_cond_broadcast(&p->space);
    }
    pthread_mutex_unlock(&p->lock);
    return rc > 0;
}

static void *worker(void *argument)
{
    struct cnn_pipeline *p = argument;
    for (;;) {
        struct slot *s = NULL;
        pthread_mutex_lock(&p->produce);
        int go = produce_one(p, &s);
        pthread_mutex_unlock(&p->produce);
        if (!go)
            return NULL;
        int rc = p->job.work(p->job.context, s->data);
        char *message = rc < 0 ? cnn_strdup(cnn_error_message()) : NULL;
        pthread_mutex_lock(&p->lock);
        s->code = rc;
        s->message = message;
        s->state = READY;
        if (s == &p->slot[p->head % p->depth])
            pthread_cond_signal(&p->ready);
        pthread_mutex_unlock(&p->lock);
    }
}

int cnn_pipeline_next(struct cnn_pipeline *p, void **slot)
{
    *slot = NULL;
    pthread_mutex_lock(&p->lock);
    struct slot *s = &p->slot[p->head % p->depth];
    while (p->head == p->tail ? !p->ended : s->state != READY)
        pthread_cond_wait(&p->ready, &p->lock);
    int at_end = p->head == p->tail;
    int rc = at_end ? p->code : s->code;
    const char *message = at_end ? p->message : s->message;
    pthread_mutex_unlock(&p->lock);
    if (rc < 0)
        return cnn_fail(rc, "%s", message ? message : "out of memory");
    if (at_end)
        return 0;
    *slot = s->data;
    return 1;
}

void cnn_pipeline_release(struct cnn_pipeline *p)
{
    pthread_mutex_lock(&p->lock);
    if (p->head != p->tail) {
        struct slot *s = &p->slot[p->head % p->depth];
        free(s->message);
        s->message = NULL;
        s->state = FREE;
        p->head++;
        pthread_cond_signal(&p->space);
    }
    pthread_mutex_unlock(&p->lock);
}

struct cnn_pipeline *cnn_pipeline_open(const struct cnn_pipeline_job *job, int threads,
                                       size_t depth)
{
    struct cnn_pipeline *p = cnn_calloc(1, sizeof *p);
    if (!p)
        return NULL;
    p->job = *job;
    p->depth = depth ? depth : 1;
    pthread_mutex_init(&p->produce, NULL);
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->ready, NULL);
    pthread_cond_init(&p->space, NULL);
    p->slot = cnn_calloc(p->depth, sizeof *p->slot);
    p->thread = cnn_calloc((size_t)threads, sizeof *p->thread);
    if (!p->slot || !p->thread)
        goto fail;
    for (size_t i = 0; i < p->depth; i++)
        if (!(p->slot[i].data = cnn_calloc(1, job->slot_size)))
            goto fail;
    for (; p->threads < threads; p->threads++)
        if (pthread_create(&p->thread[p->threads], NULL, worker, p)) {
            cnn_fail(CNN_ESYSTEM, "cannot start a decoding thread");
            goto fail;
        }
    return p;
fail:
    cnn_pipeline_close(p, NULL);
    return NULL;
}

void cnn_pipeline_close(struct cnn_pipeline *p, void (*drop)(void *context, void *slot))
{
    if (!p)
        return;
    pthread_mutex_lock(&p->lock);
    p->stop = 1;
    pthread_cond_broadcast(&p->space);
    pthread_mutex_unlock(&p->lock);
    for (int i = 0; i < p->threads; i++)
        pthread_join(p->thread[i], NULL);
    for (size_t i = 0; p->slot && i < p->depth; i++) {
        if (drop && p->slot[i].data)
            drop(p->job.context, p->slot[i].data);
        free(p->slot[i].data);
        free(p->slot[i].message);
    }
    pthread_mutex_destroy(&p->produce);
    pthread_mutex_destroy(&p->lock);
    pthread_cond_destroy(&p->ready);
    pthread_cond_destroy(&p->space);
    free(p->slot);
    free(p->thread);
    free(p->message);
    free(p);
}
