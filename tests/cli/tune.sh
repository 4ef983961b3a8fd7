# --tune: measured once, kept in a file, and done as the file says.
. "$ROOT/tests/cli/lib.sh"
export XDG_CACHE_HOME=$PWD/cache
file=$XDG_CACHE_HOME/cnn/tune.tsv
net='input 1x28x28; conv 16 3 pad=1; relu; conv 16 3 pad=1; relu; maxpool 2; dense 10'

# Measured once.
run cnn-inspect --time --tune -b 4 "$net"
status 0
err_has "cnn-inspect: [0-9]* convolutions measured, the choices are in $file"
cp "$file" first.tsv
run cnn-inspect --time --tune -b 4 "$net"
status 0
silent
same "$file" first.tsv
# Other conditions are other measurements; what is there stays.
run cnn-inspect --time --tune --training -b 4 "$net"
status 0
err_has "*measured*"
grep -v '^#' first.tsv >lines
while IFS= read -r line; do grep -qxF -e "$line" "$file" || fail "a line is gone: $line"; done <lines

# The file decides: the layout by the times, the algorithm by the name.
all() { awk -F '\t' -v OFS='\t' -v plain="$1" '
    /^#/ { print; next }
    { is = $24 == 0 && $25 == 0; $28 = is == plain ? 1 : 999999999999 }
    is { $26 = "gemm"; $27 = "direct" }
    { print }' first.tsv >"$file"; }
all 1
run cnn-inspect --time --tune -b 4 "$net"
status 0
silent
out_has 'conv2 + relu2 * 16x28x28 * gemm *'
sed 's/\tgemm\t/\tflat\t/' "$file" >other.tsv && mv other.tsv "$file"
run cnn-inspect --time --tune -b 4 "$net"
silent
out_has 'conv2 + relu2 * 16x28x28 * flat *'

# Training: the same model with any number of threads, from one file.
train() { run cnn-train "$@" --tune -q --net "$net" digits:64 --epochs 1 --batch 16; }
train -o a -t 2
status 0
silent
train -o b -t 1
same a b
cnn-inspect --history a >out
out_has '*tune*'
run cnn-infer -q --tune a digits:4:2
status 0
run cnn-features -q --tune -l conv2 --pool a digits:4:2
status 0

# What cannot be used is said, and gone when the file is written again; other machines' lines stay.
strange='avx9	Another Processor'
{
    cat first.tsv
    echo garbage
    head -n 2 first.tsv | tail -n 1 | sed 's/\t[a-z]*\t\([a-z-]*\t[0-9]*\)$/\tmagic\t\1/'
    head -n 2 first.tsv | tail -n 1 | sed "s/^[^\t]*\t[^\t]*/$strange/"
} >"$file"
run cnn-inspect --time --tune -b 4 "$net"
status 0
err_is "cnn-inspect: $file: 2 lines cannot be used"
run cnn-inspect --time --tune -b 3 "$net"
err_has "cnn-inspect: $file: 2 lines cannot be used; [0-9]* convolutions measured*"
grep -q "^$strange" "$file" || fail "another processor's line is gone"
! grep -q garbage "$file" || fail "what cannot be used is still there"
run cnn-inspect --time --tune -b 4 "$net"
silent

# Where the file cannot be.
XDG_CACHE_HOME=/dev/null/x run cnn-inspect --time --tune -b 4 "$net"
status 73
err_has 'cnn-inspect: /dev/null/x: *'
run env -u XDG_CACHE_HOME -u HOME cnn-inspect --time --tune -b 4 "$net"
status 64
mkdir home
run env -u XDG_CACHE_HOME HOME="$PWD/home" cnn-inspect --time --tune -b 4 "$net"
status 0
[ -f home/.cache/cnn/tune.tsv ] || fail 'nothing in ~/.cache'
run cnn-inspect --tune lenet5
status 64
exit 0
