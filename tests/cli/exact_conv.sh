# --exact-conv: the same answers within rounding, by algorithms that add plain products.
. "$ROOT/tests/cli/lib.sh"
net='input 1x28x28; conv 64 3 pad=1; relu; conv 64 3 pad=1; relu; avgpool global; dense 10'
run cnn-train -q --net "$net" digits:64 --epochs 0 -o usual
status 0
run cnn-train -q --net "$net" digits:64 --epochs 0 --exact-conv -o exact
status 0
run cnn-inspect --history exact
out_has '*exact-conv*'

# within A B: numbers of two tables, none further apart than 1e-4.
within() {
    paste "$1" "$2" | awk -F '\t' '
        { n = NF / 2
          for (i = 1; i <= n; i++)
              if ($i ~ /^[-+.e0-9]+$/ && ($i - $(i + n) > 1e-4 || $(i + n) - $i > 1e-4)) exit 1
          numbers += n }
        END { exit !numbers }' || fail "$1 and $2 differ by more than rounding"
}
for more in '' --exact-conv; do
    # shellcheck disable=SC2086 # no word or one
    run cnn-infer -q --probabilities $more usual digits:8:3
    status 0
    mv out "infer$more"
    # shellcheck disable=SC2086
    run cnn-features -q -l conv2 --pool $more usual digits:8:3
    status 0
    mv out "features$more"
done
within infer infer--exact-conv
within features features--exact-conv

run cnn-inspect --time -b 8 --exact-conv usual
status 0
out_lacks '*winograd*'
run cnn-inspect --time -b 8 usual
status 0
has_line out '*winograd*' || skip 'answers agree, but nothing here rounds more than plain sums'
exit 0
