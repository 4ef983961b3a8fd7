/* The targets of losses on their way to the device, and the losses on theirs back; see net.h. */
#include "net/net_private.h"

#include <stdlib.h>

/* Of one of the losses, on the host and on the device. */
static int is_aux(const struct cnn_net *net, int loss)
{
    return net->graph->node[net->graph->first_loss + loss].training_only;
}

/* Rows of the target's answers are real as a layer says, which only the device knows. */
static int is_shared(const struct cnn_net *net, int target)
{
    return net->graph->target[target].counter >= net->graph->inputs;
}

static int allocate_target(struct cnn_net *net, int i)
{
    const struct cnn_graph_target *g = &net->graph->target[i];
    struct cnn_net_target *t = &net->target[i];
    size_t rows = net->batch * g->rows;
    t->positions = g->shape.h * g->shape.w;
    t->outputs = cnn_chw_count(g->shape);
    t->rows = g->rows;
    t->label = cnn_net_device_alloc(net, rows * t->positions, sizeof *t->label);
    t->vector = cnn_net_device_alloc(net, rows * t->outputs, sizeof *t->vector);
    t->weight = cnn_net_device_alloc(net, rows, sizeof *t->weight);
    return t->label && t->vector && t->weight ? 0 : CNN_ESYSTEM;
}

/* Where a forward's losses land. */
static int allocate_landing(struct cnn_net *net, struct cnn_net_losses *l)
{
    const struct cnn_graph *g = net->graph;
    const struct cnn_backend_ops *ops = net->backend->ops;
    size_t losses = (size_t)g->losses, targets = (size_t)g->targets;
    l->weight = cnn_calloc(net->batch, sizeof *l->weight);
    l->loss = cnn_arena_alloc(net->arena, (losses + 1) * sizeof *l->loss);
    l->row = cnn_arena_alloc(net->arena, (targets + 1) * sizeof *l->row);
    l->shared = cnn_arena_alloc(net->arena, (targets + 1) * sizeof *l->shared);
    l->target_sum = cnn_arena_alloc(net->arena, (targets + 1) * sizeof *l->target_sum);
    if (!l->weight || !l->loss || !l->row || !l->shared || !l->target_sum)
        return CNN_ESYSTEM;
    for (int i = 0; i < g->losses; i++) {
        size_t rows = net->batch * g->node[g->first_loss + i].layer.rows;
        if (!is_aux(net, i) && !(l->loss[i] = ops->host_alloc(net->backend, rows * sizeof(float))))
            return CNN_ESYSTEM;
    }
    for (int i = 0; i < g->targets; i++) {
        size_t rows = net->batch * net->target[i].rows;
        if (net->target[i].rows > 1 && !(l->row[i] = cnn_calloc(rows, sizeof(float))))
            return CNN_ESYSTEM;
        if (is_shared(net, i) &&
            !(l->shared[i] = ops->host_alloc(net->backend, rows * sizeof(float))))
            return CNN_ESYSTEM;
    }
    size_t rows = net->main_loss ? g->node[net->main_loss].layer.rows : 1;
    l->labelled = cnn_calloc(net->batch, rows);
    l->hit = ops->host_alloc(net->backend, net->batch * rows * sizeof *l->hit);
    return l->hit && l->labelled ? 0 : CNN_ESYSTEM;
}

int cnn_net_allocate_targets(struct cnn_net *net)
{
    const struct cnn_graph *g = net->graph;
    for (int i = g->nodes - 1; i >= g->first_loss; i--)
        if (!g->node[i].training_only)
            net->main_loss = i;
    net->target = cnn_arena_alloc(net->arena, (size_t)(g->targets + 1) * sizeof *net->target);
    if (!net->target)
        return CNN_ESYSTEM;
    for (int i = 0; i < g->targets; i++)
        if (allocate_target(net, i))
            return CNN_ESYSTEM;
    size_t rows = net->main_loss ? g->node[net->main_loss].layer.rows : 1;
    net->device_hit = cnn_net_device_alloc(net, net->batch * rows, sizeof *net->device_hit);
    return net->device_hit && !allocate_landing(net, &net->losses[0]) &&
                   !allocate_landing(net, &net->losses[1])
               ? 0
               : CNN_ESYSTEM;
}

static void free_landing(struct cnn_net *net, struct cnn_net_losses *l)
{
    const struct cnn_backend_ops *ops = net->backend->ops;
    for (int i = 0; l->loss && i < net->graph->losses; i++)
        if (l->loss[i])
            ops->host_free(net->backend, l->loss[i]);
    for (int i = 0; l->row && i < net->graph->targets; i++)
        free(l->row[i]);
    for (int i = 0; l->shared && i < net->graph->targets; i++)
        if (l->shared[i])
            ops->host_free(net->backend, l->shared[i]);
    if (l->hit)
        ops->host_free(net->backend, l->hit);
    free(l->labelled);
    free(l->weight);
}

