/* The network language: what each mistake is answered with. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lang/graph.h"
#include "optim/optimizer.h"
#include "optim/schedule.h"

#define CONV "conv filters kernel [stride=] [pad=] [dilation=] [groups=] [bias=]"
#define INPUT                                                                                      \
    "input shape [mean=] [std=] [scale=] [order=] [resize=] [interpolation=] [rows=] [classes=]"

/* Built on inputs of 3x16x16, with losses. */
static const struct mistake {
    const char *text, *message;
} mistakes[] = {
    {"cnov 8 3", "net:1: unknown layer 'cnov' (did you mean conv?)"},
    {"maxpol 2", "net:1: unknown layer 'maxpol' (did you mean maxpool?)"},
    {"qqq", "net:1: unknown layer 'qqq'"},
    {"relu; ce", "net:1: unknown layer 'ce': it is xent here"},
    {"Conv2d 8 3", "net:1: unknown layer 'Conv2d': it is conv here"},
    {"conv", "net:1: conv: filters is missing; it is: " CONV},
    {"conv 8", "net:1: conv: kernel is missing; it is: " CONV},
    {"conv 8 3 1", "net:1: conv: '1' is one argument too many; it is: " CONV},
    {"conv 8 3 strid=2", "net:1: conv: unknown key 'strid' (did you mean stride?); it is: " CONV},
    {"conv 8 3 frobnicate=2", "net:1: conv: unknown key 'frobnicate'; it is: " CONV},
    {"conv 0 3", "net:1: conv: filters: '0' is not in 1..1048576"},
    {"conv 8 0", "net:1: conv: kernel: '0' is not in 1..16384"},
    {"conv 8 3 stride=0", "net:1: conv: stride: '0' is not in 1..16384"},
    {"conv 8 3 bias=2", "net:1: conv: bias: '2' is neither 0 nor 1"},
    {"conv 8 3 pad=sme",
     "net:1: conv: pad: 'sme' is neither a size nor same|valid|full|same_lower"},
    {"conv 8 3 pad=1,2", "net:1: conv: pad: '1,2' is not four sizes such as 0,0,1,1"},
    {"conv 8 3 pad=1,2,3,4,5", "net:1: conv: pad: '1,2,3,4,5' is not four sizes such as 0,0,1,1"},
    {"conv 8 3 pad=0,0,0,-1", "net:1: conv: pad: '-1' is not in 0..16384"},
    {"conv 8 99 pad=0,1,2,3", "net:1: conv: kernel 99x99 does not fit into 16x16 (pad 0,1,2,3)"},
    {"maxpool 3 pad=0,0,0,5", "net:1: maxpool: a window would have nothing but padding in it"},
    {"maxpool 2 dilation=20", "net:1: maxpool: kernel 2x2 does not fit into 16x16 (pad 0, dilation "
                              "20x20)"},
    {"maxpool 2 dilation=19 pad=3",
     "net:1: maxpool: a window would have nothing but padding in it"},
    {"lrn 4 within=1", "net:1: lrn: size=4 has no middle, which within=1 needs: it is odd"},
    {"deconv 4 3 groups=2",
     "net:1: deconv: groups=2 does not divide 3 input channels and 4 filters"},
    {"deconv 4 3 stride=2 output_pad=2", "net:1: deconv: output_pad 2 is not below the stride 2"},
    {"deconv 4 3 pad=9", "net:1: deconv: pad leaves nothing of 18 rows or columns"},
    {"bn init=bilinear", "net:1: bn: init: bilinear is for weights with height and width"},
    {"upsample", "net:1: upsample: it has neither scale nor size"},
    {"upsample 2 size=3", "net:1: upsample: it has both scale and size"},
    {"upsample 0.01", "net:1: upsample: scale leaves nothing of 16x16"},
    {"upsample 2 align_corners=1",
     "net:1: upsample: align_corners has no effect: it needs mode=bilinear"},
    {"upsample size=second", "net:1: upsample: size=second needs a second input (from=A,B)"},
    {"a: relu; b: relu; upsample 2 from=a,b",
     "net:1: upsample: a second input has no effect without size=second (a is "
     "3x16x16, b is 3x16x16)"},
    {"pixelshuffle 2", "net:1: pixelshuffle: 3 channels are no multiple of 2x2"},
    {"pixelunshuffle 3", "net:1: pixelunshuffle: 3 does not divide 16x16"},
    {"channelshuffle 2", "net:1: channelshuffle: groups=2 does not divide 3 channels"},
    {"pad same", "net:1: pad: there are no windows here that a word could mean"},
    {"pad 16 mode=reflect", "net:1: pad: 16x16 has no 16 rows and 16 columns to mirror"},
    {"pad 1 mode=reflect value=1", "net:1: pad: value has no effect: it needs mode=constant"},
    {"crop", "net:1: crop: there is neither a size nor a second input (from=A,B)"},
    {"crop 17", "net:1: crop: 17x17 is larger than 16x16"},
    {"crop 10 offset=7", "net:1: crop: 10x10 at 7x7 reaches over the edge of 16x16"},
    {"a: relu; crop 3 from=a,a", "net:1: crop: a second input has no effect beside a size (a is "
                                 "3x16x16, a is 3x16x16)"},
    {"slice 2 4", "net:1: slice: channels 2 to 4 are none of 3"},
    {"conv 8 3 pad=-1", "net:1: conv: pad: '-1' is not in 0..16384"},
    {"conv 8 3 init=he", "net:1: conv: init: 'he' is none of "
                         "default|he_normal|he_uniform|glorot_normal|glorot_uniform|plain|lecun_"
                         "normal|lecun_uniform|head|zero|"
                         "one|bilinear|gaussian|uniform|constant"},
    {"conv 8 3 stride=2 stride=2", "net:1: conv: stride is given twice"},
    {"conv n 3", "net:1: conv: filters: 'n' is not a number (names known here: classes)"},
    {"conv n*2 3", "net:1: conv: filters: unknown name 'n' in 'n*2' (known here: classes)"},
    {"conv 8 3x", "net:1: conv: kernel: '3x' ends too early"},
    {"conv 8 3x3x3", "net:1: conv: the kernel's depth 3 does not fit into 1 row"},
    {"conv 8 3x3x3x3", "net:1: conv: kernel: '3x3x3x3' is not a size such as 3 or 3x5 or 3x3x5"},
    {"deconv 8 3x3x3", "net:1: deconv: kernel: '3x3x3' is not a size such as 3 or 3x5"},
    {"conv 8 3x3x", "net:1: conv: kernel: '3x3x' ends too early"},
    {"conv 8 2.5", "net:1: conv: kernel: '2.5' is not a whole number"},
    {"conv 8/0 3", "net:1: conv: filters: division by zero in '8/0'"},
    {"conv (8 3", "net:1: '(' is not closed"},
    {"conv 8) 3", "net:1: ')' without '('"},
    {"conv 8 3 =2", "net:1: '=2': what stands before '=' is no key"},
    {"conv 8 3 pad=", "net:1: pad=: a value is missing"},
    {"conv 8 99", "net:1: conv: kernel 99x99 does not fit into 16x16 (pad 0)"},
    {"conv 3 3 groups=2", "net:1: conv: groups=2 does not divide 3 input channels and 3 filters"},
    {"dropout 1.5", "net:1: dropout: rate: '1.5' is not in 0..0.999"},
    {"dropout 1/0", "net:1: dropout: rate: '1/0' is not finite"},
    {"dropout x", "net:1: dropout: rate: 'x' is not a number (names known here: classes)"},
    {"dense classes", "net:1: dense: units: the number of classes is not known here (classes=N in "
                      "the input line gives one)"},
    {"relu 3", "net:1: relu: '3' is one argument too many; it is: relu"},
    {"relu { }", "net:1: relu takes no { block }"},
    {"repeat { relu }", "net:1: repeat: rounds is missing; it is: repeat rounds"},
    {"repeat -1 { relu }", "net:1: repeat: rounds: '-1' is not in 0..100000"},
    {"repeat 2 relu", "net:1: repeat: '{' is missing"},
    {"repeat 2 { relu", "net:1: repeat: '{' is never closed"},
    {"relu }", "net:1: '}' without '{'"},
    {"repeat 9223372036854775807 { }",
     "net:1: repeat: rounds: '9223372036854775807' is not in 0..100000"},
    {"repeat 9223372036854775807*2 { }",
     "net:1: repeat: rounds: '9223372036854775807*2' is too large"},
    {"repeat 100000 { repeat 100000 { } }", "net:1: the net is larger than 1000000 statements"},
    {"repeat 100000 { relu; relu }", "net:1: more than 100000 layers"},
    {"sum { conv 4 3 } { conv 4 5 }", "net:1: sum: branches differ in shape: 4x14x14 and 4x12x12"},
    {"sum { conv 4 3 } { conv 5 3 }", "net:1: sum: branches differ in shape: 4x14x14 and 5x14x14"},
    {"concat { conv 4 3 } { }",
     "net:1: concat: branches differ in height or width: 4x14x14 and 3x16x16"},
    {"sum", "net:1: sum: '{' is missing"},
    {"sum 3 { } { }", "net:1: sum: '3' is one argument too many; it is: sum"},
    {"concat { conv 4 3 } { conv 4 5 }",
     "net:1: concat: branches differ in height or width: 4x14x14 and 4x12x12"},
    {"x: relu; x: relu", "net:1: the label 'x' is taken (line 1); a label around a repeat or a "
                         "call keeps the labels inside apart"},
    {"x: { relu }\nx: relu", "net:2: the label 'x' is taken (line 1); a label around a repeat or a "
                             "call keeps the labels inside apart"},
    {"x: conv 3 3\nrepeat 2 { x: relu }", "net:2: the label 'x' is taken (line 1); a label around "
                                          "a repeat or a call keeps the labels inside apart"},
    {"input: relu", "net:1: the label 'input' is the input's"},
    {"x:", "net:1: label 'x' names nothing"},
    {"x: y: relu", "net:1: label 'x' names nothing"},
    {"x..y: relu",
     "net:1: 'x..y' is no label: letters, digits, '_', '-' and '/', in parts divided by dots"},
    {".x: relu",
     "net:1: '.x' is no label: letters, digits, '_', '-' and '/', in parts divided by dots"},
    {"relu x: relu", "net:1: a new line or ';' is missing before 'x:'"},
    {"def f { relu }; def f { relu }", "net:1: def f: there is one already (line 1)"},
    {"def conv(n) { relu }", "net:1: def conv: the language has this word already"},
    {"def sum { relu }", "net:1: def sum: the language has this word already"},
    {"def (n) { relu }", "net:1: def: a name is missing: def NAME(PARAMETERS) { ... }"},
    {"def 3(n) { relu }", "net:1: def: a name is missing: def NAME(PARAMETERS) { ... }"},
    {"def f(n,n) { relu }", "net:1: def f: the name 'n' is taken already"},
    {"def f(classes) { relu }", "net:1: def f: the name 'classes' is taken already"},
    {"def f(3) { relu }", "net:1: def f: '3' is no parameter (NAME or NAME=DEFAULT)"},
    {"def f(n=) { relu }", "net:1: def f: 'n=' is no parameter (NAME or NAME=DEFAULT)"},
    {"def f(n)(m) { relu }", "net:1: def f: '(m)' after the parameters"},
    {"def f(n) relu", "net:1: f: '{' is missing"},
    {"def f(n) { conv n 3 }; f", "net:1: f: n is missing"},
    {"def f(n) { conv n 3 }; f 1 2", "net:1: f: '2' is one argument too many (it takes 1)"},
    {"def f(n) { conv n 3 }; f 1 n=2", "net:1: f: n is given twice"},
    {"def f(n) { conv n 3 }; f m=2", "net:1: f: unknown parameter 'm'"},
    {"def f(n) { conv n 3 }; f m", "net:1: f: n: 'm' is not a number (names known here: classes)"},
    {"def f(n) { conv n m }; f 3", "net:1: conv: kernel: 'm' is not a number (names known here: n, "
                                   "classes) (in f, called on line 1)"},
    {"def f(n) { conv n 99 }\nf 3",
     "net:1: conv: kernel 99x99 does not fit into 16x16 (pad 0) (in f, called on line 2)"},
    {"def g { f }\ndef f(n) { g }\nrelu", "net:2: def g calls itself"},
    {"def f { f }", "net:1: def f calls itself"},
    {"x: def f { relu }", "net:1: def takes no label"},
    {"repeat 2 { def f { relu } }", "net:1: def stands outside of all blocks"},
    {"def f { cnov }; relu", "net:1: unknown layer 'cnov' (did you mean conv?)"},
    {"relu; input 3x3x3", "net:1: input stands before all layers"},
    {"input 3x3x3; input 3x3x3; relu",
     "net:1: input: 'input' is there already: input NAME CxHxW gives "
     "one of several inputs a name of its own"},
    {"x: input 3x3x3; relu", "net:1: input takes no label"},
    {"repeat 1 { input 3x3x3 }", "net:1: input stands before all layers"},
    {"input; relu", "net:1: input: shape is missing; it is: " INPUT},
    {"input 3x3; relu", "net:1: input: '3x3' is no shape such as 3x32x32 or 512"},
    {"input 0x3x3; relu", "net:1: input: '0x3x3' is no shape such as 3x32x32 or 512"},
    {"input 3x3x3x3; relu", "net:1: input: '3x3x3x3' is no shape such as 3x32x32 or 512"},
    {"input a; relu", "net:1: input: 'a' is no shape such as 3x32x32 or 512"},
    {"input 3x99999999x1; relu", "net:1: input: '3x99999999x1' has a side above 1048576"},
    {"input 100000x1000x1000; relu", "net:1: input: '100000x1000x1000' is too large"},
    {"input 3x4x4 mean=1,2; relu", "net:1: input: mean: 2 numbers for 3 channels"},
    {"input 3x4x4 std=0; relu", "net:1: input: std: '0' is not in 1e-09..1e+09"},
    {"input 3x4x4 order=gbr; relu", "net:1: input: order: 'gbr' is none of rgb|bgr"},
    {"input 3x4x4 resize=3; relu", "net:1: input: resize: 3 is less than the input's side 4"},
    {"input 3x4x4 scale=1/0; relu", "net:1: input: scale: '1/0' is not finite"},
    {"input 3x4x4 size=3; relu",
     "net:1: input: unknown key 'size' (did you mean resize?); it is: " INPUT},
    {"xent; relu", "net:1: xent is a loss: losses are the net's last lines"},
    {"relu; xent; dense 2; mse", "net:1: xent is a loss: losses are the net's last lines"},
    {"relu; xent on=there", "net:1: unknown label 'there'"},
    {"a: dense 2; dense 3; xent; mse on=a",
     "net:1: a is 2, and another loss with the same target is on 3: target= tells targets apart"},
    {"relu; l: xent", "net:1: xent takes no label"},
    {"relu; repeat 2 { xent }", "net:1: xent is a loss: losses are the net's last lines"},
    {"relu; xent smooth=2", "net:1: xent: smooth: '2' is not in 0..1"},
    {"relu; xent smoth=0.1",
     "net:1: xent: unknown key 'smoth' (did you mean smooth?); it is: xent [smooth=]"},
    {"input 3x4x4", "net:1: the net has no layers"},
    {"aux 0.3 { relu }", "net:1: the net has no layers"},
    {"aux { relu }", "net:1: aux: weight is missing; it is: aux weight [target=]"},
    {"aux -1 { relu }", "net:1: aux: weight: '-1' is not in 0..1e+06"},
    {"aux 0.3 { }; relu", "net:1: aux: there is no layer in it"},
    {"aux 0.3 { aux 0.3 { relu } }; relu", "net:1: aux within aux"},
    {"aux 0.3 { dense 3 }; dense 4",
     "net:1: aux: it ends in 3, the net in 4: they have the same target"},
    {"input 1x4x4; flatten; aux 0.3 { rows 4; dense 2 }; dense 2; xent",
     "net:1: aux: it ends in 4*2, the net in 2: they have the same target"},
    {"embedding 20 4 padding=30", "net:1: embedding: padding=30 is none of the numbers below 20"},
    {"input 1x256x256; embedding 4 65536; embedding 4 8; token",
     "net:1: embedding: an output of 65536*65536 is not possible"},
    {"deconv 4 3 stride=2 pad=same output_pad=1",
     "net:1: deconv: output_pad: pad=same says how large the output is"},
    {"shortcut", "net:1: shortcut: channels is missing; it is: shortcut channels [stride] [type=]"},
    {"shortcut 0", "net:1: shortcut: channels: '0' is not in 1..1048576"},
    {"shortcut 8 2 type=c", "net:1: shortcut: type: 'c' is none of a|b"},
    {"shortcut 1 2 type=a; shortcut 1 stride=0",
     "net:1: subsample: 1 channels are fewer than the input's 3"},
    {"conv 3 3; subsample 2", "net:1: subsample: 2 channels are fewer than the input's 3"},
    {"recipe rate=-1; relu", "net:1: recipe: rate: '-1' is not in 0..1e+30"},
    {"recipe rate=x; relu", "net:1: recipe: rate: 'x' is not a number (names known here: classes)"},
    {"recipe optimizer=sdg; relu", "net:1: recipe: optimizer: there is no 'sdg'"},
    {"recipe schedule=linear; relu",
     "net:1: recipe: schedule: 'linear' is none of " CNN_CHOICE_WORDS(CNN_SCHEDULES)},
    {"recipe rate=1 rate=2; relu", "net:1: recipe: rate is given twice"},
    {"recipe -rate=1; relu", "net:1: '-rate=1': what stands before '=' is no key"},
    {"recipe crop=3x0; relu", "net:1: recipe: crop: 3x0: a side of 0"},
    {"relu\nrecipe rate=1", "net:2: recipe stands once, behind input and before all layers"},
    {"recipe rate=1; recipe rate=2; relu",
     "net:1: recipe stands once, behind input and before all layers"},
    {"x: recipe rate=1; relu", "net:1: recipe takes no label"},
    {"def recipe { relu }; recipe", "net:1: def recipe: the language has this word already"},
    {"relu $x", "net:1: '$' has no meaning here"},
    {"relu; \"x\"", "net:1: '\"' has no meaning here"},
    {"relu \xc3\xa9", "net:1: byte 0xc3 is not part of a net's text"},
    {"relu 1:2", "net:1: a new line or ';' is missing before '1:'"},
    {"conv 1048576 1; dense 16777216",
     "net:1: dense: a weight of 16777216x268435456 is not possible"},
    {"dense 16777216; dense 16777216", "net:1: dense: a weight of 16777216x768 is not possible"},
    {"conv 99999999999999999999 3", "net:1: conv: filters: '99999999999999999999' is too large"},
    {"conv 1e3 3", "net:1: conv: filters: '1e3' is not a whole number"},
    {"batchnrom", "net:1: unknown layer 'batchnrom' (did you mean batchnorm?)"},
    {"{ relu", "net:1: group: '{' is never closed"},
    {"conv "
     "(((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((8)))))))))))))))))))))))))))"
     ")))))))))))))))))))))))))))))))))))))) 3",
     "net:1: conv: filters: more than 64 parentheses within each other"},
    {"maxpool glbal", "net:1: maxpool: kernel: 'glbal' is neither a size nor global"},
    {"conv 1 kx3", "net:1: conv: kernel: 'kx3' is not a number (names known here: classes)"},
    {"relu; xent; def f { }; l: relu", "net:1: xent is a loss: losses are the net's last lines"},
    {"relu\n\n\nconv 3 # three\n", "net:4: conv: kernel is missing; it is: " CONV},
    {"def a { b }; def b { c }; def c { b }; relu", "net:1: def b calls itself"},
    {"sum { } { conv 3 3 pad=1; relu\nconv 2 3 pad=1 }",
     "net:1: sum: branches differ in shape: 3x16x16 and 2x16x16"},
    {"conv 9223372036854775807+1 3", "net:1: conv: filters: '9223372036854775807+1' is too large"},
    {"conv 5%0 3", "net:1: conv: filters: division by zero in '5%0'"},
    {"conv 5- 3", "net:1: conv: filters: '5-' ends too early"},
    {"conv 5(3) 3", "net:1: conv: filters: unexpected '(' in '5(3)'"},
    {"conv () 3", "net:1: conv: filters: unexpected ')' in '()'"},
    {"dropout 0.5.5", "net:1: dropout: rate: unexpected '.' in '0.5.5'"},
    {"dropout 1e999", "net:1: dropout: rate: '1e999' is not a number"},
    {"concat", "net:1: concat: '{' is missing"},
    {"aux 0.3 relu", "net:1: aux: '{' is missing"},
    {"def f(n=m) { conv n 3 }; f", "net:1: f: n: 'm' is not a number (names known here: classes)"},
    {"def f(p) { conv p 3 }; f 0.5",
     "net:1: conv: filters: 'p' is 0.5 here, not a whole number (in f, called on line 1)"},
    {"conv 3 3 pad=1 stride=2x", "net:1: conv: stride: '2x' ends too early"},
    {"mean: input 3x3x3", "net:1: input takes no label"},
    {"sum { sum { } { conv 3 3 } } { }",
     "net:1: sum: branches differ in shape: 3x16x16 and 3x14x14"},
    {"x: sum { x.y: relu } { }; x.x.y: relu",
     "net:1: the label 'x.x.y' is taken (line 1); a label around a repeat or a call keeps the "
     "labels inside apart"},
};

