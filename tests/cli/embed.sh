# The archive takes no names but those that begin with cnn_. The example of cnn(3) compiles against nothing but the installed header, and answers as cnn-infer.
. "$ROOT/tests/cli/lib.sh"
cc=${CC:-cc}
need "$cc" pkg-config
nm "$BUILD/libcnn.a" 2>/dev/null | grep -q __asan_ && skip "a library with sanitizers needs their flags"
"$BUILD/helpers/make-model" lenet5 0,1,2,3,4,5,6,7,8,9 m.st || fail "make-model"
{ printf 'P5 28 28 255\n' && head -c 784 /dev/zero | tr '\0' '\200'; } >one.pgm

# No name of the archive can meet one of the program that it is linked into; DW.ref... is what compilers of C++ share.
nm -g --defined-only "$BUILD/libcnn.a" 2>/dev/null | awk 'NF == 3 && $3 !~ /^(cnn_|_|DW\.ref\.)/ { print $3 }' | sort -u >strange
[ ! -s strange ] || fail "names that do not begin with cnn_: $(paste -sd ' ' strange)"

mkdir include
cp "$ROOT/lib/cnn.h" include
libs=$(PKG_CONFIG_PATH=$BUILD pkg-config --libs cnn) || fail "no cnn.pc"

# example N NAME: the manual's Nth program, compiled.
example() {
    awk -v n="$1" '/^#include <cnn.h>/ { k++ } /^\.Ed/ { on = 0 } /^#include <cnn.h>/ && k == n { on = 1 } on' \
        "$ROOT/man/cnn.3" | sed 's/\\e/\\/g' >"$2.c"
    # shellcheck disable=SC2086 # a list of options
    run "$cc" -std=c11 -Wall -Wextra -Wpedantic -Werror -Iinclude "$2.c" "-L$BUILD" $libs -o "$2"
    status 0
}
example 1 name
example 2 values

answer=$(cnn-infer m.st one.pgm | cut -f 2)
run ./name m.st one.pgm one.pgm
status 0
silent
[ "$(grep -c "^one.pgm: $answer 0\.[0-9]*$" out)" -eq 2 ] || fail "not the answers of cnn-infer: $answer"
run ./name m.st absent.pgm
status 1
err_is 'absent.pgm: No such file or directory'

# A batch that is full and one that is not; the values are those of cnn-features.
for i in $(seq 18); do
    { printf 'P5 28 28 255\n' && head -c 784 /dev/zero | tr '\0' "\\$((100 + 10 * (i / 8) + i % 8))"; } >"$i.pgm"
done
cnn-features m.st ./*.pgm --layer logits -o want.tsv || fail "cnn-features"
run ./values m.st logits ./*.pgm
status 0
silent
grep -v '^#' want.tsv | cut -f 3- >want
awk 'NR == FNR { want[FNR] = $0; next }
    { n = split(want[FNR], w); for (i = 1; i <= NF; i++) if ((d = $i - w[i]) > 1e-5 || d < -1e-5) bad = 1; all += NF == n && n == 10 }
    END { exit bad || all != 19 }' want out || fail "not the values of cnn-features"
run ./values m.st conv9 1.pgm
status 1
err_has "layer 'conv9': m.st has no such layer*"
