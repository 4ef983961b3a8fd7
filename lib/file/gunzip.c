/* Gzip members one behind another, through zlib. See gunzip.h. */
#include "file/gunzip.h"

#include "base/memory.h"

enum { GZIP_WINDOW = 16 + MAX_WBITS };

int cnn_is_gzip(const unsigned char *data, size_t size)
{
    return size >= 2 && data[0] == 0x1f && data[1] == 0x8b;
}

/* What zlib takes at a time is an unsigned int. */
static uInt piece(size_t n)
{
    return n > (1u << 30) ? 1u << 30 : (uInt)n;
}

/* zlib's interface predates const. */
static Bytef *input_of(const unsigned char *data)
{
    union {
        const unsigned char *in;
        Bytef *out;
    } u = {.in = data};
    return u.out;
}

int cnn_gunzip_start(struct cnn_gunzip *g, const char *path)
{
    *g = (struct cnn_gunzip){.path = path};
    return inflateInit2(&g->z, GZIP_WINDOW) == Z_OK
               ? 0
               : cnn_fail(CNN_ESYSTEM, "%s: cannot start zlib", path);
}

/* Behind a member: nothing, zeros to the end, or another member at once. */
static int step_behind(struct cnn_gunzip *g, const unsigned char **in, size_t *size)
{
    for (; *size && !**in; ++*in, --*size)
        g->padded = 1;
    if (!*size)
        return 0;
    if (g->padded || **in != 0x1f)
        return cnn_fail(CNN_EDATA, "%s: garbage behind the gzip data", g->path);
    g->between = 0;
    return 0;
}

static int fail_inflate(const struct cnn_gunzip *g, int rc)
{
    if (rc == Z_MEM_ERROR)
        return cnn_fail_memory(0);
    return cnn_fail(CNN_EDATA, "%s: corrupt gzip file (%s)", g->path,
                    g->z.msg ? g->z.msg : "bad stream");
}

int cnn_gunzip_some(struct cnn_gunzip *g, const unsigned char **in, size_t *size,
                    unsigned char *out, size_t room, size_t *got)
{
    *got = 0;
    for (;;) {
        int rc = g->between ? step_behind(g, in, size) : 0;
        if (rc || g->between)
            return rc;
        uInt give = piece(*size), take = piece(room - *got);
        g->z.next_in = input_of(*in);
        g->z.avail_in = give;
        g->z.next_out = out + *got;
        g->z.avail_out = take;
        rc = inflate(&g->z, Z_NO_FLUSH);
        uInt used = give - g->z.avail_in;
        if (used) /* of nothing there may be no bytes */
            *in += used;
        *size -= used;
        *got += take - g->z.avail_out;
        g->between = rc == Z_STREAM_END;
        if (g->between)
            rc = inflateReset(&g->z);
        if (rc != Z_OK && rc != Z_BUF_ERROR) /* the latter: neither moved */
            return fail_inflate(g, rc);
        if (!*size || *got == room)
            return 0;
    }
}

int cnn_gunzip_check_end(const struct cnn_gunzip *g)
{
    return g->between ? 0 : cnn_fail(CNN_EDATA, "%s: truncated gzip file", g->path);
}

void cnn_gunzip_end(struct cnn_gunzip *g)
{
    if (g)
        inflateEnd(&g->z);
}
