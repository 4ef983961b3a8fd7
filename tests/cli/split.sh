# cnn-split: what it writes, that manifests lead back to the originals, and what it refuses.
. "$ROOT/tests/cli/lib.sh"

count() { wc -l <"$1" | tr -d ' '; }
is() { [ "$1" = "$2" ] || fail "'$1' is not '$2'"; }

mkdir -p photos/ants photos/bees photos/none
for i in $(seq 1 40); do
    printf 'P5\n#%d\n1 1 255\na' "$i" >"photos/ants/$i.pgm"
    [ "$i" -le 20 ] && printf 'P5\n#%d\n1 1 255\nb' "$i" >"photos/bees/$i.pgm"
done

# class folders; the defaults; an empty class keeps its place
run cnn-split photos -o w/a
status 0
out_is ''
err_is 'class    train      val     test      all
ants        32        4        4       40
bees        16        2        2       20
none         0        0        0        0
all         48        6        6       60'
is "$(cat w/a/classes.txt)" "ants
bees
none"
cat w/a/{train,val,test}.tsv | sort >all
is "$(count all)" 60
is "$(uniq all | wc -l | tr -d ' ')" 60
while IFS=$'\t' read -r path class; do
    [ -f "w/a/$path" ] || fail "no file: $path"
    is "$(basename "$(dirname "$path")")" "$class"
done <w/a/val.tsv
cut -f 2 w/a/train.tsv | uniq | wc -l >changes
[ "$(cat changes)" -gt 5 ] || fail "rows are not shuffled"

# the same again, another with another seed; -q is quiet; the manifests divide again
run cnn-split -q photos -o w/b
status 0
silent
for f in train.tsv val.tsv test.tsv classes.txt; do same w/a/$f w/b/$f; done
run cnn-split -q photos -o w/c --seed 1
cmp -s w/a/train.tsv w/c/train.tsv && fail "the seed changes nothing"
run cnn-split -q w/a/train.tsv -o w/d --val 8 --test 0
status 0
is "$(count w/d/val.tsv)" 8
is "$(count w/d/train.tsv)" 40
is "$(count w/d/test.tsv)" 0
is "$(sort w/d/*.tsv | sed 's,.*/photos/,,' | sort)" "$(sed 's,.*/photos/,,' w/a/train.tsv | sort)"

# absolute inputs stay absolute; from another folder the rows still fit
(cd w && run cnn-split -q "$PWD/../photos" -o e && status 0 && head -n 1 e/train.tsv | grep -q '^/') || exit 1
mkdir deep
(cd deep && run cnn-split -q ../photos -o . && status 0 && [ -f "$(head -n 1 val.tsv | cut -f 1)" ]) || exit 1

# shares
run cnn-split -q photos -o w/f --train 30 --val 0.1 --test 12
status 0
is "$(count w/f/train.tsv) $(count w/f/val.tsv) $(count w/f/test.tsv)" '30 6 12'
run cnn-split photos -o w/f --train 0.5 --val 0.1 --test 0.1
err_has '18 of 60 samples are in none'
run cnn-split -q photos -o w/f --train 0.9
is "$(count w/f/val.tsv) $(count w/f/test.tsv)" '3 3'
refuse() {
    local code=$1 what=$2
    shift 2
    run cnn-split "$@" -o w/refused
    status "$code"
    err_has "cnn-split: $what"
    no_file w/refused
}
refuse 64 "--train: '1.5' is not in 0..1" photos --train 1.5
refuse 64 "--val: 'x' is not a whole number" photos --val x
refuse 64 '--train, --val and --test are more than all samples' photos --train 0.8 --val 0.3
refuse 65 '--test: 61 samples of the 60 that are there' photos --test 61

# groups stay together
for i in $(seq 0 59); do
    [ "$i" -lt 40 ] && path=photos/ants/$((i + 1)).pgm || path=photos/bees/$((i - 39)).pgm
    printf '%s\t%s\tg%d\n' "$path" "c$((i % 2))" $((i / 6))
