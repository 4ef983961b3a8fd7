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
on_terminal 120
grep -q 'waiting  \[[=> ]\{22\}\]  ..%  .*/60  .*/s  0:00 left  some text that stands behind it$' lines ||
    fail "the bar looks odd"
# What stands behind the bar is seen in a window of the usual width; the bar is shorter for it.
on_terminal 80
grep -q 'waiting  \[=*> *\]  ..%  .*/60  .*/s  0:00 left  some text that stands behind it$' lines ||
    fail "the text behind the bar is cut"
TERM=xterm script -qec "$options -l 1 -q --wait 30" /dev/null </dev/null >out
LC_ALL=C grep -q waiting out && fail "progress although -q"
TERM=dumb script -qec "$options -l 1 --wait 30" /dev/null </dev/null >out
LC_ALL=C grep -q waiting out && fail "progress although the terminal is dumb"
exit 0