void cnn_net_free_targets(struct cnn_net *net)
{
    const struct cnn_backend_ops *ops = net->backend->ops;
    for (int i = 0; net->target && i < net->graph->targets; i++) {
        void *slabs[] = {net->target[i].label, net->target[i].vector, net->target[i].weight,
                         net->target[i].class_weight};
        for (size_t k = 0; k < sizeof slabs / sizeof *slabs; k++)
            if (slabs[k])
                ops->free(net->backend, slabs[k]);
    }
    if (net->device_hit)
        ops->free(net->backend, net->device_hit);
    free_landing(net, &net->losses[0]);
    free_landing(net, &net->losses[1]);
}

int cnn_net_weigh_classes(struct cnn_net *net, int target, const float *weight)
{
    struct cnn_net_target *t = &net->target[target];
    size_t classes = net->graph->target[target].shape.c;
    if (!t->class_weight)
        t->class_weight = cnn_net_device_alloc(net, classes, sizeof *t->class_weight);
    if (!t->class_weight)
        return CNN_ESYSTEM;
    struct cnn_tensor to = cnn_tensor_plain(1, classes, 1, 1, t->class_weight);
    net->backend->ops->upload(net->backend, &to, weight);
    return net->backend->ops->sync(net->backend);
}

int cnn_net_has_targets(const struct cnn_net *net, const struct cnn_batch_view *b)
{
    for (int i = 0; i < net->graph->targets; i++)
        if (!b->target || (!b->target[i].label && !b->target[i].vector))
            return 0;
    return 1;
}

size_t cnn_net_given_rows(const struct cnn_net *net, const struct cnn_batch_view *b, int k,
                          size_t i)
{
    const int32_t *rows = k ? (b->other_rows ? b->other_rows[k - 1] : NULL) : b->rows;
    size_t most = net->graph->node[k].layer.rows;
    return rows && rows[i] >= 0 && (size_t)rows[i] < most ? (size_t)rows[i] : most;
}

/* The rows of sample i that a target has, of answers that are real as far as the host knows. */
static size_t target_rows(const struct cnn_net *net, const struct cnn_batch_view *b, int target,
                          size_t i)
{
    const int32_t *own = b->target[target].rows;
    int counter = net->graph->target[target].counter;
    size_t rows = net->target[target].rows;
    if (counter >= 0 && counter < net->graph->inputs)
        rows = cnn_net_given_rows(net, b, counter, i);
    return own && own[i] >= 0 && (size_t)own[i] < rows ? (size_t)own[i] : rows;
}

/* Each real row's share of its sample's weight; the others have none. */
static void weigh_rows(const struct cnn_net *net, int target, const struct cnn_batch_view *b,
                       const float *weight, float *row)
{
    size_t rows = net->target[target].rows;
    for (size_t i = 0; i < b->n; i++) {
        size_t real_rows = target_rows(net, b, target, i);
        for (size_t r = 0; r < rows; r++)
            row[i * rows + r] = r < real_rows ? weight[i] / (float)real_rows : 0;
    }
}

static void upload_target(struct cnn_net *net, int i, const struct cnn_batch_view *b,
                          const struct cnn_net_losses *l)
{
    const struct cnn_backend_ops *ops = net->backend->ops;
    const struct cnn_target_view *v = &b->target[i];
    struct cnn_net_target *t = &net->target[i];
    size_t rows = b->n * t->rows;
    if (l->row[i])
        weigh_rows(net, i, b, l->weight, l->row[i]);
    struct cnn_tensor weight = cnn_tensor_plain(1, rows, 1, 1, t->weight);
    t->now = t->right = (struct cnn_targets){.weight = t->weight};
    ops->upload(net->backend, &weight, l->row[i] ? l->row[i] : l->weight);
    if (v->vector) {
        struct cnn_tensor to = cnn_tensor_plain(rows, t->outputs, 1, 1, t->vector);
        ops->upload(net->backend, &to, v->vector);
        t->now.vector = t->vector;
    }
    if (v->label) {
        ops->upload_bytes(net->backend, t->label, v->label, rows * t->positions * sizeof *v->label);
        t->right.label = t->label;
        t->now.label = v->vector ? NULL : t->label;
        t->now.class_weight = net->was_training ? t->class_weight : NULL;
    }
}

/* Which answers of the main loss can be right: samples or rows with a class, or label images. */
static void mark_labelled(const struct cnn_net *net, const struct cnn_batch_view *b,
                          unsigned char *labelled)
{
    int target = net->graph->node[net->main_loss].target;
    const struct cnn_net_target *t = &net->target[target];
    const struct cnn_target_view *v = &b->target[target];
    for (size_t i = 0; i < b->n; i++) {
        size_t real_rows = t->rows > 1 ? target_rows(net, b, target, i) : 1;
        for (size_t r = 0; r < t->rows; r++)
            labelled[i * t->rows + r] =
                v->label && r < real_rows && (t->positions > 1 || v->label[i * t->rows + r] >= 0);
    }
}

