# No output takes the place of what is read, or of another output: refused with 64, and all that was read is as it was.
. "$ROOT/tests/cli/lib.sh"
mkdir -p d/{a,b}
for c in a b; do for i in 1 2 3 4 5 6 7 8 9 10; do printf 'P5 2 2 255 %s%s%s0' $c $c "$((i % 10))" >d/$c/$i.pgm; done; done
net='flatten; dense classes'
cnn-train -q --threads 1 --epochs 1 --net "$net" d -o m.st || fail "cnn-train"
cnn-augment -q d -o t.tar || fail "cnn-augment"
cnn-split -q d -o w || fail "cnn-split"
cnn-features -q m.st --layer output d -o f.npy || fail "cnn-features"
printf '%s\n' "$net" >net.txt
printf 'a\t1\nb\t2\n' >weights.txt
cp w/classes.txt list.txt
ln -s m.st soft.st
ln m.st hard.st
ln -s d/a/1.pgm soft.pgm
ln d/b/2.pgm hard.pgm
sums() { find . -type f -not -name out -not -name err -not -name before -not -name after | sort | xargs sha256sum; }
sums >before

# refuse 'WHAT' COMMAND...: 64 with the words, everything as before
refuse() {
    local what=$1
    shift
    run "$@"
    status 64
    err_has "cnn-*: $what"
    sums >after
    diff before after >/dev/null || fail "files changed: $(diff before after)"
}

# The model, by its name, other spellings, links; and samples, that a folder or a manifest names.
for m in m.st ./m.st d/../m.st "$PWD/m.st" soft.st hard.st; do
    refuse '--output would be written over what is read: * is the model' cnn-infer -o "$m" m.st d
    refuse '--output would be written over what is read: * is the model' cnn-features --layer output -f tsv -o "$m" m.st d
    refuse '--output would be written over what is read: * is the model' cnn-train --epochs 1 --init m.st d -o "$m"
    ln -sf "$m" m.png # pictures have names of their own
    refuse 'the picture would be written over what is read: * is the model' cnn-inspect --filters dense1 m.st m.png
    refuse '--on-bad list would be written over *' cnn-infer --on-bad "list=$m" m.st d
done
for p in d/a/1.pgm soft.pgm d/../d/b/2.pgm hard.pgm; do
    for data in d w/train.tsv\ w/val.tsv\ w/test.tsv d/a\ d/b; do
        # shellcheck disable=SC2086
        refuse '--output would be written over what is read: * is *' cnn-infer -o $p m.st $data
        # shellcheck disable=SC2086
        refuse '*would be written over what is read: * is *' cnn-features --layer output -f tsv -o $p m.st $data
    done
    ln -sf "$p" p.png
    for option in -o --checkpoint --log --curve --on-bad=list; do
        output=(-o new.st)
        [ $option = -o ] && output=()
        given=("$option" "$p")
        [ $option = --on-bad=list ] && given=("$option=$p")
        [ $option = --curve ] && given=("$option" p.png)
        run cnn-train --epochs 1 --net "$net" d "${given[@]}" "${output[@]}"
        [ $option = --checkpoint ] && [ "$status" = 73 ] && continue # it is there already
        refuse '*would be written over what is read: *' cnn-train --epochs 1 --net "$net" d "${given[@]}" "${output[@]}"
    done
    refuse '--preview would be written over what is read: *' cnn-augment d --preview p.png -o new.tar
    refuse '--on-bad list would be written over what is read: *' cnn-augment d --on-bad list=$p -o new.tar
    refuse '--on-bad list would be written over what is read: *' cnn-split d --on-bad list=$p -o new
    refuse '--predictions would be written over what is read: *' cnn-infer --eval --predictions $p m.st d
    refuse '--confusion would be written over what is read: *' cnn-infer --eval --confusion p.png m.st d
done

# Files of samples and lists.
refuse '--output would be written over what is read: t.tar is the data' cnn-train --epochs 1 --net "$net" t.tar -o t.tar
refuse '--output would be written over what is read: t.tar is the data' cnn-augment t.tar -o t.tar
refuse '--output would be written over what is read: ./t.tar is the data' cnn-infer m.st t.tar -o ./t.tar
refuse '--output would be written over what is read: w/val.tsv is --val' cnn-train --epochs 1 --net "$net" d --val w/val.tsv -o w/val.tsv
refuse '--log would be written over what is read: w/train.tsv is the data' cnn-train --epochs 1 --net "$net" w/train.tsv --log w/train.tsv -o x.st
refuse '--on-bad list would be written over what is read: w/train.tsv is the data' cnn-train --epochs 1 --net "$net" w/train.tsv --on-bad list=w/train.tsv -o x.st
refuse '--output would be written over what is read: net.txt is the net' cnn-train --epochs 1 --net net.txt d -o net.txt
ln -s weights.txt weights.png
refuse '--curve would be written over what is read: * is the class weights' cnn-train --epochs 1 --net net.txt --class-weights weights.txt d --curve weights.png -o x.st
refuse '--output would be written over what is read: f.tsv belongs to f.npy' cnn-train --epochs 1 --net "$net" f.npy -o f.tsv
refuse '--output would be written over what is read: w/classes.txt belongs to w/train.tsv' cnn-train --epochs 1 --net "$net" w/train.tsv -o w/classes.txt
refuse '--output would be written over what is read: f.npy is the data' cnn-features --layer output m.st f.npy -o f.npy
refuse '--preview would be written over what is read: list.txt is --classes' cnn-augment --classes list.txt d --preview list.txt -o x.tar

