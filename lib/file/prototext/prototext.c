/* The text form of protocol buffers; see prototext.h.
 *
 *     message = { field [","|";"] }      field = NAME (":" value | [":"] "{" message "}")
 *     value = scalar | "[" [value {"," value}] "]"
 *
 * Braces may be angles. Strings are in either quotes, with C's escapes, and follow one another as
 * one. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "file/prototext/prototext_private.h"

enum { MOST_DEPTH = 32 };

void cnn_prototext_lines_free(struct cnn_prototext_lines *lines)
{
    free(lines->item);
    *lines = (struct cnn_prototext_lines){0};
}

/* Values */

static size_t size_of(ProtobufCType type)
{
    switch (type) {
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_FLOAT:
        return 4;
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_DOUBLE:
        return 8;
    case PROTOBUF_C_TYPE_BOOL:
        return sizeof(protobuf_c_boolean);
    case PROTOBUF_C_TYPE_ENUM:
        return sizeof(int);
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_MESSAGE:
        return sizeof(void *);
    case PROTOBUF_C_TYPE_BYTES:
        return sizeof(ProtobufCBinaryData);
    }
    return 0;
}

/* In decimal, or as C has it with 0x or 0 in front. */
static int read_integer(struct prototext_reader *r, const ProtobufCFieldDescriptor *f, void *out)
{
    int wide = size_of(f->type) == 8, plain = *r->word != '-';
    int is_unsigned = f->type == PROTOBUF_C_TYPE_UINT32 || f->type == PROTOBUF_C_TYPE_FIXED32 ||
                      f->type == PROTOBUF_C_TYPE_UINT64 || f->type == PROTOBUF_C_TYPE_FIXED64;
    char *end;
    errno = 0;
    unsigned long long v = strtoull(r->word + !plain, &end, 0);
    unsigned long long most = wide ? UINT64_MAX : UINT32_MAX;
    if (!is_unsigned)
        most = most / 2 + !plain;
    if (!strchr("0123456789", r->word[!plain]) || !r->word[!plain] || *end || errno || v > most ||
        (is_unsigned && !plain && v))
        return cnn_prototext_wrong(r, "a whole number in range is wanted, not", r->word);
    v = plain ? v : 0 - v;
    if (wide)
        memcpy(out, &(uint64_t){v}, 8);
    else
        memcpy(out, &(uint32_t){(uint32_t)v}, 4);
    return 0;
}

static int read_real(struct prototext_reader *r, const ProtobufCFieldDescriptor *f, void *out)
{
    char *end;
    double v = strtod(r->word, &end);
    end += end != r->word && (*end == 'f' || *end == 'F');
    if (end == r->word || *end)
        return cnn_prototext_wrong(r, "a number is wanted, not", r->word);
    if (f->type == PROTOBUF_C_TYPE_DOUBLE)
        memcpy(out, &v, sizeof v);
    else
        memcpy(out, &(float){(float)v}, sizeof(float));
    return 0;
}

static int read_truth(struct prototext_reader *r, void *out)
{
    static const char *const words[] = {"false", "f", "False", "0", "true", "t", "True", "1"};
    for (int i = 0; i < 8; i++)
        if (!strcmp(r->word, words[i])) {
            memcpy(out, &(protobuf_c_boolean){i >= 4}, sizeof(protobuf_c_boolean));
            return 0;
        }
    return cnn_prototext_wrong(r, "true or false is wanted, not", r->word);
}

static int read_choice(struct prototext_reader *r, const ProtobufCFieldDescriptor *f, void *out)
{
    const ProtobufCEnumDescriptor *list = f->descriptor;
    const ProtobufCEnumValue *v = protobuf_c_enum_descriptor_get_value_by_name(list, r->word);
    char *end;
    long number = strtol(r->word, &end, 10);
    if (!v && !*end && number >= 0 && number <= INT32_MAX)
        v = protobuf_c_enum_descriptor_get_value(list, (int)number);
    if (!v)
        return cnn_fail(CNN_EDATA, "%s:%d: %s: '%.100s' is no %s", r->name, r->line, f->name,
                        r->word, list->short_name);
    memcpy(out, &v->value, sizeof v->value);
    return 0;
}

