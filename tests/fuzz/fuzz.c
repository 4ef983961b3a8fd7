/* Files for the targets; see fuzz.h. */
#include "fuzz.h"

#include <string.h>

#include "file/infile.h"

void fuzz_files_of(struct fuzz_files *out)
{
    *out = (struct fuzz_files){.as = getenv("FUZZ_AS")};
    check(out->as != NULL);
    size_t n = strcspn(out->as, ":+");
    snprintf(out->first, sizeof out->first, "%.*s", (int)n, out->as);
    snprintf(out->second, sizeof out->second, "%s", out->as[n] ? out->as + n + 1 : "");
}

void fuzz_write(const char *name, const uint8_t *data, size_t size)
{
    FILE *f = fopen(name, "wb");
    check(f && fwrite(data, 1, size, f) == size);
    check(!fclose(f));
}

/* Files are copied out of their maps (the linker's --wrap): whoever reads behind the end of what was
 * allocated is seen, while a map is whole pages. */

int __real_cnn_bytes_map(const char *path, size_t limit, struct cnn_bytes *out);
int __wrap_cnn_bytes_map(const char *path, size_t limit, struct cnn_bytes *out);
int __real_cnn_bytes_map_form(const char *path, cnn_extent *extent, struct cnn_bytes *out);
int __wrap_cnn_bytes_map_form(const char *path, cnn_extent *extent, struct cnn_bytes *out);

static int copied(int rc, struct cnn_bytes *b)
{
    if (rc)
        return rc;
    unsigned char *copy = malloc(b->size ? b->size : 1);
    check(copy != NULL);
    if (b->size)
        memcpy(copy, b->data, b->size);
    size_t size = b->size;
    cnn_bytes_free(b);
    *b = (struct cnn_bytes){.data = copy, .size = size};
    return 0;
}

int __wrap_cnn_bytes_map(const char *path, size_t limit, struct cnn_bytes *out)
{
    return copied(__real_cnn_bytes_map(path, limit, out), out);
}

int __wrap_cnn_bytes_map_form(const char *path, cnn_extent *extent, struct cnn_bytes *out)
{
    return copied(__real_cnn_bytes_map_form(path, extent, out), out);
}
