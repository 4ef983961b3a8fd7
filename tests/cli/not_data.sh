# What is no data, or is not written as data are, is named as what it is.
. "$ROOT/tests/cli/lib.sh"

picture() { mkdir -p "$(dirname "$1")" && { printf 'P5 4 4 255\n' && head -c 16 /dev/zero | tr '\0' "$2"; } >"$1"; }
picture d/a/1.pgm '\200'
picture d/b/2.pgm '\020'
run cnn-train -q --threads 1 --epochs 1 --net 'dense classes' -o m.st d
status 0

# ---- what stands in the place of a file ----------------------------------------------------------------
pointer='a Git LFS pointer (git lfs pull fetches the file)'
printf 'version https://git-lfs.github.com/spec/v1\noid sha256:4d7a2146\nsize 12345\n' >pointer
printf '\n<!DOCTYPE HTML>\n<html><body>404</body></html>\n' >page
printf '<svg xmlns="http://www.w3.org/2000/svg"></svg>\n' >drawing
printf '{"message": "Not Found"}\n' >answer
for name in 'pointer jpg' 'page PNG' 'drawing svg' 'answer webp'; do
    # shellcheck disable=SC2086 # a name and an ending
    set -- $name
    case $1 in
    pointer) is="$pointer, not an image" ;;
    page) is='an HTML page, not an image' ;;
    drawing) is='an SVG drawing, not an image' ;;
    *) is='not a PNG, *file' ;;
    esac
    cp "$1" "$1.$2"
    for operands in "$1.$2" "$1.$2 d/a/1.pgm" "- <<<$1.$2"; do
        run bash -c "cnn-infer m.st $operands"
        status 65
        err_has "cnn-infer: *$1.$2: $is"
        run bash -c "cnn-infer --on-bad skip m.st $operands"
        status 0
        err_has "cnn-infer: skipped: *$1.$2: $is"
    done
done
for name in train.tar x.npy t10k-images-idx3-ubyte list.txt; do
    cp pointer "$name"
    run cnn-infer --on-bad skip m.st $name
    status 65
    err_is "cnn-infer: $name: $pointer, neither an image nor a dataset"
done
run cnn-infer m.st - <page
status 65
err_is 'cnn-infer: -: an HTML page, neither an image nor a dataset'
run cnn-train --net softmax -o n.st list.txt
status 65
err_is "cnn-train: list.txt: $pointer, neither an image nor a dataset"

# A model in the same way.
run cnn-infer pointer d
status 65
err_is "cnn-infer: pointer: $pointer, not a safetensors file"
run cnn-train --net 'dense classes' --init page -o n.st d
status 65
err_is 'cnn-train: page: an HTML page, not a safetensors file'

# An image of a kind that is not read is a bad sample wherever it is named.
{ printf '\0\0\12\1\1\0\0\0\0\0\0\0\4\0\4\0\10\0' && head -c 3055 /dev/zero; } >photo.TGA
for how in 'd/a/1.pgm photo.TGA d/b/2.pgm' '- < <(printf "d/a/1.pgm\nphoto.TGA\nd/b/2.pgm\n")'; do
    run bash -c "cnn-infer --on-bad skip m.st $how"
    status 0
    err_has 'cnn-infer: skipped: *photo.TGA: not a PNG, *file'
    [ "$(wc -l <out)" = 2 ] || fail 'the others are answered'
done
run cnn-infer --on-bad skip m.st photo.TGA
status 0
err_has '*1 bad sample skipped'

# ---- files that the system writes as they are read -------------------------------------------------------
if [ -n "$(head -c 1 /proc/cpuinfo 2>/dev/null)" ]; then
    run cnn-infer m.st /proc/cpuinfo
    [ "$status" = 65 ] || [ "$status" = 66 ] || fail 'processors are no samples'
    err_has 'cnn-infer: /proc/cpuinfo:*'
fi

# ---- lists ---------------------------------------------------------------------------------------------
for list in 'd/a/1.pgm\0\0d/b/2.pgm\0 2' '\0d/a/1.pgm\0d/b/2.pgm\0 1' 'd/a/1.pgm\0d/b/2.pgm\0\0 3'; do
    # shellcheck disable=SC2059 # a format
    printf "${list% *}" >names
    for how in names '- <names'; do
        run bash -c "cnn-infer m.st $how"
        status 65
        err_has "cnn-infer: @(names|-):${list##* }: an empty name"
    done
done
head -c 3000 /dev/zero >zeros
run cnn-infer m.st zeros
status 65
err_lacks '*empty name*'
# Columns that no tab parts; the first row tells.
for rest in ' -1' ' cat' ' 0.5' ' 0 1' ',cat' ';2' ' 0,1'; do
    printf 'd/a/1.pgm%s\nd/b/2.pgm%s\n' "$rest" "$rest" >columns
    for program in 'cnn-infer --on-bad skip m.st' 'cnn-train --net softmax -o n.st' 'cnn-split -o s'; do
        # shellcheck disable=SC2086 # a program and its options
        run $program columns
        status 65
        err_is "${program%% *}: columns:1: 'd/a/1.pgm' is a file, but '${rest:1}' stands behind no tab (rows are path<TAB>class, or 'path number' with a number from 0)"
    done
done
printf 'd/a/1.pgm 0\nd/b/2.pgm -1\n' >columns
run cnn-infer m.st columns
status 65
err_is "cnn-infer: columns:2: not 'path number' as the rows before, with a number from 0: 'd/b/2.pgm -1'"
cp d/a/1.pgm 'd/a, 1.pgm' && printf 'd/a, 1.pgm\nd/a/1.pgm\n' >columns
run cnn-infer m.st columns
status 0
printf 'd/a/1.pgm  1\nd/b/2.pgm 0\n' >columns
run cnn-infer --eval m.st columns
status 0
no_file n.st s

# ---- a model in the place of data -----------------------------------------------------------------------------
# With 24,584 bytes it would have the length of eight images of CIFAR-10.
cp m.st long.st && truncate -s 24584 long.st
for model in m.st long.st; do
    for how in 'cnn-infer m.st' 'cnn-train --net softmax -o n.st' 'cnn-split -o s'; do
        # shellcheck disable=SC2086 # a program and its operands
        run $how "$model"
        status 65
        err_is "${how%% *}: $model: a model (safetensors), neither an image nor a dataset"
    done
    run cnn-infer m.st - <"$model"
    status 65
    err_is 'cnn-infer: -: a model (safetensors), neither an image nor a dataset'
done
no_file n.st s

# ---- a folder of datasets -------------------------------------------------------------------------------------
mkdir sets
cnn-augment -o sets/a.tar digits:3
cp sets/a.tar sets/b-ubyte.gz
for how in 'cnn-train --net softmax -o none.st' 'cnn-split -o none' 'cnn-augment --on-bad skip'; do
    # shellcheck disable=SC2086
    run $how sets
    status 65
    err_is "${how%% *}: sets: datasets and no images: name one, such as sets/a.tar"
done
cp d/a/1.pgm sets/1 && cp d/a/1.pgm sets/2
run cnn-infer -q --on-bad skip m.st sets
status 0
[ "$(wc -l <out)" = 2 ] || fail "images whose names do not say so: $(cat out)"
