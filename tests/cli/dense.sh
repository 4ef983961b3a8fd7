# --dense: a classifier slid over larger images as a fully convolutional net answers at each place as it does to the part
# that is cut out there.
. "$ROOT/tests/cli/lib.sh"

mkdir in
# image H W FILE: a picture with something in it
image() {
    awk -v h="$1" -v w="$2" 'BEGIN {
        print "P2", w, h, 255
        for (y = 0; y < h; y++) for (x = 0; x < w; x++) print int(127.5 + 127 * sin(x * x / 40 + y / 3) * cos(y * y / 60 - x / 5))
    }' >"$3"
}
# cut Y X SIDE FROM TO
cut_out() {
    awk -v y="$1" -v x="$2" -v side="$3" '
        NR == 1 { w = $2; print "P2", side, side, 255; next }
        { i = NR - 2; r = int(i / w) - y; c = i % w - x; if (r >= 0 && r < side && c >= 0 && c < side) print }' "$4" >"$5"
}
# crops NET SIDE STEP H W: model m.st slid over an image of H x W, and part by part
crops() {
    local side=$2 step=$3 h=$4 w=$5 y x
    rm -rf parts maps slid by-part
    mkdir parts
    cnn-train -q --threads 1 --net "$1" --epochs 1 --classes 10 -o m.st digits:200:1
    image "$h" "$w" in/big.pgm
    for ((y = 0; y + side <= h; y += step)); do
        for ((x = 0; x + side <= w; x += step)); do
            cut_out $y $x "$side" in/big.pgm "parts/$(printf %03d.%03d $y $x).pgm"
        done
    done
    cnn-infer --probabilities m.st parts >by-part
    run cnn-infer --dense --maps maps -f json m.st in/big.pgm
    status 0
    # class after class, place after place: the map's numbers, and the parts'
    od -A n -t f4 -v -w4 -j 128 maps/in/big.npy | awk -v parts=by-part '
        BEGIN { FS = "\t"; n = 0; while ((getline <parts) > 0) { for (c = 0; c < 10; c++) p[c, n] = $(c + 3); n++ } }
        { i = NR - 1; d = $1 - p[int(i / n), i % n]; if (!(d < 2e-6 && d > -2e-6)) bad = 1; sum += $1 }
        END { exit bad || NR != 10 * n || !(sum > 0) }' || fail "$1 answers otherwise than to parts"
}
crops 'input 1x28x28; conv1: conv 6 5; relu; maxpool 2; conv2: conv 12 5; relu; maxpool 2; flatten; dense 30; bn; relu
       dropout 0.5; fc: dense classes' 28 4 40 52
err_is 'cnn-infer: places of the map are parts of 28x28 pixels, each 4x4 from the next'
out_has '{"path": "in/big.pgm", "map": [[]4, 7], "top": [[]{"class": "*", "probability": 0.*, "y": *, "x": *}]}'
# Means of all of the plane, in any words; strides; several branches.
crops 'input 1x28x28; conv 8 4 stride=2; relu; sum { } { conv 8 1 }; lrn 3; conv 8 3 stride=2; adaptiveavgpool 3
       tanh; avgpool global; dense 12; relu; fc: dense classes; softmax' 28 8 45 37
crops 'input 1x28x28; conv 8 4 stride=2; relu; concat { maxpool 3 } { avgpool 3 }; adaptiveavgpool 1; fc: dense classes' 28 6 46 40

# The best of each class, and where: what the map has.
cnn-infer -q --dense -k 10 m.st in/big.pgm | awk -F '\t' '{ for (i = 2; i <= NF; i += 4) print $i, $(i + 1), $(i + 2), $(i + 3) }' >told
awk -F '\t' -v w=3 '{ for (c = 0; c < 10; c++) if ($(c + 3) > best[c]) { best[c] = $(c + 3); at[c] = NR - 1 } }
    END { for (c = 0; c < 10; c++) print c, best[c], 6 * int(at[c] / w), 6 * (at[c] % w) }' by-part | sort >wanted
