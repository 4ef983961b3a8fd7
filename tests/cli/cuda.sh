# --device: a clear answer where there is no GPU; where there is one, the CPU's answers, and runs that go
# on from one device to the other.
. "$ROOT/tests/cli/lib.sh"
net='input 1x28x28; conv 8 5 stride=2; bn; relu; maxpool 2; conv 16 3; relu; dense classes'
train() { run cnn-train -q --net "$net" --batch 32 --rate 0.05 digits:256 "$@"; }

run cnn-train -q --net "$net" --precision bf16 digits:64 -o m
status 64
err_is 'cnn-train: precision bf16 is for GPUs: the CPU computes in fp32'
run cnn-infer --device cud m digits:4
status 66
train --epochs 1 -o cpu1
status 0
run cnn-infer --device cud cpu1 digits:4
status 64
err_is "cnn-infer: no device 'cud' (there are cpu, cuda, cuda:N and auto)"
run cnn-infer --device cuda:99 cpu1 digits:4
status 69
err_has 'cnn-infer: no *device*'

run cnn-infer -q --device cuda cpu1 digits:4
if [ "$status" -ne 0 ]; then
    status 69
    err_has 'cnn-infer: no CUDA device: *'
    run cnn-infer --device auto cpu1 digits:4
    status 0
    err_has 'cnn-infer: computing on the CPU: no CUDA device: *'
    run cnn-infer cpu1 digits:4
    mv out cpu
    run cnn-infer -q --device auto cpu1 digits:4
    silent
    cmp cpu out || fail 'auto gives other answers than cpu'
    skip 'the messages are right; the rest needs a GPU'
fi

# near A B LIMIT: no two numbers of the tables further apart
near() {
    paste "$1" "$2" | awk -F '\t' -v limit="$3" '
        { n = NF / 2
          for (i = 1; i <= n; i++)
              if ($i ~ /^[-+.e0-9]+$/) {
                  d = $i - $(i + n); d = d < 0 ? -d : d
                  if (!(d <= limit)) exit 1
                  numbers++
              } }
        END { exit !numbers }' || fail "$1 and $2 differ by more than $3"
}
# answers NAME MODEL OPTION...: of 40 digits, probabilities
answers() {
    run cnn-infer -q --probabilities "${@:2}" digits:40:7
    status 0
    mv out "$1"
}

answers cpu cpu1
answers gpu cpu1 --device cuda
near cpu gpu 1e-4
answers tf32 cpu1 --device cuda --precision tf32
near cpu tf32 0.02
answers bf16 cpu1 --device cuda --precision bf16
near cpu bf16 0.1
run cnn-features -q -l conv2 --pool cpu1 digits:8
mv out cpu
run cnn-features -q -l conv2 --pool --device cuda cpu1 digits:8
near cpu out 1e-4

# Too little memory: what is wanted, what there is, and what would do. (Only the emulated device can have little.)
case $BUILD in
*/emu)
    run env CNN_EMU_MEMORY=120000000 cnn-infer -q --device cuda --batch 60000 cpu1 digits:60000
    status 71
    err_has 'cnn-infer: batches of 60000 need * MiB of the device, * MiB are free; batches of * would fit, about'
    # What would fit does, to the last file, with validation and with images on the device.
    tight=(env CNN_EMU_MEMORY=118000000 cnn-train -q --device cuda --net 'input 1x28x28; dense classes' --steps 2
        --rotate 10 --val digits:8 digits:2000 -o tight)
    run "${tight[@]}" --batch 2000
    status 71
    most=$(sed -n 's/.*batches of \([0-9]*\) would fit, about$/\1/p' err)
    run "${tight[@]}" --batch "$most"
    status 0
    ;;
esac

run cnn-inspect --time -b 4 --device cuda --precision tf32 cpu1
status 0
out_has 'steps      * ms with each timed, the median of * runs'
out_has 'time       * ms, the median of * runs'
out_has 'limits * GB/s (GPU: matrix products, copies)'

# What speaks for the class of the first digit: the plain numbers, as parts of the largest.
seen() {
    run cnn-inspect --saliency "$method" --class 0 --device "$1" cpu1 digits:1 "$1.npy"
    status 0
    tail -c 3136 "$1.npy" | od -An -v -w4 -t f4 |
        awk '{ v[NR] = $1; a = $1 < 0 ? -$1 : $1; if (a > high) high = a } END { if (!high) exit 1; for (i in v) print i "\t" v[i] / high }' |
        sort -n >"$1" || fail "$method sees nothing"
    rm "$1.npy"
}
for method in gradient guided deconv integrated occlusion gradcam gradcam++; do
    seen cpu
    seen cuda
    near cpu cuda 1e-3
done

# The same run on both, and twice on the GPU.
train --epochs 2 -o cpu2
train --epochs 2 --device cuda -o gpu2
status 0
answers cpu cpu2
answers gpu gpu2
near cpu gpu 1e-2
train --epochs 2 --device cuda -o again
run cnn-inspect --diff gpu2 again
status 0

# Images that are turned and noisy: made on the GPU and on the host.
for how in '--rotate 10 --translate 0.1 --fill edge' '--flip h --noise 0.05'; do
    # shellcheck disable=SC2086
    train --epochs 2 $how --val digits:64:3 -o cpu2
    answers cpu cpu2
    # shellcheck disable=SC2086
    train --epochs 2 $how --val digits:64:3 --device cuda -o gpu2
    answers gpu gpu2
    near cpu gpu 1e-2
done

# What fails says the same on both.
for device in cpu cuda; do
    run cnn-train -q --net 'input 1x28x28; dense 9; dense 9; dense classes' --rate 1e25 --clip-norm 1e30 --batch 8 --device $device \
        digits:32 -o bad
    status 70
    err_has 'cnn-train: the loss is not finite in step *'
    printf 'P2 1 300 255\n%s\n' "$(seq -s ' ' 1 300 | sed 's/[0-9][0-9]*/7/g')" >thin.pgm
    printf 'thin.pgm\t0\nthin.pgm\t1\n' >thin.tsv
    run cnn-train -q --net 'input 1x256x256 resize=256; dense classes' --device $device thin.tsv -o bad
    status 65
    err_has '*thin.pgm: 256 x 76800 pixels are more than 65500 on a side'
done

# A run that was interrupted on one goes on on the other.
long=(cnn-train -q --net "$net" --batch 8 --rate 0.02 digits:400 --epochs 3)
"${long[@]}" -o cpu3 || fail 'the run that is left alone'
answers cpu cpu3
for from in cpu cuda; do
    to=cuda
    [ $from = cuda ] && to=cpu
    "${long[@]}" --checkpoint $from.ckpt --checkpoint-every 1 --device $from -o half 2>err &
    pid=$!
    until [ -s $from.ckpt ]; do sleep 0.001; done
    kill -TERM $pid
    wait $pid
    status=$?
    [ $status -eq 0 ] || status 75
    "${long[@]}" --checkpoint $from.ckpt --checkpoint-every 1 --resume --device $to -o whole ||
        fail "going on with $to"
    answers whole whole
    near cpu whole 1e-2
done
