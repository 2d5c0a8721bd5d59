#!/usr/bin/env bash
# Mail out, to a server that misbehaves by the domain of the recipient: hangs at each stage, says 4xx and 5xx, breaks the
# connection, dribbles. Each recipient has a state of their own, what hangs delays nobody else, what failed for good is
# told once, and a mail that is sent again has the same Message-ID.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
carrel=${CARREL:-build-test/carrel}
command -v sqlite3 >/dev/null || { echo "skipped: sqlite3 is missing"; exit 77; }
dir=$(mktemp -d /tmp/carrel-out-XXXXXX)
free() { python3 tests/ports.py; }
http=$(free) smtp=$(free)
serve= mta= passed=0 failed=0
cleanup() {
	[ -z "$serve" ] || { kill "$serve"; wait "$serve"; } 2>/dev/null
	[ -z "$mta" ] || kill "$mta" 2>/dev/null
	rm -rf "$dir"
}
trap cleanup EXIT
say() { if [ "$1" = 0 ]; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "FAILED $2"; fi; }
cat >"$dir/mta.py" <<'EOP'
import collections, os, socketserver, struct, socket, sys, time, uuid
grey = collections.Counter()
class H(socketserver.StreamRequestHandler):
    def handle(self):
        try: self.talk()
        except (OSError, ValueError): pass
    def talk(self):
        w = lambda s: (self.wfile.write(s.encode() + b'\r\n'), self.wfile.flush())
        hang = lambda: time.sleep(3600)
        reset = lambda: (self.request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0)), self.request.close())
        w('220 mta ESMTP'); dom = ''; rcpt = ''
        for raw in self.rfile:
            cmd = raw.strip().upper()
            if cmd.startswith(b'EHLO'): w('250-mta'); w('250 8BITMIME')
            elif cmd.startswith(b'MAIL'): w('250 ok')
            elif cmd.startswith(b'RCPT'):
                rcpt = raw.decode().split('<')[1].split('>')[0]; dom = rcpt.split('@')[1]
                if dom == 'hang-rcpt.example': hang()
                if dom == 'slow.example':
                    for c in b'250 ok ok ok ok ok ok ok ok ok ok ok ok ok ok ok\r\n': self.wfile.write(bytes([c])); self.wfile.flush(); time.sleep(1)
                    continue
                if dom == 'later.example': w('451 4.7.1 later'); continue
                if dom == 'grey.example':
                    grey[rcpt] += 1
                    if grey[rcpt] == 1: w('450 4.2.0 greylisted'); continue
                if dom == 'never.example': w('550 5.1.1 no such user'); continue
                if dom == 'reset-rcpt.example': reset(); return
                w('250 ok')
            elif cmd.startswith(b'DATA'):
                if dom == 'hang-data.example': hang()
                w('354 go'); lines = []
                for raw in self.rfile:
                    if raw == b'.\r\n': break
                    if b'\n' in raw[:-1] or not raw.endswith(b'\r\n'): w('554 bare line end'); return
                    lines.append(raw)
                if dom == 'hang-dot.example': hang()
                if dom == 'reset-dot.example': reset(); return
                name = uuid.uuid4().hex
                open(f'{sys.argv[2]}/{name}.tmp', 'wb').write(b'X-Rcpt: ' + rcpt.encode() + b'\r\n' + b''.join(lines))
                os.rename(f'{sys.argv[2]}/{name}.tmp', f'{sys.argv[2]}/{name}.eml')
                if dom == 'reset-after.example': reset(); return
                w('250 kept')
            elif cmd.startswith(b'QUIT'): w('221 bye'); return
            else: w('250 ok')
