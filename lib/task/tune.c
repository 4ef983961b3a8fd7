/* The file of measured choices; see tune.h. The first line names the columns, which are set apart by
 * tabs; each other line is a case: what it was measured on and under which conditions, the case,
 * how it is done best. */
#include "task/tune.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/lines.h"
#include "base/memory.h"
#include "file/infile.h"
#include "file/outfile.h"
#include "kern/conv/way.h"

/* The members of a geometry, and what each is at least. */
#define SIZES(X)                                                                                   \
    X(batch, 1)                                                                                    \
    X(in_c, 1)                                                                                     \
    X(in_h, 1)                                                                                     \
    X(in_w, 1)                                                                                     \
    X(out_c, 1)                                                                                    \
    X(out_h, 1)                                                                                    \
    X(out_w, 1)                                                                                    \
    X(kh, 1)                                                                                       \
    X(kw, 1)                                                                                       \
    X(stride_h, 1)                                                                                 \
    X(stride_w, 1)                                                                                 \
    X(dilation_h, 1)                                                                               \
    X(dilation_w, 1)                                                                               \
    X(groups, 1)                                                                                   \
    X(pad_top, 0)                                                                                  \
    X(pad_left, 0)                                                                                 \
    X(pad_bottom, 0)                                                                               \
    X(pad_right, 0)

/* The columns: conditions, the geometry, the rest of the case, the choice. */
#define CONDITIONS(X) X(isa, ) X(processor, ) X(rounding, ) X(use, )
#define CASE(X)                                                                                    \
    X(pass, ) X(x_type, ) X(x_order, ) X(x_lanes, ) X(y_type, ) X(y_order, ) X(y_lanes, )
#define CHOICE(X)           X(algorithm, ) X(way, ) X(cycles, )
#define COLUMN(name, least) COLUMN_##name,
#define NAME(name, least)   #name,
enum { CONDITIONS(COLUMN) SIZES(COLUMN) CASE(COLUMN) CHOICE(COLUMN) COLUMNS };
static const char *const names[] = {CONDITIONS(NAME) SIZES(NAME) CASE(NAME) CHOICE(NAME)};
enum { CONDITION_COLUMNS = COLUMN_batch };
_Static_assert(sizeof(struct cnn_conv) == (COLUMN_pass - COLUMN_batch) * sizeof(size_t),
               "all of a geometry has columns");

static const char *const passes[] = {CNN_CHOICE_TEXTS(CNN_CONV_PASSES)};
static const char *const types[] = {CNN_CHOICE_TEXTS(CNN_TYPES)};
static const char *const orders[] = {CNN_CHOICE_TEXTS(CNN_ORDERS)};
static const char *const ways[] = {"direct", "mirrored", "plain", "plain-mirrored"};

static const size_t LARGEST_FILE = (size_t)64 << 20;

