# A reader that goes away ends a program without a word, by SIGPIPE, and what was asked for besides is written.
. "$ROOT/tests/cli/lib.sh"
cnn-train -q --threads 1 --net softmax --epochs 1 digits:20 -o m.safetensors || fail 'no model'

# its reader takes nothing: COMMAND...
unread() {
    command_line="$* | true"
    { "$@" 2>err; echo $? >code; } | true
    status=$(cat code)
    status 141
    silent
}
unread cnn-infer -q m.safetensors digits:20000
unread cnn-infer -q -f json m.safetensors digits:20000
unread cnn-infer -q -f csv m.safetensors digits:20000
unread cnn-augment -q digits:20000
for form in tsv svmlight tar; do unread cnn-features -q -l fc -f $form m.safetensors digits:20000; done
late() { { sleep 0.3; "$@"; } }
for p in cnn-split cnn-augment cnn-train cnn-infer cnn-features cnn-inspect; do unread late $p --help; done
unread late cnn-inspect m.safetensors
unread late cnn-inspect --json m.safetensors
unread late cnn-train --plan --net lenet5 digits:20 -o x
unread late cnn-infer -q --eval --predictions p.tsv --confusion c.png m.safetensors digits:50
[ "$(wc -l <p.tsv)" = 50 ] && [ -s c.png ] || fail 'predictions and picture are not written'
unread cnn-augment -q --rotate 5 --preview look.png digits:20000
cnn-augment -q --rotate 5 --preview whole.png digits:20000 >/dev/null
same look.png whole.png

# Where SIGPIPE is ignored it is the same status.
{ (trap '' PIPE; cnn-augment -q digits:20000 2>err; echo $? >code); } | true
status=$(cat code)
status 141
silent
