/* Progress and bad samples; see cli_samples.h. */
#include "cli_samples.h"

#include "file/outfile.h"

int cli_samples_open(struct cli_samples *s, const struct cli_program *program, int quiet,
                     const char *on_bad, int *skip, const char *label)
{
    const char *path;
    *s = (struct cli_samples){.program = program, .quiet = quiet};
    int rc = cli_on_bad(on_bad, skip, &path);
    if (!rc && path)
        rc = cnn_outfile_open(path, &s->list);
    if (!rc && label)
        s->bar = cli_progress_new(label, quiet);
    return rc;
}

void cli_samples_progress(void *context, size_t done, size_t total)
{
    struct cli_samples *s = context;
    if (total && done >= total) /* results follow */
        cli_progress_clear(s->bar);
    else
        cli_progress_update(s->bar, done, total, "");
}

void cli_samples_bad(void *context, const char *source, const char *message)
{
    struct cli_samples *s = context;
    s->bad++;
    cli_progress_clear(s->bar);
    if (!s->quiet)
        cli_note(s->program, "skipped: %s", message);
    if (s->list)
        cli_list_bad(cnn_outfile_stream(s->list), source); /* committing checks */
}

void cli_samples_note(void *context, const char *text)
{
    struct cli_samples *s = context;
    cli_progress_clear(s->bar);
    if (!s->quiet)
        cli_note(s->program, "%s", text);
}

int cli_samples_ready(void *context)
{
    return cnn_outfile_finish(((struct cli_samples *)context)->list);
}

int cli_samples_close(struct cli_samples *s, int rc)
{
    cli_progress_free(s->bar);
    if (s->bad && !s->quiet)
        cli_note(s->program, "%zu bad sample%s skipped", s->bad, s->bad == 1 ? "" : "s");
    if (!s->list)
        return rc;
    if (rc && rc != CNN_ENEGATIVE && rc != CNN_EPIPE) {
        cnn_outfile_abort(s->list);
        return rc;
    }
    int lost = cnn_outfile_commit(s->list);
    return lost ? lost : rc;
}
