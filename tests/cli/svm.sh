# A linear SVM, each class against all others by the squared hinge, on a file as liblinear reads it: the weights are
# those that liblinear finds (C = 1 / (samples classes l2), no bias), and the file is written as it was.
. "$ROOT/tests/cli/lib.sh"
cat >points.svm <<'SVM'
0 1:2 2:1
0 1:3 2:0
0 1:2.5 2:1.5
1 1:-1 2:2
1 1:-2 2:3
1 1:0.5 2:2.5
2 1:-2 2:-1
2 1:-1 2:-2
2 2:-1.5
2 1:1 2:-1
SVM
run cnn-train -q --threads 1 --net 'dense classes bias=0' --loss squaredhinge --optimizer sgd --momentum 0.9 --l2 0.01 --rate 0.3 \
    --schedule cosine --batch 10 --epochs 600 -o svm.st points.svm
status 0
# Margins of the axes are the weights.
printf '#key\tclass\tx\ty\nx\t\t1\t0\ny\t\t0\t1\n' >axes.tsv
run cnn-infer --probabilities svm.st axes.tsv
status 0
printf '%s\n' '0.42103401 -0.51452192 -0.3092059' '-0.0091864 0.65883462 -1.13843992' >want
numbers_are want
run cnn-infer --eval --gate 'top1>=1' svm.st points.svm
status 0
cnn-features -q -l input -o again.svm svm.st points.svm || fail "cnn-features"
sed 's/ #.*//' again.svm >got
same got points.svm
