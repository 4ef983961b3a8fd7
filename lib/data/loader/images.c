/* The threads' part of a loader whose images a device prepares: what of a sample goes there, and
 * what is to be seen of it. */
#include <string.h>

#include "data/loader/private.h"

/* The image's map, view and place, drawn for this epoch. */
static int place(const struct cnn_loader *l, struct cnn_loader_item *item, const char *key)
{
    const struct cnn_loader_options *o = &l->options;
    struct cnn_stored_image *im = &item->image;
    struct cnn_view view = cnn_view_whole(im->h, im->w);
    int rc = cnn_augment_view(o->augmenter, o->seed, l->epoch, 0, key, &view);
    im->map = view.map;
    im->view_h = (uint32_t)view.h;
    im->view_w = (uint32_t)view.w;
    return rc ? rc : cnn_preprocess_place(o->input, im);
}

int cnn_loader_take_kept(const struct cnn_loader *l, const struct cnn_kept_image *kept,
                         struct cnn_loader_item *item)
{
    item->image = kept->image;
    item->bytes = 0;
    item->hash = kept->hash;
    item->weight = kept->weight;
    return kept->image.form == CNN_STORED_INPUT ? 0 : place(l, item, item->key);
}

/* Pixels as bytes, where they stand for v / 255 exactly. */
static int to_bytes(const struct cnn_image *im, unsigned char *out)
{
    size_t count = im->c * im->h * im->w, wrong = 0;
    for (size_t i = 0; i < count; i++) {
        float v = im->px[i] * 255.0f + 0.5f;
        unsigned char byte = v >= 0 && v < 256 ? (unsigned char)v : 0;
        out[i] = byte;
        wrong += (float)byte / 255.0f != im->px[i];
    }
    return !wrong;
}

/* An image as the device takes it, its bytes in memory of the size of an input: how many; 0: it has
 * to be prepared here. */
static size_t pack(const struct cnn_loader *l, const struct cnn_image *im,
                   struct cnn_stored_image *out, void *bytes)
{
    size_t count = im->c * im->h * im->w, room = l->elements * sizeof(float);
    *out =
        (struct cnn_stored_image){.c = (uint32_t)im->c, .h = (uint32_t)im->h, .w = (uint32_t)im->w};
    if (!im->maxval || !l->affine)
        return 0;
    if (im->maxval == 255 && count <= room && to_bytes(im, bytes)) {
        out->form = CNN_STORED_BYTES;
        return count;
    }
    if (count * sizeof(float) > room)
        return 0;
    out->form = CNN_STORED_REALS;
    memcpy(bytes, im->px, count * sizeof(float));
    return count * sizeof(float);
}

int cnn_loader_take_decoded(const struct cnn_loader *l, const struct cnn_sample *s,
                            struct cnn_loader_item *item, void *bytes)
{
    int rc = s->image.maxval ? cnn_preprocess_takes(l->options.input, s->image.c) : 0;
    item->bytes = rc ? 0 : pack(l, &s->image, &item->image, bytes);
    item->stays = item->bytes > 0 || !l->augments;
    return item->bytes ? place(l, item, s->key) : rc;
}