done >groups.tsv
run cnn-split -q groups.tsv -o w/g
status 0
is "$(cat w/g/*.tsv | wc -l | tr -d ' ')" 60
for f in train val test; do cut -f 3 w/g/$f.tsv | sort -u; done | sort | uniq -d >twice
[ ! -s twice ] || fail "a group was divided"
is "$(count w/g/val.tsv)" 6
for f in a b c; do printf 'P5 1 1 255 a' >$f.png; done
printf 'a.png\tx\tg\t2\nb.png\tx\t\t0.5\nc.png\tx\n' >weights.tsv
run cnn-split -q weights.tsv -o w/w --train 1.0 --val 0 --test 0
is "$(sort w/w/train.tsv)" '../../a.png	x	g	2
../../b.png	x		0.5
../../c.png	x'

# a class with too few samples; what was there stays
printf 'P5 1 1 255 n' >photos/none/1.pgm
cp -r w/a before
run cnn-split photos -o w/a
status 65
err_is "cnn-split: class 'none': too few samples (1) to be in val.tsv as well (--allow-missing lets it be absent)"
diff -r before w/a || fail "outputs were touched"
run cnn-split -q photos -o w/a --allow-missing
status 0
rm photos/none/1.pgm
for i in 1 2 3; do printf 'P5\n#%d\n1 1 255\nn' $i >photos/none/$i.pgm; done
run cnn-split -q photos -o w/h
status 0
is "$(cat w/h/{train,val,test}.tsv | grep -c none)" 3
run cnn-split -q photos -o w/h --no-stratify --allow-missing
status 0
is "$(count w/h/train.tsv)" 50

# files of many samples: rows are indices, and several inputs together
run cnn-split digits:100 digits:50:3 -o w/i
status 0
err_has 'all        120       15       15      150'
is "$(cat w/i/{train,val,test}.tsv | grep -c '^digits:50:3#[0-9]*	[0-9]$')" 50
is "$(count w/i/classes.txt)" 10
{
    printf '\0\0\10\3\0\0\0\50\0\0\0\1\0\0\0\1'
    for i in $(seq 40); do printf "\\x$(printf %02x "$i")"; done
} >t-images-idx3-ubyte
{
    printf '\0\0\10\1\0\0\0\50'
    for i in $(seq 40); do printf "\\x0$((i % 2))"; done
} >t-labels-idx1-ubyte
for i in $(seq 100); do
    printf "\\x0$((i % 10))"
    head -c 3072 /dev/zero
done >batch.bin
run cnn-split -q t-images-idx3-ubyte -o w/j
status 0
is "$(grep -c '^../../t-images-idx3-ubyte#[0-9]*	[01]$' w/j/train.tsv)" 32
run cnn-split -q batch.bin -o w/k
status 0
is "$(grep -c '^../../batch.bin#[0-9]*	[0-9]$' w/k/test.tsv)" 10
for i in $(seq 10 49); do
    cp photos/ants/1.pgm s$i.pgm
    echo $((i % 2)) >s$i.cls
done
ls s*.pgm s*.cls | sort | tar -cf samples.tar -T -
run cnn-split -q samples.tar -o w/l
status 0
is "$(cat w/l/{train,val,test}.tsv | grep -c '^../../samples.tar#[0-9]*	[01]$')" 40
run cnn-split -q w/l/train.tsv -o w/m
status 0
is "$(grep -c '^../../samples.tar#[0-9]*	[01]$' w/m/train.tsv)" 26

# refused
refuse 64 'standard input cannot be pointed at by manifests; save it as a file first' -
mkfifo pipe
refuse 64 'pipe: a pipe cannot be pointed at by manifests' pipe
refuse 66 'gone: No such file or directory' gone
printf 'a\tx\nb\n' >bad.tsv
refuse 65 'bad.tsv:2: no class column (path<TAB>class) where the rows before have one' bad.tsv
printf 'x\n' >classes
refuse 65 "photos/ants: class 'ants' is not in the class list" photos --classes classes
run cnn-split photos
status 64
err_has 'cnn-split: --output is required'
run cnn-split -o w/n
status 64
err_has 'cnn-split: a dataset is missing'
run cnn-split photos -o s10.pgm
status 73
err_has 'cnn-split: s10.pgm: *'
if [ "$(id -u)" -ne 0 ]; then
    mkdir closed
    chmod 500 closed
    run cnn-split photos -o closed
    status 73
fi
if [ -w /dev/full ]; then
    mkdir full
    ln -s /dev/full full/train.tsv
    run cnn-split photos -o full
    status 74
    no_file full/val.tsv full/test.tsv full/classes.txt
fi
exit 0
