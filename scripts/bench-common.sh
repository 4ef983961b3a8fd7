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
#   CLOCK=processors        bench-engines: the processors' time of the best step, not how long the median step takes; with
#                           THREADS=1 what to compare where other work goes on
#
# shellcheck shell=bash
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
QUICK=${QUICK:-} ONLY=${ONLY:-} ISA=${ISA:-} COMPILE=${COMPILE:-} CLOCK=${CLOCK:-}
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
case $CLOCK in
'' | processors) ;;
*)
    echo "bench: CLOCK=$CLOCK: it is processors or nothing" >&2
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
# clock: the column of a line of numbers that is looked at; took FILE: milliseconds a batch of its lines
clock() { [ -n "$CLOCK" ] && echo 7 || echo 3; }
took() {
    if [ -n "$CLOCK" ]; then
        cut -f "$(clock)" "$work/$1" | sort -g | head -n 1
    else
        middle "$1" "$(clock)"
    fi
}
# calibrate FILE: what the cores reach now, one line more
calibrate() { bench-peak "$THREADS" >>"$work/$1"; }
peak() { echo "$(figure "$(middle "$1" 1)") | $(figure "$(middle "$1" 2)")"; }
machine() {
    echo "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1), $THREADS threads${ISA:+, kept to $ISA};" \
        "$([ -n "$CLOCK" ] && echo "processors' time of the best step in" || echo medians of) $RUNS turns." \
        "Peak: multiply-adds (GFLOP/s) and copies (GB/s) that the cores reached meanwhile."
}

# variants MODE: those of the peer that are tried
variants() {
    local v
    for v in $("${pythons[0]}" "$here/bench-torch.py" variants "$1"); do
        case $v in
        *-compile) [ -z "$COMPILE" ] || echo "$v" ;;
        nchw | *-fused) [ "$QUICK$1" = 1infer ] || echo "$v" ;;
        *) echo "$v" ;;
        esac
    done
}
# theirs PYTHON NET MODE BATCH VARIANT SECONDS: one run, its line of numbers
theirs() { "$1" "$here/bench-torch.py" net "$2" "$3" "$4" "$5" "$6" "$THREADS" 2>>"$work/err" | tail -n 1; }

# choose NET MODE BATCH: PyTorch with the fastest step, into $peer (its number) and $variant; $peer is empty when none runs
choose() {
    local i best='' v ms line
    peer='' variant=''
    for ((i = 0; i < ${#pythons[@]}; i++)); do
        while read -r v line; do
            ms=$(cut -f "$(clock)" <<<"$line")
            echo "$(basename "$0"): $1 $2 $3: ${versions[i]} $v $ms ms" >&2
            if [ -z "$best" ] || [ "$(calc %d "$ms < $best")" = 1 ]; then
                best=$ms peer=$i variant=$v
            fi
        done < <(rates "${pythons[i]}" "$@")
    done
}
# rates PYTHON NET MODE BATCH: a line for each variant that runs there, its name and its line of numbers
rates() {
    local names
    read -r -d '' -a names < <(variants "$3") || true
    "$1" "$here/bench-torch.py" choose "$2" "$3" "$4" "$(calc %g "$SECONDS_EACH / 2")" "$THREADS" "${names[@]}" \
        2>>"$work/err" || true
}
