# The runner of tests counts what passes, fails, skips and dies, and does not call silence a success.
. "$ROOT/tests/cli/lib.sh"
mkdir -p scripts tests/cli build/tests build/bin
cp "$ROOT/scripts/run-tests" scripts
echo 'exit 0' >tests/cli/good.sh
echo 'echo some words; exit 3' >tests/cli/bad.sh
echo 'echo because; exit 77' >tests/cli/skipped.sh
echo 'exit 1' >tests/cli/lib.sh
printf '#!/bin/sh\nprintf "ok 1 - a\\nok 2 - b\\nno data here\\nnot ok 3 # SKIP c\\n1..3\\n"\n' >build/tests/three
printf '#!/bin/sh\nprintf "ok 1 - a\\nnot ok 2 - b\\n"\nexit 1\n' >build/tests/double-half
printf '#!/bin/sh\nkill -SEGV $$\n' >build/tests/crash
printf '#!/bin/sh\nexit 0\n' >build/tests/silent
printf '#!/bin/sh\necho "ok 1 - a"; echo "ok 2 - leaves something" >left\n' >build/tests/tidy
chmod +x build/tests/*

run scripts/run-tests build
status 1
[ "$(tail -n 1 out)" = '5 passed, 4 failed, 2 skipped' ] || fail "the counts are wrong"
out_has 'ok    cli/good * 1 passed  (*s)'
out_has 'FAIL  cli/bad * 0 passed, 1 failed  (*s)'
out_has '      | some words'
out_has 'skip  unit/three * 2 passed, 1 skipped  (*s)'
out_has 'FAIL  double/half * 1 passed, 1 failed  (*s)'
out_has 'FAIL  unit/crash * 0 passed, 1 failed  (*s)'
out_has 'FAIL  unit/silent * 0 passed, 1 failed  (*s)'
out_has '    cli/skipped: because'
out_has '    unit/three: c: no data here'
no_file left

run scripts/run-tests build 'unit/t*' cli/good
status 0
[ "$(tail -n 1 out)" = '4 passed, 0 failed, 1 skipped' ] || fail "the counts are wrong"
run scripts/run-tests build nothing
status 1
