/* Tar streams through libarchive: in any dialect and compression, out as
 * pax/ustar with fixed owner and times so that equal content is equal bytes. */
#ifndef CNN_FILE_TAR_H
#define CNN_FILE_TAR_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct cnn_tar_reader;

struct cnn_tar_member {
    const char *name; /* borrowed until the next call */
    uint64_t size;
    int in_place;     /* the archive is a plain file, whose members can be read with pread */
    int64_t offset;   /* of the data in it; -1: not in place, or in pieces (sparse) */
    int regular;      /* 0: a folder, link ...; no data */
    const char *link; /* what a link leads to, a hard one to a member that came before, as tar
                         writes a file's second name; NULL: it is none. Borrowed as the name */
    int symbolic;     /* such a link */
};

/* Read from a path, or from a file descriptor (fd >= 0; `path` is then for messages; not closed).
 * `ahead` (copied; size 0: none) are bytes that were taken from the descriptor already, to find out
 * what it holds. Archives that follow one another (`cat a.tar b.tar`) are read as one. `stop` (may
 * be NULL) nonzero: what would wait for a pipe is CNN_EINTERRUPTED. */
CNN_CHECKED int cnn_tar_reader_open(const char *path, int fd, const void *ahead, size_t ahead_size,
                                    const volatile int *stop, struct cnn_tar_reader **out);
/* 1: a member; 0: the end of the archive; negative: malformed or cut ("PATH: ..."), CNN_EDATA. */
CNN_CHECKED int cnn_tar_reader_next(struct cnn_tar_reader *r, struct cnn_tar_member *m);
/* The current member's data: exactly m.size bytes into `out`. Members above the caller's own bound
 * must not be asked for. */
CNN_CHECKED int cnn_tar_reader_data(struct cnn_tar_reader *r, void *out, size_t size);
void cnn_tar_reader_close(struct cnn_tar_reader *r);

struct cnn_tar_writer;
struct cnn_outfile;

/* Write to a file descriptor (not closed; buffered in large blocks). `stop` as of the reader. */
CNN_CHECKED int cnn_tar_writer_open(int fd, const char *name_for_messages, const volatile int *stop,
                                    struct cnn_tar_writer **out);
CNN_CHECKED int cnn_tar_writer_add(struct cnn_tar_writer *w, const char *name, const void *data,
                                   size_t size);
/* Push what is buffered to the descriptor (so that a slow producer is seen). */
CNN_CHECKED int cnn_tar_writer_flush(struct cnn_tar_writer *w);
/* The end-of-archive blocks; CNN_EIO when anything could not be written, CNN_EPIPE when nobody
 * reads it ("... Broken pipe"). */
CNN_CHECKED int cnn_tar_writer_finish(struct cnn_tar_writer *w);
void cnn_tar_writer_free(struct cnn_tar_writer *w);

#endif
