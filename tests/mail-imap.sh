#!/usr/bin/env bash
# Mail from IMAP mailboxes: a real Dovecot (by password over TLS with IDLE, by STARTTLS, by OAuth), restarts in the
# middle, a mailbox that is made anew (UIDVALIDITY), a password that is wrong, and a server that lies in every way we
# could think of. Each mail is one message, whatever happens; what fails is said where people look.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
carrel=${CARREL:-build-test/carrel}
[ "$(id -u)" = 0 ] || { echo "skipped: Dovecot needs root"; exit 77; }
command -v dovecot >/dev/null && command -v openssl >/dev/null || { echo "skipped: dovecot or openssl is missing"; exit 77; }
dir=$(mktemp -d /tmp/carrel-imap-XXXXXX)
free() { python3 tests/ports.py; }
http=$(free) lmtp=$(free) imaps=$(free) imap=$(free) hostile=$(free) oauth=$(free)
serve= hpid= opid= passed=0 failed=0
stop_desk() { [ -z "$serve" ] || { kill "${1:--TERM}" "$serve"; wait "$serve"; } 2>/dev/null; serve=; }
cleanup() {
	stop_desk
	[ -e "$dir/run/master.pid" ] && doveadm -c "$dir/dovecot.conf" stop >/dev/null 2>&1
	[ -z "$hpid" ] || kill "$hpid" 2>/dev/null
	[ -z "$opid" ] || kill "$opid" 2>/dev/null
	rm -rf "$dir"
}
trap cleanup EXIT
say() { if [ "$1" = 0 ]; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "FAILED $2"; fi; }

# ---- a certificate of our own ----
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext 'subjectAltName=DNS:localhost,IP:127.0.0.1' \
	-keyout "$dir/key.pem" -out "$dir/cert.pem" >/dev/null 2>&1
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=other.example -addext 'subjectAltName=DNS:other.example' \
	-keyout "$dir/key2.pem" -out "$dir/cert2.pem" >/dev/null 2>&1

python3 tests/_oauth.py "$oauth" "$dir/oauth.state" & opid=$!
echo refuse >"$dir/mode"
python3 tests/_imap_hostile.py "$hostile" "$dir/cert.pem" "$dir/key.pem" "$dir/mode" & hpid=$!

# ---- Dovecot ----
mkdir -p "$dir/mail" "$dir/run" "$dir/state"
chmod 755 "$dir"
id vmail >/dev/null 2>&1 && owner=vmail || owner=mail
chown -R "$owner" "$dir/mail"
cat >"$dir/dovecot.conf" <<EOC
base_dir = $dir/run
state_dir = $dir/state
log_path = $dir/dovecot.log
protocols = imap
listen = 127.0.0.1
ssl = required
ssl_cert = <$dir/cert.pem
ssl_key = <$dir/key.pem
mail_location = maildir:$dir/mail/%n
mail_uid = $owner
mail_gid = mail
first_valid_uid = 1
default_internal_user = dovecot
default_login_user = dovenull
auth_mechanisms = plain login xoauth2 oauthbearer
disable_plaintext_auth = yes
passdb {
  driver = passwd-file
  args = $dir/users
  mechanisms = plain login
}
passdb {
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = $dir/oauth.conf
}
userdb {
  driver = static
  args = uid=$owner gid=mail home=$dir/mail/%n allow_all_users=yes
}
service imap-login {
  inet_listener imap {
    port = $imap
  }
  inet_listener imaps {
    port = $imaps
    ssl = yes
  }
}
service stats {
  unix_listener stats-writer {
    mode = 0666
  }
}
EOC
printf 'introspection_url = http://127.0.0.1:%s/introspect?token=\nintrospection_mode = auth\nusername_attribute = username\nactive_attribute = active\nactive_value = true\n' "$oauth" >"$dir/oauth.conf"
printf 'support:{PLAIN}right\ndesk2:{PLAIN}right\n' >"$dir/users"
chmod 644 "$dir/users" "$dir/oauth.conf" "$dir/key.pem"
dovecot -c "$dir/dovecot.conf" >"$dir/start.log" 2>&1 || { cat "$dir/start.log" "$dir/dovecot.log" 2>/dev/null; echo "0 passed, 1 failed, 0 skipped"; exit 1; }
for _ in $(seq 50); do (exec 3<>/dev/tcp/127.0.0.1/"$imaps") 2>/dev/null && break; sleep 0.1; done

