#!/usr/bin/env bash
# Adding an activation or a loss touches one place: the examples of lib/README.md, taken from the page, added to copies of
# the lists, stand the gradient checks; an activation by itself and fused with whatever stands before it.
. "$ROOT/tests/cli/lib.sh"
set -e
command -v gcc >/dev/null || { echo "no gcc"; exit 77; }
if [ ! -e "$BUILD/libcnn-double.a" ]; then echo "the double build is not there"; exit 77; fi
case $BUILD in */asan) echo "once is enough, in the release build"; exit 77 ;; esac
mkdir kern

# add THING LIST: the page's line for it to the list, its case to the cases.
add() {
    sed -n "/^## Adding $1\$/,/^## /p" "$ROOT/lib/README.md" >page
    {
        sed '/^#undef/,$d' "$ROOT/lib/kern/$2.def"
        awk '/^```/ { on = !on; next } on' page
        sed -n '/^#undef/,$p' "$ROOT/lib/kern/$2.def"
    } >"kern/$2.def"
    cmp -s "kern/$2.def" "$ROOT/lib/kern/$2.def" && fail "no example of $1"
    { cat "$ROOT/tests/layer_cases.def" && sed -n 's/^`\(CASE(.*)\)`.*/\1/p' page; } >layer_cases.def
    cmp -s layer_cases.def "$ROOT/tests/layer_cases.def" && fail "no case of $1"
    return 0
}
# build TEST FILE...: the test with these files of the library made anew.
build() {
    local test=$1
    shift
    # shellcheck disable=SC2046 # words are meant
    gcc -std=c11 -O1 -Wall -Wextra -Werror -DCNN_REAL=double -D_POSIX_C_SOURCE=200809L -I. -I"$ROOT/lib" -I"$ROOT/tests" \
        "$ROOT/tests/double/$test.c" "$ROOT/lib/layer/layers.c" "${@/#/$ROOT/lib/}" "$BUILD/libcnn-double.a" -o "$test" \
        $(pkg-config --cflags --libs openblas libpng libjpeg zlib libarchive jansson cairo) -pthread -lcmocka -lm
}

add 'an activation' activations
for test in gradient fusions; do
    build $test layer/elementwise.c kern/basic/activation.c
    ./$test
done

# A gradient that is wrong is not passed on.
sed -i '/SOFTSIGN/,/^$/ s/(1 + y) \* (1 + y)/(1 + y)/' kern/activations.def
build gradient layer/elementwise.c kern/basic/activation.c
if ./gradient >log 2>&1; then fail "a wrong gradient passed"; fi
grep -q 'softsign: dx is off' log
rm kern/activations.def

add 'a loss' losses
build gradient layer/losses.c kern/loss/elements.c
./gradient
