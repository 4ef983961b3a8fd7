# What has no end is refused, with a word about it, and within bounds of memory and time.
. "$ROOT/tests/cli/lib.sh"
case $BUILD in */asan) limit=unlimited ;; *) limit=4000000 ;; esac # a sanitizer's shadow is not memory

bounded() { run bash -c "ulimit -v $limit; exec timeout -k 1 20 \"\$@\"" bounded "$@"; }
cnn-train -q --epochs 1 --net 'input 3x8x8; flatten; dense classes' digits:40 -o m.safetensors || fail "no model"
cp "$ROOT/tests/golden/formats/plain.bmp" .

bounded cnn-infer -q /dev/zero plain.bmp
status 65
err_is 'cnn-infer: /dev/zero: a device, not a file'
bounded cnn-infer -q m.safetensors /dev/zero
status 65
err_has 'cnn-infer: /dev/zero: *nothing but zeros*'
bounded cnn-train -q --net 'dense classes' --init /dev/zero digits:10 -o x.safetensors
status 65
bounded cnn-train -q --net 'dense classes' /dev/zero -o x.safetensors
status 65
bounded cnn-train -q --net /dev/zero digits:10 -o x.safetensors
status 65
bounded cnn-inspect /dev/zero
status 65
no_file x.safetensors
