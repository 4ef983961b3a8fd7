# Weights that others trained answer as published: EfficientNet-Lite0, with TensorFlow's padding and Pillow's bicubic
# resize, has 90 of 100 photographs right at the first place and 98 among five.
. "$ROOT/tests/cli/lib.sh"
need_data efficientnet_lite0
weights=$(echo "$data"/*.pth)
need_data imagenet-photos
cut -d' ' -f1 "$data/synset_words.txt" >classes.txt
for photo in "$data"/*.JPEG; do
    name=${photo##*/}
    printf '%s\t%s\n' "$photo" "${name%%_*}"
done >photographs.tsv
run cnn-train -q --net efficientnet_lite0 --init "$weights" --classes classes.txt --epochs 0 photographs.tsv -o model.safetensors
status 0
run cnn-infer -q --eval --gate 'top1>=0.89' --gate 'top5>=0.97' model.safetensors photographs.tsv
status 0
out_has 'samples    100'
