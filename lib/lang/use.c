/* Texts in files, and those whose definitions another text uses. */
#include "lang/syntax.h"

#include <stdlib.h>
#include <string.h>

#include "file/infile.h"

int cnn_text_give(const char *bytes, size_t n, const char *what, char **text, char **name)
{
    *text = cnn_strndup(bytes, n);
    *name = cnn_strdup(what);
    if (*text && *name)
        return 0;
    free(*text);
    free(*name);
    *text = *name = NULL;
    return CNN_ESYSTEM;
}

int cnn_net_text_of(const char *path, const struct cnn_bytes *b, char **text, char **name)
{
    *text = *name = NULL;
    size_t mark = b->size >= 3 && !memcmp(b->data, "\xef\xbb\xbf", 3) ? 3 : 0; /* byte order */
    if (b->size > CNN_NET_TEXT_MAX || (b->size && memchr(b->data, '\0', b->size)))
        return cnn_fail(CNN_EDATA, "%s: this is not the text of a net", path);
    return cnn_text_give((const char *)b->data + mark, b->size - mark, path, text, name);
}

int cnn_text_file(const char *path, char **text, char **name)
{
    struct cnn_bytes b;
    int rc = cnn_bytes_map(path, CNN_NET_TEXT_MAX, &b);
    if (rc)
        return rc;
    rc = cnn_net_text_of(path, &b, text, name);
    cnn_bytes_free(&b);
    return rc;
}

/* The path of a file that is named beside another. */
static const char *beside(struct cnn_arena *arena, const char *from, const char *name)
{
    const char *slash = strrchr(from, '/');
    int n = *name != '/' && slash ? (int)(slash - from) + 1 : 0;
    return cnn_arena_printf(arena, "%.*s%s", n, from, strncmp(name, "./", 2) ? name : name + 2);
}

int cnn_use_text(struct cnn_arena *arena, const char *from, const char *name, const char **file,
                 const char **text)
{
    char *copy = NULL, *known = NULL;
    const struct cnn_zoo_entry *e = cnn_zoo_family(name);
    int rc = 0;
    if (!strchr(name, '/') && !e)
        return cnn_fail(CNN_ENOINPUT, "'%.60s' is nothing of the zoo; a file is ./NAME", name);
    if (e) {
        *file = cnn_arena_printf(arena, "zoo/%s.net", e->name);
        *text = e->text;
        return *file ? 0 : CNN_ESYSTEM;
    }
    *file = beside(arena, from, name);
    rc = *file ? cnn_text_file(*file, &copy, &known) : CNN_ESYSTEM;
    if (!rc && !(*text = cnn_arena_strdup(arena, copy)))
        rc = CNN_ESYSTEM;
    free(copy);
    free(known);
    return rc;
}
