/* Keys of samples, and the paths they come from; the rules stand in dataset.h. */
#define _XOPEN_SOURCE 700 /* realpath */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/memory.h"
#include "base/random.h"
#include "data/source/source.h"

struct cnn_key_slot {
    uint64_t hash; /* 0: free */
    uint32_t last; /* the number that the last of these keys got */
};

char *cnn_path_folder(const char *path)
{
    const char *slash = strrchr(path, '/');
    if (!slash)
        return cnn_strdup(".");
    while (slash > path && slash[-1] == '/')
        slash--;
    return cnn_strndup(path, slash == path ? 1 : (size_t)(slash - path));
}

char *cnn_path_join(const char *folder, const char *path)
{
    struct cnn_buf b = {0};
    if (path[0] != '/' && strcmp(folder, ".")) {
        cnn_buf_puts(&b, folder);
        if (!b.failed && b.size && b.text[b.size - 1] != '/')
            cnn_buf_puts(&b, "/");
    }
    cnn_buf_puts(&b, path);
    return cnn_buf_take(&b);
}

int cnn_path_ends(const char *path, const char *suffix)
{
    size_t n = strlen(path), k = strlen(suffix);
    return n >= k && !strcasecmp(path + n - k, suffix);
}

int cnn_path_is_litter(const char *name)
{
    static const char *const litter[] = {"__MACOSX",    "Thumbs.db",    "ehthumbs.db",
                                         "desktop.ini", "Icon\r",       "@eaDir",
                                         "lost+found",  "$RECYCLE.BIN", "System Volume Information",
                                         NULL};
    const char *slash = strrchr(name, '/'), *base = slash ? slash + 1 : name;
    for (size_t i = 0; litter[i]; i++)
        if (!strcasecmp(base, litter[i]))
            return 1;
    return base[0] == '.';
}

int cnn_path_is_container(const char *name)
{
    static const char *const ending[] = {".tar", ".tgz", ".gz",    ".tar.xz", ".tar.zst",
                                         ".bin", ".npy", "-ubyte", ".tar.bz2"};
    const char *slash = strrchr(name, '/'), *base = slash ? slash + 1 : name;
    const char *dot = strrchr(base, '.');
    if (!strncmp(name, "digits:", 7) || (dot && !strncmp(dot, ".idx", 4)))
        return 1;
    for (size_t i = 0; i < sizeof ending / sizeof *ending; i++)
        if (cnn_path_ends(base, ending[i]))
            return 1;
    return 0;
}

/* The last component of a path, which ends at `end`. */
static const char *last_component(const char *path, const char *end)
{
    while (end > path && end[-1] != '/')
        end--;
    return end;
}

static int is_component(const char *s, size_t n)
{
    return n && !(n == 1 && s[0] == '.') && !(n == 2 && s[0] == '.' && s[1] == '.');
}

static void add_clean(struct cnn_buf *out, const char *s, size_t n, int dots)
{
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)s[i];
        int bad = c < 32 || c == 127 || (dots && c == '.');
        cnn_buf_add(out, bad ? "_" : s + i, 1);
    }
}

/* The name of the folder that holds `path`: from the text where it says so, else from the system.
 */
static void add_folder(struct cnn_buf *out, const char *path, const char *base)
{
    const char *end = base;
    while (end > path && end[-1] == '/')
        end--;
    const char *from = last_component(path, end);
    if (is_component(from, (size_t)(end - from))) {
        add_clean(out, from, (size_t)(end - from), 0);
        cnn_buf_puts(out, "/");
        return;
    }
    char *folder = cnn_path_folder(path), *target = folder ? realpath(folder, NULL) : NULL;
    const char *name = target ? last_component(target, target + strlen(target)) : "";
    if (*name) {
        add_clean(out, name, strlen(name), 0);
        cnn_buf_puts(out, "/");
    }
    free(folder);
    free(target);
}

