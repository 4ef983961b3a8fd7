# Transfer: a new head on a net that was trained for other classes.
. "$ROOT/tests/cli/lib.sh"
differ() { # A B 'TENSORS THAT DIFFER'
    local found
    found=$(differing "$1" "$2")
    [ "$found" = "$3" ] || fail "$1 and $2 differ in: $found"
}
need python3
net='input 1x28x28; conv 4 3 stride=2; bn; relu; maxpool 2; fc: dense 10'
run cnn-train -q --net "$net" digits:40 --epochs 1 -o old --threads 2
status 0
cnn-augment -q digits:90:7 -o all/ && mkdir three && mv all/[235] three

# The net is the model's, without its classes; the head is named, starts afresh, and nothing else does.
run cnn-train --init old --head three --epochs 0 -o zero --threads 1
status 0
err_has 'cnn-train: the head is new: fc, dense 3 in the place of dense 10'
err_has 'cnn-train: * of * tensors from old; 2 start afresh: fc.weight, fc.bias; 2 of the file are not used: fc.weight, fc.bias'
run cnn-infer --header -f tsv zero three
status 0
out_lacks '* 7 *'
[ "$(cut -f 2 out | sort -u | tr '\n' ' ')" = '2 3 5 class ' ] || [ "$(wc -l <out)" -gt 1 ] || fail 'other classes'
run cnn-inspect zero
out_has '*fc*3*'
# What the training of a head alone leaves: all else is as it was.
run cnn-train -q --init old --head --freeze 'conv1.*' --freeze 'bn1.*' three --epochs 2 --batch 8 -o m --threads 1
status 0
differ zero m 'fc.bias fc.weight'
# As many classes as before: the head is new all the same, and of the same seed the one that starts so.
run cnn-train -q --init old --head digits:40 --epochs 0 -o same --threads 1
status 0
differ old same 'fc.bias fc.weight'
run cnn-train --init same --head three --epochs 0 -o again --threads 1
status 0
differ zero again ''
# The plan counts it.
run cnn-train --init old --head three --plan
status 0
out_has 'new head fc: dense 3, 435 parameters'
# --net with its own number of classes, a head that is a convolution, and that of an aux.
deep='input 1x28x28; conv 4 3 stride=4; relu; aux 0.3 { avgpool global; a: dense 10 }; c: conv 10 1; relu; avgpool global; softmax'
run cnn-train -q --net "$deep" digits:20 --epochs 1 -o deep --threads 2
status 0
run cnn-train --init deep --head three --epochs 1 -o m --threads 2
status 0
err_has 'cnn-train: the head is new: c, conv 3 1 in the place of conv 10 1'
err_has 'cnn-train: the head is new: a, dense 3 in the place of dense 10'
run cnn-train --net "${deep//10/classes}" --init deep --head three --epochs 1 -o n --threads 1
status 0
differ m n ''

# All up to a layer stays as it is, statistics included, and runs as at inference: it sends nothing back, and drops nothing.
body='conv 4 3 stride=2; bn; relu; DROP b: { conv 4 3; bn; relu }; maxpool 2; fc: dense 10'
run cnn-train -q --net "input 1x28x28; ${body/DROP/dropout 0.5;}" digits:40 --epochs 1 -o drop --threads 2
status 0
part() { run cnn-train -q --init drop --batch 8 --epochs 2 --rate 0.05 digits:40 "$@" && status 0; }
part --freeze-to b -o m --threads 2
differ drop m 'fc.bias fc.weight'
part --freeze-to b.relu1 -o n --threads 1
differ m n ''
part --freeze-to maxpool1 -o n --threads 1
differ m n ''
# (Without the layer the net may lie in another layout, whose sums round differently.)
part --net "input 1x28x28; ${body/DROP/}" --freeze b --freeze conv1 --freeze bn1 -o n
cnn-inspect --diff m n >found || :
awk '/^tensor/ && $5 > 1e-6 { far = 1 } END { exit far }' found || fail "dropout that rests makes: $(cat found)"
part --freeze-to bn1 -o n
differ drop n 'b.bn1.bias b.bn1.running_mean b.bn1.running_var b.bn1.weight b.conv1.bias b.conv1.weight fc.bias fc.weight'
run env CNN_ISA=plain cnn-train --init drop --freeze-to b digits:40 --plan # there each pass has an algorithm of its own
status 0
out_has 'b.conv1 *'
ways=$(grep '^b.conv1 ' out)
[ "${ways#*/}" = "$ways" ] || fail 'gradients of a layer that is frozen'