put() { # USER N
	printf 'From: manager@campus.example\r\nTo: support@desk.example\r\nMessage-ID: <%s-%s@campus.example>\r\nSubject: Mail %s of %s\r\n\r\nWords %s\r\n' "$1" "$2" "$2" "$1" "$2" |
		doveadm -c "$dir/dovecot.conf" save -u "$1" -m "${3:-INBOX}" 2>>"$dir/doveadm.log"
}
printf right >"$dir/password"
chmod 600 "$dir/password"
boxes() { # what is read
	: >"$dir/boxes"
	local b
	for b in "$@"; do
		case $b in
		tls) printf '[support]\nurl = imaps://localhost:%s\nuser = support\npassword-file = %s/password\nca-file = %s/cert.pem\naddress = support@desk.example\ndone = move:Done\n' "$imaps" "$dir" "$dir" ;;
		starttls) printf '[incidents]\nurl = imap://localhost:%s\nuser = desk2\npassword-file = %s/password\nca-file = %s/cert.pem\naddress = incidents@desk.example\npoll = 5\n' "$imap" "$dir" "$dir" ;;
		team) printf '[incidents]\nurl = imap://localhost:%s\nuser = desk2\npassword-file = %s/password\nca-file = %s/cert.pem\npoll = 5\nteam = %s\nkind = incident\ncriticality = 4\n' "$imap" "$dir" "$dir" "$team" ;;
		wrong) printf '[wrong]\nurl = imaps://localhost:%s\nuser = support\npassword-file = %s/wrong\nca-file = %s/cert.pem\n' "$imaps" "$dir" "$dir" ;;
		name) printf '[name]\nurl = imaps://localhost:%s\nuser = support\npassword-file = %s/password\nca-file = %s/cert2.pem\n' "$imaps" "$dir" "$dir" ;;
		hostile) printf '[hostile]\nurl = imaps://localhost:%s\nuser = h\npassword-file = %s/password\nca-file = %s/cert.pem\n' "$hostile" "$dir" "$dir" ;;
		nowhere) printf '[nowhere]\nurl = imaps://localhost:%s\nuser = support\npassword-file = %s/password\nca-file = %s/cert.pem\naddress = support@desk.example\ndone = move:Nowhere\n' "$imaps" "$dir" "$dir" ;;
		oauth) printf '[oauth]\nurl = imaps://localhost:%s\nuser = support\nca-file = %s/cert.pem\noauth = %s\nclient-id = carrel\ntoken-url = http://127.0.0.1:%s/token\ndevice-url = http://127.0.0.1:%s/device\nauth-url = http://127.0.0.1:%s/authorize\nscope = mail offline_access\nrefresh-token-file = %s/refresh\ndone = keep\n' "$imaps" "$dir" "${mechanism:-xoauth2}" "$oauth" "$oauth" "$oauth" "$dir" ;;
		esac >>"$dir/boxes"
	done
}
desk() {
	"$carrel" serve --data-dir "$dir/data" --listen "127.0.0.1:$http" --base-url "http://localhost:$http" --support-addr support@desk.example \
		--mail-addresses incidents@desk.example --mailboxes-file "$dir/boxes" --lmtp-listen "127.0.0.1:$lmtp" >>"$dir/serve.log" 2>&1 &
	serve=$!
	for _ in $(seq 100); do curl -fs "http://localhost:$http/healthz" >/dev/null && return; sleep 0.1; done
}
counts() { "$carrel" verify --data-dir "$dir/data" 2>/dev/null; }
# Waits until IMAP has N messages.
until_messages() {
	for _ in $(seq "${2:-100}"); do counts | grep -q "^IMAP .*= messages $1 .* waiting 0" && return 0; sleep 0.2; done
	counts | grep '^IMAP'
	return 1
}
until_health() { for _ in $(seq 60); do curl -s "http://localhost:$http/healthz" | grep -q "$1" && return 0; sleep 0.2; done; return 1; }

"$carrel" demo --data-dir "$dir/data" >/dev/null 2>&1
printf wrong >"$dir/wrong"
chmod 600 "$dir/wrong"

# ---- by password, TLS and STARTTLS, IDLE ----
doveadm -c "$dir/dovecot.conf" mailbox create -u support Done 2>>"$dir/doveadm.log"
put support 1
put desk2 1
boxes tls starttls
desk
until_messages 2; say $? "what waits in two mailboxes is read, by TLS and by STARTTLS"
printf 'From: manager@campus.example\nTo: support@desk.example\nMessage-ID: <support-1@campus.example>\nSubject: Mail 1 of support\n\nWords 1\n' |
	"$carrel" mail deliver -f manager@campus.example support@desk.example --data-dir "$dir/data" --support-addr support@desk.example 2>/dev/null
