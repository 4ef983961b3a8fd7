# A model that comes through a pipe is one wherever models are read, and it ends where its header says.
# shellcheck disable=SC2086 # words are meant
. "$ROOT/tests/cli/lib.sh"
need timeout
cnn-train -q --net 'input 1x28x28; dense 10' --epochs 1 --threads 1 digits:40 -o m.st || fail 'cnn-train'
cnn-train -q --init m.st --epochs 1 --threads 1 digits:20 -o want.st || fail 'cnn-train --init'
mkfifo pipe
through() { # FILE COMMAND...: the file through the pipe
    timeout 60 bash -c 'cat "$0" >pipe' "$1" & # whoever opens a pipe that nobody reads waits
    run timeout 60 "${@:2}"
    wait $!
}
cnn-infer m.st digits:10:2 >want
through m.st cnn-infer pipe digits:10:2
status 0
same out want
cnn-features -q -l dense1 m.st digits:10:2 >want
through m.st cnn-features -q -l dense1 pipe digits:10:2
status 0
same out want
for how in '' --tensors --meta --print --json; do
    through m.st cnn-inspect $how pipe
    status 0
done
through m.st cnn-inspect --diff pipe m.st
status 0
printf 'input 1x4x4\ndense 2\n' >a.net
through a.net cnn-inspect --print pipe
status 0
out_is "$(cnn-inspect --print a.net)"
through m.st cnn-train -q --init pipe --epochs 1 --threads 1 digits:20 -o got.st
status 0
same got.st want.st
through m.st cnn-train -q --net 'input 1x28x28; dense 10' --init pipe --epochs 1 --threads 1 digits:20 -o got.st
status 0

# Without end, or with something behind it: read as far as the header says. 1 GiB would not do for all. (A sanitizer wants
# more addresses than there is memory.)
room=1000000
ldd "$(command -v cnn-infer)" | grep -q libasan && room=unlimited
for program in 'cnn-infer pipe digits:10' 'cnn-inspect pipe' 'cnn-train --init pipe digits:10 -o n.st'; do
    command_line=$program
    { timeout 60 bash -c 'cat m.st /dev/zero >pipe' 2>/dev/null || :; } &
    (ulimit -v $room && exec timeout 60 $program) >out 2>err
    status=$?
    wait $!
    status 65
    err_has "cnn-*: pipe: more follows the $(wc -c <m.st) bytes that its header tells of"
done
cat m.st m.st >two.st
run cnn-infer two.st digits:10
status 65
err_has "cnn-infer: two.st: more follows the $(wc -c <m.st) bytes *"
head -c 1000 m.st >cut.st
through cut.st cnn-inspect pipe
status 65
{ timeout 60 bash -c 'yes >pipe' 2>/dev/null || :; } &
run timeout 60 cnn-inspect pipe
wait $!
status 65
err_has 'cnn-inspect: pipe: this is not the text of a net'

# A checkpoint is written again and again, and read.
for resume in '' --resume; do
    run timeout 60 cnn-train --net softmax digits:10 -o n.st --checkpoint pipe $resume
    status 64
    err_has 'cnn-train: --checkpoint pipe: a pipe or a device, not a file'
done
exit 0
