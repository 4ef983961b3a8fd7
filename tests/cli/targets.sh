# Nets with several targets or inputs: what samples have under those names is trained on, evaluated and read; each target's
# loss is told, and they add up; what does not fit is refused by its name.
# shellcheck disable=SC2046 # the names have no blanks
. "$ROOT/tests/cli/lib.sh"
shopt -s lastpipe

# An array of two numbers: 0, 5 or 10 tenths each.
number() {
    case $1 in
        0) printf '\0\0\0\0' ;;
        5) printf '\0\0\0\77' ;;
        10) printf '\0\0\200\77' ;;
    esac
}
two_numbers() {
    printf '\223NUMPY\1\0\166\0%-117s\n' "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }"
    number "$1"
    number "$2"
}
# An 8x8 image: a square of 4x4 at x, y, of that grey.
square() {
    awk -v x="$1" -v y="$2" -v grey="$3" 'BEGIN {
        print "P2 8 8 255"
        for (i = 0; i < 64; i++)
            print (i % 8 >= x && i % 8 < x + 4 && int(i / 8) >= y && int(i / 8) < y + 4) ? grey : 0
    }'
}
mkdir a
k=100
for x in 0 2 4; do
    for y in 0 2 4; do
        for class in 0 1; do
            k=$((k + 1))
            square $x $y $((80 + 170 * class)) >a/$k.pgm
            echo $class >a/$k.cls
            two_numbers $((x * 5 / 2)) $((y * 5 / 2)) >a/$k.box.npy
        done
    done
done
(cd a && tar cf ../a.tar $(ls | LC_ALL=C sort)) || fail tar
(cd a && tar cf ../no-box.tar $(ls | LC_ALL=C sort | grep -v box)) || fail tar
(cd a && tar cf ../no-class.tar $(ls | LC_ALL=C sort | grep -v cls)) || fail tar

cat >heads.net <<'E2'
input 1x8x8
flatten; trunk: dense 32; relu
kind: dense classes
place: dense 2 from=trunk
output kind place
xent on=kind target=class
mse on=place target=box weight=2
E2
train() { run cnn-train --net heads.net --epochs 30 --batch 6 --rate 0.05 --seed 3 "$@"; }

# Both losses fall; they add up to the loss, in training and validation.
train --val a.tar --log log a.tar -o m.st
status 0
err_has 'epoch 1/30: loss * (class *, box *), top-1 *, val loss * (class *, box *), val top-1 *'
losses() { sed -n 's/.*"epoch": '"$1"',.*"'"$2"'loss": \([^,]*\), "'"$2"'losses": {"class": \([^,]*\), "box": \([^}]*\)}.*/\1 \2 \3/p' log; }
for what in '' val_; do
    losses 1 "$what" | read -r all1 class1 box1 || fail "no losses: $(cat log)"
    losses 30 "$what" | read -r all30 class30 box30 || fail "no losses: $(cat log)"
    awk -v all="$all30" -v class="$class30" -v box="$box30" -v class1="$class1" -v box1="$box1" -v all1="$all1" '
        BEGIN { d = all - class - box; exit !(d < 1e-6 && d > -1e-6 && class < class1 / 2 && box < box1 / 2 && all1 > 0) }' ||
        fail "${what}losses: $all1 $class1 $box1, then $all30 $class30 $box30"
done

# Interrupted and resumed, it is the same run, with the same losses of each target.
train --threads 1 --val a.tar a.tar -o n.st
same m.st n.st
long=(cnn-train -q --net heads.net --epochs 600 --batch 6 --rate 0.01 --schedule constant --seed 3)
"${long[@]}" --log whole.log a.tar -o whole.st || fail 'the run that is left alone'
interrupted "${long[@]}" --log parts.log a.tar -o parts.st
"${long[@]}" --log parts.log --checkpoint c --checkpoint-every 1000 --resume a.tar -o parts.st || fail 'resumed'
same whole.st parts.st
untimed() { grep '^."event": "epoch"' "$1" | sed 's/, "images_per_second": .*//'; }
same <(untimed whole.log) <(untimed parts.log)

# Evaluation tells of each target, and of those that the samples have.
run cnn-infer --eval m.st a.tar
status 0
out_has 'target     class'
out_has 'target     box'
out_has 'mse        0.*'
run cnn-infer --eval --json m.st a.tar
status 0
out_has '*"targets": {"class": {"samples": 18, *"top1": 1*}, "box": {"samples": 18, *"mse": *}}*'
run cnn-infer --eval m.st no-box.tar
status 0
out_has 'top1       1.0000'
out_lacks 'target     box'
out_lacks 'loss *'
run cnn-infer --eval m.st no-class.tar
status 0
out_has 'target     box'
out_lacks 'top1 *'
run cnn-infer m.st a.tar
status 0
out_has $'101\t0\t*'

run cnn-features --layer kind --layer place --concat m.st a.tar
status 0
out_has $'#key\tclass\tkind:0\tkind:1\tplace:0\tplace:1'

