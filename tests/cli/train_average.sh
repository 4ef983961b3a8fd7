# --ema: what is validated is what is written, of the best epoch or the last; without it nothing changes.
. "$ROOT/tests/cli/lib.sh"
net='input 1x28x28; conv 4 5 stride=2; bn; relu; dense 10'
val=digits:100:5
train() {
    run cnn-train -q --threads 1 --net "$net" --rate 0.05 --epochs 4 --batch 20 --val $val --log log digits:200 "$@"
    status 0
}
# loss_of_epoch N|best: the log's
loss_of_epoch() {
    local n=$1
    [ "$n" = best ] && n=$(sed -n 's/.*"event": "end".*"best": \([0-9]*\).*/\1/p' log)
    sed -n "s/.*\"event\": \"epoch\", \"epoch\": $n,.*\"val_loss\": \([0-9.]*\).*/\1/p" log
}
# same_loss EPOCH MODEL
same_loss() {
    run cnn-infer -q --eval --json "$2" $val
    status 0
    awk -v a="$(loss_of_epoch "$1")" -v b="$(sed -n 's/.*"loss": \([0-9.]*\).*/\1/p' out)" \
        'BEGIN { exit !(a > 0 && (a > b ? a - b : b - a) < 1e-5 * a) }' || fail "$2 was not validated"
}
train --ema 0.9 -o best
same_loss best best
train --ema 0.9 --keep last -o last
same_loss 4 last
cp log averaged
train --keep last -o plain
same_loss 4 plain
! cmp -s <(sed 's/, "images.*//' averaged) <(sed 's/, "images.*//' log) || fail 'averages are validated as weights are'
[ "$(sed -n 's/.*"epoch": 4.*"loss": \([0-9.]*\), "train.*/\1/p' averaged)" = "$(sed -n 's/.*"epoch": 4.*"loss": \([0-9.]*\), "train.*/\1/p' log)" ] ||
    fail 'training goes another way'
run cnn-inspect --history last
out_has '*--ema=0.9 *'
# A checkpoint's own weights go on; another decay is another run.
run cnn-train -q --threads 1 --net "$net" --epochs 1 --ema 0.9 --checkpoint c digits:200 -o m
status 0
run cnn-infer -q --eval c $val
status 0
run cnn-train -q --threads 1 --net "$net" --epochs 2 --ema 0.99 --checkpoint c --resume digits:200 -o m
status 65
err_has "cnn-train: c: cannot go on: the run was begun with --ema '0.9', not '0.99'"
run cnn-train --ema 1 --net "$net" digits:200 -o m
status 64