for _ in $(seq 50); do counts | grep -q '^pipe .*duplicates 1 ' && break; sleep 0.2; done
for _ in $(seq 100); do counts | grep -q '^pipe .* waiting 0' && break; sleep 0.2; done # filed by the desk, a moment later
counts | grep -q '^pipe  accepted 1 = messages 0 .* duplicates 1 '; say $? "the same mail by the pipe, with other line ends, is not another one: $(counts | grep ^pipe)"
put support 2
until_messages 3 25; say $? "a new mail is there at once (IDLE)"
doveadm -c "$dir/dovecot.conf" search -u support mailbox Done all | wc -l | grep -qx 2; say $? "what was read is moved"
doveadm -c "$dir/dovecot.conf" search -u desk2 mailbox INBOX seen | wc -l | grep -qx 1; say $? "or marked as read"
curl -s "http://localhost:$http/metrics" | grep -q 'carrel_mail_channel_up{channel="imap:support"} 1'; say $? "the numbers say that it works"

# ---- restarts in the middle ----
for n in $(seq 3 22); do put support "$n"; done & puts=$!
for _ in 1 2 3; do
	sleep 0.4
	stop_desk -KILL
	desk
done
doveadm -c "$dir/dovecot.conf" stop >/dev/null 2>&1
sleep 0.5
dovecot -c "$dir/dovecot.conf" >/dev/null 2>&1
wait "$puts"
for n in $(seq 3 22); do doveadm -c "$dir/dovecot.conf" search -u support mailbox '*' header Message-ID "support-$n@campus.example" 2>/dev/null | grep -q . || put support "$n"; done
until_messages 23 200; say $? "killed three times and the server restarted: twenty mails are twenty messages"
counts | grep -q WRONG; [ $? = 1 ]; say $? "none twice, none nowhere"

# ---- one mail, fifty times at once, by all three ways ----
printf 'From: manager@campus.example\r\nTo: support@desk.example\r\nMessage-ID: <fifty@campus.example>\r\nSubject: Fifty times\r\n\r\nThe same words\r\n' >"$dir/same.eml"
messages() { counts | awk '/^(LMTP|pipe|IMAP) / { for (i = 1; i < NF; i++) if ($i == "messages") s += $(i + 1) } END { print s + 0 }'; }
moved() { doveadm -c "$dir/dovecot.conf" search -u support mailbox Done header Message-ID fifty@campus.example | wc -l; }
before=$(messages)
(for n in $(seq 20); do doveadm -c "$dir/dovecot.conf" save -u support -m INBOX <"$dir/same.eml" 2>>"$dir/doveadm.log" || echo save >>"$dir/fifty.log"; done) & saves=$!
(for n in $(seq 10); do "$carrel" mail deliver -f manager@campus.example support@desk.example --data-dir "$dir/data" --support-addr support@desk.example <"$dir/same.eml" 2>>"$dir/fifty.log" || echo pipe >>"$dir/fifty.log"; done) & pipes=$!
python3 - "$lmtp" "$dir/same.eml" <<'EOP' 2>>"$dir/fifty.log" || echo lmtp >>"$dir/fifty.log"
import smtplib, sys, threading
def send():
    with smtplib.LMTP('127.0.0.1', int(sys.argv[1]), timeout=60) as s:
        s.sendmail('manager@campus.example', ['support@desk.example'], open(sys.argv[2], 'rb').read())
    done.append(1)
done, threads = [], [threading.Thread(target=send) for _ in range(20)]
for t in threads: t.start()
for t in threads: t.join()
sys.exit(len(done) != 20)
EOP
wait "$saves" "$pipes"
for _ in $(seq 150); do [ "$(moved)" = 20 ] && break; sleep 0.2; done
[ "$(moved)" = 20 ] && [ ! -s "$dir/fifty.log" ]; say $? "twenty from a mailbox, twenty by LMTP and ten by the pipe are taken: $(moved) moved, $(cat "$dir/fifty.log" 2>/dev/null)"
for _ in $(seq 150); do counts | grep -q 'waiting [1-9]' || break; sleep 0.2; done
[ "$(messages)" = $((before + 1)) ]; say $? "and are one message: $(counts | grep -E '^(LMTP|pipe|IMAP)')"
extra=$(($(counts | sed -nE 's/^IMAP .*= messages ([0-9]+) .*/\1/p') - 23)) # the mailbox may have been the first

