# Signals: planes of one row, from arrays (n, numbers) and (n, channels, numbers), with weights of PyTorch's Conv1d.
. "$ROOT/tests/cli/lib.sh"

# Forty signals of 24 numbers, a slow wave (class 0) or a fast one in noise; `shape` is what the header says.
waves() { # SHAPE
    printf '\223NUMPY\1\0\166\0%-117s\n' "{'descr': '|i1', 'fortran_order': False, 'shape': ($1), }"
    printf '%b' "$(awk 'BEGIN {
        seed = 7
        for (i = 0; i < 40; i++) {
            seed = (seed * 1103 + 12345) % 65536; phase = seed % 12
            for (t = 0; t < 24; t++) {
                seed = (seed * 1103 + 12345) % 65536
                v = ((t + phase) % (i % 2 ? 4 : 12) < (i % 2 ? 2 : 6) ? 6 : 0) + seed % 3
                printf "\\x%02x", v
            }
        }
    }')"
}
labels() {
    echo '#key	class'
    for ((i = 0; i < 40; i++)); do
        echo "s$i	$([ $((i % 2)) = 0 ] && echo slow || echo fast)"
    done
}
waves '40, 24' >flat.npy
waves '40, 1, 24' >one.npy
waves '40, 2, 12' >two.npy
waves '40, 1, 1, 24' >plane.npy
for name in flat one two plane; do
    labels >$name.tsv
done

cat >wave.net <<'E2'
input 1x1x24
c1: conv 4 1x5 pad=0x2; relu; maxpool 1x2
c2: conv 6 1x3 groups=2; relu
avgpool global; dense classes
E2
run cnn-train -q --net wave.net --epochs 40 --batch 8 --rate 0.02 --seed 3 flat.npy -o m.st
status 0
run cnn-infer --eval --gate 'top1>=0.97' m.st flat.npy
status 0
run cnn-infer m.st flat.npy
cp out answers
for name in one plane; do
    run cnn-infer m.st $name.npy
    status 0
    cmp out answers || fail "$name.npy has other signals"
done
run cnn-train -q --net 'input 2x1x12; conv 4 1x3; relu; avgpool global; dense classes' --epochs 1 two.npy -o two.st
status 0
run cnn-infer m.st two.npy
status 65
err_has '*two.npy#0: numbers of shape 1x2x12 where the net takes 1x1x24'

# Weights of three dimensions, as Conv1d has them: the header says so, of the same length.
sed 's/\[4,1,1,5\]/[4,1,5]  /; s/\[6,2,1,3\]/[6,2,3]  /' m.st >conv1d.st
cmp -s m.st conv1d.st && fail 'no weight became one of three dimensions'
run cnn-inspect --tensors conv1d.st
out_has '*c1.weight*4x1x5*'
run cnn-train -q --net wave.net --epochs 0 --init conv1d.st flat.npy -o again.st
status 0
run cnn-infer again.st flat.npy
status 0
cmp out answers || fail 'weights of Conv1d are others'
run cnn-train -q --net 'input 1x1x24; c1: conv 4 1x3; c2: conv 6 1x3 groups=2; avgpool global; dense classes' --epochs 0 --init conv1d.st flat.npy -o x.st
status 65
err_has '*4x1x5*'

run cnn-train -q --net 'input 1x1x24; conv 4 5; dense classes' --epochs 1 flat.npy -o x.st
status 65
err_has '*kernel 5x5 does not fit into 1x24 (pad 0); of signals: 1xN'
no_file x.st

# Files of signals: folders of classes, any length where the net pools all of it.
wav() { # SAMPLES of 8 bits PERIOD: a square wave
    printf 'RIFF\0\0\0\0WAVEfmt \x10\0\0\0\1\0\1\0\x40\x1f\0\0\x40\x1f\0\0\1\0\x08\0data%b' "\\x$(printf %02x "$1")\0\0\0"
    printf '%b' "$(awk -v n="$1" -v p="$2" 'BEGIN { for (i = 0; i < n; i++) printf "\\x%02x", i % p < p / 2 ? 160 + p : 80 }')"
}
mkdir -p sounds/slow sounds/fast
for ((i = 0; i < 10; i++)); do
    wav 48 $((12 + i % 4)) >sounds/slow/$i.wav
    wav 48 $((4 + i % 2)) >sounds/fast/$i.wav
done
run cnn-train -q --net 'input 1x1x48; conv 4 1x7; relu; avgpool global; dense classes' --epochs 30 --batch 5 --rate 0.05 --seed 1 sounds -o s.st
status 0
run cnn-infer --gate 'top1>=0.95' s.st sounds
status 0
wav 60 5 >long.wav
run cnn-infer s.st long.wav
status 65
err_has '*long.wav: numbers of shape 1x1x60 where the net takes 1x1x48'
run cnn-infer --size native s.st long.wav
status 0
out_has '*fast*'
head -c 70 long.wav >cut.wav
run cnn-infer s.st cut.wav
status 65
err_has '*cut.wav: truncated WAV'