static int read_text(struct prototext_reader *r, const ProtobufCFieldDescriptor *f, void *out)
{
    struct cnn_buf b = {0};
    int rc = cnn_prototext_string(r, &b);
    size_t n = b.size;
    if (!rc && f->type == PROTOBUF_C_TYPE_STRING && n && memchr(b.text, '\0', n))
        rc = cnn_prototext_wrong(r, "a NUL is in this text", NULL);
    char *text = rc ? NULL : cnn_arena_strndup(r->arena, n ? b.text : "", n);
    cnn_buf_free(&b);
    if (rc || !text)
        return rc ? rc : CNN_ESYSTEM;
    if (f->type == PROTOBUF_C_TYPE_STRING)
        memcpy(out, &text, sizeof text);
    else
        memcpy(out, &(ProtobufCBinaryData){n, (uint8_t *)text}, sizeof(ProtobufCBinaryData));
    return 0;
}

static int read_message(struct prototext_reader *r, const ProtobufCMessageDescriptor *type,
                        char close, ProtobufCMessage **out);

static int read_value(struct prototext_reader *r, const ProtobufCFieldDescriptor *f, void *out)
{
    ProtobufCMessage *inner = NULL;
    int rc;
    if (f->type == PROTOBUF_C_TYPE_STRING || f->type == PROTOBUF_C_TYPE_BYTES)
        return read_text(r, f, out);
    if (f->type == PROTOBUF_C_TYPE_MESSAGE) {
        char close = cnn_prototext_take(r, '{') ? '}' : cnn_prototext_take(r, '<') ? '>' : '\0';
        if (!close)
            return cnn_prototext_wrong(r, "'{' is missing behind", f->name);
        rc = read_message(r, f->descriptor, close, &inner);
        memcpy(out, &inner, sizeof(ProtobufCMessage *));
        return rc;
    }
    rc = cnn_prototext_word(r);
    if (rc)
        return rc;
    if (f->type == PROTOBUF_C_TYPE_BOOL)
        return read_truth(r, out);
    if (f->type == PROTOBUF_C_TYPE_ENUM)
        return read_choice(r, f, out);
    if (f->type == PROTOBUF_C_TYPE_FLOAT || f->type == PROTOBUF_C_TYPE_DOUBLE)
        return read_real(r, f, out);
    return read_integer(r, f, out);
}

/* Fields */

static void *at(ProtobufCMessage *m, unsigned offset)
{
    return (char *)m + offset;
}

/* The count is the array's room, too, where it is a power of two. */
static int add_value(struct prototext_reader *r, const ProtobufCFieldDescriptor *f,
                     ProtobufCMessage *m)
{
    size_t size = size_of(f->type), *n = at(m, f->quantifier_offset);
    char **list = at(m, f->offset);
    if (!(*n & (*n - 1))) {
        char *more = cnn_arena_alloc(r->arena, (*n ? 2 * *n : 1) * size);
        if (!more)
            return CNN_ESYSTEM;
        if (*n)
            memcpy(more, *list, *n * size);
        *list = more;
    }
    int rc = read_value(r, f, *list + *n * size);
    *n += !rc;
    return rc;
}

static int add_values(struct prototext_reader *r, const ProtobufCFieldDescriptor *f,
                      ProtobufCMessage *m)
{
    if (!cnn_prototext_take(r, '['))
        return add_value(r, f, m);
    for (int rc = 0; !cnn_prototext_take(r, ']');) {
        rc = add_value(r, f, m);
        if (!rc && !cnn_prototext_take(r, ',') && cnn_prototext_peek(r) != ']')
            rc = cnn_prototext_wrong(r, "']' is missing", NULL);
        if (rc)
            return rc;
    }
    return 0;
}

/* Of a field that is there once: whether it was there before. */
static int is_set(const ProtobufCFieldDescriptor *f, ProtobufCMessage *m)
{
    void *value;
    if (f->type == PROTOBUF_C_TYPE_STRING || f->type == PROTOBUF_C_TYPE_MESSAGE) {
        memcpy(&value, at(m, f->offset), sizeof value);
        return value && value != f->default_value;
    }
    if (f->label != PROTOBUF_C_LABEL_OPTIONAL)
        return 0;
    protobuf_c_boolean *has = at(m, f->quantifier_offset);
    int had = *has;
    *has = 1;
    return had;
}

