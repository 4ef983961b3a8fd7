# The progress line on a terminal: in place, within its width, at most ten times a second.
. "$ROOT/tests/cli/lib.sh"
has_terminal || skip "no terminal to be had here"
options=$BUILD/helpers/options

# on_terminal COLUMNS: what the progress was, a line a drawing, in lines.
on_terminal() {
    local begin=${EPOCHREALTIME/./}
    TERM=xterm script -qec "stty cols $1; $options -l 1 --wait 60" /dev/null </dev/null >out 2>err
    status=$?
    status 0
    LC_ALL=C tr '\r' '\n' <out | sed 's/\x1b\[K//' | grep '^waiting' >lines
    [ "$(wc -l <lines)" -ge 3 ] || fail "no progress on a terminal"
    [ "$(wc -l <lines)" -le $(((${EPOCHREALTIME/./} - begin) / 100000 + 1)) ] ||
        fail "redrawn more often than ten times a second"
    awk -v w="$1" 'length >= w { exit 1 }' lines || fail "wider than the terminal"
}
on_terminal 30
grep -q '\[' lines && fail "a bar where there is no room for it"
# Fields give way whole, the least telling first: at 40 columns the counts, at 20 all but the time left.
grep -q '^waiting  ..%  some text that stands behind it$' lines && fail "30 columns: a line of 44"
on_terminal 20
grep -qx 'waiting  0:00 left' lines || fail "20 columns: no time left"
grep -qvx 'waiting\( *[0-9]*%\)\?\(  [0-9]*/60\)\?\(  0:00 left\)\?' lines && fail "20 columns: words are cut"
on_terminal 40
grep -qvx 'waiting\( *[0-9]*%\)\?\(  0:0. left\)\?\(  some text that stands behind it\)\?' lines &&
    fail "40 columns: words are cut"
on_terminal 120
grep -q 'waiting  \[[=> ]\{22\}\]  ..%  .*/60  .*/s  0:00 left  some text that stands behind it$' lines ||
    fail "the bar looks odd"
# What stands behind the bar is seen in a window of the usual width; the bar is shorter for it.
on_terminal 80
grep -q 'waiting  \[=*> *\]  ..%  .*/60  .*/s  0:00 left  some text that stands behind it$' lines ||
    fail "the text behind the bar is cut"
# The time left is that of the whole run, of which an epoch is a small part.
TERM=xterm script -qec "stty cols 100; timeout -s INT 4 $BUILD/bin/cnn-train --net lenet5 --epochs 1000 digits:2000:1 -o m" \
    /dev/null </dev/null >out 2>err
LC_ALL=C tr '\r' '\n' <out | sed -n 's/^epoch [0-9]*\/1000  .*  \([0-9:]*\) left  loss .*/\1/p' >left
[ -s left ] || fail "no time left"
grep -q '^0:0' left && fail "an epoch's time instead of the run's"
# Results on the same terminal begin on a line that is clean.
"$BUILD/bin/cnn-train" -q --net lenet5 --epochs 0 digits:10:1 -o m
TERM=xterm script -qec "$BUILD/bin/cnn-infer --eval m digits:6000:1" /dev/null </dev/null >out
LC_ALL=C tr -d '\r' <out | grep -q $'^.*evaluate.*\x1b\[Ksamples *6000$' ||
    fail "the progress line is not cleared before the results"
TERM=xterm script -qec "$options -l 1 -q --wait 30" /dev/null </dev/null >out
LC_ALL=C grep -q waiting out && fail "progress although -q"
TERM=dumb script -qec "$options -l 1 --wait 30" /dev/null </dev/null >out
LC_ALL=C grep -q waiting out && fail "progress although the terminal is dumb"
exit 0
