# The instruction sets that the rest of the tests do not use: kernels, layers, nets, gradients and pixels with each that
# the machine has. And with every one the model has the same bytes for any number of threads.
. "$ROOT/tests/cli/lib.sh"
tests='kernels golden_layers golden_nets double-gradient double-golden_layers double-golden_nets image_resize preprocess
    augment_pixels'

in_use() { cnn-inspect --time --json 'input 1; dense 1' | sed -n 's/^ *"isa": "\(.*\)",$/\1/p'; }

usual=$(in_use) sets=() others=()
[ "$(CNN_ISA='' in_use)" = "$usual" ] || fail 'CNN_ISA that is empty is one that is not set'
[ -n "$usual" ] || fail 'cnn-inspect does not tell the instruction set'
for isa in plain avx2 avx512; do
    if [ "$(CNN_ISA=$isa in_use)" != $isa ]; then
        echo "$isa: skipped, this machine or build does not have it"
        continue
    fi
    sets+=("$isa")
    [ $isa = "$usual" ] || others+=("$isa")
done
has_line <(printf '%s\n' "${sets[@]}") "$usual" || fail "$usual is in use, but cannot be asked for"
[ ${#others[@]} -gt 0 ] || skip "the only instruction set here is $usual"

# try_set SET: all tests; the names of those that fail go to the file SET.failed.
try_set() {
    local test
    for test in $tests; do
        CNN_ISA=$1 "$BUILD/tests/$test" >"$1.$test" 2>&1 || echo "$test" >>"$1.failed"
    done
}
for isa in "${others[@]}"; do try_set "$isa" & done
wait
for isa in "${others[@]}"; do
    [ -e "$isa.failed" ] || continue
    command_line="CNN_ISA=$isa tests/$(head -n 1 "$isa.failed")"
    grep -v '^ok ' "$isa.$(head -n 1 "$isa.failed")" >out
    fail "with $isa these fail: $(paste -sd ' ' "$isa.failed")"
done

for isa in "${sets[@]}"; do
    export CNN_ISA=$isa
    for threads in 1 2 4; do
        run cnn-train -q --net lenet5 digits:320 --epochs 1 --batch 64 --threads $threads -o "$isa.$threads"
        status 0
        silent
    done
    same "$isa.1" "$isa.2"
    same "$isa.1" "$isa.4"
done