sort told | awk 'NR == FNR { p[$1] = $2; y[$1] = $3; x[$1] = $4; next }
    { d = p[$1] - $2; if (!(d < 2e-6 && d > -2e-6) || y[$1] != $3 || x[$1] != $4) bad = 1 } END { exit bad || FNR != 10 }' - wanted ||
    fail "other places are told of than the best"
run cnn-infer -q --dense --header -k 2 m.st in/big.pgm
out_has "path	class1	probability1	y1	x1	class2	probability2	y2	x2"
run cnn-infer -q --dense --header --probabilities m.st in/big.pgm
out_has "path	class	y	x	0	1*"

# Padding inside is told of. Images of several sizes, and one size for all.
cnn-train -q --net lenet5 --epochs 0 -o lenet5.st digits:20:1
run cnn-infer --dense lenet5.st in/big.pgm
status 0
err_is "cnn-infer: places of the map are parts of 28x28 pixels, each 4x4 from the next; 'conv1' pads what it sees, so that answers are not exactly those to parts that are cut out"
image 28 33 in/small.pgm
cnn-infer -q --batch 1 --dense lenet5.st in/small.pgm in/big.pgm in/small.pgm >together
for f in small big small; do cnn-infer -q --dense lenet5.st in/$f.pgm; done >one-by-one
same together one-by-one
run cnn-infer -q --dense -f json --size 48x56 lenet5.st in/small.pgm in/big.pgm
[ "$(grep -c '"map": \[6, 8\]' out)" = 2 ] || fail "both images are of one size"
run cnn-infer -q --dense --size 20 lenet5.st in/small.pgm
status 65

# The net that slides is a net as any other: printed, saved, exported.
run cnn-inspect --dense --print lenet5.st
out_has 'fc1: conv 120 5'
out_has 'fc3: conv 10 1'
cnn-inspect --dense --to dense.st lenet5.st
run cnn-infer --selftest dense.st
status 0
cnn-inspect --tensors dense.st >out
grep -q 'fc1.weight .*120x16x5x5' out || fail "fc1 is a convolution in the file"
cnn-infer -q --batch 1 --dense dense.st in/small.pgm in/big.pgm in/small.pgm >saved
same together saved
cnn-infer -q --dense --probabilities --size 28 lenet5.st digits:20:3 | cut -f 2,5- >slid
cnn-infer -q --probabilities dense.st digits:20:3 | cut -f 2- >saved
same slid saved
run cnn-infer --size native dense.st in/big.pgm
status 65
err_has '*answers to an image of 46x40 are a map of 5x4, which --dense tells'
cnn-features -q --dense -l fc2 -f tar lenet5.st in/small.pgm in/big.pgm >fc2.tar
[ "$(tar tf fc2.tar | grep -c 'npy$')" = 2 ] || fail "maps of fc2 are in the tar"

# Its weights are the classifier's, also where another net begins with them.
cnn-inspect --dense --print lenet5.st >slid.net
cnn-train -q --net slid.net --init lenet5.st --epochs 0 -o begun.st digits:20:1
cnn-infer -q --probabilities begun.st digits:20:3 | cut -f 2- >begun
same begun saved

# What cannot slide, and what goes not together.
for net in 'conv 4 3; instancenorm; dense classes' 'conv 4 3; mul { } { avgpool global }; dense classes'; do
    cnn-train -q --net "input 1x28x28; $net" --epochs 0 -o no.st digits:20:1
    run cnn-infer --dense no.st in/big.pgm
    status 65
    err_has 'cnn-infer: --dense: *cannot slide: *'
done
cnn-train -q --net 'input 1x28x28; conv 4 3; flatten; bn; dense classes' --epochs 0 -o no.st digits:20:1
run cnn-infer --dense no.st in/big.pgm
status 65
err_is 'cnn-infer: --dense: no.st: bn1 cannot slide: it has parameters for each element of the vector that a plane becomes'
# Of a net's text, too.
run cnn-inspect --dense 'input 1x28x28; conv 4 3; flatten; bn; dense 3'
status 65
err_has 'cnn-inspect: net: bn1 cannot slide: *'
run cnn-infer --dense --eval lenet5.st digits:20:1
status 64
run cnn-infer --maps-format png lenet5.st digits:20:1
status 64
run cnn-infer --dense --selftest lenet5.st
status 64