# The model's --overfit, its plan and the time of its steps.
train --overfit 4 --rate 0.1 a.tar -o x.st
status 0
train --plan a.tar -o x.st
status 0
run cnn-inspect --time --training --outputs 2 heads.net
status 0

# Pairs: a net of two inputs, by name; the second is the first or its negative.
mkdir b
k=100
for x in 0 1 2 3 4; do
    for y in 0 2 4; do
        for class in 0 1; do
            k=$((k + 1))
            square $x $y 250 >b/$k.left.pgm
            square $((class ? x : 4 - x)) $((class ? y : 4 - y)) 250 >b/$k.right.pgm
            echo $class >b/$k.cls
        done
    done
done
(cd b && tar cf ../b.tar $(ls | LC_ALL=C sort)) || fail tar
cat >pair.net <<'E2'
input left 1x8x8
input right 1x8x8
def tower { flatten; dense 16; relu }
a: tower from=left
b: tower from=right
both: concat from=a,b
dense 32; relu; dense classes
E2
pair() { run cnn-train --net pair.net --epochs 40 --batch 6 --rate 0.05 "$@"; }
pair --val b.tar b.tar -o s.st
status 0
run cnn-infer --eval --gate 'top1>=0.8' s.st b.tar
status 0
run cnn-features --layer both s.st b.tar
status 0
out_has $'101\t0\t*'
[ "$(wc -l <out)" = 32 ] || fail 'not a row a sample'
cp out first
# The other order of inputs takes the other images.
sed 's/^input left/input x/; s/^input right/input left/; s/^input x/input right/' pair.net >swapped.net
cnn-train -q --net swapped.net --init s.st --epochs 0 --classes 2 -o t.st || fail 'no model'
run cnn-features --layer both t.st b.tar
status 0
cmp out first || fail 'inputs do not go by their names'
pair --epochs 2 - -o w.st <b.tar
status 0

# Points go where augmentations and the net's size move the image: the middle of a square, in pixels of the input.
mkdir p
k=100
for x in 0 1 2 3 4; do
    for y in 0 1 2 3 4; do
        k=$((k + 1))
        square $x $y 250 >p/$k.pgm
        printf '%d\t%d\n' $((x + 2)) $((y + 2)) >p/$k.middle.points.tsv
    done
done
(cd p && tar cf ../p.tar $(ls | LC_ALL=C sort)) || fail tar
points=(cnn-train --net 'input 1x16x16; flatten; dense 2; mse target=middle' --target vector --epochs 150 --batch 5 --rate 0.02)
run "${points[@]}" --flip hv --translate 0.25 p.tar -o p.st
status 0
run cnn-infer --eval p.st p.tar
status 0
awk '$1 == "mse" { ok = $2 < 0.3 } END { exit !ok }' out || fail 'the middle of a square is not found'
run cnn-infer p.st p.tar
status 0
awk '/^101/ { ok = $2 > 3 && $2 < 5 && $3 > 3 && $3 < 5 } END { exit !ok }' out || fail 'it is not in pixels of the input'
# The same of a manifest, and of what cnn-augment wrote.
{ printf 'path\tmiddle.points\n' && for k in p/*.pgm; do printf '%s\t%s\n' $k "$(tr '\t' ' ' <${k%.pgm}.middle.points.tsv)"; done; } >p.tsv
run "${points[@]}" -q p.tsv -o listed.st
status 0
run cnn-infer --eval p.st p.tsv
status 0
awk '$1 == "mse" { ok = $2 < 0.3 } END { exit !ok }' out || fail 'points of a manifest'
cnn-augment -q --flip h --elastic 0.02 -n 2 p.tar >augmented.tar || fail cnn-augment
tar xOf augmented.tar 101+1.middle.points.tsv | awk -F '\t' '{ ok = NF == 2 && ($1 > 1 && $1 < 3 || $1 > 5 && $1 < 7) } END { exit !ok }' || fail 'points of a stream'

# What does not fit.
train no-box.tar -o x.st
status 65
err_has "cnn-train: no-box.tar: no field 'box' (numbers), which the net takes: no-box.tar#0 has class (class)"
sed 's/dense 2/dense 3/' heads.net >three.net
run cnn-train --net three.net --epochs 1 a.tar -o x.st
status 65
err_has "*field 'box' of 2 numbers where 3 are needed"
pair a.tar -o x.st
status 65
err_has "cnn-train: a.tar: no field 'right' (image), which the net takes: a.tar#0 has box (numbers), class (class)"
run cnn-infer s.st a.tar
status 65
err_has "cnn-infer: a.tar: no field 'right' (image)*"
run cnn-train --net 'input 1x8x8; dense 2; mse target=box' --target class --epochs 1 a.tar -o x.st
status 65
err_has "*the first loss has the target 'box', no class: --target vector*"
run cnn-train --net 'input 1x8x8; dense 2; mse target=box' --target vector --epochs 1 no-class.tar -o x.st
status 0
run cnn-infer --eval x.st no-class.tar
status 0
out_has 'mse *'
run cnn-train --net 'input 1x8x8; rows 2; input 1' --epochs 1 a.tar -o y.st
status 65
no_file y.st
