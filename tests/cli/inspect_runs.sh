# cnn-inspect --runs: logs become a table, the best run first; and the sweep of the manual makes it.
. "$ROOT/tests/cli/lib.sh"
need make
cnn-split -q digits:600:1 --val 100 --test 0 -o work || fail 'cnn-split'
sed -n '/^A sweep over/,/^\.Ed/p' "$ROOT/man/cnn-inspect.1" | sed '1,/^\.Bd/d; /^\.Ed/d; s/\\e$/\\/; s/^\\&//' >Makefile
unset MAKEFLAGS MAKELEVEL MFLAGS
run make
status 0
[ "$(wc -l <table.tsv)" = 7 ] || fail "not six runs: $(cat table.tsv)"
[ "$(head -n 1 table.tsv | tr '\t' ' ')" = 'run net val_top1 val_loss train_top1 loss epoch epochs seconds why rate seed' ] ||
    fail "the columns: $(head -n 1 table.tsv)"
tail -n +2 table.tsv | cut -f 3 >top1
sort -rn top1 | cmp -s - top1 || fail "not the best first: $(cat table.tsv)"
[ "$(tail -n +2 table.tsv | cut -f 11,12 | sort | tr '\t\n' ' ;')" = '0.01 1;0.01 2;0.03 1;0.03 2;0.1 1;0.1 2;' ] || fail "options: $(cat table.tsv)"
[ "$(tail -n +2 table.tsv | cut -f 10 | sort -u)" = epochs ] || fail 'they ended with their epochs'
run make
out_has '*up to date*'

# Numbers are those of the best epoch; a run that was cut off is unfinished, and without validation the last counts.
printf '%s\n' '{"event": "start", "net": "a", "options": {"rate": "1"}, "data": {"path": "p"}}' \
    '{"event": "epoch", "epoch": 1, "loss": 2, "val_loss": 0.5, "best": true}' \
    '{"event": "epoch", "epoch": 2, "loss": 1, "val_loss": 0.7}' '{"event": "epo' >cut.jsonl
printf '%s\n' '{"event": "start", "net": "b", "options": {}, "data": {"path": "q"}}' \
    '{"event": "epoch", "epoch": 1, "loss": 2}' '{"event": "epoch", "epoch": 2, "loss": 3}' \
    '{"event": "end", "why": "steps", "epochs": 2, "seconds": 1.5}' >plain.jsonl
run cnn-inspect --runs plain.jsonl cut.jsonl
status 0
tr '\t' ' ' <out >cells
[ "$(cat cells)" = "run net val_top1 val_loss train_top1 loss epoch epochs seconds why data rate
cut.jsonl a  0.5  2 1   unfinished p 1
plain.jsonl b    3 2 2 1.5 steps q " ] || fail "the table: $(cat cells)"

# Models say the same of their runs as the logs do, but for the time; beside each other, one table.
cnn-inspect --runs run-*.safetensors | sed 's/\.safetensors//' | cut -f 1-8,11- >of_models
cnn-inspect --runs run-*.jsonl | sed 's/\.jsonl//' | cut -f 1-8,11- >of_logs
same of_models of_logs
run cnn-inspect --runs run-0.1-1.safetensors run-0.01-1.jsonl
status 0
[ "$(head -n 1 out | cut -f 11-)" = rate ] || fail "more than the rate differs: $(cat out)"
cnn-train -q --net 'dense 10' --input 1x28x28 --epochs 1 --freeze '*.bias' --rotate 5 digits:40 -o own.st --log own.log
run cnn-inspect --runs own.st own.log run-0.1-1.safetensors
status 0
head -n 1 out | tr '\t' '\n' | sed -n '/^data$/,$p' | grep -n -E '^(freeze|augmentation)$' | cut -d : -f 1 | paste -sd , >wanted
tail -n +2 out | cut -f 11- | cut -f "$(cat wanted)" | sort | uniq -c | sed 's/^ *//' >got
printf '1 \t\n2 *.bias\t--rotate 5\n' | cmp -s - got || fail "options: $(cat got out)"
[ "$(cut -f 11 out | sort -u | wc -l)" = 4 ] || fail "data: a name and two hashes: $(cat out)"

refuse() { # STATUS MESSAGE OPERAND...
    run cnn-inspect --runs "${@:3}"
    status "$1"
    err_has "cnn-inspect: $2"
    out_is ''
}
echo '{"event": 1}' >other.jsonl
: >empty.jsonl
refuse 66 'absent.jsonl: *' plain.jsonl absent.jsonl
refuse 65 'other.jsonl:1: this is no log of cnn-train' other.jsonl
refuse 65 'empty.jsonl: no run starts in it' empty.jsonl
printf '\x02\0\0\0\0\0\0\0{}' >bare.safetensors
refuse 65 'bare.safetensors: *' bare.safetensors
refuse 64 '--runs takes logs of cnn-train, or models'
refuse 64 '--runs prints its table only' --json plain.jsonl
for n in 1 2; do cnn-train -q --net softmax --epochs $n digits:40 -o e.st --log e$n.log || fail "no run of $n epochs"; done
run cnn-inspect --runs e1.log e2.log
status 0
[ "$(cut -f 8,11 out | sort | tr '\t' ' ')" = "1 1
2 2
epochs --epochs" ] || fail "epochs made and epochs asked for: $(cat out)"
exit 0
