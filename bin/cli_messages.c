/* Messages and notes, and names in lists; see cli.h. Whatever names are in them, nothing but text
 * reaches a terminal. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/unicode.h"
#include "cli.h"

/* Without memory: what is plain as it is. */
static void put_plain(const char *text)
{
    for (; *text; text++)
        fputc(*text >= ' ' && *text < 0x7f ? *text : '?', stderr);
}

static void say(const struct cli_program *program, const char *format, va_list ap)
{
    struct cnn_buf shown = {0};
    char most[2048], *all = NULL;
    va_list again;
    va_copy(again, ap);
    int n = vsnprintf(most, sizeof most, format, ap);
    if (n >= (int)sizeof most && (all = cnn_calloc(1, (size_t)n + 1)))
        vsnprintf(all, (size_t)n + 1, format, again);
    va_end(again);
    cnn_buf_show(&shown, all ? all : most);
    fprintf(stderr, "%s: ", program->name);
    if (shown.failed)
        put_plain(all ? all : most);
    else
        fputs(shown.text ? shown.text : "", stderr);
    fputc('\n', stderr);
    cnn_buf_free(&shown);
    free(all);
}

void cli_note(const struct cli_program *program, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    say(program, format, ap);
    va_end(ap);
}

int cli_usage(const struct cli_program *program, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    say(program, format, ap);
    va_end(ap);
    fprintf(stderr, "Try '%s --help'.\n", program->name);
    return -CNN_EUSAGE;
}

static void show_name(FILE *terminal, const char *name)
{
    struct cnn_buf shown = {0};
    cnn_buf_show(&shown, name);
    fprintf(terminal, "%s\n", shown.text && !shown.failed ? shown.text : "?");
    cnn_buf_free(&shown);
}

void cli_list_bad(FILE *list, const char *source)
{
    static const char special[] = "\n\r\\", letter[] = "nr\\";
    int escape = strpbrk(source, "\n\r") != NULL;
    if (isatty(fileno(list))) {
        show_name(list, source);
        return;
    }
    for (; *source; source++) {
        const char *s = escape ? strchr(special, *source) : NULL;
        if (s)
            fprintf(list, "\\%c", letter[s - special]);
        else
            fputc(*source, list);
    }
    fputc('\n', list);
}
