# The manual's table of the zoo has a row for every net, and says of it what the programs count.
. "$ROOT/tests/cli/lib.sh"
page=$ROOT/man/cnn-zoo.7
rows() { awk '/^\.\\" END table/ { on = 0 } on && NF == 9 { print $1 } /^\.\\" BEGIN table/ { on = 1 }' "$1"; }
rows "$page" >there
cnn-inspect --zoo | awk '{ print $1 }' >nets
cmp -s there nets || fail "the rows are not the nets of the zoo: $(diff there nets)"

# Made anew, a page in which rows are wrong or missing becomes this one, but for the speeds that it has.
faster() { sed 's/^\(lenet5 .*\)......$/\1  12.5/' "$1"; }
sed 's/^\(resnet18 .*\)1\.81G/\11.82G/; /^softmax /d; s/^\(mlp .*\) 536k/\1 535k/' "$page" | faster - >stale.7
run "$ROOT/scripts/make-zoo-table" stale.7
status 0
faster "$page" >expected.7
grep '^softmax ' out | awk '{ exit $7 $8 $9 != "---" }' || fail 'a net whose row was missing has speeds'
diff -u <(grep -v '^softmax ' expected.7) <(grep -v '^softmax ' out) >differs ||
    fail "man/cnn-zoo.7 is not what scripts/make-zoo-table makes: $(cat differs)"
run "$ROOT/scripts/make-zoo-table" nonesuch.7
status 66

# A net's memory is what a training of it is planned with.
run "$BUILD/helpers/net-memory" train 64 2 lenet
status 0
held=$(cut -f 2 out)
run cnn-train --recipe none --net lenet --batch 64 --threads 2 --plan -o m digits:128
status 0
planned=$(awk '/^(parameters|statistics|gradients|optimizer state|activations and scratch|targets) / { n += $NF } END { print n }' out)
[ $((held * 100)) -ge $((planned * 99)) ] && [ $((held * 100)) -le $((planned * 101)) ] || fail "net-memory says $held, --plan $planned"
run "$BUILD/helpers/net-memory" infer 1 1 nonesuch
status 66
err_has '*nonesuch*'
for arguments in '' 'infer 1 1' 'both 1 1 lenet' 'infer 0 1 lenet'; do
    # shellcheck disable=SC2086 # several words
    run "$BUILD/helpers/net-memory" $arguments
    status 64
done
