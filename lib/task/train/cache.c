/* The file of --cache; see cache.h. It begins with HEAD bytes of text, which say what is in it: the layers by a hash of what
 * they are and of their parameters, how they were computed, and the samples by a hash of keys and contents. Behind it are the
 * values of training, then of validation, a hash for each sample, and whether it has outputs. It appears whole or not at all. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/random.h"
#include "file/contents.h"
#include "kern/isa/isa.h"
#include "task/train/trainer.h"

enum { HEAD = 4096 };

static const char MAGIC[] = "cnn-train --cache 1\n";

int cnn_train_caches(const struct cnn_train_options *o)
{
    return strcmp(o->cache, "memory") && strcmp(o->cache, "none");
}

/* The layers */

static uint64_t hash_params(struct cnn_net *net, const struct cnn_layer *l, uint64_t h)
{
    size_t count, n = strlen(l->name);
    const struct cnn_net_param *param = cnn_net_params(net, &count);
    for (size_t i = 0; l->params && i < count; i++) {
        size_t values = cnn_shape_count(&param[i].shape);
        if (strncmp(param[i].name, l->name, n) || (param[i].name[n] && param[i].name[n] != '.'))
            continue;
        float *x = cnn_calloc(values, sizeof *x);
        if (!x)
            return 0;
        cnn_net_param_get(net, &param[i], x);
        h = cnn_hash_much(x, values * sizeof *x, cnn_hash_string(param[i].name, h));
        free(x);
    }
    return h;
}

/* Of all that the node is computed from: lines, what they read, and parameters. 0: no memory. */
static uint64_t hash_trunk(const struct train_engine *e, int cut)
{
    const struct cnn_graph *g = e->graph;
    unsigned char *use = cnn_calloc((size_t)g->nodes, 1);
    struct cnn_buf line = {0};
    uint64_t h = 1;
    if (!use)
        return 0;
    cnn_buf_add(&line, g->print, strcspn(g->print, "\n"));
    use[cut] = 1;
    for (int i = cut; i >= g->inputs; i--)
        for (int k = 0; use[i] && k < g->node[i].layer.inputs; k++)
            use[g->node[i].in[k]] = 1;
    for (int i = g->inputs; h && i <= cut; i++) {
        if (!use[i])
            continue;
        cnn_buf_printf(&line, "\n%d %s: ", i, g->node[i].layer.name);
        cnn_node_print(&g->node[i], &line);
        for (int k = 0; k < g->node[i].layer.inputs; k++)
            cnn_buf_printf(&line, " %d", g->node[i].in[k]);
        h = hash_params(e->net, &g->node[g->node[i].share ? g->node[i].share : i].layer, h);
    }
    h = line.failed || !h ? 0 : cnn_hash_string(line.text, h);
    cnn_buf_free(&line);
    free(use);
    return h;
}

/* The samples */

/* A file's bytes, or what a sample that has none of its own comes to; {0}: it is a bad one. */
static struct cnn_contents contents_of(const struct cnn_dataset *ds, size_t i,
                                       struct cnn_sample *sample)
{
    const struct cnn_record *r = cnn_dataset_record(ds, i);
    struct cnn_contents c = {{0, 0}};
    int own = r->path && !strcmp(r->path, r->source);
    int fd = own ? open(r->path, O_RDONLY | O_CLOEXEC) : -1, rc = CNN_ENOINPUT;
    if (own && fd >= 0)
        rc = cnn_contents_read(r->path, fd, &c);
    else if (!own && !(rc = cnn_dataset_load(ds, i, sample)))
        for (int k = 0; k < 2; k++)
            c.half[k] = cnn_hash_much(sample->image.px,
                                      (size_t)sample->image.c * sample->image.h * sample->image.w *
                                          sizeof *sample->image.px,
                                      (uint64_t)k + 1);
    if (fd >= 0)
        close(fd);
    if (rc)
        cnn_error_clear();
    return rc ? (struct cnn_contents){{0, 0}} : c;
}

static struct cnn_contents hash_samples(const struct cnn_dataset *ds)
{
    struct cnn_contents all = {{1, 2}};
    struct cnn_sample sample = {0};
    for (size_t i = 0; ds && i < cnn_dataset_count(ds); i++) {
        const struct cnn_record *r = cnn_dataset_record(ds, i);
        struct cnn_contents c = contents_of(ds, i, &sample);
        for (int k = 0; k < 2; k++) {
            all.half[k] = cnn_hash_string(r->key, all.half[k]);
            all.half[k] = cnn_hash(&r->weight, sizeof r->weight, all.half[k]);
            all.half[k] = cnn_hash_u64((uint64_t)r->label, all.half[k]);
            all.half[k] = cnn_hash_u64(c.half[k], all.half[k]);
        }
    }
    cnn_sample_free(&sample);
    return all;
}

/* The file */

/* All that decides what the outputs are, in HEAD bytes. */
static int describe(const struct cnn_train_options *o, const struct train_data *d,
                    const struct train_engine *e, int cut, char head[HEAD])
{
    const struct cnn_layer *l = &e->graph->node[cut].layer;
    const struct cnn_dataset *of[2] = {d->train, d->val};
    uint64_t trunk = hash_trunk(e, cut);
    char shape[72], hash[CNN_CONTENTS_TEXT];
    struct cnn_buf b = {0};
    cnn_chw_format(l->out, shape);
    cnn_buf_printf(&b, "%slayer %s %s of %016" PRIx64 "\n", MAGIC, l->name, shape, trunk);
    cnn_buf_printf(&b, "by %s %s, batch %lld, precision %d%s%s%s\n", e->backend->name,
                   cnn_isa()->name, o->batch, (int)o->compute.precision,
                   o->compute.exact_conv ? ", exact" : "", o->compute.tune ? ", tuned" : "",
                   o->strict ? ", strict" : "");
    for (int k = 0; k < 2; k++) {
        struct cnn_contents samples = hash_samples(of[k]);
        cnn_contents_print(&samples, hash);
        cnn_buf_printf(&b, "samples %zu %s\n", of[k] ? cnn_dataset_count(of[k]) : 0, hash);
    }
    int rc = b.failed || !trunk ? cnn_fail_memory(0) : 0;
    memset(head, ' ', HEAD);
    head[HEAD - 1] = '\n';
    if (!rc)
        memcpy(head, b.text, b.size < HEAD ? b.size : HEAD - 1);
    cnn_buf_free(&b);
    return rc;
}

