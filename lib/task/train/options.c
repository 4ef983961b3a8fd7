/* The options of training, as a table. */
#include "layer/layer.h"
#include "task/train/private.h"

#define AT(field) offsetof(struct cnn_train_options, field)
#define HEADING(text)                                                                              \
    {                                                                                              \
        .name = "", .help = text                                                                   \
    }
#define TEXT(name, field, fallback, metavar, help)                                                 \
    {                                                                                              \
        name, CNN_OPT_TEXT, AT(field), fallback, 0, 0, NULL, 0, 0, metavar, help                   \
    }
#define TEXTS(name, field, metavar, help)                                                          \
    {                                                                                              \
        name, CNN_OPT_TEXTS, AT(field), NULL, 0, 0, NULL, 0, 0, metavar, help                      \
    }
#define REAL(name, field, fallback, min, max, help)                                                \
    {                                                                                              \
        name, CNN_OPT_REAL, AT(field), fallback, min, max, NULL, 0, 0, "X", help                   \
    }
#define INT(name, field, fallback, min, max, help)                                                 \
    {                                                                                              \
        name, CNN_OPT_INT, AT(field), fallback, min, max, NULL, 0, 0, "N", help                    \
    }
#define CHOICE(name, field, fallback, choices, help)                                               \
    {                                                                                              \
        name, CNN_OPT_CHOICE, AT(field), fallback, 0, 0, choices, 0, 0, "WHAT", help               \
    }
#define FLAG(name, field, help)                                                                    \
    {                                                                                              \
        name, CNN_OPT_FLAG, AT(field), "0", 0, 1, NULL, 0, 0, NULL, help                           \
    }

