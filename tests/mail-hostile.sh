#!/usr/bin/env bash
# Mail out when TLS is wanted (smtp-starttls) and the server, or somebody on the way, is hostile: STARTTLS taken away or
# refused, a certificate of another authority or of another host, answers put in before the handshake, a banner without
# end, a reply without end. No mail is lost, no word of one goes in clear, and others go meanwhile.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
carrel=${CARREL:-build-test/carrel}
command -v sqlite3 >/dev/null && command -v openssl >/dev/null || { echo "skipped: sqlite3 or openssl is missing"; exit 77; }
dir=$(mktemp -d /tmp/carrel-hostile-XXXXXX)
serve= mta= passed=0 failed=0
cleanup() {
	: >"$dir/release"
	[ -z "$serve" ] || { kill "$serve"; wait "$serve"; } 2>/dev/null
	[ -z "$mta" ] || kill "$mta" 2>/dev/null
	rm -rf "$dir"
}
trap cleanup EXIT
say() { if [ "$1" = 0 ]; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "FAILED $2"; fi; }
authority() { openssl req -x509 -newkey rsa:2048 -nodes -keyout "$dir/$1.key" -out "$dir/$1.pem" -days 30 -subj "/CN=$1" 2>/dev/null; }
certificate() { # NAME AUTHORITY HOST
	openssl req -newkey rsa:2048 -nodes -keyout "$dir/$1.key" -out "$dir/$1.csr" -subj "/CN=$3" 2>/dev/null
	openssl x509 -req -in "$dir/$1.csr" -CA "$dir/$2.pem" -CAkey "$dir/$2.key" -CAcreateserial -days 30 -out "$dir/$1.pem" \
		-extfile <(echo "subjectAltName=DNS:$3") 2>/dev/null
}
authority ours; authority theirs
certificate good ours localhost; certificate wrong-ca theirs localhost; certificate wrong-host ours elsewhere.example
cat >"$dir/mta.py" <<'EOP'
# Connections get these in turn, then everybody is treated well; once the file "floods" is there, four more are flooded.
import os, socketserver, ssl, sys, threading, time, uuid
DIR = sys.argv[1]
TURNS = ['stripped', 'refused', 'wrong-ca', 'wrong-host', 'injected', 'greets-554', 'wants-530', 'huge-banner'] * 2
FLOODS = ['banner', 'reply'] * 2
lock = threading.Lock()
def context(name):
    c = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER); c.load_cert_chain(f'{DIR}/{name}.pem', f'{DIR}/{name}.key'); return c
CONTEXT = {n: context(n) for n in ('good', 'wrong-ca', 'wrong-host')}
def note(name, text):
    with lock, open(f'{DIR}/{name}', 'a') as f: f.write(text + '\n')
