#!/usr/bin/env bash
# Adding a model import touches two places: the example of lib/README.md, taken from the page, added to a copy of the
# list, is read by all programs that take a model or weights.
. "$ROOT/tests/cli/lib.sh"
cc=${CC:-gcc} cc=${cc#ccache }
need "$cc" pkg-config
case $BUILD in */asan) skip "once is enough, in the release build" ;; esac
libs=$(PKG_CONFIG_PATH=$BUILD pkg-config --libs cnn) || fail "no cnn.pc"

# The fenced block under the heading is the import; the indented CNN_IMPORT line is the addition.
section() { sed -n '/^## Adding a model import/,/^## Adding a [^m]/p' "$ROOT/lib/README.md"; }
section | awk '/^```c/ { on = 1; next } /^```/ { exit } on' >linear.c
grep -q 'cnn_import_linear' linear.c || fail "no example in lib/README.md"
mkdir -p model/import
{ cat "$ROOT/lib/model/import/imports.def" && section | sed -n 's/^    \(CNN_IMPORT(.*\)/\1/p'; } >model/import/imports.def
for p in cnn-train cnn-infer cnn-features cnn-inspect; do
    # shellcheck disable=SC2086 # words are meant
    run "$cc" -std=c11 -O1 -Wall -Wextra -Werror -D_POSIX_C_SOURCE=200809L -I. -I"$ROOT/lib" linear.c "$ROOT/lib/model/import/import.c" \
        "$BUILD/obj/bin/$p.o" "$BUILD"/obj/bin/cli*.o -L"$BUILD" $libs -o "$p"
    status 0
done
PATH=$PWD:$PATH

printf 'LINEAR 1x2x2 dark light\n-1 -1 -1 -1\n1 1 1 1\n' >m
cp m named.linear
printf 'P5 2 2 255 \060\040\060\040' >dark.pgm
printf 'P5 2 2 255 \360\340\360\340' >light.pgm
printf 'dark.pgm\tdark\nlight.pgm\tlight\n' >list.tsv

run cnn-inspect m
status 0
out_has 'fc  *dense  *2  *8 *'
out_has 'classes  *2 (dark, light)'
run cnn-inspect --print m
out_has 'input 1x2x2 mean=0.5'
run cnn-inspect --tensors m
out_has 'fc.weight  *F32  *2x4  *-1 *'
run cnn-infer m light.pgm
status 0
out_has 'light*light*'
run cnn-infer --eval --gate 'top1>=1' m list.tsv
status 0
run cnn-features -l fc m list.tsv
status 0
run cnn-train -q --threads 1 --init m --epochs 0 -o m.st list.tsv
status 0
run cnn-inspect --diff m m.st
out_lacks 'tensor*'
out_lacks 'classes*'
run cnn-inspect --runs m.st m
status 65
err_has 'cnn-inspect: m: the model does not say how it was made'

# Its own words for what is damaged; by its name where the first bytes tell nothing.
printf 'LINEAR 1x2x2 dark light\n-1 x\n' >bad
run cnn-infer bad list.tsv
status 65
err_is "cnn-infer: bad:2: 'x' is no number"
printf 'linear' >bad.linear
run cnn-inspect bad.linear
status 65
err_is 'cnn-inspect: bad.linear:1: no shape, or no classes'
run cnn-inspect --diff m named.linear
status 0
