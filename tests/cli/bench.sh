# The programs behind scripts/bench and scripts/scaling: their lines of numbers, their mistakes, and the picture.
. "$ROOT/tests/cli/lib.sh"
PATH=$BUILD/helpers:$PATH

# numbers N: the output is one line of N positive numbers between tabs
numbers() {
    awk -F '\t' -v n="$1" 'NF != n { bad = 1 } { for (i = 1; i <= NF; i++) if (!($i > 0)) bad = 1 }
        END { exit bad || NR != 1 }' out || fail "not one line of $1 numbers"
}

run bench-nets lenet5 infer 3 0.01 1
status 0
silent
numbers 7
run bench-nets 'input 1x8x8; conv 4 3; bn; relu; dense 5' train 2 0.01 2
status 0
numbers 7
run bench-nets nonesuch infer 1
status 66
err_has '*nonesuch*'
for arguments in '' 'lenet5 infer' 'lenet5 both 1' 'lenet5 infer 0' 'lenet5 infer 1 1 1 1' 'lenet5 infer 1 1 1 cpu fp31' \
    'lenet5 infer 1 1 1 cpu bf16'; do
    # shellcheck disable=SC2086 # several words
    run bench-nets $arguments
    status 64
done

run bench-peak 2 0.01
status 0
numbers 2
CNN_ISA=plain run bench-peak 1 0.01
status 0
numbers 2
run bench-peak 0
status 64

printf '#x\ty\tcurve\nthreads\tms\ttraining\t1\t8\nthreads\tms\ttraining\t2\t4.5\npixels\tms\ttraining\t4\t1e1\n' >table
run plot-table two.png <table
status 0
silent
[ "$(head -c 24 two.png | tail -c 8 | od -An -tu1 | tr -s ' ')" = ' 0 0 5 0 0 0 1 124' ] || fail "not 1280 x 380 pixels"
head -n 3 table >one
run plot-table one.png <one
status 0
[ "$(head -c 24 one.png | tail -c 8 | od -An -tu1 | tr -s ' ')" = ' 0 0 2 128 0 0 1 124' ] || fail "not 640 x 380 pixels"
for line in 'threads	ms	training	1' 'threads	ms	training	1	x' 'a	b	c	1	2	3'; do
    echo "$line" >bad
    run plot-table bad.png <bad
    status 65
    no_file bad.png
done
run plot-table none.png </dev/null
status 65
run plot-table
status 64
