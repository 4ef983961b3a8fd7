/* An option that a program does not have: what it is called here, or which one was meant. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "cli_internal.h"

enum { LONGEST = 40, OFFERED = 4 };

static const struct cli_synonym synonym[] = {
#define CNN_SYNONYM(there, programs, here, words) {there, programs, here, words},
#include "base/synonyms.def"
#undef CNN_SYNONYM
};

const struct cli_synonym *cli_synonym_at(size_t i)
{
    return i < sizeof synonym / sizeof *synonym ? &synonym[i] : NULL;
}

static const struct cnn_option *option_named(const struct cli_program *program, const char *name)
{
    const struct cnn_option *o;
    for (size_t i = 0; (o = cli_option_at(program, i)); i++)
        if (!cli_is_heading(o) && !strcmp(o->name, name))
            return o;
    return NULL;
}

/* "Batch_Size" as "batch-size". */
static void plain(const char *name, char out[LONGEST + 1])
{
    size_t i = 0;
    for (; i < LONGEST && name[i]; i++)
        out[i] = name[i] == '_' ? '-' : (char)tolower((unsigned char)name[i]);
    out[i] = '\0';
}

/* Whether a line of the table is for this program: it is named, or none is. */
static int answers(const struct cli_synonym *s, const struct cli_program *program)
{
    const char *name = program->name, *dash = strchr(name, '-');
    const char *words = s->programs;
    size_t n = strlen(dash ? dash + 1 : name);
    while (*words) {
        size_t k = strcspn(words, " ");
        if (k == n && !strncmp(words, dash ? dash + 1 : name, n))
            break;
        words += k + (words[k] == ' ');
    }
    if (*s->programs && !*words)
        return 0;
    return !s->here || option_named(program, s->here);
}

static const struct cli_synonym *find_synonym(const struct cli_program *program, const char *name)
{
    for (size_t i = 0; i < sizeof synonym / sizeof *synonym; i++)
        if (!strcmp(synonym[i].there, name) && answers(&synonym[i], program))
            return &synonym[i];
    return NULL;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Levenshtein's distance, two neighbours exchanged counting as one edit. */
static size_t distance(const char *a, const char *b)
{
    size_t d[LONGEST + 1][LONGEST + 1], n = strlen(a), m = strlen(b);
    if (n > LONGEST || m > LONGEST)
        return LONGEST;
    for (size_t i = 0; i <= n; i++)
        for (size_t j = 0; j <= m; j++) {
            d[i][j] = i + j;
            if (!i || !j)
                continue;
            d[i][j] = least(d[i - 1][j - 1] + (a[i - 1] != b[j - 1]),
                            least(d[i - 1][j], d[i][j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                d[i][j] = least(d[i][j], d[i - 2][j - 2] + 1);
        }
    return d[n][m];
}

/* A slip of the finger: one in four letters, two in eight. Short names are all near one another. */
static const struct cnn_option *slip(const struct cli_program *program, const char *name)
{
    const struct cnn_option *o, *best = NULL;
    size_t n = strlen(name), nearest = n < 4 ? 0 : n < 8 ? 1 : 2;
    for (size_t i = 0; (o = cli_option_at(program, i)); i++) {
        size_t d = cli_is_heading(o) || strlen(o->name) < 4 ? LONGEST : distance(name, o->name);
        if (d <= nearest && (!best || d < nearest)) {
            best = o;
            nearest = d;
        }
    }
    return best;
}

/* "--weights or --weight-decay": what the name is the beginning of, or a slip away from. */
static void offer(const struct cli_program *program, const char *name, struct cnn_buf *out)
{
    const struct cnn_option *o;
    size_t n = strlen(name), offered = 0;
    for (size_t i = 0; n > 2 && (o = cli_option_at(program, i)); i++)
        if (!strncmp(o->name, name, n) && offered++ < OFFERED)
            cnn_buf_printf(out, "%s--%s", offered > 1 ? " or " : "", o->name);
    if (!offered && (o = slip(program, name)))
        cnn_buf_printf(out, "--%s", o->name);
}

void cli_explain_name(const struct cli_program *program, const char *name, struct cnn_buf *out)
{
    char word[LONGEST + 1];
    struct cnn_buf near = {0};
    plain(name, word);
    const struct cnn_option *same = option_named(program, word);
    const struct cli_synonym *s = same ? NULL : find_synonym(program, word);
    const char *here = same ? same->name : s ? s->here : NULL;
    if (here)
        cnn_buf_printf(out, ": it is --%s here", here);
    if (s && s->words)
        cnn_buf_printf(out, "%s %s", here ? "," : ":", s->words);
    if (!same && !s)
        offer(program, word, &near);
    if (near.size)
        cnn_buf_printf(out, " (did you mean %s?)", near.text);
    cnn_buf_free(&near);
}
