# cnn-split: what lies behind the samples. Nothing is on both sides, what is no image is found at once, rows are shuffled.
. "$ROOT/tests/cli/lib.sh"

is() { [ "$1" = "$2" ] || fail "'$1' is not '$2'"; }
rows() { cat "$1"/{train,val,test}.tsv | wc -l | tr -d ' '; }
apart() {
    local twice
    twice=$(cut -f 1 "$1"/{train,val,test}.tsv | while read -r f; do (cd "$1" && realpath "${f%#*}") && echo "${f##*#}"; done | paste - - | sort | uniq -d)
    [ -z "$twice" ] || fail "on both sides: $twice"
}
photo() { printf 'P5\n#%s\n1 1 255\n%s' "$1" "$2" >"$1"; }
mkdir -p photos/ants photos/bees
for i in $(seq 1 12); do
    photo "photos/ants/$i.pgm" a
    photo "photos/bees/$i.pgm" b
done

# Two operands, other spellings, an absolute path, a link to the folder, a manifest: each file once.
ln -s photos other
ls -d photos/*/* | awk -F/ -v OFS='\t' '{print $0, $2}' >all.tsv
cat all.tsv all.tsv >twice.tsv
sed 's,photos/ants,./photos/../photos//ants,' all.tsv >spelled.tsv
for inputs in 'photos photos' 'photos ./photos/' "photos $PWD/photos" 'photos other' 'photos all.tsv' twice.tsv \
    'all.tsv spelled.tsv' 'photos/ants/../../photos all.tsv twice.tsv'; do
    # shellcheck disable=SC2086
    run cnn-split $inputs -o w
    status 0
    is "$(rows w)" 24
    apart w
    err_has 'cnn-split: * of * samples are files that are there already; each counts once (*/*.pgm is photos/*/*.pgm)'
done
run cnn-split twice.tsv -o w
err_has 'cnn-split: 24 of 48 samples are files that are there already; each counts once (photos/ants/1.pgm is photos/ants/1.pgm)'
err_has 'all         19        3        2       24'

# Links to files, soft and hard, within a class.
ln -s 1.pgm photos/ants/soft.pgm
ln photos/bees/1.pgm photos/bees/hard.pgm
run cnn-split photos -o w
status 0
is "$(rows w)" 24
err_has 'cnn-split: 2 of 26 samples *'
rm photos/ants/soft.pgm photos/bees/hard.pgm

# Under two classes: both are named, whatever links them, and nothing is written.
two() {
    run cnn-split "$@" -o w2
    status 65
    err_has 'cnn-split: the same file under two classes: *'
    no_file w2
}
ln -s ../ants/3.pgm photos/bees/x.pgm
two photos
err_is 'cnn-split: the same file under two classes: photos/ants/3.pgm (ants) and photos/bees/x.pgm (bees)'
rm photos/bees/x.pgm
ln photos/ants/3.pgm photos/bees/x.pgm
two photos
rm photos/bees/x.pgm
sed 's,\tants,\tbees,' all.tsv >wrong.tsv
two photos wrong.tsv
two all.tsv wrong.tsv

# Samples of files of samples, by two names; digits of one seed.
for i in $(seq 10 49); do
    photo "s$i.pgm" c
    echo $((i % 2)) >"s$i.cls"
done
find . -maxdepth 1 -name 's??.*' | sort | tar -cf samples.tar -T -
ln -s samples.tar link.tar
run cnn-split samples.tar link.tar -o w
status 0
is "$(rows w)" 40
apart w
cnn-split -q samples.tar -o parts || fail "cnn-split"
run cnn-split samples.tar parts/val.tsv -o w
status 0
is "$(rows w)" 40
run cnn-split digits:100 digits:50:0 digits:50:1 -o w
status 0
is "$(rows w)" 150
err_has 'cnn-split: 50 of 200 samples are files that are there already; each counts once (digits:50:0#0 is digits:100#0)'

# What is no image is found at once: all are counted, the first are named.
head -c 100 /dev/urandom | tr -d 'PG\377\211BRI' >photos/ants/noise.jpg
: >photos/bees/empty.png
echo text >photos/bees/text.png
printf 'photos/ants/1.pgm\tants\nphotos/bees/1.pgm\tbees\ngone.png\tbees\n' >gone.tsv
run cnn-split photos -o w3
status 65
err_has 'cnn-split: 3 of 27 samples cannot be read as images: photos/ants/noise.jpg: *; photos/bees/empty.png: empty; photos/bees/text.png: * (--on-bad skip leaves them out)'
no_file w3
run cnn-split gone.tsv -o w3 --val 0 --test 0
status 66
err_is 'cnn-split: 1 of 3 samples cannot be read as images: gone.png: No such file or directory (--on-bad skip leaves them out)'
run cnn-split photos -o w3 --on-bad skip
status 0
is "$(rows w3)" 24
err_has 'cnn-split: skipped: photos/bees/empty.png: empty'
err_has 'cnn-split: 3 bad samples skipped'
run cnn-split -q photos -o w3 --on-bad list=bad.txt
status 0
silent
is "$(cat bad.txt)" 'photos/ants/noise.jpg
photos/bees/empty.png
photos/bees/text.png'
run cnn-split photos -o w3 --on-bad perhaps
status 64
printf 'gone.png\ta\n' >none.tsv
run cnn-split none.tsv -o w4 --on-bad skip
status 66
no_file w4
rm photos/*/{noise.jpg,empty.png,text.png} 2>/dev/null

