# Training takes the memory that --plan says, within 10 %.
. "$ROOT/tests/cli/lib.sh"
grep -q asan <<<"$BUILD" && skip 'a build with sanitizers takes memory of its own'
net='input 1x28x28; conv 64 5 pad=2; bn; relu; maxpool 2; conv 128 5 pad=2; bn; relu; maxpool 2; dense 512; relu; dense 10'
train() { run cnn-train -q --net "$net" digits:512 --val digits:64:5 --epochs 1 --threads 2 -o m "$@"; }
for more in '--batch 64' '--batch 256 --optimizer adam --ema 0.99 --patience 2' '--batch 128 --checkpoint ckpt'; do
    # shellcheck disable=SC2086 # several words
    train $more --plan
    status 0
    out_has 'convolution * algorithm * expected ms'
    out_has 'conv2* * *.*'
    out_has 'expected for a batch: *.* ms, *.* samples a second (an estimate, at * GFLOP/s and * GB/s)'
    said=$(awk '/^in all/ { print $NF }' out)
    # shellcheck disable=SC2086
    run "$BUILD/helpers/measure" cnn-train -q --net "$net" digits:512 --val digits:64:5 --epochs 1 --threads 2 -o m $more
    status 0
    took=$(($(cut -d ' ' -f 2 out) * 1024))
    echo "with $more: the plan says $said bytes, the run took $took"
    [ $((took * 10)) -le $((said * 11)) ] && [ $((took * 10)) -ge $((said * 9)) ] || fail 'not within 10 %'
done
