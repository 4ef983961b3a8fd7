# Nets with names: outputs by label, shared parameters counted and stored once, what is refused.
. "$ROOT/tests/cli/lib.sh"
net='conv 4 3 pad=1; relu; b: conv 4 3 pad=1; c: conv 4 3 pad=1 share=b; sum from=b,c,relu1; relu
fc: dense classes from=relu2; output fc c'
run cnn-train -q --steps 3 --batch 8 --rate 0.01 --net "$net" -o m.safetensors digits:16:3
status 0
run cnn-inspect --tensors m.safetensors
out_has 'b.weight *'
out_lacks 'c.*'
run cnn-inspect --print m.safetensors
out_has 'c: conv 4 3 pad=1 share=b'
out_has 'sum from=b,c,relu1'
out_has 'output fc c'
cp out again.net
run cnn-inspect --json again.net
tr -d ' \n' <out | grep -q '"outputs":\["fc","c"\]' || fail 'no outputs in the JSON'
run cnn-inspect --print again.net
same out again.net
run cnn-features --layer c --layer output m.safetensors digits:4:3 -o f.tar
status 0

# Weights that are shared come back to the layer that has them.
run cnn-train -q --epochs 0 --init m.safetensors --net "$net" -o same.safetensors digits:16:3
status 0

# Inputs are fields by their names, which these samples lack.
echo 'input a 1x8x8; input b 1x8x8; concat from=a,b; dense 10' >two.net
run cnn-inspect two.net
status 0
out_has 'b *1x8x8*'
run cnn-inspect --time two.net
status 0
run cnn-train -q --steps 1 --net two.net -o x.safetensors digits:16:3
status 65
err_has "*: no field 'b' (image), which the net takes: *"
no_file x.safetensors
exit 0
