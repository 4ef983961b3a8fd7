# Names and metadata that would command a terminal are shown, not sent to it.
. "$ROOT/tests/cli/lib.sh"

esc=$'\033' bidi=$'\xe2\x80\xae'
evil="e${esc}[31m${bidi}x"
shown='e\x1b[31m\u202ex'
picture() { printf 'P5 4 4 255\n' && head -c 16 /dev/zero | tr '\0' '\100'; }
mkdir -p d/a d/b
picture >"d/a/$evil.pgm"
picture >d/b/1.pgm
"$BUILD/helpers/make-model" 'input 1x4x4; flatten; dense 2' "a$esc]0;title$(printf '\a'),b" m.st || fail make-model

# clean FILE: no control character but the ends of lines, no turned writing
clean() {
    ! tr -d '\n\t\r' <"$1" | LC_ALL=C grep -q '[[:cntrl:]]' || fail "a control character in $1"
    ! grep -q "$bidi" "$1" || fail "a change of direction in $1"
}

# Messages: of files, of models, of members of a tar, of operands and options.
printf x >"d/a/bad$evil.pgm"
run cnn-infer m.st d
status 65
err_has "cnn-infer: d/a/bad*: *"
grep -qF "d/a/bad$shown.pgm: " err || fail "the name is shown"
clean err
run cnn-infer --on-bad skip m.st d
status 0
clean err
run cnn-infer m.st "no$evil"
clean err
run cnn-infer "--no$evil" m.st d
clean err
run cnn-infer m.st d -f "$evil"
clean err
run cnn-train --net "conv $evil" d -o n.st
clean err
cp m.st "$evil.st"
run cnn-inspect --check "$evil.st" d
clean err
mkdir t
cp "d/a/bad$evil.pgm" t/
tar -cf t.tar t
run cnn-infer m.st t.tar
status 65
clean err
rm "d/a/bad$evil.pgm"
printf 'd/a/%s.pgm\tb\nd/b/1.pgm\t%s\n' "$evil" "c$bidi" >l.tsv
run cnn-infer --eval m.st l.tsv
status 65
grep -qF "l.tsv:2: class 'c\\u202e' is not in the class list" err || fail "the class is shown"

# Tables for people, wherever they go.
run cnn-inspect m.st
status 0
grep -qF 'a\x1b]0;title\x07' out || fail "the class list is shown: $(cat out)"
clean out
for how in --meta --tensors --layers; do
    run cnn-inspect $how m.st
    status 0
    clean out
done
run cnn-split -o w --val 0 --test 0 d
clean err
printf 'd/a/%s.pgm\tb\n' "$evil" >e.tsv
run cnn-infer --eval m.st e.tsv
status 0
clean out
run cnn-infer --eval --json m.st e.tsv
status 0
clean out
run cnn-infer -f json m.st d
clean out

# What programs read stays as it is, but for a terminal.
run cnn-infer m.st d
[ "$(head -n 1 out | cut -f 1)" = "d/a/$evil.pgm" ] || fail "TSV has the bytes of a name"
has_terminal || skip "no terminal for the rest (script)"
for command in 'cnn-infer -q m.st d' 'cnn-infer -q -z m.st d' 'cnn-infer -q -f csv m.st d' 'cnn-infer -q -f json m.st d' \
    'cnn-features -q -l dense1 m.st d' 'cnn-features -q -f svmlight -l dense1 m.st d' 'cnn-inspect m.st' \
    'cnn-inspect --classes m.st' 'cnn-inspect --json m.st' 'cnn-inspect --history m.st' 'cnn-inspect --print m.st' 'cnn-infer -q --eval m.st e.tsv'; do
    command_line=$command
    script -qec "$command" /dev/null </dev/null >screen
    [ -s screen ] || fail "nothing on the terminal"
    tr -d '\0' <screen >seen
    clean seen
done