# ---- another UIDVALIDITY: the same mails by other numbers ----
stop_desk
for n in 23 24; do put support "$n"; done
doveadm -c "$dir/dovecot.conf" move -u support INBOX mailbox Done all 2>>"$dir/doveadm.log"
doveadm -c "$dir/dovecot.conf" stop >/dev/null 2>&1
sleep 0.3
rm -f "$dir/mail/support/dovecot-uidlist" "$dir"/mail/support/dovecot.index*
dovecot -c "$dir/dovecot.conf" >/dev/null 2>&1
desk
until_messages $((25 + extra)) 150; say $? "after UIDVALIDITY changed, only what was new became messages: $(counts | grep ^IMAP)"
grep -q imap.uidvalidity "$dir/serve.log"; say $? "and the log says that it changed"

# ---- who cannot sign in, and whose server is not who it says ----
stop_desk
boxes wrong name
desk
until_health 'imap:wrong: signing in: the server said NO'; say $? "a wrong password is said in /healthz, with the server's words"
until_health 'imap:name: the server.s TLS was refused'; say $? "a certificate nobody vouches for is refused"
curl -s "http://localhost:$http/metrics" | grep -q 'carrel_mail_channel_up{channel="imap:wrong"} 0'; say $? "and in the metrics"
stop_desk

# ---- a folder that is not there: those behind are read all the same ----
doveadm -c "$dir/dovecot.conf" expunge -u support mailbox INBOX all 2>>"$dir/doveadm.log"
for n in 1 2 3 4 5; do put support "$n"; done # which were filed before
boxes nowhere
desk
until_health 'Mail is read and kept, but stays as it was in the mailbox: [a-z]* a mail: the server said NO'; say $? "a mail that cannot be moved is said"
for _ in $(seq 150); do [ "$(grep -c 'imap.taken mailbox=nowhere' "$dir/serve.log")" -ge 5 ] && break; sleep 0.2; done
[ "$(grep -c 'imap.not-marked mailbox=nowhere' "$dir/serve.log")" = 5 ] && ! grep -q 'imap.failed mailbox=nowhere' "$dir/serve.log"; say $? "and holds up none of those behind it: $(grep -c 'imap.taken mailbox=nowhere' "$dir/serve.log")"
doveadm -c "$dir/dovecot.conf" search -u support mailbox INBOX all | wc -l | grep -qx 5; say $? "all of them are where they were"
stop_desk

# ---- OAuth ----
"$carrel" config check --data-dir "$dir/data" --mailboxes-file "$dir/boxes" >/dev/null 2>&1
boxes oauth
"$carrel" mail sign-in oauth --data-dir "$dir/data" --mailboxes-file "$dir/boxes" >"$dir/signin" 2>&1
say $? "a device code signs a mailbox in: $(tail -1 "$dir/signin")"
grep -q WDJB-MJHT "$dir/signin"; say $? "the administrator was told the code"
[ "$(stat -c %a "$dir/refresh" 2>/dev/null)" = 600 ]; say $? "the refresh token's file is closed to others"
first=$(cat "$dir/refresh" 2>/dev/null)
# The same by a link: first an answer of somebody else, then the browser's own; then the address pasted by hand.
link() { for _ in $(seq 600); do url=$(grep -o 'http://127[^ ]*/authorize[^ ]*' "$dir/signin") && return; sleep 0.1; done; return 1; }
"$carrel" mail sign-in oauth --browser --data-dir "$dir/data" --mailboxes-file "$dir/boxes" >"$dir/signin" 2>&1 </dev/null & lpid=$!
link; say $? "the administrator is told a link"
door=$(curl -s -o /dev/null -w '%{redirect_url}' "$url")
curl -s -o /dev/null -w '%{http_code}' "${door%%\?*}?code=code-1&state=guessed" | grep -q 404; say $? "an answer without our state counts nothing"
curl -sL "$url" | grep -q 'Signed in'; say $? "the browser is told that it worked"
wait "$lpid"; say $? "a link signs a mailbox in: $(tail -1 "$dir/signin")"
second=$(cat "$dir/refresh")
[ "$second" != "$first" ] && [ "$second" = "$(cat "$dir/oauth.state")" ]; say $? "its refresh token is kept"
mkfifo "$dir/typed"
"$carrel" mail sign-in oauth --browser --data-dir "$dir/data" --mailboxes-file "$dir/boxes" >"$dir/signin" 2>&1 <"$dir/typed" & lpid=$!
exec 9>"$dir/typed"
link; door=$(curl -s -o /dev/null -w '%{redirect_url}' "$url")
printf 'what now?\n%s\n' "$door" >&9
wait "$lpid"; say $? "an address that is pasted does, too: $(tail -1 "$dir/signin")"
exec 9>&-
grep -q 'not the address of this attempt' "$dir/signin"; say $? "other words are refused in words"
first=$(cat "$dir/refresh")
put support 30
desk
until_messages $((26 + extra)); say $? "XOAUTH2 reads the mailbox"
[ -n "$first" ] && [ "$(cat "$dir/refresh")" != "$first" ] && [ "$(cat "$dir/refresh")" = "$(cat "$dir/oauth.state")" ]; say $? "the refresh token that came back new is kept"
stop_desk
mechanism=oauthbearer boxes oauth
put support 31
desk
until_messages $((27 + extra)); say $? "OAUTHBEARER, too, with a refreshed token"
stop_desk
echo gone >"$dir/refresh"
boxes oauth
desk
until_health 'imap:oauth: the token server refused: the refresh token is no longer good'; say $? "a token that was taken back is said in words"
stop_desk

