# A folder of train/, val/ and test/, or of cnn-split's lists, is a dataset in parts, not of classes "train" and "val".
. "$ROOT/tests/cli/lib.sh"
need tar

picture() {
    mkdir -p "$(dirname "$1")"
    { printf 'P5\n#%s\n8 8 255\n' "$1" && head -c 64 /dev/zero | tr '\0' "$2"; } >"$1"
}
for part in train valid test; do
    for i in 1 2 3 4; do
        picture data/$part/x/$part$i.pgm "\\0${i}0"
        picture data/$part/y/$part$i.pgm "\\2${i}0"
    done
done
training() { run cnn-train --threads 1 --epochs 2 --net 'dense classes' "$@"; }

# ---- cnn-train takes the whole -----------------------------------------------------------------------------
training data -o whole.st --log log
status 0
err_has 'cnn-train: data has parts: training on data/train, validating on data/valid; left alone: data/test'
[ "$(cnn-inspect --classes whole.st)" = $'x\ny' ] || fail "classes: $(cnn-inspect --classes whole.st)"
grep -q val_loss log || fail 'no validation'
training -q --val data/valid data/train -o apart.st
status 0
same whole.st apart.st
training -q --patience 1 data -o m.st
status 0
# --val says otherwise; and it may be a folder of parts itself.
training --val data/test data -o m.st
status 0
err_has 'cnn-train: data has parts: training on data/train; left alone: data/test'
training --val data data/train -o m.st
status 0
err_has 'cnn-train: validating on data/valid'
same m.st apart.st

# ---- validation on what is trained on is said --------------------------------------------------------------
mkdir lists && printf '../data/train/x/train%d.pgm\tx\n' 1 2 >lists/val.tsv
printf '../data/valid/y/valid%d.pgm\ty\n' 1 2 3 >>lists/val.tsv
shared='validation samples are trained on, too, the first is'
training --val lists/val.tsv data/train -o m.st
status 0
err_has "cnn-train: 2 of 5 $shared lists/../data/train/x/train1.pgm: they do not show how the net does on others"
training --val "$PWD/./data//train" data/train -o m.st
status 0
err_has "cnn-train: 8 of 8 $shared*"
training --val digits:9:1 digits:5:1 -o m.st
status 0
err_has "cnn-train: 5 of 9 $shared digits:*"
for val in data/valid digits:8:2; do
    training --val "$val" "$([ "$val" = data/valid ] && echo data/train || echo digits:8:1)" -o m.st
    status 0
    err_lacks "*$shared*"
done

# ---- the others say what they saw --------------------------------------------------------------------------
for how in 'cnn-infer whole.st data' 'cnn-infer --eval whole.st data' 'cnn-features -l output whole.st data' 'cnn-augment data'; do
    # shellcheck disable=SC2086
    run $how
    status 65
    err_has '*: data: a dataset in parts: name one, such as data/test (cnn-train takes the whole)'
done
run cnn-split data -o w
status 65
err_is 'cnn-split: data: divided already, and cnn-train takes it so; its parts divide anew: cnn-split data/train data/valid data/test -o DIR'
[ ! -e w ] || fail 'cnn-split made a folder'
run cnn-split -q data/train data/valid data/test -o anew
status 0

# ---- a class list beside the parts is theirs ---------------------------------------------------------------
mkdir -p listed/train listed/val
cp -r data/train/* listed/train && cp -r data/valid/* listed/val
find listed/train -mindepth 1 -maxdepth 1 -type d -printf '%f\n' | sort -r >listed/classes.txt
for folder in listed/train listed/val/ ./listed/train; do
    run cnn-split -q "$folder" -o anew --allow-missing
    status 0
    same anew/classes.txt listed/classes.txt
done
run cnn-train -q --threads 1 --epochs 1 --net softmax listed -o list.st
status 0
run cnn-inspect --classes list.st
[ "$(awk '{ print $NF }' out)" = "$(cat listed/classes.txt)" ] || fail 'another class list'
tail -n +2 listed/classes.txt >fewer && mv fewer listed/classes.txt
run cnn-train -q --threads 1 --epochs 1 --net softmax listed -o list.st
status 65
err_has '*is not in the class list*'
run cnn-infer --eval --gate 'loss<100' whole.st data/test
status 0

# ---- the lists of cnn-split --------------------------------------------------------------------------------
mkdir photos && cp -r data/*/x photos/ && cp -r data/*/y photos/
cnn-split -q photos -o work --val 0.25 --test 0.25
training work -o lists.st
status 0
err_has 'cnn-train: work has parts: training on work/train.tsv, validating on work/val.tsv; left alone: work/test.tsv'
training -q --val work/val.tsv work/train.tsv -o m.st
same m.st lists.st
run cnn-infer lists.st work
status 65

# ---- what is none ------------------------------------------------------------------------------------------
mkdir pets && cp -r photos/x pets/test && cp -r photos/y pets/cat
training -q pets -o m.st
status 0
[ "$(cnn-inspect --classes m.st)" = $'cat\ntest' ] || fail "classes: $(cnn-inspect --classes m.st)"
# train and test together are no classes, be there images in them or other folders beside them.
mkdir flat && cp -r photos/x flat/train && cp -r photos/y flat/test
cp -r data beside && mkdir beside/models
for how in 'cnn-train --net softmax -o m.st' 'cnn-split -o none' cnn-augment 'cnn-infer whole.st'; do
    # shellcheck disable=SC2086
    run $how flat
    status 65
    err_is "${how%% *}: flat: a dataset in parts, but there are no class folders in flat/train"
    # shellcheck disable=SC2086
    run $how beside
    status 65
    err_is "${how%% *}: beside: a dataset in parts, and folders beside them that are no part: name one, such as beside/train"
done
training -q --val beside/valid beside/train -o m.st
status 0
same m.st apart.st
cp -r data twice && cp -r data/valid twice/val
training twice -o m.st
status 65
err_is 'cnn-train: twice: a part of the dataset is there under two names'
mkdir -p only/train && cp -r photos/? only/train/
training only -o m.st
status 0
err_has 'cnn-train: only has parts: training on only/train'

# ---- what systems leave between the members of a tar -------------------------------------------------------
mkdir t && cp photos/x/train1.pgm t/a.pgm && cp photos/y/train1.pgm t/b.pgm && echo 0 >t/a.cls && echo 1 >t/b.cls
for name in a.pgm a.cls b.pgm b.cls; do echo junk >t/._$name; done
(cd t && tar cf ../mac.tar ._a.pgm a.pgm ._a.cls a.cls ._b.pgm b.pgm ._b.cls b.cls)
training mac.tar -o m.st
status 0
[ "$(cnn-infer -q whole.st mac.tar | wc -l)" -eq 2 ] || fail 'not two samples'
