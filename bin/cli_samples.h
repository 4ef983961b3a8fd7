/* What programs that go through samples once have in common: a progress line, and bad samples that
 * are noted, counted and listed. */
#ifndef CNN_BIN_CLI_SAMPLES_H
#define CNN_BIN_CLI_SAMPLES_H

#include <stdio.h>

#include "cli.h"

struct cnn_outfile;

/* Start from {0}. */
struct cli_samples {
    const struct cli_program *program;
    int quiet;
    struct cli_progress *bar; /* NULL: none is shown */
    struct cnn_outfile *list; /* of bad samples; NULL: not wanted */
    size_t bad;
};

/* on_bad: the option's value; *skip: whether bad samples are to be skipped. label NULL: no
 * progress. CNN_EUSAGE, CNN_ECREATE. */
int cli_samples_open(struct cli_samples *s, const struct cli_program *program, int quiet,
                     const char *on_bad, int *skip, const char *label);
/* Callbacks for the library; `context` is the struct. */
void cli_samples_progress(void *context, size_t done, size_t total);
void cli_samples_bad(void *context, const char *source, const char *message);
void cli_samples_note(void *context, const char *text);
int cli_samples_ready(void *context);
#define CLI_SAMPLES_CALLBACKS(samples)                                                             \
    {                                                                                              \
        (samples), cli_stop(), cli_samples_progress, cli_samples_bad, cli_samples_note,            \
            cli_samples_ready                                                                      \
    }
/* rc: how the run ended. The list is put in place unless it failed (a negative answer is no
 * failure). Returns rc, or an error of the list's. */
int cli_samples_close(struct cli_samples *s, int rc);

#endif
