#!/usr/bin/env bash
# A real mail all the way: Postfix hands it over by LMTP, a ticket opens, the acknowledgement goes out by Postfix; an
# unknown sender is kept for triage and answered once; the same mail twice is one; what waits nowhere is counted.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
carrel=${CARREL:-build-test/carrel}
[ "$(id -u)" = 0 ] || { echo "skipped: Postfix needs root"; exit 77; }
command -v postfix >/dev/null && command -v swaks >/dev/null || { echo "skipped: postfix or swaks is missing"; exit 77; }
dir=$(mktemp -d /tmp/carrel-mail-XXXXXX)
free() { python3 tests/ports.py; }
export CARREL_SUPPORT_ADDR=support@desk.example
http=$(free) lmtp=$(free) smtp=$(free) sink=$(free)
serve= sinkpid= passed=0 failed=0
cleanup() {
	postfix -c "$dir/postfix" stop >/dev/null 2>&1
	[ -z "$serve" ] || { kill "$serve"; wait "$serve"; } 2>/dev/null
	[ -z "$sinkpid" ] || kill "$sinkpid" 2>/dev/null
	rm -rf "$dir"
}
trap cleanup EXIT
say() { if [ "$1" = 0 ]; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "FAILED $2"; fi; }

# A sink that keeps what it is sent, in Python's own words of SMTP.
cat >"$dir/sink.py" <<'EOF'
import socketserver, sys, os, uuid
class H(socketserver.StreamRequestHandler):
    def handle(self):
        w = lambda s: self.wfile.write(s.encode() + b'\r\n')
        w('220 sink ESMTP'); data = False; lines = []; head = []
        for raw in self.rfile:
            line = raw.rstrip(b'\r\n')
            if data:
                if line == b'.':
                    n = uuid.uuid4().hex  # two mails may end in the same moment
                    with open(f'{sys.argv[2]}/{n}.tmp', 'wb') as f: f.write(b'\n'.join(head + lines))
                    os.rename(f'{sys.argv[2]}/{n}.tmp', f'{sys.argv[2]}/{n}.eml')
                    data = False; lines = []; head = []; w('250 kept')
                else:
                    lines.append(line)
                continue
            cmd = line.upper()
            if cmd.startswith(b'EHLO'): w('250-sink'); w('250 8BITMIME')
            elif cmd.startswith(b'DATA'): data = True; w('354 go')
            elif cmd.startswith(b'QUIT'): w('221 bye'); return
            else:
                if cmd.startswith((b'MAIL', b'RCPT')): head.append(b'X-Envelope: ' + line)
                w('250 ok')
socketserver.ThreadingTCPServer.allow_reuse_address = True
socketserver.ThreadingTCPServer(('127.0.0.1', int(sys.argv[1])), H).serve_forever()
EOF
mkdir "$dir/out" "$dir/postfix" "$dir/queue" "$dir/lib"
python3 "$dir/sink.py" "$sink" "$dir/out" & sinkpid=$!

chmod 755 "$dir"
chown postfix "$dir/lib"
cat >"$dir/postfix/main.cf" <<EOF
compatibility_level = 3.6
queue_directory = $dir/queue
data_directory = $dir/lib
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
myhostname = mx.desk.example
mydestination =
local_recipient_maps =
alias_maps =
maillog_file = $dir/postfix.log
maillog_file_prefixes = /tmp
relay_domains = desk.example
transport_maps = inline:{{desk.example=lmtp:inet:127.0.0.1:$lmtp}}
default_transport = smtp:[127.0.0.1]:$sink
recipient_delimiter = +
smtpd_recipient_restrictions = permit_mynetworks, reject
disable_dns_lookups = yes
EOF
postconf -c /etc/postfix -M 2>/dev/null | grep -v '^smtp  *inet\|^postlog' >"$dir/postfix/master.cf"
echo "127.0.0.1:$smtp inet n - n - - smtpd" >>"$dir/postfix/master.cf"
echo "postlog unix-dgram n - n - 1 postlogd" >>"$dir/postfix/master.cf"
sed -i -E 's/^(\S+\s+\S+\s+\S+\s+\S+\s+)y/\1n/' "$dir/postfix/master.cf"
postfix -c "$dir/postfix" start >"$dir/start.log" 2>&1 || { cat "$dir/start.log"; echo "0 passed, 1 failed, 0 skipped"; exit 1; }

"$carrel" demo --data-dir "$dir/data" >/dev/null 2>&1
"$carrel" serve --data-dir "$dir/data" --listen "127.0.0.1:$http" --base-url "http://localhost:$http" --support-addr support@desk.example \
	--lmtp-listen "127.0.0.1:$lmtp" --smtp-url "smtp://127.0.0.1:$smtp" >"$dir/serve.log" 2>&1 &
serve=$!
for _ in $(seq 100); do curl -fs "http://localhost:$http/healthz" >/dev/null && break; sleep 0.1; done

printf '\x89PNG\r\n\x1a\n0000IHDR' >"$dir/shot.png"
swaks --silent 2 --server 127.0.0.1 --port "$smtp" --from manager@campus.example --to support@desk.example --header 'Subject: The quiz page stays blank' \
	--header 'Message-Id: <first@campus.example>' --body 'Since this morning the quiz stays blank.' --attach-type image/png --attach "@$dir/shot.png" >/dev/null 2>&1
