#!/usr/bin/env bash
# What lib/ADDING.md says is enough to add a layer, an activation, ... is enough: every example of the page, put into
# the files that it names, is built, and stands the tests that its kind has. Nothing else is compiled anew than what
# makes tables of the lists; what only counts their lines from the front is right as it is.
. "$ROOT/tests/cli/lib.sh"
cc=${CC:-gcc} cc=${cc#ccache }
need "$cc" pkg-config
case $BUILD in */asan) skip "once is enough, in the release build" ;; esac
top=${BUILD%/emu}
export PKG_CONFIG_PATH=$top
libs=$(pkg-config --libs cnn) && flags=$(pkg-config --cflags cnn) || fail "no cnn.pc"
jobs=$(nproc)

# ---- the page into a copy of the tree ----------------------------------------------------------------------------
mkdir tree blocks
cp -r "$ROOT"/{bin,lib,man,scripts,completions} tree
mkdir tree/tests
cp -r "$ROOT"/tests/{double,emu,kernels,unit,programs,*.h,layers.txt} tree/tests
awk '/^`[^`]*`:$/ { file = substr($0, 2, length($0) - 3) }
    /^```/ { if (on) { close(block); on = 0 } else if (file) { on = 1; block = sprintf("blocks/%03d", ++n); print file >block; file = ""; next } }
    on { print >block }' "$ROOT/lib/ADDING.md"
# put FILE BLOCK: a new file; or lines in the place of the one that is there already, else at a list's end.
put() {
    if [ ! -e "$1" ]; then
        mkdir -p "$(dirname "$1")" && cp "$2" "$1"
        return
    fi
    awk -v file="$1" '
        BEGIN { while ((getline line <file) > 0) there[line]++ }
        FNR == NR { text = text $0 "\n"; if (there[$0] == 1) place = $0; next }
        place != "" && $0 == place || place == "" && /^#undef/ && !put { printf "%s", text; put = 1; if (place != "") next }
        { print }
        END { if (!put) printf "%s", text }' "$2" "$1" >new && mv new "$1"
}
for block in blocks/*; do
    file=$(head -n 1 "$block")
    sed -i 1d "$block"
    put "tree/$file" "$block"
    cmp -s "tree/$file" "$ROOT/$file" && fail "$file: nothing was added"
    echo "$file" >>added
done
[ "$(sort -u added | wc -l)" -ge 25 ] || fail "the page has few examples: $(cat added)"

for check in includes map; do
    run tree/scripts/check-$check tree
    status 0
    out_is ''
done

# ---- building ----------------------------------------------------------------------------------------------------
# compile OBJECT SOURCE FLAGS...: to be done by compile_all.
: >commands
compile() {
    local object=$1 source=$2
    shift 2
    mkdir -p "$(dirname "$object")"
    echo "$cc -std=c11 -O1 -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror -D_POSIX_C_SOURCE=200809L -Itree/lib $flags" \
        "$* -c $source -o $object" >>commands
}
compile_all() {
    command_line="what was compiled"
    tr '\n' '\0' <commands | xargs -0 -P "$jobs" -I{} sh -c '{}' >out 2>err || fail "not compiled"
    : >commands
}
link() {
    command_line="linking $1"
    # shellcheck disable=SC2086 # words are meant
    "$cc" "${@:2}" -L"$top" $libs -lcmocka -o "$1" >out 2>err || fail "not linked"
}
new() { sort -u added | grep -E "^$1"; }

# What is run of the tests of kernels.
cat >kernel_tests.c <<'EOF'
#include "kernels/rig.h"
#define TEST(name) cmocka_unit_test_setup(name, start_test)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_blend),
#ifndef CNN_TEST_CUDA
        TEST(test_conv_forward),
        TEST(test_update),
#endif
    };
    return cmocka_run_group_tests(tests, open_queues, close_queues);
}
EOF

# The emulated GPU's turn: the kernel.
if [ "$BUILD" != "$top" ]; then
    emulated=$top/obj/emu
    for source in lib/backend/cuda.cu $(new '.*\.cu$'); do
        echo "g++ -std=c++17 -Itree/tests/emu -Itree/lib -D_POSIX_C_SOURCE=200809L -DCNN_CUDA -DCNN_EMULATED -O1 -Wall -Wextra" \
            "-Wno-unknown-pragmas -Werror -x c++ -c tree/$source -o $(basename "$source" .cu).cu.o" >>commands
    done
    for source in kernel_tests.c tree/tests/kernels/blend.c; do
        compile "$(basename $source).o" $source -DCNN_CUDA -DCNN_TEST_CUDA -Itree/tests -Itree/tests/emu
    done
    compile_all
    mapfile -t rest < <(find "$emulated/lib" "$emulated/tests/emu" "$emulated/tests/kernels" -name '*.o' ! -path '*/backend/cuda.o')
    link kernels ./*.o "${rest[@]}" -lstdc++
    ./kernels >log 2>&1 || fail "the kernel: $(cat log)"
    exit 0
fi

# The sources that make tables of the lists, and the new ones.
new '.*\.def$' | sed 's|^lib/||' >lists
tables=$(cd tree && grep -rlFf ../lists lib --include=*.c && echo lib/optim/schedule.c lib/lang/recipe.c lib/task/train/settings/options.c)
sources=$(for s in $tables $(new 'lib/.*\.c$'); do echo "$s"; done | sort -u)
for s in $sources; do compile "single/${s//\//_}.o" "tree/$s"; done
for s in $sources; do
    [[ $s == lib/@(layer|kern|backend)/* ]] && compile "double/${s//\//_}.o" "tree/$s" -DCNN_REAL=double
done
tree/scripts/embed-zoo tree/lib/zoo/*/*.net >zoo.c
compile single/zoo.o zoo.c
for p in $(new 'bin/'); do compile "bin/$(basename "$p" .c).o" "tree/$p"; done
for t in unit/augment_contract unit/recipe unit/schedule kernels/conv kernels/blend kernels/update; do
    compile "tests/$(basename $t).o" "tree/tests/$t.c" -Itree/tests -Itree/bin
done
for t in gradient fusions; do compile "tests/double-$t.o" "tree/tests/double/$t.c" -Itree/tests -DCNN_REAL=double; done
compile tests/kernel_tests.o kernel_tests.c -Itree/tests
compile_all

lib_objects=(single/*.o) double_objects=(double/*.o)
# Each program is linked in the background, since there are several cores.
: >commands
for p in "$ROOT"/bin/cnn-*.c cnn-count net-manual; do
    p=$(basename "$p" .c)
    main=$top/obj/bin/$p.o
    [ "$p" = cnn-count ] && main=bin/cnn-count.o
    [ "$p" = net-manual ] && main=$top/obj/tests/programs/net-manual.o
    echo "$cc $main $top/obj/bin/cli*.o ${lib_objects[*]} -L$top $libs -o $p" >>commands
done
compile_all
mkdir -p over/helpers && mv net-manual over/helpers
export PATH=$PWD:$PATH

# ---- layers, activations, losses, kernels ------------------------------------------------------------------------
libs=${libs/-lcnn /-lcnn-double }
for test in gradient fusions; do
    link $test tests/double-$test.o "${double_objects[@]}"
    ROOT=tree ./$test >log 2>&1 || fail "$test: $(cat log)"
done
if ./gradient >log 2>&1; then fail "layers without cases pass"; fi
grep -qE 'layer (depthwise|difference|squareplus|quartic) has no case' log || fail "$(cat log)"
# A gradient that is wrong is not passed on.
sed -i '/SQUAREPLUS/,/^$/ s/(1 + y \* y)/(1 + y)/' tree/lib/kern/activations.def
for s in lib/layer/activation/elementwise.c lib/kern/basic/activation.c; do compile "double/${s//\//_}.o" "tree/$s" -DCNN_REAL=double; done
compile_all
link wrong tests/double-gradient.o "${double_objects[@]}"
if ROOT=tree ./wrong >log 2>&1; then fail "a wrong gradient passes"; fi
grep -q 'squareplus: dx is off' log || fail "$(cat log)"

libs=$(pkg-config --libs cnn)
rig=()
for s in "$ROOT"/tests/kernels/*.c; do
    s=$(basename "$s" .c)
    [ -e "tests/$s.o" ] || rig+=("$top/obj/tests/kernels/$s.o")
done
link kernel_tests tests/kernel_tests.o tests/conv.o tests/blend.o tests/update.o "${rig[@]}" "${lib_objects[@]}"
./kernel_tests >log 2>&1 || fail "kernels: $(cat log)"
grep -q amsgrad log || fail "amsgrad's kernel is not tested: $(cat log)"
for t in augment_contract recipe schedule; do
    link $t tests/$t.o "${lib_objects[@]}"
    ./$t >log 2>&1 || fail "$t: $(cat log)"
done
# An augmentation that goes by what came before is seen.
sed 's/if (cnn_random_range(.*) >=/static int calls;\n    if (calls++ % 2 >/' tree/lib/data/augment/invert.c >counts.c
compile single/lib_data_augment_invert.c.o counts.c
compile_all
link counts tests/augment_contract.o "${lib_objects[@]}"
if ./counts >log 2>&1; then fail "an augmentation that counts passes"; fi
grep -q 'invert: a sample becomes something else behind others' log || fail "$(cat log)"

# ---- what users see ----------------------------------------------------------------------------------------------
run cnn-train --help
out_has '*inverse-sqrt*'
out_has '*--invert P*'
out_has '*--splice P*'
out_has '*--loss*'
run cnn-augment --options
out_has '--invert*'
out_lacks '--splice*'
BUILD=over run "$ROOT/scripts/make-net-manual" "$ROOT/man/cnn-net.5"
for layer in depthwise difference squareplus quartic; do out_has ".It Cm $layer*"; done
run cnn-inspect --zoo
out_has 'resnet26*'
run cnn-inspect resnet26
out_has '*15,995,176*'
if command -v mandoc >/dev/null; then run mandoc -T lint -W warning tree/man/cnn-count.1; out_is ''; fi
# shellcheck source=/dev/null
(. tree/completions/cnn && complete -p cnn-count >/dev/null) || fail "cnn-count has no completion"

# ---- an image format, augmentations, a form of dataset, a schedule, layers, a loss, a program --------------------
# image FILE BYTE: 2x2 pixels of it
image() {
    mkdir -p "$(dirname "$1")"
    { printf 'farbfeld\0\0\0\2\0\0\0\2' && for _ in 1 2 3 4; do printf '%b' "$2$2$2$2$2$2" '\0377\0377'; done; } >"$1"
}
for i in 1 2 3 4; do image photos/dark/$i.ff "\\004$i" && image photos/light/$i.ff "\\032$i"; done
image cut.ff '\00' && truncate -s 40 cut.ff
run cnn-count photos
status 0
out_is 'dark	4
light	4'
cnn-augment -q --invert 1 photos >inverted.tar
cnn-augment -q --invert 1 --invert 1 photos >twice.tar
cnn-augment -q photos >plain.tar
for t in inverted twice plain; do mkdir $t && tar -xf $t.tar -C $t; done
diff -r -x '*.json' plain twice >log || fail "a negative's negative"
diff -r -x '*.json' plain inverted >log && fail "a negative"
net='conv 4 1; difference { } { conv 4 1; sigmoid }; depthwise 3; squareplus; conv 4 1; flatten; dense classes'
run cnn-train -q --device cpu --threads 1 --net "$net" --loss quartic --schedule inverse-sqrt --invert 0.1 --splice 0.1 --epochs 60 --rate 0.1 \
    --batch 4 -o m.st photos
status 0
run cnn-infer --device cpu --eval --gate 'top1>=1' m.st photos
status 0
run cnn-infer --device cpu m.st cut.ff
status 65
err_is 'cnn-infer: cut.ff: farbfeld: the file is cut'

run cnn-train -q --device cpu --threads 1 --net "$net" --optimizer amsgrad --epochs 60 --rate 0.05 --batch 4 -o m.st photos
status 0
run cnn-infer --device cpu --eval --gate 'top1>=1' m.st photos
status 0
run cnn-train --net "$net" --optimizer amsgrad --momentum 0.9 -o m.st photos
status 64

printf 'length,width,class\n1,2,a\n1.5,2.5,a\n-1,-2,b\n-2,-1,b\n' >flowers.csv
run cnn-count flowers.csv
out_is 'a	2
b	2'
run cnn-train -q --device cpu --threads 1 --net 'dense 4; squareplus; dense classes' --epochs 50 --rate 0.3 -o f.st flowers.csv
status 0
run cnn-infer --device cpu --eval --gate 'top1>=1' f.st - <flowers.csv
status 0
printf 'x,class\n1,a\n1,2,a\n' >odd.csv
run cnn-infer f.st odd.csv
status 65
err_is 'cnn-infer: odd.csv:3: 3 columns, not 2'

# ---- a model import ----------------------------------------------------------------------------------------------
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
