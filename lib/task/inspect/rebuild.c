/* A shell script that makes a model again; see rebuild.h. */
#include "task/inspect/rebuild.h"

#include <stdlib.h>

#include "base/json_memory.h"
#include "base/shell.h"
#include "base/unicode.h"
#include "task/inspect/rebuild_private.h"

/* A line of comment cannot be left. */
static void put_comment(const char *begin, const char *text, struct cnn_buf *out)
{
    cnn_buf_printf(out, "# %s", begin);
    cnn_buf_show(out, text);
    cnn_buf_puts(out, "\n");
}

/* What stands for an input where its name is a variable's. */
static void put_upper(const char *name, struct cnn_buf *out)
{
    for (; *name; name++) {
        char c = *name >= 'a' && *name <= 'z' ? (char)(*name - 'a' + 'A') : *name;
        cnn_buf_add(out, &c, 1);
    }
}

static void put_usage(const struct rebuild *r, struct cnn_buf *out)
{
    for (size_t i = 0; i < r->input.count; i++) {
        cnn_buf_puts(out, " ");
        put_upper(r->input.item[i], out);
    }
}

/* Versions, machines and what came of each run. */
static void put_runs(const struct rebuild *r, struct cnn_buf *out)
{
    for (size_t k = 0; k < r->steps; k++) {
        const json_t *run = r->step[k].run;
        char *result =
            cnn_json_dump(json_object_get(run, "result"), JSON_ENCODE_ANY | JSON_REAL_PRECISION(5));
        struct cnn_buf line = {0};
        cnn_buf_printf(&line, "run %zu: cnn-train %s, instruction set %s, device %s", k + 1,
                       json_string_value(json_object_get(run, "version")),
                       json_string_value(json_object_get(run, "isa")),
                       json_string_value(json_object_get(run, "device")));
        cnn_buf_printf(&line, "; epochs: %lld, steps: %lld",
                       (long long)json_integer_value(json_object_get(run, "epochs")),
                       (long long)json_integer_value(json_object_get(run, "steps")));
        if (result)
            cnn_buf_printf(&line, "; kept: %s", result);
        put_comment("", line.text ? line.text : "", out);
        out->failed |= line.failed;
        cnn_buf_free(&line);
        free(result);
    }
}

static void put_head(const struct rebuild *r, struct cnn_buf *out)
{
    cnn_buf_puts(out, "#!/bin/sh\n");
    put_comment("Makes this model again, byte for byte: ", r->path, out);
    cnn_buf_puts(out, "#\n#     sh SCRIPT");
    put_usage(r, out);
    cnn_buf_puts(out, "\n#\n");
    if (r->input.count)
        cnn_buf_puts(out, "# where these are the paths of\n");
    for (size_t i = 0; i < r->input.count; i++) {
        cnn_buf_puts(out, "#     ");
        put_upper(r->input.item[i], out);
        cnn_buf_puts(out, ": ");
        cnn_buf_show(out, r->about.item[i]);
        cnn_buf_puts(out, "\n");
    }
    cnn_buf_puts(out,
                 "# The model goes to rebuilt.safetensors, or where the variable MODEL says.\n"
                 "# Its last bits may be others where another version, instruction set or kind "
                 "of device computes.\n");
    put_runs(r, out);
}

/* Arguments, or the paths that were known when the script was written. */
static void put_arguments(const struct rebuild *r, char *const *path, size_t paths,
                          struct cnn_buf *out)
{
    cnn_buf_puts(out, "set -e\n\n");
    if (paths) {
        cnn_buf_puts(out, "[ $# -gt 0 ] || set -- ");
        cnn_shell_words(path, paths, out);
        cnn_buf_puts(out, "\n");
    }
    cnn_buf_printf(out, "if [ $# -ne %zu ]; then\n    echo \"usage: sh $0", r->input.count);
    put_usage(r, out);
    cnn_buf_puts(out, "\" >&2\n    exit 64\nfi\n"
                      "for path; do\n"
                      "    case $path in digits:*) continue ;; esac\n"
                      "    [ -e \"$path\" ] || { printf '%s\\n' \"$0: $path: not there\" >&2; exit "
                      "66; }\n"
                      "done\n");
    for (size_t i = 0; i < r->input.count; i++)
        cnn_buf_printf(out, "%s=${%zu}\n", r->input.item[i], i + 1);
    cnn_buf_puts(out, "model=${MODEL:-rebuilt.safetensors}\n");
}

/* A program behind a pipe knows no path: which one was given for what is said at the end. */
static void put_checks(const struct rebuild *r, struct cnn_buf *out)
{
    const json_t *last = r->step[r->steps - 1].run;
    struct cnn_buf version = {0};
    cnn_buf_printf(&version, "cnn-train %s", json_string_value(json_object_get(last, "version")));
    cnn_buf_puts(out, "made_by=");
    cnn_shell_word(version.text ? version.text : "", out);
    cnn_buf_puts(
        out,
        " now=$(cnn-train --version)\n"
        "[ \"$now\" = \"$made_by\" ] || printf '%s\\n' \"$0: note: this is $now, not $made_by\" "
        ">&2\n"
        "work=$(mktemp -d)\n"
        "trap 'status=$?; rm -rf \"$work\"\n"
        "    case $status in 0 | 130) ;; *)\n"
        "        printf \"%s\\n\" \"$0: not made again from");
    put_usage(r, out);
    cnn_buf_puts(out, ": $*\" >&2 ;;\n"
                      "    esac' EXIT\n"
                      "trap 'exit 130' HUP INT TERM\n");
    out->failed |= version.failed;
    cnn_buf_free(&version);
}

static int check_paths(const struct rebuild *r, size_t paths)
{
    struct cnn_buf names = {0};
    if (!paths || paths == r->input.count)
        return 0;
    put_usage(r, &names);
    int rc = names.failed ? CNN_ESYSTEM
                          : cnn_fail(CNN_EUSAGE, "%s: made from %zu (%s), not from %zu", r->path,
                                     r->input.count, names.text ? names.text + 1 : "", paths);
    cnn_buf_free(&names);
    return rc;
}

static int put_script(const struct rebuild *r, const struct cnn_inspect *in, char *const *path,
                      size_t paths, struct cnn_buf *out)
{
    struct rebuild_model model;
    int rc = check_paths(r, paths);
    if (rc)
        return rc;
    cnn_model_classes_hash(&in->model->classes, model.classes);
    rc = cnn_tensors_hash(in->tensors, model.tensors);
    if (rc)
        return rc;
    cnn_model_meta_hash(in->tensors, model.metadata);
    put_head(r, out);
    put_arguments(r, path, paths, out);
    put_checks(r, out);
    for (size_t k = 0; !rc && k < r->steps; k++) {
        cnn_buf_puts(out, "\n");
        rc = cnn_rebuild_command(r, k, k + 1 < r->steps ? NULL : &model, out);
    }
    return rc;
}

int cnn_rebuild_script(const struct cnn_inspect *in, char *const *path, size_t paths,
                       struct cnn_buf *out)
{
    struct rebuild r = {0};
    if (!in->model)
        return cnn_fail(CNN_EDATA, "%s: there is no model", in->name);
    cnn_json_watch();
    int rc = cnn_rebuild_plan(&r, in->model);
    if (!rc)
        rc = put_script(&r, in, path, paths, out);
    cnn_rebuild_free(&r);
    int lacked = cnn_json_lacked();
    return lacked ? lacked : rc;
}
