# Solvers of Caffe: what one says is what the options would, and what it says that cannot be had is named, and where.
. "$ROOT/tests/cli/lib.sh"
cat >small.prototxt <<'END'
name: "small"
layer { name: "data" type: "Data" top: "data" top: "label" include { phase: TRAIN }
  transform_param { scale: 0.00390625 } data_param { source: "train_lmdb" batch_size: 16 backend: LMDB } }
layer { name: "data" type: "Data" top: "data" top: "label" include { phase: TEST }
  transform_param { scale: 0.00390625 } data_param { source: "test_lmdb" batch_size: 100 backend: LMDB } }
layer { name: "pool" type: "Pooling" bottom: "data" top: "pool" pooling_param { pool: AVE kernel_size: 4 stride: 4 } }
layer { name: "ip" type: "InnerProduct" bottom: "pool" top: "ip" param { lr_mult: 1 } param { lr_mult: 2 decay_mult: 0 }
  inner_product_param { num_output: 10 weight_filler { type: "xavier" } } }
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "label" top: "loss" }
END
solver() { # LINES...: of the small net, 15 steps
    mkdir -p folder
    cp small.prototxt folder/
    printf '%s\n' 'net: "examples/small.prototxt"' 'max_iter: 15' "$@" >folder/solver.prototxt
}
train() { rm -f solved.log && run cnn-train --threads 1 --solver folder/solver.prototxt digits:100 -o solved.st --log solved.log "$@"; }
# The rates of the steps, as Caffe's formula says them in awk, of the iteration i.
rates_are() { # FORMULA
    sed -n 's/.*"event": "step".*"rate": \([^}]*\)}/\1/p' solved.log >rates
    [ "$(wc -l <rates)" = 15 ] || fail "$(wc -l <rates) steps"
    awk -v OFMT=%.17g "{ i = NR - 1; want = $1; d = \$1 - want; if (d < 0) d = -d
        if (!(d <= 1e-6 * want)) { print \"step \" i \": \" \$1 \", not \" want; bad = 1 } } END { exit bad }" rates >out ||
        fail "$1: $(cat out)"
}

# The same as the options that a note names: as many epochs as the steps need, of 7 steps each.
solver 'base_lr: 0.01' 'lr_policy: "inv"' 'gamma: 0.01' 'power: 0.75' 'momentum: 0.9' 'weight_decay: 0.0005' \
    'display: 1' 'snapshot: 5000' 'snapshot_prefix: "examples/small"' 'solver_mode: GPU' 'random_seed: 7' 'test_iter: 1' 'test_interval: 5'
train
status 0
err_has 'cnn-train: folder/solver.prototxt: without effect here: test_iter, test_interval, snapshot_prefix, solver_mode, snapshot'
err_has 'cnn-train: recipe of folder/solver.prototxt: --rate 0.01 --schedule inverse --schedule-unit step --gamma 0.01 --power 0.75 --momentum 0.9 --weight-decay 0.0005 --steps 15 --seed 7 --net folder/small.prototxt --batch 16 --log-every 1'
err_has 'epoch 3/3: *'
rates_are '0.01 * (1 + 0.01 * i) ^ -0.75'
run cnn-train -q --threads 1 --recipe none --net small.prototxt --batch 16 --steps 15 --epochs 3 --rate 0.01 --schedule inverse --schedule-unit step \
    --gamma 0.01 --power 0.75 --momentum 0.9 --weight-decay 0.0005 --seed 7 digits:100 -o plain.st
status 0
cmp solved.st plain.st || fail "another model than of the options"
run cnn-inspect --history solved.st
status 0
out_has '*--schedule=inverse*'
mv out again.sh
run env MODEL=again.st sh again.sh digits:100
status 0
cmp solved.st again.st || fail 'its history makes another model'

# Gone on with after an epoch, and what is given holds in place of the solver's.
train --steps 7 --checkpoint state
status 0
train --steps 15 --checkpoint state --resume
status 0
run cnn-inspect --diff solved.st plain.st
[ "$(grep -c '^tensor' out)" = 0 ] || fail 'another run after a stop'
train --epochs 1 --batch 50 --rate 0.5
status 0
err_has 'epoch 1/1: *'
grep -q '"step": 1, .*"rate": 0.5}' solved.log || fail 'not the rate that was given'
train --schedule constant --steps 15
status 0
rates_are 0.01
train --steps 0
status 0
err_has 'epoch 10/10: *'

# Each policy.
solver 'base_lr: 0.02' 'lr_policy: "fixed"' 'display: 1'
train
status 0
rates_are 0.02
solver 'base_lr: 0.02' 'lr_policy: "step"' 'gamma: 0.5' 'stepsize: 4' 'display: 1'
train
status 0
rates_are '0.02 * 0.5 ^ int(i / 4)'
train --milestones 3,9
status 0
rates_are '0.02 * 0.5 ^ ((i >= 3) + (i >= 9))'
solver 'base_lr: 0.02' 'lr_policy: "multistep"' 'gamma: 0.1' 'stepvalue: 3' 'stepvalue: 9' 'stepvalue: 100' 'display: 1'
train
status 0
rates_are '0.02 * 0.1 ^ ((i >= 3) + (i >= 9))'
solver 'base_lr: 0.02' 'lr_policy: "exp"' 'gamma: 0.75' 'display: 1'
train
status 0
rates_are '0.02 * 0.75 ^ i'
solver 'base_lr: 0.02' 'lr_policy: "poly"' 'power: 2' 'display: 1'
train
status 0
rates_are '0.02 * (1 - i / 15) ^ 2'
solver 'base_lr: 0.02' 'lr_policy: "sigmoid"' 'gamma: -0.5' 'stepsize: 6' 'display: 1'
train
status 0
rates_are '0.02 / (1 + exp(0.5 * (i - 6)))'

# Of a net that is not there another one takes the place.
solver 'base_lr: 0.02' 'lr_policy: "fixed"' 'display: 1'
rm folder/small.prototxt
train
status 66
err_has "cnn-train: folder/solver.prototxt:1: its net 'examples/small.prototxt' is not there*"
train --net 'dense classes'
status 0
rates_are 0.02

# Each type, and gradients.
told() { # WORDS
    train
    status 0
    err_has "*recipe of folder/solver.prototxt: *$1*"
}
fixed=('base_lr: 0.01' 'lr_policy: "fixed"' 'delta: 1e-6')
solver "${fixed[@]}" 'type: "Nesterov"' 'momentum: 0.5'
told '--momentum 0.5 --nesterov'
solver "${fixed[@]}" 'type: "AdaGrad"'
told '--optimizer adagrad --eps 1e-06'
solver "${fixed[@]}" 'type: "RMSProp"' 'rms_decay: 0.98'
told '--optimizer rmsprop --eps 1e-06 --rho 0.98'
solver "${fixed[@]}" 'type: "AdaDelta"' 'momentum: 0.95'
told '--optimizer adadelta --rho 0.95'
solver "${fixed[@]}" 'solver_type: ADAM' 'momentum: 0.8' 'momentum2: 0.99'
told '--optimizer adam --beta1 0.8 --beta2 0.99 --eps 1e-06'
solver "${fixed[@]}" 'iter_size: 4' 'clip_gradients: 2' 'weight_decay: 0.25' 'regularization_type: "L1"'
told '--l1 0.25 --accumulate 4 --clip-norm 0.5'

# What the layer of the training data says of images.
sed -i 's/scale: 0.00390625 } data_param { source: "train_lmdb"/scale: 0.00390625 mirror: true } data_param { source: "train_lmdb"/' small.prototxt
solver "${fixed[@]}"
told '--batch 16 --flip h'
train --flip none
status 0
err_lacks '*--flip*'

# What cannot be had.
refused() { # STATUS MESSAGE LINES...
    solver "${@:3}"
    train -q
    status "$1"
    err_is "cnn-train: folder/solver.prototxt$2"
}
refused 65 ": rate: '-1' is not in 0..1e+30" 'base_lr: -1' 'lr_policy: "fixed"'
refused 65 ": momentum: '1.5' is not in 0..1" 'base_lr: 1' 'lr_policy: "fixed"' 'momentum: 1.5'
refused 65 ": eps: '0' is not in 1e-30..1" 'base_lr: 1' 'lr_policy: "fixed"' 'type: "Adam"' 'delta: 0'
refused 65 ": weight-decay: '-0.5' is not in 0..1e+09" 'base_lr: 1' 'lr_policy: "fixed"' 'weight_decay: -0.5'
refused 65 ": 3 settings cannot be used: base_lr is missing; lr_policy (line 3: 'cosine' is none of fixed, step, multistep, exp, inv, poly, sigmoid); type (line 4: 'LARS' is none of SGD, Nesterov, AdaGrad, RMSProp, AdaDelta, Adam)" \
    'lr_policy: "cosine"' 'type: "LARS"'
refused 65 ': 3 settings cannot be used: gamma is missing; stepsize is missing; momentum (line 6: an optimizer that has none)' \
    'base_lr: 1' 'lr_policy: "step"' 'type: "AdaGrad"' 'momentum: 0.5'
refused 65 ': 1 setting cannot be used: net_param (line 5: a net within the solver)' 'base_lr: 1' 'lr_policy: "fixed"' 'net_param { name: "a" }'
refused 65 ":3: 'lr' is no field of SolverParameter" 'lr: 1'
refused 65 ': --milestones: 5 does not come before 3' 'base_lr: 1' 'lr_policy: "multistep"' 'gamma: 1' 'stepvalue: 5' 'stepvalue: 3'
rm -r folder/small.prototxt
printf '%s\n' 'net: "examples/other.prototxt" max_iter: 1 base_lr: 1 lr_policy: "fixed"' >folder/solver.prototxt
train -q
status 66
err_is "cnn-train: folder/solver.prototxt:1: its net 'examples/other.prototxt' is not there, nor is folder/other.prototxt"
run cnn-train --solver none.prototxt digits:10 -o x
status 66
solver "${fixed[@]}"
run cnn-train --solver folder/solver.prototxt -o x
status 64
err_has "cnn-train: no DATASET: the data layers of a solver's net are not read"
train --recipe net
status 64
err_has 'cnn-train: --recipe has no effect with --solver'
train --epochs 0
status 64
err_has 'cnn-train: --solver has no effect with --epochs 0'
run cnn-train --solver folder/solver.prototxt digits:10 -o folder/solver.prototxt
status 64

# One in the place of the other.
run cnn-train --net folder/solver.prototxt digits:10 -o x.st
status 65
err_is 'cnn-train: folder/solver.prototxt: a solver of Caffe, not a net (cnn-train --solver takes it)'
run cnn-train --solver small.prototxt digits:10 -o x.st
status 65
err_is 'cnn-train: small.prototxt: a net of Caffe, not a solver (--net takes it)'
exit 0
