/* Memory for jansson that remembers when there was none; see json_memory.h. */
#include "base/json_memory.h"

#include <jansson.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/error.h"

static _Thread_local size_t lacked; /* bytes of the first that was refused; 0: none was */

static void *allocate(size_t bytes)
{
    void *p = malloc(bytes);
    if (!p && !lacked)
        lacked = bytes ? bytes : 1;
    return p;
}

static void install(void)
{
    json_set_alloc_funcs(allocate, free);
}

void cnn_json_watch(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, install);
    lacked = 0;
}

int cnn_json_lacked(void)
{
    return lacked ? cnn_fail_memory(lacked) : 0;
}
