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

# clean FILE: UTF-8 without control characters but the ends of lines, without turned writing and the lines of names
clean() {
    ! tr -d '\n\t\r' <"$1" | LC_ALL=C grep -q '[[:cntrl:]]' || fail "a control character in $1"
    ! grep -q "$bidi" "$1" || fail "a change of direction in $1"
    ! LC_ALL=C grep -aq '^forged' "$1" || fail "a line of a name in $1"
    iconv -f UTF-8 -t UTF-8 <"$1" >/dev/null 2>&1 || fail "$1 is not UTF-8"
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

# All that a name of a file can have: a line of its own, a bell, C1 controls as UTF-8 and as a byte, bytes that are no UTF-8.
worst="w${esc}[31m"$'\xc2\x9b\x9b\x07\xe9\nforged: \r'"${bidi}x"
picture >"d/b/$worst.pgm"
cp -r d bad
printf x >"bad/b/bad$worst.pgm"
printf 'input 1x4x4\nflatten\ndense 2' >"$worst.net"
each() { # COMMAND...: of these words; what it says is clean
    run "$@"
    [ -s err ] || fail 'it says nothing'
    clean err
}
each cnn-augment bad
grep -qF 'bad/b/badw\x1b[31m\u009b\x9b\x07\xe9\nforged: \r\u202ex.pgm: ' err || fail 'the name is shown'
for to in - t2.tar "folder$worst"; do
    each cnn-augment --on-bad skip bad -o "$to"
    status 0
done
each cnn-augment --on-bad list=bad.list bad -o "folder$worst"
err_has 'cnn-augment: folderw*: the folder is there and not empty'
each cnn-augment --on-bad skip bad --preview "$worst.bmp" -o -
each cnn-features m.st bad -l dense1 -o f.tsv
each cnn-features m.st bad -l "$worst" -o f.tsv
each cnn-features --on-bad skip m.st bad -l dense1 -o "$worst"
each cnn-features "$worst" bad -l dense1
each cnn-split bad -o "split$worst"
each cnn-split --on-bad skip bad -o "split$worst"
each cnn-split --on-bad skip --val 1 --test 0 "bad/b/$worst.pgm" bad/b -o "split$worst"
each cnn-train bad --net softmax -o n.st
train() { each cnn-train --on-bad skip bad --epochs 1 "$@"; }
train --net "$worst.net" -o "n$worst.st" --log "log$worst" --val bad
status 0
train --net "$worst.net" -o "n$worst" --checkpoint "$worst/x"
train --net "$worst" -o n.st
train --net softmax -o n.st --rotate "$worst"
train --init "n$worst.st" -o n.st --net alexnet
run cnn-train --on-bad skip -q bad --net "$worst.net" -o n.st --plan
clean out
each cnn-inspect --runs "log$worst" "$worst.net"
each cnn-inspect --history "n$worst.st" bad
each cnn-inspect --filters "$worst" m.st x.png
run cnn-inspect --dot "$worst.net"
status 0
clean out

# A stranger's file of tensors, and classes of which no list has the like.
header='{"__metadata__":{"k\u001b\nforged":"v\u001b\nforged\u202e"},"t\u001b\nforged":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}'
LC_ALL=C printf "\\x$(printf %x ${#header})\0\0\0\0\0\0\0%s\0\0\xc0\x7f" "$header" >tensors.st
"$BUILD/helpers/make-model" 'input 1x4x4; flatten; dense 2' $'a\nforged,b' lines.st || fail make-model
for command in tensors.st '--tensors tensors.st' '--meta tensors.st' '--check tensors.st' '--diff tensors.st m.st' \
    lines.st '--classes lines.st' '--diff lines.st tensors.st'; do
    # shellcheck disable=SC2086 # words
    run cnn-inspect $command
    [ -s out ] || [ -s err ] || fail 'nothing is said'
    clean out
    clean err
done
printf 'd/b/1.pgm 0\nd/a/%s.pgm 1\n' "$evil" >places.txt
for how in '' --json; do
    run cnn-infer --eval $how lines.st places.txt
    status 0
    clean out
done

has_terminal || skip "no terminal for the rest (script)"
for command in 'cnn-infer -q m.st d' 'cnn-infer -q -z m.st d' 'cnn-infer -q -f csv m.st d' 'cnn-infer -q -f json m.st d' \
    'cnn-infer -q -f csv lines.st d' 'cnn-infer -q -z lines.st d' 'cnn-infer --on-bad list=/dev/tty lines.st bad' \
    'cnn-features --on-bad skip -l dense1 m.st bad' 'cnn-augment --on-bad skip -o t3.tar bad' \
    'cnn-split --on-bad skip --val 1 --test 1 -o s bad/b bad/a' 'cnn-train --on-bad skip --net softmax -o n.st --epochs 1 bad' \
    'cnn-inspect --runs log*' 'cnn-inspect --meta tensors.st' 'cnn-inspect --json tensors.st' 'cnn-inspect m.st' \
    'cnn-features -q -l dense1 m.st d' 'cnn-features -q -f svmlight -l dense1 m.st d' \
    'cnn-inspect --classes m.st' 'cnn-inspect --json m.st' 'cnn-inspect --history m.st' 'cnn-inspect --print m.st' 'cnn-infer -q --eval m.st e.tsv'; do
    command_line=$command
    script -qec "$command" /dev/null </dev/null >screen
    [ -s screen ] || fail "nothing on the terminal"
    sed "s/$esc\\[K//g" screen | tr -d '\0' >seen # the progress line's own
    clean seen
done
