/* The file of measured choices; see tune.h. A line is a case, in columns set apart by tabs:
 * what it was measured on and under which conditions, the case, how it is done best. */
#include "task/tune.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "file/infile.h"
#include "file/outfile.h"
#include "kern/conv/way.h"

enum {
    NUMBERS = sizeof(struct cnn_conv_key) / sizeof(size_t),
    LAYOUTS = NUMBERS - 2, /* from here on they may be negative */
    POSITIVE = offsetof(struct cnn_conv, pad_top) / sizeof(size_t), /* the first so many are */
    LONGEST_LINE = 1024
};
static const size_t LARGEST_FILE = (size_t)64 << 20;
static const char *const ways[] = {"direct", "mirrored", "plain", "plain-mirrored"};

struct tune {
    char *path;
    char conditions[200]; /* the first columns of lines that count here */
    struct cnn_conv_choices *choices;
    struct cnn_buf others; /* lines for other conditions */
    size_t unreadable;
};

/* The processor's name, without tabs; "unknown" where the system does not tell it. */
static void cpu_model(char out[100])
{
    char line[300];
    FILE *f = fopen("/proc/cpuinfo", "r");
    snprintf(out, 100, "unknown");
    while (f && fgets(line, sizeof line, f)) {
        char *value = strchr(line, ':');
        if (strncmp(line, "model name", 10) || !value)
            continue;
        value += 1 + strspn(value + 1, " \t");
        value[strcspn(value, "\t\n")] = 0;
        snprintf(out, 100, "%.99s", value);
        break;
    }
    if (f)
        fclose(f);
}

static int make_folder(const char *path)
{
    return !mkdir(path, 0777) || errno == EEXIST ? 0 : cnn_fail_errno(CNN_ECREATE, "%s", path);
}

/* ${XDG_CACHE_HOME:-~/.cache}/cnn/tune.tsv, with its folders made. */
static int find_path(struct tune *t)
{
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    struct cnn_buf b = {0};
    int rc = 0;
    if (cache && cache[0] == '/')
        cnn_buf_puts(&b, cache);
    else if (home && home[0] == '/')
        cnn_buf_printf(&b, "%s/.cache", home);
    else
        return cnn_fail(CNN_EUSAGE, "--tune: neither XDG_CACHE_HOME nor HOME names a folder");
    if (!b.failed)
        rc = make_folder(b.text);
    cnn_buf_puts(&b, "/cnn");
    if (!rc && !b.failed)
        rc = make_folder(b.text);
    cnn_buf_puts(&b, "/tune.tsv");
    t->path = cnn_buf_take(&b);
    return t->path ? rc : CNN_ESYSTEM;
}

/* The next column, which ends where the tab was; NULL: there is none. */
static char *next_column(char **rest)
{
    char *column = *rest, *tab = column ? strchr(column, '\t') : NULL;
    if (tab)
        *tab = 0;
    *rest = tab ? tab + 1 : NULL;
    return column;
}

static int find_word(const char *word, const char *const *list, int count)
{
    for (int i = 0; i < count; i++)
        if (!strcmp(word, list[i]))
            return i;
    return -1;
}

/* The columns behind the conditions; 0: they make no sense, or no longer. */
static int read_choice(char *text, struct cnn_conv_choice *out)
{
    size_t number[NUMBERS] = {0};
    int64_t value;
    char *rest = text, *word = NULL;
    *out = (struct cnn_conv_choice){0};
    for (int i = 0; i < NUMBERS; i++) {
        word = next_column(&rest);
        int64_t least = i < POSITIVE ? 1 : i < LAYOUTS ? 0 : INT32_MIN;
        if (!word || cnn_parse_int(word, least, INT32_MAX, &value))
            return 0;
        number[i] = (size_t)value;
    }
    memcpy(&out->key, number, sizeof out->key);
    const char *name = next_column(&rest);
    word = next_column(&rest);
    int kind = word ? find_word(word, ways, 4) : -1;
    if (kind < 0 || !rest || cnn_parse_real(rest, 0, 1e300, &out->cost))
        return 0;
    out->mirrored = kind & 1;
    out->rearranged = kind >> 1;
    return out->key.pass <= CNN_CONV_WEIGHT && cnn_conv_choice_name(out, name);
}

