# Samples with rows: sequences of different lengths are trained on, evaluated, answered and kept; rows that are not there take no
# part in anything; what does not fit is refused by its name.
# shellcheck disable=SC2046 # the names have no blanks
. "$ROOT/tests/cli/lib.sh"

# An array of small whole numbers of that shape.
array() {
    local shape=$1 x
    shift
    printf '\223NUMPY\1\0\166\0%-117s\n' "{'descr': '|i1', 'fortran_order': False, 'shape': ($shape), }"
    for x; do
        printf -v x %02x $((x & 255))
        printf '%b' "\\x$x"
    done
}
pack() { (cd "$1" && tar cf "../$1.tar" $(ls | LC_ALL=C sort)) || fail tar; }

# One to six rows of two numbers, -1, 0 or 1: of class 1 where a row is (1, 1); the tag of a row is 1 where its numbers are equal.
seed=1
draw() {
    seed=$(((seed * 1103515245 + 12345) % 2147483648))
    drawn=$((seed / 65536 % $1))
}
mkdir a
all=0
for ((k = 100; k < 160; k++)); do
    draw 6
    rows=$((drawn + 1)) x=() tags=() class=0
    for ((r = 0; r < rows; r++)); do
        draw 3
        p=$((drawn - 1))
        draw 3
        q=$((drawn - 1))
        ((k % 3 || r)) || p=1 q=1
        x+=("$p" "$q") tags+=($((p == q)))
        ((p == 1 && q == 1)) && class=1
    done
    all=$((all + rows))
    array "$rows, 2" "${x[@]}" >a/$k.npy
    array "$rows," "${tags[@]}" >a/$k.tags.npy
    echo $class >a/$k.cls
done
pack a

# A class for each sample.
cat >class.net <<'E2'
input 2 rows=6
dense 16; each: relu
rowpool max
dense classes
E2
train() { run cnn-train --epochs 40 --batch 8 --rate 0.02 --seed 3 "$@"; }
train --net class.net --val a.tar --log log a.tar -o m.st
status 0
run cnn-infer --eval --gate 'top1>=0.97' m.st a.tar
status 0
losses=$(sed -n 's/.*"epoch": [0-9]*,.* "loss": \([0-9.e-]*\),.*/\1/p' log)
awk -v first="$(head -n 1 <<<"$losses")" -v last="$(tail -n 1 <<<"$losses")" 'BEGIN { exit !(first > 0 && last > 0 && last < first / 4) }' ||
    fail "the loss does not fall: $losses"
run cnn-infer --selftest m.st
status 0
out_has 'samples    8'
run cnn-infer m.st a.tar
status 0
[ "$(wc -l <out)" = 60 ] || fail 'not a line a sample'
cp out answers

# The number of threads does not show.
for threads in 1 2 4; do
    train --net class.net --threads $threads --val a.tar a.tar -o t$threads.st
    cmp t$threads.st t1.st || fail "another model on $threads threads"
done
train --net class.net --shuffle 0 --classes 2 --epochs 1 a.tar -o u.st
status 0
train --net class.net --shuffle 0 --classes 2 --epochs 1 - -o v.st <a.tar
status 0
cnn-inspect --meta u.st | grep -q selftest || fail 'no self-test'
cmp <(cnn-inspect --meta u.st | grep selftest) <(cnn-inspect --meta v.st | grep selftest) || fail 'a stream has another self-test'

# What is padded to more rows gives the same.
sed 's/rows=6/rows=11/' class.net >long.net
cnn-train -q --net long.net --init m.st --epochs 0 a.tar -o long.st || fail 'no model'
run cnn-infer long.st a.tar
status 0
cmp out answers || fail 'missing rows are seen'

# Rows that look at each other see those that are there, and remain as many.
cat >looks.net <<'E2'
input 2 rows=6
attention 1; attention 2
reshape 1,2; transpose rhwc
rowpool
dense classes
E2
run cnn-train -q --net looks.net --epochs 1 a.tar -o looks.st
status 0
run cnn-infer looks.st a.tar
status 0
cp out looked
sed 's/rows=6/rows=11/' looks.net >long.net
cnn-train -q --net long.net --init looks.st --epochs 0 a.tar -o long.st || fail 'no model'
run cnn-infer long.st a.tar
status 0
cmp out looked || fail 'missing rows are looked at'

# A label for each row: losses and shares are those of rows that are there.
cat >tags.net <<'E2'
input 2 rows=6
dense 16; relu; dense 2
xent target=tags
E2
train --net tags.net --target vector --val a.tar a.tar -o tags.st
status 0
err_has '*val top-1 *'
run cnn-infer --eval --gate 'top1>=0.97' tags.st a.tar
status 0
out_has "samples    $all"
cp out report
sed 's/rows=6/rows=11/' tags.net >long.net
cnn-train -q --net long.net --init tags.st --target vector --epochs 0 a.tar -o long.st || fail 'no model'
run cnn-infer --eval long.st a.tar
status 0
cmp out report || fail 'missing rows are counted'
run cnn-infer --header tags.st a.tar
status 0
out_has $'key\trow\toutput0\toutput1'
[ "$(wc -l <out)" = $((all + 1)) ] || fail 'not a line a row'
run cnn-infer --format json tags.st a.tar
status 0
[ "$(wc -l <out)" = 60 ] || fail 'not a line a sample'
[ "$(tr -cd '[' <out | wc -c)" = $((all + 60)) ] || fail 'not an array a row'
train --net tags.net --target vector --overfit 4 a.tar -o x.st
status 0
train --net tags.net --target vector --plan a.tar -o x.st
status 0

