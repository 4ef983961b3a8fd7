# cnn-features --incremental: what is computed and what is not, kills at any moment, two jobs at once, what is refused.
. "$ROOT/tests/cli/lib.sh"
make_model=$BUILD/helpers/make-model
net='input 1x28x28; conv 16 5; relu; conv 16 5; relu; maxpool 2; fc: dense 8'
"$make_model" "$net" 0,1,2,3,4,5,6,7 net.st && "$make_model" "$net" 0,1,2,3,4,5,6,7 other.st 9 || fail "make-model"
cnn-augment -q digits:60 -o photos/ && find photos -name '*.png' -exec touch -d '2026-01-01' {} + || fail "photos"
update() { run cnn-features -l fc --batch 8 --incremental -o s.npy net.st photos "$@"; }
plain() { cnn-features -q -l fc --batch 8 -o "$1.npy" net.st "${2-photos}" || fail "cnn-features"; }
# rows_are STORE DUMP: the same paths and classes, and the same values, but for what the rest of a batch does to last bits
numbers() { tail -c +129 "$1" | od -An -v -tf4 -w4; }
rows_are() {
    cmp -s -n 128 "$1.npy" "$2.npy" || fail "the header of $1.npy"
    paste <(numbers "$1.npy") <(numbers "$2.npy") | awk '{ d = $1 - $2; if (NF != 2 || d > 1e-5 || d < -1e-5) exit 1 }' || fail "the values of $1.npy"
    grep -v '^#' "$1.tsv" | cut -f 1,2 | cmp -s - <(grep -v '^#' "$2.tsv") || fail "the rows of $1.tsv are not those of $2.tsv"
}
told() { err_is "cnn-features: s.npy: $1"; }

# ---- the first run is a dump; the second has nothing to do ---------------------------------------------
plain want
update
status 0
told '60 rows, 60 of them computed now'
rows_are s want
same s.npy want.npy
no_file s.npy.part s.next.*
[ "$(grep '^#path' s.tsv)" = '#path	class	hash	size	mtime_ns' ] || fail "heading: $(grep '^#path' s.tsv)"
stat -c %i s.npy s.tsv >before
update
told '60 rows, 0 of them computed now'
stat -c %i s.npy s.tsv | cmp -s - before || fail "rows that are the same were written again"
# Every reader takes it: the classes that neighbours have, components, a head.
run cnn-infer -q --knn s.npy --neighbours 1 --eval
status 0
run cnn-features -q --fit-pca 2 -o pca.st s.npy
status 0
run cnn-train -q --net 'dense classes' --epochs 1 --threads 1 -o head.st --val want.npy s.npy
status 0

