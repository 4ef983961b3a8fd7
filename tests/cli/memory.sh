# Where an allocation fails, or all from one on, a program says so, ends with 71 and leaves all as it was, or does all
# that it should. Every STRIDE-th allocation (STRIDE=1: all of them).
. "$ROOT/tests/cli/lib.sh"
. "$ROOT/tests/torture/commands.sh"
stride=${STRIDE:-299}
cc=${CC:-cc}
command -v "${cc%% *}" >/dev/null || skip "no C compiler here"
ldd "$(command -v cnn-infer)" | grep -q libasan && skip "the sanitizer has an allocator of its own"
$cc -shared -fPIC -O1 -o fail.so "$ROOT/tests/torture/fail_malloc.c" 2>cc.err || skip "no library to load before a program: $(head -n 1 cc.err)"
torture_inputs || fail 'no inputs'
here=$PWD

# one HOW COMMAND...: in a copy of start/
one() {
    local how=$1
    shift
    rm -rf cur && cp -r start cur
    (cd cur && timeout 60 env "$how" LD_PRELOAD="$here/fail.so" "$@" <"${from:-/dev/null}" >stdout 2>stderr 9>../count) 2>/dev/null
    status=$?
    forget_times cur/log.jsonl
}

judge() {
    local differs
    cp cur/stderr err
    # libarchive (3.6) ends the program itself in a few places.
    grep -q 'Fatal Internal Error in libarchive' err && return
    if [ $status = "$expected" ]; then
        differs=$(diff -r -x stderr whole cur) || fail "it is done, with other files: $differs"
        return
    fi
    status 71
    err_has "$1: ?*"
    err_lacks '*: failed'
    rm -f cur/stdout cur/stderr
    if [ -n "$running" ]; then
        torture_again "$@" || fail "it does not go on: $differs"
    else
        differs=$(diff -r start cur) || fail "it leaves: $differs"
    fi
}

# Pictures are left out: fontconfig (2.14) writes to memory that it was refused, which ends the program.
turn=0 tried=0
sweep() {
    local running=${running-} from=${from-} calls i how
    case $* in *--preview* | *--confusion* | *--curve* | *--filters*) return ;; esac
    one COUNT_TO=9 "$@"
    expected=$status calls=$(cat count)
    cp cur/stderr err
    [ $expected -le 1 ] || fail "status $expected of $*"
    rm -rf whole && mv cur whole
    [ "$calls" -gt 50 ] || fail "allocations are not counted: $calls"
    for how in FAIL_AT FAIL_FROM; do
        for ((i = 1; i <= calls; i++)); do
            [ $((turn++ % stride)) = 0 ] || continue
            tried=$((tried + 1))
            command_line="$how=$i $*"
            one "$how=$i" "$@"
            judge "$@"
        done
    done
}
torture_commands
[ $tried -gt 20 ] || fail "only $tried allocations"
