/* Fields of protocol buffers; see wire.h. */
#include "file/wire.h"

static int malformed(void)
{
    return cnn_fail(CNN_EDATA, "cut off or damaged");
}

/* Seven bits a byte, the lowest first; the highest bit says that more follow. */
static int read_varint(struct cnn_wire *w, uint64_t *out)
{
    *out = 0;
    for (unsigned shift = 0; shift < 64 && w->at < w->end; shift += 7) {
        unsigned char byte = *w->at++;
        *out |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80)
            return 0;
    }
    return malformed();
}

/* The lowest byte first. */
static int read_fixed(struct cnn_wire *w, size_t n, uint64_t *out)
{
    *out = 0;
    if ((size_t)(w->end - w->at) < n)
        return malformed();
    for (size_t i = 0; i < n; i++)
        *out |= (uint64_t)*w->at++ << (8 * i);
    return 0;
}

static int read_bytes(struct cnn_wire *w, struct cnn_wire_field *f)
{
    uint64_t size;
    int rc = read_varint(w, &size);
    if (rc || size > (size_t)(w->end - w->at))
        return rc ? rc : malformed();
    f->data = w->at;
    f->size = (size_t)size;
    w->at += f->size;
    return 0;
}

int cnn_wire_next(struct cnn_wire *w, struct cnn_wire_field *out)
{
    uint64_t tag;
    *out = (struct cnn_wire_field){.record = w->at};
    if (w->at == w->end)
        return 0;
    int rc = read_varint(w, &tag);
    if (rc || tag >> 3 == 0 || tag >> 3 > UINT32_MAX >> 3)
        return rc ? rc : malformed();
    out->number = (uint32_t)(tag >> 3);
    out->type = (enum cnn_wire_type)(tag & 7);
    if (out->type == CNN_WIRE_VARINT)
        rc = read_varint(w, &out->value);
    else if (out->type == CNN_WIRE_FIXED64)
        rc = read_fixed(w, 8, &out->value);
    else if (out->type == CNN_WIRE_FIXED32)
        rc = read_fixed(w, 4, &out->value);
    else if (out->type == CNN_WIRE_BYTES)
        rc = read_bytes(w, out);
    else
        rc = malformed();
    return rc ? rc : 1;
}

static void *allocate(void *state, size_t size)
{
    struct cnn_wire_memory *m = state;
    void *memory = cnn_arena_alloc(m->arena, size);
    m->lacked |= !memory;
    return memory;
}

static void leave(void *state, void *memory)
{
    (void)state;
    (void)memory;
}

void cnn_wire_memory(struct cnn_wire_memory *m, struct cnn_arena *arena)
{
    *m = (struct cnn_wire_memory){.arena = arena};
    m->allocator = (ProtobufCAllocator){allocate, leave, m};
}

void *cnn_wire_unpack(struct cnn_wire_memory *m, const ProtobufCMessageDescriptor *kind,
                      const unsigned char *bytes, size_t size)
{
    void *message = protobuf_c_message_unpack(kind, &m->allocator, size, bytes);
    if (!message && !m->lacked)
        malformed();
    return message;
}
