# Nets and weights of darknet, of each version of the file: the answers are PyTorch's; what cannot be read is named, and
# where it stands.
. "$ROOT/tests/cli/lib.sh"
golden=$ROOT/tests/golden/models
cp "$golden"/darknet_* .

for version in v1 v2 old; do
    run cnn-features -l output darknet_$version.cfg:darknet_$version.weights darknet_input.npy
    status 0
    numbers_are darknet_$version.txt
done
run cnn-features -l 7.conv darknet_heads.cfg:darknet_heads.weights darknet_input.npy
status 0
numbers_are darknet_heads.txt
run cnn-features -l 11.swish darknet_heads.cfg:darknet_heads.weights darknet_input.npy
status 0
numbers_are darknet_heads_1.txt
run cnn-inspect --print darknet_heads.cfg
status 0
out_has 'output 7.conv 11.swish'
out_has '4.conv: conv 4 3 pad=1 from=3.split.1'

# One file of both, and a net to train.
run cnn-train -q --epochs 0 --classes 4 --init darknet_v2.cfg:darknet_v2.weights -o both.st
status 0
run cnn-features -l output both.st darknet_input.npy
status 0
numbers_are darknet_v2.txt
printf '#classes\ta\tb\tc\td\n#key\tclass\nx\ta\ny\tb\n' >darknet_input.tsv
run cnn-train -q --threads 1 --epochs 1 --batch 2 --net darknet_v2.cfg darknet_input.npy -o trained.st
status 0
run cnn-inspect --print darknet_v1.cfg
out_has 'input 3x12x12 resize=12'

# Mistakes, where they stand.
mistake() { # TEXT MESSAGE
    printf '%b' "$1" >bad.cfg
    run cnn-inspect bad.cfg
    status 65
    err_is "cnn-inspect: bad.cfg:$2"
}
net='[net]\nwidth=8\nheight=8\nchannels=3\n'
mistake "${net}[conv\n" "5: '[conv' is no [section]"
mistake "${net}[conv]\nfilters 3\n" "6: 'filters3' is neither [section] nor KEY=VALUE"
mistake "${net}[conv]\nfilters=x\n" "6: filters: 'x' is not a whole number"
mistake "${net}[conv]\nfilters=0\n" "6: filters: '0' is not in 1..1048576"
mistake "${net}[conv]\nsize=1\nsize=3\n" "7: size is there twice"
mistake "${net}[conv]\nactivation=relu\n[route]\nlayers=-3\n" "8: layers: -3 is no layer before this one"
mistake "${net}[route]\n" "5: [route] has no layers"
mistake '[net]\nwidth=8\n[conv]\n' "1: height, width or channels is missing"
mistake "${net}[local]\n[conv]\nactivation=plse\n[conv]\nactivation=linear\nxnor=1\n[maxpool]\nsize=20\npadding=0\n" \
    " 4 layers cannot be imported: 0 (local, line 5); 1 (conv, line 6: activation=plse); 2 (conv, line 8: xnor=1); 3 (maxpool, line 11: larger than the 8x8 that it reads)"

mistake "${net}[conv]\nsize=3\npadding=0\ndilation=2\n[softmax]\n" \
    " 2 layers cannot be imported: 0 (conv, line 5: dilation=2 and a padding of 0); 1 (softmax, line 9: over all 8x8 places at once)"
printf '%b' "${net}[conv]\nsize=3\npad=1\ndilation=2\n" >dilated.cfg
run cnn-inspect --print dilated.cfg
status 0
out_has '*conv 1 3 pad=2 dilation=2*'

# Weights alone, cut, and of another net.
run cnn-infer darknet_v1.weights darknet_input.npy
status 65
err_is 'cnn-infer: darknet_v1.weights: weights of darknet mean nothing without their net: NET.cfg:darknet_v1.weights names both'
run cnn-infer darknet_v1.cfg darknet_input.npy
status 65
err_is 'cnn-infer: darknet_v1.cfg: a net without weights (NET:WEIGHTS names both)'
for n in 3 15 100 $(($(wc -c <darknet_v2.weights) - 1)); do
    head -c "$n" darknet_v2.weights >cut.weights
    run cnn-infer darknet_v2.cfg:cut.weights darknet_input.npy
    status 65
    err_has 'cnn-infer: cut.weights: *'
done
head -c 100 darknet_v2.weights >cut.weights
run cnn-infer darknet_v2.cfg:cut.weights darknet_input.npy
err_is "cnn-infer: cut.weights: 20 numbers end within '0.bn.running_mean'; darknet_v2.cfg wants 541"
cat darknet_v2.weights darknet_v2.weights >long.weights
run cnn-infer darknet_v2.cfg:long.weights darknet_input.npy
status 65
err_has 'cnn-infer: long.weights: * numbers, of which darknet_v2.cfg takes 541'
exit 0
