/* The threads' part of the loader: samples decoded, augmented and brought to the net's input. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "data/loader/private.h"

/* The next samples of a stream. Its error waits until those before it are worked on. */
static int produce_raw(struct cnn_loader *l, struct cnn_loader_chunk *c)
{
    c->start = l->next;
    c->n = 0;
    while (c->n < l->chunk_size && !l->stream_code) {
        struct cnn_loader_item *item = &c->item[c->n];
        int rc = item->raw || (item->raw = cnn_raw_new()) ? 1 : CNN_ESYSTEM;
        if (rc > 0)
            rc = cnn_dataset_next(l->ds, item->raw);
        if (rc == 0)
            break;
        if (rc < 0) {
            l->stream_code = rc;
            l->stream_message = cnn_strdup(cnn_error_message());
        } else {
            c->n++;
        }
    }
    l->next += c->n;
    if (!c->n && l->stream_code)
        return cnn_fail(l->stream_code, "%s", l->stream_message ? l->stream_message : "");
    return c->n > 0;
}

int cnn_loader_produce(void *context, void *slot)
{
    struct cnn_loader *l = context;
    struct cnn_loader_chunk **c = slot;
    if (!*c)
        *c = &l->chunk[l->given++];
    if (l->stream)
        return produce_raw(l, *c);
    size_t left = l->count - l->next;
    (*c)->start = l->next;
    (*c)->n = left < l->chunk_size ? left : l->chunk_size;
    l->next += (*c)->n;
    return (*c)->n > 0;
}

static struct cnn_loader_scratch *take_scratch(struct cnn_loader *l)
{
    pthread_mutex_lock(&l->lock);
    struct cnn_loader_scratch *s = l->idle;
    if (s)
        l->idle = s->next;
    pthread_mutex_unlock(&l->lock);
    return s ? s : cnn_calloc(1, sizeof *s);
}

static void give_scratch(struct cnn_loader *l, struct cnn_loader_scratch *s)
{
    pthread_mutex_lock(&l->lock);
    s->next = l->idle;
    l->idle = s;
    pthread_mutex_unlock(&l->lock);
}

static uint64_t hash_image(const struct cnn_image *im, uint64_t h)
{
    h = cnn_hash_u64(im->c, cnn_hash_u64(im->h, cnn_hash_u64(im->w, h)));
    return cnn_hash_much(im->px, im->c * im->h * im->w * sizeof *im->px, h);
}

static uint64_t hash_field(const struct cnn_field *f, uint64_t h)
{
    switch (f->kind) {
    case CNN_FIELD_CLASS:
        return cnn_hash_u64((uint64_t)f->label, h);
    case CNN_FIELD_TEXT:
        return cnn_hash(f->text, f->text_size, h);
    case CNN_FIELD_NUMBERS:
    case CNN_FIELD_LABELS:
    case CNN_FIELD_BOXES:
    case CNN_FIELD_POINTS:
    case CNN_FIELD_IMAGE:
        return hash_image(&f->values, h);
    case CNN_FIELD_INPUT:
    case CNN_FIELD_KIND_COUNT:
        break;
    }
    return h;
}

/* The field by which samples that have no other are told apart: its class, else the numbers or the
 * labels that have no name of their own. */
static const struct cnn_field *first_field(const struct cnn_sample *s)
{
    static const enum cnn_field_kind kinds[] = {CNN_FIELD_CLASS, CNN_FIELD_NUMBERS,
                                                CNN_FIELD_LABELS};
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        const struct cnn_field *f = cnn_sample_field(s, cnn_field_kind_info[kinds[k]].name);
        if (f && f->kind == kinds[k])
            return f;
    }
    return NULL;
}

/* Of other fields those that are wished for; they add up, since forms of datasets have them in
 * different orders. */