# cnn-split's own files; the class list may be written again as it was.
for f in train val test; do refuse "$f.tsv would be written over what is read: w/$f.tsv is the data" cnn-split w/$f.tsv -o w; done
refuse 'train.tsv would be written over what is read: w/../w/train.tsv is the data' cnn-split d w/train.tsv -o w/../w
printf '../d/b/1.pgm\tb\n../d/b/2.pgm\tb\n../d/a/1.pgm\ta\n' >w/own.tsv
cp list.txt classes.before
run cnn-split -q w/own.tsv -o w --val 1 --test 0 --allow-missing
status 0
cmp -s w/classes.txt classes.before || fail "the class list changed"
cnn-split -q d -o w
mkdir v
printf 'b\nc\n' >v/classes.txt
printf '../d/b/1.pgm\tb\n' >v/own.tsv
sums >before
refuse 'classes.txt would be written over what is read: v/classes.txt belongs to v/own.tsv' cnn-split v/own.tsv w/train.tsv -o v --val 1 --test 1 --allow-missing

# A folder of outputs within a folder of data would be read by the next run; beside the class folders of the data a split may lie.
mkdir -p flat/.kept away/sub && cp d/a/[123].pgm flat && ln -s ../away d/link && ln -s d/a inner && ln -s "$PWD/away" flat.link
sums >before
for out in d/made ./d/made d/new/deep d/made/ d/a/../made d/link/made d/link d/./made "$PWD/d/made" inner/made; do
    refuse "--output would be data of the next run: $out lies in d, which is read" cnn-split d -o "$out"
    refuse "--output would be data of the next run: $out lies in d/, which is read" cnn-augment d/ -o "$out"
done
refuse '--output would be data of the next run: made lies in ., which is read' bash -c 'cd d && cnn-split . -o made'
refuse '--output would be data of the next run: flat/x lies in flat, which is read' cnn-split w/train.tsv flat -o flat/x
refuse '--output would be data of the next run: x lies in .., which is read' bash -c 'cd d/a && cnn-augment -o x ..'
rm d/link
# A picture would be one more image.
for out in d/c.png d/a/c.png "$PWD/d/../d/c.png"; do
    refuse "--curve would be data of the next run: $out lies in d, which is read" cnn-train --epochs 1 --net "$net" d -o x --curve "$out"
done
refuse '--preview would be data of the next run: p.png lies in ., which is read' bash -c 'cd flat && cnn-augment . --preview p.png -o ../x.tar'
refuse '--confusion would be data of the next run: d/c.png lies in d, which is read' cnn-infer --eval m.st d --confusion d/c.png
run cnn-train -q --epochs 1 --net "$net" d -o d/x.st --curve d/.c.png
status 0
rm d/x.st d/.c.png
for out in d/../w2 flat/.kept/s flat.link/x flat; do
    run cnn-split flat -o $out --val 0 --test 0
    status 0
done
rm flat/*.t?t flat/*.tsv
run cnn-augment flat -o flat/.kept/aug
status 0
rm -r flat away d/../w2 inner flat.link
sums >before

# Outputs among themselves.
refuse '--output and --checkpoint are the same file: x' cnn-train --epochs 1 --net "$net" d -o x --checkpoint x
refuse '--log and --curve are the same file: ./x' cnn-train --epochs 1 --net "$net" d -o y --log x --curve ./x
refuse '--output and --on-bad list are the same file: x' cnn-train --epochs 1 --net "$net" d -o x --on-bad list=x
refuse '--output and --predictions are the same file: x' cnn-infer --eval m.st d -o x --predictions x
refuse '--predictions and --confusion are the same file: x' cnn-infer --eval m.st d --predictions x --confusion x
refuse '--output and --on-bad list are the same file: d/../x.tar' cnn-augment d -o x.tar --on-bad list=d/../x.tar
refuse '--output and --preview are the same file: x.tar' cnn-augment d -o x.tar --preview x.tar

# What is no clash: a net's built-in name, devices, a checkpoint that is gone on from, a second run over its own outputs.
run cnn-train -q --threads 1 --epochs 0 --net softmax d -o softmax
status 0
run cnn-infer -q m.st d -o /dev/null --on-bad list=/dev/null
status 0
for more in '' --resume; do
    # shellcheck disable=SC2086
    run cnn-train -q --threads 1 --epochs 1 --net "$net" d -o again.st --checkpoint c.ckpt --log l.jsonl --on-bad list=bad.txt $more
    status 0
done
for i in 1 2; do
    run cnn-infer -q m.st d -o p.tsv
    status 0
    run cnn-split -q d -o w
    status 0
done
exit 0