struct tune {
    char *path;
    char conditions[CONDITION_COLUMNS][100]; /* of lines that count here */
    int place[COLUMNS]; /* column k of the file is place[k] of the list; -1: of another version */
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

/* Cut the text at its tabs into so many columns; 0: it has more or fewer. */
static int cut(char *text, char *column[COLUMNS])
{
    int k = 0, more = 1;
    for (; more && k < COLUMNS; k++) {
        size_t n = strcspn(text, "\t");
        column[k] = text;
        more = text[n] != '\0';
        text[n] = '\0';
        text += n + 1;
    }
    return k == COLUMNS && !more;
}

static int find_word(const char *word, const char *const *list, int count)
{
    for (int i = 0; i < count; i++)
        if (!strcmp(word, list[i]))
            return i;
    return -1;
}

/* Where the file's columns belong; a file that has others than ours, or not all, is of another
 * version, and none of its lines is used. */
static void read_heading(struct tune *t, char *text)
{
    char *column[COLUMNS];
    int seen[COLUMNS] = {0}, good = *text == '#' && cut(text + 1, column);
    for (int k = 0; k < COLUMNS; k++) {
        int place = good ? find_word(column[k], names, COLUMNS) : -1;
        good = place >= 0 && !seen[place]++;
        t->place[k] = place;
    }
    t->place[0] = good ? t->place[0] : -1;
}

static int read_size(const char *word, int64_t least, size_t *out)
{
    int64_t value;
    if (cnn_parse_int(word, least, INT32_MAX, &value))
        return 0;
    *out = (size_t)value;
    return 1;
}

/* word: its type, order and lanes. */
static int read_layout(char *const word[3], struct cnn_layout *out)
{
    int type = find_word(word[0], types, sizeof types / sizeof *types);
    int order = find_word(word[1], orders, sizeof orders / sizeof *orders);
    out->type = (enum cnn_type)type;
    out->order = (enum cnn_order)order;
    return type >= 0 && order >= 0 && read_size(word[2], 0, &out->lanes);
}

static void write_layout(struct cnn_layout layout, FILE *f)
{
    fprintf(f, "%s\t%s\t%zu\t", types[layout.type], orders[layout.order], layout.lanes);
}

/* column: in the list's order. 0: they make no sense, or no longer. */
static int read_choice(char *const column[COLUMNS], struct cnn_conv_choice *out)
{
    int good = 1, pass = find_word(column[COLUMN_pass], passes, sizeof passes / sizeof *passes);
    int way = find_word(column[COLUMN_way], ways, sizeof ways / sizeof *ways);
    *out = (struct cnn_conv_choice){0};
    struct cnn_conv_key *key = &out->key;
#define READ(name, least) good = good && read_size(column[COLUMN_##name], least, &key->g.name);
    SIZES(READ)
#undef READ
    if (!good || pass < 0 || way < 0 || !read_layout(column + COLUMN_x_type, &key->x_layout) ||
        !read_layout(column + COLUMN_y_type, &key->y_layout) ||
        cnn_parse_real(column[COLUMN_cycles], 0, 1e300, &out->cost))
        return 0;
    key->pass = (enum cnn_conv_pass)pass;
    out->mirrored = way & 1;
    out->rearranged = way >> 1;
    return cnn_conv_choice_name(out, column[COLUMN_algorithm]);
}

static int is_for_here(const struct tune *t, char *const column[COLUMNS])
{
    for (int k = 0; k < CONDITION_COLUMNS; k++)
        if (strcmp(column[k], t->conditions[k]))
            return 0;
    return 1;
}

static int keep(struct tune *t, char *const column[COLUMNS])
{
    for (int k = 0; k < COLUMNS; k++)
        cnn_buf_printf(&t->others, "%s%c", column[k], k + 1 < COLUMNS ? '\t' : '\n');
    return t->others.failed ? CNN_ESYSTEM : 0;
}

static int read_line(struct tune *t, char *text)
{
    struct cnn_conv_choice choice;
    char *found[COLUMNS], *column[COLUMNS];
    if (t->place[0] < 0 || !cut(text, found)) {
        t->unreadable++;
        return 0;
    }
    for (int k = 0; k < COLUMNS; k++)
        column[t->place[k]] = found[k];
    if (!is_for_here(t, column))
        return keep(t, column);
    if (read_choice(column, &choice))
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
    char *text = cnn_strndup((const char *)bytes.data, bytes.size);
    struct cnn_lines lines = cnn_lines_of(text, text ? bytes.size : 0);
    cnn_bytes_free(&bytes);
    rc = text ? 0 : CNN_ESYSTEM;
    for (char *line; !rc && (line = cnn_lines_next(&lines));) {
        if (lines.number == 1)
            read_heading(t, line);
        else
            rc = read_line(t, line);
    }
    free(text);
    return rc;
}

static void write_choice(const struct tune *t, const struct cnn_conv_choice *c, FILE *f)
{
    const struct cnn_conv_key *key = &c->key;
    for (int k = 0; k < CONDITION_COLUMNS; k++)
        fprintf(f, "%s\t", t->conditions[k]);
#define WRITE(name, least) fprintf(f, "%zu\t", key->g.name);
    SIZES(WRITE)
#undef WRITE
    fprintf(f, "%s\t", passes[key->pass]);
    write_layout(key->x_layout, f);
    write_layout(key->y_layout, f);
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
    for (int k = 0; k < COLUMNS; k++)
        fprintf(f, "%s%s", k ? "\t" : "#", names[k]);
    fputs("\n", f);
    if (t->others.size)
        fwrite(t->others.text, 1, t->others.size, f);
    for (size_t i = 0; i < t->choices->count; i++)
        write_choice(t, &t->choices->item[i], f);
    return cnn_outfile_commit(file);
}

static void set_conditions(struct tune *t, const struct cnn_backend *b, int training)
{
    snprintf(t->conditions[COLUMN_isa], sizeof *t->conditions, "%s", cnn_isa()->name);
    cpu_model(t->conditions[COLUMN_processor]);
    snprintf(t->conditions[COLUMN_rounding], sizeof *t->conditions, "%s",
             b->queue.exact_conv ? "exact" : "any");
    snprintf(t->conditions[COLUMN_use], sizeof *t->conditions, "%s", training ? "train" : "infer");
}

static int tuned(struct tune *t, const struct cnn_graph *graph, struct cnn_backend *backend,
                 const struct cnn_net_config *config, struct cnn_net **out)
{
    set_conditions(t, backend, config->training);
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
