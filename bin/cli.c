/* Options of programs; see cli.h. */
#include "cli.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/version.h"
#include "cli_internal.h"
#include "data/augment/augment.h"

struct parser {
    const struct cli_program *program;
    void *fields;
    struct cnn_augmenter *augmenter;
    int argc, at; /* argv[at] is the next word */
    char **argv;
    char *seen;               /* by number of the option: given */
    int answered;             /* --help or the like was given and answered */
    struct cnn_strings given; /* the names of the program's own */
};

static int is_own(const struct cli_program *program, const struct cnn_option *option)
{
    for (const struct cnn_option *o = program->options; o && o->name; o++)
        if (o == option)
            return 1;
    return 0;
}

static const struct cnn_option *find(struct parser *p, const char *name, size_t n, char letter,
                                     size_t *number)
{
    const struct cnn_option *o;
    for (size_t i = 0; (o = cli_option_at(p->program, i)); i++) {
        int match = name ? strlen(o->name) == n && !memcmp(o->name, name, n) : o->letter == letter;
        if (match && !cli_is_heading(o)) {
            *number = i;
            return o;
        }
    }
    return NULL;
}

static int needs_value(struct parser *p, const struct cnn_option *o)
{
    return cli_usage(p->program, "--%s: a value is missing (%s)", o->name,
                     o->metavar ? o->metavar : "VALUE");
}

/* Set the option; the library's message begins with its bare name. An empty value is that of a
 * script's variable which is not set, and not a way to say nothing. */
static int set(struct parser *p, const struct cnn_option *o, size_t number, const char *value)
{
    if (!*value)
        return needs_value(p, o);
    if (o->pairs && strchr(value, '='))
        o = find(p, o->pairs, strlen(o->pairs), 0, &number);
    int own = is_own(p->program, o);
    int rc =
        own ? cnn_option_set(o, p->fields, value) : cnn_augmenter_set(p->augmenter, o->name, value);
    if (!rc && own && !p->seen[number])
        rc = cnn_strings_add(&p->given, o->name);
    p->seen[number] = 1;
    if (rc != CNN_EUSAGE)
        return rc ? cli_end(p->program, rc) : 0;
    const char *message = cnn_error_message();
    size_t n = strlen(o->name);
    if (!strncmp(message, o->name, n) && message[n] == ':')
        return cli_usage(p->program, "--%s", message);
    return cli_usage(p->program, "--%s: %s", o->name, message);
}

/* An option that the program does not have, with the dashes it came with. */
static int unknown(struct parser *p, const char *dashes, const char *name, size_t n)
{
    struct cnn_buf why = {0};
    char *copy = cnn_strndup(name, n);
    if (copy)
        cli_explain_name(p->program, copy, &why);
    int rc = cli_usage(p->program, "unknown option %s%.*s%s", dashes, (int)n, name,
                       why.size && !why.failed ? why.text : "");
    free(copy);
    cnn_buf_free(&why);
    return rc;
}

/* --help, --version and, for completions and checks of the manual, --options. */
static int answer(struct parser *p, const char *word)
{
    if (!strcmp(word, "--help"))
        cli_print_help(p->program);
    else if (!strcmp(word, "--options"))
        cli_print_options(p->program);
    else if (!strcmp(word, "--version"))
        printf("%s %s\n", p->program->name, CNN_VERSION);
    else
        return 0;
    p->answered = 1;
    return 1;
}

static int take_long(struct parser *p, const char *word)
{
    size_t n = strcspn(word + 2, "="), number;
    const struct cnn_option *o = find(p, word + 2, n, 0, &number);
    if (!o)
        return answer(p, word) ? 0 : unknown(p, "--", word + 2, n);
    if (word[2 + n])
        return set(p, o, number, word + 3 + n);
    if (o->type == CNN_OPT_FLAG)
        return set(p, o, number, "1");
    if (p->at == p->argc)
        return needs_value(p, o);
    return set(p, o, number, p->argv[p->at++]);
}

