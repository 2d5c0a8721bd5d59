#!/usr/bin/env bash
# Starts a PostgreSQL of the tests' own in a fresh folder, on a Unix socket and a free loopback port, and prints
#   URL
#   FOLDER (for pg-stop.sh)
# Durable settings are the defaults; nothing outside the folder is touched.
set -eu
bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -1)
dir=$(mktemp -d /tmp/carrel-pg-XXXXXX)
port=$(python3 "$(dirname "$0")/ports.py")
as() { if [ "$(id -u)" = 0 ]; then runuser -u postgres -- "$@"; else "$@"; fi; }
[ "$(id -u)" != 0 ] || chown postgres "$dir"
chmod 755 "$dir"
as "$bin/initdb" -D "$dir/data" -U carrel -A trust -E UTF8 --locale=C.UTF-8 >"$dir/initdb.log" 2>&1
cat >>"$dir/data/postgresql.conf" <<EOF
listen_addresses = '127.0.0.1'
port = $port
unix_socket_directories = '$dir'
max_connections = 200
shared_buffers = 128MB
EOF
as "$bin/pg_ctl" -D "$dir/data" -w -l "$dir/server.log" start >/dev/null
as "$bin/createdb" -h 127.0.0.1 -p "$port" -U carrel carrel
echo "postgres://carrel@127.0.0.1:$port/carrel"
echo "$dir"
