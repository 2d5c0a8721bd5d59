#!/usr/bin/env bash
# The API against the real program, over HTTP, on SQLite; api-postgres.sh does the same on PostgreSQL.
cd "$(dirname "$0")" || exit 1
python3 -c 'import jsonschema' 2>/dev/null || { echo "skipped: python3-jsonschema is missing"; exit 77; }
exec python3 _api.py
