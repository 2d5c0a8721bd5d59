#!/usr/bin/env bash
# What a stranger may try, and every address asked by everybody, on a PostgreSQL of its own: its transactions run side by
# side, where those of SQLite wait for each other.
cd "$(dirname "$0")" || exit 1
passed=0 failed=0 folder=
trap '[ -z "$folder" ] || ../pg-stop.sh "$folder" >/dev/null 2>&1' EXIT
for part in _security.py _matrix.py; do
	out=$(../pg-start.sh 2>&1) || { echo "$out"; exit 77; }
	folder=$(echo "$out" | sed -n 2p)
	said=$(python3 "$part" "$(echo "$out" | sed -n 1p)")
	code=$?
	echo "$said" | grep -v ' skipped$'
	tally=$(echo "$said" | tail -1 | sed -nE 's/^([0-9]+) passed, ([0-9]+) failed, .*/\1 \2/p')
	set -- $tally
	passed=$((passed + ${1:-0})) failed=$((failed + ${2:-0}))
	[ -n "$tally" ] || { echo "FAILED $part ended early ($code)"; failed=$((failed + 1)); }
	../pg-stop.sh "$folder" >/dev/null 2>&1
	folder=
done
echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" = 0 ]
