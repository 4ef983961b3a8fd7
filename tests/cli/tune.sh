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

# edit PROGRAM: the first measurements, changed by awk, whose c[NAME] is the number of a column.
edit() { awk -F '\t' -v OFS='\t' 'NR == 1 { for (i = 1; i <= NF; i++) { name = $i; sub(/^#/, "", name); c[name] = i } }
    '"$1" first.tsv >"$file"; }

# The file decides: the layout by the times, the algorithm by the name.
all() { edit 'NR > 1 { is = $c["x_order"] == "plain" && $c["y_order"] == "plain"; $c["cycles"] = is ? 1 : 999999999
    if (is) { $c["algorithm"] = "'"$1"'"; $c["way"] = "direct" } } { print }'; }
all gemm
run cnn-inspect --time --tune -b 4 "$net"
status 0
silent
out_has 'conv2 + relu2 * 16x28x28 * gemm *'
all flat
run cnn-inspect --time --tune -b 4 "$net"
silent
out_has 'conv2 + relu2 * 16x28x28 * flat *'

# Columns are found by their names: in another order they say the same, also of other processors.
turn() { awk -F '\t' -v OFS='\t' 'NR == 1 { sub(/^#/, "", $1) } { for (i = NF; i; i--) printf "%s%s", NR == 1 && i == NF ? "#" : "", $i (i > 1 ? OFS : "\n") }'; }
{
    cat "$file"
    sed -n 2p "$file" | sed 's/^[^\t]*\t[^\t]*/avx9\tAnother Processor/'
} >straight.tsv
turn <straight.tsv >"$file"
run cnn-inspect --time --tune -b 4 "$net"
status 0
silent
out_has 'conv2 + relu2 * 16x28x28 * flat *'
run cnn-inspect --time --tune -b 3 "$net"
err_has "cnn-inspect: [0-9]* convolutions measured*"
while IFS= read -r line; do grep -qxF -e "$line" "$file" || fail "a line is gone: $line"; done <straight.tsv

# A file with a column more or less, a column twice, or no names is of another version: nothing of it is used.
lines=$(($(wc -l <first.tsv) - 1))
other() {
    run cnn-inspect --time --tune -b 4 "$net"
    status 0
    err_has "cnn-inspect: $file: $lines lines cannot be used; [0-9]* convolutions measured*"
    [ "$(head -n 1 "$file")" = "$(head -n 1 first.tsv)" ] || fail 'the columns are not those of before'
}
edit '{ print $0, NR == 1 ? "w_order" : "plain" }'
other
edit '{ $c["groups"] = NR == 1 ? "bunches" : $c["groups"]; print }'
other
edit '{ $c["kh"] = NR == 1 ? "kw" : $c["kh"]; print }'
other
cut -f 2- first.tsv | sed '1s/^/#/' >"$file"
other
sed '1s/.*/# measured/' first.tsv >"$file"
other

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
    sed -n '2s/\t[a-z]*\t\([a-z-]*\t[0-9]*\)$/\tmagic\t\1/p' first.tsv
    sed -n 2p first.tsv | sed "s/^[^\t]*\t[^\t]*/$strange/"
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