static int build(const char *text, const char *loss, struct cnn_graph **g)
{
    struct cnn_graph_config config = {.input = {3, 16, 16}, .loss = loss, .with_loss = 1};
    return cnn_graph_build(text, &config, g);
}

static void every_mistake(void **state)
{
    (void)state;
    size_t wrong = 0;
    for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++) {
        const struct mistake *m = &mistakes[i];
        struct cnn_graph *g;
        cnn_error_clear();
        int rc = build(m->text, NULL, &g);
        assert_true(rc || g);
        if (rc == CNN_EDATA && !strcmp(cnn_error_message(), m->message) && !g)
            continue;
        print_message("%s\n  is: %d %s\n  not: %s\n", m->text, rc, cnn_error_message(), m->message);
        cnn_graph_free(g);
        wrong++;
    }
    assert_int_equal(wrong, 0);
}

static void expect(const char *text, const struct cnn_graph_config *config, const char *message)
{
    struct cnn_graph *g;
    assert_int_equal(cnn_graph_build(text, config, &g), CNN_EDATA);
    assert_null(g);
    assert_string_equal(cnn_error_message(), message);
}

static void outside_of_the_text(void **state)
{
    (void)state;
    struct cnn_graph_config config = {.name = "a/b.net", .input = {3, 16, 16}, .with_loss = 1};
    expect("\nrelx", &config, "a/b.net:2: unknown layer 'relx' (did you mean relu?)");
    config.loss = "xnt";
    expect("relu", &config, "loss:1: unknown layer 'xnt' (did you mean xent?)");
    config.loss = "relu";
    expect("relu", &config,
           "loss: 'relu' is no loss (xent, mse, bce, mae, hinge, squaredhinge, huber, "
           "margin, focal, kldiv, dice, contrastive, triplet)");
    config.loss = "relu; xent";
    expect("relu", &config,
           "loss: 'relu; xent' is no loss (xent, mse, bce, mae, hinge, squaredhinge, huber, "
           "margin, focal, kldiv, dice, contrastive, triplet)");
    config.loss = "xent smooth=7";
    expect("relu", &config, "loss:1: xent: smooth: '7' is not in 0..1");
    config = (struct cnn_graph_config){.name = "x"};
    expect(
        "relu", &config,
        "x:1: there is no input line, and no data to take the shape from; begin with: input CxHxW");
    config.input = (struct cnn_chw){SIZE_MAX / 2, 3, 3};
    expect("relu", &config, "x:1: the data's samples are too large");
}