say $? "Postfix takes the customer's mail"
swaks --silent 2 --server 127.0.0.1 --port "$smtp" --from stranger@elsewhere.example --to support@desk.example --header 'Subject: Hello' --body 'Who are you?' >/dev/null 2>&1
say $? "Postfix takes the stranger's mail"
has() { grep -lq "$@" "$dir"/out/*.eml 2>/dev/null; }
for _ in $(seq 150); do has 'RCPT TO:<manager@campus.example>' && has 'RCPT TO:<stranger@elsewhere.example>' && break; sleep 0.2; done
ack=$(grep -l 'RCPT TO:<manager@campus.example>' "$dir"/out/*.eml 2>/dev/null | xargs -r grep -l 'quiz page' | head -1)
[ -n "$ack" ]; say $? "the acknowledgement reached the customer through SMTP"
[ -n "$ack" ] && grep -q 'Auto-Submitted: auto-replied' "$ack"; say $? "it says that it is automatic"
[ -n "$ack" ] && grep -qi 'MAIL FROM:<>' "$ack"; say $? "its envelope sender is null"
[ -n "$ack" ] && grep -qE 'CAR-[0-9]+-[0-9]' "$ack"; say $? "it carries the number"
has 'RCPT TO:<stranger@elsewhere.example>'; say $? "the stranger was answered"
! grep -h -A99 'RCPT TO:<stranger@elsewhere.example>' "$dir"/out/*.eml | grep -q 'Who are you'; say $? "and nothing of the stranger's words came back"

# Quoted-printable soft breaks may cut the link.
link=$([ -n "$ack" ] && python3 -c 'import email, email.policy, re, sys; m = email.message_from_binary_file(open(sys.argv[1], "rb"), policy=email.policy.default); print(re.search(r"(/claim/\S+)\?is=incident", m.get_body(("plain",)).get_content()).group(1))' "$ack")
curl -fs "http://localhost:$http$link?is=incident" | grep -q 'Criticality 1'; say $? "the acknowledgement's link asks how bad it is"
curl -s -o /dev/null -w '%{http_code}' -H "Origin: http://localhost:$http" -d is=2 "http://localhost:$http$link" | grep -q 303; say $? "the writer says so without signing in"
curl -fs "http://localhost:$http$link" -o /dev/null -w '%{http_code}' | grep -q 200; say $? "and may look again"
reply=$([ -n "$ack" ] && sed -n 's/^Reply-To:.*<\(.*\)>.*/\1/p' "$ack" | head -1)
[ -n "$reply" ] || reply=$([ -n "$ack" ] && grep -A1 '^Reply-To:' "$ack" | tr -d '\n' | sed 's/.*<\(.*\)>.*/\1/')
swaks --silent 2 --server 127.0.0.1 --port "$smtp" --from manager@campus.example --to "$reply" --header 'Subject: Re: whatever' --body 'It also fails on the telephone.' >/dev/null 2>&1
swaks --silent 2 --server 127.0.0.1 --port "$smtp" --from stranger@elsewhere.example --to "$reply" --header 'Subject: Re: whatever' --body 'Let me in.' >/dev/null 2>&1
for _ in $(seq 100); do
	"$carrel" verify --data-dir "$dir/data" >"$dir/verify" 2>/dev/null
	grep -q '^LMTP .* triage 2 .* waiting 0' "$dir/verify" && break
	sleep 0.3
done
# What the desk tells its agents bounces here, because this Postfix knows none of them; that is filed, too.
grep -qE '^LMTP  accepted [0-9]+ = messages [2-9] \+ triage 2 \+ quarantine 0 \+ refused 0 \+ duplicates 0 \+ waiting 0' "$dir/verify"
say $? "the customer's two mails are messages, the stranger's two are in triage: $(head -1 "$dir/verify")"
grep -q 'missing 0' "$dir/verify"; say $? "every file is there"
[ "$(grep -l 'RCPT TO:<stranger@elsewhere.example>' "$dir"/out/*.eml | wc -l)" = 1 ]; say $? "the stranger was answered once"
"$carrel" mail deliver -f manager@campus.example nobody@desk.example --data-dir "$dir/data" </dev/null >/dev/null 2>&1
[ $? = 67 ]; say $? "the pipe refuses an address that is not ours (67)"
kill -9 "$serve"; wait "$serve" 2>/dev/null; serve=
printf 'From: manager@campus.example\nMessage-ID: <pipe@campus.example>\nSubject: By pipe\n\nHello\n' | "$carrel" mail deliver -f manager@campus.example support@desk.example --data-dir "$dir/data" 2>/dev/null
say $? "the pipe keeps a mail after the desk was killed"
"$carrel" mail run --data-dir "$dir/data" 2>/dev/null | grep -q '1 mails filed'; say $? "and it is filed"
[ "$failed" = 0 ] || { tail -30 "$dir/serve.log"; cat "$dir/verify"; tail -20 "$dir/postfix.log" 2>/dev/null; }
echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" = 0 ]
