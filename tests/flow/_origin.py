"""SPF, DKIM and DMARC checked by the desk itself, with a DNS server on loopback: what passes is filed, what does not waits in
triage with the reason, what DNS cannot say waits and is filed when it can. S-08."""
import base64, smtplib, sqlite3, subprocess, sys, time
import dkim
from nacl.signing import SigningKey
from _apidesk import Desk, Tally
from _dns import A, AAAA, MX, TXT, Dns

t = Tally()
GOOD, BAD = '192.0.2.10', '203.0.113.66'
rsa = subprocess.run(['openssl', 'genrsa', '-traditional', '2048'], capture_output=True, check=True).stdout
rsa_public = ''.join(subprocess.run(['openssl', 'rsa', '-pubout'], input=rsa, capture_output=True, check=True).stdout.decode().split('\n')[1:-2])
ed = SigningKey.generate()
ed_public = base64.b64encode(bytes(ed.verify_key)).decode()
DMARC = 'v=DMARC1; p=reject'
zone = {
    ('campus.example', TXT): ['something else', f'v=spf1 ip4:{GOOD} include:sender.example ~all', 'filler ' + 'x' * 600],
    ('sender.example', TXT): ['v=spf1 a:mx.sender.example/28 ip6:2001:db8::/32 -all'],
    ('mx.sender.example', A): ['198.51.100.7'],
    ('_dmarc.campus.example', TXT): [DMARC],
    ('r._domainkey.campus.example', TXT): [f'v=DKIM1; k=rsa; p={rsa_public}'],
    ('e._domainkey.campus.example', TXT): [f'v=DKIM1; k=ed25519; p={ed_public}'],
    ('old._domainkey.campus.example', TXT): ['v=DKIM1; p='],
    ('mail.campus.example', TXT): [f'v=spf1 ip4:{GOOD} -all'],
    ('evil.example', TXT): [f'v=spf1 ip4:{BAD} -all'],
    ('_dmarc.evil.example', TXT): ['v=DMARC1; p=none'],
    ('r._domainkey.evil.example', TXT): [f'v=DKIM1; k=rsa; p={rsa_public}'],
}
n = 0


def mail(ip=GOOD, who='manager@campus.example', helo='mx.campus.example', body='It stays blank.\r\n', more=''):
    global n
    n += 1
    received = f'Received: from {helo} (mx.campus.example [{ip}])\r\n\tby mx.desk.example with ESMTPS id {n};\r\n\tMon, 23 Nov 2026 10:00:00 +0000\r\n'
    return received, f'From: M <{who}>\r\nTo: support@desk.example\r\nSubject: Origin {n}\r\nMessage-ID: <o{n}@campus.example>\r\n' \
                     f'Date: Mon, 23 Nov 2026 10:00:00 +0000\r\n{more}\r\n{body}'


def sign(text, selector, domain='campus.example', key=None, algorithm=b'rsa-sha256', **kw):
    return dkim.sign(text.encode(), selector.encode(), domain.encode(), key or rsa, signature_algorithm=algorithm,
                     canonicalize=kw.pop('canonicalize', (b'relaxed', b'simple')), **kw).decode() + text


def send(d, raw, sender):
    with smtplib.LMTP('127.0.0.1', d.lmtp, timeout=30) as s:
        s.sendmail(sender, ['support@desk.example'], raw.encode() if isinstance(raw, str) else raw)
    return ask(d, 'SELECT MAX(id) FROM intake', ())[0]


def ask(d, query, args):
    db = sqlite3.connect(f'file:{d.data}/desk.db?mode=ro', uri=True, timeout=20)
    try:
        return db.execute(query, args).fetchone()
    finally:
        db.close()


def row(d, number):
    return ask(d, 'SELECT state, auth, origin, origin_said, reason FROM intake WHERE id = ?', (number,))


