# Includes only go down, and the check sees the ones that do not.
. "$ROOT/tests/cli/lib.sh"
run "$ROOT/scripts/check-includes"
status 0
out_is ''

mkdir -p lib/base lib/data lib/kern/isa lib/layer lib/odd lib/task/infer lib/task/train bin
echo '#include "layer/layer.h"' >lib/data/a.c
echo '#include "data/a.h"' >lib/base/b.h
echo '#include "base/b.h"' >lib/cnn.h
echo '# include "net/net.h"' >lib/layer/c.c
echo '#include "own.h"' >lib/layer/fine.c
echo '#include "elsewhere/x.h"' >bin/d.c
echo '#include "kern/kernels.h"' >lib/kern/isa/f.c
echo '#include "kern/isa/isa.h"' >lib/kern/isa.c
echo '#include "task/infer/infer.h"' >lib/task/train/g.c
echo '#include "task/table.h"' >lib/task/infer/fine.c
echo 'int x;' >lib/odd/e.c
run "$ROOT/scripts/check-includes" .
[ "$status" -ne 0 ] || fail "wrong includes pass"
out_is 'bin/d.c:1: "elsewhere/x.h" is no file of a floor
lib/base/b.h:1: "data/a.h" is not below lib/base
lib/cnn.h:1: "base/b.h": this header stands alone
lib/data/a.c:1: "layer/layer.h" is not below lib/data
lib/kern/isa/f.c:1: "kern/kernels.h" is not below lib/kern/isa
lib/layer/c.c:1: "net/net.h" is not below lib/layer
lib/odd/e.c:1: lib/odd is on no floor
lib/task/train/g.c:1: "task/infer/infer.h" is not below lib/task/train'

# No files call each other in a ring, and the check sees those that do.
run "$ROOT/scripts/check-includes" "$ROOT" "$BUILD"
status 0
out_is ''

command -v "${CC:-cc}" >/dev/null || exit 0
rm -rf lib bin
mkdir -p lib/base bin build/obj/lib/base
echo 'int b(void); int a(void) { return b(); }' >lib/base/a.c
echo 'int c(void); int b(void) { return c(); }' >lib/base/b.c
echo 'extern int d; int c(void) { return d; }' >lib/base/c.c
echo 'int a(void); int d; int e(void) { return a() + d; }' >lib/base/d.c
echo 'int e(void); int f(void) { return e(); }' >lib/base/above.c
echo 'int below(void) { return 0; }' >lib/base/below.c
for f in lib/base/*.c; do ${CC:-cc} -fno-common -c "$f" -o "build/obj/${f%.c}.o" || fail "$f does not compile"; done
run "$ROOT/scripts/check-includes" . build
[ "$status" -ne 0 ] || fail "a ring of calls passes"
out_is 'lib/base/a.c: calls lib/base/b.c in a ring: b
lib/base/b.c: calls lib/base/c.c in a ring: c
lib/base/c.c: calls lib/base/d.c in a ring: d
lib/base/d.c: calls lib/base/a.c in a ring: a'

# The same of .cu files, by objects of either compiler, whether a .c file has the name, too.
rm -rf lib build
mkdir -p lib/base build/obj/lib/base build/obj/emu/lib/base
echo 'int b(void); int a(void) { return b(); }' >lib/base/a.cu
echo 'int a(void); int b(void) { return a(); }' >lib/base/b.cu
echo 'int b(void); int host(void) { return b(); }' >lib/base/a.c
${CC:-cc} -x c -c lib/base/a.cu -o build/obj/emu/lib/base/a.o && ${CC:-cc} -x c -c lib/base/b.cu -o build/obj/lib/base/b.cu.o &&
    ${CC:-cc} -c lib/base/a.c -o build/obj/lib/base/a.o || fail 'the files do not compile'
touch -d '1 minute ago' lib/base/*
run "$ROOT/scripts/check-includes" . build
[ "$status" -ne 0 ] || fail "a ring of calls among .cu files passes"
out_is 'lib/base/a.cu: calls lib/base/b.cu in a ring: b
lib/base/b.cu: calls lib/base/a.cu in a ring: a'
