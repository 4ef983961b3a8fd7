# cnn-train --log: every member of every event is in cnn-formats(5), and all that stand there are written; hashes are those
# of the history and of cnn-infer --eval --json.
. "$ROOT/tests/cli/lib.sh"
net='input 1x28x28; conv 4 5 stride=2; relu; dense 10'
train() {
    run cnn-train -q --net "$net" "$@"
    status 0
}
train --epochs 2 --log-every 1 --log a.log digits:70 --val digits:30:2 -o a.st
train --init a.st --epochs 1 --rotate 5 --freeze 'conv1.*' --threads 1 --log b.log digits:70 -o $'it\'s \xe9.st'
cnn-augment digits:20 | cnn-train -q --net 'input 1x28x28; dense 784' --target input --loss mse --epochs 1 --shuffle 0 \
    --log c.log -o c.st - || fail 'a stream'
train --classes 10 --epochs 0 --log d.log -o d.st
mkdir two
cnn-augment digits:20 | tar xf - -C two || fail 'no samples'
(cd two/digits-0 && for image in *.pgm; do cp "${image%.pgm}.cls" "${image%.pgm}.kind.cls"; done)
(cd two/digits-0 && tar cf ../../two.tar ./*) || fail "no tar"
train --net 'input 1x28x28; dense 10; xent target=class; xent target=kind' --epochs 1 --log two.log --val two.tar two.tar -o two.st
awk 'BEGIN { print "P2", 4, 4, 255; for (i = 0; i < 16; i++) print i % 2 }' >labels.pgm
printf 'path\tseg\nlabels.pgm\tlabels.pgm\n' >labels.tsv
train --net 'input 1x4x4; conv 2 1; xent target=seg' --epochs 1 --log labels.log --val labels.tsv labels.tsv -o labels.st
train --epochs 2 --steps 1 --checkpoint e.ckpt --log e.log digits:70 -o e.st
train --epochs 2 --steps 1 --checkpoint e.ckpt --resume --log e.log digits:70 -o e.st
run cnn-train -q --net "$net" --epochs 3 --rate 1e30 --log f.log digits:70 -o f.st
status 70

# The manual's members of an event, a line each.
documented() {
    sed -n "/^\.Sh THE LOG OF A RUN/,/^\.Sh SEE/{/^\.Ss $1\$/,/^\.El/p}" "$ROOT/man/cnn-formats.5" |
        sed -n 's/^\.It Va //p' | sed 's/ *, */\n/g' | sort -u
}
# Those of the logs: objects within are flattened, but for the options, whose names are free.
written() {
    cat ./*.log | grep -F "{\"event\": \"$1\"" >lines
    sed 's/^{//; s/}$//; s/"options": {[^}]*}/"options": 0/; s/"command": "\([^"\\]\|\\.\)*"/"command": 0/' lines >flat
    sed -i 's/"\(losses\|val_losses\)": {[^}]*}/"\1": 0/g' flat # whose names are free, too
    for object in data val init; do
        grep -o "\"$object\": {[^}]*}" flat | sed "s/^\"$object\": //" | grep -o '"[a-z0-9_]*": ' | sed "s/\"\(.*\)\": /$object.\1/"
    done >members
    sed 's/"[a-z]*": {[^}]*}//g' flat | grep -o '"[a-z0-9_]*": ' | tr -d '": ' >>members
    sort -u members
}
sed -n 's/^{"event": "\([a-z]*\)".*/\1/p' ./*.log | sort -u >events
[ "$(tr '\n' ' ' <events)" = 'end epoch start step ' ] || fail "other events: $(cat events)"
! grep -v '^{"event": "[a-z]*", .*}$' ./*.log || fail 'a line is no event'
for event in start step epoch end; do
    documented $event >want
    written $event >got
    [ -s want ] || fail "the manual has no $event"
    diff want got >differ || fail "$event: the manual (<) and the logs (>): $(cat differ)"
done

# The command can be typed again.
command=$(sed -n 's/.*"command": "\(\([^"\\]\|\\.\)*\)".*/\1/p' a.log | sed 's/\\\(.\)/\1/g')
rm a.st
eval "$command" || fail "it cannot be typed: $command"
[ -f a.st ] || fail 'it made no model'
grep -qF "it'\\\\''s \\udce9.st'" b.log || fail "the name in the command: $(head -n 1 b.log)"
grep -q '"threads": 1,' b.log || fail 'not one thread'
grep -q '"options": {[^}]*"freeze": \["conv1\.\*"\]' b.log || fail "the options: $(head -n 1 b.log)"

# One hash for one thing, wherever it is told.
hash() { grep -o "\"$1\": *{[^}]*\"hash\": *\"[0-9a-f]*\"" "$2" | tail -n 1 | grep -o '[0-9a-f]\{16,32\}'; }
run cnn-infer --eval --json a.st digits:30:2 digits:70
status 0
grep -o '"data": \[[^]]*\]' out | grep -o '"hash": "[0-9a-f]*"' | grep -o '[0-9a-f]\{32\}' >hashes
[ "$(sed -n 1p hashes)" = "$(hash val a.log)" ] && [ "$(sed -n 2p hashes)" = "$(hash data a.log)" ] || fail "$(cat hashes a.log)"
[ "$(hash init b.log)" = "$(hash model out)" ] || fail 'the model of --init has another hash'
cnn-inspect --meta a.st >meta
grep -qF "\"data\":{\"hash\":\"$(hash data a.log)\",\"samples\":70},\"val\":{\"hash\":\"$(hash val a.log)\",\"samples\":30}" meta ||
    fail 'the history has other hashes'
run cnn-inspect a.st
out_has "hash           $(hash init b.log)"

# Names are any bytes, in all JSON alike, and what is written is read again; what is not seen is an escape.
run cnn-augment -q digits:40 -o $'d\xe9\xe8\U000e0041'
status 0
begin() { train --epochs 2 --threads 1 --checkpoint $'g\xe9.ckpt' --log g.log --val digits:20:3 -o $'g\xe9.st' "$@" $'d\xe9\xe8\U000e0041'; }
begin --steps 1
begin --resume
[ "$(grep -c '"event": "start".*"data": {"path": "d\\udce9\\udce8\\udb40\\udc41", .*"resumed": true' g.log)" = 1 ] || fail "$(cat g.log)"
[ "$(grep -c '"event": "start"' g.log)" = 2 ] || fail 'the run before is gone from the log'
cp g.log $'h\xe9.log'
run cnn-inspect --runs g.log $'h\xe9.log' a.log
status 0
out_has $'h\xe9.log\t*\td\\\\\\\\xe9\\\\\\\\xe8\xf3\xa0\x81\x81\t*'
run cnn-infer --eval --json $'g\xe9.st' $'d\xe9\xe8\U000e0041'
status 0
out_has '*"path": "g\\udce9.st"*"path": "d\\udce9\\udce8\\udb40\\udc41"*'
for how in '' --time; do
    run cnn-inspect --json $how $'g\xe9.st'
    status 0
    out_has '  "name": "g\\udce9.st",'
done
if command -v python3 >/dev/null; then
    python3 -c 'import json, os, sys; print(os.fsencode(json.loads(open("g.log").readline())["data"]["path"]), os.fsencode(json.load(sys.stdin)["name"]))' \
        <out >names
    [ "$(cat names)" = "b'd\\xe9\\xe8\\xf3\\xa0\\x81\\x81' b'g\\xe9.st'" ] || fail "$(cat names)"
fi
exit 0
