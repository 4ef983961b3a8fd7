/* Gaussian error linear unit (Hendrycks and Gimpel 2016): x times the normal distribution up to x,
 * or their approximation by a tangent, x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2. */
#include "base/choices.h"
#include "layer/activation/elementwise.h"

#define APPROXIMATIONS(FIRST, NEXT) FIRST(NONE, "none") NEXT(TANH, "tanh")
enum approximation { CNN_CHOICE_NAMES(APPROXIMATIONS) };

struct options {
    enum approximation approximate;
};

static const struct cnn_option options[] = {
    CNN_OPTION_CHOICE("approximate", struct options, approximate, "none", APPROXIMATIONS,
                      .metavar = "HOW", .help = "the distribution as it is, or by a tangent"),
    CNN_OPTION_END,
};

static void activation(const struct cnn_layer *l, struct cnn_epilogue *e)
{
    const struct options *o = l->options;
    e->f = o->approximate == TANH ? CNN_GELU_TANH : CNN_GELU;
}

const struct cnn_layer_type cnn_layer_gelu = {.name = "gelu",
                                              .summary = "x times the normal distribution up to x",
                                              .options = options,
                                              .options_size = sizeof(struct options),
                                              .activation = activation,
                                              CNN_ELEMENTWISE(X)};
