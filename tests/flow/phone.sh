#!/usr/bin/env bash
# The telephone line from outside: whole calls by sipp, see _phone.py.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
work=$(mktemp -d "${TMPDIR:-/tmp}/carrel-phone-XXXXXX")
trap 'rm -rf "$work"' EXIT
python3 tests/flow/_phone.py "${CARREL:-build/carrel}" "$work" "$@"
