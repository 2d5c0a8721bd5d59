#!/usr/bin/env bash
# The API against the real program, over HTTP, on a PostgreSQL of its own.
cd "$(dirname "$0")" || exit 1
python3 -c 'import jsonschema' 2>/dev/null || { echo "skipped: python3-jsonschema is missing"; exit 77; }
out=$(../pg-start.sh 2>&1) || { echo "$out"; exit 77; }
folder=$(echo "$out" | sed -n 2p)
trap '../pg-stop.sh "$folder" >/dev/null 2>&1' EXIT
python3 _api.py "$(echo "$out" | sed -n 1p)"
