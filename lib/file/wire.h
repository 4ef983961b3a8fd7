/* Protocol buffers (protobuf.dev/programming-guides/encoding): the fields of a message one after
 * another where they lie, for what is too large to be unpacked, and memory for unpacking the
 * rest. */
#ifndef CNN_FILE_WIRE_H
#define CNN_FILE_WIRE_H

#include <protobuf-c/protobuf-c.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/memory.h"

/* What of a message has not been looked at. */
struct cnn_wire {
    const unsigned char *at, *end;
};

enum cnn_wire_type {
    CNN_WIRE_VARINT = 0,
    CNN_WIRE_FIXED64 = 1,
    CNN_WIRE_BYTES = 2, /* a text, a message, packed numbers */
    CNN_WIRE_FIXED32 = 5,
};

struct cnn_wire_field {
    uint32_t number;
    enum cnn_wire_type type;
    uint64_t value;            /* where it is no BYTES */
    const unsigned char *data; /* BYTES: (size) */
    size_t size;
    const unsigned char *record; /* the whole field, with its number; it ends at the wire's `at` */
};

/* The next field: 1; 0: there is none; CNN_EDATA without a path: what is there is none. */
CNN_CHECKED int cnn_wire_next(struct cnn_wire *w, struct cnn_wire_field *out);

/* What protobuf-c unpacks messages into, to live as long as the arena: nothing is to be freed. */
struct cnn_wire_memory {
    ProtobufCAllocator allocator;
    struct cnn_arena *arena;
    int lacked; /* memory has run out: what could not be unpacked may be fine */
};
void cnn_wire_memory(struct cnn_wire_memory *m, struct cnn_arena *arena);
/* A message of that kind; NULL with an error set, CNN_EDATA without a path. */
void *cnn_wire_unpack(struct cnn_wire_memory *m, const ProtobufCMessageDescriptor *kind,
                      const unsigned char *bytes, size_t size);

#endif
