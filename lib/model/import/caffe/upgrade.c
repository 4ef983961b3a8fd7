/* Layers of the older forms as layers of the newest: the same settings in other places. */
#include <string.h>

#include "model/import/caffe/caffe.h"

typedef Cnn__Caffe__LayerParameter Layer;
typedef Cnn__Caffe__V1LayerParameter LayerV1;
typedef Cnn__Caffe__V0LayerParameter LayerV0;

/* A message of the arena's, as MESSAGE has it. */
#define NEW(n, Type, MESSAGE) (Type *)new_message(n, &(const Type)MESSAGE, sizeof(Type))
static void *new_message(struct caffe_net *n, const void *first, size_t size)
{
    void *m = cnn_arena_alloc(n->arena, size);
    return m ? memcpy(m, first, size) : NULL;
}

/* Factors of rates and decay, and names, which were lists of their own. */
static int set_params(struct caffe_net *n, Layer *p, const LayerV1 *old, size_t rates,
                      const float *rate, size_t decays, const float *decay)
{
    size_t names = old->n_param, count = rates > decays ? rates : decays;
    count = count > names ? count : names;
    p->param = cnn_arena_alloc(n->arena, (count + 1) * sizeof *p->param);
    if (!p->param)
        return CNN_ESYSTEM;
    for (size_t i = 0; i < count; i++) {
        Cnn__Caffe__ParamSpec *s = NEW(n, Cnn__Caffe__ParamSpec, CNN__CAFFE__PARAM_SPEC__INIT);
        if (!s)
            return CNN_ESYSTEM;
        if (i < names)
            s->name = old->param[i];
        if (i < rates)
            s->lr_mult = rate[i];
        if (i < decays)
            s->decay_mult = decay[i];
        p->param[p->n_param++] = s;
    }
    return 0;
}

static char *type_v1(const LayerV1 *old)
{
    const ProtobufCEnumValue *v = protobuf_c_enum_descriptor_get_value(
        &cnn__caffe__v1_layer_parameter__layer_type__descriptor, (int)old->type);
    const struct caffe_kind *kind = v ? cnn_caffe_kind_v1(v->name) : NULL;
    return (char *)(uintptr_t)(kind ? kind->type : v ? v->name : "?");
}

static int upgrade_v1(struct caffe_net *n, Layer *p, const LayerV1 *old)
{
    p->name = old->name;
    p->type = type_v1(old);
    p->n_include = old->n_include;
    p->include = old->include;
    p->n_exclude = old->n_exclude;
    p->exclude = old->exclude;
    p->n_loss_weight = old->n_loss_weight;
    p->loss_weight = old->loss_weight;
    p->transform_param = old->transform_param;
    p->loss_param = old->loss_param;
    p->concat_param = old->concat_param;
    p->convolution_param = old->convolution_param;
    p->data_param = old->data_param;
    p->dropout_param = old->dropout_param;
    p->dummy_data_param = old->dummy_data_param;
    p->eltwise_param = old->eltwise_param;
    p->hdf5_data_param = old->hdf5_data_param;
    p->hinge_loss_param = old->hinge_loss_param;
    p->image_data_param = old->image_data_param;
    p->inner_product_param = old->inner_product_param;
    p->lrn_param = old->lrn_param;
    p->memory_data_param = old->memory_data_param;
    p->pooling_param = old->pooling_param;
    p->power_param = old->power_param;
    p->relu_param = old->relu_param;
    p->softmax_param = old->softmax_param;
    p->slice_param = old->slice_param;
    return set_params(n, p, old, old->n_blobs_lr, old->blobs_lr, old->n_weight_decay,
                      old->weight_decay);
}

/* A list of one number, as strides and sides are by now. */
static int one(struct caffe_net *n, uint32_t value, size_t *count, uint32_t **list)
{
    *list = cnn_arena_alloc(n->arena, sizeof **list);
    if (!*list)
        return CNN_ESYSTEM;
    **list = value;
    *count = 1;
    return 0;
}

static int set_conv(struct caffe_net *n, Layer *p, const LayerV0 *old)
{
    Cnn__Caffe__ConvolutionParameter *c =
        NEW(n, Cnn__Caffe__ConvolutionParameter, CNN__CAFFE__CONVOLUTION_PARAMETER__INIT);
    if (!(p->convolution_param = c))
        return CNN_ESYSTEM;
    c->has_num_output = old->has_num_output;
    c->num_output = old->num_output;
    c->bias_term = old->biasterm;
    c->weight_filler = old->weight_filler;
    c->bias_filler = old->bias_filler;
    c->group = old->group;
    int rc = one(n, old->pad, &c->n_pad, &c->pad);
    if (!rc)
        rc = one(n, old->kernelsize, &c->n_kernel_size, &c->kernel_size);
    return rc ? rc : one(n, old->stride, &c->n_stride, &c->stride);
}

static int set_dense(struct caffe_net *n, Layer *p, const LayerV0 *old)
{
    Cnn__Caffe__InnerProductParameter *d =
        NEW(n, Cnn__Caffe__InnerProductParameter, CNN__CAFFE__INNER_PRODUCT_PARAMETER__INIT);
    if (!(p->inner_product_param = d))
        return CNN_ESYSTEM;
    d->has_num_output = old->has_num_output;
    d->num_output = old->num_output;
    d->bias_term = old->biasterm;
    d->weight_filler = old->weight_filler;
    d->bias_filler = old->bias_filler;
    return 0;
}

static int set_pool(struct caffe_net *n, Layer *p, const LayerV0 *old)
{
    Cnn__Caffe__PoolingParameter *q =
        NEW(n, Cnn__Caffe__PoolingParameter, CNN__CAFFE__POOLING_PARAMETER__INIT);
    if (!(p->pooling_param = q))
        return CNN_ESYSTEM;
    q->pool = old->pool;
    q->pad = old->pad;
    q->has_kernel_size = old->has_kernelsize;
    q->kernel_size = old->kernelsize;
    q->stride = old->stride;
    return 0;
}

static int set_lrn(struct caffe_net *n, Layer *p, const LayerV0 *old)
{
    Cnn__Caffe__LRNParameter *q = NEW(n, Cnn__Caffe__LRNParameter, CNN__CAFFE__LRNPARAMETER__INIT);
    if (!(p->lrn_param = q))
        return CNN_ESYSTEM;
    q->local_size = old->local_size;
    q->alpha = old->alpha;
    q->beta = old->beta;
    q->k = old->k;
    return 0;
}

static int set_rest(struct caffe_net *n, Layer *p, const LayerV0 *old)
{
    p->dropout_param = NEW(n, Cnn__Caffe__DropoutParameter, CNN__CAFFE__DROPOUT_PARAMETER__INIT);
    p->concat_param = NEW(n, Cnn__Caffe__ConcatParameter, CNN__CAFFE__CONCAT_PARAMETER__INIT);
    p->transform_param =
        NEW(n, Cnn__Caffe__TransformationParameter, CNN__CAFFE__TRANSFORMATION_PARAMETER__INIT);
    p->image_data_param =
        NEW(n, Cnn__Caffe__ImageDataParameter, CNN__CAFFE__IMAGE_DATA_PARAMETER__INIT);
    if (!p->dropout_param || !p->concat_param || !p->transform_param || !p->image_data_param)
        return CNN_ESYSTEM;
    p->dropout_param->dropout_ratio = old->dropout_ratio;
    p->concat_param->axis = (int32_t)old->concat_dim;
    p->transform_param->scale = old->scale;
    p->transform_param->mean_file = old->meanfile;
    p->transform_param->crop_size = old->cropsize;
    p->transform_param->mirror = old->mirror;
    p->image_data_param->new_height = old->new_height;
    p->image_data_param->new_width = old->new_width;
    return 0;
}

static int upgrade_v0(struct caffe_net *n, Layer *p, const LayerV1 *v1)
{
    const LayerV0 *old = v1->layer;
    const struct caffe_kind *kind = cnn_caffe_kind_v0(old->type ? old->type : "");
    p->name = old->name;
    p->type = kind ? (char *)(uintptr_t)kind->type : old->type;
    int rc = set_params(n, p, v1, old->n_blobs_lr, old->blobs_lr, old->n_weight_decay,
                        old->weight_decay);
    if (!rc)
        rc = set_conv(n, p, old);
    if (!rc)
        rc = set_dense(n, p, old);
    if (!rc)
        rc = set_pool(n, p, old);
    if (!rc)
        rc = set_lrn(n, p, old);
    return rc ? rc : set_rest(n, p, old);
}

int cnn_caffe_upgrade(struct caffe_net *n, struct caffe_layer *l, const LayerV1 *old)
{
    Layer *p = NEW(n, Layer, CNN__CAFFE__LAYER_PARAMETER__INIT);
    l->p = p;
    if (!p)
        return CNN_ESYSTEM;
    p->n_bottom = old->n_bottom;
    p->bottom = old->bottom;
    p->n_top = old->n_top;
    p->top = old->top;
    return old->layer ? upgrade_v0(n, p, old) : upgrade_v1(n, p, old);
}

/* The padding of a layer that reads one of padding goes around its own windows. (Layers of padding
 * were upgraded, and so were those behind them: others may lack what is said of windows.) */
static void take_padding(struct caffe_layer *l, const struct caffe_layer *pad)
{
    Layer *p = (Layer *)(uintptr_t)l->p;
    if (!strcmp(l->type, "Convolution") && p->convolution_param && p->convolution_param->n_pad)
        p->convolution_param->pad[0] = pad->p->pooling_param->pad;
    else if (!strcmp(l->type, "Pooling") && p->pooling_param)
        p->pooling_param->pad = pad->p->pooling_param->pad;
    else
        return;
    p->bottom[0] = pad->p->bottom[0];
}

static int is_padding(const struct caffe_layer *l)
{
    const Layer *p = l->p;
    return !strcmp(l->type, "padding") && p->n_bottom == 1 && p->n_top == 1 && p->pooling_param;
}

int cnn_caffe_upgrade_padding(struct caffe_net *n)
{
    struct cnn_names *made = cnn_names_new(n->arena);
    size_t kept = 0;
    int rc = made ? 0 : CNN_ESYSTEM;
    for (size_t i = 0; !rc && i < n->layers; i++) {
        struct caffe_layer *l = &n->layer[i], *before = NULL;
        if (l->p->n_bottom == 1)
            before = cnn_names_find(made, l->p->bottom[0]);
        if (before && is_padding(before))
            take_padding(l, before);
        for (size_t k = 0; !rc && k < l->p->n_top; k++)
            rc = cnn_names_put(made, l->p->top[k], l);
    }
    for (size_t i = 0; !rc && i < n->layers; i++)
        if (!is_padding(&n->layer[i]))
            n->layer[kept++] = n->layer[i];
    if (rc)
        return rc;
    n->layers = kept;
    return kept ? 0 : cnn_fail(CNN_EDATA, "nothing but padding");
}
