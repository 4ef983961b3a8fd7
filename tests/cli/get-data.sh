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