# What systems leave in folders is no data, in any program.
for d in photos photos/ants; do
    for f in Thumbs.db thumbs.db desktop.ini .DS_Store ._1.pgm $'Icon\r'; do echo litter >"$d/$f"; done
    mkdir -p $d/__MACOSX/ants $d/@eaDir $d/.git
    for e in __MACOSX/._2.pgm __MACOSX/2.pgm __MACOSX/ants/3.pgm @eaDir/1.pgm .git/1.pgm; do photo "$d/$e" x; done
done
run cnn-split photos -o w
status 0
is "$(rows w)" 24
is "$(cat w/classes.txt)" 'ants
bees'
run cnn-augment -q photos -o a.tar
status 0
is "$(tar tf a.tar | grep -c '\.pgm')" 24
run cnn-train -q --epochs 1 --net 'input 1x1x1; flatten; dense classes' photos -o m.safetensors
status 0
run cnn-infer -q m.safetensors photos
status 0
is "$(wc -l <out | tr -d ' ')" 24
run cnn-infer -q m.safetensors photos/ants
is "$(wc -l <out | tr -d ' ')" 12
run cnn-features -q m.safetensors --layer output photos/ants
status 0

# Copies under other names stay on one side; under two classes they are named.
big() { # FILE BYTE: 600 bytes that differ in the last
    { printf 'P5 30 20 255\n' && head -c 599 /dev/zero && printf '%s' "$2"; } >"$1"
}
mkdir -p copies/ants copies/bees
for i in $(seq 1 12); do
    photo "copies/ants/$i.pgm" a
    photo "copies/bees/$i.pgm" b
done
big copies/ants/x1.pgm x && big copies/ants/x2.pgm x && big copies/ants/y.pgm y
cp copies/ants/x1.pgm copies/ants/x3.pgm
for seed in 1 2 3 4 5 6; do
    run cnn-split --seed $seed copies -o c
    status 0
    err_has 'cnn-split: 2 of 28 samples are copies of others and stay with them (copies/ants/x2.pgm is as copies/ants/x1.pgm)'
    is "$(rows c)" 28
    is "$(grep -l '/x[123].pgm' c/{train,val,test}.tsv | wc -l | tr -d ' ')" 1
done
# A group's copies bring the whole group.
awk -F '\t' -v OFS='\t' '{ print $1, $2, $1 ~ /x1|y/ ? "g" : "" }' <(find copies -name '*.pgm' | sort | awk -F / -v OFS='\t' '{ print $0, $2 }') >grouped.tsv
run cnn-split --seed 2 grouped.tsv -o c
status 0
is "$(grep -l '/[xy][123]*.pgm' c/{train,val,test}.tsv | wc -l | tr -d ' ')" 1
big copies/bees/z.pgm x
run cnn-split copies -o d
status 65
err_is 'cnn-split: the same picture under two classes: copies/ants/x1.pgm (ants) and copies/bees/z.pgm (bees) (--on-bad skip leaves such out)'
no_file d
run cnn-split --on-bad list=left.txt copies -o d
status 0
is "$(sort left.txt | tr '\n' ' ')" 'copies/ants/x1.pgm copies/ants/x2.pgm copies/ants/x3.pgm copies/bees/z.pgm '
is "$(rows d)" 25

# Contents are compared for as long as nobody wants it to end: two files of 64 GiB, whose zeros take no room.
mkdir -p huge/a huge/b
photo huge/a/1.pgm a && cp huge/a/1.pgm huge/b/2.pgm
if truncate -s 64G huge/*/*.pgm 2>err; then
    run timeout --preserve-status -k 20 -s INT 1 cnn-split -q huge -o huge.out
    status 75
    err_is 'cnn-split: interrupted; nothing was written'
    no_file huge.out
fi
rm -r huge

# Rows of every split are shuffled: the first hundred are a fair sample of ten classes (chi-square below its 0.1 % point).
for seed in 1 2; do
    cnn-split -q --seed $seed digits:20000:1 -o w$seed || fail "cnn-split"
    for part in train val test; do
        head -n 100 w$seed/$part.tsv | cut -f 2 | sort | uniq -c |
            awk '{x += ($1 - 10) ^ 2 / 10; n++} END {exit !(x + 10 * (10 - n) < 27.9)}' || fail "$part.tsv, seed $seed"
    done
done
exit 0
