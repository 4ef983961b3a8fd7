# Killed at random moments and resumed, a run ends with the bytes of one that was left alone.
. "$ROOT/tests/cli/lib.sh"
net='input 1x28x28; conv 6 5 stride=2; bn; relu; dropout 0.2; dense 10'
# Simple commands, so that $! is the program itself.
train=(cnn-train -q --net "$net" digits:600 --val digits:60:7 --epochs 4 --batch 20 --accumulate 2 --momentum 0.9 --rotate 10 \
        --schedule cosine --warmup 0.5 --patience 9 --threads 2 --seed 11)
begin=${EPOCHREALTIME/[.,]/}
"${train[@]}" -o whole --log whole.log --log-every 10 || fail 'the run that is left alone'
took=$(((${EPOCHREALTIME/[.,]/} - begin) / 1000)) # ms
untimed() { grep -E '^."event": "(step|epoch)"' "$1" | sed 's/, "images_per_second": .*//'; }
untimed whole.log >whole.steps
[ "$(wc -l <whole.steps)" -eq 10 ] || fail 'the log has not four epochs and six lines of steps'

# Killed until about the time that the whole takes here, so that runs come to checkpoints on a busy machine, too.
latest=$((took > 250 ? took : 250))
RANDOM=7
kills=0 runs=0
while [ $kills -lt 20 ] || [ ! -e killed ]; do
    runs=$((runs + 1))
    [ $runs -lt 200 ] || fail "only $kills kills in $runs runs"
    "${train[@]}" -o killed --checkpoint ckpt --checkpoint-every 3 --resume --log killed.log --log-every 10 2>err &
    pid=$!
    moment=$((20 + RANDOM % latest))
    printf -v moment %d.%03d $((moment / 1000)) $((moment % 1000))
    sleep "$moment"
    { kill -KILL $pid; } 2>/dev/null
    wait $pid 2>/dev/null
    status=$?
    [ $status -eq 137 ] && kills=$((kills + 1))
    [ $status -eq 0 ] || [ $status -eq 137 ] || fail "a resumed run failed"
    if [ $status -eq 0 ]; then
        same whole killed
        same whole.steps <(untimed killed.log)
        # Again from the start while there are kills left.
        [ $kills -ge 20 ] || rm -f killed ckpt killed.log
    fi
done
# The checkpoint of a finished run gives the model again.
rm killed
"${train[@]}" -o killed --checkpoint ckpt --resume --checkpoint-every 3 || fail 'a finished run'
same whole killed

# SIGTERM and its like: checkpointed, 75, and the same command goes on.
# until_there FILE: wait for it, a minute at most
until_there() {
    local i
    for ((i = 0; i < 6000; i++)); do
        [ -s "$1" ] && return
        sleep 0.01
    done
    fail "$1 does not appear"
}
set -m # or else SIGINT is ignored in what runs in the background
for signal in TERM INT HUP XCPU; do
    rm -f ckpt killed
    "${train[@]}" -o killed --checkpoint ckpt --checkpoint-every 1 --resume 2>err &
    pid=$!
    until_there ckpt
    kill -$signal $pid
    wait $pid
    status=$?
    status 75
    err_has 'cnn-train: interrupted at step *, in epoch *; the same command with --resume goes on from ckpt'
    no_file killed
    run "${train[@]}" -o killed --checkpoint ckpt --checkpoint-every 1 --resume
    status 0
    same whole killed
done

# Without a checkpoint nothing is kept, and it says so.
rm -f killed
"${train[@]}" -o killed --epochs 1000 --log long.log --log-every 1 2>err &
pid=$!
until_there long.log
kill -TERM $pid
wait $pid
status=$?
status 75
err_has 'cnn-train: interrupted in epoch *; nothing is saved (--checkpoint would keep it)'
no_file killed

# A checkpoint of another run is refused, and the message says why.
run "${train[@]}" -o killed --checkpoint ckpt --resume --rate 0.5
status 65
err_has 'cnn-train: ckpt: cannot go on: the run was begun with --rate *, not *0.5*'
run "${train[@]}" -o killed --checkpoint ckpt --resume --rotate 5
status 65
err_has 'cnn-train: ckpt: cannot go on: the run was begun with augmentation *--rotate 10*, not *--rotate 5*'
run cnn-train -q --net "$net" digits:600:2 --val digits:60:7 --epochs 4 --batch 20 --accumulate 2 --momentum 0.9 --rotate 10 \
    --schedule cosine --warmup 0.5 --patience 9 --threads 2 --seed 11 -o killed --checkpoint ckpt --resume
status 65
err_has 'cnn-train: ckpt: cannot go on: the contents of training data are not those of before'
head -c 3000 ckpt >cut.ckpt
run "${train[@]}" -o killed --checkpoint cut.ckpt --resume
status 65
run "${train[@]}" -o killed --checkpoint whole --resume
status 65
err_has 'cnn-train: whole: a model, not a checkpoint: *'
no_file killed

# A run that ended between the last of its steps and the end of their epoch: that is made up for.
need tar
cnn-augment digits:20:7 >val.tar && mkdir val && tar xf val.tar -C val || fail 'cnn-augment or tar'
find val -name '*.pgm' | sort | while read -r picture; do
    printf '%s\t%s\n' "$picture" "$(cat "${picture%.pgm}.cls")"
done >val.tsv
steps=(cnn-train -q --net "$net" digits:60 --val val.tsv --patience 3 --epochs 2 --batch 20 --steps 2 --threads 2)
"${steps[@]}" -o stepped || fail 'the run that is left alone'
last=$(tail -n 1 val.tsv | cut -f 1)
mv "$last" aside
run "${steps[@]}" -o resumed --checkpoint last --checkpoint-every 2
status 66
no_file resumed
mv aside "$last"
run "${steps[@]}" -o resumed --checkpoint last --resume
status 0
same stepped resumed
