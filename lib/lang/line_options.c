/* What the line of any layer with parameters may say; params.c reads it. */
#include "lang/graph.h"

const struct cnn_option cnn_line_table[] = {
    CNN_OPTION_TEXT("init", struct cnn_line_options, init, "default", .metavar = "RULE[,RULE]",
                    .help = "how the weights start, and the bias"),
    CNN_OPTION_REALS("rate", struct cnn_line_options, rate, "1", .max = 1e6, .metavar = "X[,X]",
                     .help = "factor of the learning rate, or of the weights' and the bias's"),
    CNN_OPTION_REALS("decay", struct cnn_line_options, decay, "1", .max = 1e6, .metavar = "X[,X]",
                     .help = "factor of the weight decay, or of the weights' and the bias's"),
    CNN_OPTION_TEXT("share", struct cnn_line_options, share, "", .metavar = "LABEL",
                    .help = "the layer whose parameters this one uses, too"),
    CNN_OPTION_END,
};
