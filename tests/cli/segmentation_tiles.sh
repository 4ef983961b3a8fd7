# Label images of large images by tiles, overlays, palettes with names.
. "$ROOT/tests/cli/lib.sh"
mkdir im
awk 'BEGIN { srand(3); print "P3", 70, 53, 255; for (i = 0; i < 70 * 53 * 3; i++) print int(256 * rand()) }' >im/big.ppm
awk 'BEGIN { srand(4); print "P3", 24, 20, 255; for (i = 0; i < 24 * 20 * 3; i++) print int(256 * rand()) }' >im/small.ppm
awk 'BEGIN { srand(5); print "P2", 70, 53, 255; for (i = 0; i < 70 * 53; i++) print i % 7 ? int(3 * rand()) : 255 }' >im/big.pgm
printf 'path\tseg\nim/big.ppm\tim/big.pgm\n' >big.tsv
# Four convolutions see four pixels around each, a quarter of an overlap of 16.
net='input 3x24x24 classes=3; conv 6 3 pad=1; relu; conv 6 3 pad=1; relu; conv 6 3 pad=1; relu; conv classes 3 pad=1; xent target=seg'
run cnn-train -q --threads 1 --net "$net" --target vector --classes 3 --epochs 2 --rate 0.05 big.tsv -o m.st
status 0
maps() { run cnn-infer -q --maps "$@"; status 0; }
maps whole --size native m.st im/big.ppm im/small.ppm
near() {
    awk -v limit="$3" 'function values(file, x,  n, line, command) {
        command = "tail -c +129 " file " | od -A n -v -t f4"
        while ((command | getline line) > 0) { split(line, w, " "); for (i = 1; i in w; i++) x[n++] = w[i]; delete w }
        close(command)
        return n
    }
    BEGIN {
        n = values(ARGV[1], a); m = values(ARGV[2], b)
        for (i = 0; i < n; i++) { d = a[i] - b[i]; worst = (d < 0 ? -d : d) > worst ? (d < 0 ? -d : d) : worst }
        exit !(n == m && n > 0 && worst <= limit)
    }' "$1" "$2" || fail "$1 and $2 differ"
}
for tile in 33 40 64; do
    maps tiles$tile --tile $tile --overlap 16 m.st im/big.ppm im/small.ppm
    [ ! -s out ] || fail 'predictions of tiles'
    near whole/im/big.npy tiles$tile/im/big.npy 2e-6
    near whole/im/small.npy tiles$tile/im/small.npy 0
done
maps apart --tile 33 --overlap 0 m.st im/big.ppm
cmp -s whole/im/big.npy apart/im/big.npy && fail 'squares that do not overlap see beyond their edges'
# A square that is larger than the image is the image; what is measured is the same but for the loss.
run cnn-infer --eval --size native m.st big.tsv
grep -v '^loss' out >want
run cnn-infer --tile 128 --gate 'miou<=1' m.st big.tsv
status 0
same want out
run cnn-infer --tile 32 --overlap 16 --gate 'miou<=1' m.st big.tsv
same want out

# Labels and overlays: half the image, half the colour of the class.
printf '255 0 0 red\n0 255 0 green\n0 0 255 dark blue\n' >names.txt
maps labels --tile 32 --maps-format png m.st im/small.ppm
maps overlays --size native --maps-format overlay --palette names.txt m.st im/small.ppm
pixels() { cnn-augment -q "$1" | tar -xO --wildcards "*.p?m" | tail -c "$2" | od -A n -v -t u1 | tr -s ' ' '\n' | sed '/^$/d'; }
pixels labels/im/small.seg.png 480 >labels.txt
pixels overlays/im/small.png 1440 >overlay.txt
sed 1d im/small.ppm | paste - <(pixels overlays/im/small.png 1440) | awk '
    BEGIN { while ((getline k <"labels.txt") > 0) class[n++] = k }
    { p = int((NR - 1) / 3); c = (NR - 1) % 3; want = ($1 + (class[p] == c ? 255 : 0)) / 2; d = $2 - want; bad += d > 0.51 || d < -0.51 }
    END { exit bad || NR != 1440 || n != 480 }' || fail 'the overlay is not the image with the colours of its classes'
run cnn-infer --eval --palette names.txt --size native m.st big.tsv
out_has 'dark blue  *'
maps usual --size native --maps-format overlay m.st im/small.ppm

refuse() {
    run cnn-infer "${@:2}" m.st im/big.ppm
    status 64
    err_is "cnn-infer: $1"
}
refuse '--tile needs --maps or --eval: nothing else is told of tiles' --tile 32
refuse '--overlap 32: it is not less than --tile 32' --tile 32 --overlap 32 --maps no
refuse '--tile: images are as large as they are (--size native)' --tile 32 --size 24 --maps no
refuse "--gate 'loss<1': no loss compares anything" --tile 32 --gate 'loss<1'
no_file no
echo '1 2 3 four' >>names.txt
run cnn-infer --eval --palette names.txt m.st big.tsv
status 65
err_is 'cnn-infer: names.txt: 4 classes, where the net has 3'
run cnn-train -q --net 'input 3x32x32; down: conv 4 3 pad=1; maxpool 2; deconv 4 2 stride=2; concat from=down,deconv1; conv classes 1; xent target=seg' --target vector --classes 3 --epochs 1 big.tsv -o u.st
run cnn-infer --tile 31 --maps no u.st im/big.ppm
status 64
err_is 'cnn-infer: --tile 31: the net takes images whose sides are multiples of 2'
maps even --tile 30 u.st im/big.ppm
run cnn-train -q --net 'conv 4 3; flatten; dense classes' --input 3x24x24 --epochs 1 --classes 10 digits:20 -o c.st
run cnn-infer --tile 24 --maps no c.st im/big.ppm
status 64
err_is "cnn-infer: --tile: the net's answer, dense1, is not one for each pixel"

# Parts that are cut from images in training are cut from label images alike: of noise nothing else could be learned.
mkdir noise
for i in 0 1 2 3 4 5 6 7; do
    awk -v i=$i 'BEGIN { srand(i + 7); x = "noise/" i ".pgm"; y = "noise/" i "l.pgm"
        print "P2", 40, 40, 255 >x; print "P2", 40, 40, 255 >y
        for (k = 0; k < 1600; k++) { v = int(256 * rand()); print v >x; print (v > 127) >y } }'
    printf 'noise/%s.pgm\tnoise/%sl.pgm\n' $i $i
done | sed '1i path\tseg' >noise.tsv
run cnn-train -q --threads 1 --net 'input 1x24x24; conv 4 1; relu; conv classes 1; xent target=seg' --target vector --classes 2 --crop 24x24 --flip hv \
    --epochs 40 --optimizer adam --rate 0.05 --batch 8 noise.tsv -o n.st
status 0
run cnn-infer --gate 'miou>=0.9' --size native n.st noise.tsv
status 0
:
