/* What loaders of a run are opened with, and where a device keeps the images. */
#include "task/train/private.h"

struct cnn_loader_options cnn_train_loader_options(const struct trainer *t)
{
    static const enum cnn_target_kind kinds[] = {CNN_TARGET_CLASS, CNN_TARGET_VECTOR,
                                                 CNN_TARGET_INPUT};
    return (struct cnn_loader_options){
        .input = t->graph->input,
        .target = kinds[t->o->target],
        .needs_class = 1,
        .outputs = t->outputs,
        .batch = (size_t)t->o->batch,
        .seed = (uint64_t)t->o->seed,
        .threads = (int)t->o->compute.threads,
        .store = t->images,
        .on_bad = t->skip_bad ? CNN_BAD_SKIP : CNN_BAD_FAIL,
    };
}

int cnn_train_open_images(struct trainer *t)
{
    const struct cnn_input *in = t->graph->input;
    size_t train = cnn_dataset_count(t->train);
    size_t val = t->val ? cnn_dataset_count(t->val) : 0, each = cnn_chw_count(in->shape);
    if (!t->backend->is_gpu || t->no_data || t->o->target != CNN_TRAIN_CLASS || t->streaming)
        return 0;
    struct cnn_image_rule rule = cnn_preprocess_rule(in, cnn_augmenter_fill(t->augmenter));
    size_t stay = val + (cnn_augmenter_is_affine(t->augmenter) ? train : 0);
    return cnn_image_store_open(t->backend, &rule, train + val, (size_t)t->o->batch,
                                each * sizeof(float), stay, &t->images);
}
