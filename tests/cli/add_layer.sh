#!/usr/bin/env bash
# Adding a layer touches two places: the example of lib/README.md, taken from the page, added to copies of
# the lists, stands the gradient checks.
. "$ROOT/tests/cli/lib.sh"
set -e
command -v gcc >/dev/null || { echo "no gcc"; exit 77; }
if [ ! -e "$BUILD/libcnn-double.a" ]; then echo "the double build is not there"; exit 77; fi
case $BUILD in */asan) echo "once is enough, in the release build"; exit 77 ;; esac

# The first fenced block is the layer; indented CASE and CNN_LAYER lines are the additions.
mkdir layer
awk '/^```c/ { on = 1; next } /^```/ { exit } on' "$ROOT/lib/README.md" >scale.c
grep -q 'cnn_layer_scale' scale.c
{ cat "$ROOT/lib/layer/layers.def"; sed -n 's/^    \(CNN_LAYER(.*\)/\1/p' "$ROOT/lib/README.md"; } >layer/layers.def
sed -n 's/^    \(CASE(.*\)/\1/p' "$ROOT/lib/README.md" >cases

build() {
    # shellcheck disable=SC2046 # words are meant
    gcc -std=c11 -O1 -Wall -Wextra -Werror -DCNN_REAL=double -D_POSIX_C_SOURCE=200809L -I. -I"$ROOT/lib" -I"$ROOT/tests" \
        "$ROOT/tests/double/gradient.c" "$ROOT/lib/layer/layers.c" scale.c "$BUILD/libcnn-double.a" -o gradient \
        $(pkg-config --cflags --libs openblas libpng libjpeg zlib libarchive jansson cairo) -pthread -lcmocka -lm
}

# Without cases for it the new layer is missed ...
cp "$ROOT/tests/layer_cases.def" .
build
if ./gradient >log 2>&1; then cat log; echo "a layer without cases passed"; exit 1; fi
grep -q 'layer scale has no case' log

# ... with them it passes.
cat cases >>layer_cases.def
build
./gradient
