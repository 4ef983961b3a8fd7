# --size: nets that take images of any size do so at another than the model's, as if its input line said it.
. "$ROOT/tests/cli/lib.sh"
net='conv 8 3 stride=2 pad=1; bn; relu; conv 16 3 stride=2 pad=1; relu; avgpool global; fc: dense classes'
cnn-train -q --threads 1 --net "input 1x28x28 resize=32; $net" --epochs 1 -o m.st digits:600:1
for side in 28x28 56x56 40x64; do
    resize=$((${side%x*} * 32 / 28))
    [ $side = 40x64 ] && resize=0
    cnn-train -q --threads 1 --net "input 1x$side resize=$resize; $net" --init m.st --epochs 0 --classes 10 -o $side.st
    cnn-infer --probabilities --size $side m.st digits:20:2 >by-option
    cnn-infer --probabilities $side.st digits:20:2 >by-model
    same by-option by-model
    cnn-features -q --size $side --layer relu2 m.st digits:20:2 -o by-option.npy
    cnn-features -q --layer relu2 $side.st digits:20:2 -o by-model.npy
    same by-option.npy by-model.npy
done
cnn-infer --probabilities m.st digits:20:2 >own
cnn-infer --probabilities --size 28 m.st digits:20:2 >by-option
same own by-option
cnn-infer --probabilities --size model m.st digits:20:2 >by-option
same own by-option
run cnn-infer --eval --size 56 m.st digits:100:3
status 0
out_has 'top1*'

# Those that do not.
cnn-train -q --net lenet5 --epochs 0 -o lenet5.st digits:20:1
run cnn-infer --size 32 lenet5.st digits:2:1
status 65
out_is ''
err_is 'cnn-infer: lenet5.st: --size: fc1 reads all of the plane before it, so that the net takes images of 28x28 alone; --dense slides it over larger ones'
run cnn-infer --size 28 lenet5.st digits:2:1
status 0
run cnn-infer --size 4 lenet5.st digits:2:1
status 65
err_has '*--size 4x4*'
run cnn-infer --size 0 m.st digits:2:1
status 64
run cnn-infer --size own m.st digits:2:1
status 64
run cnn-infer --selftest --size 28 m.st
status 64

