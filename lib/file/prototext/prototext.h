/* The text form of protocol buffers, as Caffe's nets are written in, which protobuf-c lacks: by the
 * descriptor of a message, into the struct that protobuf-c unpacks its binary form into. */
#ifndef CNN_FILE_PROTOTEXT_PROTOTEXT_H
#define CNN_FILE_PROTOTEXT_PROTOTEXT_H

#include <protobuf-c/protobuf-c.h>

#include "base/memory.h"

/* On which lines the fields of the outermost message stand, in the text's order. */
struct cnn_prototext_line {
    unsigned field; /* its number */
    int line;       /* from 1 */
};
struct cnn_prototext_lines {
    struct cnn_prototext_line *item;
    size_t count, room;
};
void cnn_prototext_lines_free(struct cnn_prototext_lines *lines); /* leaves {0} */

/* Read a text. skipped (may be NULL): messages of names that end so, and are no field here, are
 * passed over. The message lives as long as the arena. lines may be NULL. CNN_EDATA with
 * "NAME:LINE: what is wrong". */
CNN_CHECKED int cnn_prototext_parse(const char *name, const char *text, size_t size,
                                    const ProtobufCMessageDescriptor *type, const char *skipped,
                                    struct cnn_arena *arena, struct cnn_prototext_lines *lines,
                                    ProtobufCMessage **out);

#endif