/* N times the text. */
static char *repeated(const char *text, size_t n)
{
    size_t k = strlen(text);
    char *s = malloc(n * k + 1);
    assert_non_null(s);
    for (size_t i = 0; i < n; i++)
        memcpy(s + i * k, text, k);
    s[n * k] = '\0';
    return s;
}

static void check_long(const char *before, const char *part, size_t n, const char *after,
                       const char *message)
{
    char *middle = repeated(part, n),
         *all = malloc(strlen(middle) + strlen(before) + strlen(after) + 1);
    struct cnn_graph *g;
    assert_non_null(all);
    sprintf(all, "%s%s%s", before, middle, after);
    int rc = build(all, NULL, &g);
    if (message) {
        assert_int_equal(rc, CNN_EDATA);
        assert_string_equal(cnn_error_message(), message);
    } else {
        assert_int_equal(rc, 0);
        cnn_graph_free(g);
    }
    free(middle);
    free(all);
}

static void bounds(void **state)
{
    (void)state;
    check_long("", "{", 64, "relu", "net:1: group: '{' is never closed");
    check_long("", "{", 65, "relu", "net:1: more than 64 blocks within each other");
    check_long("relu", " ", 17 << 20, "", "net:1: the text is longer than 16777216 bytes");
    check_long("repeat 1000 {", "relu;", 100, "}", NULL);
    check_long("repeat 1000 {", "relu;", 101, "}", "net:1: more than 100000 layers");
    check_long(
        "", "a", 501, ": relu",
        "net:1: the label 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa...' is longer than 500 bytes");
    check_long(
        "conv ", "9", 100, " 3",
        "net:1: conv: filters: '9999999999999999999999999999999999999999' has too many digits");
    check_long("conv 8 3 ", "pad=0 ", 2, "", "net:1: conv: pad is given twice");
    check_long("sum ", "{ } ", 1000, "", "net:1: sum: 1000 branches, at most 64 can be");
}

