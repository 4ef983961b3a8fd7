# Lists of paths as datasets, answers that lead back to the files, and one rule for all text files.
. "$ROOT/tests/cli/lib.sh"
need find xargs

picture() { mkdir -p "$(dirname "$1")" && { printf 'P5 4 4 255\n' && head -c 16 /dev/zero | tr '\0' "$2"; } >"$1"; }
training() { run cnn-train -q --threads 1 --epochs 1 --net 'dense classes' "$@"; }
newline=$'d/b/new\nline.pgm'
picture 'd/a/1 x.pgm' '\200'
picture d/a/x.y.pgm '\210'
picture d/b/x_y.pgm '\020'
picture "$newline" '\030'
training d -o m.st
status 0

# ---- a list of paths is a dataset without classes ---------------------------------------------------
find d -name '*.pgm' ! -name '*line*' | sort >list.txt
run cnn-infer m.st - <list.txt
status 0
silent
cut -f 1 out | cmp -s - list.txt || fail "a line for each path, which it begins with"
cp out answers
for how in 'cnn-infer m.st list.txt' 'cnn-infer m.st <(cat list.txt)' 'tr "\n" "\0" <list.txt | cnn-infer m.st -' \
    'tr "\n" "\0" <list.txt | xargs -0 cnn-infer m.st' 'sed "s/$/  \r/" list.txt | cnn-infer m.st -'; do
    run bash -c "$how"
    status 0
    same out answers
done
mkdir lists
sed 's,^,../,' list.txt >lists/l.txt
run cnn-infer m.st lists/l.txt
status 0
[ "$(head -n 1 out | cut -f 1)" = "lists/../d/a/1 x.pgm" ] || fail "paths are seen from the list's folder"
run cnn-infer --header m.st - <list.txt
out_has 'path	class	probability'
run cnn-infer -f json m.st - <list.txt
out_has '{"path": "d/a/1 x.pgm", "top": *'
run cnn-infer --header m.st digits:1
out_has 'key	class	probability'

# Operands that are images are one dataset: a damaged one is a bad sample, whatever its first bytes.
echo junk >junk.jpg
run cnn-infer -q --on-bad list=bad.txt m.st d/a/x.y.pgm junk.jpg d/b/x_y.pgm digits:1 "$newline"
status 0
[ "$(cut -f 1 out | tr '\n' ' ')" = 'd/a/x.y.pgm d/b/x_y.pgm digits-0/000000 d/b/new\nline.pgm ' ] || fail "in order"
[ "$(cat bad.txt)" = junk.jpg ] || fail "bad.txt: $(cat bad.txt)"
run cnn-infer m.st d/a/x.y.pgm gone.pgm
status 66
err_is 'cnn-infer: gone.pgm: No such file or directory'

# A list with folders in it, with a missing file, with classes in some rows.
run bash -c 'find d | cnn-infer m.st -'
status 65
err_has 'cnn-infer: -:1: d: a folder, not an image'
for root in / ///; do
    run cnn-infer m.st - <<<"$root"
    status 65
    err_is "cnn-infer: -:1: $root: a folder, not an image"
done
printf '#path\tclass\tx\n/\ta\t1\n//\tb\t2\n' >root.tsv
training root.tsv -o root.st
status 0
printf 'd/a/x.y.pgm\ngone.pgm\n' >gone.txt
run cnn-infer m.st gone.txt
status 66
err_is 'cnn-infer: gone.txt:2: gone.pgm: No such file or directory'
printf 'd/a/x.y.pgm\ta\nd/b/x_y.pgm\n' >some.tsv
run cnn-infer m.st some.tsv
status 65
err_is 'cnn-infer: some.tsv:2: no class column (path<TAB>class) where the rows before have one'
printf 'd/IMG 7\n' >space.txt
cp d/a/x.y.pgm 'd/IMG 7'
run cnn-infer m.st space.txt
status 0
out_has 'd/IMG 7	*'
cp d/a/x.y.pgm '#1.pgm'
printf '#1.pgm\n# a comment\n' >sharp.txt
run cnn-infer m.st sharp.txt
out_has '#1.pgm	*'
rm 'd/IMG 7'
printf '\377\376d\0/\0' >wide.txt
run cnn-infer m.st wide.txt
err_is 'cnn-infer: wide.txt: text in UTF-16; UTF-8 is needed'

# Without classes there is nothing to learn or to compare with.
training list.txt -o n.st
status 65
err_has 'cnn-train: list.txt: no classes*'
run cnn-infer --eval m.st list.txt
status 65
err_has '*no classes*'

