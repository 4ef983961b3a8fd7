# lib/README.md names every file of the rooms, but for those that have one for each thing of a kind, and no other; and
# the check sees what it does not.
. "$ROOT/tests/cli/lib.sh"
run "$ROOT/scripts/check-map"
status 0
out_is ''

mkdir -p lib/base lib/kern/isa lib/layer/shape lib/odd lib/data
touch lib/base/text.c lib/base/new.c lib/base/only.h lib/kern/all.c lib/kern/isa/loop.c lib/layer/{conv.c,layer.h,layers.def} \
    lib/layer/shape/crop.c lib/odd/{e.c,f.cu} lib/data/sample.h
cat >lib/README.md <<'END'
## Elsewhere

`nothing` here is a file.

## The rooms, file by file

Nor is `anything` here.

- **base/** `text` growing strings, `only` a header,
  `old` what was, `sample` what is elsewhere; `data/sample` is a path; `--option`, `word=`, `CNN_NAME`.
- **kern/** `all`; `layer/layers.def`
- **gone/** nothing.
- **layer/** has one file for
  each layer; all lean on `layer`, and `layers.def` lists them.

## Behind

- **odd/** `e`, `f`
END
run "$ROOT/scripts/check-map" .
[ "$status" -ne 0 ] || fail "a wrong page passes"
out_is 'lib/README.md: gone/ is no room
lib/README.md: base/: old is no file of it
lib/README.md: base/: sample is no file of it
lib/README.md: base/: new.c is not named
lib/README.md: nothing is said of kern/isa/
lib/README.md: nothing is said of odd/'
