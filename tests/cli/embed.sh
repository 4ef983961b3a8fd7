# The archive takes no names but those that begin with cnn_. The example of cnn(3) compiles against nothing but the installed header, and answers as cnn-infer.
. "$ROOT/tests/cli/lib.sh"
cc=${CC:-cc}
need "$cc" pkg-config
nm "$BUILD/libcnn.a" 2>/dev/null | grep -q __asan_ && skip "a library with sanitizers needs their flags"
"$BUILD/helpers/make-model" lenet5 0,1,2,3,4,5,6,7,8,9 m.st || fail "make-model"
{ printf 'P5 28 28 255\n' && head -c 784 /dev/zero | tr '\0' '\200'; } >one.pgm

# No name of the archive can meet one of the program that it is linked into.
nm -g --defined-only "$BUILD/libcnn.a" 2>/dev/null | awk 'NF == 3 && $3 !~ /^(cnn_|_)/ { print $3 }' | sort -u >strange
[ ! -s strange ] || fail "names that do not begin with cnn_: $(paste -sd ' ' strange)"

mkdir include
cp "$ROOT/lib/cnn.h" include
sed -n '/^#include <cnn.h>/,/^\.Ed/p' "$ROOT/man/cnn.3" | sed '/^\.Ed/d; s/\\e/\\/g' >name.c
libs=$(PKG_CONFIG_PATH=$BUILD pkg-config --libs cnn) || fail "no cnn.pc"
# shellcheck disable=SC2086 # a list of options
run "$cc" -std=c11 -Wall -Wextra -Wpedantic -Werror -Iinclude name.c "-L$BUILD" $libs -o name
status 0

answer=$(cnn-infer m.st one.pgm | cut -f 2)
run ./name m.st one.pgm one.pgm
status 0
silent
[ "$(grep -c "^one.pgm: $answer 0\.[0-9]*$" out)" -eq 2 ] || fail "not the answers of cnn-infer: $answer"
run ./name m.st absent.pgm
status 1
err_is 'absent.pgm: No such file or directory'
