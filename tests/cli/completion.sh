# Bash completion: options, choices and files, as the programs themselves say.
. "$ROOT/tests/cli/lib.sh"
# shellcheck source=/dev/null
. "$ROOT/completions/cnn"
touch flowers.safetensors

# completes 'WORDS' PROGRAM WORD BEFORE: the replies are these
completes() {
    command_line="completion of $2 $4 $3"
    COMPREPLY=()
    _cnn "$2" "$3" "$4"
    [ "${COMPREPLY[*]}" = "$1" ] || fail "offered: ${COMPREPLY[*]}; expected: $1"
}
completes --epochs cnn-train --epo cnn-train
completes '--momentum --monitor --mosaic' cnn-train --mo cnn-train
completes 'constant cosine' cnn-train co --schedule
completes flowers.safetensors cnn-train fl -o
completes flowers.safetensors cnn-infer fl cnn-infer
completes '' cnn-train 3 --epochs
for p in "$ROOT"/bin/cnn-*.c; do
    p=$(basename "$p" .c)
    complete -p "$p" >/dev/null 2>&1 || fail "$p has no completion"
    completes --version "$p" --vers "$p"
done
# As it is installed: for the program that the link is called.
ln -s "$ROOT/completions/cnn" cnn-split
[ "$(bash -c '. ./cnn-split; complete -p')" = 'complete -o filenames -F _cnn cnn-split' ] || fail "the link completes its program"
exit 0
