/* Lines of the net's text and the tensors behind them. Each layer stands on the line on which its section begins,
 * and its lines are called after its number: 0.conv, 0.bn, 0.leaky. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "model/import/darknet/darknet.h"

struct darknet_section *cnn_darknet_before(struct darknet_net *n, size_t i)
{
    return i > 1 ? &n->section[i - 1] : &n->input;
}

int cnn_darknet_refuse(struct darknet_net *n, size_t i, const char *format, ...)
{
    char why[160];
    va_list args;
    va_start(args, format);
    vsnprintf(why, sizeof why, format, args);
    va_end(args);
    if (n->refusals++ < DARKNET_MOST_NAMED)
        cnn_buf_printf(&n->refused, "%s%zu (%.40s, line %d%s%s)", n->refusals > 1 ? "; " : "",
                       i - 1, n->section[i].type, n->section[i].line, *why ? ": " : "", why);
    return n->refused.failed ? CNN_ESYSTEM : 0;
}

void cnn_darknet_go_to(struct darknet_net *n, int line)
{
    if (line <= n->line && n->text.size)
        cnn_buf_puts(&n->text, "; ");
    for (; n->line < line; n->line++)
        cnn_buf_puts(&n->text, "\n");
}

int cnn_darknet_line(struct darknet_net *n, size_t i, const char *word,
                     struct darknet_section *const *from, size_t count, const char *format, ...)
{
    char text[400];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    const char *label = cnn_arena_printf(n->arena, "%zu.%s", i - 1, word);
    if (!label)
        return CNN_ESYSTEM;
    cnn_darknet_go_to(n, n->section[i].line);
    cnn_buf_printf(&n->text, "%s: %s", label, text);
    int follows = !count || (count == 1 && !strcmp(from[0]->label, n->last));
    for (size_t k = 0; k < count && !follows; k++)
        cnn_buf_printf(&n->text, "%s%s", k ? "," : " from=", from[k]->label);
    n->section[i].label = n->last = label;
    return n->text.failed ? CNN_ESYSTEM : 0;
}

int cnn_darknet_param(struct darknet_net *n, const char *label, const char *suffix, int rank,
                      const size_t *dim)
{
    struct darknet_param p = {.rank = rank, .count = 1, .first = n->numbers};
    for (int k = 0; k < rank; k++) {
        p.dim[k] = dim[k];
        if (cnn_mul_overflows(p.count, dim[k], &p.count))
            return cnn_fail(CNN_EDATA, "%s: '%s.%s' is too large", n->path, label, suffix);
    }
    p.name = cnn_arena_printf(n->arena, "%s.%s", label, suffix);
    if (!p.name)
        return CNN_ESYSTEM;
    if (cnn_add_overflows(n->numbers, p.count, &n->numbers) || n->numbers > SIZE_MAX / 16)
        return cnn_fail(CNN_EDATA, "%s: '%s' is too large", n->path, p.name);
    if (n->params == n->param_room) {
        size_t room = n->param_room ? 2 * n->param_room : 64;
        struct darknet_param *more = cnn_arena_alloc(n->arena, room * sizeof *more);
        if (!more)
            return CNN_ESYSTEM;
        if (n->params)
            memcpy(more, n->param, n->params * sizeof *more);
        n->param = more;
        n->param_room = room;
    }
    n->param[n->params++] = p;
    return 0;
}
