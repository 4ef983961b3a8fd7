# lib/README.md names every file of the rooms, but for those that have one for each thing of a kind.
. "$ROOT/tests/cli/lib.sh"
page=$ROOT/lib/README.md
sed -n '/^## The rooms/,/^## Layouts/p' "$page" >rooms
missing=
while read -r file; do
    case $file in
    layer/* | zoo/* | data/image/* | data/augment/* | data/source/* | model/import/* | kern/isa/*) continue ;;
    esac
    name=${file##*/}
    grep -q "\`[a-z/]*${name%.c*}\`" rooms || missing="$missing $file"
done < <(cd "$ROOT/lib" && find . -name '*.c' -o -name '*.cu' | sed 's,^\./,,' | sort)
[ -z "$missing" ] || fail "lib/README.md does not name$missing"
# And what it names is there.
while read -r name; do
    find "$ROOT/lib" -name "$name.c" -o -name "$name.cu" -o -name "$name.[ch]*" | grep -q . ||
        grep -qw "$name" "$ROOT/completions/cnn" || fail "lib/README.md names $name, which is no file"
done < <(grep -o '`[a-z_]*`' rooms | tr -d '`' | sort -u)
exit 0
