# The manual of the network language says what the option tables say, and its examples are nets; that of
# cnn-train says which optimizers there are, and that of formats which layers of others are read.
# shellcheck shell=bash
. "$ROOT/tests/cli/lib.sh"
run "$ROOT/scripts/make-net-manual" "$ROOT/man/cnn-train.1"
status 0
diff -u "$ROOT/man/cnn-train.1" out >differs || fail "man/cnn-train.1 is not what scripts/make-net-manual makes: $(cat differs)"
grep -q '^\.It Cm adamw' out || fail "the optimizers are missing"
run "$ROOT/scripts/make-net-manual" "$ROOT/man/cnn-formats.5"
status 0
diff -u "$ROOT/man/cnn-formats.5" out >differs || fail "man/cnn-formats.5 is not what scripts/make-net-manual makes: $(cat differs)"
grep -q '^\.It Li ConvTranspose' out || fail "the operators of ONNX are missing"
grep -q '^\.Cm layernorm2d ,' out || fail "the layers that are written as ONNX are missing"
grep -q '^\.It Li InnerProduct' out || fail "the layers of Caffe are missing"
grep -q '^\.It Li BatchNormalization' out || fail "the layers of Keras are missing"
run "$ROOT/scripts/make-net-manual" "$ROOT/man/cnn-net.5"
status 0
diff -u "$ROOT/man/cnn-net.5" out >differs || fail "man/cnn-net.5 is not what scripts/make-net-manual makes: $(cat differs)"
for part in input shortcut line layers losses; do
    awk -v part=$part '/END/ { on = 0 } on { n++ } $2 == "BEGIN" && $3 == part { on = 1 } END { exit n < 3 }' out ||
        fail "the part $part is missing"
done
awk '/^\.It Cm conv /, /^\.It Cm dense /' out | grep -q '^\.It Cm dilation= Ns' || fail "conv has no dilation"
run "$BUILD/helpers/net-manual" nonsense
status 64

# Blocks of literal text up to the messages; the input line and the rest are added where they are missing.
awk '/^\.Bd -literal/ { on = 1; n++; next } /^\.Ed/ { on = 0 } on { print > sprintf("example%02d.net", n) }' \
    "$ROOT/man/cnn-net.5"
built=0
for f in example*.net; do
    grep -q '^my.net:' "$f" && continue
    grep -q '^input' "$f" || { echo 'input 3x64x64'; cat "$f"; } >new.net
    grep -q '^input' "$f" && cp "$f" new.net
    run cnn-inspect --outputs 10 new.net
    status 0
    built=$((built + 1))
done
[ "$built" -ge 6 ] || fail "only $built examples"
exit 0
