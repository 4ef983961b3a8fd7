/* The table of what options are called elsewhere, for tests/cli/option_names.sh: there, programs,
 * here, words, with tabs. */
#include <stdio.h>

#include "cli_internal.h"

int main(void)
{
    const struct cli_synonym *s;
    for (size_t i = 0; (s = cli_synonym_at(i)); i++)
        printf("%s\t%s\t%s\t%s\n", s->there, *s->programs ? s->programs : "-",
               s->here ? s->here : "-", s->words ? s->words : "-");
    return 0;
}
