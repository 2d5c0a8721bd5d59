#!/usr/bin/env bash
# Ends the PostgreSQL that pg-start.sh started in FOLDER, by its own control file.
set -eu
bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -1)
as() { if [ "$(id -u)" = 0 ]; then runuser -u postgres -- "$@"; else "$@"; fi; }
as "$bin/pg_ctl" -D "$1/data" -m immediate stop >/dev/null
rm -rf "$1"
