# A bad image, fewer rows or more epochs do not make a checkpoint useless; what changed is said.
. "$ROOT/tests/cli/lib.sh"
need tar
cnn-augment -q digits:60 >digits.tar && mkdir loose && tar xf digits.tar -C loose || fail 'cnn-augment or tar'
find loose -name '*.pgm' | sort | while read -r picture; do
    printf '%s\t%s\n' "$picture" "$(cat "${picture%.pgm}.cls")"
done >list.tsv
train=(cnn-train --threads 1 --net 'input 1x28x28; dense 10' --recipe none --batch 4 --shuffle 0 --checkpoint c --checkpoint-every 1 --resume -o m)
broken=$(sed -n 30p list.tsv | cut -f 1)
cp "$broken" whole && head -c 100 whole >"$broken"
run "${train[@]}" --epochs 2 list.tsv
status 65
err_has "cnn-train: *$broken*"
cp c before
run "${train[@]}" --epochs 2 --on-bad skip list.tsv
status 0
err_has 'cnn-train: --on-bad is skip, and was fail'
run cnn-inspect --history m
status 65
err_is 'cnn-inspect: m: no script makes this model again: where its training was resumed, something had changed (--on-bad is skip, and was fail)'
# Without the row.
cp before c && grep -v "^$broken" list.tsv >fewer.tsv
run "${train[@]}" --epochs 2 fewer.tsv
status 0
err_has 'cnn-train: rows of fewer.tsv are not those of before (now 59 samples)'
# Mended: nothing differs, and the model is that of a run that was left alone.
cp before c && cp whole "$broken"
run "${train[@]}" --epochs 2 list.tsv
status 0
mv m mended && rm c
run "${train[@]}" --epochs 2 list.tsv
status 0
same m mended
# More epochs; with a constant rate it is the run of so many epochs, but for what is said of it.
run "${train[@]}" --epochs 3 list.tsv
status 0
err_has 'cnn-train: --epochs is 3, and was 2'
# Another image under the same name is noticed when its epoch ends.
cp "$(sed -n 1p list.tsv | cut -f 1)" "$broken"
run "${train[@]}" --epochs 5 list.tsv
status 0
err_has 'cnn-train: the samples of epoch 4 are not those of before: 60 now, 60 then'
# Other data, another net and another batch are refused.
run "${train[@]}" --epochs 5 digits:60:7
status 65
err_has 'cnn-train: c: cannot go on: the contents of training data are not those of before'
run "${train[@]}" --epochs 5 --batch 5 list.tsv
status 65
err_has "cnn-train: c: cannot go on: the run was begun with --batch '4', not '5'"
