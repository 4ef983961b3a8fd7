/* What a file's contents are told from others by; see update.h. */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "task/features/update.h"

static struct update_stat stat_of(const struct stat *st)
{
    return (struct update_stat){(long long)st->st_size,
                                (long long)st->st_mtim.tv_sec * 1000000000 + st->st_mtim.tv_nsec};
}

/* What changed within the last two seconds may change again at the same time of its clock. */
static long long sure_time(long long changed)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return changed < ((long long)now.tv_sec - 2) * 1000000000 ? changed : 0;
}

int cnn_update_look(struct update_file *f, const struct update_row *old)
{
    int fd = open(f->path, O_RDONLY | O_CLOEXEC), rc = 0;
    struct stat st;
    f->is_there = fd >= 0 && !fstat(fd, &st);
    if (f->is_there) {
        f->seen = f->row.stat = stat_of(&st);
        int same = old && old->stat.size == f->seen.size && old->stat.time == f->seen.time;
        if (same)
            f->row.hash = old->hash;
        else
            rc = cnn_contents_read(f->path, fd, &f->row.hash);
        if (!same)
            f->row.stat.time = sure_time(f->seen.time);
    }
    if (fd >= 0)
        close(fd);
    return rc;
}

int cnn_update_is_as_seen(const struct update_file *f)
{
    struct stat st;
    if (stat(f->path, &st))
        return 0;
    struct update_stat now = stat_of(&st);
    return now.size == f->seen.size && now.time == f->seen.time;
}

int cnn_update_check_files(const struct features *f)
{
    if (f->runner.graph->inputs > 1)
        return cnn_fail(CNN_EDATA, "%s: --incremental: the net has several inputs", f->o->model);
    for (size_t k = 0; k < f->inputs.count; k++) {
        const struct cnn_dataset *ds = f->inputs.ds[k];
        size_t n = cnn_dataset_count(ds), i = 0;
        while (n != SIZE_MAX && i < n && cnn_dataset_record(ds, i)->path &&
               !strcmp(cnn_dataset_record(ds, i)->path, cnn_dataset_record(ds, i)->source))
            i++;
        if (n == SIZE_MAX || i < n)
            return cnn_fail(CNN_EUSAGE, "%s: --incremental is for files of images (%s)",
                            cnn_dataset_path(ds), cnn_dataset_form(ds));
    }
    return 0;
}
