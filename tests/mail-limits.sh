#!/usr/bin/env bash
# Mails made to cost more than they weigh (mail bombs): each is answered within five seconds, in bounded memory, with
# JSON that says what was cut, or refused with one sentence; and the next mail is read as if nothing had been.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
carrel=$(realpath "${CARREL:-build-test/carrel}")
exec python3 - "$carrel" <<'EOC'
import json, subprocess, sys, tempfile, time

carrel = sys.argv[1]
# A process counts the memory of the one that started it: the starter is small, and started before the bombs are made.
RUNNER = """
import os, subprocess, sys
for line in sys.stdin:
    p = subprocess.Popen([sys.argv[1], 'mail', 'parse', '-'], stdin=open(sys.argv[2]), stdout=open(sys.argv[2] + '.out', 'w'), stderr=open(sys.argv[2] + '.err', 'w'))
    _, status, usage = os.wait4(p.pid, 0)
    p.returncode = os.waitstatus_to_exitcode(status)
    print(p.returncode, usage.ru_maxrss, flush=True)
"""
folder = tempfile.TemporaryDirectory()
fed = folder.name + '/mail'
runner = subprocess.Popen([sys.executable, '-c', RUNNER, carrel, fed], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
# The sanitizers cost time and memory of their own: with them only the order of size is looked at.
sanitized = b'__asan_init' in open(carrel, 'rb').read()
seconds = 15 if sanitized else 5
passed = failed = 0


def say(ok, what):
    global passed, failed
    if ok:
        passed += 1
    else:
        failed += 1
        print('FAILED', what)


HEAD = b'From: a@b.example\r\nMessage-ID: <1@b.example>\r\nSubject: bomb\r\nMIME-Version: 1.0\r\n'


def deep(n):
    out = [HEAD]
    for i in range(n):
        out.append(b'Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n' % (i, i))
    return b''.join(out) + b'\r\nthe words\r\n'


def nested_rfc822(n):
    return HEAD + b'Content-Type: message/rfc822\r\n\r\n' * n + b'\r\nx\r\n'


bombs = {
    'ten thousand multiparts in each other': deep(10000),
    'a hundred thousand parts': HEAD + b'Content-Type: multipart/mixed; boundary=b\r\n\r\n' + b'--b\r\n\r\nx\r\n' * 100000 + b'--b--\r\n',
    'one boundary that begins like the next': HEAD + b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n' + b''.join(b'--b\r\nContent-Type: multipart/mixed; boundary="b%s"\r\n\r\n' % (b'b' * i) for i in range(1, 60)) + b'--b--\r\n' * 60,
    'half a million recipients': HEAD + b''.join(b'To: user%d@c.example\r\n' % i for i in range(500000)) + b'\r\nx\r\n',
    'a hundred thousand addresses in one field': HEAD + b'To: ' + b', '.join(b'user%d@c.example' % i for i in range(100000)) + b'\r\n\r\nx\r\n',
    'one header of twenty-four megabytes': HEAD + b'X-Long: ' + b'x' * (24 << 20) + b'\r\n\r\nx\r\n',
    'a header of folded lines': HEAD + b'X-Long:' + b'\r\n x' * 1000000 + b'\r\n\r\nx\r\n',
    'a million references': HEAD + b'References:' + b''.join(b'\r\n <%d@c.example>' % i for i in range(1000000)) + b'\r\n\r\nx\r\n',
    'five thousand links': HEAD + b'Content-Type: text/html\r\n\r\n' + b''.join(b'<a href="https://x.example/%d">l</a>' % i for i in range(5001)),
    'a million open elements': HEAD + b'Content-Type: text/html\r\n\r\n' + b'<div>' * 1000000 + b'x',
    'a million quotes': HEAD + b'Content-Type: text/html\r\n\r\n' + b'<blockquote>' * 300000 + b'x',
    'ten megabytes called utf-32': HEAD + b'Content-Type: text/plain; charset=utf-32\r\nContent-Transfer-Encoding: base64\r\n\r\n' + b'QUJD' * (10 << 18) + b'\r\n',
    'twenty-four megabytes of empty lines, encoded': HEAD + b'Content-Type: text/plain\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n' + b'=0A' * (8 << 20) + b'\r\n',
    'a hundred thousand parameters': HEAD + b'Content-Type: text/plain' + b''.join(b'; p%d=x' % i for i in range(100000)) + b'\r\n\r\nx\r\n',
    'parameters in pieces that are not there': HEAD + b"Content-Disposition: attachment; filename*99999999*=utf-8''x; filename*0*=a; filename*-1*=b; filename*99999999999999999999=c\r\n\r\nx\r\n",
    'a hundred thousand encoded words': HEAD + b'X: y\r\nSubject:' + b' =?utf-8?q?a?=' * 100000 + b'\r\n\r\nx\r\n',
    'comments in comments': HEAD + b'To: ' + b'(' * 20000 + b'\r\n\r\nx\r\n',
    'mails in mails': nested_rfc822(20000),
    'a uuencoded file that begins a million times': HEAD + b'\r\n' + b'begin 644 x\r\nM' * 200000 + b'\r\nend\r\n',
    'an invitation of a million lines': HEAD + b'Content-Type: text/calendar\r\n\r\nBEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n' + b'SUMMARY:x\r\n' * 1000000,
    'a winmail.dat that announces four gigabytes': HEAD + b'Content-Type: application/ms-tnef\r\nContent-Transfer-Encoding: base64\r\n\r\neJ8+IgEAAQmQBgD/////AAAA\r\n',
    'quotes of quotes': HEAD + b'\r\n' + b'\r\n'.join(b'>' * (i % 900) + b' On 1 Jan x wrote:' for i in range(20000)),
    'a bounce of addresses': b'Return-Path: <>\r\nFrom: mailer-daemon@b.example\r\nSubject: Undelivered\r\n\r\ncould not be delivered\r\n' + b'a@b.example ' * 1000000,
    'at signs': b'Return-Path: <>\r\nFrom: mailer-daemon@b.example\r\nSubject: Undelivered\r\n\r\ncould not be delivered ' + b'@' * 5000000,
    'one long word': HEAD + b'\r\n' + b'x' * (20 << 20),
    'zero bytes': HEAD + b'\r\n' + bytes(5 << 20),
}
for name, raw in bombs.items():
    t = time.time()
    open(fed, 'wb').write(raw)
    runner.stdin.write(b'go\n')
    runner.stdin.flush()
    status, rss = map(int, runner.stdout.readline().split())
    took = time.time() - t
    out, err = open(fed + '.out', 'rb').read(), open(fed + '.err', 'rb').read()
    good = status == 65 and err.count(b'\n') == 1
    if status == 0:
        j = json.loads(out)
        good = 'text' in j and j['reply'] + j['quoted'] == j['text']
    say(good, f'{name}: exit {status}, {err[:300]!r}')
    say(took <= seconds, f'{name}: {took:.1f} s for {len(raw) >> 10} KiB')
    # The larger of the two processes: what it is without any mail, and some times the mail.
    say(sanitized or rss < (70 << 10) + 14 * (len(raw) >> 10), f'{name}: {rss >> 10} MiB for {len(raw) >> 10} KiB')
plain = subprocess.run([carrel, 'mail', 'parse', '-'], input=HEAD + b'\r\nwell\r\n', capture_output=True)
say(json.loads(plain.stdout)['text'] == 'well\n', 'the next mail is read')
# A byte more or less, LF or CRLF, at once or in pieces: the same.
whole = HEAD + b'Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\none\r\n--b\r\nContent-Type: text/html\r\n\r\n<p>two</p>\r\n--b--\r\n'
one = subprocess.run([carrel, 'mail', 'parse', '-'], input=whole, capture_output=True).stdout
lf = subprocess.run([carrel, 'mail', 'parse', '-'], input=whole.replace(b'\r\n', b'\n'), capture_output=True).stdout
slow = subprocess.Popen([carrel, 'mail', 'parse', '-'], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
for i in range(len(whole)):
    slow.stdin.write(whole[i:i + 1])
    slow.stdin.flush()
slow.stdin.close()
say(one == lf == slow.stdout.read() and one, 'CRLF, LF and byte by byte are the same')
slow.wait()
runner.stdin.close()
runner.wait()
print(f'{passed} passed, {failed} failed, 0 skipped')
sys.exit(failed > 0)
EOC