/* Where all is in the file; c->map may be NULL, for its size. */
static int lay_out(struct train_cache *c, const struct train_data *d, struct cnn_chw shape)
{
    const size_t n[2] = {cnn_dataset_count(d->train), d->val ? cnn_dataset_count(d->val) : 0};
    size_t each = cnn_chw_count(shape) * sizeof(float), values, all;
    if (cnn_mul_overflows(each, n[0] + n[1], &values) || values > SIZE_MAX / 2)
        return cnn_fail_memory(SIZE_MAX);
    size_t hashes = HEAD + (values + 7) / 8 * 8, puts = hashes + (n[0] + n[1]) * sizeof(uint64_t);
    all = puts + n[0] + n[1];
    for (size_t k = 0, before = 0; c->map && k < 2; before += n[k++])
        c->place[k] = (struct cnn_kept_place){
            .values = (float *)(void *)(c->map + HEAD + before * each),
            .hash = (uint64_t *)(void *)(c->map + hashes + before * sizeof(uint64_t)),
            .put = (char *)c->map + puts + before};
    c->bytes = all;
    return 0;
}

static int map(struct train_cache *c, int fd, int write)
{
    void *at = mmap(NULL, c->bytes, write ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED, fd, 0);
    if (at == MAP_FAILED)
        return cnn_fail_errno(CNN_ESYSTEM, "%s", c->path);
    c->map = at;
    return 0;
}

/* 1: what is wanted is there; 0: it is not. */
static int find(struct train_cache *c, const char head[HEAD])
{
    char there[HEAD];
    struct stat st;
    int fd = open(c->path, O_RDONLY | O_CLOEXEC), rc = 0;
    if (fd < 0)
        return errno == ENOENT ? 0 : cnn_fail_errno(CNN_EIO, "%s", c->path);
    ssize_t n = fstat(fd, &st) ? -1 : pread(fd, there, HEAD, 0);
    if (n < 0)
        rc = cnn_fail_errno(CNN_EIO, "%s", c->path);
    else if (n > 0 && (n < HEAD || memcmp(there, MAGIC, strlen(MAGIC)) != 0))
        rc = cnn_fail(CNN_EDATA, "%s: there already, and no outputs of frozen layers", c->path);
    else if (n && !memcmp(there, head, HEAD) && (size_t)st.st_size != c->bytes)
        rc = cnn_fail(CNN_EDATA, "%s: truncated (%lld bytes, %zu expected)", c->path,
                      (long long)st.st_size, c->bytes);
    else if (n && !memcmp(there, head, HEAD))
        rc = map(c, fd, 0);
    c->found = c->map != NULL;
    close(fd);
    return rc ? rc : c->found;
}

/* Room on the disk: what is mapped must not lack it later. */
static int create(struct train_cache *c, const char head[HEAD])
{
    struct cnn_buf name = {0};
    cnn_buf_printf(&name, "%s.tmp-%ld", c->path, (long)getpid());
    c->temporary = cnn_buf_take(&name);
    if (!c->temporary)
        return CNN_ESYSTEM;
    c->fd = open(c->temporary, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (c->fd < 0) {
        free(c->temporary);
        c->temporary = NULL;
        return cnn_fail_errno(CNN_ECREATE, "%s", c->path);
    }
    int failed = posix_fallocate(c->fd, 0, (off_t)c->bytes);
    errno = failed;
    int rc = failed ? cnn_fail_errno(CNN_EIO, "%s", c->path) : map(c, c->fd, 1);
    if (!rc)
        memcpy(c->map, head, HEAD);
    return rc;
}

int cnn_train_cache_open(struct train_cache *c, const struct cnn_train_options *o,
                         const struct train_data *d, const struct train_engine *e, int cut)
{
    char head[HEAD];
    struct cnn_chw shape = e->graph->node[cut].layer.out;
    c->path = cnn_strdup(o->cache);
    int rc = c->path ? lay_out(c, d, shape) : CNN_ESYSTEM;
    if (!rc)
        rc = describe(o, d, e, cut, head);
    if (!rc)
        rc = find(c, head);
    if (!rc)
        rc = create(c, head);
    return rc < 0 ? rc : lay_out(c, d, shape);
}

int cnn_train_cache_commit(struct train_cache *c)
{
    int failed = msync(c->map, c->bytes, MS_SYNC) || fsync(c->fd);
    int rc = failed ? cnn_fail_errno(CNN_EIO, "%s", c->path) : 0;
    if (!rc && rename(c->temporary, c->path))
        rc = cnn_fail_errno(CNN_ECREATE, "%s", c->path);
    if (!rc) {
        close(c->fd);
        free(c->temporary);
        c->temporary = NULL;
    }
    return rc;
}

void cnn_train_cache_close(struct train_cache *c)
{
    if (c->map)
        munmap(c->map, c->bytes);
    if (c->temporary) {
        close(c->fd);
        unlink(c->temporary);
    }
    free(c->temporary);
    free(c->path);
    *c = (struct train_cache){0};
}
