/* Batches ahead of compute; see loader.h.
 *
 * A pipeline works on chunks of a few consecutive samples, so that tiny images cost little
 * overhead; the consumer copies them together into batches. Neither the size of a chunk nor the
 * number of threads shows in what comes out. */
#include "data/loader/loader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/pipeline.h"
#include "base/threads.h"
#include "data/loader/private.h"

enum { CHUNK_ELEMENTS = 32768, CHUNK_MAX = 64 };

static size_t chunk_size(size_t elements)
{
    size_t n = CHUNK_ELEMENTS / (elements ? elements : 1);
    return n < 1 ? 1 : n > CHUNK_MAX ? CHUNK_MAX : n;
}

static size_t ring_depth(size_t batch, size_t chunk, int threads)
{
    return (batch + chunk - 1) / chunk + 2 * (size_t)threads;
}

/* Of native samples, whose sizes nobody knows, as few as keep the threads at work. */
static void size_ring(struct cnn_loader *l)
{
    l->chunk_size = l->options.native ? 1 : chunk_size(l->elements);
    l->depth = l->options.native ? 2 * (size_t)l->threads
                                 : ring_depth(l->options.batch, l->chunk_size, l->threads);
}

static int thread_count(const struct cnn_loader_options *o)
{
    return o->threads > 0 ? o->threads : cnn_cores();
}

size_t cnn_loader_bytes(const struct cnn_loader_options *options)
{
    size_t elements = cnn_input_count(options->input), fields = 0, scratch = 0, shares = 0;
    size_t chunk = chunk_size(elements), threads = (size_t)thread_count(options);
    size_t depth = ring_depth(options->batch, chunk, (int)threads);
    size_t samples = depth * chunk + 2 * options->batch;
    int mixes = cnn_augmenter_next_mixing(options->augmenter, NULL) != NULL;
    struct cnn_loader_room room = {0};
    cnn_loader_mixing_room(options, NULL, &room);
    for (size_t i = 0; i < options->wishes; i++) {
        struct cnn_loader_wish w = cnn_loader_wish_of(options, i);
        shares += mixes && w.w.kind == CNN_FIELD_CLASS ? w.w.shares * sizeof(float) : 0;
        fields += cnn_loader_wish_bytes(&w);
        scratch += cnn_loader_wish_scratch(&w);
        cnn_loader_mixing_room(options, &w, &room);
    }
    size_t each = elements * sizeof(float) + fields + sizeof(struct cnn_loader_item) + 64;
    /* a thread decodes into one image, and augments and resizes into two more */
    return samples * each + threads * (3 * elements * sizeof(float) + scratch) +
           2 * options->batch * shares + (room.kept + room.shown) * sizeof(float);
}

static int allocate_chunks(struct cnn_loader *l)
{
    l->chunk = cnn_calloc(l->depth, sizeof *l->chunk);
    for (size_t i = 0; l->chunk && i < l->depth; i++) {
        struct cnn_loader_chunk *c = &l->chunk[i];
        c->item = cnn_calloc(l->chunk_size, sizeof *c->item);
        if (!l->options.native)
            c->x = cnn_calloc(l->chunk_size, l->elements * sizeof *c->x);
        if (!c->item || (!c->x && !l->options.native) ||
            cnn_loader_fields_new(l, l->chunk_size, &c->field))
            return CNN_ESYSTEM;
    }
    return l->chunk ? 0 : CNN_ESYSTEM;
}

