/* A net of Caffe, from its text or its binary form. Of the latter, layers are unpacked without
 * their numbers, which stay where they are. */
#include <string.h>

#include "file/prototext/prototext.h"
#include "model/import/caffe/caffe.h"

/* Numbers of fields: layers of a net, and blobs of a layer, in the three forms. */
enum { LAYERS_V2 = 100, LAYERS_V1 = 2, BLOBS_V2 = 7, BLOBS_V1 = 6, BLOBS_V0 = 50, V0_WITHIN = 1 };

/* What a layer says of itself has room in so much. */
enum { MOST_WORDS = 1 << 20 };

struct caffe_layer *cnn_caffe_layer_new(struct caffe_net *n)
{
    if (n->layers == CAFFE_MAX_LAYERS) {
        cnn_fail(CNN_EDATA, "more than %d layers", CAFFE_MAX_LAYERS);
        return NULL;
    }
    if (n->layers == n->layer_room) {
        size_t room = n->layer_room ? 2 * n->layer_room : 64;
        struct caffe_layer *more = cnn_arena_alloc(n->arena, room * sizeof *more);
        if (!more)
            return NULL;
        if (n->layers)
            memcpy(more, n->layer, n->layers * sizeof *more);
        n->layer = more;
        n->layer_room = room;
    }
    return &n->layer[n->layers++];
}

/* Where it is known what the layer is. */
static int settle(struct caffe_net *n, struct caffe_layer *l)
{
    l->type = l->p->type ? l->p->type : "";
    l->kind = cnn_caffe_kind(l->type);
    l->name = l->p->name && *l->p->name ? l->p->name : NULL;
    if (!l->name)
        l->name = cnn_arena_printf(n->arena, "layer%td", l - n->layer + 1);
    return l->name ? 0 : CNN_ESYSTEM;
}

/* Text */

static int add_text_layer(struct caffe_net *n, size_t i, int line)
{
    struct caffe_layer *l = cnn_caffe_layer_new(n);
    if (!l)
        return cnn_error_code() == CNN_EDATA ? cnn_fail_within("%s:%d", n->path, line)
                                             : cnn_error_code();
    l->line = line;
    if (n->p->n_layer)
        l->p = n->p->layer[i];
    else if (cnn_caffe_upgrade(n, l, n->p->layers[i]))
        return CNN_ESYSTEM;
    return settle(n, l);
}

int cnn_caffe_read_text(struct caffe_net *n, const char *text, size_t size)
{
    struct cnn_prototext_lines lines = {0};
    ProtobufCMessage *m = NULL;
    int rc = cnn_prototext_parse(n->path, text, size, &cnn__caffe__net_parameter__descriptor,
                                 "_param", n->arena, &lines, &m);
    n->p = (const Cnn__Caffe__NetParameter *)m;
    if (!rc && n->p->n_layer && n->p->n_layers)
        rc = cnn_fail(CNN_EDATA, "%s: layers of both forms, 'layer' and 'layers'", n->path);
    unsigned field = !rc && n->p->n_layer ? LAYERS_V2 : LAYERS_V1;
    for (size_t i = 0, k = 0; !rc && k < lines.count; k++)
        if (lines.item[k].field == field)
            rc = add_text_layer(n, i++, lines.item[k].line);
    cnn_prototext_lines_free(&lines);
    if (!rc && !n->layers)
        rc = cnn_fail(CNN_EDATA, "%s: a net without layers", n->path);
    if (rc)
        return rc;
    rc = cnn_caffe_upgrade_padding(n);
    return rc == CNN_EDATA ? cnn_fail_within("%s", n->path) : rc;
}

/* The binary form */

static int add_blob(struct caffe_net *n, struct caffe_layer *l, const struct cnn_wire_field *f)
{
    if (f->type != CNN_WIRE_BYTES)
        return cnn_fail(CNN_EDATA, "damaged");
    if (l->blobs == l->blob_room) {
        size_t room = l->blob_room ? 2 * l->blob_room : 2;
        struct caffe_blob *more = cnn_arena_alloc(n->arena, room * sizeof *more);
        if (!more)
            return CNN_ESYSTEM;
        if (l->blobs)
            memcpy(more, l->blob, l->blobs * sizeof *more);
        l->blob = more;
        l->blob_room = room;
    }
    int rc = cnn_caffe_blob(&n->memory, f->data, f->size, &l->blob[l->blobs]);
    l->blobs += !rc;
    return rc;
}

