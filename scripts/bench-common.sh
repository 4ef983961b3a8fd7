# What the parts of scripts/bench share: settings, peers, medians, the rows of a table. Settings come from the environment:
#
#   DATA=../shared/data     has mnist/ and imagenet-photos/; rows without their data are left out, saying so
#   PYTHON=python3          an interpreter with torch: the current release. PYTHON_OLD=/usr/bin/python3: another one, so
#                           that the better of two is the peer. One without torch is left out, saying so
#   THREADS=$(nproc)        for both sides
#   RUNS=5 SECONDS_EACH=2   how often the sides take turns, and how long a run of a net lasts
#   QUICK=1                 3 turns, half a second, fewer variants of the peer: to see that everything works
#   ONLY='resnet18 vgg16'   these nets and rows alone
#   ISA=avx2                both sides keep to AVX2, as on a machine that has no more
#   COMPILE=1               torch.compile, too (minutes for each net)
#
# shellcheck shell=bash
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
QUICK=${QUICK:-} ONLY=${ONLY:-} ISA=${ISA:-} COMPILE=${COMPILE:-}
DATA=${DATA:-$here/../../shared/data}
PYTHON=${PYTHON:-python3}
PYTHON_OLD=${PYTHON_OLD:-/usr/bin/python3}
RUNS=${RUNS:-${QUICK:+3}} RUNS=${RUNS:-5}
SECONDS_EACH=${SECONDS_EACH:-${QUICK:+0.5}} SECONDS_EACH=${SECONDS_EACH:-2}
THREADS=${THREADS:-$(nproc)}
export OMP_NUM_THREADS=$THREADS
# Without these PyTorch gives memory back to the system after each step, and asks for it again in the next.
export MALLOC_MMAP_THRESHOLD_=4294967296 MALLOC_TRIM_THRESHOLD_=8589934592 MALLOC_TOP_PAD_=1073741824
case $ISA in
'') ;;
avx2)
    export CNN_ISA=avx2 OPENBLAS_CORETYPE=Haswell
    export ONEDNN_MAX_CPU_ISA=AVX2 ATEN_CPU_CAPABILITY=avx2 MKL_ENABLE_INSTRUCTIONS=AVX2
    ;;
*)
    echo "bench: ISA=$ISA: it is avx2 or nothing" >&2
    exit 64
    ;;
esac
for program in cnn-train cnn-inspect bench-nets bench-peak measure; do
    command -v "$program" >/dev/null || {
        echo "bench: $program is not on PATH: make bench builds the programs and sets it" >&2
        exit 66
    }
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# Our programs' own allocations stay as the system gives them.
ours=(env -u MALLOC_MMAP_THRESHOLD_ -u MALLOC_TRIM_THRESHOLD_ -u MALLOC_TOP_PAD_)
: "${ours[0]}" # used by the scripts that read this one

# wanted NAME: whether ONLY lets it through
wanted() { [ -z "$ONLY" ] || [[ " $ONLY " == *" $1 "* ]]; }
# has NET: whether our zoo has it
has() { cnn-inspect --zoo "$1" >/dev/null 2>&1; }
# note TEXT: what a reader of the table must know; printed by notes
note() { echo "$*" >>"$work/notes"; }
notes() {
    [ ! -s "$work/notes" ] || { echo && sort -u "$work/notes"; }
}

# The peers: interpreters that have torch, and what they call its version.
pythons=() versions=()
find_peers() {
    local python version
    for python in "$PYTHON" "$PYTHON_OLD"; do
        version=
        [ "$python" = "${pythons[0]-}" ] ||
            version=$("$python" -c 'import numpy, torch; print(torch.__version__)' 2>/dev/null) || version=
        if [ -n "$version" ]; then
            pythons+=("$python") versions+=("$version")
        elif [ "$python" != "${pythons[0]-}" ]; then
            note "PyTorch of $python left out: it has none."
        fi
    done
}

# middle FILE COLUMN: the median of a column
middle() {
    awk -v c="$2" '{ print $c }' "$work/$1" | sort -g |
        awk '{ v[NR] = $1 } END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'
}
# calc FORMAT EXPRESSION
calc() { awk "BEGIN { printf \"$1\", ($2) }"; }
# figure EXPRESSION: a number as people read it
figure() { awk "BEGIN { v = ($1); f = v < 100 ? \"%.3g\" : \"%.0f\"; printf f, v }"; }
# calibrate FILE: what the cores reach now, one line more
calibrate() { bench-peak "$THREADS" >>"$work/$1"; }
peak() { echo "$(figure "$(middle "$1" 1)") | $(figure "$(middle "$1" 2)")"; }
machine() {
    echo "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1), $THREADS threads${ISA:+, kept to $ISA};" \
        "medians of $RUNS turns. Peak: multiply-adds (GFLOP/s) and copies (GB/s) that the cores reached meanwhile."
}
