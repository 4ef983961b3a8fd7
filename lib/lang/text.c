/* What --net names: a file, a net of the zoo, or the text itself; and what --input names. */
#include "lang/syntax.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "file/infile.h"

static int give(const char *bytes, size_t n, const char *what, char **text, char **name)
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
    return give((const char *)b->data + mark, b->size - mark, path, text, name);
}

static int from_file(const char *path, char **text, char **name)
{
    struct cnn_bytes b;
    int rc = cnn_bytes_map(path, CNN_NET_TEXT_MAX, &b);
    if (rc)
        return rc;
    rc = cnn_net_text_of(path, &b, text, name);
    cnn_bytes_free(&b);
    return rc;
}

static int from_zoo(const struct cnn_zoo_entry *e, char **text, char **name)
{
    struct cnn_buf b = {0};
    cnn_buf_printf(&b, "zoo/%s.net", e->name);
    int rc = b.failed ? CNN_ESYSTEM : give(e->text, strlen(e->text), b.text, text, name);
    cnn_buf_free(&b);
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
    rc = *file ? from_file(*file, &copy, &known) : CNN_ESYSTEM;
    if (!rc && !(*text = cnn_arena_strdup(arena, copy)))
        rc = CNN_ESYSTEM;
    free(copy);
    free(known);
    return rc;
}

static int nothing(const char *what)
{
    struct cnn_nearest near = {.word = what};
    struct cnn_buf names = {0};
    const struct cnn_zoo_entry *e;
    char hint[80];
    for (size_t i = 0; (e = cnn_zoo_at(i)); i++) {
        cnn_nearest_offer(&near, e->name);
        cnn_buf_printf(&names, i ? ", %s" : "%s", e->name);
    }
    int rc = names.failed ? CNN_ESYSTEM
                          : cnn_fail(CNN_ENOINPUT,
                                     "'%.200s' is no file, no net of the zoo (%s) and no text of a "
                                     "net%s",
                                     what, names.text, cnn_nearest_hint(&near, hint));
    cnn_buf_free(&names);
    return rc;
}

int cnn_net_has_input(const char *name, const char *text)
{
    struct cnn_arena *arena = cnn_arena_new();
    struct cnn_tree tree = {0};
    int has = arena && !cnn_parse_net(arena, name, text, 0, &tree) && tree.input;
    cnn_arena_free(arena);
    cnn_error_clear();
    return has;
}

int cnn_net_shape(const char *text, struct cnn_chw *out)
{
    struct cnn_graph *g = NULL;
    struct cnn_buf net = {0};
    cnn_buf_printf(&net, "input %s; flatten", text);
    struct cnn_graph_config config = {.name = "--input"};
    int rc = net.failed || strpbrk(text, " ;\n#{}") ? CNN_EUSAGE
                                                    : cnn_graph_build(net.text, &config, &g);
    if (rc)
        rc = cnn_fail(CNN_EUSAGE, "--input: '%s' is no shape such as 3x32x32 or 512", text);
    else
        *out = g->input->shape;
    cnn_graph_free(g);
    cnn_buf_free(&net);
    return rc;
}

int cnn_net_text(const char *what, char **text, char **name)
{
    struct stat st;
    const struct cnn_zoo_entry *e = cnn_zoo_find(what);
    *text = *name = NULL;
    if (!stat(what, &st) && !S_ISDIR(st.st_mode))
        return from_file(what, text, name);
    if (e)
        return from_zoo(e, text, name);
    if (strpbrk(what, " \t\n;="))
        return give(what, strlen(what), "net", text, name);
    return nothing(what);
}
