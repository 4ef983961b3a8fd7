# The command line that all programs share, tried on tests/programs/options.c.
. "$ROOT/tests/cli/lib.sh"
options=$BUILD/helpers/options
try='Try '\''options --help'\''.'

# expect 'STDOUT' ARGUMENT...
expect() {
    local what=$1
    shift
    run "$options" "$@"
    status 0
    silent
    out_is "$what"
}

# refuse 'MESSAGE' ARGUMENT...
refuse() {
    local what=$1
    shift
    run "$options" "$@"
    status 64
    out_is ''
    err_is "options: $what
$try"
}

plain='rate=1 output= how=0 verbose=0 quiet=0 skip=0 list= augment='
expect "count=10 $plain" --rate 1
expect "count=3 $plain
operand a
operand -
operand b" a --rate=1 - -n 3 b
expect "count=3 $plain
operand -n
operand --" -l1 -n3 -- -n --
expect "count=10 rate=1 output=x y how=1 verbose=1 quiet=1 skip=1 list= augment=" \
    -l 1 -vqo 'x y' --how slow --on-bad skip
expect "count=10 rate=1 output= how=0 verbose=0 quiet=0 skip=1 list=bad.txt augment=
freeze conv*
freeze -x" --rate 1 --on-bad=list=bad.txt --freeze 'conv*' --freeze -x --verbose=0
expect "count=10 rate=1 output= how=0 verbose=0 quiet=0 skip=0 list= augment=--rotate 10" -l 1 --rotate 10

expect "count=10 $plain
given rate
given count
given given" -l 1 -n 10 --count=10 --given

refuse '--rate is required' a
refuse "--count: 'x' is not a whole number" -l 1 --count x
refuse "--count: '0' is not in 1..1000000" -l 1 -n0
refuse "--rate: 'nan' is not a number" --rate nan
refuse "--how: 'quick' is none of fast|slow" -l 1 --how quick
refuse "--verbose: 'maybe' is neither 0 nor 1" -l 1 --verbose=maybe
refuse "--rotate: 'x' is not a number" -l 1 --rotate x
refuse '--count: a value is missing (N)' -l 1 --count
refuse '--count: a value is missing (N)' -l 1 -n
# An empty value, as of a variable that is not set, is none.
refuse '--count: a value is missing (N)' -l 1 --count=
refuse '--output: a value is missing (FILE)' -l 1 --output=
refuse '--output: a value is missing (FILE)' -l 1 -o ''
refuse '--freeze: a value is missing (PATTERN)' -l 1 --freeze ''
refuse '--rotate: a value is missing (DEGREES)' -l 1 --rotate ''
refuse 'an empty operand' -l 1 a '' b
refuse 'an empty operand' -l 1 -- ''
refuse 'unknown option --cuont (did you mean --count?)' --cuont 3
refuse 'unknown option --out: it is --output here' --out=3
refuse 'unknown option --rotat (did you mean --rotate?)' --rotat=3
refuse 'unknown option --nonsense' --nonsense
refuse 'unknown option -x' -vx
refuse '--delay has no effect: it needs --how slow' -l 1 --delay 0
refuse '--fail has no effect with --verbose without --output' -l 1 --fail -v
expect "count=10 rate=1 output=x how=0 verbose=1 quiet=0 skip=0 list= augment=" -l 1 -v -o x --fail=0
run "$options" -l 1 --on-bad maybe
status 64
err_is "options: --on-bad: 'maybe' is none of fail, skip, list=FILE"

run "$options" --version
status 0
out_has 'options [0-9]*.[0-9]*.[0-9]*'
run "$options" -l x --help
status 64
run "$options" --help --rate x
status 0
silent
out_has 'Usage: options \[OPTION\]... FILE...'
out_has '   or: options --rate X'
out_has '  -n, --count N           how many of them*'
out_has '                          long line that must be broken \[10\]'
out_has 'Details:'
out_has '      --how WHAT          the way: fast, slow \[fast\]'
out_has 'Augmentation:'
out_has '      --rotate*'
awk 'length > 79 { exit 1 }' out || fail "a line of the help is too long"
run "$options" --options
out_has $'--how\t\tchoice\tWHAT\tfast|slow\tfast'
out_has $'--output\t-o\tfile\tFILE\t\t'
out_lacks '*Details*'

# The library's errors, and output that cannot be written.
run "$options" -l 1 --fail
status 65
err_is 'options: photo.png: not a picture'
"$options" -l 1 >/dev/full 2>err
status=$?
status 74
err_is 'options: standard output: No space left on device'
"$options" --help >/dev/full 2>err
status=$?
status 74
"$options" -l 1 >&- 2>err
status=$?
status 74
err_is 'options: standard output: Bad file descriptor'
{ "$options" -l 1 --wait 20 2>err; echo $? >code; } | true
status=$(cat code)
status 141
silent

# One signal asks, a later one kills; told twice at once, as timeout(1) does (its child, then its group), it is one wish.
for signal in INT TERM HUP; do
    env --default-signal=INT,TERM,HUP "$options" -l 1 --wait 1000 >out 2>err &
    pid=$!
    # Until it catches SIGTERM, the fifteenth bit.
    until grep -Eq '^SigCgt:.*[4-7c-f][0-9a-f]{3}$' /proc/$pid/status; do sleep 0.01; done
    sleep 0.1
    kill -s $signal $pid
    wait $pid
    status=$?
    status 75
    err_has 'options: stopped by signal *'
done
run "$options" -l 1 --twice 0
status 75
run "$options" -l 1 --twice 30
status 143

# No progress where there is no terminal (tests/cli/progress.sh has one).
run "$options" -l 1 --wait 30
silent
exit 0
