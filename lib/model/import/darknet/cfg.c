/* The text of a net of darknet: sections [TYPE] of lines KEY=VALUE; blanks mean nothing, and lines
 * that begin with '#' or ';' are comments. */
#include <stdlib.h>
#include <string.h>

#include "base/lines.h"
#include "model/import/darknet/darknet.h"

enum { MOST_SECTIONS = 100000 };

static void *grown(struct cnn_arena *arena, void *list, size_t count, size_t *room, size_t size)
{
    if (count < *room)
        return list;
    size_t more = *room ? 2 * *room : 16;
    void *to = cnn_arena_alloc(arena, more * size);
    if (to && count)
        memcpy(to, list, count * size);
    *room = to ? more : *room;
    return to;
}

static int add_section(struct darknet_net *n, char *text, int line)
{
    size_t length = strlen(text);
    if (length < 3 || text[length - 1] != ']')
        return cnn_fail(CNN_EDATA, "%s:%d: '%.60s' is no [section]", n->path, line, text);
    if (n->sections == MOST_SECTIONS)
        return cnn_fail(CNN_EDATA, "%s:%d: more than %d sections", n->path, line, MOST_SECTIONS);
    n->section = grown(n->arena, n->section, n->sections, &n->room, sizeof *n->section);
    const char *type = cnn_arena_strndup(n->arena, text + 1, length - 2);
    if (!n->section || !type)
        return CNN_ESYSTEM;
    n->section[n->sections++] = (struct darknet_section){.type = type, .line = line};
    return 0;
}

static int add_option(struct darknet_net *n, char *text, int line)
{
    struct darknet_section *s = n->sections ? &n->section[n->sections - 1] : NULL;
    char *equal = strchr(text, '=');
    if (!s || !equal || equal == text)
        return cnn_fail(CNN_EDATA, "%s:%d: '%.60s' is neither [section] nor KEY=VALUE", n->path,
                        line, text);
    for (size_t i = 0; i < s->options; i++)
        if (strlen(s->option[i].key) == (size_t)(equal - text) &&
            !strncmp(s->option[i].key, text, (size_t)(equal - text)))
            return cnn_fail(CNN_EDATA, "%s:%d: %s is there twice", n->path, line, s->option[i].key);
    if (s->options > 1000)
        return cnn_fail(CNN_EDATA, "%s:%d: more than 1000 keys", n->path, line);
    s->option = grown(n->arena, s->option, s->options, &s->room, sizeof *s->option);
    struct darknet_option o = {.line = line};
    o.key = cnn_arena_strndup(n->arena, text, (size_t)(equal - text));
    o.value = cnn_arena_strdup(n->arena, equal + 1);
    if (!s->option || !o.key || !o.value)
        return CNN_ESYSTEM;
    s->option[s->options++] = o;
    return 0;
}

static void strip(char *text)
{
    char *to = text;
    for (; *text; text++)
        if (*text != ' ' && *text != '\t' && *text != '\r')
            *to++ = *text;
    *to = '\0';
}

static int read_lines(struct darknet_net *n, char *copy, size_t size)
{
    struct cnn_lines lines = cnn_lines_of(copy, size);
    int rc = 0;
    for (char *text; !rc && (text = cnn_lines_next(&lines));) {
        strip(text);
        if (*text == '#' || *text == ';' || !*text)
            continue;
        rc = *text == '[' ? add_section(n, text, (int)lines.number)
                          : add_option(n, text, (int)lines.number);
    }
    return rc;
}

int cnn_darknet_read(struct darknet_net *n, const char *text, size_t size)
{
    if (size && memchr(text, '\0', size))
        return cnn_fail(CNN_EDATA, "%s: this is not a text", n->path);
    char *copy = cnn_strndup(text, size);
    int rc = copy ? read_lines(n, copy, size) : CNN_ESYSTEM;
    free(copy);
    if (!rc && (n->sections < 2 || (strcmp(n->section[0].type, "net") != 0 &&
                                    strcmp(n->section[0].type, "network") != 0)))
        rc = cnn_fail(CNN_EDATA, "%s: no [net] with layers behind it", n->path);
    return rc;
}

static struct darknet_option *find(struct darknet_section *s, const char *key)
{
    for (size_t i = 0; i < s->options; i++)
        if (!strcmp(s->option[i].key, key)) {
            s->option[i].asked = 1;
            return &s->option[i];
        }
    return NULL;
}

const char *cnn_darknet_word(struct darknet_section *s, const char *key, const char *fallback)
{
    const struct darknet_option *o = find(s, key);
    return o ? o->value : fallback;
}

int cnn_darknet_number(const struct darknet_net *n, struct darknet_section *s, const char *key,
                       long long fallback, long long min, long long max, size_t *out)
{
    const struct darknet_option *o = find(s, key);
    int64_t v = fallback;
    if (o && cnn_parse_int(o->value, min, max, &v)) {
        cnn_fail(CNN_EDATA, "%s", cnn_error_message());
        return cnn_fail_within("%s:%d: %s", n->path, o->line, key);
    }
    *out = (size_t)v;
    return 0;
}

int cnn_darknet_real(const struct darknet_net *n, struct darknet_section *s, const char *key,
                     double fallback, double *out)
{
    const struct darknet_option *o = find(s, key);
    *out = fallback;
    if (o && cnn_parse_real(o->value, -1e30, 1e30, out)) {
        cnn_fail(CNN_EDATA, "%s", cnn_error_message());
        return cnn_fail_within("%s:%d: %s", n->path, o->line, key);
    }
    return 0;
}

int cnn_darknet_layers(struct darknet_net *n, size_t i, const char *key, size_t most,
                       struct darknet_section **out, size_t *count)
{
    struct darknet_option *o = find(&n->section[i], key);
    const char *at = o ? o->value : "";
    *count = 0;
    while (*at) {
        char *end;
        long long v = strtoll(at, &end, 10);
        /* Layers are counted from 0 on, behind the section of the net. */
        long long k = v < 0 ? (long long)i + v : v < MOST_SECTIONS ? v + 1 : (long long)i;
        if (end == at || (*end && *end != ','))
            return cnn_fail(CNN_EDATA, "%s:%d: %s: '%.60s' are no numbers of layers", n->path,
                            o->line, key, o->value);
        if (k < 1 || k >= (long long)i)
            return cnn_fail(CNN_EDATA, "%s:%d: %s: %lld is no layer before this one", n->path,
                            o->line, key, v);
        if (*count == most)
            return cnn_fail(CNN_EDATA, "%s:%d: %s: more than %zu", n->path, o->line, key, most);
        out[(*count)++] = &n->section[k];
        at = end + (*end == ',');
    }
    if (!*count)
        return cnn_fail(CNN_EDATA, "%s:%d: [%.40s] has no %s", n->path, n->section[i].line,
                        n->section[i].type, key);
    return 0;
}