int cnn_net_upload_targets(struct cnn_net *net, const struct cnn_batch_view *b)
{
    struct cnn_net_losses *l = &net->losses[net->turn = !net->turn];
    l->n = b->n;
    l->weight_sum = 0;
    mark_labelled(net, b, l->labelled);
    for (size_t i = 0; i < b->n; i++) {
        l->weight[i] = b->weight ? b->weight[i] : 1.0f;
        l->weight_sum += (double)l->weight[i];
    }
    for (int i = 0; i < net->graph->targets; i++)
        upload_target(net, i, b, l);
    return 0;
}

void cnn_net_share_rows(struct cnn_net *net)
{
    struct cnn_backend *b = net->backend;
    for (int i = 0; i < net->graph->targets; i++)
        if (is_shared(net, i))
            b->kernels->rows_share(&b->queue, net->n, net->target[i].rows,
                                   cnn_net_counts(net, net->graph->target[i].counter),
                                   net->target[i].weight);
}

static void fetch_shares(struct cnn_net *net, const struct cnn_net_losses *l)
{
    struct cnn_backend *b = net->backend;
    for (int i = 0; i < net->graph->targets; i++) {
        struct cnn_net_target *t = &net->target[i];
        struct cnn_tensor weight = cnn_tensor_plain(1, net->n * t->rows, 1, 1, t->weight);
        if (l->shared[i])
            b->ops->download_later(b, l->shared[i], &weight);
    }
}

/* They come while other work goes on. */
void cnn_net_fetch_losses(struct cnn_net *net)
{
    struct cnn_backend *b = net->backend;
    struct cnn_net_losses *l = &net->losses[net->turn];
    for (int i = 0; i < net->graph->losses; i++) {
        const struct cnn_tensor *value = &net->node[net->graph->first_loss + i].value;
        struct cnn_tensor y = cnn_tensor_plain(1, value->n, 1, 1, value->data);
        if (l->loss[i])
            b->ops->download_later(b, l->loss[i], &y);
    }
    size_t rows = net->n * net->graph->node[net->main_loss].layer.rows;
    struct cnn_tensor hit = cnn_tensor_plain(1, rows, 1, 1, net->device_hit);
    if (net->was_training)
        b->ops->download_later(b, l->hit, &hit);
    fetch_shares(net, l);
    b->ops->mark(b, CNN_MARK_LOSSES + net->turn);
}

/* Of a target's rows. */
static const float *weights_of(const struct cnn_net_losses *l, int target)
{
    if (l->shared[target])
        return l->shared[target];
    return l->row[target] ? l->row[target] : l->weight;
}

/* Of one of the last two forwards with losses. */
static int sum_losses(struct cnn_net *net, int turn, double *weighted_sum, double *weight_sum)
{
    const struct cnn_net_losses *l = &net->losses[turn];
    const struct cnn_graph *g = net->graph;
    struct cnn_backend *b = net->backend;
    *weighted_sum = 0;
    *weight_sum = l->weight_sum;
    for (int k = 0; k < g->targets; k++)
        l->target_sum[k] = 0;
    b->ops->wait(b, CNN_MARK_LOSSES + turn);
    for (int k = 0; k < g->losses; k++) {
        const struct cnn_node *loss = &g->node[g->first_loss + k];
        const float *weight = weights_of(l, loss->target);
        double sum = 0;
        for (size_t i = 0; l->loss[k] && i < l->n * loss->layer.rows; i++)
            sum += (double)weight[i] * (double)l->loss[k][i];
        *weighted_sum += loss->loss_weight * sum;
        l->target_sum[loss->target] += loss->loss_weight * sum;
    }
    return b->ops->check(b);
}

int cnn_net_loss(struct cnn_net *net, double *weighted_sum, double *weight_sum)
{
    if (!net->had_losses)
        return cnn_fail(CNN_EINTERNAL, "the last forward ran no losses");
    return sum_losses(net, net->turn, weighted_sum, weight_sum);
}

int cnn_net_loss_before(struct cnn_net *net, double *weighted_sum, double *weight_sum)
{
    if (!net->losses[!net->turn].n)
        return cnn_fail(CNN_EINTERNAL, "there was no forward with losses before the last");
    return sum_losses(net, !net->turn, weighted_sum, weight_sum);
}

double cnn_net_target_loss(const struct cnn_net *net, int before, int target)
{
    return net->losses[before ? !net->turn : net->turn].target_sum[target];
}

void cnn_net_hits(const struct cnn_net *net, int before, double *hits, double *labelled)
{
    const struct cnn_net_losses *l = &net->losses[before ? !net->turn : net->turn];
    const struct cnn_node *main = &net->graph->node[net->main_loss];
    const float *shared = net->main_loss ? l->shared[main->target] : NULL;
    size_t rows = net->main_loss ? main->layer.rows : 1;
    *hits = *labelled = 0;
    for (size_t i = 0; !net->graph->embeds && i < l->n * rows; i++)
        if (l->labelled[i] && !(shared && shared[i] == 0)) { /* not a row that was dropped */
            *hits += (double)l->hit[i];
            *labelled += 1;
        }
}

double cnn_net_weight(const struct cnn_net *net)
{
    return net->losses[net->turn].weight_sum;
}
