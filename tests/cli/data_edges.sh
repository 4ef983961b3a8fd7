# What no net can learn from is said, and never counted as done.
. "$ROOT/tests/cli/lib.sh"
need tar

# picture FILE CHARACTER [SIDE]: a grey image of that byte
picture() {
    mkdir -p "$(dirname "$1")"
    { printf 'P5 %d %d 255\n' "${3:-8}" "${3:-8}" && head -c $((${3:-8} * ${3:-8})) /dev/zero | tr '\0' "$2"; } >"$1"
}
net='input 1x8x8; dense classes'
training() { run cnn-train --threads 1 --epochs 2 "$@" -o m.st; }
for i in 1 2 3 4; do
    picture g/x/$i.pgm "\\0${i}0"
    picture g/y/$i.pgm "\\2${i}0"
    picture flat/$i.pgm "\\1${i}0"
done

# ---- validation needs samples with classes ------------------------------------------------------------
training --net "$net" --val flat g
status 65
err_is 'cnn-train: flat: no sample has a class'
mkdir -p junk/x junk/y
for i in 1 2; do echo junk >junk/x/$i.pgm && echo junk >junk/y/$i.pgm; done
training --net "$net" --val junk --on-bad skip --patience 1 g
status 65
err_has '*cnn-train: junk: no sample could be used'
training --net "$net" --on-bad skip junk
status 65
err_has '*cnn-train: junk: no sample could be used'
[ ! -e m.st ] || fail 'a model of nothing'
training --net "$net" --target input --val flat g
status 65

# ---- tar samples without a class ----------------------------------------------------------------------
mkdir t
for i in 1 2 3 4; do cp g/x/$i.pgm t/$i.pgm && echo $((i % 2)) >t/$i.cls; done
(cd t && tar cf ../half.tar 1.pgm 2.pgm 2.cls 3.pgm 3.cls && tar cf ../apart.tar 1.pgm 2.pgm 1.cls 2.cls &&
    cp 1.pgm a.left.pgm && cp 2.pgm a.right.pgm && cp 1.cls a.cls && tar cf ../two.tar a.left.pgm a.right.pgm a.cls 2.pgm 2.cls)
training --net "$net" half.tar
status 65
err_is "cnn-train: half.tar: 1 of 3 samples have no class, the first is half.tar#0 with the key '1' (--on-bad skip leaves them out)"
training --net "$net" two.tar
status 65
err_is "cnn-train: two.tar#0: the key 'a', which ends at the first dot, has inputs 'left' and 'right', and none without a name"
training --net "$net" --val half.tar g
status 65
err_has 'cnn-train: half.tar: 1 of 3*'
training --net "$net" --on-bad skip half.tar
status 0
err_has '*half.tar: 1 of 3 samples have no class and are left out'
err_has '*half.tar#0: no class'
training --net "$net" --on-bad skip apart.tar
status 65
err_has '*apart.tar: no sample could be used'
# As it comes from a pipe: the first sample without a class ends the run.
run bash -c 'cat half.tar | cnn-train --threads 1 --epochs 1 --shuffle 0 --net "input 1x8x8; dense 2" -o m.st -'
status 65

# ---- weights that are all 0: a mean over nothing is not a perfect one -----------------------------------
printf 'g/x/1.pgm\tx\t\t0\ng/y/1.pgm\ty\t\t0\n' >zero.tsv
weightless() { status 65 && err_has "cnn-*: zero.tsv: all weights are 0" && no_file z.st; }
train_zero() { run cnn-train --threads 1 --epochs 2 --net "$net" "$@" -o z.st; }
train_zero zero.tsv
weightless
train_zero --accumulate 2 zero.tsv
weightless
train_zero --overfit 2 zero.tsv
weightless
train_zero --monitor val_loss --val zero.tsv g
weightless
printf 'g/x/1.pgm\tx\t\t0\ng/y/1.pgm\ty\t\t1\n' >half.tsv
train_zero --class-weights 1,0 half.tsv
status 65
err_has 'cnn-train: half.tsv: all weights are 0 (times --class-weights)'
train_zero --class-weights 0,0 g
status 64
err_has "cnn-train: --class-weights: all weights are 0: '0,0'"
printf 'x\t0\ny\t0\n' >none.txt
train_zero --class-weights none.txt g
status 65
err_has 'cnn-train: none.txt: all weights are 0'
no_file z.st
training --net "$net" half.tsv
status 0
run cnn-infer -q --gate 'loss<1e9' m.st zero.tsv
weightless
run cnn-infer -q --eval m.st half.tsv
status 0

# ---- links that lead nowhere, and round in a circle -----------------------------------------------------
mkdir -p links/x links/y/deep && cp g/x/*.pgm links/x && cp g/y/*.pgm links/y/deep
training --net "$net" links
status 0
cp m.st linked.st
cnn-infer -q m.st links >answers || fail 'no answers'
ln -s nowhere links/x/gone.pgm
ln -s round.pgm links/y/deep/round.pgm
mkdir few
for program in 'cnn-train --epochs 1 --threads 1 --net softmax -o few/m' 'cnn-infer linked.st' 'cnn-split -o few' 'cnn-augment -o few/a.tar' \
    'cnn-features -l output linked.st'; do
    # shellcheck disable=SC2086 # a program and its options
    run $program links
    status 66
    err_has "${program%% *}: *links/[xy]/*: @(No such file or directory|Too many levels of symbolic links)*"
    # shellcheck disable=SC2086
    run $program --on-bad skip links
    status 0
    err_has "${program%% *}: *links/x/gone.pgm: No such file or directory"
    err_has "${program%% *}: *links/y/deep/round.pgm: Too many levels of symbolic links"
done
run cnn-infer -q --on-bad skip linked.st links
status 0
out_is "$(cat answers)"
rm links/x/gone.pgm links/y/deep/round.pgm
ln -s ../.. links/y/deep/loop
ln -s . links/self
for program in 'cnn-train --epochs 1 --threads 1 --net softmax -o few/m' 'cnn-split -o few' 'cnn-augment -o few/a.tar' \
    'cnn-features -l output linked.st' 'cnn-infer linked.st'; do
    # shellcheck disable=SC2086
    run $program links
    status 0
    err_has "${program%% *}: links/y/deep/loop is left out: a link to a folder that it lies in"
    err_has "${program%% *}: links/self is left out: a link to a folder that it lies in"
done
out_is "$(cat answers)"
# What may have been a class is not one less in silence.
rm links/self
ln -s nowhere links/z
run cnn-infer --on-bad skip linked.st links
status 66
err_is 'cnn-infer: links/z: No such file or directory'

# A class is a text as a class list is: a mark, blanks and what ends its line are no part of it.
mkdir bom && cp g/x/1.pgm bom/1.pgm && cp g/x/2.pgm bom/2.pgm && cp g/y/3.pgm bom/3.pgm
printf '\357\273\277cat\r\n' >bom/1.cls && printf '\tcat ' >bom/2.cls && echo dog >bom/3.cls
tar cf bom.tar -C bom 1.pgm 1.cls 2.pgm 2.cls 3.pgm 3.cls
training --net "$net" bom.tar
status 0
[ "$(cnn-inspect --classes m.st | tr '\n' ' ')" = 'cat dog ' ] || fail "classes: $(cnn-inspect --classes m.st)"
printf 'cat\ndog\n' >bom/1.cls && tar cf lines.tar -C bom 1.pgm 1.cls
training --net "$net" lines.tar
status 65
err_is "cnn-train: lines.tar#0: malformed class in '1.cls'"

# ---- nothing to tell apart ----------------------------------------------------------------------------
mkdir one && cp -r g/x one/
training --net "$net" one
status 65
err_is "cnn-train: one: a single class, 'x': there is nothing to tell apart"
mkdir one/labels
training --net "$net" one
status 65
err_is "cnn-train: one: all samples are of one class, 'x': there is nothing to tell apart"
training --net "$net" --epochs 0 one
status 0
mkdir -p same/a same/b && cp flat/1.pgm same/a/ && cp flat/1.pgm same/b/
training --net "$net" same
status 0
err_has '*the first 2 samples are the same to the net: there may be nothing to learn'

# ---- batch normalisation of one value -----------------------------------------------------------------
bn='input 1x8x8; conv 4 3; relu; avgpool global; bn; dense classes'
training --batch 1 --net "$bn" g
status 64
err_has "cnn-train: --batch 1: 'bn1' (batch normalisation)*"
training --batch 7 --net "$bn" g
status 0
err_has "*the last batch of an epoch is one sample, of which 'bn1'*"
training --batch 4 --net "$bn" g
status 0
err_lacks '*last batch*'
training --batch 1 --net 'input 1x8x8; conv 4 3; bn; relu; dense classes' g
status 0

# ---- the loss follows the target ----------------------------------------------------------------------
image='input 1x8x8; conv 4 3 pad=1; relu; conv 1 3 pad=1'
training --target input --log l --net "$image" g
status 0
grep -q '"loss": 0[,}]' l && fail 'a loss of 0'
run cnn-infer --eval --target input m.st g
status 0
training --target input --loss xent --net "$image" g
status 65
err_is 'cnn-train: net: xent over a single output is always the same: --loss bce or --loss mse learns'

# ---- one output for two classes -----------------------------------------------------------------------
for single in 'dense 1; sigmoid' 'dense 1'; do
    run cnn-train -q --threads 1 --epochs 200 --rate 0.5 --net "input 1x8x8; $single" -o pair.st g
    status 0
    run cnn-infer --eval --gate 'top1>=1' pair.st g
    status 0
    out_has 'x            4     1.0000  1.0000  1.0000'
    out_has 'x  4  0'
    out_has 'y  0  4'
    run cnn-infer -k 2 pair.st g/y/4.pgm
    status 0
    [ "$(cut -f 2 out)" = y ] || fail "g/y/4.pgm is $(cat out)"
    awk -F '\t' '{s = $3 + $5; exit !($4 == "x" && $3 > 0.5 && s > 0.999999 && s < 1.000001)}' out || fail "not p and 1 - p: $(cat out)"
done
# With hinge it is a margin.
run cnn-train -q --threads 1 --epochs 200 --rate 0.5 --loss hinge --net "input 1x8x8; dense 1" -o pair.st g
status 0
run cnn-infer --eval --gate 'top1>=1' pair.st g
status 0
out_has 'x  4  0'
out_has 'y  0  4'
run cnn-infer -k 2 pair.st g/y/4.pgm g/x/4.pgm
status 0
awk -F '\t' '$1 ~ /y.4/ {y = $2 == "y" && $3 > 0 && $5 == -$3} $1 ~ /x.4/ {x = $2 == "x" && $3 > 0 && $5 == -$3} END {exit !(x && y)}' out ||
    fail "not margins: $(cat out)"

# ---- the clean image is the target of --target input ---------------------------------------------------
mkdir -p grey/a && for i in 1 2 3 4 5 6 7 8; do picture grey/a/$i.pgm '\036'; done
run cnn-train -q --threads 1 --target input --noise 0.3 --epochs 200 --rate 0.05 -o clean.st \
    --net 'input 1x8x8; conv 8 3 pad=1; relu; conv 1 3 pad=1' grey
status 0
cnn-augment -q --noise 0.3 -o noisy grey
cnn-features -q -l conv2 -f tsv clean.st noisy | awk 'NR > 2 {for (i = 3; i <= NF; i++) {s += $i; n++}} END {exit !(s / n > 0.08 && s / n < 0.15)}' ||
    fail 'it learned the noise, too'

# ---- what is not finite is named ----------------------------------------------------------------------
printf '#key\tclass\tx\ty\nk1\ta\t1\t2\nk2\tb\tnan\t2\n' >nan.tsv
training --net 'dense classes' nan.tsv
status 65
err_has 'cnn-train: nan.tsv*'
err_lacks '*--rate*'

# ---- a net without an input line takes its input from the data as a whole -------------------------------
for i in 1 2 3; do picture mix/a/$i.pgm "\\0${i}0" 8 && picture mix/b/$i.pgm "\\2${i}0" 8; done
picture mix/a/0.pgm '\050' 5
for seed in 1 2 3; do
    cnn-split -q mix -o k --seed $seed --test 0 --val 0
    training --net 'conv 4 3; relu; dense classes' k/train.tsv
    status 0
    err_has '*samples differ in shape: the net takes 1x8x8, the median of 7; --input CxHxW says another'
    cnn-inspect m.st | sed -n 2p
done | sort -u >shapes
[ "$(wc -l <shapes)" -eq 1 ] || fail "shapes: $(cat shapes)"
training --input 3x6x6 --net 'conv 4 3; relu; dense classes' mix
status 0
cnn-inspect m.st | grep -q '3x6x6' || fail '--input is not the input'
training --input 3x6x6 --net "$net" mix
status 64
err_is 'cnn-train: --input: net has an input line of its own'
training --input 3x6 --net 'dense classes' mix
status 64

# ---- what is not finite is named, in data and in weights ------------------------------------------------
# npy FILE LAST: four samples of two numbers, of which the last one is LAST
npy() {
    local header="{'descr': '<f4', 'fortran_order': False, 'shape': (4, 2), }"
    { printf '\223NUMPY\001\000\166\000%-117s\n' "$header" && printf '\0\0\200\077%.0s' 1 2 3 4 5 6 7 && printf "$2"; } >"$1"
}
npy f.npy '\0\0\300\177'
printf '#key\tclass\na\tx\nb\ty\nc\tx\nd\ty\n' >f.tsv
training --net 'dense classes' f.npy
status 65
err_is 'cnn-train: f.npy#3: number 1 is not a number (NaN)'
npy i.npy '\0\0\200\177' && cp f.tsv i.tsv
training --net 'dense classes' i.npy
status 65
err_is 'cnn-train: i.npy#3: number 1 is infinite'
npy good.npy '\0\0\0\100' && cp f.tsv good.tsv
training --net 'dense classes' good.npy
status 0
run cnn-infer m.st f.npy
status 65
err_is 'cnn-infer: f.npy#3: number 1 is not a number (NaN)'
mkdir n && cp f.npy n/a.npy && echo 0 >n/a.cls && (cd n && tar cf ../n.tar a.npy a.cls)
run cnn-infer --eval m.st n.tar
status 65
# The first number of the first tensor.
cp m.st spoilt.st
printf '\0\0\300\177' | dd of=spoilt.st bs=1 seek=$((8 + $(od -An -tu8 -N8 m.st))) conv=notrunc 2>/dev/null
run cnn-infer spoilt.st good.npy
status 65
err_is "cnn-infer: spoilt.st: tensor 'dense1.weight' holds numbers that are not finite"
training --init spoilt.st good.npy
status 65
err_is "cnn-train: spoilt.st: tensor 'dense1.weight' holds numbers that are not finite"
# Weights that are all zero.
head -c $((8 + $(od -An -tu8 -N8 m.st))) m.st >zero.st && head -c $(($(stat -c %s m.st) - $(stat -c %s zero.st))) /dev/zero >>zero.st
run cnn-infer zero.st good.npy
err_has '*every weight of the model is zero: its answers say nothing'

# ---- evaluation needs classes, too -----------------------------------------------------------------------
training -q --net "$net" g
run cnn-infer --eval --gate 'top1<=1' m.st flat
status 65
err_is 'cnn-infer: flat: no classes: there is nothing to evaluate by'
run cnn-infer --eval --gate 'loss<=1' --on-bad skip m.st junk
status 65
err_has '*junk: no samples'