static uint64_t hash_sample(const struct cnn_loader *l, const struct cnn_sample *s)
{
    if (s->hash)
        return s->hash;
    const struct cnn_field *first = first_field(s);
    uint64_t h = cnn_hash_u64(first ? 1 + (uint64_t)first->kind : 0, cnn_hash_string(s->key, 0));
    uint64_t sum = 0;
    h = cnn_hash(&s->weight, sizeof s->weight, h);
    h = first ? hash_field(first, h) : h;
    for (size_t i = 0; i < s->fields; i++) {
        const struct cnn_field *f = &s->field[i];
        if (f != first && cnn_loader_wishes_for(l, f->name))
            sum += hash_field(f, cnn_hash_u64((uint64_t)f->kind, cnn_hash_string(f->name, 0)));
    }
    return hash_image(&s->image, sum ? cnn_hash_u64(sum, h) : h);
}

/* Those that nobody wishes for go behind the sample's fields, and keep their memory. */
static void drop_fields(const struct cnn_loader *l, struct cnn_sample *s)
{
    for (size_t i = 0; i < s->fields;) {
        if (cnn_loader_wishes_for(l, s->field[i].name)) {
            i++;
            continue;
        }
        struct cnn_field last = s->field[--s->fields];
        s->field[s->fields] = s->field[i];
        s->field[i] = last;
    }
}

static int fill_input(const struct cnn_loader *l, struct cnn_loader_scratch *s,
                      struct cnn_loader_item *item, float *x)
{
    struct cnn_input input = *l->options.input;
    if (l->options.native)
        input = cnn_loader_native_input(&input, item->own);
    int rc = cnn_preprocess_rows(&input, &s->sample.image, &s->preprocess, x, &item->rows);
    if (!rc && l->options.native)
        cnn_loader_fill_up(item, x);
    return rc;
}

/* Decoded sample to numbers, as sample i of the chunk. No name in the message. */
static int prepare(const struct cnn_loader *l, struct cnn_loader_scratch *s,
                   struct cnn_loader_chunk *c, size_t i)
{
    const struct cnn_loader_options *o = &l->options;
    struct cnn_loader_item *item = &c->item[i];
    int rc = o->native ? cnn_loader_fit_chunk(l, c, &s->sample.image) : 0;
    if (rc)
        return rc;
    float *x = c->x + i * l->elements;
    item->hash = hash_sample(l, &s->sample);
    item->weight = s->sample.weight;
    rc = o->fields ? cnn_sample_copy_fields(&item->kept, &s->sample) : 0;
    if (!rc)
        rc = cnn_loader_gather(l, s, 0, c->field, i, item->own);
    if (!rc && l->store)
        rc = cnn_loader_take_decoded(l, &s->sample, item, x);
    if (rc || (l->store && item->bytes))
        return rc;
    if (l->augments)
        drop_fields(l, &s->sample);
    if (l->augments)
        rc = cnn_augment(o->augmenter, o->seed, l->epoch, 0, &s->augment, &s->sample);
    if (!rc)
        rc = fill_input(l, s, item, x);
    if (l->store) {
        item->image.form = CNN_STORED_INPUT;
        item->bytes = l->elements * sizeof *x;
    }
    if (!rc && !o->native)
        cnn_loader_place_fields(l, &s->sample);
    if (!rc)
        rc = cnn_loader_gather(l, s, 1, c->field, i, item->own);
    if (!rc && o->native)
        cnn_loader_fill_labels(l, item, c->field);
    return rc ? rc : cnn_loader_check_rows(l, c->field, i, item->rows);
}

static int copy_key(struct cnn_loader_item *item, const char *key)
{
    size_t n = strlen(key) + 1;
    if (cnn_grow(&item->own_key, &item->key_capacity, n, 1))
        return CNN_ESYSTEM;
    item->key = memcpy(item->own_key, key, n);
    return 0;
}