# Interrupted and resumed, it is the same run.
long=(cnn-train -q --net tags.net --target vector --epochs 800 --batch 8 --rate 0.01 --schedule constant --seed 3)
"${long[@]}" a.tar -o whole.st || fail 'the run that is left alone'
interrupted "${long[@]}" a.tar -o parts.st
"${long[@]}" --checkpoint c --checkpoint-every 1000 --resume a.tar -o parts.st || fail 'resumed'
same whole.st parts.st

# Features of rows stay rows, in a tar, with what else samples have.
run cnn-features --layer each m.st a.tar -o f.tar
status 0
[ "$(tar tf f.tar | grep -c 'tags.npy$')" = 60 ] || fail 'fields are lost'
train --net 'input 16 rows=6; rowpool max; dense classes' f.tar -o head.st
status 0
run cnn-infer --eval --gate 'top1>=0.97' head.st f.tar
status 0
run cnn-features --layer each m.st a.tar -o f.npy
status 64
err_has "cnn-features: layer 'each' has 6 rows for each sample: a tar (--format tar)*"
no_file f.npy
run cnn-features --layer rowpool1 m.st a.tar -o f.npy
status 0
err_has "*'tags' of the samples is left out*"

# Two sequences of their own lengths, by name; a target that says the second's.
mkdir b
for ((k = 100; k < 130; k++)); do
    x=() tags=()
    for ((r = 0; r < k % 4 + 1; r++)); do
        x+=(1 $((k % 2)))
    done
    array "$((k % 4 + 1)), 2" "${x[@]}" >b/$k.question.npy
    x=()
    for ((r = 0; r < k % 3 + 1; r++)); do
        x+=($((r - 1)) 0)
        tags+=($(((r + k) % 2)))
    done
    array "$((k % 3 + 1)), 2" "${x[@]}" >b/$k.answer.npy
    array "$((k % 3 + 1))," "${tags[@]}" >b/$k.tags.npy
    echo $((k % 2)) >b/$k.cls
done
pack b
cat >two.net <<'E2'
input question 2 rows=4
input answer 2 rows=3
q: rowpool from=question
a: rowpool last from=answer
concat from=q,a; dense 8; relu; kind: dense classes
each: dense 2 from=answer
output kind each
xent on=kind target=class
xent on=each target=tags
E2
train --net two.net --val b.tar b.tar -o two.st
status 0
run cnn-infer --eval --gate 'top1>=0.97' two.st b.tar
status 0
out_has 'target     tags'
run cnn-infer --selftest two.st
status 0
run cnn-infer --header two.st b.tar
status 0
out_has $'key\trow\tclass\tprobability\teach:0\teach:1'
out_has $'101\t2\t\t\t*'
run cnn-infer --format json two.st b.tar
status 0
out_has '{"key": "100", "top": \[{"class": "0", "probability": *}\], "outputs": {"each": \[\[*\], \[*\]\]}}'

# Batch normalisation would count rows that are not there.
sed 's/each: relu/bn; relu/' class.net >bn.net
train --net bn.net a.tar -o x.st
status 65
err_has "cnn-train: a.tar#*: [1-5] rows where 6 are needed: 'bn1' (batch normalisation) takes all rows of a batch together"
no_file x.st
mkdir whole
for ((k = 100; k < 120; k++)); do
    array '6, 2' 1 0 $((k % 2)) 0 1 1 0 0 1 $((k % 3 - 1)) 0 1 >whole/$k.npy
    echo $((k % 2)) >whole/$k.cls
done
pack whole
train --net bn.net whole.tar -o bn.st
status 0
run cnn-infer bn.st a.tar
status 0
train --net 'input 2 rows=6; dense 4; rowfilter 0; b: bn; rowpool; dense classes' whole.tar -o x.st
status 65
err_has "*'b' (batch normalisation) takes all rows of a batch together, and behind 'rowfilter1' not all are real*"

# What does not fit.
sed 's/rows=6/rows=3/' class.net >short.net
run cnn-train --net short.net --epochs 1 a.tar -o x.st
status 65
err_has "cnn-train: a.tar#*: [4-6] rows where the net takes 3 at most"
run cnn-train --net 'input 3 rows=6; rowpool; dense classes' --epochs 1 a.tar -o x.st
status 65
err_has "cnn-train: a.tar#*: numbers of shape 1x*x2 where the net takes rows of 3"
train --net tags.net --epochs 1 a.tar -o x.st # the loss says what is taught
status 0
rm x.st
run cnn-train --net tags.net --target class --epochs 1 a.tar -o x.st
status 65
err_has "*the first loss has the target 'tags', no class*"
run cnn-train --net 'input 2 rows=6; dense classes' --epochs 1 a.tar -o x.st
status 65
err_has '*the net gives 6 rows for each sample, which has one class: rowpool makes one of them*'
cp -r a bad
array '0, 2' >bad/105.npy
pack bad
run cnn-infer m.st bad.tar
status 65
err_has 'cnn-infer: bad.tar#5: an array without numbers'
run cnn-infer --on-bad skip m.st bad.tar
status 0
[ "$(wc -l <out)" = 59 ] || fail 'not skipped'
cp a/105.npy bad/105.npy
array '7,' 0 0 0 0 0 0 0 >bad/105.tags.npy
pack bad
run cnn-train --net tags.net --target vector --epochs 1 bad.tar -o x.st
status 65
err_has "cnn-train: bad.tar#5: field 'tags' of 7 rows where 6 are the most"
array '0,' >bad/105.tags.npy
pack bad
run cnn-train --net tags.net --target vector --epochs 1 bad.tar -o x.st
status 65
err_has "cnn-train: bad.tar#5: field 'tags' of 0 rows where there are *"
no_file x.st
