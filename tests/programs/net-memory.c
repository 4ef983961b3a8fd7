/* What the nets named hold in memory, without taking it:
 *
 *     net-memory infer|train BATCH THREADS NET...
 *
 * A line for each: its name, bytes, and the instruction set (CNN_ISA) for which they are, between tabs. That is all a net asks its device for: parameters and
 * statistics, values and scratch, and what it makes of weights to infer, or in training gradients, the
 * velocity of gradient descent with momentum, and targets. Nets that leave input and classes to the
 * data are those for images of 1x28x28 of ten classes. Layouts depend on the instruction set, scratch
 * on the threads, too. */
#define _DEFAULT_SOURCE /* MAP_NORESERVE */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "kern/isa/isa.h"
#include "net/optimize.h"

enum { MOST = 256 };

/* What was asked for, as places that nobody may touch: addresses alone, of which there are enough. */
static struct {
    void *place[MOST];
    size_t bytes[MOST], count, all;
} asked;

static void *reserve(struct cnn_backend *b, size_t bytes)
{
    (void)b;
    void *p = asked.count < MOST
                  ? mmap(NULL, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
                  : MAP_FAILED;
    if (p == MAP_FAILED) {
        cnn_fail_memory(bytes);
        return NULL;
    }
    asked.place[asked.count] = p;
    asked.bytes[asked.count++] = bytes;
    asked.all += bytes;
    return p;
}

static void give_back(struct cnn_backend *b, void *p)
{
    (void)b;
    for (size_t i = 0; i < asked.count; i++)
        if (asked.place[i] == p)
            munmap(p, asked.bytes[i]);
}

static int build(const char *what, int training, struct cnn_graph **out)
{
    char *text = NULL, *name = NULL;
    struct cnn_graph_config config = {.input = {1, 28, 28}, .with_loss = training};
    int rc = cnn_net_text(what, &text, &name);
    config.name = name;
    if (!rc && cnn_graph_build(text, &config, out)) { /* a text that does not say its classes */
        config.classes = 10;
        rc = cnn_graph_build(text, &config, out);
    }
    free(text);
    free(name);
    return rc;
}

static int tell(const char *what, size_t batch, int training, struct cnn_backend *b)
{
    struct cnn_optimizer_options sgd =
        cnn_optimizer_defaults(cnn_optimizer_type_find("sgd")); /* with momentum */
    struct cnn_net_config config = {.batch = batch,
                                    .training = training,
                                    .optimizer_slabs = training ? cnn_optimizer_slabs(&sgd) : 0};
    struct cnn_graph *graph = NULL;
    struct cnn_net *net = NULL;
    asked.count = asked.all = 0;
    int rc = build(what, training, &graph);
    if (!rc)
        rc = cnn_net_new(graph, b, &config, &net);
    if (!rc)
        printf("%s\t%zu\t%s\n", what, asked.all, cnn_isa()->name);
    cnn_net_free(net);
    cnn_graph_free(graph);
    return rc;
}

int main(int argc, char **argv)
{
    long batch = argc > 4 ? strtol(argv[2], NULL, 10) : 0;
    int training = argc > 4 && !strcmp(argv[1], "train");
    if (batch < 1 || (!training && strcmp(argv[1], "infer"))) {
        fprintf(stderr, "Usage: net-memory infer|train BATCH THREADS NET...\n");
        return -CNN_EUSAGE;
    }
    struct cnn_backend *b = NULL;
    int rc = cnn_backend_open("cpu", atoi(argv[3]), &b);
    if (!rc) {
        struct cnn_backend_ops counting = *b->ops;
        counting.alloc = reserve;
        counting.free = give_back;
        b->ops = &counting;
        for (int i = 4; !rc && i < argc; i++)
            rc = tell(argv[i], (size_t)batch, training, b);
        cnn_backend_close(b);
    }
    if (rc)
        fprintf(stderr, "net-memory: %s\n", cnn_error_message());
    return rc ? -rc : fflush(stdout) ? -CNN_EIO : 0;
}
