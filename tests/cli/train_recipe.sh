# A net's recipe holds where no option says otherwise, is told as a line that can be typed, and is kept.
. "$ROOT/tests/cli/lib.sh"
cat >my.net <<'EOF'
input 1x28x28
recipe rate=0.02 batch=32 momentum=0.8 weight-decay=1e-3 schedule=polynomial power=2 flip=h translate=0.1
conv 4 5 stride=4; relu; dense classes
EOF
train=(cnn-train --threads 1 --net my.net digits:64 --epochs 2 -o m)
told() { # 'OPTIONS': what was taken from the recipe
    status 0
    line=$(sed -n 's/^cnn-train: recipe[^:]*: //p' err)
    [ "$line" = "$1" ] || fail "told '$line', not '$1'"
}

# The line, typed, is the same run, byte by byte; so says the history.
run "${train[@]}" --log log
told '--rate 0.04 --momentum 0.8 --weight-decay 0.001 --schedule polynomial --power 2 --flip h --translate 0.1'
err_has 'cnn-train: recipe of my.net: *'
mv m by-recipe
run "${train[@]}" --recipe none $line
status 0
same m by-recipe
run cnn-inspect --history m
out_has '*--recipe=none*'
out_has '*--momentum=0.8*'
run cnn-inspect --print m
out_has 'recipe rate=0.02 batch=32 momentum=0.8 weight-decay=0.001 schedule=polynomial power=2 flip=h translate=0.1'
run "${train[@]}" -q
[ ! -s err ] || fail 'quiet is not quiet'

# What is given holds as it is; another optimizer or schedule takes what belonged to the recipe's along.
run "${train[@]}" --rate 0.5 --flip none
told '--momentum 0.8 --weight-decay 0.001 --schedule polynomial --power 2 --translate 0.1'
run "${train[@]}" --optimizer adam
told '--schedule polynomial --power 2 --flip h --translate 0.1'
run "${train[@]}" --optimizer sgd --weight-decay 0
told '--rate 0.04 --momentum 0.8 --schedule polynomial --power 2 --flip h --translate 0.1'
run "${train[@]}" --l2 0.1
told '--rate 0.04 --momentum 0.8 --schedule polynomial --power 2 --flip h --translate 0.1'
run "${train[@]}" --schedule constant
told '--rate 0.04 --momentum 0.8 --weight-decay 0.001 --flip h --translate 0.1'
run "${train[@]}" --schedule constant --power 3
status 64
err_has 'cnn-train: --power has no effect: it needs --schedule polynomial or inverse'
run "${train[@]}" --recipe none
told ''

# The rate follows the batch, up to eight times; trained weights get a tenth.
for case in '8 0.005' '16 0.01' '128 0.08' '1000 0.16'; do
    run "${train[@]}" --batch "${case% *}"
    told "--rate ${case#* } --momentum 0.8 --weight-decay 0.001 --schedule polynomial --power 2 --flip h --translate 0.1"
done
run "${train[@]}" --batch 16 --accumulate 4
told '--rate 0.04 --momentum 0.8 --weight-decay 0.001 --schedule polynomial --power 2 --flip h --translate 0.1'
run cnn-train --threads 1 --init by-recipe digits:64 --epochs 1 -o m
told '--rate 0.004 --momentum 0.8 --weight-decay 0.001 --schedule polynomial --power 2 --flip h --translate 0.1'
err_has 'cnn-train: recipe of by-recipe, a tenth of its rate: *'
run cnn-train --threads 1 --net 'recipe rate=0.01 batch=16 optimizer=adam; dense classes' digits:64 --epochs 10 -o m
told '--optimizer adam --rate 0.02 --schedule cosine --warmup 1'

# A net without one gets that of all others, warm-up and cosine; a tenth of the run, at most an epoch.
plain=(cnn-train --threads 1 --net 'conv 4 5 stride=4; relu; dense classes' digits:200 --batch 20 -o m)
run "${plain[@]}" --epochs 5
told '--rate 0.0312 --weight-decay 0.0005 --clip-norm 1 --schedule cosine --warmup 0.5'
run "${plain[@]}" --epochs 5 --steps 20
told '--rate 0.0312 --weight-decay 0.0005 --clip-norm 1 --schedule cosine --warmup 0.2'
run "${plain[@]}" --epochs 20 --warmup 3
told '--rate 0.0312 --weight-decay 0.0005 --clip-norm 1 --schedule cosine'

