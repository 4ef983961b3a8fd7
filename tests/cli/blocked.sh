# A program that waits for a silent pipe, or a full one, ends at the first signal.
. "$ROOT/tests/cli/lib.sh"
set -m # else programs in the background ignore SIGINT
mkfifo silent full closed
exec 8<>silent 9<>full # a writer that says nothing, a reader that takes nothing
cnn-train -q --net softmax --epochs 1 digits:20 -o m.safetensors || fail 'no model'
cnn-augment -q digits:50 >part.tar || fail 'no stream'
head -c 40000 part.tar >half.tar

# from=FIFO to=FIFO blocked SIGNAL COMMAND...: it has come to rest, is told, and must be gone soon; then
# its status.
blocked() {
    local signal=$1 pid
    shift
    command_line="$* (and SIG$signal)"
    "$@" <"${from-/dev/null}" >"${to-out}" 2>err &
    pid=$!
    sleep 1
    [ -d /proc/$pid ] || fail 'it ended by itself'
    kill -"$signal" $pid
    for _ in {1..100}; do
        kill -0 $pid 2>/dev/null || break
        sleep 0.1
    done
    kill -KILL $pid 2>/dev/null && fail 'the signal had no effect'
    wait $pid
    status=$?
}
# The first half of a stream, and then nothing.
halfway() { cat half.tar >silent & blocked "$@"; }

for signal in INT TERM; do
    # nothing comes at all; from standard input, and by name
    from=silent blocked $signal cnn-train -q --net softmax - -o x
    status 75
    err_is 'cnn-train: -: interrupted'
    blocked $signal cnn-train -q --net softmax closed -o x
    status 75
    blocked $signal cnn-infer m.safetensors silent
    status 75

    # nothing more comes: while it is kept for several epochs, and where it is read once
    from=silent halfway $signal cnn-train -q --net softmax --epochs 2 - -o x
    status 75
    from=silent halfway $signal cnn-train -q --net 'input 1x28x28; dense 10' --epochs 1 --shuffle 0 - -o x
    status 75
    err_is 'cnn-train: interrupted in epoch 1; nothing is saved (--checkpoint would keep it)'
    from=silent halfway $signal cnn-infer -q m.safetensors - -o predictions
    status 75
    from=silent halfway $signal cnn-augment -q --flip h - -o copies.tar
    status 74
    err_is 'cnn-augment: stopped by a signal: the output is incomplete'

    # nobody takes what there is to say
    to=full blocked $signal cnn-augment -q digits:100000
    status 74
    err_is 'cnn-augment: stopped by a signal: the output is incomplete'
    to=full blocked $signal cnn-features -q -f tar -l fc m.safetensors digits:20000
    status 75
done
for signal in INT TERM HUP; do
    # as text, too, which is written through a buffer
    to=full blocked $signal cnn-infer -q -f json m.safetensors digits:100000
    status 75
    to=full blocked $signal cnn-features -q -l fc m.safetensors digits:100000
    status 75
    # the other side of a FIFO never comes
    for p in 'cnn-infer -q closed digits:5' 'cnn-inspect closed' 'cnn-infer -q -o closed m.safetensors digits:5'; do
        # shellcheck disable=SC2086 # words
        blocked $signal $p
        status 75
        err_has '*closed: interrupted'
    done
done
# A job in the background of a script ignores Ctrl-C, but not who asks it by name; nohup is kept.
set +m
cnn-infer -q m.safetensors digits:100000 >full 2>err & pid=$!
sleep 0.5
kill -INT $pid
wait $pid
status=$?
status 75
(trap '' HUP; exec cnn-infer -q m.safetensors digits:100000 >full 2>err) & pid=$!
sleep 0.5
kill -HUP $pid
sleep 0.5
kill -0 $pid || fail 'nohup has no effect'
kill -TERM $pid
wait $pid
status=$?
status 75
no_file x predictions copies.tar
