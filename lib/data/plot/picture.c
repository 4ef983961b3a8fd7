/* Which form a picture has, and its file; see draw.h. */
#include <string.h>
#include <sys/stat.h>

#include "data/plot/draw.h"
#include "file/outfile.h"

int cnn_picture_format(const char *path, enum cnn_picture *out)
{
    static const char *const ending[] = {".png", ".svg", ".pdf"};
    size_t n = strlen(path);
    struct stat st;
    for (int i = 0; i < 3; i++)
        if (n >= 4 && !strcmp(path + n - 4, ending[i])) {
            *out = (enum cnn_picture)i;
            return 0;
        }
    *out = CNN_PICTURE_PNG;
    if (!stat(path, &st) && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
        return 0;
    return cnn_fail(CNN_EUSAGE, "%s: a picture's name ends in .png, .svg or .pdf", path);
}

int cnn_picture_write(const char *path, const struct cnn_buf *bytes)
{
    struct cnn_outfile *f;
    int rc = cnn_outfile_open(path, &f);
    if (rc)
        return rc;
    fwrite(bytes->text, 1, bytes->size, cnn_outfile_stream(f)); /* committing checks */
    return cnn_outfile_commit(f);
}
