# Images in every format that this build reads: in folders, streams, manifests and alone; and what it says of others.
. "$ROOT/tests/cli/lib.sh"
formats=$ROOT/tests/golden/formats

cnn-train -q --epochs 1 -o m.safetensors --net 'input 3x8x8; flatten; dense 2' --target vector digits:2 2>/dev/null
cnn-train -q --epochs 1 -o m.safetensors --net 'input 3x8x8; dense classes' digits:40 || fail "no model"

# ---- --strict: what libjpeg warns of, though no pixel is touched
run cnn-infer -q m.safetensors "$formats/plain.jpg"
status 0
cut -f2- out >plain
run cnn-infer -q m.safetensors "$formats/stray.jpg"
status 0
cut -f2- out | cmp -s - plain || fail "bytes before a table change the answer"
mkdir -p strict/a strict/b
cp "$formats/stray.jpg" strict/a/1.jpg
cp "$formats/plain.jpg" strict/b/2.jpg
tar -cf strict.tar -C strict a/1.jpg
for command in 'cnn-infer -q m.safetensors' 'cnn-features -q -l dense1 m.safetensors' 'cnn-augment -q' \
    'cnn-train -q --epochs 1 --net softmax -o x.safetensors'; do
    case $command in *infer* | *features*) inputs='strict strict.tar' ;; *) inputs=strict ;; esac
    for input in $inputs; do
        # shellcheck disable=SC2086 # words are meant
        run $command $input
        status 0
        # shellcheck disable=SC2086
        run $command --strict $input
        status 65
        err_has '*corrupt JPEG: *extraneous bytes*'
    done
done
# shellcheck disable=SC2024
run cnn-infer -q --strict m.safetensors - <strict.tar
status 65
run cnn-infer -q --strict --on-bad skip m.safetensors strict
status 0
[ "$(wc -l <out)" -eq 1 ] || fail "one of two is left"
# ... is of the run, and in its history
run cnn-train -q --epochs 1 --net softmax --strict --on-bad skip -o s.safetensors strict
status 0
run cnn-inspect --history s.safetensors
out_has '*strict*'

# ---- every format, whatever its name's case, or a word of what is missing
for f in plain.webp moving.webp tiff_lzw.tif grey16.tif turned6.tif plain.bmp rle8.bmp interlaced.gif plain.avif; do
    cp "$formats/$f" "x.${f##*.}"
    upper=$(echo "X.$f" | tr '[:lower:]' '[:upper:]')
    cp "$formats/$f" "$upper"
    run cnn-infer -q m.safetensors "$upper"
    if [ "$status" = 65 ]; then
        err_has "*$upper: *: this build has no *"
        continue
    fi
    status 0
    answer=$(cut -f2- out)
    mkdir -p "all/a" "all/b"
    cp "$formats/$f" all/a/
    tar -cf one.tar "$upper"
    run cnn-infer -q m.safetensors one.tar
    status 0
    [ "$(cut -f2- out)" = "$answer" ] || fail "$f has another answer in a tar"
    cnn-augment -q -o png "$upper" || fail "$f is not augmented"
    run cnn-infer -q m.safetensors "$(find png -name '*.png')"
    [ "$f" = grey16.tif ] || [ "$(cut -f2- out)" = "$answer" ] || fail "$f has another answer as PNG"
    rm -rf png
done
cp "$formats/plain.bmp" all/b/B.BMP
run cnn-train -q --epochs 1 --net softmax -o y.safetensors all
status 0
cp "$formats/plain.bmp" all/stray.DIB
run cnn-train -q --epochs 1 --net softmax -o y.safetensors all
status 65
err_has '*all/stray.DIB: an image beside class folders'
