# Options as other programs call them: the answer is the name that they have here, never a wrong guess.
. "$ROOT/tests/cli/lib.sh"
programs=$(cd "$ROOT/bin" && ls cnn-*.c | sed 's/cnn-\(.*\)\.c/\1/')
for p in $programs; do "cnn-$p" --options | cut -f 1 | sed 's/^--//' >"$p.options"; done

# No program has two options of one name or letter: the second would never be reached.
for p in $programs; do
    "cnn-$p" --options | awk -F '\t' '{ print $1; if ($2) print $2 }' | sort | uniq -d >twice
    [ ! -s twice ] || fail "cnn-$p has two options $(paste -sd ' ' twice)"
done

# says PROGRAM OPTION 'GLOB'
says() {
    run "cnn-$1" "$2" 1 data -o x
    status 64
    err_has "cnn-$1: unknown option $2$3"
}

says train --lr ': it is --rate here'
for name in --batch-size --batch_size --Batch-Size --bs -b -bs -batch_size; do says train $name ': it is --batch here'; done
says train --weight_decay ': it is --weight-decay here'
says train --EPOCHS ': it is --epochs here'
says train -epochs ': it is --epochs here'
says train -output ': it is --output here'
says train -lr ': it is --rate here'
says train --wd ': it is --weight-decay here'
says train --label-smoothing ": it is --loss here, as --loss 'xent smooth=0.1'"
says train --dropout ": it is a layer of the net: *"
says train --model ': it is --net here'
says train --workers ': it is --threads here'
says train --val-split ': it is --val here, a dataset of its own; cnn-split divides one'
says split --val-split ': it is --val here'
says train --mixup-alpha ': it is --mixup here'
says augment --mixup ': cnn-train mixes the samples of a batch'
says augment --mosaic ': cnn-train mixes the samples of a batch'
says infer --model ': the model is named first, without an option'
says infer --top-k ': it is --top here'
says infer --csv ': it is --format here, as --format csv'
says augment --batch-size ''
says split --lr ''

# So are keys in a net's text, and values that are only written in another way.
run cnn-train --net $'input 1x28x28\nrecipe lr=0.1\ndense 10' digits:10 -o x
status 65
err_has "cnn-train: net:2: recipe: unknown key 'lr' (rate here); it is: *"
run cnn-train --net $'input 1x28x28\nrecipe Weight_Decay=0.1\ndense 10' digits:10 -o x
err_has "cnn-train: net:2: recipe: unknown key 'Weight_Decay'*"
for value in onecycle OneCycle one_cycle; do
    run cnn-train --net softmax --schedule $value digits:10 -o x
    status 64
    err_has "cnn-train: --schedule: '$value' is none of * (did you mean one-cycle?)"
done
run cnn-train --net softmax --schedule warm digits:10 -o x
err_has "cnn-train: --schedule: 'warm' is none of constant|step|*"

# A guess is near, or the whole of what was begun.
says train --l3 ''
says train --ll ''
says train --nat ''
says train --rats ' (did you mean --rate?)'
says train --shedule ' (did you mean --schedule?)'
says train --weight ' (did you mean --weights or --weight-decay?)'
says train --beta ' (did you mean --beta1 or --beta2?)'
says train --nonsense ''

# Every line of the table answers, with an option that there is, and hides none.
"$BUILD/helpers/synonyms" >table
[ "$(wc -l <table)" -gt 150 ] || fail "the table is short"
cut -f 1 table | grep -vE '^([a-z]|[a-z0-9]+(-[a-z0-9]+)*)$' && fail "a name that is not plain"
while IFS=$'\t' read -r there for here words; do
    answered=0
    for p in $programs; do
        [ "$for" = - ] || [[ " $for " == *" $p "* ]] || continue
        if [ "$here" != - ] && ! grep -qx -- "$here" "$p.options"; then continue; fi
        answered=1
        grep -qx -- "$there" "$p.options" && continue
        [ ${#there} = 1 ] && option=-$there || option=--$there
        "cnn-$p" --options | cut -f 2 | grep -qx -- "$option" && continue
        run "cnn-$p" "$option" 1 data
        status 64
        case $here:$words in
        -:*) grep -qF -e "unknown option $option: $words" -e "unknown option $option: it is --" err || fail "$option" ;;
        *) grep -qF -- "unknown option $option: it is --" err || fail "$option" ;;
        esac
    done
    [ $answered = 1 ] || fail "no program answers: $there $here"
done <table
exit 0
