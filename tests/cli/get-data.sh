# The scripts that fetch datasets, against small files at a local address.
. "$ROOT/tests/cli/lib.sh"
unset MIRROR CHECKSUMS
mkdir source
for f in train-images-idx3 train-labels-idx1 t10k-images-idx3 t10k-labels-idx1; do
    echo "$f" | gzip -n >source/$f-ubyte.gz
done
mkdir cifar-10-batches-bin
for i in 1 2 3 4 5; do echo "batch $i" >cifar-10-batches-bin/data_batch_$i.bin; done
echo "tests" >cifar-10-batches-bin/test_batch.bin
printf 'airplane\nautomobile\n\n' >cifar-10-batches-bin/batches.meta.txt
tar -czf source/cifar-10-binary.tar.gz cifar-10-batches-bin
(cd source && sha256sum ./*.gz | sed 's, \./, ,') >sums
export MIRROR=file://$PWD/source/ CHECKSUMS=$PWD/sums

run "$ROOT/scripts/get-mnist" mnist
status 0
silent
same mnist/train-images-idx3-ubyte.gz source/train-images-idx3-ubyte.gz
same mnist/t10k-labels-idx1-ubyte.gz source/t10k-labels-idx1-ubyte.gz
[ "$(ls -A mnist | wc -l)" = 4 ] || fail "more than the four files is there"

# What is there is not fetched again.
run env MIRROR=file:///nowhere "$ROOT/scripts/get-mnist" mnist
status 0
out_has '*is there'

run "$ROOT/scripts/get-cifar10" cifar
status 0
silent
[ "$(cat cifar/train.bin)" = "$(printf 'batch %d\n' 1 2 3 4 5)" ] || fail "train.bin is wrong"
[ "$(cat cifar/test.bin)" = tests ] || fail "test.bin is wrong"
[ "$(cat cifar/classes.txt)" = "$(printf 'airplane\nautomobile')" ] || fail "classes.txt is wrong"
[ "$(ls -A cifar | wc -l)" = 3 ] || fail "something was left behind"

# Other bytes than promised: an error, and no file.
echo changed >source/train-labels-idx1-ubyte.gz
run "$ROOT/scripts/get-mnist" wrong
status 65
err_is "fetch: file://$PWD/source/train-labels-idx1-ubyte.gz: wrong checksum, not kept"
[ "$(ls -A wrong)" = train-images-idx3-ubyte.gz ] || fail "something was left behind"
echo changed >>source/cifar-10-binary.tar.gz
run "$ROOT/scripts/get-cifar10" wrong-cifar
status 65
[ -z "$(ls -A wrong-cifar)" ] || fail "something was left behind"

# The checksums in the scripts are the ones that hold without CHECKSUMS.
run env -u CHECKSUMS "$ROOT/scripts/get-mnist" real
status 65
[ -z "$(ls -A real)" ] || fail "something was left behind"

run env MIRROR=file:///nowhere "$ROOT/scripts/get-mnist" none
status 66
err_has 'fetch: train-images-idx3-ubyte.gz: not to be had from file:///nowhere'
[ -z "$(ls -A none)" ] || fail "something was left behind"

# Weights: known by what their checksum begins with, or by SHA-1.
run "$ROOT/scripts/get-weights"
status 0
out_has 'resnet18 *f37072fd * 69.8 *BSD-3-Clause *https://download.pytorch.org/models/resnet18-f37072fd.pth'
for net in $(awk '{ sub(/-v2$/, "", $1); print $1 }' out); do
    cnn-inspect --zoo "$net" >zoo 2>&1 || fail "weights of $net, which is not in the zoo: $(cat zoo)"
done
echo weights >source/resnet18-f37072fd.pth
sum=$(sha256sum <source/resnet18-f37072fd.pth)
echo "${sum:0:8} resnet18-f37072fd.pth" >prefix
run env CHECKSUMS="$PWD/prefix" "$ROOT/scripts/get-weights" resnet18 w
status 0
err_is 'licence: BSD-3-Clause; stated top-1 accuracy: 69.8 %'
same w/resnet18-f37072fd.pth source/resnet18-f37072fd.pth
cp source/resnet18-f37072fd.pth source/bvlc_alexnet.caffemodel
echo "sha1:$(sha1sum <source/bvlc_alexnet.caffemodel | cut -d ' ' -f 1) bvlc_alexnet.caffemodel" >prefix
run env CHECKSUMS="$PWD/prefix" "$ROOT/scripts/get-weights" alexnet_2012 w
status 0
run env -u CHECKSUMS "$ROOT/scripts/get-weights" resnet34 w
status 66
cp source/resnet18-f37072fd.pth source/resnet34-b627a593.pth
run env -u CHECKSUMS "$ROOT/scripts/get-weights" resnet34 w
status 65
echo "abc resnet18-f37072fd.pth" >prefix
run env CHECKSUMS="$PWD/prefix" "$ROOT/scripts/get-weights" resnet18 w
status 64
run "$ROOT/scripts/get-weights" lenet6
status 64
run cnn-train --net resnet18 --init resnet18 -o m.safetensors digits:8:1
status 66
err_is 'cnn-train: resnet18: no such file; of the built-in net of that name there may be weights: scripts/get-weights resnet18'

# A real download over HTTP, where something can serve it.
command -v python3 >/dev/null && command -v curl >/dev/null || exit 0
(cd source && sha256sum ./*.gz | sed 's, \./, ,') >sums
python3 -u -c '
import functools, http.server
h = functools.partial(http.server.SimpleHTTPRequestHandler, directory="source")
s = http.server.ThreadingHTTPServer(("127.0.0.1", 0), h)
print(s.server_address[1])
s.serve_forever()' >port 2>/dev/null &
server=$!
trap 'kill $server' EXIT
for _ in $(seq 100); do [ -s port ] && break || sleep 0.05; done
run env MIRROR="http://127.0.0.1:$(cat port)" "$ROOT/scripts/get-mnist" http
status 0
same http/train-labels-idx1-ubyte.gz source/train-labels-idx1-ubyte.gz
run env MIRROR="http://127.0.0.1:$(cat port)/no" "$ROOT/scripts/get-mnist" http2
status 66