static int allocate_batch(const struct cnn_loader *l, struct cnn_loader_buffers *b)
{
    size_t n = l->options.batch;
    int sized = !l->store && !l->options.native;
    b->x = sized ? cnn_calloc(n, l->elements * sizeof *b->x) : NULL;
    b->rows = l->rows > 1 ? cnn_calloc(n, sizeof *b->rows) : NULL;
    b->kept = l->options.fields ? cnn_calloc(n, sizeof *b->kept) : NULL;
    b->shown = cnn_calloc(l->wishes, sizeof *b->shown);
    b->weight = cnn_calloc(n, sizeof *b->weight);
    b->key = cnn_calloc(n, sizeof *b->key);
    b->own_key = cnn_calloc(n, sizeof *b->own_key);
    b->key_capacity = cnn_calloc(n, sizeof *b->key_capacity);
    b->index = cnn_calloc(n, sizeof *b->index);
    b->hash = cnn_calloc(n, sizeof *b->hash);
    if (l->mixes && cnn_loader_shares_new(l, n, &b->share))
        return CNN_ESYSTEM;
    if (cnn_loader_fields_new(l, n, &b->field) || (sized && !b->x) || (l->rows > 1 && !b->rows) ||
        (l->options.fields && !b->kept) || !b->shown || !b->weight || !b->key || !b->own_key ||
        !b->key_capacity || !b->index || !b->hash)
        return CNN_ESYSTEM;
    for (size_t i = 0; i < l->wishes; i++) {
        const float *shares = b->share ? b->share[i] : NULL;
        const float *numbers = l->wish[i].is_x ? b->x : b->field[i].numbers;
        b->shown[i] = (struct cnn_batch_field){b->field[i].label, shares ? shares : numbers,
                                               b->field[i].rows};
    }
    return 0;
}

/* Whether a device can make batches' inputs: of a kept image nothing but its class is known, and
 * samples are mixed here. */
static int may_store(const struct cnn_loader *l)
{
    const struct cnn_loader_wish *w = l->wish;
    return !l->stream && !l->mixes && !l->options.native && l->rows == 1 &&
           (!l->wishes || (l->wishes == 1 && w->w.kind == CNN_FIELD_CLASS && w->rows == 1));
}

static int take_wishes(struct cnn_loader *l)
{
    const struct cnn_loader_options *o = &l->options;
    l->wish = cnn_calloc(o->wishes, sizeof *l->wish);
    l->wanted = cnn_calloc(o->wishes, sizeof *l->wanted);
    l->wishes = l->wish && l->wanted ? o->wishes : 0;
    l->fits = !o->native && !cnn_augmenter_counts_pixels(o->augmenter);
    for (size_t i = 0; i < l->wishes; i++) {
        l->wish[i] = cnn_loader_wish_of(o, i);
        l->wanted[i] = l->wish[i].name;
        l->fits &= !l->wish[i].in_plane;
    }
    return l->wish && l->wanted ? 0 : CNN_ESYSTEM;
}

/* The epoch's order, and threads that begin at its position `start`. */
static int begin(struct cnn_loader *l, uint64_t epoch, size_t start)
{
    struct cnn_pipeline_job job = {cnn_loader_produce, cnn_loader_work, l,
                                   sizeof(struct cnn_loader_chunk *)};
    l->epoch = epoch;
    l->given = 0;
    l->current = NULL;
    l->next = l->position = start < l->count ? start : l->count;
    if (l->drawn)
        cnn_random_permutation(l->options.seed,
                               cnn_hash_u64(epoch, cnn_hash_string("order of an epoch", 0)),
                               l->count, l->drawn);
    l->pipeline = cnn_pipeline_open(&job, l->threads, l->depth);
    return l->pipeline ? 0 : CNN_ESYSTEM;
}