# Samples that are taken once, as they come, may be a stream: nothing that needs to know its length or to see it twice.
run "${plain[@]}" --epochs 1 --shuffle 0
told '--rate 0.0312 --weight-decay 0.0005 --clip-norm 1'
cnn-augment -q digits:200 >digits.tar || fail 'cnn-augment'
for data in digits.tar -; do
    run cnn-train --threads 1 --net 'input 1x28x28; dense classes' "$data" --batch 20 -o "m$data" --epochs 1 --shuffle 0 <digits.tar
    told '--rate 0.0312 --weight-decay 0.0005 --clip-norm 1'
done
same mdigits.tar m-

# What cnn-augment made is not augmented again; numbers that are no images are not either.
cnn-augment -q --rotate 5 digits:64 >augmented.tar || fail 'cnn-augment'
run cnn-train --threads 1 --net my.net augmented.tar --epochs 2 -o m
told '--rate 0.04 --momentum 0.8 --weight-decay 0.001 --schedule polynomial --power 2'
err_has "cnn-train: the samples are augmented already: the recipe's augmentation is left out"
run cnn-train --threads 1 --net my.net augmented.tar --epochs 2 -o m --zoom 1.1
told '--rate 0.04 --momentum 0.8 --weight-decay 0.001 --schedule polynomial --power 2'
run cnn-features --layer output by-recipe digits:64 -o f.npy
status 0
run cnn-train --threads 1 --net 'recipe flip=h; dense classes' f.npy --epochs 1 -o m
told '--schedule cosine --warmup 0.1'

# A run that goes on with more epochs keeps the warm-up that it began with.
run "${plain[@]}" --epochs 3 --checkpoint c
told '--rate 0.0312 --weight-decay 0.0005 --clip-norm 1 --schedule cosine --warmup 0.3'
run "${plain[@]}" --epochs 5 --checkpoint c --resume
told '--rate 0.0312 --weight-decay 0.0005 --clip-norm 1 --schedule cosine --warmup 0.3'
err_has "cnn-train: --epochs is 5, and was 3: the schedule's rest follows the new length"

# Momentum that is switched off takes Nesterov's form along; of adamw, weight decay is no l2.
run cnn-train --threads 1 --net 'recipe rate=0.01 nesterov=1; dense classes' digits:64 --epochs 1 -o m --momentum 0
told '--rate 0.01 --schedule cosine --warmup 0.1'
run cnn-train --threads 1 --net 'recipe optimizer=adamw rate=0.01 weight-decay=0.05; dense classes' digits:64 --epochs 1 -o m --l2 1e-4
told '--optimizer adamw --rate 0.01 --weight-decay 0.05 --schedule cosine --warmup 0.1'
run cnn-train --threads 1 --net my.net digits:20 --overfit 5
err_has 'cnn-train: recipe of my.net: --rate 0.04 *'

# Mistakes are found where they stand.
for case in 'optimizer=adam momentum=0.9|--momentum has no effect: it needs --optimizer sgd, rmsprop or lars' \
    'schedule=step|--schedule step needs --milestones or --step-size' 'gamma=0.5|--gamma has no effect: it needs --schedule step, exponential, inverse or sigmoid'; do
    printf 'input 1x28x28\nrecipe rate=0.1 %s\ndense classes\n' "${case%|*}" >bad.net
    run cnn-train --net bad.net digits:10 -o x
    status 65
    err_has "cnn-train: bad.net: recipe: ${case#*|}"
done
printf 'input 1x28x28\nrecipe rate=fast\ndense classes\n' >bad.net
run cnn-train --net bad.net digits:10 -o x
status 65
err_has "cnn-train: bad.net:2: recipe: rate: 'fast' is not a number*"
no_file x
