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

/* What an option is called elsewhere; see base/synonyms.def. */
struct cli_synonym {
    const char *there, *programs, *here, *words;
};
const struct cli_synonym *cli_synonym_at(size_t i); /* NULL past the end */

/* What there is to say of a name, without dashes, that is none of the program's options: ": it is
 * --rate here", " (did you mean --epochs?)", or nothing. */
void cli_explain_name(const struct cli_program *program, const char *name, struct cnn_buf *out);

#endif