# ---- a mailbox for a team ----
newest() { # what the newest ticket is
	python3 - "$dir/data/desk.db" <<-'EOP'
		import sqlite3, sys
		d = sqlite3.connect(sys.argv[1])
		t = d.execute('SELECT t.id, t.kind, t.criticality, m.name FROM ticket t LEFT JOIN team m ON m.id = t.team_id ORDER BY t.id DESC LIMIT 1').fetchone()
		print(*t[1:], d.execute("SELECT COUNT(*) FROM event WHERE ticket_id = ? AND kind = 'ticket.team'", t[:1]).fetchone()[0])
	EOP
}
check() { "$carrel" config check --data-dir "$dir/data" --support-addr support@desk.example --base-url "http://localhost:$http" --mailboxes-file "$dir/boxes"; }
team=Courses boxes team
check >"$dir/check"; say $? "a mailbox may name a team: $(tail -1 "$dir/check")"
put desk2 2
desk
until_messages $((28 + extra)); say $? "its mail is read"
[ "$(newest)" = "1 4 Courses 1" ]; say $? "and is an incident for that team, with its event: $(newest)"
stop_desk
team=Nobody boxes team
check >"$dir/check"; grep -q 'there is no team "Nobody"' "$dir/check"; say $? "a team that is not there is a mistake of the configuration"
put desk2 3
desk
until_messages $((29 + extra)); say $? "but keeps no mail out"
[ "$(newest)" = "1 4 None 0" ]; say $? "which has no team: $(newest)"
until_health 'imap:incidents: There is no team .*Nobody'; say $? "and is said in /healthz"
stop_desk

# ---- a hostile server ----
boxes hostile
for mode in greeting endless-line refuse chatter negative huge-uid zero-uid literal other twice; do
	echo "$mode" >"$dir/mode"
	desk
	until_health 'imap:hostile: '; say $? "$mode: the desk says so and lives"
	kill -0 "$serve" 2>/dev/null; say $? "$mode: the desk runs"
	rss=$(awk '/VmRSS/ { print $2 }' "/proc/$serve/status")
	[ "${rss:-0}" -lt 900000 ]; say $? "$mode: its memory did not grow ($rss kB)"
	stop_desk
	counts | grep -q "^IMAP .*= messages $((29 + extra)) "; say $? "$mode: nothing was made of it: $(counts | grep ^IMAP)"
done
echo reset >"$dir/mode"
desk
until_health 'imap:hostile: '; say $? "a connection that breaks inside of a mail is said"
echo fine >"$dir/mode"
until_messages $((32 + extra)) 300; say $? "and when it is well again each mail is one message"
echo no-store >"$dir/mode"
sleep 1
stop_desk
counts | grep -q WRONG; [ $? = 1 ]; say $? "none twice, none nowhere, at the end"
! grep -qE 'AddressSanitizer|runtime error' "$dir/serve.log"; say $? "the sanitizers saw nothing"
[ "$failed" = 0 ] || { tail -30 "$dir/serve.log"; tail -15 "$dir/dovecot.log"; tail -5 "$dir/doveadm.log" 2>/dev/null; cat "$dir/signin"; }
echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" = 0 ]
