# Built-in nets begin near the loss of a guess among equals, ln(classes), and so do nets of one's own. Here the small
# ones, in the program; unit/zoo_step has them all.
. "$ROOT/tests/cli/lib.sh"
near() { # NAME CLASSES: the first loss in the log
    grep -o '"loss": [0-9.]*' log | head -n 1 |
        awk -v classes="$2" '{d = $2 / log(classes) - 1; ok = d < 0.1 && d > -0.1} END {exit !ok}' ||
        fail "$1 begins with a loss of $(grep -o '"loss": [0-9.]*' log | head -n 1), not ln($2)"
}
first() { # NET DATA
    rm -f log
    run cnn-train -q --steps 1 --rate 0 --batch 8 --log log --net "$1" -o m.safetensors "$2"
    status 0
}
large() { [ "$(cnn-inspect "$1" --input 1x28x28 --outputs 10 | awk '/^multiply-adds/ {gsub(",", ""); print int($2 / 1e6)}')" -gt "$2" ]; }
for net in $(cnn-inspect --zoo | awk '{print $1}'); do
    [[ $net == dqn* ]] && continue # whose input is no image
    large "$net" 200 && continue
    first "$net" digits:8:3
    near "$net" 10
done
first 'conv 8 3; tanh; conv 8 3; sigmoid; maxpool 2; dense classes; softmax' digits:8:3
near 'tanh and sigmoid' 10
first 'scale: conv 4 3; bn; relu; conv classes 3; avgpool global' digits:8:3
near 'a convolution as the head' 10

# A rule for all layers is one for the head, too.
start() { run cnn-train -q --epochs 0 --threads 1 "$@" digits:8:3 && status 0; }
start -o by-option --weights he_normal --net 'flatten; fc: dense classes'
start -o by-text --net 'flatten; fc: dense classes init=he_normal'
start -o by-default --net 'flatten; fc: dense classes'
run cnn-inspect --diff by-option by-text
out_lacks '*fc.weight*'
run cnn-inspect --diff by-option by-default
out_has '*fc.weight*'