def settled(d, number, limit=60):
    end = time.time() + limit
    while time.time() < end:
        r = row(d, number)
        if r[0] != 1:
            return r
        time.sleep(0.1)
    return row(d, number)


MESSAGE, TRIAGE = 2, 3
SENDER = 'manager@campus.example'


def cases(d):
    def check(name, raw, sender, state, words):
        got = settled(d, send(d, raw, sender))
        t.ok(f'{name}: {"filed" if state == MESSAGE else "triage"}', got[0] == state, got)
        t.ok(f'{name}: and says {words}', words in (got[3] or ''), got)
        t.ok(f'{name}: it is vouched for only when it is filed', (got[1] == 1) == (state == MESSAGE), got)

    def both(pair):
        return pair[0] + pair[1]

    check('SPF by address', both(mail()), SENDER, MESSAGE, 'SPF pass (campus.example)')
    check('SPF by include and a/28', both(mail('198.51.100.9')), SENDER, MESSAGE, 'SPF pass')
    check('SPF by ip6', both(mail('IPv6:2001:db8::1')), SENDER, MESSAGE, 'SPF pass')
    check('SPF softfail', both(mail(BAD)), SENDER, TRIAGE, 'SPF softfail (campus.example), DKIM none, DMARC fail (p=reject)')
    check('S-08: the HELO of a forger is no address', both(mail(BAD, helo=f'[{GOOD}]')), SENDER, TRIAGE, 'SPF softfail')
    check('S-08: the forger passes for his own domain', both(mail(BAD)), 'x@evil.example', TRIAGE, 'SPF pass (evil.example), DKIM none, DMARC fail')
    check('SPF of a subdomain is aligned', both(mail()), 'bounce@mail.campus.example', MESSAGE, 'SPF pass (mail.campus.example)')
    head, text = mail(BAD)
    check('DKIM, RSA', head + sign(text, 'r'), 'x@evil.example', MESSAGE, 'DKIM pass (campus.example)')
    head, text = mail(BAD)
    check('DKIM, RSA, simple', head + sign(text, 'r', canonicalize=(b'simple', b'relaxed')), 'x@evil.example', MESSAGE, 'DKIM pass')
    head, text = mail(BAD)
    check('DKIM, Ed25519', head + sign(text, 'e', key=base64.b64encode(bytes(ed)), algorithm=b'ed25519-sha256'), 'x@evil.example', MESSAGE, 'DKIM pass')
    head, text = mail(BAD)
    check('a changed body', head + sign(text, 'r').replace('stays blank', 'stays blue'), 'x@evil.example', TRIAGE, 'DKIM fail')
    head, text = mail(BAD)
    check('a changed subject', head + sign(text, 'r').replace('Subject: Origin', 'Subject: origin'), 'x@evil.example', TRIAGE, 'DKIM fail')
    head, text = mail(BAD)
    check('words behind l=', head + sign(text, 'r', length=True) + 'and more\r\n', 'x@evil.example', TRIAGE, 'DKIM fail')
    head, text = mail(BAD)
    check('a revoked key', head + sign(text, 'old'), 'x@evil.example', TRIAGE, 'DKIM fail')
    head, text = mail(BAD)
    check('no key', head + sign(text, 'gone'), 'x@evil.example', TRIAGE, 'DKIM fail')
    head, text = mail(BAD)
    check('S-08: a good signature of somebody else', head + sign(text, 'r', 'evil.example'), 'x@evil.example', TRIAGE, 'DKIM not checked (evil.example), DMARC fail')
    head, text = mail(BAD)
    check('his signature and ours', head + sign(sign(text, 'r'), 'r', 'evil.example'), 'x@evil.example', MESSAGE, 'DKIM pass (campus.example)')
    head, text = mail()
    del zone[('_dmarc.campus.example', TXT)]
    check('without DMARC, aligned', head + text, SENDER, MESSAGE, 'SPF pass (campus.example), DKIM none, DMARC none')
    check('without DMARC, not', both(mail(BAD)), 'x@evil.example', TRIAGE, 'SPF pass (evil.example), DKIM none, DMARC none')
    zone[('_dmarc.campus.example', TXT)] = ['v=DMARC1; p=quarantine; aspf=s; adkim=s']
    check('strict: a subdomain is another', both(mail()), 'bounce@mail.campus.example', TRIAGE, 'SPF pass (mail.campus.example), DKIM none, DMARC fail (p=quarantine)')
    zone[('_dmarc.campus.example', TXT)] = [DMARC]
    saved = zone[('campus.example', TXT)]
    zone[('campus.example', TXT)] = ['v=spf1 include:campus.example -all']
    check('SPF that includes itself ends', both(mail()), SENDER, TRIAGE, 'SPF permerror')
    zone[('campus.example', TXT)] = ['v=spf1 exists:%{ir}.%{l1r-}.list.%{d2} -all']
    zone[('10.2.0.192.manager.list.campus.example', A)] = ['127.0.0.2']
    check('SPF with macros', both(mail()), SENDER, MESSAGE, 'SPF pass')
    zone[('campus.example', TXT)] = ['v=spf1 mx redirect=sender.example']
    zone[('campus.example', MX)] = ['in1.campus.example', 'in2.campus.example']
    zone[('in1.campus.example', A)] = ['192.0.2.1']
    zone[('in2.campus.example', A)] = ['192.0.2.2', GOOD]
    check('SPF by mx', both(mail()), SENDER, MESSAGE, 'SPF pass')
    check('SPF by redirect', both(mail('198.51.100.7')), SENDER, MESSAGE, 'SPF pass')
    check('SPF fail by redirect', both(mail(BAD)), SENDER, TRIAGE, 'SPF fail')
    zone[('campus.example', TXT)] = ['v=spf1 ip4:192.0.2.10/99 -all']
    check('SPF with a mistake', both(mail()), SENDER, TRIAGE, 'SPF permerror')
    zone[('campus.example', TXT)] = saved
    got = settled(d, send(d, both(mail(BAD, more='Authentication-Results: mx.desk.example; dmarc=pass header.from=campus.example\r\n')), SENDER))
    t.ok('the word of the server we trust goes first', got[0] == MESSAGE and got[2] == 0, got)
    got = settled(d, send(d, both(mail(BAD, more='Authentication-Results: mx.evil.example; dmarc=pass header.from=campus.example\r\n')), SENDER))
    t.ok('S-08: the word of another does not', got[0] == TRIAGE, got)