static int load_item(const struct cnn_loader *l, struct cnn_loader_scratch *s,
                     struct cnn_loader_chunk *c, size_t i)
{
    struct cnn_loader_item *item = &c->item[i];
    size_t position = c->start + i;
    int rc;
    s->sample.fit = l->fits ? &l->fit : NULL;
    s->sample.input = l->options.input_name;
    s->sample.wanted = l->options.fields ? NULL : l->wanted;
    s->sample.wanted_count = l->options.fields ? 0 : l->wishes;
    if (l->stream) {
        item->index = position;
        rc = cnn_raw_decode(l->ds, item->raw, &s->sample);
        if (!rc)
            rc = copy_key(item, s->sample.key);
        if (rc)
            return rc;
        rc = prepare(l, s, c, i);
        return rc ? cnn_fail_within("%s#%zu", l->ds->path, position) : 0;
    }
    item->index = l->order ? l->order[position] : position;
    const struct cnn_record *r = cnn_dataset_record(l->ds, item->index);
    item->key = r->key;
    const struct cnn_kept_image *kept =
        l->store ? cnn_image_store_find(l->store, l->options.store_first + item->index) : NULL;
    if (kept) {
        rc = cnn_loader_take_kept(l, kept, item);
        if (l->wishes)
            c->field->label[i] = kept->label;
        return rc ? cnn_dataset_fail_within(l->ds, item->index) : 0;
    }
    rc = cnn_dataset_load(l->ds, item->index, &s->sample);
    if (rc)
        return rc;
    rc = prepare(l, s, c, i);
    return rc ? cnn_dataset_fail_within(l->ds, item->index) : 0;
}

/* As much memory as another thread's scratch has. */
static int reserve_like(struct cnn_loader_scratch *s, const struct cnn_loader_scratch *other)
{
    struct cnn_image *mine[] = {&s->sample.image, &s->augment.image, &s->augment.moved,
                                &s->preprocess.a, &s->preprocess.b};
    const struct cnn_image *theirs[] = {&other->sample.image, &other->augment.image,
                                        &other->augment.moved, &other->preprocess.a,
                                        &other->preprocess.b};
    for (size_t i = 0; i < sizeof mine / sizeof *mine; i++)
        if (cnn_image_reserve(mine[i], theirs[i]->capacity))
            return CNN_ESYSTEM;
    if (cnn_sample_reserve_fields(&s->sample, &other->sample))
        return CNN_ESYSTEM;
    if (cnn_grow(&s->sample.encoded, &s->sample.encoded_capacity, other->sample.encoded_capacity,
                 1))
        return CNN_ESYSTEM;
    return cnn_grow(&s->sample.key, &s->sample.key_capacity, other->sample.key_capacity, 1);
}

int cnn_loader_warm(struct cnn_loader *l)
{
    struct cnn_loader_chunk *c = l->chunk;
    for (int t = 0; t < l->threads; t++) {
        struct cnn_loader_scratch *s = cnn_calloc(1, sizeof *s), *before = l->idle;
        if (!s)
            return CNN_ESYSTEM;
        s->next = before;
        l->idle = s;
        c->start = 0;
        if (before && reserve_like(s, before))
            return CNN_ESYSTEM;
        if (!before && !l->stream && l->count > 1 && load_item(l, s, c, 0))
            cnn_error_clear(); /* its turn will come, and then it is told */
    }
    return 0;
}

/* A bad sample is an outcome; anything else stops the chunk. */
int cnn_loader_work(void *context, void *slot)
{
    struct cnn_loader *l = context;
    struct cnn_loader_chunk *c = *(struct cnn_loader_chunk **)slot;
    struct cnn_loader_scratch *s = take_scratch(l);
    int fatal = s ? 0 : CNN_ESYSTEM;
    for (size_t i = 0; i < c->n && !fatal; i++) {
        struct cnn_loader_item *item = &c->item[i];
        item->code = load_item(l, s, c, i);
        free(item->message);
        item->message = item->code ? cnn_strdup(cnn_error_message()) : NULL;
        if (item->code && item->code != CNN_EDATA && item->code != CNN_ENOINPUT)
            fatal = item->code;
    }
    if (s)
        give_scratch(l, s);
    return fatal;
}