static int read_line(struct tune *t, const char *line, size_t n)
{
    struct cnn_conv_choice choice;
    char copy[LONGEST_LINE];
    size_t prefix = strlen(t->conditions);
    int columns = 0;
    for (size_t i = 0; i < n; i++)
        columns += line[i] == '\t';
    if (n >= sizeof copy || memchr(line, 0, n) || columns != NUMBERS + 6) {
        t->unreadable++;
        return 0;
    }
    memcpy(copy, line, n);
    copy[n] = 0;
    if (strncmp(copy, t->conditions, prefix)) {
        cnn_buf_add(&t->others, line, n);
        cnn_buf_puts(&t->others, "\n");
        return t->others.failed ? CNN_ESYSTEM : 0;
    }
    if (read_choice(copy + prefix, &choice))
        return cnn_conv_choices_add(t->choices, &choice);
    cnn_error_clear();
    t->unreadable++;
    return 0;
}

static int load(struct tune *t)
{
    struct cnn_bytes bytes;
    if (access(t->path, F_OK))
        return 0;
    int rc = cnn_bytes_map(t->path, LARGEST_FILE, &bytes);
    if (rc)
        return rc;
    const char *p = (const char *)bytes.data, *end = p + bytes.size;
    while (!rc && p < end) {
        const char *stop = memchr(p, '\n', (size_t)(end - p));
        size_t n = (size_t)((stop ? stop : end) - p);
        if (n && *p != '#')
            rc = read_line(t, p, n);
        p += n + 1;
    }
    cnn_bytes_free(&bytes);
    return rc;
}

static void write_choice(const struct tune *t, const struct cnn_conv_choice *c, FILE *f)
{
    size_t number[NUMBERS] = {0};
    memcpy(number, &c->key, sizeof number);
    fputs(t->conditions, f);
    for (int i = 0; i < NUMBERS; i++)
        fprintf(f, "%td\t", (ptrdiff_t)number[i]);
    fprintf(f, "%s\t%s\t%.0f\n", c->algorithm->name, ways[2 * c->rearranged + c->mirrored],
            c->cost);
}

static int save(const struct tune *t)
{
    struct cnn_outfile *file;
    int rc = cnn_outfile_open(t->path, &file);
    if (rc)
        return rc;
    FILE *f = cnn_outfile_stream(file);
    fputs("# cnn --tune: the fastest ways of convolution, as measured; cnn-formats(5)\n", f);
    if (t->others.size)
        fwrite(t->others.text, 1, t->others.size, f);
    for (size_t i = 0; i < t->choices->count; i++)
        write_choice(t, &t->choices->item[i], f);
    return cnn_outfile_commit(file);
}

static int tuned(struct tune *t, const struct cnn_graph *graph, struct cnn_backend *backend,
                 const struct cnn_net_config *config, struct cnn_net **out)
{
    char cpu[100];
    cpu_model(cpu);
    snprintf(t->conditions, sizeof t->conditions, "%s\t%s\t%s\t%s\t", cnn_isa()->name, cpu,
             backend->queue.exact_conv ? "exact" : "any", config->training ? "train" : "infer");
    int rc = find_path(t);
    if (!rc && !(t->choices = cnn_conv_choices_new()))
        rc = CNN_ESYSTEM;
    if (rc)
        return rc;
    backend->queue.choices = t->choices;
    rc = load(t);
    t->choices->packs = config->training;
    t->choices->measures = 1;
    if (!rc)
        rc = cnn_net_new(graph, backend, config, out);
    t->choices->measures = 0;
    return !rc && t->choices->measured ? save(t) : rc;
}

int cnn_tuned_net_new(const struct cnn_graph *graph, struct cnn_backend *backend,
                      const struct cnn_net_config *config, struct cnn_buf *note,
                      struct cnn_net **out)
{
    struct tune t = {0};
    *out = NULL;
    int rc = tuned(&t, graph, backend, config, out);
    if (!rc && t.unreadable)
        cnn_buf_printf(note, "%s: %zu line%s cannot be used", t.path, t.unreadable,
                       t.unreadable == 1 ? "" : "s");
    if (!rc && t.choices->measured)
        cnn_buf_printf(note, "%s%zu convolutions measured, the choices are in %s",
                       note->size ? "; " : "", t.choices->measured, t.path);
    if (rc) {
        cnn_net_free(*out);
        *out = NULL;
    }
    cnn_buf_free(&t.others);
    free(t.path);
    return rc;
}
