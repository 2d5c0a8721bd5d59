#!/usr/bin/env bash
# Mails of our own and, where they are, the corpora of strangers, held against a second parser (tools/strangers.py).
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
: "${CARREL:=build-test/carrel}"
dir=$(mktemp -d "${TMPDIR:-/tmp}/carrel-agree-XXXXXX")
trap 'rm -rf "$dir"' EXIT
corpora=
for c in ../shared/corpora/mail ../../shared/corpora/mail; do
	[ -d "$c" ] && corpora=$c && break
done

# Each mail of the labelled sets is a file of its own.
for f in tests/bounces/*.txt; do
	set=$dir/own-$(basename "$f" .txt)
	mkdir -p "$set"
	awk -v set="$set" '/^=== / { close(out); out = sprintf("%s/%03d.eml", set, ++n); next } { print > out }' "$f"
done
skipped=0
if [ -n "$corpora" ]; then
	cp -r "$corpora" "$dir/strangers"
else
	echo "skipped mails of strangers: no ../shared/corpora/mail"
	skipped=1
fi
python3 tools/strangers.py agree "$CARREL" "$dir" | grep -v "^differs" | sed "\$s/0 skipped\$/$skipped skipped/"
exit "${PIPESTATUS[0]}"
