# Helpers of the tests of programs; each test begins with:  . "$ROOT/tests/cli/lib.sh"
#
#   run cnn-train --epochs x      runs it: status in $status, what it printed in the files out and err
#   status 64                     its exit status was that
#   out_has 'GLOB' / err_has      a line matches the pattern (as a whole line: use * at the ends)
#   out_is 'TEXT' / err_is        all of what it printed is exactly that
#   silent                        it printed nothing to standard error
#   fail / skip REASON            end the test
#   need python3 gzip             skip where a program is absent
#   need_data mnist               the real data's folder into $data, skip where it is absent
#   has_terminal                  whether script(1) can give one
#   no_file PATH...               none of them exists
#   differing A B                 the names of the tensors in which two models differ, in order, on one line (python3)
#   digest FILE                   a checksum, to compare files by
#   numbers_are FILE              the table in the file out, behind its keys and classes, has the numbers of FILE
#   logged KEY EPOCH LOG          that number of a log's line of an epoch
#   falls LOG FROM TO [PART]      the loss of the one epoch is below that part (0.8) of the other's
#   interrupted COMMAND...        a training that is stopped once its checkpoint c is there; --resume goes on with it
#
# shellcheck shell=bash disable=SC2034 # variables for the tests
set -u
command_line='(nothing run so far)'
: "${ROOT:?is the repository; scripts/run-tests sets it}"

fail() {
    echo "FAILED, line ${BASH_LINENO[${#BASH_LINENO[@]} - 2]}: $*"
    echo "command: $command_line"
    echo "status:  ${status-}"
    [ -s out ] && echo "stdout:" && head -c 2000 out
    [ -s err ] && echo "stderr:" && head -c 2000 err
    exit 1
}

skip() {
    echo "$*"
    exit 77
}

run() {
    command_line=$*
    "$@" >out 2>err
    status=$?
}

status() { [ "$status" -eq "$1" ] || fail "exit status $status, not $1"; }

has_line() {
    local line
    while IFS= read -r line || [ -n "$line" ]; do
        # shellcheck disable=SC2053 # a pattern is meant
        [[ $line == $2 ]] && return 0
    done <"$1"
    return 1
}
out_has() { has_line out "$1" || fail "no line of stdout matches: $1"; }
err_has() { has_line err "$1" || fail "no line of stderr matches: $1"; }
out_lacks() { ! has_line out "$1" || fail "a line of stdout matches: $1"; }
err_lacks() { ! has_line err "$1" || fail "a line of stderr matches: $1"; }
out_is() { [ "$(cat out)" = "$1" ] || fail "stdout is not: $1"; }
err_is() { [ "$(cat err)" = "$1" ] || fail "stderr is not: $1"; }
silent() { [ ! -s err ] || fail "stderr is not empty"; }

no_file() {
    local f
    for f; do [ ! -e "$f" ] && [ ! -L "$f" ] || fail "$f exists"; done
}
same() { cmp -s "$1" "$2" || fail "$1 and $2 differ"; }
differing() {
    python3 - "$1" "$2" <<'PY' || echo "tensors of $1 and $2"
import json, struct, sys
def tensors(path):
    raw = open(path, 'rb').read()
    n, = struct.unpack('<Q', raw[:8])
    head = json.loads(raw[8:8 + n])
    return {k: raw[8 + n + v['data_offsets'][0]:8 + n + v['data_offsets'][1]]
            for k, v in head.items() if k != '__metadata__'}
a, b = tensors(sys.argv[1]), tensors(sys.argv[2])
print(' '.join(sorted(k for k in a.keys() | b.keys() if a.get(k) != b.get(k))))
PY
}
digest() { sha256sum <"$1" | cut -d ' ' -f 1; }

numbers_are() {
    awk -v file="$1" '
        BEGIN { while ((getline line < file) > 0) { n = split(line, w, " "); rows++; for (i = 1; i <= n; i++) want[rows, i] = w[i] } }
        /^#/ { next }
        { row++; for (i = 1; i <= NF - 2; i++) { d = $(i + 2) - want[row, i]; if (d < 0) d = -d; if (!(d < 2e-6)) bad = 1; seen++ } }
        END { exit bad || row != rows || seen != n * rows }' FS='\t' out || fail "these are not the numbers of $1"
}
logged() { sed -n '/"event": "epoch"/s/.*"epoch": '"$2"',.*"'"$1"'": \([^,}]*\)[,}].*/\1/p' "$3"; }
falls() {
    awk -v a="$(logged loss "$2" "$1")" -v b="$(logged loss "$3" "$1")" -v part="${4-0.8}" 'BEGIN { exit !(a > 0 && b > 0 && b < part * a) }' ||
        fail "the loss goes from $(logged loss "$2" "$1") to $(logged loss "$3" "$1")"
}

interrupted() {
    local i pid
    command_line=$*
    "$@" --checkpoint c --checkpoint-every 2 &
    pid=$!
    for ((i = 0; i < 3000; i++)); do
        [ -e c ] && break
        sleep 0.02
    done
    kill -TERM $pid 2>/dev/null
    wait $pid
    status=$?
    status 75
}

has_terminal() { script -qec true /dev/null </dev/null >/dev/null 2>&1; }
need() {
    local p
    for p; do command -v "$p" >/dev/null || skip "no $p here"; done
}
need_data() {
    data=$ROOT/../shared/data/$1
    [ -d "$data" ] || skip "no ../shared/data/$1 here"
}