/* A message without its blobs, and of the older forms without the layer within it. */
static int take_apart(struct caffe_net *n, struct caffe_layer *l, const struct cnn_wire_field *from,
                      unsigned blobs, struct cnn_wire_field *within, struct cnn_buf *rest)
{
    struct cnn_wire w = {from->data, from->data + from->size};
    struct cnn_wire_field f;
    int more, rc = 0;
    while (!rc && (more = cnn_wire_next(&w, &f)) != 0) {
        if (more < 0)
            rc = more;
        else if (f.number == blobs)
            rc = add_blob(n, l, &f);
        else if (within && f.number == V0_WITHIN && f.type == CNN_WIRE_BYTES)
            *within = f;
        else
            cnn_buf_add(rest, f.record, (size_t)(w.at - f.record));
    }
    if (!rc && rest->size > MOST_WORDS)
        rc = cnn_fail(CNN_EDATA, "a layer that is more than numbers");
    return rc ? rc : rest->failed ? CNN_ESYSTEM : 0;
}

static void *unpack(struct caffe_net *n, const ProtobufCMessageDescriptor *kind,
                    const struct cnn_buf *b)
{
    return cnn_wire_unpack(&n->memory, kind, (const unsigned char *)(b->size ? b->text : ""),
                           b->size);
}

static int read_v0(struct caffe_net *n, struct caffe_layer *l, const struct cnn_wire_field *within,
                   Cnn__Caffe__V1LayerParameter *old)
{
    struct cnn_buf rest = {0};
    int rc = take_apart(n, l, within, BLOBS_V0, NULL, &rest);
    if (!rc) {
        old->layer = unpack(n, &cnn__caffe__v0_layer_parameter__descriptor, &rest);
        rc = old->layer ? 0 : cnn_error_code();
    }
    cnn_buf_free(&rest);
    return rc;
}

static int read_layer(struct caffe_net *n, const struct cnn_wire_field *f)
{
    int newest = f->number == LAYERS_V2;
    struct caffe_layer *l = cnn_caffe_layer_new(n);
    struct cnn_wire_field within = {0};
    struct cnn_buf rest = {0};
    int rc = l ? take_apart(n, l, f, newest ? BLOBS_V2 : BLOBS_V1, newest ? NULL : &within, &rest)
               : cnn_error_code();
    if (!rc && newest) {
        l->p = unpack(n, &cnn__caffe__layer_parameter__descriptor, &rest);
        rc = l->p ? 0 : cnn_error_code();
    } else if (!rc) {
        Cnn__Caffe__V1LayerParameter *old =
            unpack(n, &cnn__caffe__v1_layer_parameter__descriptor, &rest);
        rc = old ? 0 : cnn_error_code();
        if (!rc && within.data)
            rc = read_v0(n, l, &within, old);
        if (!rc)
            rc = cnn_caffe_upgrade(n, l, old);
    }
    cnn_buf_free(&rest);
    return rc ? rc : settle(n, l);
}

int cnn_caffe_read_binary(struct caffe_net *n, const unsigned char *bytes, size_t size)
{
    struct cnn_wire w = {bytes, bytes + size};
    struct cnn_wire_field f;
    struct cnn_buf rest = {0};
    int more, rc = 0;
    while (!rc && (more = cnn_wire_next(&w, &f)) != 0) {
        int layer = f.number == LAYERS_V2 || f.number == LAYERS_V1;
        if (more < 0)
            rc = more;
        else if (layer && f.type == CNN_WIRE_BYTES)
            rc = read_layer(n, &f);
        else
            cnn_buf_add(&rest, f.record, (size_t)(w.at - f.record));
    }
    if (!rc && (!n->layers || rest.size > MOST_WORDS))
        rc = cnn_fail(CNN_EDATA, "no net with layers");
    if (!rc && rest.failed)
        rc = CNN_ESYSTEM;
    if (!rc) {
        n->p = unpack(n, &cnn__caffe__net_parameter__descriptor, &rest);
        rc = n->p ? 0 : cnn_error_code();
    }
    cnn_buf_free(&rest);
    return rc ? rc : cnn_caffe_upgrade_padding(n);
}
