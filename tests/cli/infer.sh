# cnn-infer: predictions in every format, evaluation, gates, self-test, and what is refused.
. "$ROOT/tests/cli/lib.sh"
make_model=$BUILD/helpers/make-model

# A net that hands on its three inputs: every answer below follows from the numbers in the file.
"$make_model" 'input 3 scale=1; flatten' a,b,c id.st || fail "make-model"
printf '#key\tclass\tx\ty\tz\nk,1\ta\t1\t2\t3\nsay "b"\tb\t0\t5\t-1\nd\\e\t\t0\t0\t0\n' >f.tsv

# ---- predictions ------------------------------------------------------------------------------------
run cnn-infer id.st f.tsv
status 0
silent
out_is 'k,1	c	0.66524094
say "b"	b	0.9908675
d\\e	a	0.33333334'

run cnn-infer --top 2 --header id.st f.tsv
status 0
out_is 'key	class1	probability1	class2	probability2
k,1	c	0.66524094	b	0.24472848
say "b"	b	0.9908675	a	0.0066764127
d\\e	a	0.33333334	b	0.33333334'

run cnn-infer -k 99 -f csv id.st f.tsv
out_is 'key,class1,probability1,class2,probability2,class3,probability3
"k,1",c,0.66524094,b,0.24472848,a,0.09003057
"say ""b""",b,0.9908675,a,0.0066764127,c,0.0024561149
d\e,a,0.33333334,b,0.33333334,c,0.33333334'

run cnn-infer -f json id.st f.tsv
out_is '{"key": "k,1", "top": [{"class": "c", "probability": 0.66524094}]}
{"key": "say \"b\"", "top": [{"class": "b", "probability": 0.9908675}]}
{"key": "d\\e", "top": [{"class": "a", "probability": 0.33333334}]}'

run cnn-infer --probabilities --header id.st f.tsv
out_is 'key	class	a	b	c
k,1	c	0.09003057	0.24472848	0.66524094
say "b"	b	0.0066764127	0.9908675	0.0024561149
d\\e	a	0.33333334	0.33333334	0.33333334'

run cnn-infer --probabilities -f json id.st f.tsv
out_has '{"key": "k,1", "class": "c", "probabilities": {"a": 0.09003057, "b": 0.24472848, "c": 0.66524094}}'

# The net's own softmax is not applied twice; numbers without classes stay as they are.
"$make_model" 'input 3 scale=1; flatten; softmax' a,b,c soft.st
run cnn-infer soft.st f.tsv
out_has 'k,1	c	0.66524094'
"$make_model" 'input 3 scale=1; flatten; mse' - raw.st
run cnn-infer --header raw.st f.tsv
out_is 'key	output0	output1	output2
k,1	1	2	3
say "b"	0	5	-1
d\\e	0	0	0'
run cnn-infer -f json raw.st f.tsv
out_has '{"key": "k,1", "output": \[1, 2, 3]}'

# Several inputs, one after another; a file as the output.
run cnn-infer -o out.tsv id.st f.tsv f.tsv
status 0
out_is ''
[ "$(wc -l <out.tsv)" -eq 6 ] || fail "out.tsv: $(cat out.tsv)"

# A single image: its path.
"$make_model" lenet5 0,1,2,3,4,5,6,7,8,9 digits.st
mkdir pictures
{ printf 'P5 28 28 255\n' && head -c 784 /dev/zero | tr '\0' '\200'; } >pictures/one.pgm
run cnn-infer digits.st pictures/one.pgm
status 0
out_has 'pictures/one.pgm	?	0.*'
[ "$(wc -l <out)" -eq 1 ] || fail "not one line"

# Every sample once and in order, whatever the batch; threads and the form change nothing.
for n in 1 7 8 9 16 17; do
    cnn-infer -b 8 digits.st "digits:$n" >got || fail "digits:$n"
    cut -f 1 got >keys
    for ((i = 0; i < n; i++)); do printf 'digits-0/%06d\n' $i; done | cmp -s - keys ||
        fail "$n samples: $(cat keys)"
done
cnn-infer -b 8 -t 1 digits.st digits:17 >one
cnn-infer -b 8 -t 3 digits.st digits:17 >three
same one three
cnn-augment digits:17 >digits.tar
cnn-infer -b 8 digits.st - <digits.tar >piped || fail "from a pipe"
same one piped
cat digits.tar | cnn-infer -b 8 digits.st - >piped || fail "from a pipe"
same one piped