void cnn_key_from_path(const char *path, struct cnn_buf *out)
{
    const char *end = path + strlen(path), *base = last_component(path, end);
    const char *dot = strrchr(base, '.');
    cnn_buf_puts(out, ""); /* nothing else comes of "/" */
    add_folder(out, path, base);
    add_clean(out, base, (size_t)((dot && dot > base ? dot : end) - base), 1);
}

/* "train-images-idx3-ubyte.gz": the second extension goes only where the first is a compression's.
 */
static size_t stem_length(const char *base)
{
    size_t n = strlen(base);
    if (cnn_path_ends(base, ".gz"))
        n -= 3;
    for (size_t i = n; i > 1; i--)
        if (base[i - 1] == '.')
            return i - 1;
    return n;
}

void cnn_key_from_number(const char *path, size_t i, struct cnn_buf *out)
{
    const char *base = last_component(path, path + strlen(path));
    add_clean(out, base, stem_length(base), 1);
    cnn_buf_printf(out, "/%06zu", i);
}

static int key_set_grow(struct cnn_key_set *set)
{
    size_t size = set->size ? 2 * set->size : 1024;
    struct cnn_key_slot *slot = cnn_calloc(size, sizeof *slot);
    if (!slot)
        return CNN_ESYSTEM;
    for (size_t i = 0; i < set->size; i++) {
        size_t at = set->slot[i].hash & (size - 1);
        while (set->slot[i].hash && slot[at].hash)
            at = (at + 1) & (size - 1);
        if (set->slot[i].hash)
            slot[at] = set->slot[i];
    }
    free(set->slot);
    set->slot = slot;
    set->size = size;
    return 0;
}

/* The key's slot, made when it is new (last 0). NULL: out of memory. */
static struct cnn_key_slot *key_slot(struct cnn_key_set *set, const char *key)
{
    if (2 * set->used >= set->size && key_set_grow(set))
        return NULL;
    uint64_t hash = cnn_hash_string(key, 0);
    hash += !hash;
    size_t at = hash & (set->size - 1);
    while (set->slot[at].hash && set->slot[at].hash != hash)
        at = (at + 1) & (set->size - 1);
    if (!set->slot[at].hash) {
        set->slot[at].hash = hash;
        set->used++;
    }
    return &set->slot[at];
}

int cnn_key_set_add(struct cnn_key_set *set, struct cnn_buf *key)
{
    struct cnn_key_slot *slot = key->failed ? NULL : key_slot(set, key->text ? key->text : "");
    if (!slot)
        return CNN_ESYSTEM;
    if (!slot->last) {
        slot->last = 1;
        return 1;
    }
    size_t size = key->size;
    uint64_t first = slot->hash;
    for (uint32_t n = slot->last + 1;; n++) {
        key->size = size;
        cnn_buf_printf(key, "~%u", (unsigned)n);
        slot = key->failed ? NULL : key_slot(set, key->text ? key->text : "");
        if (!slot)
            return CNN_ESYSTEM;
        if (slot->last)
            continue;
        slot->last = 1;
        size_t at = first & (set->size - 1); /* the table may have moved */
        while (set->slot[at].hash != first)
            at = (at + 1) & (set->size - 1);
        set->slot[at].last = n;
        if (!set->again++ && !(set->first = cnn_strdup(key->text)))
            return CNN_ESYSTEM;
        return 0;
    }
}

void cnn_key_set_note(const struct cnn_key_set *set, const char *path, size_t count,
                      void (*note)(void *context, const char *text), void *context)
{
    struct cnn_buf text = {0};
    if (!set->again || !note)
        return;
    cnn_buf_printf(&text,
                   "%s: %zu of %zu samples have the key of one before: the first is now '%s'", path,
                   set->again, count, set->first);
    if (!text.failed)
        note(context, text.text);
    cnn_buf_free(&text);
}

void cnn_key_set_free(struct cnn_key_set *set)
{
    free(set->slot);
    free(set->first);
    *set = (struct cnn_key_set){0};
}
