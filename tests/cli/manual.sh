# The manual pages are well-formed and name every option that the programs have, and no other.
. "$ROOT/tests/cli/lib.sh"
need mandoc
for page in "$ROOT"/man/*.[1-8]; do
    run mandoc -T lint -W warning "$page"
    [ ! -s out ] && [ ! -s err ] || fail "${page##*/} is not well-formed"
done
manual() { mandoc -T ascii "$ROOT/man/$1.1" | sed 's/.\x08//g'; }
manual cnn-augment >augment.txt
for p in "$ROOT"/bin/cnn-*.c; do
    p=$(basename "$p" .c)
    command_line="$p --options"
    [ -f "$ROOT/man/$p.1" ] || fail "$p has no manual page"
    manual "$p" >page.txt
    "$p" --options | cut -f 1 | sort >options.txt
    while read -r o; do
        # Programs that augment send the reader to cnn-augment(1) for the catalogue.
        if grep -q 'cnn-augment(1)' page.txt && grep -qE -e "^ +(-., )?$o\b" augment.txt; then continue; fi
        grep -qE -e "(^|[^[:alnum:]-])$o([^[:alnum:]-]|\$)" page.txt || fail "$p.1 does not mention $o"
    done <options.txt
    grep -oE -e '^ +(-[[:alnum:]],? +([[:alpha:]]+,? +)?)?--[[:alnum:]-]+' page.txt | grep -oE -e '--[[:alnum:]-]+' | sort -u >named.txt
    strange=$(comm -13 options.txt named.txt)
    [ -z "$strange" ] || fail "$p.1 describes what $p does not have: $strange"
done
# Every program that writes to standard output says how it ends when nobody reads that.
for p in augment features infer inspect train; do
    sed -n '/^\.Sh EXIT STATUS/,/^\.El/p' "$ROOT/man/cnn-$p.1" | grep -qx '\.It 141' || fail "cnn-$p.1 lacks the status 141"
done
# The field's own words lead to the page: in a name line (man -k), or in the text.
named() { sed -n 's/^\.Nd //p' "$ROOT/man/$1" | grep -qi -e "$2" || fail "man -k '$2' does not find $1"; }
named cnn-train.1 fine-tuning
named cnn-train.1 'transfer learning'
named cnn-augment.1 'data augmentation'
named cnn-inspect.1 'receptive field'
named cnn-features.1 features
named cnn-infer.1 accuracy
said() { mandoc -T ascii "$ROOT/man/$1" | sed 's/.\x08//g' | tr -s '\n ' ' ' | grep -qi -e "$2" || fail "$1 does not say '$2'"; }
for word in 'early stopping' 'fine-tuning' 'label smoothing' 'learning rate' 'overfitting' 'learning curve' 'top-1'; do
    said cnn-train.1 "$word"
done
said cnn-infer.1 'confusion matrix'
said cnn-infer.1 'top-1'
said cnn-net.5 'batch normali[sz]ation'
said cnn-net.5 'label smoothing'

# The example of a model that is made of weights alone, run as it stands.
example() { manual "$1" | sed -n "/^EXAMPLES/,\$s/^ \{11\}//p" | sed -n "/^$2/,\$p" | sed "/^$3/q"; }
names=airplane,automobile,bird,cat,deer,dog,frog,horse,ship,truck
"$BUILD/helpers/make-model" resnet20 $names m.st || fail "make-model"
"$BUILD/helpers/rename-tensors" m.st resnet20.safetensors '' '' || fail "rename-tensors"
tr , '\n' <<<$names >classes.txt
cnn-augment -q digits:20 >test.tar || fail "cnn-augment"
tar xf test.tar --wildcards '*000003.pgm' && mv digits-0/000003.pgm garden.png || fail "no image"
example cnn-train 'cnn-train --net resnet20.*' 'cnn-infer model.safetensors garden.png' >first.sh
grep -q -e '--classes classes.txt' first.sh || fail "there is no such example"
run bash -e first.sh
status 0
out_has 'garden.png	*	0.*'
cut -f 2 out | grep -qxFf classes.txt || fail "not a name of classes.txt"
exit 0