# What is in front of what is trained runs once: the same model, whether its outputs are kept or not, for batches
# that are whole and others, any number of threads, with what is drawn at random behind it, averages and accumulation.
kept() { # MODEL LAYER 'SAYS' OPTION...
    run cnn-train --init "$1" --freeze-to "$2" --epochs 4 --rate 0.1 --recipe none digits:60 --val digits:30:5 "${@:4}" -o m --threads 2
    status 0
    err_has "cnn-train: $3"
    run cnn-train --init "$1" --freeze-to "$2" --epochs 4 --rate 0.1 --recipe none digits:60 --val digits:30:5 "${@:4}" -o n --threads 1 --cache none
    status 0
    err_lacks '*kept: *'
    same m n
}
once() { echo "the outputs of '$1' ($2) are computed once and kept: 90 samples, *"; }
kept drop b "$(once maxpool1 4x5x5)" --batch 16
kept drop conv1 "$(once relu1 4x13x13)" --batch 7 --ema 0.9 --freeze bn1
deep='input 1x28x28; conv 8 5; relu; d1: dense 50; relu; dropout 0.5; d2: dense 20; bn; fc: dense 10'
run cnn-train -q --net "$deep" digits:40 --epochs 1 -o deep --threads 2
status 0
for batch in 1 5 7 64; do
    [ $batch = 1 ] || kept deep d1 "$(once relu2 50)" --batch $batch
    kept deep d2 "$(once d2 20)" --batch $((batch + 1)) --accumulate 3
