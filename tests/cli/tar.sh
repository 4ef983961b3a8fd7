# What an archive has beside plain members: links, a key or a name twice, holes.
. "$ROOT/tests/cli/lib.sh"
need tar

# picture FILE CHARACTER: a grey image of that byte
picture() { mkdir -p "$(dirname "$1")" && { printf 'P5 8 8 255\n' && head -c 64 /dev/zero | tr '\0' "$2"; } >"$1"; }
net='input 1x8x8; dense classes'
training() { run cnn-train --threads 1 --epochs 1 --net "$net" "$@" -o m.st; }
# pack ARCHIVE NAME...: files of d, stored as often as they are named
pack() { tar cf "$1" --hard-dereference -C d "${@:2}"; }
for i in 1 2 3 4; do
    picture d/$i.pgm "\\0${i}0"
    echo $((i % 2)) >d/$i.cls
done
pack good.tar 1.pgm 1.cls 2.pgm 2.cls 3.pgm 3.cls
training good.tar
status 0
err_lacks '*key*'
cp m.st good.st

# ---- links -------------------------------------------------------------------------------------------
# What a tar has as a second name of a file is said to be that, and so is a link: nothing of it is at hand.
ln d/1.pgm d/5.pgm && echo 0 >d/5.cls && ln d/3.cls d/6.cls && cp d/4.pgm d/6.pgm
ln -s 1.pgm d/7.pgm && echo 1 >d/7.cls && ln -s 1.cls d/note && ln -s . d/folder
tar cf links.tar -C d 1.pgm 1.cls 5.pgm 5.cls 2.pgm 2.cls 7.pgm note folder 7.cls
for how in links.tar '<(cat links.tar)'; do
    run bash -c "cnn-train --threads 1 --epochs 1 --net '$net' --on-bad skip -o m.st $how"
    status 0
    err_has "*#1: '5.pgm' is a hard link to '1.pgm': tar --hard-dereference stores a file"
    err_has "*#3: '7.pgm' is a symbolic link to '1.pgm': tar --dereference stores a file"
done
tar cf links.tar --hard-dereference --dereference -C d 1.pgm 1.cls 5.pgm 5.cls 7.pgm 7.cls
training links.tar
status 0
tar cf links.tar -C d 1.pgm 1.cls 3.pgm 3.cls 6.pgm 6.cls
training links.tar
status 65
err_is "cnn-train: links.tar: '6.cls' is a hard link to '3.cls': tar --hard-dereference stores a file"

# ---- two of a kind under one key ------------------------------------------------------------------------
# As WebDataset has it, one key is one sample: which of two images it is cannot be known.
cp d/2.pgm d/1.pbm
printf '\223NUMPY\1\0\166\0%-117s\n\0\0\0\0' "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }" >d/1.npy
cp d/1.npy d/1.age.npy && cp d/1.cls d/1.age.cls
# twice SECOND WHAT NAME...: the sample of these names has a second of that
twice() {
    pack two.tar 2.pgm 2.cls "${@:3}" 3.pgm 3.cls
    for how in 'two.tar' '- <two.tar'; do
        for program in 'cnn-infer -o a.tsv' 'cnn-features -l dense1 -o f.npy'; do
            run bash -c "$program --on-bad skip good.st $how"
            status 0
            err_has "*#1: '$1' is a second $2 of the key '1', which ends at the first dot"
            err_has '*: 1 bad sample skipped'
        done
        run bash -c "cnn-augment -o a.tar $how"
        status 65
        err_has "*#1: '$1' is a second $2 of the key '1', which ends at the first dot"
    done
    training two.tar
    status 65
    err_is "cnn-train: two.tar#1: '$1' is a second $2 of the key '1', which ends at the first dot"
}
twice 1.pbm input 1.cls 1.pgm 1.pbm
twice 1.pgm input 1.pgm 1.pgm 1.cls
twice 1.npy input 1.pgm 1.cls 1.npy
twice 1.age.npy "field 'age'" 1.pgm 1.age.cls 1.age.npy 1.cls
pack two.tar 1.pgm 1.cls 2.pgm 2.cls 2.cls
training two.tar
status 65
err_is "cnn-train: two.tar: '2.cls' is a second class of the key '2', which ends at the first dot"
pack apart.tar 1.pgm 3.pgm 1.cls 3.cls
run cnn-infer -q good.st apart.tar
status 65
err_has "cnn-infer: apart.tar#2: no image (a sample's members follow one another)"

