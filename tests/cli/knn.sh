# cnn-infer --knn: the nearest rows of a dataset answer, are listed, or are measured; what is refused.
. "$ROOT/tests/cli/lib.sh"
make_model=$BUILD/helpers/make-model
printf '#classes\ta\tb\n#key\tclass\tx\ty\nr0\ta\t1\t0\nr1\ta\t2\t0\nr2\tb\t0\t3\nr3\tb\t1\t1\nr4\t\t5\t5\n' >rows.tsv
printf '#key\tclass\tx\ty\nq0\ta\t1\t0\nq1\tb\t0\t1\n' >q.tsv

# ---- neighbours, by either distance; of equally near ones the first row -------------------------------
run cnn-infer --knn rows.tsv --list --neighbours 3 --header q.tsv
status 0
silent
out_is 'key	rank	neighbour	class	distance
q0	1	r0	a	0
q0	2	r1	a	0
q0	3	r3	b	0.29289323
q1	1	r2	b	0
q1	2	r3	b	0.29289323
q1	3	r4		0.29289323'
run cnn-infer --knn rows.tsv --list --neighbours 3 --distance euclid q.tsv
out_is 'q0	1	r0	a	0
q0	2	r1	a	1
q0	3	r3	b	1
q1	1	r3	b	1
q1	2	r0	a	1.4142135
q1	3	r2	b	2'
run cnn-infer --knn rows.tsv --list --neighbours 1 -f csv q.tsv
out_is 'key,rank,neighbour,class,distance
q0,1,r0,a,0
q1,1,r2,b,0'
run cnn-infer --knn rows.tsv --list --neighbours 2 -f json q.tsv
[ "$(head -n 1 out)" = '{"key": "q0", "neighbours": [{"name": "r0", "class": "a", "distance": 0}, {"name": "r1", "class": "a", "distance": 0}]}' ] ||
    fail "json"

# ---- votes: rows without a class have none -----------------------------------------------------------
run cnn-infer --knn rows.tsv --neighbours 3 --distance euclid --probabilities q.tsv
status 0
err_is 'cnn-infer: rows without a class, which cannot vote, are left out: 1'
out_is 'q0	a	0.6666667	0.33333334
q1	b	0.33333334	0.6666667'
run cnn-infer -q --knn rows.tsv --neighbours 3 --distance euclid --votes distance --probabilities q.tsv
out_is 'q0	a	1	0
q1	b	0.32037723	0.67962277'
run cnn-infer -q --knn rows.tsv --neighbours 2 --distance euclid q.tsv # one vote each: the first class
out_has 'q1	a	0.5'

