# Early stopping ends the run and keeps the best epoch's net.
. "$ROOT/tests/cli/lib.sh"
train=(cnn-train --net 'input 1x28x28; dense 64; relu; dense 10' digits:60 --val digits:200:5 --batch 20 --recipe none --rate 0.1 --threads 2)
run "${train[@]}" --epochs 200 --patience 3 -o early --log log
status 0
err_has 'cnn-train: early stopping: epoch * was the best and is kept'
grep -q '^{"event": "end", "why": "patience", ' log || fail 'the log does not say why it ended'
epochs=$(grep -c '"event": "epoch"' log)
[ "$epochs" -lt 200 ] || fail 'it did not stop'
best=$(grep '"best": true' log | tail -n 1 | grep -o '"epoch": [0-9]*' | grep -o '[0-9]*$')
[ "$best" -eq $((epochs - 3)) ] || fail "the best is epoch $best of $epochs"
# The net of a run that ends with the best epoch.
run "${train[@]}" --epochs "$best" -o until
status 0
# Without --patience all epochs run, and the best is kept as well; --keep last keeps the last.
run "${train[@]}" --epochs "$epochs" -o all
status 0
err_has "cnn-train: epoch $best was the best and is kept"
run "${train[@]}" --epochs "$epochs" -o last --keep last
status 0
err_has "cnn-train: epoch $best was the best; the last is kept"
# The same after a kill: the best is in the checkpoint.
for part in "--steps $((3 * best + 3))" ''; do
    # shellcheck disable=SC2086 # words are meant
    run "${train[@]}" -q --epochs "$epochs" -o resumed \
        --checkpoint ckpt --resume $part
    status 0
done
need python3
[ -z "$(differing early until)" ] || fail "not the net of epoch $best"
[ -z "$(differing all until)" ] || fail "not the net of epoch $best without --patience"
[ -z "$(differing resumed until)" ] || fail "not the net of epoch $best after a kill"
[ -n "$(differing last until)" ] || fail '--keep last wrote the best'