# A key that comes again later is another sample, of which there is a word, once.
pack again.tar 1.pgm 1.cls 2.pgm 2.cls 1.pgm 1.cls 3.pgm 3.cls 2.pgm 2.cls
for program in 'cnn-train --threads 1 --epochs 1 --net softmax -o m' 'cnn-infer -o a.tsv good.st' 'cnn-features -l dense1 -o f.npy good.st' \
    'cnn-augment -o a.tar' 'cnn-split --allow-missing -o s'; do
    # shellcheck disable=SC2086 # a program and its options
    run $program again.tar
    status 0
    err_has "${program%% *}: again.tar: 2 of 5 samples have the key of one before: the first is now '1~2'"
    [ "${program%% *}" != cnn-split ] || continue
    run bash -c "$program - <again.tar"
    status 0
    [ "$(grep -c "${program%% *}: -: 2 of 5 samples have the key of one before: the first is now '1~2'" err)" = 1 ] || fail "$(cat err)"
done
run cnn-infer -q -o a.tsv good.st again.tar
silent
[ "$(cut -f 1 a.tsv | tr '\n' ' ')" = '1 2 1~2 3 2~2 ' ] || fail "keys: $(cat a.tsv)"
# Streams behind one another are parted by their headers.
cnn-augment -q -o one.tar d/1.pgm
cat one.tar one.tar >two.tar
run cnn-infer -q good.st two.tar
status 0
[ "$(cut -f 1 out | tr '\n' ' ')" = 'd/1 d/1~2 ' ] || fail "keys of two streams: $(cat out)"

# ---- holes ---------------------------------------------------------------------------------------------
mkdir holes
{ printf 'P5 300 300 255\n' && head -c 20000 /dev/zero | tr '\0' '\100'; } >holes/1.pgm
truncate -s 60015 holes/1.pgm && head -c 30000 /dev/zero | tr '\0' '\220' >>holes/1.pgm
printf 'P5 300 300 255\n' >holes/2.pgm && truncate -s 90015 holes/2.pgm
cp holes/1.pgm holes/3.pgm && tr '\0\100' '\7\10' <holes/1.pgm >holes/4.pgm
tar cf plain.tar -C holes 4.pgm 1.pgm 2.pgm 3.pgm
tar --sparse -cf sparse.tar -C holes 4.pgm 1.pgm 2.pgm 3.pgm 2>/dev/null && [ "$(stat -c %s sparse.tar)" -lt "$(stat -c %s plain.tar)" ] ||
    skip 'no tar that writes holes, or no holes in files'
cnn-augment -q -o want.tar plain.tar
for dialect in --format=gnu --sparse-version=0.0 --sparse-version=0.1 --sparse-version=1.0; do
    for order in '4 1 2 3' '1 2 3 4'; do
        # shellcheck disable=SC2046,SC2086 # names
        tar --sparse $dialect -cf sparse.tar -C holes $(printf '%s.pgm ' $order)
        for how in sparse.tar '- <sparse.tar' '<(gzip -c sparse.tar)'; do
            run bash -c "cnn-augment -q -o got.tar $how"
            status 0
            for i in 1 2 3 4; do tar xOf got.tar $i.pgm | cmp -s - <(tar xOf want.tar $i.pgm) || fail "$dialect $how: $i.pgm"; done
        done
    done
done
