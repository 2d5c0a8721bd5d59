#!/usr/bin/env bash
# The command line as somebody meets it who knows nothing yet: each command explains itself and does nothing else, a wrong
# one is named.
set -u
carrel=${CARREL:-build-test/carrel}
case $carrel in /*) ;; *) carrel=$PWD/$carrel ;; esac
dir=$(mktemp -d /tmp/carrel-commands-XXXXXX)
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 1
passed=0 failed=0
say() { if [ "$1" = 0 ]; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "FAILED $2"; fi; }
for how in help --help -h; do
	"$carrel" "$how" | grep -q '^  serve '
	say $? "carrel $how lists the commands"
done
names=$("$carrel" help | sed -nE 's/^  ([a-z]+) .*/\1/p' | sort -u)
[ "$(echo "$names" | wc -l)" -gt 10 ]
say $? "there are commands"
for name in $names; do
	for how in --help -h; do
		timeout 60 "$carrel" "$name" "$how" >out 2>err && head -n 1 out | grep -q "^usage: carrel $name" && [ ! -s err ]
		say $? "carrel $name $how: $(cat out err | head -n 3)"
	done
done
[ -z "$(find . -mindepth 1 -not -name out -not -name err)" ]
say $? "nothing was made: $(ls)"
"$carrel" nonsense >out 2>err
[ $? = 64 ] && grep -q nonsense err
say $? "a command that there is not is named"
"$carrel" --version | grep -qE '^carrel [0-9]+\.[0-9]+'
say $? "the version"
echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" = 0 ]
