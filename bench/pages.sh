#!/usr/bin/env bash
# Pages as ratios to nginx serving a file of the same size, measured in the same run: bench/pages.sh [TICKETS]
# Absolute numbers of one machine at one moment mean little; the ratio is what to compare.
set -euo pipefail
cd "$(dirname "$0")/.."
carrel=${CARREL:-build-run/carrel} n=${1:-5000}
dir=$(mktemp -d /tmp/carrel-bench-XXXXXX) pid=
cleanup() { [ -z "$pid" ] || kill "$pid" 2>/dev/null; [ ! -f "$dir/nginx.pid" ] || kill "$(cat "$dir/nginx.pid")"; rm -rf "$dir"; }
trap cleanup EXIT
free() { python3 -c 'import socket; s=socket.socket(); s.bind(("127.0.0.1",0)); print(s.getsockname()[1])'; }
port=$(free) web=$(free) base=http://localhost:$port
chmod 755 "$dir"
"$carrel" demo --data-dir "$dir/data" >"$dir/logins" 2>/dev/null
"$carrel" bench seed --tickets "$n" --data-dir "$dir/data" >/dev/null 2>&1
from=$(date +%s%N)
"$carrel" serve --data-dir "$dir/data" --listen "127.0.0.1:$port" --base-url "$base" --log-level error >"$dir/log" 2>&1 &
pid=$!
until curl -fs -o /dev/null "$base/sign-in"; do sleep 0.01; done
start=$((($(date +%s%N) - from) / 1000000))
sleep 3
rss=$(awk '/VmRSS/ {print int($2 / 1024)}' "/proc/$pid/status")
curl -s -c "$dir/jar" -o /dev/null -H "Origin: $base" --data-urlencode email=agent@desk.example \
	--data-urlencode "password=$(awk '/agent@desk/ {print $NF}' "$dir/logins")" "$base/sign-in"
cookie=$(awk '/session/ {print $6 "=" $7}' "$dir/jar")
ticket=$(curl -s -H "Cookie: $cookie" "$base/desk/views/all" | grep -o '/desk/tickets/CAR-[0-9-]*' | head -1)
mkdir "$dir/www"
curl -fs -H "Cookie: $cookie" "$base$ticket" -o "$dir/www/page.html"
cat >"$dir/nginx.conf" <<EOF
worker_processes 2; pid $dir/nginx.pid; error_log $dir/nginx.err;
events { worker_connections 512; }
http { access_log off; sendfile on; open_file_cache max=100; keepalive_requests 1000000;
  server { listen 127.0.0.1:$web; root $dir/www; } }
EOF
nginx -c "$dir/nginx.conf"
rate() { wrk -t1 -c16 -d4 "$@" | awk '/Requests\/sec/ {print int($2)}'; }
file=$(rate "http://127.0.0.1:$web/page.html")
page=$(rate -H "Cookie: $cookie" "$base$ticket")
queue=$(rate -H "Cookie: $cookie" "$base/desk/views/all")
row() { printf '%-48s %8s %8s\n' "$1" "$2" "$3"; }
row "tickets: $n" "per s" ratio
row "nginx, a file of $(stat -c %s "$dir/www/page.html") bytes" "$file" 1
row "agent's ticket page (bar 0.25)" "$page" "$(awk "BEGIN {printf \"%.2f\", $page / $file}")"
row "queue page of 50 (bar 0.2)" "$queue" "$(awk "BEGIN {printf \"%.2f\", $queue / $file}")"
row "start to first page, ms (bar 300)" "$start" ""
row "idle resident memory, MB (bar 40)" "$rss" ""