# ---- nothing found is no error ----------------------------------------------------------------------
: >nothing.txt
mkdir nothing
for empty in nothing.txt nothing -; do
    run cnn-infer m.st $empty </dev/null
    status 0
    silent
    out_is ''
    run cnn-infer -f csv -o none.csv m.st $empty </dev/null
    status 0
    [ "$(cat none.csv)" = path,class,probability ] || fail "a heading alone: $(cat none.csv)"
    rm -rf none.*
    run cnn-features -l dense1 -o none.npy m.st $empty </dev/null
    status 0
    run cnn-features -l dense1 -o none.tar m.st $empty </dev/null
    status 0
    run cnn-infer m.st none.npy none.tar
    status 0
    run cnn-augment -o none.stream.tar $empty </dev/null
    status 0
    run cnn-augment $empty </dev/null
    status 0
    same out none.stream.tar
    training $empty -o n.st </dev/null
    status 65
    run cnn-infer --eval m.st $empty </dev/null
    status 65
done
: >cut.jpg
run cnn-infer m.st cut.jpg
status 65
no_file n.st

# ---- back to the file -----------------------------------------------------------------------------------
run cnn-infer m.st d
status 0
out_has 'd/b/new\\nline.pgm	*'
run cnn-infer -z -f json m.st d
status 64
err_has 'cnn-infer: --null needs --format tsv'
run cnn-infer --eval -z m.st d
status 64
run cnn-infer --eval --predictions p.tsv m.st d
status 0
cut -f 1,2 p.tsv | grep -qx 'd/a/1 x.pgm	a' || fail "paths in --predictions: $(cat p.tsv)"

# As the manual has it: the examples of find, and of a crontab, whose nights may be without images.
example() { sed -n "/^$1/,/^\\.Ed/p" "$ROOT/man/cnn-infer.1" | sed '/^\./d; s/\\e/\\/g'; }
mkdir inbox trap
names=('an image.jpg' $'a\ttab.jpg' $'\ttwo\t\ttabs.jpg' $'new\nline.jpg' ' blank.jpg' 'a\tb.jpg' -n.jpg)
for name in "${names[@]}"; do picture "inbox/$name" '\100'; done
cp m.st flowers.safetensors
cp m.st trap/m.safetensors
example 'find inbox' >example.sh
grep -q 'read -r' example.sh || fail "no example of find"
run bash example.sh
status 0
for name in "${names[@]}"; do [ -f "sorted/a/$name" ] || [ -f "sorted/b/$name" ] || fail "not sorted: $name"; done
[ "$(find inbox sorted -type f -printf . | wc -c)" = "${#names[@]}" ] && [ -z "$(ls -A inbox)" ] ||
    fail "the manual's example sorts"

# Of two images of one name neither is lost.
picture inbox/1/same.jpg '\100'
picture inbox/2/same.jpg '\100'
run bash example.sh
[ "$(find inbox sorted -name same.jpg -printf . | wc -c)" = 2 ] || fail "an image took another's place"
example '30 4' | sed 's/^30 4 \* \* \* //' >cron.sh
grep -q '^cd trap' cron.sh || fail "no example of a crontab"
mkdir trap/inbox
run sh cron.sh
status 0
silent
[ -e trap/day.tsv ] && [ ! -s trap/day.tsv ] || fail "a night without images"
picture trap/inbox/a.jpg '\100'
run sh cron.sh
status 0
grep -q '^inbox/a.jpg	' trap/day.tsv || fail "a night with one"

# Bytes that are no UTF-8: as they are in TSV, as Python's os.fsencode takes them in JSON.
cp d/a/x.y.pgm $'d/b/\xe9.pgm'
find d -name '*.pgm' ! -name '*line*' | LC_ALL=C sort | cnn-infer m.st - >got || fail "names in Latin-1"
cut -f 1 got | LC_ALL=C grep -qx $'d/b/\xe9.pgm' || fail "bytes of a name are kept"
run cnn-infer -f json m.st d/b
out_has '{"path": "d/b/\\udce9.pgm", *'
rm $'d/b/\xe9.pgm'

# Features know their files, and so do answers from them.
run cnn-features -l input -o f.npy m.st d
status 0
[ "$(sed -n 3p f.tsv)" = '#path	class' ] || fail "f.tsv: $(cat f.tsv)"
grep -qx 'd/b/new\\nline.pgm	b' f.tsv || fail "f.tsv: $(cat f.tsv)"
training f.npy -o head.st
status 0
run cnn-infer -z head.st f.npy
status 0
tr '\0' '\1' <out | tr '\n' '\2' | tr '\1' '\n' | grep -q $'^d/b/new\2line.pgm\t' || fail "features lead back"
run cnn-features -l dense1 m.st d
grep -q '^#path	class	dense1:0	' out || fail "the heading of TSV"
cp out f1.tsv
training f1.tsv -o head2.st
status 0

# ---- class names ------------------------------------------------------------------------------------
mkdir q
cp -r d/a q/a
cp -r d/b q/$'k\xe9'
for program in 'cnn-train -q --epochs 1 --net softmax -o n.st' cnn-augment 'cnn-split -o n' \
    'cnn-features -l dense1 m.st'; do
    # shellcheck disable=SC2086 # words are meant
    run $program q
    status 65
    err_has "cnn-*: q/k\\\\xe9: class 'k\\\\xe9' is not UTF-8"
