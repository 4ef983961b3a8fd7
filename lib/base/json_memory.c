/* Memory for jansson that remembers when there was none; see json_memory.h. While a text is read,
 * whose words grow without a look at whether they could (jansson 2.14, lex_save), a refusal is a
 * jump out of it; all that was given out so far goes then. */
#include "base/json_memory.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"

/* A text being read, and what memory it has. */
struct reading {
    jmp_buf lack;
    void **block;
    size_t count, capacity;
};

static _Thread_local size_t lacked; /* bytes of the first that was refused; 0: none was */
static _Thread_local struct reading *reading;

static void *allocate(size_t bytes)
{
    struct reading *r = reading;
    void *p = malloc(bytes);
    if (p && r && cnn_grow(&r->block, &r->capacity, r->count + 1, sizeof *r->block)) {
        free(p);
        p = NULL;
    }
    if (!p && !lacked)
        lacked = bytes ? bytes : 1;
    if (!p && r)
        longjmp(r->lack, 1);
    if (r)
        r->block[r->count++] = p;
    return p;
}

/* What is given back was mostly given out a short while ago. */
static void give_back(void *p)
{
    struct reading *r = reading;
    for (size_t i = r ? r->count : 0; i > 0; i--)
        if (r->block[i - 1] == p) {
            r->block[i - 1] = r->block[--r->count];
            break;
        }
    free(p);
}

static void install(void)
{
    json_set_alloc_funcs(allocate, give_back);
}

static void install_once(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, install);
}

void cnn_json_watch(void)
{
    install_once();
    lacked = 0;
}

void cnn_json_lack(void)
{
    lacked = lacked ? lacked : 1;
}

int cnn_json_lacked(void)
{
    return lacked ? cnn_fail_memory(lacked) : 0;
}

static json_t *read_text(struct reading *r, const char *text, size_t size, size_t flags,
                         json_error_t *error)
{
    if (setjmp(r->lack)) {
        reading = NULL;
        for (size_t i = 0; i < r->count; i++)
            free(r->block[i]);
        return NULL;
    }
    reading = r;
    json_t *value = json_loadb(text, size, flags, error);
    reading = NULL;
    return value;
}

json_t *cnn_json_load(const char *text, size_t size, size_t flags, json_error_t *error)
{
    struct reading r = {.count = 0};
    json_t *value = read_text(&r, text, size, flags, error);
    free(r.block);
    return value;
}

json_t *cnn_json_text(const char *text, size_t flags)
{
    return cnn_json_load(text, strlen(text), flags, NULL);
}

char *cnn_json_dump(const json_t *value, size_t flags)
{
    size_t before = lacked;
    install_once();
    lacked = 0;
    char *text = json_dumps(value, flags);
    if (lacked) {
        free(text);
        text = NULL;
    }
    lacked = lacked ? lacked : before;
    return text;
}
