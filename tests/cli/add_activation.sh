#!/usr/bin/env bash
# Adding an activation touches one place: the example of lib/README.md, taken from the page, added to a copy of the list,
# stands the gradient checks, by itself and fused with whatever stands before it.
. "$ROOT/tests/cli/lib.sh"
set -e
command -v gcc >/dev/null || { echo "no gcc"; exit 77; }
if [ ! -e "$BUILD/libcnn-double.a" ]; then echo "the double build is not there"; exit 77; fi
case $BUILD in */asan) echo "once is enough, in the release build"; exit 77 ;; esac

page() { sed -n '/^## Adding an activation/,/^## Adding a kernel/p' "$ROOT/lib/README.md"; }
list=$ROOT/lib/kern/activations.def
mkdir kern
{
    sed '/^#undef/,$d' "$list"
    page | awk '/^```/ { on = !on; next } on'
    sed -n '/^#undef/,$p' "$list"
} >kern/activations.def
grep -q 'SOFTSIGN, softsign' kern/activations.def || fail "no example"

build() {
    # shellcheck disable=SC2046 # words are meant
    gcc -std=c11 -O1 -Wall -Wextra -Werror -DCNN_REAL=double -D_POSIX_C_SOURCE=200809L -I. -I"$ROOT/lib" -I"$ROOT/tests" \
        "$ROOT/tests/double/$1.c" "$ROOT"/lib/layer/{layers,elementwise}.c "$ROOT/lib/kern/basic/activation.c" \
        "$BUILD/libcnn-double.a" -o "$1" \
        $(pkg-config --cflags --libs openblas libpng libjpeg zlib libarchive jansson cairo) -pthread -lcmocka -lm
}
{
    cat "$ROOT/tests/layer_cases.def"
    page | sed -n 's/^`\(CASE(.*)\)`.*/\1/p'
} >layer_cases.def
tail -n 1 layer_cases.def | grep -q softsign || fail "no case"
for test in gradient fusions; do
    build $test
    ./$test
done

# A gradient that is wrong is not passed on.
sed -i '/SOFTSIGN/,/^$/ s/(1 + y) \* (1 + y)/(1 + y)/' kern/activations.def
build gradient
if ./gradient >log 2>&1; then fail "a wrong gradient passed"; fi
grep -q 'softsign: dx is off' log
