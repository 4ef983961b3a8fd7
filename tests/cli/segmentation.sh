# A net that answers with a class for every pixel, from images and label images of any size, and the short way to it.
. "$ROOT/tests/cli/lib.sh"
mkdir images labels
# pair H W Y X NAME: a bright square in the noise, of class 1, and in it one of class 2
pair() {
    awk -v h="$1" -v w="$2" -v y="$3" -v x="$4" -v name="$5" 'BEGIN {
        image = "images/" name ".pgm"; label = "labels/" name ".pgm"
        srand(h * w + y + x)
        print "P2", w, h, 255 >image
        print "P2", w, h, 255 >label
        for (i = 0; i < h; i++) for (j = 0; j < w; j++) {
            in1 = i >= y && i < y + 12 && j >= x && j < x + 12
            in2 = i >= y + 3 && i < y + 9 && j >= x + 3 && j < x + 9
            print int(40 * rand()) + in1 * 80 + in2 * 120 >image
            print in1 + in2 >label
        } }'
}
for i in 0 1 2 3 4 5 6 7; do pair 32 32 $((2 * i)) $((16 - 2 * i)) a$i; done
for i in 0 1 2 3; do pair 64 48 $((8 * i)) $((6 * i)) b$i; done
{
    printf 'path\tseg\n'
    for f in images/*.pgm; do printf '%s\tlabels/%s\n' "$f" "${f##*/}"; done
} >pairs.tsv

# The loss says what is taught, --classes how much of it there is.
net='input 1x32x32 classes=2; conv 8 3 pad=1; relu; conv 8 3 pad=1; relu; conv classes 1; xent target=seg'
run cnn-train -q --threads 1 --net "$net" --classes 3 --epochs 60 --optimizer adam --rate 0.02 --batch 4 pairs.tsv -o m.st
status 0
run cnn-infer --eval m.st pairs.tsv
out_has 'samples    12288'
awk '$1 == "top1" { good = $2 > 0.95 } END { exit !good }' out || fail "it did not learn"
for line in 'class  support  precision  recall      f1     iou     bf1' 'macc       0*' 'miou       0*' 'bf1        0*'; do out_has "$line"; done
run cnn-infer --eval --json --gate 'miou>=0.5' --gate 'bf1<=1' m.st pairs.tsv
status 0
out_has '*"miou": 0.*"classes": \[{"class": "0", *"iou": 0.*, "bf1": *"gates"*'
run cnn-infer --gate 'miou>0.9999' m.st pairs.tsv
status 1
cnn-train -q --threads 1 --net "$net" --classes 3 --target vector --epochs 60 --optimizer adam --rate 0.02 --batch 4 pairs.tsv -o said.st
same m.st said.st
run cnn-infer -q --size native --maps maps --maps-format png m.st images/b1.pgm
status 0

run cnn-train -q --net "$net" --epochs 1 --shuffle 0 pairs.tsv -o two.st
status 65
err_is "cnn-train: pairs.tsv:2: images/a0.pgm: labels/a0.pgm: field 'seg' has 2 at row 3, column 19, which is no class of its list, which has 2"
refuse() {
    run cnn-train --net "$net" --epochs 1 "${@:2}" pairs.tsv -o no.st
    status 64
    err_is "cnn-train: $1"
    no_file no.st
}
echo sky >sky.txt
refuse '--classes sky.txt: classes of labels are numbers, and N says how many' --classes sky.txt
run cnn-train --threads 1 --net "$net" --classes 3 --epochs 3 --rate 0.02 --monitor val_miou --val pairs.tsv --log log pairs.tsv -o best.st
status 0
err_has '*val mIoU * %*best so far*'
best=$(grep -o '"val_miou": [0-9.]*' log | cut -d' ' -f2 | sort -g | tail -1)
run cnn-infer --eval --json best.st pairs.tsv
out_has "*\"miou\": $best*"
run cnn-train --net 'input 1x32x32; dense 1; mse target=seg' --monitor val_miou --val pairs.tsv pairs.tsv -o no.st
status 64
err_is 'cnn-train: --monitor val_miou needs label images as the target'
refuse '--monitor val_top1 needs classes as the target' --monitor val_top1 --val pairs.tsv

# What label images may be: colours of a palette, numbers as grey of 8 or 16 bits or as places in a palette; void is no class.
labels() { awk -v kind="$1" 'BEGIN {
    print kind, 8, 8, kind == "P2" ? 65535 : 255
    for (i = 0; i < 64; i++) print kind == "P2" ? (i < 8 ? 11 : i < 32) : i < 8 ? "0 0 0" : i < 32 ? "255 0 0" : i < 40 ? "128 0 0" : "0 0 255" }'; }