/* More defs than can be, and calls deeper than can be. */
static void many_defs(void **state)
{
    (void)state;
    struct cnn_buf b = {0};
    struct cnn_graph *g;
    for (int i = 0; i < 66; i++)
        cnn_buf_printf(&b, "def f%d { f%d }\n", i, i + 1);
    cnn_buf_puts(&b, "def f66 { relu }\nf0\n");
    assert_int_equal(build(b.text, NULL, &g), CNN_EDATA);
    assert_string_equal(cnn_error_message(), "net:66: defs call each other more than 64 deep");
    cnn_buf_free(&b);
    for (int i = 0; i < 60; i++)
        cnn_buf_printf(&b, "def f%d { { f%d } }\n", i, i + 1);
    cnn_buf_puts(&b, "def f60 { relu }\nf0\n");
    assert_int_equal(build(b.text, NULL, &g), CNN_EDATA);
    assert_string_equal(
        cnn_error_message(),
        "net:32: more than 64 levels of blocks and calls (in f0, called on line 62)");
    cnn_buf_free(&b);
    for (int i = 0; i < 1001; i++)
        cnn_buf_printf(&b, "def f%d { }\n", i);
    assert_int_equal(build(b.text, NULL, &g), CNN_EDATA);
    assert_string_equal(cnn_error_message(), "net:1001: more than 1000 defs");
    cnn_buf_free(&b);
}

static void not_found(void **state)
{
    (void)state;
    char *text, *name;
    assert_int_equal(cnn_net_text("lenet6", &text, &name), CNN_ENOINPUT);
    assert_null(text);
    assert_non_null(strstr(cnn_error_message(), "'lenet6' is no file, no net of the zoo ("));
    assert_non_null(strstr(cnn_error_message(), "(did you mean lenet"));
    FILE *f = fopen("binary.net", "wb");
    assert_non_null(f);
    assert_int_equal(fwrite("relu\0relu", 1, 9, f), 9);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(cnn_net_text("binary.net", &text, &name), CNN_EDATA);
    assert_string_equal(cnn_error_message(), "binary.net: this is not the text of a net");
    remove("binary.net");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_mistake), cmocka_unit_test(outside_of_the_text),
        cmocka_unit_test(bounds),        cmocka_unit_test(many_defs),
        cmocka_unit_test(not_found),
    };
    return cmocka_run_group_tests_name("netlang_errors", tests, NULL, NULL);
}
