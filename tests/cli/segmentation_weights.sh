# Class weights of pixels: how they follow from counts, what they do to a training, and what is refused.
. "$ROOT/tests/cli/lib.sh"
# Two label images of 4x4: 12 pixels of class 0 and 4 of class 1; 8 of class 0, 6 without one, and 2 of class 2. Class 3 is in none.
awk 'BEGIN { print "P2", 4, 4, 255; for (i = 0; i < 16; i++) print i < 12 ? 0 : 1 }' >a.pgm
awk 'BEGIN { print "P2", 4, 4, 255; for (i = 0; i < 16; i++) print i < 8 ? 0 : i < 14 ? 255 : 2 }' >b.pgm
awk 'BEGIN { print "P2", 4, 4, 255; for (i = 0; i < 16; i++) print 10 * i }' >x.pgm
printf 'path\tseg\nx.pgm\ta.pgm\n' >train.tsv
printf 'x.pgm\tb.pgm\n' >>train.tsv
net='input 1x4x4; conv classes 3 pad=1; xent target=seg'
weights() { cnn-inspect --json "$1" | grep -o 'class-weights\\*": *\\*"[0-9.,]*,[0-9.,]*' | sed 's/.*"//' | head -n 1; }
close_to() { awk -v a="$1" -v b="$2" 'BEGIN { n = split(a, x, ","); m = split(b, y, ","); for (i = 1; i <= m; i++) { d = x[i] - y[i]; if (d < 0) d = -d; bad += !(d <= 1e-5 * (y[i] + 1)) } exit bad || n != m }' || fail "the weights are $1, not $2"; }
train() { run cnn-train -q --threads 1 --net "$net" --classes 4 --epochs 3 --rate 0.05 "$@" train.tsv -o w.st; }
# Of 26 pixels 20, 4, 2 and 0 are of the classes; in the images that have them are 26, 16 and 10.
train --class-weights balanced
status 0
close_to "$(weights w.st)" "$(awk 'BEGIN { printf "%.9g,%.9g,%.9g,0", 26 / 4 / 20, 26 / 4 / 4, 26 / 4 / 2 }')"
train --class-weights median
status 0
close_to "$(weights w.st)" "$(awk 'BEGIN { a = .25 / (20 / 26); b = 1; c = .25 / .2; m = (20 * a + 4 * b + 2 * c) / 26; printf "%.9g,%.9g,%.9g,0", a / m, b / m, c / m }')"
train --class-weights log
status 0
close_to "$(weights w.st)" "$(awk 'BEGIN { a = 1 / log(1.02 + 20 / 26); b = 1 / log(1.02 + 4 / 26); c = 1 / log(1.02 + 2 / 26); m = (20 * a + 4 * b + 2 * c) / 26; printf "%.9g,%.9g,%.9g,0", a / m, b / m, c / m }')"
mv w.st log.st
# The same as a list and as a file, whose classes are called by their numbers.
list=$(weights log.st)
tr , '\n' <<<"$list" | awk '{ print NR - 1 "\t" $0 }' >file.tsv
tensors() { cnn-inspect "$1" | grep -o 'hash.*'; cnn-infer --size model --maps "maps$RANDOM$RANDOM" "$1" x.pgm; }
tensors log.st >want
for what in "$list" file.tsv; do
    train --class-weights "$what"
    status 0
    tensors w.st >got
    same want got
done
train
tensors w.st >got
cmp -s want got && fail 'the weights have no effect'
# All the same and 1 is none at all.
train --class-weights 1,1,1,1
tensors w.st >same
same got same

refuse() {
    run cnn-train --net "${3-$net}" --classes 4 --epochs 1 --class-weights "$2" train.tsv -o no.st
    status "${4-64}"
    err_is "cnn-train: $1"
    no_file no.st
}
refuse "--class-weights: 'some' is neither 'balanced', 'median', 'log', a file, nor a list of 4 numbers" some
refuse "--class-weights: 3 numbers for 4 classes: '1,2,3'" 1,2,3
refuse '--class-weights: the classes of label images and rows are weighed by xent, not by focal' log 'input 1x4x4; conv classes 3 pad=1; focal target=seg'
printf '0\t1\nroad\t2\n' >bad.tsv
refuse "bad.tsv:2: the dataset has no class 'road'" bad.tsv "$net" 65
printf 'path\tage\nx.pgm\t1\n' >age.tsv
run cnn-train --net 'input 1x4x4; dense 1; mse target=age' --class-weights log age.tsv -o no.st
status 64
err_is 'cnn-train: --class-weights has no effect: it needs --target class'
# Of classes of samples they are as they were, and the new words are theirs, too.
run cnn-train -q --net 'dense classes' --epochs 1 --class-weights median digits:30 -o c.st
status 0
:
