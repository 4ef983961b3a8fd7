# --size native: nets of other sizes give way where memory lacks, and an image that is too large for it is told of.
. "$ROOT/tests/cli/lib.sh"
# bitmap WIDTH HEIGHT FILE
bitmap() { { printf 'P4\n%d %d\n' "$1" "$2" && head -c $((($1 + 7) / 8 * $2)) /dev/zero; } >"$3"; }

# 200 values of 4 GiB each.
cnn-train -q --net 'input 1x4x4; repeat 200 { conv 127 1 }; conv classes 1; avgpool global' --epochs 0 -o wide.st digits:20:1
bitmap 5 5 small.pbm
bitmap 2896 2896 huge.pbm
run cnn-features -q --size native --pool --concat -l 'conv*' wide.st small.pbm huge.pbm
status 71
[[ $(cat err) == 'cnn-features: huge.pbm: the net needs '*' MiB of memory, '*' MiB are free' ]] || fail "the image is named"
run cnn-infer -q --size native wide.st small.pbm
status 0

# Where there is room for one net. (A sanitizer wants more addresses than there is memory.)
ldd "$(command -v cnn-infer)" | grep -q libasan && exit 0
cnn-train -q --net 'input 1x28x28; conv 64 1; relu; conv 64 1; relu; avgpool global; dense classes' --epochs 0 -o m.st digits:20:1
for i in 0 1 2 3; do bitmap 800 $((600 + i)) $i.pbm; done
within() { (ulimit -v "$1" && shift && exec "$@") 2>/dev/null; }
room=200000
until within $room cnn-infer -q --threads 1 --size native m.st 3.pbm >one; do
    room=$((room + 50000))
    [ $room -lt 4000000 ] || fail "there is no room for one image"
done
within $((room + 50000)) cnn-infer -q --threads 1 --size native m.st 0.pbm 1.pbm 2.pbm 3.pbm 0.pbm >all || fail "four sizes do not follow each other"
cnn-infer -q --threads 1 --size native m.st 0.pbm 1.pbm 2.pbm 3.pbm 0.pbm >want
same all want