# ---- new, moved, touched, changed, vanished ------------------------------------------------------------
mapfile -t f < <(find photos -name '*.png' | LC_ALL=C sort)
mv "${f[0]}" photos/9/moved.png
touch -d '2026-02-02' "${f[1]}"
cp "${f[3]}" "${f[2]}" && touch -d '2026-02-02' "${f[2]}"
cnn-augment -q digits:3:77 -o new/ && find new -name '*.png' -exec mv -t photos/9 {} +
touch -d '2026-02-02' photos/9/*.png
plain want
update --vanished drop
status 0
err_has 'cnn-features: s.npy: 63 rows, 3 of them computed now; 1 files are gone'
err_has "cnn-features: ${f[0]}: gone, and its row with it"
rows_are s want
rm "${f[4]}" "${f[5]}"
update
err_has "cnn-features: ${f[4]}: gone, its row is kept"
err_has 'cnn-features: s.npy: 63 rows, 0 of them computed now; 2 files are gone'
[ "$(tail -n 2 s.tsv | cut -f 1)" = "${f[4]}
${f[5]}" ] || fail "what is kept: $(tail -n 2 s.tsv)"
stat -c %i s.npy s.tsv >before
update
stat -c %i s.npy s.tsv | cmp -s - before || fail "kept rows were written again"
update --vanished drop
plain want
rows_are s want
# A file of the same size and time is not read; one that has just changed is, each time.
awk -F '\t' -v OFS='\t' -v path="${f[6]}" '$1 == path { $3 = "00000000000000000000000000000001" } { print }' s.tsv >edited && mv edited s.tsv
update
told '61 rows, 0 of them computed now'
grep -q '	00000000000000000000000000000001	' s.tsv || fail "a file was read that had not changed"
touch "${f[6]}"
update
told '61 rows, 1 of them computed now'
awk -F '\t' -v path="${f[6]}" '$1 == path { exit $5 != 0 }' s.tsv || fail "the time of a file that has just changed is relied on"
touch -d '2026-01-01' "${f[6]}"
# Bad samples have no rows, and are tried each time.
: >photos/9/broken.png
update
status 65
update --on-bad skip
status 0
err_has 'cnn-features: s.npy: 61 rows, 0 of them computed now'
rm photos/9/broken.png
update
rows_are s want
# float16, several layers, lists of files; all files gone.
find photos -name '*.png' | LC_ALL=C sort >list
head -n 30 list >few
run cnn-features -q -l fc -l relu1 --pool --concat --float16 --incremental -o half.npy net.st few
status 0
run cnn-features -q -l fc -l relu1 --pool --concat --float16 --incremental -o half.npy net.st list
status 0
cnn-features -q -l fc -l relu1 --pool --concat --float16 -o whole.npy net.st list || fail "float16"
same half.npy whole.npy
: >none
run cnn-features -q -l fc --incremental -o none.npy net.st none
status 0
run cnn-features -q -l fc --incremental -o none.npy net.st none
status 0

# ---- killed at 20 random moments -----------------------------------------------------------------------
cnn-augment -q digits:240:5 -o many/ && find many -name '*.png' -exec touch -d '2026-01-01' {} + || fail "many"
slow=(cnn-features -q -t 1 -l out --batch 4 --incremental -o k.npy deep.st many)
"$make_model" 'input 1x28x28; conv 48 5 pad=2; relu; conv 48 5 pad=2; relu; conv 48 5 pad=2; relu; maxpool 2; out: dense 8' - deep.st || fail "make-model"
begin=$(date +%s%N)
"${slow[@]}" || fail "undisturbed"
took=$((($(date +%s%N) - begin) / 1000000))
mv k.npy whole.npy && mv k.tsv whole.tsv
RANDOM=1
kills=0
for ((i = 0; kills < 20 && i < 200; i++)); do
    before=$([ -e k.npy.part ] && stat -c %s k.npy.part || echo 0)
    "${slow[@]}" 2>/dev/null &
    pid=$!
    sleep "$(awk -v t=$took -v r=$RANDOM 'BEGIN { printf "%.3f", t / 1000 * r / 32768 * 0.4 }')"
    kill -9 $pid 2>/dev/null && kills=$((kills + 1))
    wait $pid 2>/dev/null
    if [ -e k.npy.part ]; then
        # What was written is there still: no more than the rows of a batch (4 * 64 bytes) are cut off.
        [ "$(stat -c %s k.npy.part)" -ge $((before - 300)) ] || fail "rows that were written are lost"
    elif [ -e k.npy ]; then
        same k.npy whole.npy
        cmp -s k.tsv whole.tsv || fail "keys after a kill"
        rm k.*
    fi
done
[ $kills -eq 20 ] || fail "$kills kills"
run "${slow[@]}"
status 0
same k.npy whole.npy
cmp -s k.tsv whole.tsv || fail "keys after $kills kills"
[ "$(echo k.*)" = 'k.npy k.tsv' ] || fail "left behind: $(echo k.*)"
# Killed between the two names: readers say so, and the next run goes on.
cp k.npy k.next.npy && cp k.tsv k.next.tsv
run cnn-infer --knn k.npy --list --neighbours 1
status 65
err_is 'cnn-infer: k.tsv: a run of cnn-features --incremental was killed as it put this file in place: the next one does'
mv k.next.tsv k.tsv
run "${slow[@]}"
status 0
[ "$(echo k.*)" = 'k.npy k.tsv' ] || fail "left behind: $(echo k.*)"
same k.npy whole.npy

# ---- two at once ---------------------------------------------------------------------------------------
rm k.*
"${slow[@]}" &
pid=$!
for ((i = 0; i < 500; i++)); do [ -e k.npy.part ] && break; sleep 0.01; done
run "${slow[@]}"
[ $status -eq 0 ] || { status 73; err_is "cnn-features: k.npy.part: process $pid is at work on it"; }
wait $pid || fail "the first of two"
same k.npy whole.npy
for i in 1 2 3 4; do "${slow[@]}" 2>/dev/null & done
wait
same k.npy whole.npy

# ---- refused, and nothing is lost ----------------------------------------------------------------------
cp s.npy s.keep && cp s.tsv t.keep
refuse() {
    run cnn-features --batch 8 --incremental -o s.npy "${@:3}"
    status "$1"
    err_has "cnn-features: $2"
    no_file s.npy.part
}
refuse 65 's.npy: features of another model than those of other.st (*, not *)' -l fc other.st photos
refuse 65 "s.npy: features of 'fc', those of net.st are of 'relu2'" -l relu2 net.st photos
refuse 65 "s.npy: made with '--batch 8', not with '--batch 8 --float16'" -l fc --float16 net.st photos
refuse 64 'digits:3: --incremental is for files of images (*)' -l fc net.st digits:3
refuse 64 'want.npy: --incremental is for files of images (npy)' -l fc net.st want.npy
refuse 64 '--incremental needs one layer, or several with --concat' -l fc -l relu1 net.st photos
same s.npy s.keep
same s.tsv t.keep
head -c 300 s.keep >s.npy
refuse 65 's.npy: truncated (300 bytes, * expected)' -l fc net.st photos
cp s.keep s.npy && head -n 20 t.keep >s.tsv
refuse 65 's.tsv: 17 rows for the 61 samples of s.npy' -l fc net.st photos
head -c 900 t.keep >s.tsv
refuse 65 's.tsv*: *' -l fc net.st photos
rm s.tsv
refuse 65 's.npy is there, and s.tsv is not' -l fc net.st photos
cp want.npy s.npy && cp want.tsv s.tsv
refuse 65 's.tsv: no rows that --incremental goes on from: a column of hashes is missing' -l fc net.st photos
same s.npy want.npy
rm s.*
# A part of another model stays, and tells so.
cp k.tsv k.keep && rm k.npy k.tsv
"${slow[@]}" & pid=$!
for ((i = 0; i < 500; i++)); do [ "$([ -e k.npy.part ] && stat -c %s k.npy.part || echo 0)" -gt 2000 ] && break; sleep 0.01; done
kill -9 $pid
wait $pid 2>/dev/null
if [ -e k.npy.part ]; then
    cp k.npy.part part.keep
    run cnn-features -q -l relu1 --pool --incremental -o k.npy deep.st many
    status 65
    err_has 'cnn-features: k.npy.part: a run that was killed left rows of another model or layer, or made with other options*'
    same k.npy.part part.keep
    head -c $(($(stat -c %s part.keep) - 7)) part.keep >k.npy.part # cut within a row
    run "${slow[@]}"
    status 0
    same k.npy whole.npy
fi
for refused in '--incremental needs npy (--output FILE.npy)=-f tsv -o x.tsv --incremental' \
    '--vanished has no effect: it needs --incremental=-o x.npy --vanished drop'; do
    # shellcheck disable=SC2086 # options
    run cnn-features -l fc ${refused#*=} net.st photos
    status 64
    err_has "cnn-features: ${refused%%=*}"
done
