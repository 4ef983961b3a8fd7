/* The words of the language, and what other frameworks call what it has: for hints. */
#include "lang/syntax.h"

#include <string.h>
#include <strings.h>

/* Other spellings. */
static const char *const aliases[][2] = {{"batchnorm", "bn"}};

const struct cnn_layer_type *cnn_word_layer(const char *word)
{
    for (size_t i = 0; i < sizeof aliases / sizeof *aliases; i++)
        if (!strcmp(aliases[i][0], word))
            word = aliases[i][1];
    return cnn_layer_type_find(word);
}

static const char *const keywords[] = {"repeat", "aux",    "shortcut", "input",
                                       "output", "recipe", "def",      "use"};
enum { KEYWORDS = sizeof keywords / sizeof *keywords };

int cnn_word_takes_branches(const char *word)
{
    const struct cnn_layer_type *t = cnn_word_layer(word);
    return t && t->max_inputs > 1 && !(t->flags & CNN_LAYER_REFERS);
}

int cnn_word_is_taken(const char *word)
{
    for (int i = 0; i < KEYWORDS; i++)
        if (!strcmp(keywords[i], word))
            return 1;
    return cnn_word_layer(word) != NULL;
}

void cnn_words_offer(struct cnn_nearest *n)
{
    const struct cnn_layer_type *t;
    for (size_t i = 0; (t = cnn_layer_type_at(i)); i++)
        cnn_nearest_offer(n, t->name);
    for (size_t i = 0; i < sizeof aliases / sizeof *aliases; i++)
        cnn_nearest_offer(n, aliases[i][0]);
    for (int i = 0; i < KEYWORDS; i++)
        cnn_nearest_offer(n, keywords[i]);
}

