/* What the files of cli share among themselves. */
#ifndef CNN_BIN_CLI_INTERNAL_H
#define CNN_BIN_CLI_INTERNAL_H

#include "cli.h"

/* Option i of the program: its own table (headings included), then the augmentations behind a
 * heading of their own where it takes them. NULL past the end. */
const struct cnn_option *cli_option_at(const struct cli_program *program, size_t i);

static inline int cli_is_heading(const struct cnn_option *o)
{
    return !o->name[0];
}

/* --help and --options, on stdout. */
void cli_print_help(const struct cli_program *program);
void cli_print_options(const struct cli_program *program);

/* The option whose name looks most like `name`, or NULL when none is near. */
const struct cnn_option *cli_nearest(const struct cli_program *program, const char *name);

#endif