done
no_file n n.st
run cnn-infer m.st q
status 0
LC_ALL=C grep -q $'^q/k\xe9/' out || fail "files in a folder that is named in Latin-1 are answered"
printf 'k\xe9' >1.cls
cp d/a/x.y.pgm 1.pgm
tar -cf foreign.tar 1.pgm 1.cls
for how in 'cnn-train -q --epochs 1 --net softmax -o n.st foreign.tar' 'cnn-train -q --epochs 1 --net softmax -o n.st - <foreign.tar' \
    'cnn-augment foreign.tar' 'cnn-augment - <foreign.tar' 'cnn-infer --eval m.st - <foreign.tar'; do
    run bash -c "$how"
    status 65
    err_has "*: class 'k\\\\xe9' *"
done
printf '#classes\tk\xe9\n#key\tclass\tx\nk\tk\xe9\t1\n' >latin.tsv
training latin.tsv -o n.st
status 65
err_has "cnn-train: latin.tsv:1: class 'k\\\\xe9' is not UTF-8"
no_file n.st
printf 'd/a/x.y.pgm\tk\xe9\n' >q.tsv
training q.tsv -o n.st
status 65
err_has "cnn-train: q.tsv:1: class 'k\\\\xe9' is not UTF-8"
mv q/$'k\xe9' q/$'k\e[31m'
training q -o n.st
status 65
err_has "cnn-train: q/k\\\\x1b?31m: a class name holds a control character: 'k\\\\x1b?31m'"

# ---- text forms -------------------------------------------------------------------------------------
# takes TEXT: as a manifest or list; classes are those of it
takes() {
    printf '%b' "$1" >f
    training f -o f.st
    status 0
    [ "$(cnn-inspect --classes f.st | tr '\n' ' ')" = "$2 " ] || fail "classes: $(cnn-inspect --classes f.st)"
}
takes 'd/a/x.y.pgm 0 \nd/b/x_y.pgm 1\n' '0 1'
takes '\xef\xbb\xbfd/a/x.y.pgm\tcat\r\nd/b/x_y.pgm\tdog\r\n' 'cat dog'
takes 'd/a/x.y.pgm\tcat \n\n \t \nd/b/x_y.pgm\t dog\t g\n   ' 'cat dog'
takes '0 qid:3 1:2 2:1 # k\n\n1 qid:3 1:1 \r\n' '0 1'
takes '\xef\xbb\xbf\n#classes\tcat\tdog\r\n#key\tclass\tx\r\nk\tdog\t1\r\nj\tcat\t2\r\n \n' 'cat dog'
for query in 3 4; do for class in 0 1 0 1; do echo "$class qid:$query 1:$class"; done; done >q.svm
run cnn-split -q --val 0.5 --test 0 -o qs q.svm
status 0
[ "$(cut -f 3 qs/train.tsv | sort -u)" != "$(cut -f 3 qs/val.tsv | sort -u)" ] || fail "a query on both sides"
printf '\xef\xbb\xbfb\r\n\r\na  \n\n' >d/classes.txt
printf '\xef\xbb\xbfa\t2 \r\n\r\nb \t1\r\n' >w.tsv
training --class-weights w.tsv d -o f.st
status 0
[ "$(cnn-inspect --classes f.st | tr '\n' ' ')" = 'b a ' ] || fail "classes.txt: $(cnn-inspect --classes f.st)"
rm d/classes.txt

printf '\xef\xbb\xbfinput 1x4x4\r\n\r\nflatten\r\ndense 2  \r\n' >dos.net
training --net dos.net d -o f.st
status 0

# What cannot be seen is shown.
printf 'd/a/x.y.pgm\ta\nd/b/x_y.pgm\tb\xc2\xa0\n' >nbsp.tsv
run cnn-infer --eval m.st nbsp.tsv
status 65
err_is "cnn-infer: nbsp.tsv:2: class 'b\\u00a0' is not in the class list"

# e and a mark, or one letter: one class, where utf8proc is.
nfc=$'caf\xc3\xa9' nfd=$'cafe\xcc\x81'
printf 'd/a/x.y.pgm\t%s\nd/b/x_y.pgm\t%s\nd/a/1 x.pgm\tb\n' "$nfc" "$nfd" >nf.tsv
training nf.tsv -o nf.st
status 0
if [ "$(cnn-inspect --classes nf.st | wc -l)" = 2 ]; then
    printf '%s\nb\n' "$nfc" >classes.txt
    training nf.tsv -o nf.st
    status 0
    [ "$(cnn-inspect --classes nf.st)" = "$nfc"$'\nb' ] || fail "the list's spelling"
    printf '%s\n%s\n' "$nfc" "$nfd" >classes.txt
    training nf.tsv -o nf.st
    status 65
    err_has "cnn-train: *classes.txt:2: class '*' is there already, in other bytes: '*'"
else
    echo "built without utf8proc: spellings are told apart"
fi
