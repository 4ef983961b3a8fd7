# The build itself, on a copy with the lowest floor only: no rebuild without need, flags remembered, plain messages.
. "$ROOT/tests/cli/lib.sh"
unset MAKEFLAGS MAKELEVEL MFLAGS CFLAGS CPPFLAGS LDFLAGS WERROR MODE CUDA V
(cd "$ROOT" && find Makefile scripts lib -name '*.[h]' -o -name '*.def' -o -name '*.ld' -o -path 'lib/base/*' -o -path 'scripts/*' \
    -o -name Makefile | tar -cf - -T -) | tar -xf -

run make -j2
status 0
silent
out_has '  AR      build/libcnn.a'
[ "$(cat build/mode)" = release ] || fail "the mode is not remembered"
run make -j2
status 0
out_is ''

touch lib/base/threads.h
run make
status 0
out_has '  CC      lib/base/threads.c'
out_lacks '*text.c'
echo '/* */' >>lib/base/text.c
run make
out_is '  CC      lib/base/text.c
  AR      build/libcnn.a'

# Other flags build anew, once.
run make -j2 CFLAGS=-O1
out_has '  CC      lib/base/text.c'
run make CFLAGS=-O1
out_is ''

# A file that went away leaves the library.
rm lib/base/pipeline.c
run make -j2 CFLAGS=-O1
status 0
ar t build/libcnn.a >members
! grep -q pipeline members || fail "pipeline.o is still in the library"

run make -j2 lib MODE=asan CFLAGS=-O0
status 0
[ -f build/asan/libcnn.a ] || fail "no library of the sanitizers"
[ "$(cat build/mode)" = release ] || fail "another target changed the mode"

run make CUDA=1 NVCC=
status 2
err_has '*CUDA=1: nvcc was not found*'
run make CUDA=0 CFLAGS=-O1
status 0
run make MODE=fast
status 2
err_has '*MODE=fast: it is release, asan, fuzz or portable*'

# Without pkg-config and libraries: what is missing, by its Debian name, from every target that builds.
mkdir few
for tool in bash sh make gcc cc as ld ar sed grep cat cut id mkdir rm mv cmp tr dirname env nproc; do
    ln -s "$(command -v $tool)" few/$tool
done
for target in all check demo; do
    run env PATH="$PWD/few" make $target
    status 2
    err_has '*pkg-config*libopenblas-dev*libpng-dev*libjpeg-dev*zlib1g-dev*libarchive-dev*libjansson-dev*libprotobuf-c-dev*protobuf-c-compiler*'
done
run env PATH="$PWD/few" scripts/install-deps check
status 69
err_has '*libcmocka-dev*'

run make clean
status 0
no_file build demo
