# cnn-features: every form it writes, what reads them back, which layers there are, what is refused.
. "$ROOT/tests/cli/lib.sh"
make_model=$BUILD/helpers/make-model

# A net that hands on its inputs, two channels of 1 x 2; its mean by channel is easy to see.
"$make_model" 'input 2x1x2 scale=1; same: flatten' a,b,c,d id.st || fail "make-model"
printf '#classes\td\ta\tb\n#key\tclass\tw\tx\ty\tz\nk1\ta\t1\t2\t3\t-0.5\nx:y\tb\t0\t5\t0\t0\nk3\t\t0\t0\t0\t7\n' >f.tsv

# ---- forms ------------------------------------------------------------------------------------------
run cnn-features -l same id.st f.tsv
status 0
silent
out_is '#classes	d	a	b
#key	class	same:0	same:1	same:2	same:3
k1	a	1	2	3	-0.5
x:y	b	0	5	0	0
k3		0	0	0	7'

run cnn-features -l output -f svmlight id.st f.tsv
status 0
out_is '1 1:1 2:2 3:3 4:-0.5 # k1
2 2:5 4:0 # x_y
0 4:7 # k3'
no_file classes.txt

mkdir svm
run cnn-features -l output -o svm/f.svmlight id.st f.tsv
status 0
out_is ''
[ "$(cat svm/classes.txt)" = 'd
a
b' ] || fail "classes.txt: $(cat svm/classes.txt)"
run cnn-features -l output -o svm/g.libsvm id.st f.tsv
status 0
same svm/f.svmlight svm/g.libsvm
printf 'x\ny\n' >svm/classes.txt
run cnn-features -l output -o svm/h.svm id.st f.tsv
status 73
err_is 'cnn-features: svm/classes.txt is there already and lists other classes'
no_file svm/h.svm*

# npy: the header tells the rows, the values follow; keys and classes stand beside.
run cnn-features -l input -o f.npy id.st f.tsv
status 64
err_is 'cnn-features: --output would be written over what is read: f.tsv is the data'
no_file f.npy*
printf 'one.png\tx\n' >manifest.tsv
run cnn-features -l input -o manifest.npy id.st f.tsv
status 73
err_is 'cnn-features: manifest.tsv is there already and holds something else than keys'
mv f.tsv from.tsv
cnn-features -l input -o f.npy id.st from.tsv || fail "f.npy"
run cnn-features -l input -o f.npy id.st from.tsv # over keys of its own
status 0
head -n 1 f.npy | grep -q "'descr': '<f4', 'fortran_order': False, 'shape': (3, 2, 1, 2)" ||
    fail "header: $(head -n 1 f.npy)"
[ "$(tail -c 48 f.npy | od -An -v -tf4 -w16 | tr -s ' ')" = ' 1 2 3 -0.5
 0 5 0 0
 0 0 0 7' ] || fail "values"
[[ $(sed -n 2p f.tsv) == '#made	{"program":"cnn-features","version":"'*'","layers":["input"],"pool":false,"options":"--batch 64","hash":"'* ]] ||
    fail "made: $(cat f.tsv)"
[ "$(grep -v '^#made' f.tsv)" = '#classes	d	a	b
#key	class
k1	a
x:y	b
k3	' ] || fail "keys: $(cat f.tsv)"
cnn-features -l input -o g.tsv id.st f.npy || fail "an npy again"
[ "$(grep -v '^#made' g.tsv | cut -f 1,2,6)" = '#classes	d
#key	class	input:3
k1	a	-0.5
x:y	b	0
k3		7' ] || fail "g.tsv: $(cat g.tsv)"

run cnn-features -l input --pool id.st g.tsv
out_has 'k1	a	1.5	1.25'
run cnn-features -l input --pool --pooling max id.st g.tsv
out_has 'k1	a	2	3'
run cnn-features -l input --pool --pooling gem id.st g.tsv # the root of (1 + 8) / 2; of 27 / 2 and a millionth's cube
out_has 'k1	a	1.6509637	2.3811016'
run cnn-features -l input --pool --pooling gem --gem-power 1 id.st g.tsv
out_has 'x:y	b	2.5000005	1e-06'
run cnn-features -l input --pool --l2 id.st g.tsv
out_has 'x:y	b	1	0'
run cnn-features -l same -l input --concat --l2 id.st g.tsv
out_has 'x:y	b	0	0.70710677	0	0	0	0.70710677	0	0'
cnn-features -l same --l2 -f tar id.st g.tsv | cnn-features -l output id.st - >out || fail "l2 into a tar"
out_has 'k3		0	0	0	1'
printf '#key\tclass\tw\tx\ty\tz\nbig\t\t1\t65519\t-7e-8\t0.1\n' >big.tsv
cnn-features -l same --float16 -o half.npy id.st big.tsv || fail "float16"
head -n 1 half.npy | grep -q "'descr': '<f2', 'fortran_order': False, 'shape': (1, 4)" || fail "$(head -n 1 half.npy)"
[ "$(tail -c 8 half.npy | od -An -v -tx2 | tr -s ' ')" = ' 3c00 7bff 8001 2e66' ] || fail "float16: $(tail -c 8 half.npy | od -An -tx2)"
run cnn-features -l same id.st half.npy
out_has 'big		1	65504	-5.9604645e-08	0.099975586'
printf '#key\tclass\tw\tx\ty\tz\nbig\t\t1\t65520\t0\t0\n' >bigger.tsv
run cnn-features -l same --float16 -o none.npy id.st bigger.tsv
status 65
err_is 'cnn-features: big: 65520 is beyond float16'
no_file none.npy none.tsv
for refused in '--float16 has no effect: it needs npy (--format npy)=--float16' \
    '--pooling has no effect: it needs --pool=--pooling max' \
    '--gem-power has no effect: it needs --pooling gem=--pool --gem-power 2'; do
    # shellcheck disable=SC2086 # options
    run cnn-features -l same ${refused#*=} id.st g.tsv
    status 64
    err_has "cnn-features: ${refused%%=*}"
done
run cnn-features -l same -l input --concat id.st g.tsv
out_has '#key	class	same:0	same:1	same:2	same:3	input:0	input:1	input:2	input:3'
out_has 'k1	a	1	2	3	-0.5	1	2	3	-0.5'

# tar: our stream, with the history of what made it.
run cnn-features -l same -f tar id.st g.tsv
status 0
[ "$(tar -tf out)" = '__cnn__/header.json
k1.npy
k1.cls
x:y.npy
x:y.cls
k3.npy
__cnn__/end.json' ] || fail "members: $(tar -tf out)"
tar -xOf out __cnn__/header.json >header
[[ $(<header) == *'"classes":["d","a","b"]'*'"program":"cnn-features"'*'"layers":["same"]'*'make-model'* ]] ||
    fail "header: $(cat header)"

# ---- every program reads every form, and finds the same in it ---------------------------------------
"$make_model" lenet5 0,1,2,3,4,5,6,7,8,9 lenet.st
"$make_model" 'input 10 scale=1; flatten' 0,1,2,3,4,5,6,7,8,9 head.st
cnn-infer --eval --predictions want lenet.st digits:70 >want.eval || fail "cnn-infer"
for form in npy tsv svmlight tar; do
    mkdir "d$form"
    cnn-features -l logits -o "d$form/f.$form" lenet.st digits:70 || fail "$form"
    run cnn-infer --eval --predictions got head.st "d$form/f.$form"
    status 0
    same out want.eval
    same got want
done
cnn-features -l logits -f tar lenet.st digits:70 | cnn-infer --eval --predictions got head.st - >out ||
    fail "through a pipe"
same out want.eval
same got want
for t in 1 3; do cnn-features -t $t -l logits -l conv2 --concat -f tar lenet.st digits:70 | sha256sum; done | uniq >sums
[ "$(wc -l <sums)" -eq 1 ] || fail "threads change the stream"

# A stream in: ours, and a foreign one whose classes are known at its end only.
cnn-augment digits:70 | cnn-features -l logits lenet.st - >got || fail "our stream"
cnn-features -l logits lenet.st digits:70 >want.tsv
same got want.tsv
mkdir foreign
printf 'P5 28 28 255\n%784s' '' | tee foreign/x.pgm >foreign/y.pgm
printf bees >foreign/x.cls
printf ants >foreign/y.cls
tar -C foreign -cf - x.pgm x.cls y.pgm y.cls | cnn-features -l fc1 lenet.st - >got || fail "foreign"
[ "$(cut -f 1-3 got | head -n 1)" = '#classes	ants	bees' ] || fail "classes: $(head -n 1 got)"
[ "$(cut -f 1,2 got | tail -n 2)" = 'x	bees
y	ants' ] || fail "classes: $(cut -f 1,2 got)"

# Of features a file says what made them, and a pipe; those of another model, layer or pooling are bad data.
other() { # MESSAGE COMMAND...
    run "${@:2}"
    status 65
    err_has "$1"
}
"$make_model" lenet5 0,1,2,3,4,5,6,7,8,9 second.st 7
for form in npy tsv tar; do
    cnn-features -l fc1 -o "one.$form" lenet.st digits:40 || fail "$form"
    cnn-features -l fc1 -o "two.$form" second.st digits:40 || fail "$form"
    cnn-features -l relu3 -o "deeper.$form" lenet.st digits:40 || fail "$form"
    cnn-train -q --net 'dense classes' --epochs 1 --threads 1 -o h.st "one.$form" || fail "head of $form"
    run cnn-train -q --net 'dense classes' --epochs 1 --threads 1 --val "one.$form" -o h2.st "one.$form"
    status 0
    run cnn-infer h.st "one.$form"
    status 0
    other "cnn-infer: two.$form: features of another model than those of h.st (*, not *)" cnn-infer h.st "two.$form"
    other "cnn-features: two.$form: features of another model*" cnn-features -l output h.st "two.$form"
    other "cnn-train: deeper.$form: features of 'relu3', those of one.$form are of 'fc1'" \
        cnn-train -q --net 'dense classes' --epochs 1 --val "deeper.$form" -o h3.st "one.$form"
done
other "cnn-infer: -: features of another model*" bash -c 'cnn-features -l fc1 -f tar second.st digits:9 | cnn-infer h.st -'
cnn-features -l relu1 --pool -o avg.npy lenet.st digits:40 && cnn-features -l relu1 --pool --pooling max --l2 -o max.npy lenet.st digits:40 ||
    fail "pooling"
other "cnn-features: max.npy: features of 'relu1 --pool --pooling max --l2', those of avg.npy are of 'relu1 --pool'" \
    cnn-features --fit-pca 2 -o p.st avg.npy max.npy
cnn-features -q --fit-pca 2 -o p.st avg.npy || fail "pca"
other "cnn-features: max.npy: *, those of p.st are of 'relu1 --pool'" cnn-features -l output p.st max.npy
sed 's/^#made.*/#made\t[1]/' one.tsv >odd.tsv
other 'cnn-infer: odd.tsv:2: malformed #made' cnn-infer h.st odd.tsv

# Several inputs share one list of classes, by name.
printf '#key\tclass\tw\tx\ty\tz\np\tzebra\t1\t1\t1\t1\nq\tant\t2\t2\t2\t2\n' >one.tsv
printf '#key\tclass\tw\tx\ty\tz\nr\tbee\t3\t3\t3\t3\ns\tzebra\t4\t4\t4\t4\n' >two.tsv
run cnn-features -l same -f svmlight id.st one.tsv two.tsv
out_is '2 1:1 2:1 3:1 4:1 # p
0 1:2 2:2 3:2 4:2 # q
1 1:3 2:3 3:3 4:3 # r
2 1:4 2:4 3:4 4:4 # s'

# ---- layers -----------------------------------------------------------------------------------------
run cnn-features -l fc1 -l 'conv*' -o many.npy lenet.st digits:3
status 0
for l in fc1 conv1 conv2; do
    [ -s "many.$l.npy" ] && [ -s "many.$l.tsv" ] || fail "no many.$l.npy"
done
no_file many.npy
head -n 1 many.conv1.npy | grep -q '(3, 6, 28, 28)' || fail "conv1: $(head -n 1 many.conv1.npy)"
head -n 1 many.fc1.npy | grep -q '(3, 120)' || fail "fc1: $(head -n 1 many.fc1.npy)"
# A layer's values are its own, not those of the layer that runs behind it.
cnn-features -l conv1 -l relu1 --concat -o both.tsv lenet.st digits:1 || fail "conv1 and relu1"
awk -F '\t' '$1 !~ /^#/ {
    for (i = 3; i < 3 + 4704; i++) {
        low += $i < 0
        if ($(i + 4704) != ($i > 0 ? $i : 0)) wrong++
    }
    exit low == 0 || wrong > 0 }' both.tsv || fail "relu1 is not what becomes of conv1"
# A block by its label, and the last layer by what it is.
"$make_model" 'input 3x8x8; b: { conv 4 3; relu }; flatten; dense 2; softmax' a,b block.st
run cnn-features -l b -l logits -l output --concat block.st pictures 
status 66
mkdir pictures
cp foreign/x.pgm pictures
run cnn-features -l b -l logits -l output --concat block.st pictures
status 0
[[ $(head -n 1 out) == '#path	class	b.relu1:0	'*'	b.relu1:143	dense1:0	dense1:1	softmax1:0	softmax1:1' ]] ||
    fail "columns: $(head -n 1 out | cut -c 1-60)"

run cnn-features -l fc9 lenet.st digits:3
status 64
err_has "cnn-features: --layer 'fc9': lenet.st has no such layer (did you mean fc?*); it has input conv1 relu1 *fc3*"
run cnn-features -l 'x*' lenet.st digits:3
status 64
run cnn-features lenet.st digits:3
status 64
err_has 'cnn-features: no --layer*'
run cnn-features -l fc1 -l fc2 lenet.st digits:3
status 64
err_has 'cnn-features: 2 layers need --output (a file each) or --concat'

# ---- what is refused --------------------------------------------------------------------------------
refuse() {
    run cnn-features "${@:3}"
    status "$1"
    err_has "cnn-features: $2"
}
refuse 64 'no MODEL'
refuse 64 'no INPUT*' -l same id.st
refuse 64 'x.dat: its extension is none of*' -l same -o x.dat id.st g.tsv
refuse 64 'npy needs a file*' -l same -f npy id.st g.tsv
refuse 66 'absent.st: *' -l same absent.st g.tsv
refuse 66 'absent.tsv: *' -l same id.st absent.tsv
refuse 73 'absent/x.npy: *' -l same -o absent/x.npy id.st g.tsv
refuse 65 '*g.tsv*: numbers of shape 4 where the net takes *' -l fc1 lenet.st g.tsv
head -c 100 foreign/x.pgm >pictures/bad.pgm
refuse 65 '*bad.pgm: *' -l b -o none.npy block.st pictures
no_file none.npy* none.tsv*
run cnn-features --on-bad list=list -l b -o some.npy block.st pictures
status 0
[ "$(cat list)" = pictures/bad.pgm ] || fail "list: $(cat list)"
head -n 1 some.npy | grep -q '(1, 4, 6, 6)' || fail "some.npy: $(head -n 1 some.npy)"
# A tar's names may hold what would cut a row.
mkdir odd && cp foreign/x.pgm "odd/$(printf 'a\tb\nc').pgm" && tar -C odd -cf odd.tar . || fail tar
run cnn-features -l fc1 -o odd.npy lenet.st odd.tar
status 0
[ "$(tail -n 1 odd.tsv)" = "a_b_c	" ] || fail "odd.tsv: $(tail -n 1 odd.tsv)"
# A stream that fails has no end record, so that no reader takes it for whole.
cnn-features -l b -f tar block.st pictures 2>/dev/null >cut.tar
run cnn-infer block.st cut.tar
status 65
if [ -e /dev/full ]; then
    for form in tsv svmlight tar; do
        run bash -c "cnn-features -l same -f $form id.st g.tsv >/dev/full"
        status 74
    done
    run cnn-features -l same -f npy -o /dev/full id.st g.tsv
    status 73
    err_is 'cnn-features: /dev/full: npy needs a regular file'
fi
run bash -c 'cnn-features -l fc1 lenet.st digits:20000 | head -n 1; exit ${PIPESTATUS[0]}'
status 141
silent

# The manual has every option.
cnn-features --options | cut -f 1 | sed 's/^--//' | while read -r o; do
    grep -q -- "Fl -$o\b\|, -$o\b" "$ROOT/man/cnn-features.1" || echo "$o"
done >missing
[ ! -s missing ] || fail "not in the manual: $(cat missing)"