static int note_line(struct prototext_reader *r, const ProtobufCFieldDescriptor *f)
{
    struct cnn_prototext_lines *l = r->lines;
    if (r->depth != 1 || !l)
        return 0;
    if (cnn_grow(&l->item, &l->room, l->count + 1, sizeof *l->item))
        return CNN_ESYSTEM;
    l->item[l->count++] = (struct cnn_prototext_line){f->id, r->line};
    return 0;
}

/* Past the message that has just been opened. */
static int skip_message(struct prototext_reader *r)
{
    int level = 1, line = r->line;
    for (char c = cnn_prototext_peek(r); level; c = cnn_prototext_peek(r)) {
        struct cnn_buf text = {0};
        int rc = 0;
        if (r->at == r->end)
            return cnn_fail(CNN_EDATA, "%s:%d: '{' is not closed", r->name, line);
        if (c == '"' || c == '\'')
            rc = cnn_prototext_string(r, &text);
        else
            r->at++;
        cnn_buf_free(&text);
        if (rc)
            return rc;
        level += (c == '{' || c == '<') - (c == '}' || c == '>');
    }
    return 0;
}

/* A field that the message has not: a message of a name that may be, or an error. */
static int read_unknown(struct prototext_reader *r, const ProtobufCMessageDescriptor *type)
{
    size_t n = strlen(r->word), k = r->skipped ? strlen(r->skipped) : 0;
    int may = k && n > k && !strcmp(r->word + n - k, r->skipped);
    char word[PROTOTEXT_WORD];
    memcpy(word, r->word, n + 1);
    cnn_prototext_take(r, ':');
    if (may && (cnn_prototext_take(r, '{') || cnn_prototext_take(r, '<')))
        return skip_message(r);
    return cnn_fail(CNN_EDATA, "%s:%d: '%.100s' is no field of %s", r->name, r->line, word,
                    type->short_name);
}

static int read_field(struct prototext_reader *r, const ProtobufCMessageDescriptor *type,
                      ProtobufCMessage *m)
{
    int rc = cnn_prototext_word(r);
    if (rc)
        return rc;
    const ProtobufCFieldDescriptor *f =
        protobuf_c_message_descriptor_get_field_by_name(type, r->word);
    if (!f)
        return read_unknown(r, type);
    rc = note_line(r, f);
    if (rc)
        return rc;
    if (!cnn_prototext_take(r, ':') && f->type != PROTOBUF_C_TYPE_MESSAGE)
        return cnn_prototext_wrong(r, "':' is missing behind", f->name);
    if (f->label == PROTOBUF_C_LABEL_REPEATED)
        return add_values(r, f, m);
    if (is_set(f, m))
        return cnn_prototext_wrong(r, "this is there twice:", f->name);
    return read_value(r, f, at(m, f->offset));
}

/* close: NUL at the end of the text. */
static int read_message(struct prototext_reader *r, const ProtobufCMessageDescriptor *type,
                        char close, ProtobufCMessage **out)
{
    int rc = 0, line = r->line;
    if (r->depth + 1 > MOST_DEPTH)
        return cnn_prototext_wrong(r, "messages are too deep within each other", NULL);
    *out = cnn_arena_alloc(r->arena, type->sizeof_message);
    if (!*out)
        return CNN_ESYSTEM;
    protobuf_c_message_init(type, *out);
    r->depth++;
    while (!rc) {
        char c = cnn_prototext_peek(r);
        if (r->at == r->end)
            break;
        if (close && c == close) {
            r->at++;
            r->depth--;
            return 0;
        }
        rc = read_field(r, type, *out);
        if (!rc && !cnn_prototext_take(r, ','))
            cnn_prototext_take(r, ';');
    }
    r->depth--;
    if (!rc && close)
        rc = cnn_fail(CNN_EDATA, "%s:%d: '%c' is not closed", r->name, line,
                      close == '}' ? '{' : '<');
    return rc;
}

int cnn_prototext_parse(const char *name, const char *text, size_t size,
                        const ProtobufCMessageDescriptor *type, const char *skipped,
                        struct cnn_arena *arena, struct cnn_prototext_lines *lines,
                        ProtobufCMessage **out)
{
    size_t mark = size >= 3 && !memcmp(text, "\xef\xbb\xbf", 3) ? 3 : 0; /* byte order */
    struct prototext_reader r = {.name = name,
                                 .skipped = skipped,
                                 .at = text + mark,
                                 .end = text + size,
                                 .line = 1,
                                 .arena = arena,
                                 .lines = lines};
    return read_message(&r, type, '\0', out);
}
