# cnn-features --fit-pca: principal components and whitening as a model, as scikit-learn has them; what is refused.
. "$ROOT/tests/cli/lib.sh"
printf '#key\tclass\tx\ty\tz\na\tp\t2\t1\t0\nb\tp\t3\t0\t1\nc\tp\t2.5\t1.5\t-1\nd\tq\t-1\t2\t4\ne\tq\t-2\t3\t1\nf\tq\t0.5\t2.5\t0\n' >x.tsv
cat >plain <<'N'
1.571274 0.03017253
2.174005 1.653809
2.320489 -0.8584434
-3.193939 1.804461
-2.766011 -1.441341
-0.1058185 -1.188659
N
cat >white <<'N'
0.6367841 0.02110496
0.8810509 1.1568
0.9404156 -0.6004606
-1.294395 1.262177
-1.120971 -1.008183
-0.04288467 -0.8314384
N
run cnn-features --fit-pca 2 -o pca.st x.tsv
status 0
err_is 'cnn-features: 2 of 3 components have 0.9918 of the variance of 6 rows'
run cnn-features -l output pca.st x.tsv
status 0
out_has '#key	class	pca:0	pca:1'
numbers_are plain
cnn-features -q --fit-pca 2 --whiten -o white.st - <x.tsv || fail "from a pipe"
run cnn-features -l output white.st x.tsv
numbers_are white

run cnn-inspect --history pca.st
status 65
err_is 'cnn-inspect: pca.st: no script makes this model again: cnn-features had --fit-pca'

# More rows than a batch, longer ones than a tile; threads do not matter.
"$BUILD/helpers/make-model" 'input 1x28x28; flatten' - pixels.st || fail "make-model"
cnn-features -q -l output -o pixels.npy pixels.st digits:1100 || fail "pixels"
for t in 1 3; do
    cnn-features -q -t $t --fit-pca 30 -o "t$t.st" pixels.npy || fail "threads $t"
done
same t1.st t3.st
cnn-features -l output t1.st pixels.npy >z.tsv || fail "apply"
# Components have a mean of 0 and no correlation, and fall in variance.
awk -F '\t' '!/^#/ { n++; for (i = 3; i <= NF; i++) { s[i] += $i; for (k = 3; k < i; k++) c[i, k] += $i * $k; v[i] += $i * $i } }
    END { for (i = 3; i <= 32; i++) { if (s[i] ^ 2 > 1e-4 * v[i] || (i > 3 && v[i] > v[i - 1] * 1.0001)) exit 1
        for (k = 3; k < i; k++) if (c[i, k] ^ 2 > 1e-8 * v[i] * v[k]) exit 1 } exit n != 1100 }' z.tsv || fail "components"

refuse() {
    run cnn-features "${@:3}"
    status "$1"
    err_has "cnn-features: $2"
    no_file no.st
}
printf '#key\tclass\tx\ty\na\tp\t2\t1\n' >narrow.tsv
printf '#key\tclass\tx\ty\na\t\t2\t1\nb\t\t2\t1\nc\t\t2\t1\n' >alike.tsv
refuse 65 'narrow.tsv#0: numbers of shape 2 where the net takes 3' -l output pca.st narrow.tsv
refuse 65 'x.tsv: rows of 3 numbers have no 4 components' --fit-pca 4 -o no.st x.tsv
refuse 65 'narrow.tsv: 1 rows do not tell 1 components' --fit-pca 1 -o no.st narrow.tsv
refuse 65 'whitening divides by the deviation, of which component 1 has none' --fit-pca 1 --whiten -o no.st alike.tsv
{ printf '2 1:1 32767:3\n%.0s' 1 2 3; } >wide.svm
refuse 65 'wide.svm: rows of 32767 numbers: components are found of up to 32766' --fit-pca 1 -o no.st wide.svm
refuse 65 'digits:5: images; components are of features' --fit-pca 1 -o no.st digits:5
refuse 66 'none.tsv: No such file or directory' --fit-pca 1 -o no.st none.tsv
refuse 64 '--fit-pca needs --output, the model that it makes' --fit-pca 1 x.tsv
refuse 64 '--output would be written over what is read: x.tsv is the data' --fit-pca 1 -o x.tsv x.tsv
refuse 64 '--layer has no effect with --fit-pca' --fit-pca 1 -l output -o no.st x.tsv
refuse 64 '--whiten has no effect: it needs --fit-pca' -l output --whiten pca.st x.tsv
