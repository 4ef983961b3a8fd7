# cnn-train --append: a head that was trained on a dump of features and the net they are of, as one model that answers as both.
. "$ROOT/tests/cli/lib.sh"
make_model=$BUILD/helpers/make-model

# alike A B: predictions of the same samples, probabilities within 1e-6
alike() {
    paste "$1" "$2" | awk -F '\t' '{ n = NF / 2; if ($1 != $(n + 1) || $2 != $(n + 2)) bad = 1
        for (i = 3; i <= n; i++) { d = $i - $(n + i); if (d < 0) d = -d; if (!(d <= 1e-6)) bad = 1; seen++ } }
        END { exit bad || !seen }' || fail "$1 and $2 differ"
}

# joins 'LAYERS AND OPTIONS OF cnn-features' 'NET OF THE HEAD' FORM TRUNK
joins() {
    local form=$3 trunk=$4
    # shellcheck disable=SC2086 # options
    cnn-features -q $1 -o "f.$form" "$trunk" digits:120 || fail "features $1"
    run cnn-train -q --net "$2" --epochs 2 --recipe none --threads 2 -o head.st "f.$form"
    status 0
    run cnn-train --append "$trunk" head.st -o whole.st
    status 0
    silent
    # shellcheck disable=SC2086
    cnn-features -q $1 -o "g.$form" "$trunk" digits:40:5 || fail "features $1"
    cnn-infer --probabilities head.st "g.$form" >want || fail "head"
    cnn-infer --probabilities whole.st digits:40:5 >got || fail "whole"
    alike want got
    run cnn-infer --selftest whole.st
    status 0
}

"$make_model" lenet5 0,1,2,3,4,5,6,7,8,9 lenet.st || fail "make-model"
joins '-l fc2' 'dense 20; relu; dense classes' npy lenet.st
# What nobody reads any more is not there; labels that are there twice, elsewhere.
run cnn-inspect --print whole.st
out_lacks 'fc3:*'
out_has 'fc2: dense 84'
out_has 'relu*: relu'
joins '-l fc1' 'fc1: dense 9; relu; fc2: dense classes; softmax' tsv lenet.st
run cnn-inspect --print whole.st
out_has 'head1.fc1: dense 9*'
out_has 'head1.fc2: dense 10*'
joins '-l relu2' 'conv 3 3; relu; dense classes' npy lenet.st
joins '-l relu2' 'dense classes' tsv lenet.st
joins '-l relu2 --pool' 'dense classes; squaredhinge' npy lenet.st
joins '-l relu2 --pool --pooling max' 'dense classes' tar lenet.st
joins '-l relu2 -l fc1 -l relu1 --concat' 'dense classes' npy lenet.st
joins '-l relu2 -l relu1 --pool --concat' 'dense classes' tar lenet.st
joins '-l fc1 --size 28x28 --exact-conv' 'dense classes' npy lenet.st
# Values that are read past others, joins, shared parameters, several outputs of a layer, more channels than one.
branched='input 1x28x28; stem: { conv 8 3 stride=2 pad=1; bn; relu }; l: repeat 2 { sum { a: conv 8 3 pad=1; bn } { }; relu }
parts: split 3,5; x: conv 4 3 from=parts.1; y: conv 4 3 from=l.0.relu1; z: conv 4 3 from=l.1.relu1 share=y; avgpool global
p: avgpool global from=y; q: avgpool global from=x; end: concat from=p,q,avgpool1; dense classes'
"$make_model" "$branched" 0,1,2,3,4,5,6,7,8,9 branched.st || fail "make-model"
joins '-l end' 'dense 5; relu; dense classes' npy branched.st
joins '-l l' 'dense classes' npy branched.st
run cnn-inspect --print whole.st
out_lacks '*split*'

# Principal components between.
cnn-features -q -l fc1 -o f.npy lenet.st digits:200 && cnn-features -q --fit-pca 12 --whiten -o pca.st f.npy &&
    cnn-features -q -l output -o short.npy pca.st f.npy || fail "pca"
cnn-train -q --net 'dense classes' --epochs 2 --threads 1 -o head.st short.npy || fail "head"
run cnn-train --append lenet.st pca.st head.st -o whole.st
status 0
cnn-features -q -l fc1 -f tar lenet.st digits:30:3 | cnn-features -q -l output -f tar pca.st - | cnn-infer --probabilities head.st - >want ||
    fail "a pipe"
cnn-infer --probabilities whole.st digits:30:3 >got || fail "whole"
alike want got
run cnn-inspect --history whole.st
status 65
err_is 'cnn-inspect: whole.st: no script makes this model again: cnn-train had --append'
# A head that was trained in a pipe.
cnn-features -q -l fc2 -f tar lenet.st digits:120 | cnn-train -q --net 'dense classes' --epochs 1 --threads 1 -o piped.st - || fail "a pipe"
run cnn-train --append lenet.st piped.st -o whole.st
status 0
rm whole.st

refuse() {
    run cnn-train "${@:3}" -o no.st
    status "$1"
    err_has "cnn-train: $2"
    no_file no.st
}
"$make_model" lenet5 0,1,2,3,4,5,6,7,8,9 other.st 5
refuse 65 'piped.st: trained on features of another model than other.st (*, not *)' --append other.st piped.st
refuse 65 'head.st: trained on features of another model than lenet.st (*, not *)' --append lenet.st head.st
refuse 65 'other.st: it does not say that it was trained on features' --append lenet.st other.st
for how in '--l2' '--pool --pooling gem'; do
    # shellcheck disable=SC2086
    cnn-features -q -l relu2 $how -o f.npy lenet.st digits:40 && cnn-train -q --net 'dense classes' --epochs 1 -o odd.st f.npy || fail "$how"
    refuse 65 "odd.st: trained on features with --*, which no layer does" --append lenet.st odd.st
done
refuse 66 'none.st: *' --append none.st piped.st
refuse 64 '--append joins two models or more: TRUNK HEAD' --append lenet.st
refuse 64 '--epochs has no effect with --append' --append lenet.st piped.st --epochs 3
refuse 64 'augmentation has no effect with --append' --append lenet.st piped.st --flip h
run cnn-train --append lenet.st piped.st
status 64
err_is 'cnn-train: no output: -o MODEL says where the model goes'
run cnn-train --append lenet.st piped.st -o lenet.st
status 64
err_has 'cnn-train: --output would be written over what is read: lenet.st is the model'
