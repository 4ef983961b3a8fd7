/* The cases of tests/layers.txt: what layers are run with, and what comes of it. */
#ifndef LAYER_CASES_H
#define LAYER_CASES_H
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A layer's text as in a net, its input shapes ("3x7x5 2x7x5"), the batch, and words on how it is
 * run, "" for none: the head of the file says which. */
struct rig_case {
    char *text;
    const char *shapes;
    size_t n;
    const char *mode;
    const char *results; /* what the file has below it, up to the next case */
};

struct rig_cases {
    size_t count;
    struct rig_case *at;
    char *file;
};

/* All of a file below tests/; to be freed. */
static char *read_test_file(const char *name)
{
    char path[512];
    const char *root = getenv("ROOT");
    snprintf(path, sizeof path, "%s/tests/%s", root ? root : ".", name);
    FILE *f = fopen(path, "r");
    if (!f || fseek(f, 0, SEEK_END))
        fail_msg("cannot read %s", path);
    size_t size = (size_t)ftell(f);
    char *text = calloc(1, size + 1);
    rewind(f);
    assert_non_null(text);
    assert_int_equal(fread(text, 1, size, f), size);
    fclose(f);
    return text;
}

static const char *line_after(const char *line)
{
    line += strcspn(line, "\n");
    return *line ? line + 1 : line;
}

/* What stands behind the next " | ", which becomes the end of what is before it. */
static char *field_after(char *field)
{
    char *bar = strstr(field, " | ");
    if (!bar)
        return field + strlen(field);
    *bar = '\0';
    return bar + 3;
}

/* To be freed by free_layer_cases. */
static struct rig_cases read_layer_cases(void)
{
    struct rig_cases cases = {.file = read_test_file("layers.txt")};
    for (const char *line = cases.file; *line; line = line_after(line)) {
        if (strncmp(line, "case ", 5))
            continue;
        cases.at = realloc(cases.at, (cases.count + 1) * sizeof *cases.at);
        assert_non_null(cases.at);
        struct rig_case *c = &cases.at[cases.count++];
        c->text = strndup(line + 5, strcspn(line + 5, "\n"));
        char *shapes = field_after(c->text), *n = field_after(shapes);
        c->shapes = shapes;
        c->mode = field_after(n);
        c->n = (size_t)atoi(n);
        c->results = line_after(line);
    }
    return cases;
}

static void free_layer_cases(struct rig_cases *cases)
{
    for (size_t i = 0; i < cases->count; i++)
        free(cases->at[i].text);
    free(cases->at);
    free(cases->file);
}
#endif