const struct cnn_option cnn_train_option_table[] = {
    HEADING("Data"),
    TEXT("val", val, "", "DATASET", "measure on these samples after each epoch"),
    TEXT("classes", classes, "", "FILE|N",
         "the class list: a file of names, one a line, or how many; with --epochs 0 it takes the "
         "place of a DATASET"),
    CHOICE("target", target, "class", "class|vector|input",
           "what the net is to give: classes, numbers, or its input"),
    TEXT("class-weights", class_weights, "", "WHAT",
         "'balanced', numbers in class order, or a file of 'class<TAB>weight' lines"),
    INT("shuffle", shuffle, "1", 0, 1, "1: another order in each epoch; 0: the dataset's"),
    TEXT("on-bad", on_bad, "fail", "WHAT",
         "bad samples: fail, skip, or list=FILE (skip, and write their names to FILE)"),
    FLAG("strict", strict,
         "a JPEG file of which libjpeg warns is bad, though its pixels are all there"),
    HEADING("Net"),
    TEXT("net", net, "", "WHAT", "the net: a file, the name of a built-in one, or its text"),
    TEXT("input", input, "", "CxHxW",
         "the input of a net without an input line (default: what the data has)"),
    TEXT("init", init, "", "FILE", "start from the tensors of a model or any safetensors file"),
    TEXTS("allow-new", allow_new, "PATTERN",
          "tensors that --init may lack or have in another shape (repeatable)"),
    TEXTS("rename", rename, "FROM=TO",
          "names in --init that begin with FROM begin with TO in the net (repeatable)"),
    TEXTS("freeze", freeze, "PATTERN", "parameters that are not trained (repeatable)"),
    CHOICE("weights", weights, "default", CNN_INIT_CHOICES, "how weights start"),
    TEXT("loss", loss, "", "TEXT", "the loss, as in 'xent smooth=0.1', 'mse', 'bce'"),
    HEADING("Optimization"),
    CHOICE("recipe", recipe, "net", "net|none",
           "net: how the net's text says that it is trained, where no option says otherwise"),
    INT("epochs", epochs, "10", 0, 1e9,
        "passes over the data (0: write the net as it starts, as after --init)"),
    INT("steps", steps, "0", 0, 1e15, "stop after so many steps (0: no limit)"),
    INT("batch", batch, "64", 1, 1e6, "samples at a time"),
    INT("accumulate", accumulate, "1", 1, 1e6, "batches whose gradients make one step"),
    TEXT("optimizer", optimizer, "sgd", "NAME", "sgd, adagrad, adadelta, rmsprop, adam or adamw"),
    TEXT("rate", rate, "", "X", "learning rate (default: the optimizer's)"),
    TEXT("momentum", momentum, "", "X", "of sgd (default 0.9) and rmsprop (default 0)"),
    FLAG("nesterov", nesterov, "Nesterov's momentum for sgd"),
    TEXT("rho", rho, "", "X", "decay of adadelta's and rmsprop's averages (default 0.9)"),
    REAL("beta1", beta1, "0.9", 0, 0.9999999, "decay of adam's first moment"),
    REAL("beta2", beta2, "0.999", 0, 0.9999999, "decay of adam's second moment"),
    TEXT("eps", eps, "", "X", "added to denominators (default: the optimizer's)"),
    REAL("l1", l1, "0", 0, 1e9, "add X sign(w) to gradients"),
    REAL("l2", l2, "0", 0, 1e9, "add X w to gradients"),
    TEXT("weight-decay", weight_decay, "", "X",
         "adamw: shrink weights apart from gradients (default 0.01); else as --l2"),
    REAL("clip-norm", clip_norm, "0", 0, 1e30, "scale gradients down to this norm (0: do not)"),
    REAL("clip-value", clip_value, "0", 0, 1e30, "cut gradients off at this value (0: do not)"),
    REAL("ema", ema, "0", 0, 0.9999999,
         "write and validate averages of the weights that decay so (0: the weights themselves)"),
    HEADING("Learning-rate schedule"),
    CHOICE("schedule", schedule, "constant", CNN_SCHEDULE_CHOICES,
           "how the rate changes: " CNN_SCHEDULE_CHOICES),
    REAL("warmup", warmup, "0", 0, 1e9, "epochs of linear warm-up (one-cycle: of rising)"),
    {"milestones", CNN_OPT_REALS, AT(milestones), "", 0, 1e9, NULL, 0, 0, "X,X...",
     "step: epochs at which the rate is multiplied by gamma"},
    REAL("gamma", gamma, "0.1", 0, 1e9, "step, exponential: the factor"),
    REAL("power", power, "1", 0, 1000, "polynomial: the exponent"),
    REAL("final-rate", final_rate, "0", 0, 1,
         "polynomial, cosine, one-cycle: the last rate as a fraction"),
    HEADING("The best epoch"),
    INT("patience", patience, "0", 0, 1e9,
        "early stopping: stop after N epochs without a better one (0: do not)"),
    CHOICE("monitor", monitor, "auto", "auto|val_loss|val_top1",
           "what 'better' looks at (auto: val_top1 where there are classes)"),
    CHOICE("keep", keep, "best", "best|last", "with --val: the epoch whose net is written"),
    HEADING("Running"),
    {"output", CNN_OPT_TEXT, AT(output), "", 0, 0, NULL, 0, 'o', "FILE", "the model"},
    TEXT("checkpoint", checkpoint, "", "FILE", "keep what is needed to go on in FILE"),
    TEXT("checkpoint-every", checkpoint_every, "", "N[s]",
         "write it each N steps or N seconds, too (default: each epoch)"),
    FLAG("resume", resume, "go on from the checkpoint when it is there"),
    TEXT("log", log, "", "FILE", "write what happens as JSON lines"),
    INT("log-every", log_every, "100", 1, 1e15, "steps between two lines of the log"),
    TEXT("curve", curve, "", "FILE.png", "draw the learning curve"),
    FLAG("recompute", recompute,
         "train in less memory and longer: make values again instead of keeping them"),
    FLAG("plan", plan, "print what memory goes where and how long a step should take, and stop"),
    INT("overfit", overfit, "0", 0, 1e6,
        "sanity run: learn N samples by heart, exit 1 when that fails"),
    TEXTS("expect", expect, "WHAT=VALUE",
          "stop where data, classes, val, init or the model are others (repeatable)"),
    INT("seed", seed, "0", 0, 9.3e18, "seed of everything random"),
    CNN_COMPUTE_OPTIONS(struct cnn_train_options, compute),
    {"quiet", CNN_OPT_FLAG, AT(quiet), "0", 0, 1, NULL, 0, 'q', NULL,
     "no progress and no notes, errors only"},
    CNN_OPTION_END,
};
