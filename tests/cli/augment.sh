# cnn-augment as a program: streams, files, folders, copies, bad input, and outputs that fail.
. "$ROOT/tests/cli/lib.sh"

all='--flip hv --rotate 15 --zoom 0.9,1.2 --translate 0.1 --crop-pad 2 --brightness 0.2 --contrast 0.2 --noise 0.03'

# make NAME ARGUMENT...: a stream into a file
make() {
    local file=$1
    shift
    command_line="cnn-augment $*"
    cnn-augment "$@" >"$file" 2>err
    status=$?
}

# ---- the stream -------------------------------------------------------------------------------------

make plain.tar digits:30:1
status 0
silent
tar -tf plain.tar >members || fail "tar cannot read the stream"
[ "$(head -n 1 members)" = __cnn__/header.json ] || fail "no header in front"
[ "$(tail -n 1 members)" = __cnn__/end.json ] || fail "no end record at the end"
[ "$(sed -n '2,5p' members | tr '\n' ' ')" = \
    "digits-1/000000.pgm digits-1/000000.cls digits-1/000001.pgm digits-1/000001.cls " ] ||
    fail "the members are not in order"
[ "$(wc -l <members)" = 62 ] || fail "not 30 samples"
tar -xOf plain.tar __cnn__/header.json >header
grep -q '"history": *\[\]' header || fail "a pass-through has a history: $(cat header)"

# The same bytes from the stream, and from it twice, at any number of threads.
for t in 1 2 4; do
    make again.tar -t $t plain.tar
    status 0
    same plain.tar again.tar
    cnn-augment -t $t - <plain.tar | cnn-augment -t $t - >again.tar || fail "the pipe failed"
    same plain.tar again.tar
done
make again.tar -o - plain.tar
same plain.tar again.tar
run cnn-augment -o file.tar plain.tar
status 0
out_is ''
same plain.tar file.tar

# shellcheck disable=SC2086 # words are meant
{
    make first.tar $all --seed 3 digits:30:1
    status 0
    for t in 1 2 4; do
        make again.tar $all --seed 3 -t $t - <plain.tar
        status 0
        same first.tar again.tar
    done
    for other in '--seed 4' '--seed 3 --epoch 1'; do
        make again.tar $all $other digits:30:1
        status 0
        ! cmp -s first.tar again.tar || fail "$other changes nothing"
    done
}
tar -xOf first.tar __cnn__/header.json >header
grep -q 'cnn-augment' header && grep -q -- '--crop-pad 2' header && grep -q -- '--seed 3' header ||
    fail "the history lacks the options: $(cat header)"
grep -qE -- ' -t|threads' header && fail "the history has what changes nothing"

# A sample is augmented alike whoever its neighbours are.
make few.tar --rotate 30 digits:3:1
make many.tar --rotate 30 digits:30:1
for i in 0 1 2; do
    tar -xOf few.tar digits-1/00000$i.pgm >a
    tar -xOf many.tar digits-1/00000$i.pgm >b
    same a b
done

# ---- copies -----------------------------------------------------------------------------------------

make copies.tar -n 2 --keep --rotate 20 digits:3:1
status 0
[ "$(tar -tf copies.tar | grep pgm | tr '\n' ' ')" = \
    "digits-1/000000.pgm digits-1/000000+1.pgm digits-1/000000+2.pgm digits-1/000001.pgm \
digits-1/000001+1.pgm digits-1/000001+2.pgm digits-1/000002.pgm digits-1/000002+1.pgm \
digits-1/000002+2.pgm " ] || fail "keys of copies: $(tar -tf copies.tar)"
tar -xOf copies.tar digits-1/000001.pgm >a
tar -xOf plain.tar digits-1/000001.pgm >b
same a b
tar -xOf copies.tar digits-1/000001+1.pgm >a
cmp -s a b && fail "the copy is the original"
tar -xOf few.tar digits-1/000001.pgm >c
make one.tar --rotate 20 digits:3:1
tar -xOf one.tar digits-1/000001.pgm >b
same a b
make copies.tar -n 3 digits:3:1
[ "$(tar -tf copies.tar | grep -c 'pgm')" = 9 ] || fail "not 3 copies of each"