/* What it is called elsewhere. */
static const struct {
    const char *there, *here; /* a line of ours, or the words to look for */
} words[] = {
    {"linear", "dense"},
    {"fc", "dense"},
    {"fully_connected", "dense"},
    {"fullyconnected", "dense"},
    {"innerproduct", "dense"},
    {"inner_product", "dense"},
    {"convolution", "conv"},
    {"convolutional", "conv"},
    {"conv2d", "conv"},
    {"conv_2d", "conv"},
    {"convolution2d", "conv"},
    {"convtranspose2d", "deconv"},
    {"conv_transpose2d", "deconv"},
    {"conv2dtranspose", "deconv"},
    {"convtranspose", "deconv"},
    {"deconvolution", "deconv"},
    {"deconvolutional", "deconv"},
    {"lppool2d", "lppool"},
    {"l2pool", "lppool"},
    {"interpolate", "upsample"},
    {"interp", "upsample"},
    {"upsampling2d", "upsample"},
    {"upsamplingbilinear2d", "upsample"},
    {"upsamplingnearest2d", "upsample"},
    {"resize", "upsample"},
    {"pixel_shuffle", "pixelshuffle"},
    {"depth_to_space", "pixelshuffle"},
    {"depthtospace", "pixelshuffle"},
    {"pixel_unshuffle", "pixelunshuffle"},
    {"space_to_depth", "pixelunshuffle"},
    {"spacetodepth", "pixelunshuffle"},
    {"reorg", "pixelunshuffle"},
    {"channel_shuffle", "channelshuffle"},
    {"shufflechannel", "channelshuffle"},
    {"zeropad2d", "pad"},
    {"zeropadding2d", "pad"},
    {"constantpad2d", "pad"},
    {"reflectionpad2d", "pad mode=reflect"},
    {"replicationpad2d", "pad mode=replicate"},
    {"centercrop", "crop"},
    {"center_crop", "crop"},
    {"cropping2d", "crop"},
    {"narrow", "slice"},
    {"maxpool2d", "maxpool"},
    {"max_pool", "maxpool"},
    {"max_pool2d", "maxpool"},
    {"max_unpool", "maxunpool"},
    {"max_unpool2d", "maxunpool"},
    {"maxunpool2d", "maxunpool"},
    {"unpool", "maxunpool"},
    {"unpooling", "maxunpool"},
    {"maxpooling2d", "maxpool"},
    {"avgpool2d", "avgpool"},
    {"avg_pool", "avgpool"},
    {"avg_pool2d", "avgpool"},
    {"averagepooling2d", "avgpool"},
    {"pooling", "maxpool or avgpool"},
    {"gap", "avgpool global"},
    {"global_avgpool", "avgpool global"},
    {"global_avg_pool", "avgpool global"},
    {"globalavgpool", "avgpool global"},
    {"globalavgpool2d", "avgpool global"},
    {"globalaveragepool", "avgpool global"},
    {"globalaveragepooling2d", "avgpool global"},
    {"globalmaxpool", "maxpool global"},
    {"globalmaxpooling2d", "maxpool global"},
    {"adaptive_avg_pool2d", "adaptiveavgpool"},
    {"adaptiveavgpool2d", "adaptiveavgpool"},
    {"batch_norm", "bn"},
    {"batchnorm2d", "bn"},
    {"batchnormalization", "bn"},
    {"batch_normalization", "bn"},
    {"group_norm", "groupnorm"},
    {"instance_norm", "instancenorm"},
    {"instancenorm2d", "instancenorm"},
    {"layer_norm", "layernorm"},
    {"layernormalization", "layernorm"},
    {"local_response_norm", "lrn"},
    {"localresponsenorm", "lrn"},
    {"local_response_normalization", "lrn"},
    {"leaky_relu", "leakyrelu"},
    {"hard_tanh", "hardtanh"},
    {"parametric_relu", "prelu"},
    {"clip", "hardtanh"},
    {"clamp", "hardtanh"},
    {"log_sigmoid", "logsigmoid"},
    {"spatialdropout2d", "dropout2d"},
    {"drop_path", "droppath"},
    {"stochastic_depth", "droppath"},
    {"stochasticdepth", "droppath"},
    {"logistic", "sigmoid"},
    {"add", "sum"},
    {"multiply", "mul"},
    {"product", "mul"},
    {"eltwise", "sum"},
    {"cat", "concat"},
    {"chunk", "split"},
    {"slice", "split"},
    {"concatenate", "concat"},
    {"route", "concat"},
    {"residual", "sum { ... } { }"},
    {"skip", "sum { ... } { }"},
    {"view", "reshape"},
    {"permute", "transpose"},
    {"mha", "attention"},
    {"multiheadattention", "attention"},
    {"self_attention", "attention"},
    {"gemm", "matmul"},
    {"cls_token", "token"},
    {"pos_embed", "position"},
    {"swish", "silu"},
    {"hard_swish", "hardswish"},
    {"ce", "xent"},
    {"nll", "xent"},
    {"nllloss", "xent"},
    {"cross_entropy", "xent"},
    {"crossentropy", "xent"},
    {"crossentropyloss", "xent"},
    {"categorical_crossentropy", "xent"},
    {"softmaxwithloss", "xent"},
    {"binary_crossentropy", "bce"},
    {"bcewithlogitsloss", "bce"},
    {"l2loss", "mse"},
    {"mseloss", "mse"},
    {"multimargin", "margin"},
    {"multimarginloss", "margin"},
    {"kld", "kldiv"},
    {"kldivloss", "kldiv"},
    {"contrastiveloss", "contrastive"},
    {"tripletloss", "triplet"},
    {"diceloss", "dice"},
    {"focalloss", "focal"},
    {"euclideanloss", "mse"},
};

/* A hint to a word that the language does not have yet would be none. */
static int is_ours(const char *line)
{
    char word[32];
    size_t n = strcspn(line, " ");
    if (n >= sizeof word)
        return 0;
    memcpy(word, line, n);
    word[n] = '\0';
    return cnn_word_is_taken(word);
}

const char *cnn_word_elsewhere(const char *word)
{
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (!strcasecmp(words[i].there, word) && is_ours(words[i].here))
            return words[i].here;
    return NULL;
}
