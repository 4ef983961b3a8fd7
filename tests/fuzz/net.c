/* Fuzzing of the network language: no text may crash the parser, and what is built prints as a text
 * that builds the same again. */
#include "fuzz.h"

#include <string.h>

#include "lang/graph.h"

static void try_text(const char *text, int with_loss)
{
    struct cnn_graph_config config = {.input = {3, 16, 16}, .classes = 5, .with_loss = with_loss};
    struct cnn_graph *g, *again;
    if (cnn_graph_build(text, &config, &g)) {
        if (cnn_error_code() != CNN_EDATA && cnn_error_code() != CNN_ESYSTEM)
            abort();
        return;
    }
    if (cnn_graph_build(g->print, &config, &again))
        abort();
    if (strcmp(g->print, again->print) || g->nodes != again->nodes)
        abort();
    for (int i = 0; i < g->nodes; i++)
        if (strcmp(g->node[i].layer.name, again->node[i].layer.name))
            abort();
    cnn_graph_free(again);
    cnn_graph_free(g);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    if (!text)
        return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    try_text(text, 0);
    try_text(text, 1);
    free(text);
    return 0;
}