int cnn_loader_open(struct cnn_dataset *ds, const struct cnn_loader_options *options,
                    uint64_t epoch, size_t start, struct cnn_loader **out)
{
    *out = NULL;
    struct cnn_loader *l = cnn_calloc(1, sizeof *l);
    if (!l)
        return CNN_ESYSTEM;
    pthread_mutex_init(&l->lock, NULL);
    l->ds = ds;
    l->options = *options;
    l->options.batch = options->batch ? options->batch : 1;
    l->count = cnn_dataset_count(ds);
    l->stream = l->count == SIZE_MAX;
    l->order = options->order;
    if (l->order)
        l->count = options->count;
    l->threads = thread_count(options);
    l->fit = cnn_input_fit(options->input);
    l->augments = cnn_augmenter_next_alone(options->augmenter, NULL) != NULL;
    l->mixes = cnn_augmenter_next_mixing(options->augmenter, NULL) != NULL;
    l->affine = cnn_augmenter_is_affine(options->augmenter);
    l->rows = cnn_input_rows(options->input);
    l->elements = cnn_input_count(options->input);
    size_ring(l);
    int rc = take_wishes(l);
    if (!rc && l->mixes)
        rc = cnn_loader_mixing_check(l);
    if (!rc && l->mixes)
        rc = cnn_loader_mixing_new(l);
    if (!rc && may_store(l))
        l->store = options->store;
    if (!rc && l->stream && start)
        rc = cnn_fail(CNN_EINTERNAL, "a stream that was not spooled begins at its beginning");
    if (!rc && options->shuffle && !l->stream && !l->order) {
        l->order = l->drawn = cnn_calloc(l->count, sizeof *l->drawn);
        rc = l->drawn ? 0 : CNN_ESYSTEM;
    }
    if (!rc)
        rc = allocate_chunks(l);
    if (!rc && (allocate_batch(l, &l->batch[0]) || allocate_batch(l, &l->batch[1])))
        rc = CNN_ESYSTEM;
    if (!rc)
        rc = cnn_loader_warm(l);
    if (!rc)
        rc = begin(l, epoch, start);
    if (rc)
        cnn_loader_close(l);
    else
        *out = l;
    return rc;
}

int cnn_loader_rewind(struct cnn_loader *l, uint64_t epoch, size_t start)
{
    if (l->stream)
        return cnn_fail(CNN_EINTERNAL, "a stream that was not spooled is read once");
    cnn_pipeline_close(l->pipeline, NULL);
    l->pipeline = NULL;
    return begin(l, epoch, start);
}

static void store_item(const struct cnn_loader *l, const struct cnn_loader_item *item,
                       const void *bytes)
{
    int32_t label = l->wishes ? l->current->field->label[l->at] : -1;
    struct cnn_kept_image keep = {item->image, item->hash, label, item->weight, 0};
    if (item->bytes)
        cnn_image_store_add(l->store, l->options.store_first + item->index, &item->image, bytes,
                            item->bytes, item->stays ? &keep : NULL);
    else
        cnn_image_store_repeat(l->store, &item->image);
}

/* Into place `n` of the batch. */
static int copy_item(const struct cnn_loader *l, struct cnn_loader_buffers *b, size_t n)
{
    struct cnn_loader_chunk *c = l->current;
    struct cnn_loader_item *item = &c->item[l->at];
    size_t elements = l->options.native ? cnn_chw_count(item->shape) : l->elements;
    const float *x = c->x + l->at * elements;
    if (l->options.native && cnn_loader_fit_batch(l, b, n, item))
        return CNN_ESYSTEM;
    if (l->store)
        store_item(l, item, x);
    else
        memcpy(b->x + n * elements, x, elements * sizeof *x);
    cnn_loader_fields_copy(l, b->field, n, c->field, l->at, item->shape);
    if (b->rows)
        b->rows[n] = (int32_t)item->rows;
    if (b->kept) {
        struct cnn_sample kept = item->kept;
        item->kept = b->kept[n];
        b->kept[n] = kept;
    }
    b->weight[n] = item->weight;
    b->index[n] = item->index;
    b->hash[n] = item->hash;
    b->key[n] = item->key;
    if (!l->stream)
        return 0;
    size_t size = strlen(item->key) + 1; /* the chunk will be filled anew before the next call */
    if (cnn_grow(&b->own_key[n], &b->key_capacity[n], size, 1))
        return CNN_ESYSTEM;
    b->key[n] = memcpy(b->own_key[n], item->key, size);
    return 0;
}

static int report_bad(const struct cnn_loader *l, const struct cnn_loader_item *item)
{
    const char *message = item->message ? item->message : "out of memory";
    if (l->options.on_bad == CNN_BAD_FAIL)
        return cnn_fail(item->code, "%s", message);
    if (!l->options.bad)
        return 0;
    char place[1200];
    const char *source = place;
    if (l->stream)
        snprintf(place, sizeof place, "%.1000s#%zu", l->ds->path, item->index);
    else
        source = cnn_dataset_record(l->ds, item->index)->source;
    l->options.bad(l->options.context, source, message);
    return 0;
}

/* The next sample of the epoch. 1: it is in place *n, which moves on, or was skipped; 2: it is of another
 * size than those before it, and waits; 0: the end. */
