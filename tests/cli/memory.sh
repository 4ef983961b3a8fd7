# Where an allocation fails, or all from one on, a program ends with 71 and leaves nothing behind, or does all
# that it should. Every STRIDE-th allocation (STRIDE=1: all of them).
. "$ROOT/tests/cli/lib.sh"
stride=${STRIDE:-29}
cc=${CC:-cc}
command -v "${cc%% *}" >/dev/null || skip "no C compiler here"
ldd "$(command -v cnn-infer)" | grep -q libasan && skip "the sanitizer has an allocator of its own"
$cc -shared -fPIC -O1 -o fail.so "$ROOT/tests/torture/fail_malloc.c" 2>cc.err || skip "no library to load before a program: $(head -n 1 cc.err)"
cnn-augment -q --threads 1 -o d digits:8 || fail 'no images'
cnn-train -q --threads 1 --epochs 1 --net 'dense classes' d -o m.safetensors 2>err || fail 'no model'

# one COMMAND...: in a folder of its own, all that it writes there
one() { rm -rf cur && mkdir cur && (cd cur && timeout 60 "$@" >stdout 2>stderr) 2>/dev/null; }
sweep() {
    local n i how
    one "$@" || fail "status $? of $*"
    rm -rf whole && mv cur whole
    n=$(mkdir -p count && cd count && COUNT_TO=9 LD_PRELOAD=../fail.so "$@" 9>&1 >/dev/null 2>&1)
    rm -rf count
    [ "$n" -gt 50 ] || fail "allocations are not counted: $n"
    for how in FAIL_AT FAIL_FROM; do
        for ((i = 1; i <= n; i += stride)); do
            command_line="$how=$i $*"
            one env "$how=$i" LD_PRELOAD=../fail.so "$@"
            status=$?
            cp cur/stderr err
            # jansson (2.14) and libarchive (3.6) end the program themselves in a few places.
            grep -qE 'lex_scan_string|Fatal Internal Error in libarchive' err && continue
            if [ $status = 0 ]; then
                diff -r whole cur >/dev/null || fail 'it is done, with other files'
            else
                status 71
                [ -z "$(find cur -mindepth 1 ! -name 'std*')" ] || fail "it leaves $(ls -A cur)"
            fi
        done
    done
}
sweep cnn-inspect ../m.safetensors
sweep cnn-inspect --json ../m.safetensors
sweep cnn-infer -q --threads 1 ../m.safetensors ../d
sweep cnn-infer -q --threads 1 --eval --predictions p.tsv ../m.safetensors ../d
sweep cnn-infer --threads 1 --selftest ../m.safetensors
sweep cnn-features -q --threads 1 -l output -o f.npy ../m.safetensors ../d
sweep cnn-augment -q --threads 1 -o o.tar ../d
sweep cnn-train -q --threads 1 --epochs 1 --net softmax ../d -o x.safetensors
