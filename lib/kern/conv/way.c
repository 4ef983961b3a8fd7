/* Finds the cheapest way of a convolution for each geometry, pass and pair of layouts.
 *
 * The data gradient of a convolution with stride 1 is itself the convolution of dy with the kernel
 * mirrored and its channel sides swapped, so it may go through the forward pass of some algorithm.
 * Where no algorithm takes the layouts, it is one on plain copies. */
#include "kern/conv/way.h"

#include <string.h>

static const struct cnn_conv_algorithm *const algorithms[] = {
#define CNN_CONV_ALGORITHM(name) &cnn_conv_##name,
#include "kern/conv/algorithms.def"
#undef CNN_CONV_ALGORITHM
};

const struct cnn_conv_algorithm *cnn_conv_algorithm_at(size_t i)
{
    return i < sizeof algorithms / sizeof *algorithms ? algorithms[i] : NULL;
}

/* Cycles that packing takes, about: most of them go into memory that was never used before. */
static double packing_cost(const struct cnn_conv_algorithm *a, const struct cnn_conv_case *c)
{
    return a->packed ? 4 * (double)a->packed(c) : 0;
}

/* Cycles that swapping and packing the weights of a mirrored pass take, about. */
static double swap_cost(const struct cnn_conv_algorithm *a, const struct cnn_conv_case *c)
{
    return 3 * (double)(cnn_conv_weights(c->g) + (a->packed ? a->packed(c) : 0));
}

static void consider(const struct cnn_queue *q, const struct cnn_conv_case *c, int mirrored,
                     struct cnn_conv_way *best)
{
    for (size_t i = 0; i < sizeof algorithms / sizeof *algorithms; i++) {
        if (q->exact_conv && algorithms[i]->inexact)
            continue;
        double cost = algorithms[i]->cost(c);
        if (cost >= 0 && mirrored)
            cost += swap_cost(algorithms[i], c);
        if (cost >= 0 && q->once && c->pass == CNN_CONV_FORWARD)
            cost += packing_cost(algorithms[i], c);
        if (cost < 0 || (best->algorithm && cost >= best->cost))
            continue;
        *best = (struct cnn_conv_way){
            .algorithm = algorithms[i], .g = *c->g, .c = *c, .mirrored = mirrored, .cost = cost};
    }
}

static void consider_layouts(const struct cnn_queue *q, const struct cnn_conv *g,
                             enum cnn_conv_pass pass, struct cnn_layout x_layout,
                             struct cnn_layout y_layout, struct cnn_conv_way *best)
{
    struct cnn_conv m;
    struct cnn_conv_case direct = {g, pass, x_layout, y_layout};
    struct cnn_conv_case mirrored = {&m, CNN_CONV_FORWARD, y_layout, x_layout};
    consider(q, &direct, 0, best);
    if (pass == CNN_CONV_DATA && cnn_conv_mirror(g, &m))
        consider(q, &mirrored, 1, best);
}

static size_t plain_elements(const struct cnn_conv *g, struct cnn_layout layout, int output)
{
    return cnn_layout_is_plain(layout) ? 0
           : output                    ? cnn_padded(g->batch * g->out_c * g->out_h * g->out_w)
                                       : cnn_padded(g->batch * g->in_c * g->in_h * g->in_w);
}

double cnn_conv_follow(const struct cnn_conv_choice *choice, struct cnn_conv_way *out)
{
    const struct cnn_conv_key *k = &choice->key;
    int is_plain = cnn_layout_is_plain(k->x_layout) && cnn_layout_is_plain(k->y_layout);
    struct cnn_layout x_layout =
        choice->rearranged ? cnn_layout_plain(k->x_layout.type) : k->x_layout;
    struct cnn_layout y_layout =
        choice->rearranged ? cnn_layout_plain(k->y_layout.type) : k->y_layout;
    *out = (struct cnn_conv_way){.algorithm = choice->algorithm,
                                 .g = k->g,
                                 .c = {&out->g, k->pass, x_layout, y_layout},
                                 .mirrored = choice->mirrored,
                                 .rearranged = choice->rearranged,
                                 .cost = choice->cost};
    if (choice->rearranged && is_plain)
        return -1;
    if (choice->mirrored) {
        if (k->pass != CNN_CONV_DATA || !cnn_conv_mirror(&k->g, &out->g))
            return -1;
        out->c = (struct cnn_conv_case){&out->g, CNN_CONV_FORWARD, y_layout, x_layout};
    }
    return out->algorithm->cost(&out->c);
}

/* A measured way; 0: there is none. */
static int find_measured(const struct cnn_queue *q, const struct cnn_conv *g,
                         enum cnn_conv_pass pass, struct cnn_layout x_layout,
                         struct cnn_layout y_layout, struct cnn_conv_way *out)
{
    struct cnn_conv_key key = {*g, pass, x_layout, y_layout};
    const struct cnn_conv_choice *choice =
        q->choices ? cnn_conv_choices_find(q->choices, &key) : NULL;
    return choice && cnn_conv_follow(choice, out) >= 0;
}

/* Of reals there always is a way: the matrix product takes every plain case. */
void cnn_conv_find(const struct cnn_queue *q, const struct cnn_conv *g, enum cnn_conv_pass pass,
                   struct cnn_layout x_layout, struct cnn_layout y_layout, struct cnn_conv_way *out)
{
    if (find_measured(q, g, pass, x_layout, y_layout, out))
        return;
    *out = (struct cnn_conv_way){0};
    consider_layouts(q, g, pass, x_layout, y_layout, out);
    if (!out->algorithm) {
        consider_layouts(q, g, pass, cnn_layout_plain(x_layout.type),
                         cnn_layout_plain(y_layout.type), out);
        out->rearranged = 1;
        out->cost += 2 * (double)(plain_elements(g, x_layout, 0) + plain_elements(g, y_layout, 1));
    }
    out->c.g = &out->g;
}

size_t cnn_conv_way_packed(const struct cnn_conv_way *way)
{
    return way->algorithm && way->algorithm->packed ? cnn_padded(way->algorithm->packed(&way->c))
                                                    : 0;
}

size_t cnn_conv_way_work(const struct cnn_queue *q, const struct cnn_conv *g,
                         const struct cnn_conv_way *way, struct cnn_layout x_layout,
                         struct cnn_layout y_layout)
{
    size_t copies = 0;
    if (!way->algorithm)
        return 0;
    if (way->rearranged)
        copies = plain_elements(g, x_layout, 0) + plain_elements(g, y_layout, 1);
    if (way->mirrored)
        copies += cnn_padded(cnn_conv_weights(g));
    if (way->c.pass == CNN_CONV_FORWARD)
        copies += cnn_conv_way_packed(way);
    return copies + way->algorithm->work(&way->c, (size_t)cnn_queue_threads(q));
}

int cnn_conv_choice_name(struct cnn_conv_choice *choice, const char *name)
{
    struct cnn_conv_way way;
    for (size_t i = 0; (choice->algorithm = cnn_conv_algorithm_at(i)); i++)
        if (!strcmp(choice->algorithm->name, name) && cnn_conv_follow(choice, &way) >= 0)
            return 1;
    return 0;
}
