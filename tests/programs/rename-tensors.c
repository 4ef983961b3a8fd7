/* rename-tensors IN OUT FROM TO: a safetensors file without metadata, as other programs
 * write them, in which names that begin with FROM begin with TO. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "cli.h"
#include "file/outfile.h"
#include "file/safetensors.h"
#include "model/model.h"

static const struct cli_program program = {
    .name = "rename-tensors", .synopsis = "IN OUT FROM TO", .summary = "Rename tensors."};

static int declare(const struct cnn_tensor_source *in, struct cnn_safetensors_writer *w,
                   const char *from, const char *to)
{
    int rc = 0;
    for (size_t i = 0; !rc && i < cnn_tensors_count(in); i++) {
        const struct cnn_stored_tensor *t = cnn_tensors_at(in, i);
        struct cnn_buf name = {0};
        int begins = !strncmp(t->name, from, strlen(from));
        cnn_buf_printf(&name, "%s%s", begins ? to : "", t->name + (begins ? strlen(from) : 0));
        rc = cnn_safetensors_put(w, name.text, t->dtype, &t->shape);
        cnn_buf_free(&name);
    }
    return rc;
}

int main(int argc, char **argv)
{
    struct cnn_model *m = NULL;
    struct cnn_safetensors_writer *w = NULL;
    struct cnn_outfile *f = NULL;
    if (argc != 5)
        return cli_usage(&program, "four operands");
    int rc = cnn_model_open(argv[1], &m);
    if (!rc)
        rc = cnn_safetensors_writer_new(&w);
    if (!rc)
        rc = declare(m->tensors, w, argv[3], argv[4]);
    if (!rc)
        rc = cnn_outfile_open(argv[2], &f);
    if (!rc)
        rc = cnn_safetensors_begin(w, f);
    for (size_t i = 0; !rc && i < cnn_tensors_count(m->tensors); i++) {
        const struct cnn_stored_tensor *t = cnn_tensors_at(m->tensors, i);
        rc = cnn_safetensors_data(w, t->data, t->bytes);
    }
    if (!rc)
        rc = cnn_outfile_commit(f);
    cnn_safetensors_writer_free(w);
    cnn_model_free(m);
    return cli_end(&program, rc);
}