# A foreign stream's classes do not matter where nothing is evaluated.
mkdir foreign
cp pictures/one.pgm foreign/x.pgm
printf 'strange' >foreign/x.cls
tar -C foreign -cf foreign.tar x.pgm x.cls
run cnn-infer digits.st - <foreign.tar
run bash -c 'cat foreign.tar | cnn-infer digits.st -'
status 0
out_has 'x	?	*'
run bash -c 'cat foreign.tar | cnn-infer --eval digits.st -'
status 65
err_has "*class 'strange'*"

# ---- evaluation -------------------------------------------------------------------------------------
run cnn-infer --eval id.st f.tsv
status 0
silent
out_is 'samples    2
unlabelled 1
loss       1.20839
top1       0.5000
error      0.5000
f1         0.3333

class  support  precision  recall      f1
a            1          -  0.0000  0.0000
b            1     1.0000  1.0000  1.0000
c            0     0.0000       -  0.0000

confusion (rows: truth, columns: answers)
   a  b  c
a  0  0  1
b  0  1  0
c  0  0  0'

run cnn-infer --eval --json --gate 'top1>0.4' --gate 'top1 > 0.6' id.st f.tsv
status 1
sed -i 's/"hash": "[0-9a-f]*"/"hash": 0/g' out
out_is '{"model": {"path": "id.st", "hash": 0}, "data": [{"path": "f.tsv", "hash": 0, "samples": 3}], "samples": 2, "unlabelled": 1, "loss": 1.2083901856094599, "top1": 0.5, "error": 0.5, "f1": 0.3333333333333333, "classes": [{"class": "a", "support": 1, "precision": null, "recall": 0, "f1": 0}, {"class": "b", "support": 1, "precision": 1, "recall": 1, "f1": 1}, {"class": "c", "support": 0, "precision": 0, "recall": null, "f1": 0}], "confusion": [[0, 0, 1], [0, 1, 0], [0, 0, 0]], "gates": [{"gate": "top1 > 0.4", "met": true}, {"gate": "top1 > 0.6", "met": false}]}'

# Long names do not head columns.
"$make_model" 'input 3 scale=1; flatten' 'automobile,b,c' long.st
printf '#key\tclass\tx\ty\tz\nk\tautomobile\t1\t2\t3\n' >long.tsv
run cnn-infer --eval long.st long.tsv
out_has '                0   1   2'
out_has ' 0 automobile   0   0   1'

