/* What the programs share: options, help, messages, progress, signals. */
#ifndef CNN_BIN_CLI_H
#define CNN_BIN_CLI_H

#include <stdint.h>
#include <stdio.h>

#include "base/option.h"

struct cnn_augmenter;

struct cli_program {
    const char *name;     /* "cnn-train" */
    const char *synopsis; /* "[OPTION]... DATASET -o MODEL"; several forms separated by '\n' */
    const char *summary;  /* one line */
    const struct cnn_option *options;
    int augmentations; /* also take the options of lib/data/augment/augment.h, into *augmenter of
                        * cli_parse
                        */
    int mixing;        /* those that mix samples, too */
    /* Checked when all options are there; NULL: nothing is. */
    const struct cnn_need *needs;
    /* Where the fields have a struct cnn_strings for the names of the options that were given,
     * which the caller frees; 0: nowhere. */
    size_t given;
};

/* Options that several programs have, for their tables: CLI_SEED(struct args, seed), ... */
#define CLI_SEED(owner, member)                                                                    \
    CNN_OPTION_INT("seed", owner, member, "0", .max = 9.3e18, .metavar = "N",                      \
                   .help = "seed of everything random")
#define CLI_THREADS(owner, member)                                                                 \
    CNN_OPTION_INT("threads", owner, member, "0", .max = 1024, .letter = 't', .metavar = "N",      \
                   .help = "threads to use (0: one for each core); results do not depend on it")
#define CLI_QUIET(owner, member)                                                                   \
    CNN_OPTION_FLAG("quiet", owner, member, "0", .letter = 'q',                                    \
                    .help = "no progress and no notes, errors only")
#define CLI_ON_BAD(owner, member)                                                                  \
    CNN_OPTION_TEXT(                                                                               \
        "on-bad", owner, member, "fail", .metavar = "WHAT",                                        \
        .help = "bad samples: fail, skip, or list=FILE (skip, and write their names to FILE)")
#define CLI_STRICT(owner, member)                                                                  \
    CNN_OPTION_FLAG(                                                                               \
        "strict", owner, member, "0",                                                              \
        .help = "a JPEG file of which libjpeg warns is bad, though its pixels are all there")
#define CLI_SIZE(owner, member)                                                                    \
    CNN_OPTION_PAIR("size", owner, member, "auto", .min = 1, .max = 1 << 15,                       \
                    .choices = "auto|model|native", .metavar = "N|HxW|model|native",               \
                    .help = "bring images to this size, for nets that take any, not the model's; " \
                            "native: leave each as large as it is")
#define CLI_DENSE(owner, member)                                                                   \
    CNN_OPTION_FLAG("dense", owner, member, "0",                                                   \
                    .help = "slide the net over images larger than the model's: its dense layers " \
                            "become convolutions")
#define CLI_OUTPUT(owner, member, text)                                                            \
    CNN_OPTION_TEXT("output", owner, member, "", .letter = 'o', .metavar = "FILE", .help = text)

/* Parse options (--name value, --name=value, -n value, -nvalue, flags without value; anywhere among
 * the operands; "--" ends them; "-" is an operand) into the table's fields, defaults first.
 * `fields` must be zeroed; TEXTS are the caller's to free. argv is put in order, options first:
 * argv[*first...argc-1] are then the operands, and the whole still means the same.
 * --help, --version and --options (the table, for completions) are answered here.
 * Returns -1 to go on, else the exit status to end with (0, 64, 71, 74). */
int cli_parse(const struct cli_program *program, int argc, char **argv, void *fields,
              struct cnn_augmenter *augmenter, int *first);

/* A note on stderr: "cnn-train: ...". Not for errors of the library. */
void cli_note(const struct cli_program *program, const char *format, ...) CNN_PRINTF(2, 3);
/* "cnn-train: what is wrong" and "try --help"; returns 64. */
int cli_usage(const struct cli_program *program, const char *format, ...) CNN_PRINTF(2, 3);

/* The end of main: prints the library's message for a negative code, closes stdout and reports its
 * errors, returns the exit status. When its reader has gone away, nothing is said and the program
 * ends by SIGPIPE, as cat does (status 141 where that is ignored). */
int cli_end(const struct cli_program *program, int code);

/* SIGINT, SIGTERM, SIGHUP and SIGXCPU set *cli_stop() to the signal's number, and soon end every
 * system call that waits, with EINTR; a SIGINT or SIGTERM that comes a tenth of a second later, or
 * after that, kills. SIGPIPE and SIGXFSZ are ignored, so that writes fail with EPIPE and EFBIG. */
void cli_catch_signals(void);
const volatile int *cli_stop(void);
/* End by SIGPIPE; returns where that was ignored when the program began. */
void cli_end_by_pipe(void);

/* A progress line: redrawn in place on a terminal, nothing elsewhere. total 0: unknown.
 * `text` stands behind the bar ("loss 0.123"). */
struct cli_progress;
struct cli_progress *cli_progress_new(const char *label, int quiet);
void cli_progress_update(struct cli_progress *p, uint64_t done, uint64_t total, const char *text);
/* How many seconds the whole run will still take, instead of what the counts of the next updates
 * say; negative: not known. */
void cli_progress_left(struct cli_progress *p, double seconds);
void cli_progress_clear(struct cli_progress *p); /* before other output to stderr */
void cli_progress_free(struct cli_progress *p);

/* A line of a list of bad samples; in a name with newlines these and backslashes are escaped as in
 * TSV. Committing or closing the stream shows errors. */
void cli_list_bad(FILE *list, const char *source);

/* The path in on-bad's list=FILE; NULL: it is none. */
const char *cli_bad_list(const char *value);
/* on-bad's value into skip (0: fail) and the list's path (NULL: none). CNN_EUSAGE. */
int cli_on_bad(const char *value, int *skip, const char **list);

#endif