socketserver.ThreadingTCPServer.allow_reuse_address = True
socketserver.ThreadingTCPServer.daemon_threads = True
socketserver.ThreadingTCPServer.request_queue_size = 100
socketserver.ThreadingTCPServer(('127.0.0.1', int(sys.argv[1])), H).serve_forever()
EOP
mkdir "$dir/out"
python3 "$dir/mta.py" "$smtp" "$dir/out" & mta=$!
"$carrel" demo --data-dir "$dir/data" >/dev/null 2>&1
db=$dir/data/desk.db
sql() { sqlite3 -cmd '.timeout 5000' "$db" "$1"; }
sql "UPDATE outmail SET state = 4 WHERE state = 1;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300)
INSERT INTO outmail (kind, automatic, from_name, from_addr, to_name, to_addr, message_id, subject, text, state, next_at, created_at)
SELECT 'reply', 0, 'Desk', 'support@localhost', 'x', 'u' || i || '@hang-rcpt.example', 'hang' || i || '@localhost', 's', 't', 1, 0, strftime('%s', 'now') * 1000000 FROM n"
add() { # DOMAIN COUNT
	sql "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $2)
INSERT INTO outmail (kind, automatic, ticket_id, from_name, from_addr, to_name, to_addr, message_id, subject, text, state, next_at, created_at)
SELECT 'reply', 0, 1, 'Desk', 'support@localhost', 'x', 'u' || i || '@$1', '$1' || i || '@localhost', 's', 't', 1, 1, strftime('%s', 'now') * 1000000 FROM n"
}
for d in hang-data hang-dot slow later grey never reset-rcpt reset-dot reset-after; do add $d.example 2; done
for i in $(seq 10); do add good$i.example 10; done
openssl genrsa -out "$dir/dkim.pem" 2048 2>/dev/null
chmod 600 "$dir/dkim.pem"
start=$(date +%s)
"$carrel" serve --data-dir "$dir/data" --listen "127.0.0.1:$http" --base-url "http://localhost:$http" --smtp-url "smtp://127.0.0.1:$smtp" --smtp-timeout 3 --dkim-key-file "$dir/dkim.pem" --dkim-selector s1 >"$dir/serve.log" 2>&1 &
serve=$!
good() { cat "$dir"/out/*.eml 2>/dev/null | grep -c '^X-Rcpt: .*@good'; }
for _ in $(seq 300); do [ "$(good)" -ge 100 ] && break; sleep 0.2; done
took=$(($(date +%s) - start))
[ "$(good)" = 100 ] && [ "$took" -lt 60 ]; say $? "a hundred mails to good domains passed three hundred that hang, in $took s: $(good)"
for _ in $(seq 150); do [ "$(sql "SELECT COUNT(*) FROM outmail WHERE state = 1 AND error IS NULL AND to_addr NOT LIKE '%hang-rcpt%'")" = 0 ] && break; sleep 0.2; done
state() { sql "SELECT group_concat(DISTINCT state || ' ' || tries) FROM outmail WHERE to_addr LIKE '%@$1.example'"; }
for d in hang-data hang-dot later reset-rcpt reset-dot reset-after slow; do [ "$(state $d)" = '1 1' ]; say $? "$d waits for another try: $(state $d)"; done
[ "$(state never)" = '3 1' ]; say $? "5xx is final: $(state never)"
[ "$(sql "SELECT COUNT(*) FROM event WHERE kind = 'mail.failed' AND data LIKE '%never.example%'")" = 2 ]; say $? "and told once for each, on the ticket"
sql "SELECT error FROM outmail WHERE to_addr LIKE 'u1@never%'" | grep -q '550 5.1.1 no such user'; say $? "with what the server said"
[ "$(sql "SELECT COUNT(*) FROM outmail WHERE to_addr LIKE '%hang-rcpt%' AND state = 1")" = 300 ]; say $? "no mail to the hung domain is lost"
[ "$(sql "SELECT SUM(tries) FROM outmail WHERE to_addr LIKE '%hang-rcpt%'")" -le 8 ]; say $? "and only a few were tried: $(sql "SELECT SUM(tries) FROM outmail WHERE to_addr LIKE '%hang-rcpt%'")"
[ "$(sql "SELECT COUNT(*) FROM outmail WHERE to_addr LIKE '%later%' AND next_at < strftime('%s', 'now') * 1000000 + 200000000")" = 0 ]; say $? "not before some minutes"
sql "UPDATE outmail SET next_at = 1 WHERE to_addr LIKE '%@grey.example' OR to_addr LIKE '%@reset-after.example'"
curl -s "http://localhost:$http/healthz" >/dev/null
for _ in $(seq 100); do [ "$(state grey)" = '2 2' ] && [ "$(state reset-after)" = '1 2' ] && break; sleep 0.2; done
[ "$(state grey)" = '2 2' ]; say $? "greylisted, then sent: $(state grey)"
for i in 1 2; do [ "$(grep -l "X-Rcpt: u$i@reset-after" "$dir"/out/*.eml | xargs -r grep -h '^Message-ID' | sort | uniq -c | awk '{ print $1 }')" = 2 ]; say $? "sent again after a broken answer: the same Message-ID"; done
[ "$(grep -l 'X-Rcpt: .*@good' "$dir"/out/*.eml | xargs -r grep -h '^Message-ID' | sort | uniq -d | wc -l)" = 0 ]; say $? "no other mail twice"
if /usr/bin/python3 -c 'import dkim' 2>/dev/null; then
	for kind in rsa ed25519; do
		if [ $kind = ed25519 ]; then
			openssl genpkey -algorithm ed25519 -out "$dir/dkim.pem" 2>/dev/null
			add signed.example 1
			for _ in $(seq 50); do [ "$(state signed)" = '2 1' ] && break; sleep 0.2; done
			mail=$(grep -l 'X-Rcpt: .*@signed' "$dir"/out/*.eml | head -1)
			p=$(openssl pkey -in "$dir/dkim.pem" -pubout -outform DER | tail -c 32 | base64 -w0)
		else
			mail=$(grep -l 'X-Rcpt: .*@good' "$dir"/out/*.eml | head -1)
			p=$(openssl rsa -in "$dir/dkim.pem" -pubout -outform DER 2>/dev/null | base64 -w0)
		fi
		/usr/bin/python3 - "$mail" "v=DKIM1; k=$kind; p=$p" <<'EOP'
import dkim, sys
raw = open(sys.argv[1], 'rb').read().split(b'\r\n', 1)[1]
good = dkim.verify(raw, dnsfunc=lambda name, timeout=5: sys.argv[2].encode())
bad = dkim.verify(raw.replace(b'Subject: s', b'Subject: t'), dnsfunc=lambda name, timeout=5: sys.argv[2].encode())
sys.exit(not good or bad)
EOP
		say $? "another program finds our signature good ($kind), and bad when a letter changed"
	done
fi
! grep -qE 'AddressSanitizer|runtime error' "$dir/serve.log"; say $? "the sanitizers saw nothing"
[ "$failed" = 0 ] || { tail -20 "$dir/serve.log"; sql "SELECT id, to_addr, state, tries, error FROM outmail WHERE to_addr NOT LIKE '%good%' AND to_addr NOT LIKE '%hang-rcpt%'" | head -40; }
echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" = 0 ]
