/* What is in a file of weights; see import.h. */
#include <jansson.h>
#include <stdlib.h>

#include "base/json_memory.h"
#include "model/import/import.h"

void cnn_imported_free(struct cnn_imported *m)
{
    cnn_tensors_close(m->tensors);
    cnn_strings_free(&m->classes);
    free(m->net_text);
    free(m->why);
    *m = (struct cnn_imported){0};
}

int cnn_imported_classes(struct cnn_imported *m, const char *path, const char *text)
{
    cnn_json_watch();
    json_t *list = cnn_json_text(text, 0);
    int rc = json_is_array(list) ? 0 : CNN_EDATA;
    if (cnn_json_lacked())
        rc = CNN_ESYSTEM;
    for (size_t i = 0; !rc && i < json_array_size(list); i++) {
        const char *name = json_string_value(json_array_get(list, i));
        rc = name ? cnn_strings_add(&m->classes, name) : CNN_EDATA;
    }
    json_decref(list);
    return rc == CNN_EDATA ? cnn_fail(rc, "%s: the class list is malformed", path) : rc;
}
