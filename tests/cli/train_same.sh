# The model file has the same bytes for any number of threads, and from a folder, a tar file or a pipe.
. "$ROOT/tests/cli/lib.sh"
net='input 1x28x28; conv 6 5 pad=2; bn; relu; maxpool 2; dropout 0.2; dense 10'
train() {
    run cnn-train -q --net "$net" --epochs 2 --batch 32 --optimizer adam --rotate 10 --noise 5 --seed 3 "$@"
    status 0
}

for threads in 1 2 4; do
    train digits:2000 --val digits:200:5 --threads $threads -o threads$threads
done
same threads1 threads2
same threads1 threads4
train digits:2000 --val digits:200:5 --threads 2 --seed 4 -o other
! cmp -s threads1 other || fail 'another seed gives the same model'

# The same pictures as class folders, in tar files, and from pipes.
need tar
cnn-augment digits:300 >stream.tar || fail cnn-augment
mkdir loose photos
tar xf stream.tar -C loose || fail tar
find loose -name '*.cls' | while read -r cls; do
    class=$(cat "$cls")
    mkdir -p "photos/$class"
    cp "${cls%.cls}.pgm" "photos/$class/"
done
cp -r photos members
for picture in members/*/*.pgm; do
    basename "$(dirname "$picture")" | tr -d '\n' >"${picture%.pgm}.cls"
done
(cd members && tar cf ../photos.tar --sort=name -- *)
gzip -k photos.tar
train photos --threads 1 -o folder
train photos.tar --threads 2 -o tar
train photos.tar.gz --threads 2 -o gz
cat photos.tar | train - --threads 4 -o pipe
cnn-augment photos | train - --threads 2 -o through
same folder tar
same folder gz
same folder pipe
same folder through

# A stream that is read once, as it comes, gives what the file gives in its own order.
cnn-augment photos >ours.tar || fail cnn-augment
train ours.tar --epochs 1 --shuffle 0 --val photos --threads 1 -o once
cat ours.tar | train - --epochs 1 --shuffle 0 --val photos --threads 2 -o streamed
same once streamed
cat photos.tar | train - --epochs 1 --shuffle 0 --val photos --threads 2 -o unlisted
same once unlisted
head -c 100000 ours.tar >cut.tar
run cnn-train -q --net "$net" - --epochs 1 --shuffle 0 --threads 2 -o cut <cut.tar
status 65
err_has 'cnn-train: -: cut before its end record*'
no_file cut