class H(socketserver.BaseRequestHandler):
    def handle(self):
        with lock:
            if os.path.exists(f'{DIR}/floods') and FLOODS: self.mode = FLOODS.pop(0)
            else: self.mode = TURNS.pop(0) if TURNS else 'good'
        note('modes', self.mode)
        try: self.talk(self.request)
        except (OSError, ValueError) as e: note('ends', f'{self.mode} {e}')
    def flood(self, s, what):
        note('flooding', self.mode)
        while not os.path.exists(f'{DIR}/release'):
            s.sendall(what * (20000 // len(what))); time.sleep(0.02)
    def talk(self, s):
        m, tls, rcpt = self.mode, False, ''
        w = lambda t: s.sendall(t.encode() + b'\r\n')
        if m == 'banner': return self.flood(s, b'220-x')
        if m == 'huge-banner': s.sendall(b'220-' + b'y' * (4 << 20)); return
        if m == 'greets-554': return w('554 5.3.2 no mail here today')
        w('220 mta ESMTP')
        f = s.makefile('rb')
        for raw in f:
            cmd = raw.strip().upper()
            if not tls and not cmd.startswith((b'EHLO', b'HELO', b'STARTTLS', b'QUIT', b'NOOP', b'RSET')): note('clear', f'{m} {raw!r}')
            if cmd.startswith(b'EHLO'):
                if m == 'reply': return self.flood(s, b'250-X-MORE\r\n')
                w('250-mta')
                if not tls and m != 'stripped': w('250-STARTTLS')
                w('250 8BITMIME')
            elif cmd.startswith(b'STARTTLS'):
                if m == 'refused': w('454 4.7.0 not now'); continue
                s.sendall(b'220 go\r\n' + (b'250 injected\r\n' if m == 'injected' else b''))
                s = CONTEXT.get(m, CONTEXT['good']).wrap_socket(s, server_side=True)
                tls, f = True, None
                f = s.makefile('rb')
                return self.inside(s, f)
            elif cmd.startswith(b'QUIT'): w('221 bye'); return
            elif cmd.startswith(b'DATA'): w('354 go')
            else: w('250 ok')
    def inside(self, s, f):
        w = lambda t: s.sendall(t.encode() + b'\r\n')
        rcpt = ''
        for raw in f:
            cmd = raw.strip().upper()
            if cmd.startswith(b'MAIL') and self.mode == 'wants-530': w('530 5.7.1 sign in first')
            elif cmd.startswith(b'RCPT'): rcpt = raw.decode().split('<')[1].split('>')[0]; w('250 ok')
            elif cmd.startswith(b'DATA'):
                w('354 go')
                for raw in f:
                    if raw == b'.\r\n': break
                name = f'{DIR}/out/{uuid.uuid4().hex}'
                open(name, 'w').write(f'{self.mode} {rcpt}\n'); os.rename(name, name + '.eml')
                w('250 kept')
            elif cmd.startswith(b'QUIT'): w('221 bye'); return
            else: w('250 ok')
class S(socketserver.ThreadingTCPServer):
    daemon_threads = True; request_queue_size = 100
with S(('127.0.0.1', 0), H) as srv:
    open(f'{DIR}/port.tmp', 'w').write(str(srv.server_address[1])); os.rename(f'{DIR}/port.tmp', f'{DIR}/port')
    srv.serve_forever()
EOP
mkdir "$dir/out"
python3 "$dir/mta.py" "$dir" & mta=$!
until_true() { for _ in $(seq 600); do "$@" && return; sleep 0.1; done; return 1; } # a minute
until_true test -s "$dir/port" || { echo "the hostile server did not start"; exit 1; }
sql() { sqlite3 -cmd '.timeout 20000' "$dir/data/desk.db" "$1"; }
add() { # DOMAIN COUNT: one mail to each of so many domains
	sql "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $2)
INSERT INTO outmail (kind, automatic, from_name, from_addr, to_name, to_addr, message_id, subject, text, state, next_at, created_at)
SELECT 'reply', 0, 'Desk', 'support@localhost', 'x', 'u@' || i || '.$1', '$1' || i || '@localhost', 's', 'secret words', 1, 1, strftime('%s', 'now') * 1000000 FROM n"
}
http=$(python3 tests/ports.py)
"$carrel" serve --data-dir "$dir/data" --listen "127.0.0.1:$http" --base-url "http://localhost:$http" --smtp-url "smtp://localhost:$(cat "$dir/port")" \
	--smtp-starttls yes --smtp-ca-file "$dir/ours.pem" --smtp-timeout 200 >"$dir/serve.log" 2>&1 &
serve=$!
up() { curl -sf -o "$dir/health" "http://localhost:$http/healthz"; }
until_true up || { echo "the desk did not start"; cat "$dir/serve.log"; exit 1; }
add hostile.example 16
count() { sql "SELECT COUNT(*) FROM outmail WHERE to_addr LIKE '%.$1' AND $2"; }
is() { [ "$(count "$1" "$2")" = "$3" ]; }
until_true is hostile.example 'error IS NOT NULL' 16
say $? "each of sixteen mails met a hostile server: $(count hostile.example 'error IS NOT NULL')"
[ "$(sort "$dir/modes" | uniq -c | awk '{ print $1 }' | sort -u)" = 2 ]; say $? "two met each kind: $(sort "$dir/modes" | uniq -c | tr '\n' ' ')"
is hostile.example 'state = 1 AND tries = 1' 16; say $? "all of them wait for another try: $(count hostile.example 'state = 1')"
[ -z "$(ls "$dir/out")" ]; say $? "none was handed over: $(cat "$dir"/out/* 2>/dev/null)"
[ ! -e "$dir/clear" ]; say $? "no word of the envelope or the mail went in clear: $(cat "$dir/clear" 2>/dev/null)"
is hostile.example "error LIKE '%certificate%'" 4; say $? "what was wrong with the certificate is said: $(sql "SELECT DISTINCT error FROM outmail WHERE to_addr LIKE '%hostile%'")"

sql "UPDATE outmail SET next_at = 1 WHERE to_addr LIKE '%.hostile.example'"
until_true is hostile.example 'state = 2' 16; say $? "all are sent when the server is good again: $(count hostile.example 'state = 2')"
[ "$(sort -u "$dir"/out/*.eml | wc -l)" = 16 ] && [ "$(cat "$dir"/out/*.eml | wc -l)" = 16 ]; say $? "each once"

: >"$dir/floods"
add flood.example 4
flooding() { [ "$(cat "$dir/flooding" 2>/dev/null | wc -l)" = 4 ]; }
until_true flooding; say $? "four mails are held by floods: $(cat "$dir/flooding" 2>/dev/null | tr '\n' ' ')"
add others.example 20
until_true is others.example 'state = 2' 20; say $? "twenty others go meanwhile: $(count others.example 'state = 2')"
is flood.example 'state = 1' 4; say $? "none of the four is lost"
: >"$dir/release"
until_true is flood.example 'error IS NOT NULL' 4; say $? "what became of them is said: $(sql "SELECT DISTINCT error FROM outmail WHERE to_addr LIKE '%flood%'")"
sql "UPDATE outmail SET next_at = 1 WHERE to_addr LIKE '%.flood.example'"
until_true is flood.example 'state = 2' 4; say $? "and they are sent when the flood ended: $(count flood.example 'state = 2')"
[ ! -e "$dir/clear" ]; say $? "nothing went in clear to the end: $(cat "$dir/clear" 2>/dev/null)"
! grep -qE 'AddressSanitizer|runtime error' "$dir/serve.log"; say $? "the sanitizers saw nothing"
[ "$failed" = 0 ] || { tail -20 "$dir/serve.log"; cat "$dir/ends" 2>/dev/null; }
echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" = 0 ]