# ---- measured; without INPUT each row among the others -----------------------------------------------
run cnn-infer -q --knn rows.tsv --neighbours 2 --distance euclid --retrieval q.tsv
status 0
# q0: r0 r1 of a; r3 r0 of b: 1 and 1/2. Average precision: 1, and of r3 r0 r2 (r1) 1/2 (1 + 2/3).
[ "$(head -n 6 out)" = 'samples    2
top1       0.5000
error      0.5000
f1         0.3333
precision  0.7500
map        0.9167' ] || fail "retrieval"
run cnn-infer -q --knn rows.tsv --neighbours 1 --distance euclid --eval
out_has 'samples    4'
out_has 'top1       0.7500'
run cnn-infer -q --knn rows.tsv --neighbours 1 --list --distance euclid
out_is 'r0	1	r1	a	1
r1	1	r0	a	1
r2	1	r3	b	2.236068
r3	1	r0	a	1
r4	1	r2	b	5.3851647'
run cnn-infer -q --knn rows.tsv --neighbours 2 --distance euclid --gate 'map>=0.95' --retrieval q.tsv
status 1
err_is 'cnn-infer: gate missed: map >= 0.95 (it is 0.9166666666666666)'
run cnn-infer -q --knn rows.tsv --neighbours 2 --gate 'top1>=0.5' --json --predictions p.tsv --confusion c.png q.tsv
status 0
out_has '{"samples": 2, "unlabelled": 0, "top1": *, "confusion": *'
[ "$(cut -f 1,2,3 p.tsv)" = 'q0	a	a
q1	b	b' ] || fail "predictions: $(cat p.tsv)"

# ---- images through a net, from a pipe; images as they are; any number of threads ---------------------
"$make_model" lenet5 0,1,2,3,4,5,6,7,8,9 lenet.st
cnn-features -q -l fc1 -o d.npy lenet.st digits:300 || fail "cnn-features"
cnn-features -q -l fc1 -o e.npy lenet.st digits:70:9 || fail "cnn-features"
cnn-infer --knn d.npy --list e.npy >want || fail "a dump of queries"
cnn-features -q -l fc1 -f tar lenet.st digits:70:9 | cnn-infer --knn d.npy --list - >got || fail "a pipe"
same got want
for t in 1 2 5; do
    cnn-infer --threads $t --knn d.npy --list e.npy
    cnn-infer --threads $t --knn digits:700 --retrieval --json
done | sha256sum >sums
for t in 1 2 5; do
    cnn-infer --threads 2 --knn d.npy --list e.npy
    cnn-infer --threads 1 --knn digits:700 --retrieval --json
done | sha256sum | cmp -s - sums || fail "threads change the answer"
run cnn-infer --knn digits:1000 --gate 'top1>=0.8' digits:200:9
status 0

# ---- refused ------------------------------------------------------------------------------------------
refuse() {
    run cnn-infer "${@:3}"
    status "$1"
    err_has "cnn-infer: $2"
}
printf '#key\tclass\tx\nq0\ta\t1\n' >narrow.tsv
printf '#key\tclass\tx\ty\nq0\tc\t1\t2\n' >other.tsv
refuse 65 'narrow.tsv*: numbers of shape 1 where the net takes 2' --knn rows.tsv --neighbours 1 narrow.tsv
refuse 65 'rows.tsv: 4 rows with a class are no 5 neighbours' -q --knn rows.tsv q.tsv
refuse 65 "rows.tsv: 4 rows with a class, the query among them, are no 4 neighbours" -q --knn rows.tsv --neighbours 4
refuse 65 "other.tsv:2: *'c'*" --knn rows.tsv --neighbours 1 --eval other.tsv
run cnn-infer -q --knn rows.tsv --neighbours 1 other.tsv
status 0
printf '#key\tclass\tx\ty\nq0\t\t1\t2\n' >plain.tsv
refuse 65 'plain.tsv: no classes that neighbours could vote for' --knn plain.tsv --neighbours 1 q.tsv
cnn-features -q -l fc2 -o deeper.npy lenet.st digits:70:9 || fail "cnn-features"
refuse 65 "deeper.npy: features of 'fc2', those of d.npy are of 'fc1'" --knn d.npy deeper.npy
cnn-features -q -l fc1 --l2 -o unit.npy lenet.st digits:70:9 || fail "cnn-features"
run cnn-infer --knn d.npy --list unit.npy
status 0
refuse 65 "unit.npy: features of 'fc1 --l2', those of d.npy are of 'fc1'" --knn d.npy --distance euclid unit.npy
refuse 66 'none.tsv: No such file or directory' --knn none.tsv q.tsv
refuse 64 "'-' stands more than once" --knn - -
refuse 64 '--list prints neighbours, and --eval an evaluation' --knn rows.tsv --list --eval q.tsv
refuse 64 '--votes has no effect with --list' --knn rows.tsv --list --votes distance q.tsv
refuse 64 '--votes has no effect: it needs --knn' --votes distance lenet.st digits:3
refuse 64 '--dense has no effect with --knn' --knn rows.tsv --dense q.tsv
refuse 64 "--gate 'loss<1': no loss compares anything" -q --knn rows.tsv --neighbours 1 --gate 'loss<1' q.tsv
refuse 64 "--gate 'map>=0.9': it is of --retrieval" -q --knn rows.tsv --neighbours 1 --gate 'map>=0.9' q.tsv
refuse 64 "--gate 'map>=0.9': it is of --retrieval" --gate 'map>=0.9' lenet.st digits:3
refuse 64 '--output would be written over what is read: rows.tsv is the data' --knn rows.tsv --list --neighbours 1 -o rows.tsv q.tsv
refuse 64 '--output would be written over what is read: q.tsv is the data' --knn rows.tsv --list --neighbours 1 -o q.tsv q.tsv
