/* The list of forms, and what goes through it; see import.h. */
#include "model/import/import.h"

#include <stdlib.h>
#include <string.h>

#define CNN_IMPORT(name) &cnn_import_##name,
static const struct cnn_import *const imports[] = {
#include "model/import/imports.def"
};
#undef CNN_IMPORT

#define CNN_NET_FORM(name) &cnn_net_form_##name,
static const struct cnn_net_form *const forms[] = {
#include "model/import/net_forms.def"
};
#undef CNN_NET_FORM

enum { IMPORTS = sizeof imports / sizeof *imports, FORMS = sizeof forms / sizeof *forms };

const struct cnn_import *cnn_import_of(const unsigned char *bytes, size_t n)
{
    for (size_t i = 0; i < IMPORTS; i++)
        if (imports[i]->sniff(bytes, n))
            return imports[i];
    return NULL;
}

const struct cnn_net_form *cnn_net_form_of(const unsigned char *bytes, size_t n)
{
    for (size_t i = 0; i < FORMS; i++)
        if (forms[i]->sniff(bytes, n))
            return forms[i];
    return NULL;
}

/* Whether a name of n characters ends in one of the words. */
static int has_ending(const char *path, size_t n, const char *words)
{
    for (size_t k; *words; words += k + (words[k] == ' ')) {
        k = strcspn(words, " ");
        if (n >= k && !strncmp(path + n - k, words, k))
            return 1;
    }
    return 0;
}

const struct cnn_import *cnn_import_named(const char *path)
{
    for (size_t i = 0; i < IMPORTS; i++)
        if (has_ending(path, strlen(path), imports[i]->ending))
            return imports[i];
    return NULL;
}

size_t cnn_import_extent(const unsigned char *bytes, size_t n, size_t *known)
{
    const struct cnn_import *import = cnn_import_of(bytes, n);
    import = import ? import : imports[0];
    return import->extent ? import->extent(bytes, n, known) : SIZE_MAX;
}

int cnn_import_open(const char *path, struct cnn_bytes *bytes, struct cnn_imported *out)
{
    const struct cnn_import *import = cnn_import_of(bytes->data, bytes->size);
    *out = (struct cnn_imported){0};
    import = import ? import : cnn_import_named(path);
    if (!import && cnn_net_form_of(bytes->data, bytes->size)) {
        cnn_bytes_free(bytes);
        return cnn_fail(CNN_EDATA, "%s: a net without weights (NET:WEIGHTS names both)", path);
    }
    import = import ? import : imports[0];
    int rc = import->open(path, bytes, out);
    if (rc)
        cnn_imported_free(out);
    return rc;
}
