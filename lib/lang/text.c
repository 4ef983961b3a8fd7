/* What --net names: a file, a net of the zoo, or the text itself; and what --input names. */
#include "lang/syntax.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static int from_zoo(const struct cnn_zoo_entry *e, char **text, char **name)
{
    struct cnn_buf b = {0};
    cnn_buf_printf(&b, "zoo/%s.net", e->name);
    int rc = b.failed ? CNN_ESYSTEM : cnn_text_give(e->text, strlen(e->text), b.text, text, name);
    cnn_buf_free(&b);
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
    int rc = arena ? cnn_parse_net(arena, name, text, 0, &tree) : CNN_ESYSTEM;
    int has = !rc && tree.input && cnn_input_says_shape(tree.input);
    cnn_arena_free(arena);
    if (rc == CNN_ESYSTEM)
        return rc;
    cnn_error_clear();
    return has;
}

char *cnn_net_first_target(const char *name, const char *text)
{
    struct cnn_arena *arena = cnn_arena_new();
    struct cnn_tree tree = {0};
    const char *target = "";
    int rc = arena ? cnn_parse_net(arena, name, text, 0, &tree) : CNN_ESYSTEM;
    for (size_t i = 0; !rc && tree.loss && i < tree.loss->args; i++)
        if (tree.loss->arg[i].key && !strcmp(tree.loss->arg[i].key, "target"))
            target = tree.loss->arg[i].value;
    char *copy = rc ? NULL : cnn_strdup(target);
    cnn_arena_free(arena);
    return copy;
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
        return cnn_text_file(what, text, name);
    if (e)
        return from_zoo(e, text, name);
    if (strpbrk(what, " \t\n;="))
        return cnn_text_give(what, strlen(what), "net", text, name);
    return nothing(what);
}