done
kept deep d1 'outputs of frozen layers are not kept: the samples are augmented' --rotate 5
# In a file: the same model, from what an earlier run computed where that is the same, else anew.
filed() { # 'SAYS' OPTION...
    run cnn-train --init drop --freeze-to b --epochs 3 --rate 0.1 --recipe none --batch 16 "${@:2}" -o n --threads 1 --cache kept
    status 0
    err_has "cnn-train: $1, *"
    cnn-train -q --init drop --freeze-to b --epochs 3 --rate 0.1 --recipe none --batch 16 "${@:2}" -o m --threads 2 || fail "in memory"
    same m n
}
there="the outputs of 'maxpool1' (4x5x5) are those of kept: 90 samples"
anew="the outputs of 'maxpool1' (4x5x5) are computed once and kept in kept: 90 samples"
filed "$anew" digits:60 --val digits:30:5
filed "$there" digits:60 --val digits:30:5
filed "$there" digits:60 --val digits:30:5 --seed 3 --momentum 0
filed "$anew" digits:60:2 --val digits:30:5
filed "$anew" digits:60 --val digits:30:6
filed "$anew" digits:60 --val digits:30:6 --exact-conv
filed "$there" digits:60 --val digits:30:6 --exact-conv
filed "${anew/90/60}" digits:60
filed "${anew/90/27}" three # files
filed "${there/90/27}" three
touch three/2/*/*
filed "${there/90/27}" three
cp "$(find three/2 -name '*.png' | head -n 1)" "$(find three/2 -name '*.png' | tail -n 1)"
filed "${anew/90/27}" three
cnn-train -q --init deep --freeze-to d2 --epochs 1 --recipe none --batch 16 --cache kept -o other digits:60 || fail "another net"
filed "${anew/90/60}" digits:60
sed -i 's/layer maxpool1/LAYER maxpool1/' kept # damaged
filed "${anew/90/60}" digits:60
head -c 5000 kept >half && cp half kept
run cnn-train --init drop --freeze-to b --epochs 3 --rate 0.1 --recipe none --batch 16 digits:60 -o n --cache kept
status 65
err_has 'cnn-train: kept: truncated (5000 bytes, * expected)'
echo something >kept
run cnn-train --init drop --freeze-to b --epochs 3 --recipe none digits:60 -o n --cache kept
status 65
err_has 'cnn-train: kept: there already, and no outputs of frozen layers'
[ "$(cat kept)" = something ] || fail 'what was there is gone'
rm kept
run cnn-train --init drop --freeze-to b --epochs 3 --recipe none digits:60 -o n --cache n
status 64
err_has 'cnn-train: --output and --cache are the same file: n'
# A run that is killed as it computes them leaves no file; one that is resumed takes it.
cnn-train -q --init drop --freeze-to b --epochs 1 --recipe none digits:20000 -o n --cache kept 2>/dev/null &
sleep 0.3; kill -9 $!; wait $! 2>/dev/null
no_file kept
rm -f kept.tmp-*
skip_net='input 1x28x28; a: conv 4 3 pad=1; concat { relu; b: conv 4 3 pad=1 } { }; fc: dense 10'
run cnn-train -q --net "$skip_net" digits:40 --epochs 1 -o skip --threads 2
status 0
kept skip a "outputs of frozen layers are not kept: 'concat1' reads 'a', and others read 'relu1'"
# Of bad samples the same are left out, and told once.
mkdir bad && cp -r three/* bad/ && : >"bad/2/broken.png"
run cnn-train --init drop --head --freeze-to b --recipe none --batch 4 --epochs 3 bad --on-bad skip -o m
status 0
[ "$(grep -c 'skipped' err)" = 1 ] || fail 'a bad sample is told once'
run cnn-train --init drop --head --freeze-to b --recipe none --batch 4 --epochs 3 bad --on-bad skip -o n --cache none
status 0
same m n
# Killed and resumed, with outputs and without; the plan counts the memory.
run cnn-train -q --init drop --freeze-to b --recipe none --batch 4 --epochs 3 digits:60 -o m
status 0
interrupted cnn-train -q --init drop --freeze-to b --recipe none --batch 4 --epochs 3 digits:60 -o n --threads 1 --cache none
run cnn-train -q --init drop --freeze-to b --recipe none --batch 4 --epochs 3 digits:60 -o n --checkpoint c --resume
status 0
same m n
rm c
run cnn-train --init drop --freeze-to b --recipe none digits:60 --plan
status 0
out_has 'outputs that are kept *'

# Gradual unfreezing: until an epoch as if all were frozen, from then on as if less were; with kept outputs and without.
slowly() { cnn-train -q --init drop --freeze-to b --recipe none --batch 16 --rate 0.05 digits:60 --val digits:30:5 --keep last "$@" || fail "$*"; }
slowly --epochs 2 -o two --threads 1
slowly --epochs 4 --unfreeze 3:b --unfreeze 4:conv1 --unfreeze 4:bn1 -o four --threads 1
slowly --epochs 2 --unfreeze 3:b -o n --threads 2
differ two n ''
slowly --epochs 3 --unfreeze 3:b --unfreeze 4:conv1 -o three.st --threads 2
differ two three.st 'b.bn1.bias b.bn1.running_mean b.bn1.running_var b.bn1.weight b.conv1.bias b.conv1.weight fc.bias fc.weight'
differ two four 'b.bn1.bias b.bn1.running_mean b.bn1.running_var b.bn1.weight b.conv1.bias b.conv1.weight bn1.bias bn1.running_mean bn1.running_var bn1.weight conv1.bias conv1.weight fc.bias fc.weight'
for how in '--cache none' '--cache kept' '--threads 2' '--rate-of b.conv1=1'; do
    # shellcheck disable=SC2086 # options
    slowly --epochs 4 --unfreeze 3:b --unfreeze 4:conv1 --unfreeze 4:bn1 $how -o n
    differ four n ''
done
# Momentum, averages and the best epoch go along; a run that is killed and resumed makes the same bytes.
gradual=(cnn-train -q --init drop --freeze-to b --recipe none --batch 4 --epochs 6 --optimizer adam --ema 0.9 --unfreeze 2:b --unfreeze 5:conv1 digits:60 --val digits:30:5)
run "${gradual[@]}" -o m --threads 2
status 0
for until in 1 2 4 5; do
    cnn-train -q "${gradual[@]:2}" --epochs $until -o n --checkpoint c --threads 1 && "${gradual[@]}" -o n --checkpoint c --resume --threads 1 ||
        fail "until $until"
    differ m n ''
    rm c
done
"${gradual[@]}" --epochs 400 -o n --threads 2
"${gradual[@]}" --epochs 400 -o part --checkpoint c --threads 1 --log log --log-every 1 &
pid=$!
for ((i = 0; i < 3000; i++)); do grep -q '"epoch": [5-9],' log 2>/dev/null && break; sleep 0.01; done
kill -TERM $pid
wait $pid
[ $? = 75 ] || fail 'it was not stopped'
run "${gradual[@]}" --epochs 400 -o part --checkpoint c --resume --threads 1
status 0
same n part
rm c
run cnn-train --init drop --freeze-to b --recipe none --epochs 3 --unfreeze 2:b digits:60 -o n
status 0
err_has 'cnn-train: epoch 2: 1 of 1 patterns of --unfreeze are trained'
err_has "cnn-train: the outputs of 'dropout1' (4x13x13) are computed once and kept: *"

# Factors of the rate: as lines of nets have them, on top of these, the last that names a parameter; none is frozen.
factors() { part --recipe none --freeze-to b --momentum 0 "$@"; }
factors -o m
factors --rate-of 'fc.*=7' --rate fc=0.5 --rate 0.1 -o n
differ m n ''
factors --net "input 1x28x28; ${body/DROP/dropout 0.5;} rate=0.5" --rate fc=4 --rate 0.025 -o n
differ m n ''
factors --rate fc.bias=0 -o n
differ drop n fc.weight
part --rate 'b.*=0' --rate 'fc.*=2' -o n
differ drop n 'bn1.bias bn1.running_mean bn1.running_var bn1.weight conv1.bias conv1.weight fc.bias fc.weight'

# A run that is stopped goes on with the same head, and gives the same bytes with any number of threads.
train=(cnn-train --init zero --head three --batch 8 --epochs 400 --freeze-to bn1 --rate fc.bias=2)
run "${train[@]}" -q -o whole --threads 2
status 0
interrupted "${train[@]}" -q -o part --threads 1
run "${train[@]}" -o part --checkpoint c --resume --threads 2
status 0
err_lacks '*head is new*'
same whole part
run cnn-train --init zero three --batch 8 --epochs 400 --freeze-to bn1 --rate fc.bias=2 -o x --checkpoint c --resume
status 65
err_has "cnn-train: c: cannot go on: the run was begun with --head '1', not '0'"
run cnn-train --init zero --head three --batch 8 --epochs 400 --freeze-to bn1 --rate fc.bias=3 -o x --checkpoint c --resume
status 65
err_has "cnn-train: c: cannot go on: the run was begun with --rate-of 'fc.bias=2', not 'fc.bias=3'"
# The script of the history makes the model again.
run cnn-inspect --history m
status 0

# What cannot be.
bad() { # STATUS 'MESSAGE' OPTION...
    run cnn-train -o x "${@:3}"
    status "$1"
    err_has "cnn-train: $2"
    no_file x
}
bad 64 '--head has no effect: it needs --init' --net "$net" --head three
bad 64 '--head: how many classes there are is not known: *' --net 'input 1x28x28; dense 10; mse' --init old --head --target vector three
bad 65 "*no head: 'prelu1' (*) is the last layer with parameters, and no other number of outputs can be asked of it" \
    --net 'input 1x28x28; dense 10; prelu' --init old --head three
bad 65 "*no head: 'sum1' (*) joins several values *" --net 'input 1x28x28; sum { dense 10 } { dense 10 }' --init old --head three
bad 65 "*no head: the net has no layer with parameters" --net 'input 1x28x28; avgpool 28; flatten' --init old --head --loss bce three
bad 65 "*no head: 'dense3' (*) has the parameters of another layer" \
    --net 'input 1x28x28; dense 10; dense 10; dense 10 share=dense2; relu' --init old --head three
bad 64 "--freeze-to: the net has no layer 'bn' (did you mean bn1?)" --init old digits:20 --freeze-to bn
bad 64 "--freeze-to: the net has no layer 'input'*" --init old digits:20 --freeze-to input
bad 64 'nothing to train: every parameter is frozen' --init old digits:20 --freeze-to fc
bad 64 "rate factor 'f*x=2' matches no parameter" --init old digits:20 --rate "f$(printf '%260s' '' | tr ' ' '*')x=2"
bad 64 "rate factor 'cv1.*=2' matches no parameter" --init old digits:20 --rate 'cv1.*=2'
bad 64 "rate factor 'conv1=2' has no effect: what it names is frozen" --init old digits:20 --rate conv1=2 --freeze-to bn1
bad 64 "rate factor 'conv1=x': *" --init old digits:20 --rate conv1=x
bad 64 "rate factor '=2' is not PATTERN=X" --init old digits:20 --rate =2
bad 64 '--freeze-to has no effect with --epochs 0' --init old digits:20 --epochs 0 --freeze-to bn1
bad 64 "--unfreeze 'b' is not N:PATTERN, N an epoch from 2 on" --init old digits:20 --freeze-to bn1 --unfreeze b
bad 64 "--unfreeze '1:bn1' is not N:PATTERN, N an epoch from 2 on" --init old digits:20 --freeze-to bn1 --unfreeze 1:bn1
bad 64 "unfreeze pattern 'fc' matches no parameter that is frozen" --init old digits:20 --freeze-to bn1 --unfreeze 3:fc
bad 64 '--unfreeze has no effect: it needs --freeze or --freeze-to' --init old digits:20 --unfreeze 3:fc
bad 64 '--cache has no effect: it needs --freeze-to' --init old digits:20 --cache none
