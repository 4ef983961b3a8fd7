/* What is in a file of weights; see import.h. */
#include <stdlib.h>

#include "model/import/import.h"

void cnn_imported_free(struct cnn_imported *m)
{
    cnn_tensors_close(m->tensors);
    cnn_strings_free(&m->classes);
    free(m->net_text);
    free(m->why);
    *m = (struct cnn_imported){0};
}
