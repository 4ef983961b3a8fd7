/* Where pictures go: one file, or a folder with one for each image; see private.h. */
#include <stdlib.h>
#include <string.h>

#include "data/source/dataset_open.h"
#include "file/npy.h"
#include "task/see/private.h"

static int ends_in_npy(const char *path)
{
    size_t n = strlen(path);
    return n >= 4 && !strcmp(path + n - 4, ".npy");
}

static int is_single(const struct see *s)
{
    return s->method->needs & SEE_SEEDS || s->noises == 1 ||
           (!s->noises && s->o->inputs == 1 && cnn_dataset_is_image(s->o->input[0]));
}

/* A name without such an ending is a folder's, but where the input is an image. */
int cnn_see_output_open(struct see *s)
{
    struct see_output *out = &s->output;
    const char *path = s->o->output;
    out->numbers = ends_in_npy(path);
    int rc = out->numbers ? 0 : cnn_picture_format(path, &out->picture);
    if (!rc && s->o->format != CNN_SEE_PNG)
        return cnn_fail(CNN_EUSAGE, "--format has no effect: it needs a folder, and %s is none",
                        path);
    if (rc == CNN_EUSAGE && is_single(s))
        return cnn_fail(CNN_EUSAGE,
                        "%s: a picture's name ends in .png, .svg or .pdf, that of numbers in .npy",
                        path);
    if (!rc)
        return cnn_outfile_open(path, &out->file);
    cnn_error_clear();
    out->numbers = s->o->format == CNN_SEE_NPY;
    out->picture = CNN_PICTURE_PNG;
    return cnn_outfolder_open(path, &out->folder);
}

/* (h, w) of a map that is one plane, else (c, h, w); of images (n, c, h, w). */
static int write_numbers(const struct see *s, struct cnn_buf *out)
{
    size_t n = s->method->needs & SEE_SEEDS ? s->batch : 1;
    const size_t dim[] = {n, s->in.c, s->in.h, s->in.w};
    int first = s->method->images ? 0 : s->method->plane ? 2 : 1;
    size_t count = s->method->plane ? s->in.h * s->in.w : n * s->pixels;
    unsigned char *head;
    size_t size;
    int rc = cnn_npy_header(CNN_F32, 4 - first, dim + first, &head, &size);
    if (rc)
        return rc;
    cnn_buf_add(out, head, size);
    cnn_buf_add(out, s->map, count * sizeof *s->map);
    free(head);
    return 0;
}

int cnn_see_output_put(struct see *s, const float *x, const char *key)
{
    struct see_output *out = &s->output;
    if (out->file && out->written)
        return cnn_fail(CNN_EUSAGE, "%s: there are several images, for which it must be a folder",
                        s->o->output);
    out->bytes.size = out->name.size = 0;
    int rc = out->numbers
                 ? write_numbers(s, &out->bytes)
                 : (s->method->page ? s->method->page : cnn_see_page)(s, x, key, &out->bytes);
    if (!rc && out->bytes.failed)
        rc = CNN_ESYSTEM;
    if (rc)
        return rc;
    out->written++;
    if (out->file) {
        /* committing checks */
        fwrite(out->bytes.text, 1, out->bytes.size, cnn_outfile_stream(out->file));
        return 0;
    }
    cnn_outfolder_name(key, '/', &out->name);
    cnn_buf_puts(&out->name, out->numbers ? ".npy" : ".png");
    return out->name.failed
               ? CNN_ESYSTEM
               : cnn_outfolder_put(out->folder, out->name.text, out->bytes.text, out->bytes.size);
}

int cnn_see_output_close(struct see *s)
{
    struct cnn_outfile *f = s->output.file;
    s->output.file = NULL;
    if (f)
        return cnn_outfile_commit(f);
    int rc = cnn_outfolder_finish(s->output.folder, NULL);
    return rc ? rc : cnn_outfolder_commit(s->output.folder);
}

void cnn_see_output_free(struct see *s)
{
    cnn_outfile_abort(s->output.file);
    cnn_outfolder_free(s->output.folder);
    cnn_buf_free(&s->output.name);
    cnn_buf_free(&s->output.bytes);
}