# Predictions and a picture beside the metrics.
run cnn-infer --eval --predictions p.csv -f csv --confusion c.png id.st f.tsv
status 0
out_has 'top1       0.5000'
[ "$(cat p.csv)" = 'key,truth,class,probability
"k,1",a,c,0.66524094
"say ""b""",b,b,0.9908675
d\e,,a,0.33333334' ] || fail "p.csv: $(cat p.csv)"
[ "$(head -c 4 c.png | tail -c 3)" = PNG ] || fail "c.png is no PNG"

# Classes are matched by name, not by number.
printf '#classes\tc\tb\ta\n#key\tclass\tx\ty\tz\nk\ta\t9\t1\t1\n' >turned.tsv
run cnn-infer --eval --gate 'top1>=1' id.st turned.tsv
status 0

# Numbers as targets.
run cnn-infer --eval --target input --gate 'mse<=0' --gate 'mae<=0' raw.st f.tsv
status 0
out_is 'samples    3
loss       0
mse        0
mae        0'

# ---- gates ------------------------------------------------------------------------------------------
gate() {
    run cnn-infer id.st f.tsv "${@:2}"
    status "$1"
}
gate 0 --gate 'top1>=0.5'
silent
gate 0 -g 'top1<=0.5' -g 'error>=0.5' -g 'loss<1.3' -g 'f1>0.33'
gate 1 -g 'top1>0.5'
err_is 'cnn-infer: gate missed: top1 > 0.5 (it is 0.5)'
out_has 'top1       0.5000'
gate 1 -g 'top1<0.5' -g 'f1>=0.9'
err_is 'cnn-infer: gate missed: top1 < 0.5 (it is 0.5); f1 >= 0.9 (it is 0.3333333333333333)'
gate 64 -g 'top2>=0.5'
err_has "cnn-infer: --gate: 'top2>=0.5': 'top2' is none of loss, top1, top5, error, f1, macc, miou, bf1, mse, mae, precision, map"
gate 64 -g 'top5>=1'
err_has "cnn-infer: --gate 'top5>=1': it means something for more than five classes only"
gate 64 -g 'error<5'
err_has "cnn-infer: --gate: 'error<5': '5' is not in 0..1"
gate 64 -g 'top1>=91'
gate 64 -g 'loss<-1'
gate 0 -g 'loss<91'
gate 64 -g 'top1'
gate 64 -g 'top1>=high'
gate 64 -g 'mse<1'
err_has "*the targets are no numbers"
# A missed gate leaves what was asked for behind.
gate 1 -g 'top1>0.5' --predictions late.tsv -o late.txt
[ -s late.tsv ] && [ -s late.txt ] || fail "nothing written where a gate was missed"

# ---- self-test --------------------------------------------------------------------------------------
run cnn-infer --selftest digits.st
status 0
out_has 'samples    2'
out_has 'tolerance  0.0001'
{ head -c -4 digits.st && printf '\0\0\310\102'; } >off.st
run cnn-infer --selftest off.st
status 1
err_has 'cnn-infer: off.st: the self-test failed: error *, tolerance 0.0001'
# What the metadata holds, changed where it stands: change EXPRESSION gives changed.st.
change() {
    LC_ALL=C sed "$1" digits.st >changed.st
    [ "$(wc -c <changed.st)" -eq "$(wc -c <digits.st)" ] || fail "'$1' changes the length"
    ! cmp -s changed.st digits.st || fail "'$1' changes nothing"
    run cnn-infer --selftest changed.st
}
data='[^]]*\],."data.":."'
change "s|\(\"output.*$data\).\{16\}|\1AADAfwAAAAAAAAAA|" # the first number is NaN
status 1
err_has 'cnn-infer: changed.st: the self-test failed: error nan, tolerance 0.0001'
malformed() {
    change "$1"
    status 65
    err_is "cnn-infer: changed.st: the self-test is malformed: $2"
    out_is ''
    run cnn-infer -q changed.st digits:2
    status 65
}
malformed 's|"output|"outpux|' 'output: its dtype is not F32'
malformed 's|"shape.":\[2,10|"shape\\":[9,10|' 'output: its shape and its data contradict each other'
malformed 's|"shape.":\[2,1,28,28|"shape\\":[2,1,28,-8|' 'input: its shape is none'
malformed 's|{."input."|[\\"input\\"|' 'the text: it is no JSON object'
malformed "s|\(\"output.*$data\).|\1.|" 'output: its data are no base64 of its shape'
# A model whose self-test is two tensors.
old=$ROOT/tests/golden/models/selftest_tensors.safetensors
run cnn-infer --selftest "$old"
status 0
out_has 'samples    8'
run cnn-infer -q "$old" digits:3
status 0
run cnn-train -q --threads 1 --epochs 0 --init "$old" digits:16 -o new.st
status 0
cnn-inspect --tensors new.st >tensors || fail "cnn-inspect"
! grep -q selftest tensors || fail "a self-test among the tensors"
run cnn-inspect --diff "$old" new.st # other instruction sets round otherwise
out_lacks 'tensor*'
out_lacks 'self-test input*'
out_lacks 'self-test: *'
cnn-inspect --meta new.st | grep -qx 'cnn.selftest: 8 samples' || fail "the metadata is not as it should be"
{ head -c -4 "$old" && printf '\0\0\310\102'; } >off.st
run cnn-infer --selftest off.st
status 1
LC_ALL=C sed 's|"selftest.input":{"dtype":"F32","shape":\[8,|"selftest.input":{"dtype":"F32","shape":[4,|' "$old" >off.st
run cnn-infer --selftest off.st
status 65
run cnn-infer --selftest digits.st f.tsv
status 64

# ---- what is refused --------------------------------------------------------------------------------
# refuse STATUS MESSAGE ARGUMENTS
refuse() {
    run cnn-infer "${@:3}"
    status "$1"
    err_has "cnn-infer: $2"
    out_is ''
}
refuse 64 'no MODEL'
refuse 64 'no INPUT*' id.st
refuse 64 "'-' stands more than once" id.st - -
refuse 64 '--json has no effect: it needs --eval or --gate or --retrieval' --json id.st f.tsv
refuse 64 '--predictions has no effect: it needs --eval or --gate or --retrieval' --predictions x id.st f.tsv
refuse 64 '--confusion: the targets are no classes' --eval --target input --confusion x.png raw.st f.tsv
refuse 64 '--top: *' --top 0 id.st f.tsv
refuse 65 'raw.st: the model has no classes to evaluate' --eval --target class raw.st f.tsv
"$make_model" 'input 3 scale=1; flatten; dense 500' - wide.st || fail "make-model"
refuse 65 'wide.st: the net gives 500 for an input of 3; --target input needs as many numbers' \
    --eval --target input wide.st f.tsv
refuse 66 'absent.st: No such file or directory' absent.st f.tsv
refuse 66 'absent.tsv: No such file or directory' id.st absent.tsv
refuse 73 'absent/out.tsv: *' -o absent/out.tsv id.st f.tsv

printf '#key\tclass\tx\ty\tz\n' >empty.tsv
refuse 65 'empty.tsv: no samples' --eval id.st empty.tsv
: >nothing
refuse 65 'nothing: *' --eval id.st nothing
printf '#key\tclass\tx\ty\tz\nk\tq\t9\t1\t1\n' >unknown.tsv
refuse 65 "unknown.tsv:2: class 'q' is not in the class list" --eval id.st unknown.tsv
printf '#key\tclass\tx\ty\tz\nk\t\t9\t1\t1\n' >unlabelled.tsv
refuse 65 'unlabelled.tsv: no classes: there is nothing to evaluate by' --eval id.st unlabelled.tsv
cnn-augment digits:3 | tar -x && rm -f digits-0/*.cls
tar -cf plain.tar digits-0
run bash -c 'cat plain.tar | cnn-infer --eval digits.st -'
status 65
err_is 'cnn-infer: -: no classes: there is nothing to evaluate by'
printf '#key\tclass\tx\ty\nk\ta\t9\t1\n' >short.tsv
refuse 65 '*short.tsv*' id.st short.tsv

head -c 100 digits.st >cut.st
refuse 65 'cut.st: *' cut.st digits:1
head -c -100 digits.st >cut.st
refuse 65 'cut.st: *' cut.st digits:1
printf 'no model at all' >text.st
refuse 65 'text.st: *' text.st digits:1
"$make_model" 'input 1x28x28; dense 3' a,b,c dense.st
LC_ALL=C sed 's/input 1x28x28/input 1x28x27/' dense.st >misfit.st
refuse 65 "misfit.st: tensor 'dense1.weight' is 3x784 in the file, the net wants 3x756*" misfit.st digits:1

# A stream cut anywhere is an error, whatever was predicted before.
for n in 100 3000 $(($(wc -c <digits.tar) - 2000)); do
    head -c "$n" digits.tar >cut.tar
    run bash -c 'cat cut.tar | cnn-infer digits.st -'
    status 65
    err_has 'cnn-infer: -: *'
done

# Bad samples: the run fails and leaves no file, or goes on and says which.
cp pictures/one.pgm pictures/two.pgm
head -c 100 pictures/one.pgm >pictures/bad.pgm
run cnn-infer -o none.tsv digits.st pictures
status 65
err_has 'cnn-infer: *bad.pgm: *'
no_file none.tsv*
run cnn-infer --on-bad skip digits.st pictures
status 0
err_has 'cnn-infer: skipped: *bad.pgm: *'
err_has 'cnn-infer: 1 bad sample skipped'
[ "$(cut -f 1 out)" = 'pictures/one.pgm
pictures/two.pgm' ] || fail "not the good ones"
run cnn-infer -q --on-bad list=list digits.st pictures
status 0
silent
[ "$(cat list)" = pictures/bad.pgm ] || fail "list: $(cat list)"

# A full disk, a reader that is gone.
if [ -e /dev/full ]; then
    run bash -c 'cnn-infer id.st f.tsv >/dev/full'
    status 74
    err_is 'cnn-infer: standard output: No space left on device'
    run bash -c 'cnn-infer --eval id.st f.tsv >/dev/full'
    status 74
    run cnn-infer -o /dev/full id.st f.tsv
    status 74
fi
run bash -c 'cnn-infer digits.st digits:20000 | head -n 1; exit ${PIPESTATUS[0]}'
status 141
silent

# The manual has every option.
cnn-infer --options | cut -f 1 | sed 's/^--//' | while read -r o; do
    grep -q -- "Fl -$o\b\|, -$o\b" "$ROOT/man/cnn-infer.1" || echo "$o"
done >missing
[ ! -s missing ] || fail "not in the manual: $(cat missing)"
