# Where an allocation fails, or all from one on, a program says so, ends with 71 and leaves all as it was, or does all
# that it should. Every MEMORY_STRIDE-th allocation (1: all of them).
. "$ROOT/tests/cli/lib.sh"
. "$ROOT/tests/torture/commands.sh"
stride=${MEMORY_STRIDE:-299}
torture_start fail_malloc

# With little room for threads the answers come, or 71; 130 is how OpenBLAS ends a program.
for room in 140000 200000 260000; do
    (ulimit -v $room && timeout 60 cnn-infer -q in/m.safetensors in/d >/dev/null 2>err)
    case $? in
    0 | 71 | 127 | 130) ;;
    *) fail "with $room KiB of addresses a program ends otherwise" ;;
    esac
done

# Fontconfig (2.14) goes on with texts of its settings that it had no memory for, and falls, or looks for them for ever:
# what it asks for, and its parser, is not refused.
spare='libfontconfig libexpat'

# one HOW COMMAND...: in a copy of start/
one() {
    local how=$1
    shift
    rm -rf cur && cp -r start cur
    (cd cur && timeout 60 env "$how" SPARE="$spare" COUNT_TO=9 LD_PRELOAD="$here/fail_malloc.so" "$@" <"${from:-/dev/null}" >stdout 2>stderr 9>../count) 2>/dev/null
    status=$?
    forget_times cur/log.jsonl
}

# Whether a library fell over an allocation of its own, and the program with it: libarchive (3.6) in archive_read_open
# and archive_read_next_header, where it has no block or no entry, and it ends the program itself where it has no room
# for a member's name; cairo (1.16) in cairo_show_text, where pixman has no image for a glyph.
library_fell() {
    case $status:$(tail -n 1 count) in
    139:*/libarchive.so* | 139:*/libcairo.so* | 139:*/libpixman-1.so*) return 0 ;;
    1:*) grep -q 'Fatal Internal Error in libarchive' err ;;
    *) return 1 ;;
    esac
}

judge() {
    local differs
    cp cur/stderr err
    library_fell && fell=$((fell + 1)) && return
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

turn=0 tried=0 total=0 fell=0
sweep() {
    local running=${running-} from=${from-} calls i how
    one FAIL_AT=0 "$@"
    expected=$status calls=$(cat count)
    cp cur/stderr err
    [ $expected -le 1 ] || fail "status $expected of $*"
    rm -rf whole && mv cur whole
    [ "$calls" -gt 50 ] || fail "allocations are not counted: $calls"
    total=$((total + 2 * calls))
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
echo "$tried of $total faults tried, $((total - tried)) left out; a library fell over $fell of its own"
