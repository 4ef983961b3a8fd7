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

# Compressed files give what their headers say, and no more.
need gzip
mib() { head -c "$1"000000 /dev/zero; }
npy="{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }"
npy() { printf '\223NUMPY\001\000%b\000%s' "\\$(printf %03o ${#npy})" "$npy"; }
{ npy; head -c 24 /dev/zero; } >some.npy
bounded cnn-train -q --epochs 1 --target input --loss mse --net 'input 3x1x1; dense 3' some.npy -o n.safetensors
status 0
{ npy; mib 300; } | gzip -1 >bomb.npy.gz
bounded cnn-infer -q n.safetensors bomb.npy.gz
status 65
err_is "cnn-infer: bomb.npy.gz: larger than the $((10 + ${#npy} + 24)) bytes that it may have"
{ printf '\0\0\010\003\0\0\0\002\0\0\0\003\0\0\0\003'; mib 300; } | gzip -1 >bomb-idx3-ubyte.gz
bounded cnn-infer -q m.safetensors bomb-idx3-ubyte.gz
status 65
err_is 'cnn-infer: bomb-idx3-ubyte.gz: larger than the 34 bytes that it may have'

# What a header claims is not asked for before it is seen to be there.
npy="{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000000, 3), }"
{ npy; head -c 24 /dev/zero; } >huge.npy
bounded cnn-infer -q n.safetensors huge.npy
status 65
err_has '*huge.npy: truncated*'
printf '\0\0\010\003\377\0\0\002\0\377\0\003\0\0\0\003' >huge-idx3-ubyte
bounded cnn-infer -q m.safetensors huge-idx3-ubyte
status 65
err_has '*huge-idx3-ubyte: truncated*'
printf '\0\0\0\0\0\1\0\0{}' >huge.safetensors
bounded cnn-infer -q huge.safetensors plain.bmp
status 65
err_has '*a header of 1099511627776 bytes*'

# Pipes without an end.
run bash -c "ulimit -v $limit; yes | timeout -k 1 60 cnn-infer -q m.safetensors -"
status 65
err_is 'cnn-infer: -: a text of more than 1073741824 bytes is too large'
run bash -c "ulimit -v $limit; timeout -k 1 20 cnn-infer -q m.safetensors - </dev/zero"
status 65

# A model through a pipe is read; what is none is refused at its first bytes, and texts have their limits.
piped() { run bash -c "ulimit -v $limit; timeout -k 1 20 $1"; }
piped 'cnn-infer -q <(cat m.safetensors) plain.bmp'
status 0
for endless in 'cat /dev/zero' yes; do
    for command in 'cnn-infer -q @ plain.bmp' "cnn-train -q --net 'dense classes' --init @ digits:10 -o x.safetensors"; do
        piped "${command/@/<($endless)}"
        status 65
        err_has 'cnn-*: /dev/fd/*: not a safetensors file'
    done
    for option in '--net' "--net 'dense classes' --classes" "--net 'dense classes' --class-weights"; do
        piped "cnn-train -q $option <($endless) digits:10 -o x.safetensors"
        status 65
        err_has '*larger than the * bytes that it may have'
    done
done
no_file x.safetensors
