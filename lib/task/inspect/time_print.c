/* The times of a net's steps as text and as JSON; see inspect.h. */
#include "kern/isa/isa.h"
#include "task/inspect/private.h"
#include "task/table.h"

/* Shorter passes say nothing of a rate. */
static const double SHORTEST = 2e-6;

static void titles(const struct inspect_times *t, struct cnn_table *table)
{
    cnn_table_cell(table, "step");
    cnn_table_cell(table, "output");
    cnn_table_cell(table, "algorithm");
    for (int back = 0; back <= t->training; back++) {
        cnn_table_cell(table, back ? "back ms" : "ms");
        cnn_table_cell(table, "GFLOP/s");
        cnn_table_cell(table, "GB/s");
        cnn_table_cell(table, "of limit");
    }
    cnn_table_cell(table, "of all");
}

static void cell_real(struct cnn_table *table, int there, int digits, double x)
{
    if (there)
        cnn_table_cell(table, "%.*f", digits, x);
    else
        cnn_table_cell(table, "-");
}

static void cell_percent(struct cnn_table *table, int there, double x)
{
    if (there)
        cnn_table_cell(table, "%.1f %%", 100 * x);
    else
        cnn_table_cell(table, "-");
}

/* The least time that the work takes at the machine's limits, as a part of the time that it took.
 */
static double share_of_limit(const struct inspect_times *t, const struct inspect_time_row *r,
                             int backward)
{
    double products = r->work[backward].multiply_adds / t->limits.multiply_adds;
    double bytes = r->work[backward].bytes / t->limits.bytes;
    return (products > bytes ? products : bytes) / r->seconds[backward];
}

static void add_row(const struct inspect_times *t, const struct inspect_time_row *r,
                    struct cnn_table *table)
{
    char shape[72];
    cnn_chw_format(r->out, shape);
    cnn_table_cell(table, "%s", r->name);
    cnn_table_cell(table, "%s", r->out.c ? shape : "");
    cnn_table_algorithm(table, r->algorithm);
    for (int back = 0; back <= t->training; back++) {
        double s = r->seconds[back];
        const struct cnn_net_work *w = &r->work[back];
        cell_real(table, s > 0, 3, 1e3 * s);
        int tells = s >= SHORTEST;
        cell_real(table, tells && w->multiply_adds > 0, 1, 2e-9 * w->multiply_adds / s);
        cell_real(table, tells && w->bytes > 0, 1, 1e-9 * w->bytes / s);
        cell_percent(table, tells, tells ? share_of_limit(t, r, back) : 0);
    }
    cell_percent(table, 1, (r->seconds[0] + r->seconds[1]) / t->seconds);
}

static double multiply_adds(const struct inspect_times *t)
{
    double all = 0;
    for (size_t i = 0; i < t->rows; i++)
        all += t->row[i].work[0].multiply_adds + t->row[i].work[1].multiply_adds;
    return all;
}

void cnn_inspect_time_text(const struct inspect_times *t, struct cnn_buf *out)
{
    struct cnn_table table = {.columns = t->training ? 12 : 8, .align = "lllrrrrrrrrr"};
    titles(t, &table);
    for (size_t i = 0; i < t->rows; i++)
        add_row(t, &t->row[i], &table);
    cnn_table_end(&table, out);
    cnn_buf_printf(out, "\nbatch      %zu\n", t->batch);
    cnn_buf_printf(out, "steps      %.3f ms with each timed, the median of %d runs\n",
                   1e3 * t->seconds, t->runs);
    cnn_buf_printf(out, "time       %.3f ms, the median of %d runs\n", 1e3 * t->whole_seconds,
                   t->whole_runs);
    cnn_buf_printf(out, "speed      %.1f images/s, %.1f GFLOP/s\n",
                   (double)t->batch / t->whole_seconds, 2e-9 * multiply_adds(t) / t->whole_seconds);
    cnn_buf_printf(out, "limits     %.1f GFLOP/s, %.1f GB/s", 2e-9 * t->limits.multiply_adds,
                   1e-9 * t->limits.bytes);
    if (t->threads)
        cnn_buf_printf(out, " (%d thread%s, %s)\n", t->threads, t->threads == 1 ? "" : "s",
                       cnn_isa()->name);
    else
        cnn_buf_puts(out, " (GPU: matrix products, copies)\n");
}

static json_t *pass_json(const struct inspect_times *t, const struct inspect_time_row *r, int back)
{
    return json_pack("{s:f, s:f, s:f, s:f}", "seconds", r->seconds[back], "multiply_adds",
                     r->work[back].multiply_adds, "bytes", r->work[back].bytes, "of_limit",
                     share_of_limit(t, r, back));
}

static json_t *row_json(const struct inspect_times *t, const struct inspect_time_row *r)
{
    static const char *const pass[] = {"forward", "backward"};
    json_t *o = json_pack("{s:s, s:[I, I, I]}", "step", r->name, "output", (json_int_t)r->out.c,
                          (json_int_t)r->out.h, (json_int_t)r->out.w);
    json_t *algorithms = json_array();
    for (int k = 0; k < 3 && r->algorithm[k]; k++)
        json_array_append_new(algorithms, json_string(r->algorithm[k]));
    json_object_set_new(o, "algorithms", algorithms);
    for (int back = 0; back < 2; back++)
        if (r->seconds[back] > 0)
            json_object_set_new(o, pass[back], pass_json(t, r, back));
    return o;
}

int cnn_inspect_time_json(const char *name, const struct inspect_times *t, struct cnn_buf *out)
{
    json_t *steps = json_array();
    for (size_t i = 0; i < t->rows; i++)
        json_array_append_new(steps, row_json(t, &t->row[i]));
    json_t *whole = json_pack("{s:i, s:f, s:f}", "runs", t->whole_runs, "seconds", t->whole_seconds,
                              "images_per_second", (double)t->batch / t->whole_seconds);
    return cnn_inspect_json_dump(
        name,
        json_pack("{s:I, s:b, s:i, s:s, s:i, s:f, s:f, s:o, s:{s:f, s:f}, s:o}", "batch",
                  (json_int_t)t->batch, "training", t->training, "threads", t->threads, "isa",
                  cnn_isa()->name, "runs", t->runs, "seconds", t->seconds, "images_per_second",
                  (double)t->batch / t->seconds, "whole", whole, "limits", "flops",
                  2 * t->limits.multiply_adds, "bytes", t->limits.bytes, "steps", steps),
        out);
}