static int take_item(struct cnn_loader *l, struct cnn_loader_buffers *b, size_t *n)
{
    if (!l->current) {
        void *slot;
        int rc = cnn_pipeline_next(l->pipeline, &slot);
        if (rc <= 0)
            return rc;
        l->current = *(struct cnn_loader_chunk **)slot;
        l->at = 0;
    }
    const struct cnn_loader_item *item = &l->current->item[l->at];
    if (l->options.native && !item->code && !cnn_loader_goes_with(l, item, &b->shape, *n))
        return 2;
    int code = item->code ? report_bad(l, item) : copy_item(l, b, *n);
    if (code)
        return code;
    *n += !item->code;
    l->position++;
    if (++l->at == l->current->n) {
        l->current = NULL;
        cnn_pipeline_release(l->pipeline);
    }
    return 1;
}

int cnn_loader_next(struct cnn_loader *l, struct cnn_batch *batch)
{
    l->side = !l->side;
    struct cnn_loader_buffers *b = &l->batch[l->side];
    size_t n = 0;
    int rc = 1;
    if (l->store)
        cnn_image_store_begin(l->store);
    while (rc > 0 && !n)
        for (size_t taken = 0; taken < l->options.batch; taken++) {
            rc = take_item(l, b, &n);
            if (rc != 1)
                break;
        }
    if (rc >= 0 && l->mixes)
        rc = cnn_loader_mix(l, b, n);
    if (rc < 0)
        return rc;
    *batch = (struct cnn_batch){.n = n,
                                .shape = l->options.native ? b->shape : l->options.input->shape,
                                .x = l->store ? NULL : b->x,
                                .size = (const size_t(*)[2])b->size,
                                .rows = b->rows,
                                .images = l->store,
                                .fields = l->wishes,
                                .field = b->shown,
                                .kept = b->kept,
                                .weight = b->weight,
                                .key = b->key,
                                .index = b->index,
                                .hash = b->hash};
    return n > 0;
}

size_t cnn_loader_position(const struct cnn_loader *l)
{
    return l->position;
}

static void free_batch(const struct cnn_loader *l, struct cnn_loader_buffers *b)
{
    size_t n = l->options.batch;
    for (size_t i = 0; b->own_key && i < n; i++)
        free(b->own_key[i]);
    for (size_t i = 0; b->kept && i < n; i++)
        cnn_sample_free(&b->kept[i]);
    free(b->kept);
    cnn_loader_fields_free(l, b->field);
    cnn_loader_shares_free(l, b->share);
    free(b->shown);
    free(b->x);
    free(b->rows);
    free(b->weight);
    free(b->key);
    free(b->own_key);
    free(b->key_capacity);
    free(b->index);
    free(b->size);
    free(b->hash);
}

static void free_chunk(const struct cnn_loader *l, struct cnn_loader_chunk *c)
{
    for (size_t i = 0; c->item && i < l->chunk_size; i++) {
        free(c->item[i].message);
        free(c->item[i].own_key);
        cnn_sample_free(&c->item[i].kept);
        cnn_raw_free(c->item[i].raw);
    }
    free(c->item);
    free(c->x);
    cnn_loader_fields_free(l, c->field);
}

void cnn_loader_close(struct cnn_loader *l)
{
    if (!l)
        return;
    cnn_pipeline_close(l->pipeline, NULL);
    for (size_t i = 0; l->chunk && i < l->depth; i++)
        free_chunk(l, &l->chunk[i]);
    free(l->chunk);
    for (struct cnn_loader_scratch *s = l->idle, *next; s; s = next) {
        next = s->next;
        cnn_sample_free(&s->sample);
        cnn_augment_scratch_free(&s->augment);
        cnn_preprocess_scratch_free(&s->preprocess);
        free(s);
    }
    free_batch(l, &l->batch[0]);
    free_batch(l, &l->batch[1]);
    pthread_mutex_destroy(&l->lock);
    free(l->drawn);
    cnn_loader_mixing_free(l);
    free(l->wish);
    free(l->wanted);
    free(l->stream_message);
    free(l);
}