# ---- folders ----------------------------------------------------------------------------------------

run cnn-augment -o dir digits:30:1
status 0
silent
[ "$(wc -l <dir/manifest.tsv)" = 30 ] || fail "the manifest has not 30 lines"
[ "$(cat dir/classes.txt)" = "$(seq 0 9)" ] || fail "classes.txt: $(cat dir/classes.txt)"
[ "$(find dir -name '*.png' | wc -l)" = 30 ] || fail "not 30 files"
[ -z "$(find dir -name '.*')" ] || fail "something hidden was left"
while IFS=$'\t' read -r path class; do
    [ "${path%%/*}" = "$class" ] && [ -f "dir/$path" ] || fail "manifest: $path $class"
done <dir/manifest.tsv

# Back to the same stream, from the folder's manifest (another order: the folder sorts).
make again.tar dir/manifest.tsv
status 0
same plain.tar again.tar
make again.tar dir
status 0
[ "$(tar -tf again.tar | sort)" = "$(sort members)" ] || fail "the folder has other keys"

# Copies are a group; the original's key is its name.
run cnn-augment -n 2 -o copies digits:2:1
status 0
[ "$(cut -f 3 copies/manifest.tsv | uniq -c | tr -s ' ')" = " 2 digits-1/000000
 2 digits-1/000001" ] || fail "groups: $(cat copies/manifest.tsv)"

# An empty folder is fine and keeps what it is; a full one is left alone.
mkdir empty
run cnn-augment -o empty/ digits:3:1
status 0
[ "$(wc -l <empty/manifest.tsv)" = 3 ] || fail "nothing in the empty folder"
find dir -type f -exec sha256sum {} + >before
run cnn-augment -o dir digits:30:2
status 73
err_is 'cnn-augment: dir: the folder is there and not empty'
sha256sum --quiet -c before || fail "the folder was changed"
: >plainfile
run cnn-augment -o plainfile digits:3:1
status 73
run cnn-augment -o no/such/dir digits:3:1
status 73
err_is 'cnn-augment: no/such/dir: No such file or directory'
no_file no
run cnn-augment -o no/such/file.tar digits:3:1
status 73
run bash -c 'ulimit -f 4; cnn-augment -q --flip h digits:100 -o big.tar'
status 74
err_is 'cnn-augment: big.tar: File too large'
no_file big.tar*
run cnn-augment -o x.tar.gz digits:3:1
status 64
no_file x.tar.gz

run cnn-augment --rotate 10 --preview look.png digits:30:1
status 0
[ "$(head -c 8 look.png | od -An -tx1 | tr -d ' \n')" = 89504e470d0a1a0a ] || fail "no picture"

# ---- bad samples ------------------------------------------------------------------------------------

mkdir -p photos/a photos/b
cp dir/0/*/*.png photos/a
cp dir/1/*/*.png photos/b
: >photos/a/void.png
head -c 100 photos/b/*1*.png >photos/b/cut.png 2>/dev/null || head -c 100 dir/1/*/*.png >photos/b/cut.png
run cnn-augment photos
status 65
err_has 'cnn-augment: photos/*/*.png: *'
run cnn-augment -o bad.tar photos
status 65
no_file bad.tar
run cnn-augment -o baddir photos
status 65
no_file baddir
make good.tar --on-bad list=bad.txt photos
status 0
[ "$(sort bad.txt)" = "photos/a/void.png
photos/b/cut.png" ] || fail "bad.txt: $(cat bad.txt)"
err_has '*2 bad samples skipped'
[ "$(tar -tf good.tar | grep -c '\.cls')" = "$(($(find photos -name '*.png' | wc -l) - 2))" ] ||
    fail "not the good ones alone"
make again.tar -q --on-bad skip photos
status 0
silent
same good.tar again.tar
run cnn-augment --crop 29 digits:3:1
status 65
err_is 'cnn-augment: digits:3:1#0: an image of 28x28 is smaller than the crop of 29x29 (height x width)'
run cnn-augment --crop 40 --crop-pad 5 digits:3:1
status 65
err_is 'cnn-augment: digits:3:1#0: an image of 28x28 with a border of 5 is smaller than the crop of 40x40 (height x width)'
run cnn-augment -q --on-bad skip --crop 29 digits:3:1
status 65
err_is 'cnn-augment: digits:3:1: every sample is bad'
run cnn-augment nowhere
status 66
err_is 'cnn-augment: nowhere: No such file or directory'

# ---- streams that end early -------------------------------------------------------------------------

# Cut anywhere: every reader says so, and so does the reader's reader.
size=$(stat -c %s plain.tar)
for cut in 1 511 512 700 1024 5000 20000 $((size / 2)) $((size - 11000)); do
    head -c $cut plain.tar | cnn-augment - 2>err >cut.tar
    status=$?
    status 65
    command_line="a stream cut at $cut bytes"
    err_has 'cnn-augment: *'
    [ -s cut.tar ] || continue
    run cnn-augment cut.tar
    status 65
done

# A killed producer.
mkfifo producing
cnn-augment --rotate 10 digits:2000000:1 2>/dev/null >producing &
producer=$!
{
    head -c 100000
    kill -KILL $producer
    cat
} <producing | cnn-augment - >killed.tar 2>err
status=$?
status 65
tar -tf killed.tar 2>/dev/null | grep -q end.json && fail "an end record behind a killed producer"

# A reader that goes away.
(
    cnn-augment digits:2000000:1 2>err
    echo $? >code
) | head -c 100000 >/dev/null
status=$(cat code)
status 141
silent

# Signals: asked to stop, it says so, and what it wrote has no end.
# (Job control, because a script's background jobs otherwise ignore SIGINT.)
set -m
for signal in INT TERM; do
    cnn-augment --noise 0.1 digits:2000000:1 >stopped.tar 2>err &
    sleep 0.3
    kill -$signal $!
    wait $!
    status=$?
    command_line="cnn-augment and SIG$signal"
    status 74
    err_is 'cnn-augment: stopped by a signal: the output is incomplete'
    tar -tf stopped.tar 2>/dev/null | grep -q end.json && fail "an end record"
done
set +m
mkfifo slow
sleep 1 >slow &
cnn-augment - <slow >stopped.tar 2>err &
pid=$!
sleep 0.3
kill -TERM $pid
wait $pid
status=$?
status 74
err_is 'cnn-augment: stopped by a signal: the output is incomplete'
cnn-augment -o stopdir digits:2000000:1 2>err &
pid=$!
sleep 0.3
kill -TERM $pid
wait $pid
status=$?
status 74
no_file stopdir
rm -f stopped.tar killed.tar

# ---- outputs that cannot be written -----------------------------------------------------------------

if [ -c /dev/full ]; then
    cnn-augment digits:300:1 >/dev/full 2>err
    status=$?
    status 74
    err_is 'cnn-augment: standard output: No space left on device'
    run cnn-augment -o /dev/full digits:300:1
    status 74
    err_is 'cnn-augment: /dev/full: No space left on device'
fi
cnn-augment digits:300:1 >&- 2>err
status=$?
status 74
err_has 'cnn-augment: standard output: *'
mkfifo fifo
cnn-augment -o fifo plain.tar 2>err &
cat fifo >again.tar
wait $!
status=$?
status 0
same plain.tar again.tar
if [ "$(id -u)" != 0 ]; then
    mkdir locked
    chmod 555 locked
    run cnn-augment -o locked/x.tar digits:3:1
    status 73
    run cnn-augment -o locked digits:3:1
    status 73
fi

# ---- options ----------------------------------------------------------------------------------------

run cnn-augment
status 64
run cnn-augment a b
status 64
run cnn-augment -n 0 digits:3:1
status 64
run cnn-augment --rotate 181 digits:3:1
status 64
err_has "cnn-augment: --rotate: '181' is not in 0..180"
run cnn-augment --zoom 2,1 digits:3:1
status 64
if has_terminal; then
    script -qec 'cnn-augment digits:3:1' /dev/null </dev/null >out 2>&1
    status=$?
    status 64
    out_has '*not for a terminal*'
fi