mkdir small
labels P2 >small/grey.pgm
labels P3 >small/colour.ppm
awk 'BEGIN { print "P2", 8, 8, 255; for (i = 0; i < 64; i++) print 3 * i }' >small/x.pgm
printf 'path\tseg\nsmall/x.pgm\tsmall/colour.ppm\n' >colours.tsv
printf 'path\tseg\nsmall/x.pgm\tsmall/grey.pgm\n' >greys.tsv
tiny='input 1x8x8; conv classes 3 pad=1; xent target=seg'
bad() {
    run cnn-train -q --net "$tiny" --classes 2 --epochs 1 "$2" -o no.st
    status "${4-65}"
    err_is "cnn-train: $1"
    no_file no.st
}
bad "colours.tsv:2: small/x.pgm: small/colour.ppm: a label image of 3 channels (grey or a palette is needed, or colours that a palette.seg.txt beside the dataset lists)" colours.tsv
printf '# sky is red and dark red\n0 0 255 ground\n255 0 0 sky\n128 0 0\tsky\n' >palette.seg.txt
bad "colours.tsv:2: small/x.pgm: small/colour.ppm: the colour 0 0 0 at row 0, column 0 is not in palette.seg.txt" colours.tsv
echo '0 0 0 Void' >>palette.seg.txt
bad "greys.tsv:2: small/x.pgm: small/grey.pgm: field 'seg' has 11 at row 0, column 0, which is no class of its list, which has 2" greys.tsv
run cnn-train --threads 1 --net "$tiny" --classes 2 --epochs 1 colours.tsv -o colours.st
status 0
run cnn-train --threads 1 --net "$tiny ignore=11" --classes 2 --epochs 1 greys.tsv -o greys.st
status 0
run cnn-infer --eval --json colours.st colours.tsv
out_has '*"samples": 56,*'
run cnn-infer --eval --json greys.st greys.tsv
out_has '*"samples": 56,*"support": 32,*"support": 24,*'
cnn-inspect --print greys.st | grep -qx 'xent target=seg ignore=11' || fail 'the model does not say what is void'
for line in '0 0 255' '0 0 256 x' '0 0 x y' '255 0 0 again'; do
    cp palette.seg.txt keep
    echo "$line" >>palette.seg.txt
    run cnn-train --net "$tiny" --classes 2 --epochs 1 colours.tsv -o no.st
    status 65
    err_has 'cnn-train: *palette.seg.txt:6: *'
    mv keep palette.seg.txt
done
run cnn-train --net 'input 1x8x8; dense 2; xent ignore=1' --epochs 0 --classes 2 -o no.st
status 65
err_has 'cnn-train: net:1: ignore= has no effect: *'
bad_mask() {
    printf 'path\tseg\nsmall/x.pgm\t%s\n' "$2" >bad.tsv
    run cnn-train -q --net "$tiny" --classes 2 --epochs 1 bad.tsv -o no.st
    status "${3-65}"
    err_is "cnn-train: bad.tsv:2: small/x.pgm: $1"
    no_file no.st
    run cnn-infer --eval colours.st bad.tsv
    status "${3-65}"
    err_is "cnn-infer: bad.tsv:2: small/x.pgm: $1"
}
bad_mask "field 'seg': small/none.png: No such file or directory" small/none.png 66
awk 'BEGIN { print "P2", 4, 8, 255; for (i = 0; i < 32; i++) print 0 }' >small/half.pgm
bad_mask "small/half.pgm: field 'seg' is a label image of 8x4, its image has 8x8" small/half.pgm
# an RGBA image of one pixel, and a grey one with alpha
echo iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg== | base64 -d >small/alpha.png
bad_mask "small/alpha.png: an alpha channel, which says nothing of classes" small/alpha.png
rm palette.seg.txt

# The zoo's nets say so themselves.
for name in unet segnet fcn8s fcn16s fcn32s fcn_resnet50 fcn_resnet101; do
    cnn-inspect --print $name | grep -qx 'xent target=seg' || fail "$name teaches no label images"
done
run cnn-train --net unet --classes 3 --epochs 1 --plan pairs.tsv
status 0

# Their recipes' mirrors hold for label images, too, which are mirrored with the images; numbers stay what they are.
flipped='input 1x32x32 classes=3; recipe rate=0.02 batch=4 flip=h mixup=0.2; conv 8 3 pad=1; relu; conv classes 1; xent target=seg'
run cnn-train --threads 1 --net "$flipped" --classes 3 --epochs 2 pairs.tsv -o flipped.st
status 0
err_has 'cnn-train: recipe*--flip h*'
grep -q mixup err && fail 'label images were mixed'
run cnn-train --threads 1 --net "$flipped" --classes 3 --epochs 2 --flip h pairs.tsv -o said.st
same flipped.st said.st
run cnn-train --threads 1 --net "$flipped" --classes 3 --epochs 2 --flip none pairs.tsv -o plain.st
status 0
cmp -s flipped.st plain.st && fail 'nothing was mirrored'
sed '1s/.*/path\ttarget/; 2,$s/\t.*/\t1/' pairs.tsv >numbers.tsv
run cnn-train --threads 1 --net 'input 1x32x32; recipe rate=0.001 flip=h; dense 1; mse' --target vector --epochs 1 numbers.tsv -o n.st
status 0
grep -q flip err && fail 'images were mirrored whose numbers may be of places in them'
:
