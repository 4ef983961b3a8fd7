/* What is printed of an option table: the help and the list for completions. */
#include <stdio.h>
#include <string.h>

#include "base/version.h"
#include "cli_internal.h"

enum { WIDTH = 79, TEXT_COLUMN = 26 };

static void print_usage(const struct cli_program *program)
{
    const char *form = program->synopsis;
    for (int i = 0; form; i++) {
        size_t n = strcspn(form, "\n");
        printf("%s %s %.*s\n", i ? "   or:" : "Usage:", program->name, (int)n, form);
        form = form[n] ? form + n + 1 : NULL;
    }
    printf("%s\n", program->summary);
}

/* "sgd|adam" as "sgd, adam" */
static void add_choices(const char *choices, struct cnn_buf *out)
{
    for (const char *c = choices; *c; c++)
        if (*c == '|')
            cnn_buf_puts(out, ", ");
        else
            cnn_buf_add(out, c, 1);
}

static void describe(const struct cnn_option *o, struct cnn_buf *out)
{
    cnn_buf_puts(out, o->help);
    if (o->type == CNN_OPT_CHOICE && !strstr(o->help, o->choices)) {
        cnn_buf_puts(out, ": ");
        add_choices(o->choices, out);
    }
    if (o->type != CNN_OPT_FLAG && o->fallback && o->fallback[0])
        cnn_buf_printf(out, " [%s]", o->fallback);
}

/* Words of `text` from TEXT_COLUMN to WIDTH; the cursor stands at `column`. */
static void print_wrapped(const char *text, int column)
{
    if (column >= TEXT_COLUMN - 1) {
        putchar('\n');
        column = 0;
    }
    while (*text) {
        int n = (int)strcspn(text, " ");
        if (column > TEXT_COLUMN && column + 1 + n > WIDTH) {
            putchar('\n');
            column = 0;
        }
        if (column < TEXT_COLUMN)
            column += printf("%*s", TEXT_COLUMN - column, "");
        else
            column += printf(" ");
        column += printf("%.*s", n, text);
        text += n;
        text += strspn(text, " ");
    }
    putchar('\n');
}

static void print_option(const struct cnn_option *o)
{
    struct cnn_buf text = {0};
    int column = o->letter ? printf("  -%c, ", o->letter) : printf("      ");
    column += printf("--%s", o->name);
    if (o->type != CNN_OPT_FLAG)
        column += printf(" %s", o->metavar ? o->metavar : "VALUE");
    describe(o, &text);
    print_wrapped(text.text && !text.failed ? text.text : "", column);
    cnn_buf_free(&text);
}

void cli_print_help(const struct cli_program *program)
{
    const struct cnn_option *o = cli_option_at(program, 0);
    print_usage(program);
    if (!o || !cli_is_heading(o))
        printf("\nOptions:\n");
    for (size_t i = 0; (o = cli_option_at(program, i)); i++)
        if (cli_is_heading(o))
            printf("\n%s:\n", o->help);
        else
            print_option(o);
    printf("\n      --help              show this text\n"
           "      --version           show the version\n"
           "\nThe manual has the rest: man %s\n",
           program->name);
}

static const char *kind(const struct cnn_option *o)
{
    static const char *const files[] = {"FILE", "DIR", "DATASET", "MODEL", "WHAT"};
    if (o->type == CNN_OPT_FLAG)
        return "flag";
    if (o->type == CNN_OPT_CHOICE)
        return "choice";
    for (size_t i = 0; o->metavar && i < sizeof files / sizeof *files; i++)
        if (!strncmp(o->metavar, files[i], strlen(files[i])))
            return "file";
    return "text";
}

/* One line an option: --name, -x or nothing, flag, choice, file or text, its value's name, choices,
 * default, separated by tabs. */
void cli_print_options(const struct cli_program *program)
{
    const struct cnn_option *o;
    for (size_t i = 0; (o = cli_option_at(program, i)); i++) {
        if (cli_is_heading(o))
            continue;
        printf("--%s\t%s%.1s\t%s\t%s\t%s\t%s\n", o->name, o->letter ? "-" : "", &o->letter, kind(o),
               o->metavar ? o->metavar : "", o->choices ? o->choices : "",
               o->fallback ? o->fallback : "");
    }
    printf("--help\t\tflag\t\t\t\n--version\t\tflag\t\t\t\n");
}