# Each image at its own size: as with that size for each, in their order, whatever comes together.
noise() {
    awk -v h="$1" -v w="$2" -v seed="$3" 'BEGIN {
        srand(seed); print "P2", w, h, 255
        for (i = 0; i < h * w; i++) print int(256 * rand())
    }' >"$4"
}
cnn-train -q --threads 1 --net "input 1x28x28; $net" --init m.st --epochs 0 --classes 10 -o n.st
mkdir mixed
k=10
for side in 28x28 40x52 28x28 52x40 40x52 40x52 31x33 64x64 65x64 64x65 28x28 40x52; do
    noise ${side%x*} ${side#*x} $k mixed/$k.pgm
    cnn-infer --probabilities --batch 1 --size $side n.st mixed/$k.pgm >>each
    k=$((k + 1))
done
# close A B: the same paths and classes, and numbers that differ by rounding alone
close() {
    awk -F '\t' '
        NR == FNR { line[NR] = $0; n = NR; next }
        { split(line[FNR], a, "\t"); if (a[1] != $1 || a[2] != $2) bad = 1
          for (i = 3; i <= NF; i++) { d = $i - a[i]; if (!(d < 1e-6 && d > -1e-6)) bad = 1 } }
        END { exit bad || FNR != n || !n }' "$1" "$2" || fail "$1 and $2 differ"
}
for batch in 1 3 64; do
    cnn-infer --probabilities --batch $batch --size native n.st mixed >native
    close each native
done
cnn-infer --probabilities --batch 3 --threads 1 --size native n.st mixed >one
cnn-infer --probabilities --batch 3 --threads 3 --size native n.st mixed >three
same one three
ls mixed/*.pgm | cnn-infer --probabilities --size native n.st - >listed
close each listed
tar cf mixed.tar -C mixed .
cnn-infer --probabilities --size native n.st - <mixed.tar | sed 's|^|mixed/|; s|\t|.pgm\t|' >streamed
[ "$(wc -l <streamed)" = 12 ] || fail "12 samples come from the stream"
cnn-infer --eval --size native n.st digits:100:3 | grep -v '^time' >by-option
cnn-infer --eval n.st digits:100:3 | grep -v '^time' >own
same own by-option

# Features: of one size to any form, of several to a tar.
cnn-features -q --size native --layer avgpool1 n.st mixed -o pooled.npy
cnn-features -q --size native --layer relu2 n.st mixed -o planes.tar
[ "$(tar tf planes.tar | grep -c 'npy$')" = 12 ] || fail "12 planes are in the tar"
cnn-features -q --layer relu2 --pool --size native n.st mixed >pooled.tsv
[ "$(grep -vc '^#' pooled.tsv)" = 12 ] || fail "12 rows are in the table"
run cnn-features --size native --layer relu2 n.st mixed
status 64
err_has "*layer 'relu2' is 16x7x7 for images of the model's size and 16x10x13 for one of another*"

# What a net does not take is a bad sample.
run cnn-infer --size native lenet5.st mixed
status 65
err_is 'cnn-infer: mixed/11.pgm: lenet5.st: --size: fc1 reads all of the plane before it, so that the net takes images of 28x28 alone; --dense slides it over larger ones'
run cnn-infer --size native --on-bad list=bad lenet5.st mixed
status 0
[ "$(wc -l <out)" = 3 ] || fail "3 images have the size of the model"
[ "$(wc -l <bad)" = 9 ] || fail "9 images have another"

# Label images as large as the images, whose answers are as large.
mkdir seg labels
for side in 16x16 20x24 16x16 24x20; do
    noise ${side%x*} ${side#*x} $k seg/$k.pgm
    awk -v h=${side%x*} -v w=${side#*x} 'BEGIN { print "P2", w, h, 255; for (i = 0; i < h * w; i++) print i % 3 }' >labels/$k.pgm
    k=$((k + 1))
done
cnn-augment -q -o pngs labels
for k in 22 23 24 25; do mv pngs/labels_$k.png seg/$k.seg.png; done
(cd seg && tar cf ../all.tar ./* && tar cf ../square.tar 22.* 24.*)
cnn-train -q --target vector --net 'input 1x16x16; conv 4 3 pad=1; relu; maxpool 2; deconv 3 2 stride=2; xent target=seg' \
    --epochs 1 -o seg.st square.tar
run cnn-infer --eval --size native seg.st all.tar
status 0
out_has 'samples    1472'
cnn-infer --eval --size native seg.st square.tar >by-option
cnn-infer --eval seg.st square.tar >own
same own by-option
run cnn-infer --size native --format csv seg.st all.tar
status 64
run cnn-infer --size native --maps maps seg.st all.tar
status 0
for k in 22 23 24 25; do
    cnn-infer --size native --format json seg.st seg/$k.pgm | sed 's/.*\[//; s/\].*//; s/,//g' | tr ' ' '\n' >numbers
    # The answers are logits of three classes, the map has probabilities.
    od -A n -t f4 -v -w4 -j 128 maps/$k.npy | awk 'NR == FNR { e[NR] = exp($1); n = NR / 3; next }
        { i = (FNR - 1) % n + 1; d = $1 - e[FNR] / (e[i] + e[i + n] + e[i + 2 * n]); if (!(d < 1e-5 && d > -1e-5)) bad = 1 }
        END { exit bad || FNR != NR - FNR }' numbers - || fail "the map of $k has other numbers"
done
cnn-infer --size native --maps classes --maps-format png seg.st seg/23.pgm >/dev/null
[ "$(od -A n -t u1 -v -j 16 -N 8 classes/seg/23.seg.png | tr -s ' ')" = ' 0 0 0 24 0 0 0 20' ] || fail "the label image is 24 by 20"
# A single number for each place: of logits what is above 0, of probabilities what is above 1/2.
cnn-train -q --target vector --net 'input 1x16x16; conv 1 3 pad=1; bce target=seg' --epochs 0 -o logits.st square.tar
cnn-train -q --target vector --net 'input 1x16x16; conv 1 3 pad=1; sigmoid; bce target=seg' --init logits.st --epochs 0 -o bits.st square.tar
for model in logits bits; do
    cnn-infer --size native --maps $model --maps-format png $model.st seg/23.pgm >/dev/null
done
same logits/seg/23.seg.png bits/seg/23.seg.png

# Answers and label images of several rows.
cnn-train -q --target vector --net 'input 1x16x16; conv 6 3 pad=1; rows 2; xent target=seg' --epochs 0 -o two.st square.tar
run cnn-infer --eval --size native two.st all.tar
status 65
err_has "cnn-infer: all.tar#*: field 'seg' of 1 rows where there are 2"
run cnn-infer --size native --format json two.st seg/23.pgm
status 0
[ "$(tr -cd , <out | wc -c)" = $((2 * 3 * 20 * 24)) ] || fail "so many numbers are in two rows"
run cnn-infer --dense seg.st seg/23.pgm
status 65
err_is "cnn-infer: --dense: seg.st: the net answers with a plane, 3x16x16, as it is (--size native: for images of any size)"

# Sides that a net joins on its way up are filled up to what it divides them by, and answers are the image's alone.
down='conv 4 3 pad=1; relu'
cnn-train -q --target vector --net "input 1x16x16; a: { $down }; maxpool 2; b: { $down }; maxpool 2; $down
    c: deconv 4 2 stride=2; concat from=b,c; $down; d: deconv 4 2 stride=2; concat from=a,d; conv 3 1
    xent target=seg" --epochs 1 -o unet.st square.tar
mkdir odd even odd-labels
noise 18 23 7 odd/p.pgm
awk 'NR == 1 { print "P2", 24, 20, 255; next } { v[int((NR - 2) / 23), (NR - 2) % 23] = $1 }
    END { for (y = 0; y < 20; y++) for (x = 0; x < 24; x++) print v[y < 18 ? y : 17, x < 23 ? x : 22] }' odd/p.pgm >even/p.pgm
run cnn-infer --size native --maps odd-maps -f json unet.st odd/p.pgm
status 0
err_is 'cnn-infer: images are filled up, by what is nearest, to multiples of 4 pixels'
cnn-infer -q --size native --maps even-maps unet.st even/p.pgm >/dev/null
od -A n -t f4 -v -w4 -j 128 odd-maps/odd/p.npy >odd-numbers
od -A n -t f4 -v -w4 -j 128 even-maps/even/p.npy |
    awk '{ i = NR - 1; if (int(i / 24) % 20 < 18 && i % 24 < 23) print }' >even-numbers
same odd-numbers even-numbers
[ "$(tr -cd , <out | wc -c)" = $((3 * 18 * 23)) ] || fail "so many numbers are of the image itself"
# Features are those of the image alone, too: of the larger one's places those that begin in it.
for layer in b:9:12:10:12 d:18:23:20:24; do
    IFS=: read -r name h w all_h all_w <<<"$layer"
    for side in odd even; do
        cnn-features -q --size native -l $name -f tar unet.st $side/p.pgm | tar xO $side/p.npy | od -A n -t f4 -v -w4 -j 128 >$side-numbers
    done
    awk -v h=$h -v w=$w -v H=$all_h -v W=$all_w '{ i = NR - 1; if (int(i / W) % H < h && i % W < w) print }' even-numbers >own-numbers
    same odd-numbers own-numbers
    cnn-features -q --pool --size native -l $name unet.st odd/p.pgm | awk -F '\t' '!/^#/ { for (c = 3; c <= NF; c++) print $c }' >pooled
    awk -v n=$((h * w)) 'NR == FNR { sum[int((NR - 1) / n)] += $1; next } { d = $1 - sum[FNR - 1] / n; if (!(d < 1e-5 && d > -1e-5)) bad = 1 }
        END { exit bad || FNR != 4 }' odd-numbers pooled || fail "the means of $name are others"
done
noise 15 15 7 odd/almost.pgm
run cnn-features -q --size native -l d unet.st odd/almost.pgm
status 64
err_has "*layer 'd' is 4x16x16 for images of the model's size and 4x15x15 for one of another*"
rm odd/almost.pgm
awk 'BEGIN { print "P2", 23, 18, 255; for (i = 0; i < 18 * 23; i++) print i % 3 }' >odd-labels/p.pgm
cnn-augment -q -o odd-png odd-labels
mv odd-png/odd-labels_p.png odd/p.seg.png
tar cf odd.tar -C odd .
run cnn-infer -q --eval --size native unet.st odd.tar
out_has 'samples    414'
