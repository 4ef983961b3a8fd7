/* Graphs from texts that must be fine, for the tests of the network language. */
#ifndef CNN_TESTS_NET_BUILD_H
#define CNN_TESTS_NET_BUILD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lang/graph.h"

static inline struct cnn_graph *build_as(const char *text, struct cnn_graph_config config)
{
    struct cnn_graph *g;
    if (cnn_graph_build(text, &config, &g))
        fail_msg("%s", cnn_error_message());
    return g;
}

/* On inputs of 3x16x16, with losses. */
static inline struct cnn_graph *build(const char *text)
{
    return build_as(text, (struct cnn_graph_config){.input = {3, 16, 16}, .with_loss = 1});
}

#endif