def outage(d, dns):
    dns.broken.add('campus.example')
    first = send(d, ''.join(mail()), SENDER)
    for _ in range(200):
        if row(d, first)[3]:
            break
        time.sleep(0.1)
    got = row(d, first)
    t.ok('while DNS fails the mail waits', got[0] == 1 and got[2] == 1, got)
    second = settled(d, send(d, mail(BAD, 'x@evil.example')[0] + mail(BAD, 'someone@evil.example')[1], 'x@evil.example'))
    t.ok('and others go on', second[0] == TRIAGE and second[2] == 2, second)
    dns.broken.clear()
    got = settled(d, first)
    t.ok('when it answers the mail is filed', got[0] == MESSAGE and got[2] == 2, got)


def main():
    dns = Dns(zone)
    with Desk(flags=['--authserv-id', 'mx.desk.example', '--mail-dns', f'127.0.0.1:{dns.port}']) as d:
        cases(d)
        outage(d, dns)
        t.ok('an answer too long for UDP was taken by TCP', dns.by_tcp > 0)
        log = open(d.log, errors='replace').read()
        t.ok('the server ends clean', 'Sanitizer' not in log and 'runtime error' not in log, log[-1500:])
        t.ok('no mail killed its reader', 'mail.not-filed' not in log, log[-1500:])
    dns.close()


if __name__ == '__main__':
    main()
    t.end()