/* -q, -qv for two flags, -n 8 and -n8. A long option has two dashes: -output would be -o utput. */
static int take_short(struct parser *p, const char *word)
{
    size_t n = strcspn(word + 1, "="), number;
    int rc = 0;
    if (n > 2 && find(p, word + 1, n, 0, &number))
        return cli_usage(p->program, "unknown option -%.*s: it is --%.*s here", (int)n, word + 1,
                         (int)n, word + 1);
    for (const char *c = word + 1; *c && !rc && !p->answered; c++) {
        const struct cnn_option *o = find(p, NULL, 0, *c, &number);
        if (!o && *c == 'h')
            return !answer(p, "--help");
        if (!o)
            return c == word + 1 && n > 1 && word[2] >= 'a' ? unknown(p, "-", c, n)
                                                            : unknown(p, "-", c, 1);
        if (o->type == CNN_OPT_FLAG) {
            rc = set(p, o, number, "1");
            continue;
        }
        if (c[1])
            return set(p, o, number, c + 1);
        if (p->at == p->argc)
            return needs_value(p, o);
        return set(p, o, number, p->argv[p->at++]);
    }
    return rc;
}

static int check_all(struct parser *p)
{
    const struct cnn_option *o;
    for (size_t i = 0; (o = cli_option_at(p->program, i)); i++)
        if (!cli_is_heading(o) && !o->fallback && o->type != CNN_OPT_TEXTS && !p->seen[i] &&
            is_own(p->program, o))
            return cli_usage(p->program, "--%s is required", o->name);
    int rc = cnn_option_needs(p->program->options, p->program->needs, &p->given, p->fields);
    if (rc == CNN_EUSAGE)
        return cli_usage(p->program, "%s", cnn_error_message());
    return rc ? cli_end(p->program, rc) : 0;
}

/* Options in the order in which they stand; operands are moved behind them, in order. */
static int parse_words(struct parser *p, char **operands, int *first)
{
    int rc = 0, count = 0, kept = 1, ended = 0;
    p->at = 1;
    while (p->at < p->argc && !rc && !p->answered) {
        char *word = p->argv[p->at];
        int begin = p->at++;
        if (!*word) {
            rc = cli_usage(p->program, "an empty operand");
            continue;
        }
        if (ended || word[0] != '-' || !word[1]) {
            operands[count++] = word;
            continue;
        }
        if (!strcmp(word, "--"))
            ended = 1;
        else
            rc = word[1] == '-' ? take_long(p, word) : take_short(p, word);
        for (int i = begin; i < p->at; i++)
            p->argv[kept++] = p->argv[i];
    }
    if (rc || p->answered)
        return rc;
    memcpy(p->argv + kept, operands, (size_t)count * sizeof *operands);
    *first = kept;
    return check_all(p);
}

/* A standard stream that is closed is opened the wrong way round, so that no output file becomes
 * descriptor 1 and that using the stream fails as it should. */
static void keep_standard_streams(void)
{
    for (int fd = 0; fd < 3; fd++)
        if (fcntl(fd, F_GETFD) < 0 && errno == EBADF)
            (void)!open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY);
}

int cli_parse(const struct cli_program *program, int argc, char **argv, void *fields,
              struct cnn_augmenter *augmenter, int *first)
{
    struct parser p = {.program = program,
                       .fields = fields,
                       .augmenter = augmenter,
                       .argc = argc,
                       .at = 1,
                       .argv = argv};
    size_t options = 0;
    keep_standard_streams();
    while (cli_option_at(program, options))
        options++;
    char **operands = cnn_calloc((size_t)argc + 1, sizeof *operands);
    p.seen = cnn_calloc(options + 1, 1);
    int rc = operands && p.seen ? cnn_option_defaults(program->options, fields) : CNN_ESYSTEM;
    rc = rc ? cli_end(program, rc) : parse_words(&p, operands, first);
    free(operands);
    free(p.seen);
    if (program->given)
        *(struct cnn_strings *)((char *)fields + program->given) = p.given;
    else
        cnn_strings_free(&p.given);
    if (p.answered)
        return cli_end(program, 0);
    return rc ? rc : -1;
}

const char *cli_bad_list(const char *value)
{
    return strncmp(value, "list=", 5) ? NULL : value + 5;
}

int cli_on_bad(const char *value, int *skip, const char **list)
{
    int fail = !strcmp(value, "fail");
    *skip = !fail;
    *list = cli_bad_list(value);
    if (fail || !strcmp(value, "skip") || (*list && **list))
        return 0;
    return cnn_fail(CNN_EUSAGE, "--on-bad: '%s' is none of fail, skip, list=FILE", value);
}
