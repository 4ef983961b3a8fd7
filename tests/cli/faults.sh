# Where a system call fails, or does less than it was asked for, a program does all that it should, or says which
# file it was, ends with the status for that, and leaves everything as it was. Every FAULTS_STRIDE-th fault (1: all).
. "$ROOT/tests/cli/lib.sh"
. "$ROOT/tests/torture/commands.sh"
stride=${FAULTS_STRIDE:-97}
torture_start fail_call
FAULT=count LD_PRELOAD=$here/fail_call.so cnn-inspect --zoo >/dev/null 2>err || skip "system calls cannot be caught here: $(head -n 1 err)"

# What may befall each kind of call.
kinds=(read:EIO read:EINTR read:short write:EIO write:ENOSPC write:ENOSPC+ write:EINTR write:short sync:EIO rename:EIO
    close:EIO open:EIO open:EMFILE truncate:EIO map:ENODEV map:ENOMEM mkdir:ENOSPC list:EIO mode:EIO)

# one FAULT COMMAND...: in a copy of start/
one() {
    local fault=$1
    shift
    rm -rf cur what && cp -r start cur
    (cd cur && timeout 60 env FAULT="$fault" FAULT_UNDER="$here" FAULT_LOG="$here/what" LD_PRELOAD="$here/fail_call.so" "$@" \
        <"${from:-/dev/null}" >stdout 2>stderr) 2>/dev/null
    status=$?
    forget_times cur/log.jsonl
}

# The file that it befell is named: as it was given, or the output that it was to become, or the folder that is made.
named() {
    local path=${1#* }
    path=${path#"$here"/} path=${path#../} path=${path#cur/} path=${path%%.tmp-*} path=${path%/}
    case $path in
    stderr) return 0 ;;
    stdout) grep -q 'standard output: ' cur/stderr ;;
    *) grep -qF -e "${path##*/}" -e "${path%%/*}" ${from:+-e ' -: '} cur/stderr ;;
    esac
}

# Each file is as it was, or as it should become.
whole_or_old() {
    local f
    (cd cur && find . -type f ! -name 'std*') >files
    while IFS= read -r f; do
        cmp -s "cur/$f" "start/$f" || cmp -s "cur/$f" "whole/$f" || fail "neither old nor new: $f"
    done <files
}

judge() {
    local what differs
    what=$(head -n 1 what)
    cp cur/stderr err
    if [ "$status" = "$expected" ]; then
        differs=$(diff -r -x stderr whole cur) || fail "it is done, with other files: $differs"
        return
    fi
    case $fault:$status in *:66 | *:71 | *:73 | *:74 | *EINTR*:75) ;; *) fail 'not a status for this' ;; esac
    [[ $what == *stderr ]] || has_line err "$1: *: *" || fail 'no message'
    named "$what" || fail "no word of $what"
    rm -f cur/stdout cur/stderr
    if [ -n "$running" ]; then
        torture_again "$@" || fail "it does not go on: $differs"
    elif [[ $what == rename* || $what == close*/stdout ]]; then
        whole_or_old # outputs get their names one after the other
    else
        differs=$(diff -r start cur) || fail "it leaves: $differs"
    fi
}

turn=0 tried=0 total=0
sweep() {
    local running=${running-} from=${from-} kind calls i fault
    one count "$@"
    expected=$status
    cp cur/stderr err
    [ $expected -le 1 ] || fail "status $expected of $*"
    rm -rf whole && mv cur whole
    mv what calls
    for kind in "${kinds[@]}"; do
        calls=$(sed -n "s/^${kind%%:*} //p" calls)
        total=$((total + calls))
        for ((i = 1; i <= calls; i++)); do
            [ $((turn++ % stride)) = 0 ] || continue
            tried=$((tried + 1))
            fault=${kind%+}:$i
            [[ $kind == *+ ]] && fault+=+
            command_line="FAULT=$fault $* ($(head -n 1 what 2>/dev/null))"
            one "$fault" "$@"
            judge "$@"
        done
    done
}
torture_commands
[ $tried -gt 20 ] || fail "only $tried faults"
echo "$tried of $total faults tried, $((total - tried)) left out"
