# make install and uninstall: everything at its place, usable from there, and nothing left behind.
. "$ROOT/tests/cli/lib.sh"
mode=${BUILD#"$ROOT/build"}
mode=${mode#/}

install_to() { run make -C "$ROOT" --no-print-directory MODE="${mode:-release}" "$@"; }
files_in() { (cd "$1" && find . ! -type d | sort); }
programs=$(cd "$ROOT/bin" && ls cnn-*.c)

# Packagers: into a folder that stands for the root.
install_to install PREFIX=/usr DESTDIR="$PWD/the root"
status 0
cd "the root" || exit 1
for p in $programs; do
    [ -x "usr/bin/${p%.c}" ] || fail "${p%.c} is not installed"
    [ "$(usr/bin/"${p%.c}" --version)" = "${p%.c} $(sed -n 's/^Version: //p' usr/lib/pkgconfig/cnn.pc)" ] ||
        fail "${p%.c} does not say the version of cnn.pc"
    [ -f "usr/share/man/man1/${p%.c}.1" ] || fail "${p%.c} has no manual page"
    [ -f "usr/share/bash-completion/completions/${p%.c}" ] || fail "${p%.c} has no completion"
done
for f in "$ROOT"/man/*.[1-8]; do
    [ -f "usr/share/man/man${f##*.}/${f##*/}" ] || fail "${f##*/} is not installed"
done
[ -f usr/lib/libcnn.a ] && [ -f usr/include/cnn.h ] || fail "the library is not installed"
grep -q '^prefix=/usr$' usr/lib/pkgconfig/cnn.pc || fail "cnn.pc has another prefix"
cd ..
install_to uninstall PREFIX=/usr DESTDIR="$PWD/the root"
status 0
[ -z "$(files_in "the root")" ] || fail "left behind: $(files_in "the root")"

# Users: a program of one's own against the library, as pkg-config says; then away, and nothing else with it.
mkdir -p prefix/bin
echo mine >prefix/bin/mine
install_to install PREFIX="$PWD/prefix"
status 0
cat >own.c <<'END'
#include <cnn.h>
#include <stdio.h>
int main(void)
{
    struct cnn_predictor *p;
    int rc = cnn_predictor_open("no such model", 1, &p);
    printf("%s: %d: %s\n", cnn_version(), rc, cnn_error_message());
    cnn_predictor_close(p);
    return 0;
}
END
sanitize=
[ "$mode" = asan ] && sanitize=-fsanitize=address,undefined
export PKG_CONFIG_PATH=$PWD/prefix/lib/pkgconfig
# shellcheck disable=SC2046,SC2086 # words are meant
run "${CC:-gcc}" -std=c11 -Wall -Wextra -Werror $sanitize own.c $(pkg-config --cflags --libs cnn) -o own
status 0
run ./own
status 0
out_has '[0-9]*: -66: no such model*'
install_to uninstall PREFIX="$PWD/prefix"
status 0
[ "$(files_in prefix)" = ./bin/mine ] || fail "left behind: $(files_in prefix)"
