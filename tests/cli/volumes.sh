# Volumes: a dot that moves from slice to slice is told by its direction, which no slice tells by itself; channels or slices may
# come first; what does not fit is refused by its name.
. "$ROOT/tests/cli/lib.sh"

# film COUNT ORDER: films of four slices of 5 x 5, channel 0 with a dot that moves right (class 0) or left, channel 1 with the
# same, negated; an array (n, rows, channels, height, width) or (n, channels, rows, ...).
films() {
    local shape='4, 2'
    [ "$2" = channels ] && shape='2, 4'
    printf '\223NUMPY\1\0\166\0%-117s\n' "{'descr': '|i1', 'fortran_order': False, 'shape': ($1, $shape, 5, 5), }"
    printf '%b' "$(awk -v n="$1" -v order="$2" 'BEGIN {
        for (i = 0; i < n; i++) {
            y = int(i / 2) % 5; x = int(i / 10) % 2
            for (a = 0; a < (order == "channels" ? 2 : 4); a++)
                for (b = 0; b < (order == "channels" ? 4 : 2); b++) {
                    c = order == "channels" ? a : b; r = order == "channels" ? b : a
                    at = i % 2 ? x + 3 - r : x + r
                    for (p = 0; p < 25; p++)
                        printf "%s", p == y * 5 + at ? (c ? "\\xff" : "\\x01") : "\\x00"
                }
        }
    }')"
}
films 40 rows >rows.npy
films 40 channels >channels.npy
{
    echo '#key	class'
    for ((i = 0; i < 40; i++)); do
        echo "f$i	$((i % 2 ? 0 : 1))"
    done
} >rows.tsv
sed 's/\t0$/\tleft/; s/\t1$/\tright/' rows.tsv >channels.tsv
cp channels.tsv rows.tsv

cat >film.net <<'E2'
input 2x5x5 rows=4
c1: conv 6 3x3x3 pad=1 bias=0; bn; relu
maxpool 2x1x1 stride=1
conv 8 2x3x3 pad=0x1x1 groups=2; relu
avgpool 2x5x5
dense classes
E2
train() { run cnn-train -q --epochs 60 --batch 8 --rate 0.05 --seed 3 "$@"; }
train --net film.net rows.npy -o m.st
status 0
run cnn-infer --eval --gate 'top1>=0.99' m.st rows.npy
status 0
run cnn-infer --selftest m.st
status 0
run cnn-inspect m.st
status 0
out_has '*c1 *4\*6x5x5*'
run cnn-infer m.st rows.npy
status 0
cp out answers
run cnn-infer m.st channels.npy
status 0
cmp out answers || fail 'channels first are other films'
train --net film.net channels.npy -o n.st
cmp <(cnn-inspect --meta m.st | grep -v history) <(cnn-inspect --meta n.st | grep -v history) || fail 'another model of channels first'

# Each slice by itself cannot tell.
sed 's/3x3x3/3/; s/2x3x3 pad=0x1x1/3 pad=1/; s/maxpool.*/rowpool/; s/avgpool.*/avgpool global/' film.net >flat.net
train --net flat.net rows.npy -o flat.st
status 0
run cnn-infer --eval --gate 'top1>=0.9' flat.st rows.npy
status 1

# Threads do not show.
for threads in 1 2; do
    train --epochs 2 --net film.net --threads $threads rows.npy -o t$threads.st
    status 0
done
cmp t1.st t2.st || fail 'another model on 2 threads'

# A sample that lacks slices is one whose last slices are zeros.
mkdir few whole
one() { printf '\223NUMPY\1\0\166\0%-117s\n' "{'descr': '|i1', 'fortran_order': False, 'shape': ($1, 2, 5, 5), }"; }
for i in 1 2 3; do
    { one 2 && tail -c +$((129 + 200 * i)) rows.npy | head -c 100; } >few/$i.npy
    { one 4 && tail -c +$((129 + 200 * i)) rows.npy | head -c 100 && head -c 100 /dev/zero; } >whole/$i.npy
done
for set in few whole; do
    (cd $set && tar cf ../$set.tar ./*.npy) || fail tar
    run cnn-infer m.st $set.tar
    status 0
    cp out $set.out
done
cmp few.out whole.out || fail 'slices that are lacking are no zeros'

# What does not fit.
refused() { # NET MESSAGE
    run cnn-train -q --epochs 1 --net "$1" rows.npy -o x.st
    status 65
    err_has "$2"
    no_file x.st
}
refused 'input 2x5x5 rows=4; conv 2 5x3x3; rowpool; dense classes' "*conv: the kernel's depth 5 does not fit into 4 rows"
refused 'input 2x5x5 rows=4; conv 2 3x3x3 stride=1x2; rowpool; dense classes' '*stride: 1x2 lacks the depth that the kernel has'
refused 'input 2x5x5 rows=4; conv 2 3x3x3 pad=1,1,0,0; rowpool; dense classes' '*pad: it lacks the depth that the kernel has: DxHxW'
refused 'input 2x5x5 rows=4; conv 2 3 stride=1x2x2; rowpool; dense classes' '*stride: 1x2x2 has a depth, the kernel has none'
refused 'input 2x5x5 rows=4; conv 2 3 pad=1x2x2; rowpool; dense classes' '*pad: 1x2x2 has a depth, the kernel has none'
refused 'input 2x5x5 rows=4; maxpool 2x2x2 pad=2x1x1; rowpool; dense classes' '*pad 2 of the depth is not smaller than its kernel 2'
refused 'input 2x5x5 rows=4; deconv 2 3x3x3; rowpool; dense classes' "*'3x3x3' is not a size such as 3 or 3x5"
refused 'input 2x5x5 rows=4; conv 2 3x3x3x3; rowpool; dense classes' "*'3x3x3x3' is not a size such as 3 or 3x5 or 3x3x5"
sed 's/ rows=4//; s/maxpool.*//; s/2x3x3/1x3x3/; s/avgpool.*/avgpool 1x5x5/' film.net >one.net # a slice, with a depth all the same
head -n 11 rows.tsv >one.tsv
{ printf '\223NUMPY\1\0\166\0%-117s\n' "{'descr': '|i1', 'fortran_order': False, 'shape': (10, 2, 5, 5), }" && tail -c 500 rows.npy; } >one.npy
run cnn-train -q --epochs 1 --net one.net one.npy -o one.st
status 0
run cnn-infer one.st one.npy
status 0
cp out answers
run cnn-inspect --to x.onnx one.st
status 0
run cnn-infer x.onnx one.npy
status 0
cmp out answers || fail 'as ONNX it answers otherwise'

