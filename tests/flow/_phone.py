#!/usr/bin/env python3
"""Whole telephone calls against running desks, by peers we did not write: baresip and sipp as customers and engineers, kamailio as
registrar. Every story has its own desk and ports; several run at a time.
Usage: _phone.py CARREL WORKDIR [STORY ...]"""
import hmac, http.client, json, os, random, re, shutil, signal, socket, sqlite3, struct, subprocess, sys, threading, time, urllib.error, urllib.request
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import _sip_torture
from _apidesk import Browser
from _phone_peers import *

CARREL, WORK = os.path.abspath(sys.argv[1]), sys.argv[2]
ONLY = sys.argv[3:]
AT_A_TIME = 3
passed = failed = skipped = 0


def check(why, ok):
    global passed, failed
    if ok:
        passed += 1
    else:
        failed += 1
        print('FAILED', why, flush=True)
    return ok


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def text(self):
        return self.body.decode('utf-8', 'replace')


class Desk:
    def __init__(self, name, ring=3, redial=2, extra=(), n_engineers=2, engineers=(), sql=(), paging=False):
        """engineers: SIP addresses; else sipp answers at self.eng."""
        self.dir = os.path.join(WORK, name)
        os.makedirs(self.dir, exist_ok=True)
        self.sip, self.eng = free_port(pair=True), [free_port() for _ in range(n_engineers)]
        self.web, self.mark = free_port(socket.SOCK_STREAM), 0
        self.log = open(os.path.join(self.dir, 'log'), 'ab')
        self.base = ['--data-dir', os.path.join(self.dir, 'd'), '--listen', f'127.0.0.1:{self.web}', '--base-url', f'http://127.0.0.1:{self.web}',
                     '--phone-listen', f'127.0.0.1:{self.sip}', '--phone-allow', '127.0.0.1', '--phone-ring', str(ring),
                     '--phone-redial', str(redial), '--phone-country', '57']
        self.args = [*self.base, *extra]
        self.passwords = dict(re.findall(r'(\S+@\S+)\s+(\S+)$', self.run('demo'), re.M))
        self.db = os.path.join(self.dir, 'd', 'desk.db')
        with sqlite3.connect(self.db) as db:
            self.contact = db.execute(
                'SELECT c.id, c.email FROM contact c JOIN contact_role r ON r.contact_id = c.id JOIN subscription s ON s.account_id = c.account_id '
                "JOIN plan p ON p.id = s.plan_id WHERE r.role >= 2 AND r.scope = 1 AND p.support = 1 AND s.state = 2 ORDER BY p.rank DESC, c.id").fetchone()
            free = db.execute('SELECT c.id, c.email FROM contact c JOIN contact_role r ON r.contact_id = c.id JOIN subscription s ON s.account_id = '
                              "c.account_id JOIN plan p ON p.id = s.plan_id WHERE p.support = 0 AND r.role >= 2 ORDER BY c.id").fetchone()
            db.execute('UPDATE contact SET phone = ? WHERE id = ?', (NUMBER, self.contact[0]))
            self.agents = [r[0] for r in db.execute('SELECT email FROM agent ORDER BY id LIMIT 2')]
            for table in ('agent_phone', 'oncall_override', 'oncall_schedule'):
                db.execute('DELETE FROM ' + table)
            # Incidents of the demo would page the engineers of the test as soon as the line is up.
            if not paging:
                db.execute("UPDATE ticket SET state = 5, resolution = 'demo', resolved_at = opened_at, closed_at = opened_at, waiting_for = NULL WHERE criticality <= 2")
            for s in sql:
                db.execute(s)
        db.close()
        self.pin = self.run('phone', 'pin', self.contact[1]).strip()
        self.free_pin = self.run('phone', 'pin', free[1]).strip() if free else None
        for mail, to in zip(self.agents, engineers or [f'sip:eng@127.0.0.1:{p}' for p in self.eng]):
            self.run('phone', 'number', mail, to)
        self.p = None
        self.start()

    def run(self, *what):
        r = subprocess.run([CARREL, *what, *self.args], capture_output=True, text=True, cwd=self.dir)
        if r.returncode:
            raise SystemExit(f'{what}: {r.stdout} {r.stderr}')
        return r.stdout

    def start(self, ready='event=phone.desk state=connected'):
        self.p = subprocess.Popen([CARREL, 'serve', *self.args], stderr=self.log, stdout=self.log, cwd=self.dir)
        check('the line is there', self.until(ready, 60))

    def end(self):
        self.p.terminate()
        self.p.wait(40)

    def ask(self, method, path, body=None, headers=None):
        c = http.client.HTTPConnection('127.0.0.1', self.web, timeout=60)
        try:
            c.request(method, path, body, headers or {})
            r = c.getresponse()
            return Answer(r.status, r.headers, r.read())
        finally:
            c.close()

    def text(self):
        return open(os.path.join(self.dir, 'log'), errors='replace').read()

    def until(self, words, seconds=90):
        """What the log says next; generous, for a machine that does much else."""
        def find():
            at = self.text().find(words, self.mark)
            if at >= 0:
                self.mark = at + len(words)
            return at >= 0 or 'ABORTING' in self.text()[-400:]
        return bool(wait_for(find, seconds)) and 'ABORTING' not in self.text()[-400:]

    def line_pid(self):
        found = re.findall(r'event=phone.line_started pid=(\d+)', self.text())
        return int(found[-1])

    def rows(self, sql, *args):
        with sqlite3.connect(f'file:{self.db}?mode=ro', uri=True) as db:
            r = db.execute(sql, args).fetchall()
        db.close()
        return r

    def until_rows(self, why, sql, ok, seconds=30):
        r = []

        def look():
            r[:] = self.rows(sql)
            return ok(r)
        wait_for(look, seconds)
        check(f'{why}: {r}', ok(r))
        return r

    def stop(self):
        if self.p:
            self.end()
        self.log.flush()
        t = self.text()
        check('no sanitizer finds anything', 'ERROR: AddressSanitizer' not in t and 'runtime error' not in t and 'LeakSanitizer' not in t)
        check('no PIN is in the log', self.pin not in t)


def customer(d, name='cust', sound=None, **more):
    """A telephone that says `sound`, on and on."""
    more.setdefault('number', NUMBER)
    wav = os.path.join(d.dir, name + '.wav')
    write_wav(wav, sound if sound is not None else speech(3) * 40)
    return Baresip(d.dir, name, wav, **more)


def call_until_criticality(d, c, uri=None):
    c.dial(uri or f'sip:desk@127.0.0.1:{d.sip}')
    check('the line answers', c.until('CALL_ESTABLISHED') and d.until('to=greet'))
    c.key('1')
    ok = d.until('to=pin')
    for k in d.pin + '#':
        c.key(k)
        time.sleep(0.4)
    return check('the PIN is right', ok and d.until('to=criticality'))


def describe(d, c, criticality='1', seconds=2.5):
    if criticality:
        c.key(criticality)
    ok = d.until('to=describe') and d.until('event=phone.recording')
    time.sleep(seconds)
    c.key('#')
    return check('the incident opens after the description', ok and d.until('to=opening'))


def done(p, why, seconds=120):
    try:
        code = p.wait(seconds)
    except subprocess.TimeoutExpired:
        p.kill()
        code = 'too long'
    return check(f'{why} (sipp: {code})', code == 0)


def recording(d, kind='description'):
    a = d.until_rows(f'the {kind} hangs on the ticket', f"SELECT sha256, name FROM attachment WHERE type = 'audio/wav' AND name LIKE '{kind}%'", lambda r: len(r) == 1)
    return read_wav(os.path.join(d.dir, 'd', 'blobs', a[0][0][:2], a[0][0][2:])) if a else []


# ---- stories ----

def story_right():
    """PIN right, the first engineer busy, the second one takes it; RFC 4733 by baresip, INFO by sipp; what the agent sees, and when."""
    d = Desk('right')
    sent = speech(3)
    c = customer(d, sound=sent * 40)
    agent = Browser(d)
    check('an agent signs in', agent.sign_in('admin@desk.example').status == 303)
    t0 = time.time()
    call_until_criticality(d, c)
    pop = json.loads(agent.get('/desk/alarm').body)
    bar = agent.get(f"/desk/calls/{pop['calls'][0]['id']}/pop").text if pop.get('calls') else ''
    check(f'agents see who is on the line: {pop}', NUMBER in bar and 'id="call-pop"' in bar)
    e2 = sipp(d, engineer(wait=1500), d.eng[1], 'e2', uas=True)
    e1 = sipp(d, engineer(busy=True), d.eng[0], 'e1', uas=True)
    describe(d, c)
    check('an engineer answers', d.until('to=offer'))
    check('and talks', d.until('to=talk'))
    t1 = time.time()
    r = d.until_rows('one call, verified, criticality 1, with ticket and engineer', 'SELECT verified, criticality, ticket_id, agent_id, started_at FROM call',
                     lambda r: len(r) == 1 and r[0][:2] == (1, 1) and r[0][2] and r[0][3])
    number, name = d.rows('SELECT t.number, g.name FROM call c JOIN ticket t ON t.id = c.ticket_id JOIN agent g ON g.id = t.assignee_id')[0]
    page = agent.get(re.search(rf'/desk/tickets/[A-Z]+-{number}-\w+', agent.get('/desk/calls').text)[0])
    took = time.time() - t1
    print(f'press 1 to the ticket on screen: {took:.2f} s (of a desk with sanitizers)')
    check(f'the ticket is on the screen soon after the 1: {took:.1f}', page.status == 200 and name in page.text and took < 10)
    time.sleep(2)
    c.say('hangup')
    done(e1, 'the first engineer was busy', 30)
    done(e2, 'the second one pressed 1 and talked', 30)
    check('the call ends', d.until('cause=done'))
    ring = [int(x) for x in re.findall('after_description_ms=([0-9]+)', d.text())]
    print(f'the telephone rings after the description: {ring} ms')
    check(f'the engineer is rung within a second: {ring}', len(ring) == 1 and ring[0] <= 1000)
    t = d.rows('SELECT opened_at, channel, criticality, assignee_id FROM ticket WHERE id = ?', r[0][2])[0]
    check('the incident opened at the INVITE', t[0] == r[0][4] and abs(t[0] / 1e6 - t0) < 5)
    check('by telephone, and the engineer has it', t[1] == 3 and t[3] == r[0][3])
    legs = d.until_rows('legs', 'SELECT result FROM call_leg ORDER BY n', lambda r: [x[0] for x in r] == ['busy', 'accepted'])
    k = correlation(recording(d), sent)
    print(f'correlation of the recording: {k:.4f}')
    check(f'the recording sounds as what was said: {k:.4f}', k >= 0.99)
    page = agent.get(re.search(rf'/desk/tickets/[A-Z]+-{number}-\w+', agent.get('/desk/calls').text)[0]).text
    at = re.search(r'<audio[^>]*src="([^"]+)"', page)
    check('agents can play it on the ticket, with its length', at and re.search('description-0-0[0-9]', page))
    if at:
        part = agent.get(at[1], headers={'Range': 'bytes=44-99'})
        check(f'in parts, as players ask for it: {part.status}', part.status == 206 and len(part.body) == 56 and part.headers['Content-Type'] == 'audio/wav')
    c.stop()
    d.stop()


def story_wrong():
    """INFO by sipp: wrong three times, a free plan, withheld numbers, transfers from outside."""
    d = Desk('wrong')
    c = Caller().wait(1500).keys('1').wait(1000).keys('111111#').wait(2500).keys('222222#').wait(2500).keys('333333#').wait(9000).keys('#').wait(500).keys('#').until_bye()
    done(sipp(d, c.x, free_port(), 'c'), 'three wrong PINs end with a message')
    d.until_rows('no ticket, the call is kept unverified', 'SELECT verified, ticket_id FROM call WHERE ended_at IS NOT NULL', lambda r: r == [(0, None)])
    f = customer(d, 'free', number='+15550001')
    d.pin, pin = d.free_pin, d.pin
    f.dial(f'sip:desk@127.0.0.1:{d.sip}')
    check('the line answers', d.until('to=greet'))
    f.key('1')
    d.until('to=pin')
    for k in d.pin + '#':
        f.key(k)
        time.sleep(0.4)
    check('a free plan hears so and may leave a message', d.until('from=verify to=message') and d.until('event=phone.recording'))
    time.sleep(1)
    f.key('#')
    check('and is not dropped', d.until('cause=message'))
    d.pin = pin
    d.until_rows('verified, no ticket', 'SELECT verified, ticket_id FROM call ORDER BY id DESC LIMIT 1', lambda r: r == [(1, None)])
    f.stop()
    a = Caller('anonymous').wait(1500).keys('2').wait(500).keys('#').wait(1000).bye()
    done(sipp(d, a.x, free_port(), 'a'), 'a caller without number and PIN')
    r = Caller().wait(300).refer().bye()
    done(sipp(d, r.x, free_port(), 'r'), 'REFER from outside is declined')
    t = Caller().wait(300).bye()
    done(sipp(d, t.x, free_port(), 't', extra=['-t', 't1']), 'a call by TCP')
    d.stop()


def story_nobody():
    """Silence twice is criticality 1; a voicemail and a telephone that nobody takes; message, pages, redialling."""
    d = Desk('nobody', ring=2, redial=3)
    e1 = sipp(d, engineer(press=None), d.eng[0], 'e1', uas=True)  # a voicemail: answers, presses nothing
    e2 = sipp(d, engineer(silent=True), d.eng[1], 'e2', uas=True)
    c = customer(d)
    call_until_criticality(d, c)
    describe(d, c, '')
    check("an engineer's voicemail answers, but does not take the call", d.until('to=offer') and d.until('from=offer to=ring'))
    check('then nobody answers', d.until('to=message') and d.until('event=phone.recording'))
    time.sleep(1.5)
    c.key('#')
    check('the line goes on redialling', d.until('to=wait'))
    done(e1, 'the voicemail', 20)
    d.until_rows('legs', 'SELECT result FROM call_leg ORDER BY n', lambda r: [x[0] for x in r][:2] == ['not-accepted', 'no-answer'])
    d.until_rows('criticality 1, paged', 'SELECT criticality, paged, ticket_id FROM call', lambda r: r and r[0][:2] == (1, 1) and r[0][2])
    e3 = sipp(d, engineer(), d.eng[0], 'e3', uas=True)
    check('the engineers are rung again until one takes it', d.until('from=offer to=back'))
    recording(d, 'message')
    for x in (e2, e3):
        x.kill()
    c.stop()
    d.stop()


def story_back():
    """The caller hangs up early and is called back, at the number on file and no other; asking for a call; what a day may cost."""
    where = free_port(pair=True)
    d = Desk('back', extra=['--phone-trunk', f'127.0.0.1:{where}'], n_engineers=1, ring=20)
    sent = speech(3)
    c, home = customer(d, number='+999999', sound=sent * 40), customer(d, 'home', number=NUMBER, port=where)
    call_until_criticality(d, c)
    e = sipp(d, engineer(wait=4000), d.eng[0], 'e1', uas=True)
    describe(d, c, '2')
    check('an engineer is rung', d.until('to=offer'))
    c.say('hangup')
    check('the caller hangs up; after the 1 is called back', d.until('to=back'))
    check('at the number on file, not the one that was shown', home.answer())
    check('and they talk', d.until('to=talk'))
    d.until_rows('the incident stays', 'SELECT t.criticality FROM call c JOIN ticket t ON t.id = c.ticket_id', lambda r: r == [(2,)])
    time.sleep(2)
    home.say('hangup')
    done(e, 'the engineer', 30)
    check('that call is over', d.until('cause=done'))
    # asked for on the ticket
    e = sipp(d, engineer(wait=1000), d.eng[0], 'e2', uas=True)
    who = Browser(d)
    check('a customer signs in', who.sign_in(d.contact[1]).status == 303)
    number = d.rows('SELECT number FROM ticket WHERE contact_id = ? AND state <= 3 ORDER BY id DESC LIMIT 1', d.contact[0])[0][0]
    at = re.search(rf'/support/tickets/[A-Z]+-{number}-\w+', who.get('/support/tickets').text)[0]
    check('and asks to be called', who.post(at + '/callback', {'phone': NUMBER}).status == 303)
    check('the engineer is rung first', d.until('from=idle to=ring') and d.until('to=back'))
    check('then the customer', home.answer() and d.until('to=talk'))
    d.until_rows('a call by us, with its ticket', 'SELECT direction, ticket_id IS NOT NULL FROM call ORDER BY id DESC LIMIT 1', lambda r: r == [(2, 1)])
    time.sleep(1)
    home.say('hangup')
    done(e, 'the engineer, again', 30)
    check('it is over', d.until('cause=done'))
    d.end()
    check('what was spent is counted', int(d.rows("SELECT value FROM setting WHERE key = 'phone-spent'")[0][0].split()[1]) > 2000)
    d.args += ['--phone-out-minutes', '0']
    d.start()
    who.post(at + '/callback', {'phone': NUMBER})
    other = d.rows('SELECT number FROM ticket WHERE contact_id = ? AND state <= 3 AND callback_at IS NULL ORDER BY id DESC LIMIT 1', d.contact[0])
    if other:
        at = re.search(rf'/support/tickets/[A-Z]+-{other[0][0]}-\w+', who.get('/support/tickets').text)[0]
        who.post(at + '/callback', {'phone': NUMBER})
    check('when the minutes of a day are used up, nobody is rung', d.until('event=phone.refused reason=minutes-today'))
    for x in (c, home):
        x.stop()
    d.stop()


def story_killed():
    """The desk is killed in the middle of a call: it goes on, and the incident appears afterwards. Then the line is killed."""
    d = Desk('killed', ring=20)
    c = customer(d)
    call_until_criticality(d, c)
    e = sipp(d, engineer(), d.eng[0], 'e1', uas=True)
    line = d.line_pid()
    os.kill(d.p.pid, signal.SIGKILL)
    d.p.wait()
    describe(d, c)
    check('the engineer is rung all the same, and talks', d.until('to=talk'))
    time.sleep(1)
    c.say('hangup')
    check('to the end', d.until('event=phone.end'))
    done(e, 'the engineer', 30)
    spool = os.listdir(os.path.join(d.dir, 'd', 'phone'))
    check(f'what happened is in the spool: {len(spool)} files', len(spool) >= 3)
    check('no PIN is in the spool', all(d.pin not in open(os.path.join(d.dir, 'd', 'phone', f), errors='replace').read() for f in spool))
    d.start()
    check('the line is the same', d.line_pid() == line)
    d.until_rows('the incident appears afterwards, with its engineer', 'SELECT t.number, c.agent_id, c.ended_at FROM call c JOIN ticket t ON t.id = c.ticket_id',
                 lambda r: len(r) == 1 and r[0][1] and r[0][2])
    recording(d)
    check('the spool is empty again', wait_for(lambda: os.listdir(os.path.join(d.dir, 'd', 'phone')) == [], 20))
    # the line is killed while an engineer is rung
    call_until_criticality(d, c)
    e = sipp(d, engineer(wait=60000), d.eng[0], 'e2', uas=True)
    describe(d, c)
    check('an engineer is rung', d.until('to=offer'))
    os.kill(d.line_pid(), signal.SIGKILL)
    e.kill()
    e.wait()
    e = sipp(d, engineer(), d.eng[0], 'e3', uas=True)
    check('a line that was killed is started again', d.until('event=phone.line_started') and d.until('event=phone.desk state=connected'))
    check('and rings the engineers anew', d.until('from=idle to=ring') and d.until('from=offer to=back'))
    d.until_rows('the call that was lost has ended', "SELECT cause FROM call WHERE cause = 'line-lost'", lambda r: len(r) == 1)
    e.kill()
    c.stop()
    d.stop()


def story_hostile():
    """RFC 4475 and mutated INVITEs while two people talk (S-61)."""
    d = Desk('hostile', ring=20, n_engineers=1)
    sent = speech(3)
    c = customer(d, sound=sent * 40)
    where = os.path.join(d.dir, 'quiet.wav')
    write_wav(where, sweep(3) * 40)
    e = Baresip(d.dir, 'eng', where, number='eng')
    d.run('phone', 'number', d.agents[0], f'sip:eng@127.0.0.1:{e.port}')
    call_until_criticality(d, c)
    describe(d, c)
    check('the engineer answers', e.answer() and d.until('to=offer'))
    e.key('1')
    check('and talks', d.until('to=talk'))
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind(('127.0.0.1', 0))
    port = s.getsockname()[1]
    torture = _sip_torture.messages('127.0.0.1', d.sip)
    for name, b in torture:
        s.sendto(b[:65000], ('127.0.0.1', d.sip))
        time.sleep(0.01)
        with socket.create_connection(('127.0.0.1', d.sip)) as t:
            t.sendall(b)
    rnd, n = random.Random(1), int(os.environ.get('PHONE_MUTATIONS', '3000'))
    body = 'v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8 101\r\na=rtpmap:8 PCMA/8000\r\n' \
           'a=rtpmap:101 telephone-event/8000\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz\r\n'
    for i in range(n):
        m = (f'INVITE sip:desk@127.0.0.1:{d.sip} SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:{port};branch=z9hG4bK{i}\r\nFrom: "x" <sip:+5760155501{i % 99:02d}'
             f'@127.0.0.1>;tag=t{i}\r\nTo: <sip:desk@127.0.0.1>\r\nCall-ID: m{i}\r\nCSeq: 1 INVITE\r\nContact: <sip:x@127.0.0.1:{port}>\r\nMax-Forwards: 70\r\n'
             f'Content-Type: application/sdp\r\nContent-Length: {len(body)}\r\n\r\n' + body).encode()
        b = bytearray(m)
        for _ in range(rnd.randint(1, 6)):
            k, at = rnd.randint(0, 3), rnd.randrange(len(b))
            if k == 0:
                b[at] = rnd.randrange(256)
            elif k == 1:
                del b[at:at + rnd.randint(1, 30)]
            elif k == 2:
                b[at:at] = bytes(rnd.choice(b'\r\n:;,<>@%"0aA\x00\xff') for _ in range(rnd.randint(1, 60)))
            else:
                b[at:at] = b[at:at + rnd.randint(1, 80)]
        s.sendto(bytes(b[:60000]), ('127.0.0.1', d.sip))
        if i % 60 == 0:
            time.sleep(0.05)
    t = d.text()
    check(f'the call goes on through {len(torture)} torture messages and {n} mutated INVITEs', 'from=talk' not in t and 'media_lost' not in t)
    time.sleep(2)
    k = correlation(e.heard()[-6 * 8000:], sent)
    print(f'correlation of what the engineer hears meanwhile: {k:.4f}')
    check(f'and sounds as before: {k:.4f}', k >= 0.99)
    c.say('hangup')
    check('it ends as it should', d.until('cause=done'))
    check('the line is still the one that was started', len(re.findall('phone.line_started', d.text())) == 1)
    other = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    other.bind(('127.0.0.2', 0))
    other.settimeout(1)
    other.sendto(b'OPTIONS sip:desk@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.2:9;branch=z9hG4bKx\r\nFrom: <sip:x@x>;tag=1\r\nTo: <sip:d@x>\r\n'
                 b'Call-ID: q\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n', ('127.0.0.1', d.sip))
    try:
        other.recv(2000)
        check('a stranger gets no answer', False)
    except socket.timeout:
        check('a stranger gets no answer', True)
    for x in (c, e):
        x.stop()
    d.stop()


def story_sound():
    """Keys in the sound and by RFC 4733, the bridge with transcoding: bare RTP, so that every packet has a time."""
    d = Desk('sound', ring=20, n_engineers=1)
    a, b = Rtp(8), Rtp(0)
    p = sipp(d, Caller(port=a.port, formats=((8, 'PCMA'),)).until_bye().x, free_port(), 'c')  # no telephone-event
    e = sipp(d, engineer(press=None, port=b.port, formats=((0, 'PCMU'), (101, 'telephone-event'))), d.eng[0], 'e', uas=True)
    check('the line answers', d.until('to=greet'))
    key = lambda k: a.play(dtmf(k) + [0] * 960)
    key('1')
    check('the language, as a tone', d.until('to=pin'))
    for k in d.pin + '#':
        key(k)
    check('the PIN, as tones', d.until('to=verify') and d.until('to=criticality'))
    key('1')
    check('criticality, as a tone', d.until('to=describe') and d.until('event=phone.recording'))
    said = sweep(2)
    a.play(said + [0] * 3200)
    wait_for(lambda: not a.queue, 20)
    key('#')
    check('the end of the description, as a tone', d.until('to=opening'))
    check('the engineer answers', d.until('to=offer'))
    wait_for(lambda: b.peer, 20)
    b.key('1')
    check('and presses 1 by RFC 4733, with repeated packets', d.until('to=talk'))
    k = correlation(recording(d), said, 3000)
    check(f'a sweep is recorded as it was: {k:.4f}', k >= 0.99)
    base = Rtp(8), Rtp(8)  # the same two without anything between, at the same time
    base[0].peer = ('127.0.0.1', base[1].port)
    b.got.clear()
    a.sent.clear()
    talk = sweep(3) + speech(3)
    for x in (a, base[0]):
        x.play(talk)
    wait_for(lambda: not a.queue and not base[0].queue, 30)
    time.sleep(0.5)
    k = min(correlation(b.heard(), talk, at) for at in (3000, 20000, 30000))
    print(f'correlation over the bridge, A-law to mu-law: {k:.4f}')
    check(f'the bridge keeps the sound: {k:.4f}', k >= 0.99)

    def delays(sent, got):
        s, g = sorted(sent), sorted(got)
        # one clock moves by a constant against the other: found by the first packet that is not silence
        loud = [t for t in g if len(set(got[t][1])) > 8]
        if not loud or not s:
            return []
        shift = loud[0] - next(t for t in s if len(set(sent[t][1])) > 8)
        return [(got[t + shift][0] - sent[t][0]) * 1000 for t in s if t + shift in got]
    with_line, without = sorted(delays(a.sent, b.got)), sorted(delays(base[0].sent, base[1].got))
    if check('enough packets to tell the delay', len(with_line) > 200 and len(without) > 200):
        mid = lambda v: v[len(v) // 2]
        print(f'delay added by the bridge: median {mid(with_line) - mid(without):.2f} ms, 95 % below {with_line[len(with_line) * 95 // 100]:.2f} ms '
              f'({len(with_line)} packets; without a bridge {mid(without):.2f} and {without[len(without) * 95 // 100]:.2f} ms)')
        check('half of the packets are passed on within 20 ms', mid(with_line) - mid(without) < 20)
    d.end()
    done(p, 'when the line ends, it hangs up the customer', 20)
    done(e, 'and the engineer', 20)
    for x in (a, b, *base):
        x.stop()
    d.p = None
    d.stop()


def story_tls():
    """baresip on both sides: TLS, mandatory SRTP, RFC 4733 within it."""
    pems = certificates(os.path.join(WORK, 'tls-pems'))
    d = Desk('tls', ring=20, n_engineers=1, extra=['--phone-cert-file', pems['good'], '--phone-ca-file', pems['ca'], '--phone-srtp', 'yes'])
    plain = customer(d, 'plain')
    plain.dial(f'sip:desk@127.0.0.1:{d.sip}')
    check('sound in the clear is refused', plain.until('CALL_CLOSED') and 'code=488' in d.text())
    plain.stop()
    sent = speech(3)
    c = customer(d, sound=sent * 40, srtp=True, tls=(pems['good'], pems['ca']))
    where = os.path.join(d.dir, 'eng.wav')
    back = speech(3, seed=9)
    write_wav(where, back * 40)
    e = Baresip(d.dir, 'eng', where, number='eng', srtp=True, tls=(pems['good'], pems['ca']))
    bad = Baresip(d.dir, 'bad', where, number='eng', srtp=True, tls=(pems['self'], pems['ca']))
    d.run('phone', 'number', d.agents[0], f'sip:eng@127.0.0.1:{bad.port + 1};transport=tls')
    d.run('phone', 'number', d.agents[1], f'sip:eng@127.0.0.1:{e.port + 1};transport=tls')
    call_until_criticality(d, c, f'sip:desk@127.0.0.1:{d.sip + 1};transport=tls')
    check('by TLS, with SRTP', 'transport=TLS srtp=1' in d.text())
    describe(d, c)
    check('an engineer behind a certificate of nobody is not rung', d.until('event=phone.certificate'))
    check('the engineer with a right one answers', e.answer() and d.until('to=offer'))
    e.key('1')
    check('and presses 1 within SRTP', d.until('to=talk'))
    time.sleep(5)
    for who, heard, want in (('engineer', e.heard(), sent), ('customer', c.heard(), back)):
        k = correlation(heard[-4 * 8000:], want)
        print(f'correlation of what the {who} hears over SRTP: {k:.4f}')
        check(f'the {who} hears the other: {k:.4f}', k >= 0.99)
    k = correlation(recording(d), sent)
    check(f'the recording: {k:.4f}', k >= 0.99)
    e.say('hangup')
    check('the engineer hangs up', d.until('cause=done'))
    for x in (c, e, bad):
        x.stop()
    d.stop()


def story_page():
    """An escalation rings who it pages; 1 takes the ticket. And the test button, and one's own PIN."""
    d = Desk('page', paging=True, n_engineers=1, ring=20, sql=['UPDATE oncall_policy SET steps = \'{"steps":[{"delay":0,"targets":["agent:1"]},{"delay":10,"targets":["supervisors"]}],"repeat":3}\''])
    e = sipp(d, engineer(wait=500), d.eng[0], 'e', uas=True, extra=['-m', '2'])  # the demo desk has two tickets that nobody took
    who = Browser(d)
    check('a customer signs in', who.sign_in(d.contact[1]).status == 303)
    who.post('/profile', {'do': 'pin'})
    pin = re.search(r'class="pin">(\d{8})<', who.last.text)
    check('and makes a PIN of their own', bool(pin))
    check('it is not kept readable', pin and d.rows('SELECT COUNT(*) FROM contact_pin WHERE pin_hash LIKE ?', f'%{pin[1]}%') == [(0,)])
    check('and not shown again', pin and pin[1] not in who.get('/profile').text)
    check('the line rings the engineer who is paged', d.until('from=ring to=offer'))
    check('1 takes it', d.until('cause=acknowledged'))
    done(e, 'the engineer', 60)
    d.until_rows('the page is acknowledged, the ticket has its engineer', "SELECT p.ack_by, t.assignee_id FROM oncall_page p JOIN ticket t ON t.id = p.ticket_id WHERE t.subject = 'The campus does not open'",
                 lambda r: r == [(1, 1)])
    e = sipp(d, engineer(wait=500), d.eng[0], 't', uas=True)
    me = Browser(d)
    me.sign_in(d.agents[0])
    check('an agent rings themselves for a test', me.post('/desk/calls/0', {'do': 'test'}).status == 303 and d.until('call=test-', 20) and d.until('cause=acknowledged'))
    done(e, 'their telephone', 20)
    d.stop()


def story_registrar():
    """kamailio with digest by UDP; behind TLS with a wrong certificate, one of another host, and the right one."""
    if not shutil.which('kamailio'):
        global skipped
        skipped += 1
        return
    k = Kamailio(os.path.join(WORK, 'registrar'))
    pems = certificates(os.path.join(WORK, 'registrar-pems'))
    front = TlsFront(k.port, pems['self'])
    me = ['--phone-address', 'sip:desk@127.0.0.1', '--phone-password-file', k.secret, '--phone-ca-file', pems['ca'], '--phone-registrar']
    health = lambda: ' '.join(json.loads(d.ask('GET', '/healthz').body)['issues'])
    try:
        d = Desk('registrar', extra=[*me, f'sip:127.0.0.1:{front.port};transport=tls'])
        check('a certificate of nobody is refused', d.until('event=phone.certificate'))
        check(f'health says why: {health()}', wait_for(lambda: 'certificate of the registrar is refused: self' in health(), 30))
        who = Browser(d)
        who.sign_in(d.contact[1])
        check('the Control Center says that the line is down', wait_for(lambda: 'line is down' in who.get('/support').text, 30))
        front.pem = pems['other']
        check('so is one of another host', bool(wait_for(lambda: 'mismatch' in health(), 60)))
        front.pem = pems['good']
        check('with the right one it registers by digest', d.until('event=phone.register code=200'))
        check('and is healthy', wait_for(lambda: 'telephone' not in health(), 30))
        check('the Control Center is calm', 'line is down' not in who.get('/support').text)
        if os.environ.get('PHONE_LONG'):  # a minute and a half
            k.stop()
            check('a registrar that is gone is noticed', wait_for(lambda: 'telephone' in health(), 120))
            k.start()
            check('and found again', d.until('event=phone.register code=200'))
        check('the password is not in the log', 's3cret' not in d.text())
        d.end()
        for transport in ('udp', 'tcp'):
            d.args = [*d.base, *me, f'sip:127.0.0.1:{k.port};transport={transport}']
            d.start('event=phone.register code=200')
            if transport == 'udp':
                d.end()
        d.stop()
    finally:
        front.stop()
        k.stop()


def post(url, body, ctype='application/json', method='POST'):
    r = urllib.request.Request(url, body, {'Content-Type': ctype}, method=method)
    try:
        with urllib.request.urlopen(r) as f:
            return f.status, json.loads(f.read() or b'{}')
    except urllib.error.HTTPError as e:
        text = e.read()
        try:
            return e.code, json.loads(text)
        except ValueError:
            return e.code, {'text': re.sub('<[^>]*>', ' ', text.decode())[-400:]}


def story_cti():
    """What PBX vendors send, and what we add. No SIP."""
    d = Desk('cti')
    path = d.run('phone', 'cti-token').strip().split('/api/v1')[1]
    at = 'http://' + d.args[3] + '/api/v1' + path
    more = at.replace('/api/v1/cti', '/api/cti')
    j = lambda url, **v: post(url, json.dumps(v).encode())
    check('a wrong token is refused', j(at[:-3] + 'xxx', event='newCall')[0] == 401)
    new = dict(event='newCall', **{'from': NUMBER[1:]}, to='576000000', direction='in', callId='a 1', user=['One', 'Two'])
    first = j(at, **new)
    check(f'a new call of a known number names the contact: {first}', first[0] == 200 and first[1]['contact']['id'] == d.contact[0])
    check('again is the same', j(at, **new)[0] == 200 and d.rows('SELECT agents FROM call') == [('One, Two',)])
    check('a wrong direction', j(at, event='newCall', direction='up', callId='x') == (422, {'error': 'Invalid direction!'}))
    check('answer as a form', post(at, b'event=answer&direction=in&callId=a+1&user[]=One', 'application/x-www-form-urlencoded') == (200, {}))
    check('a hang-up of an unknown call makes it', j(at, event='hangup', direction='in', callId='b', cause='busy') == (200, {}))
    check('no JSON', post(at, b'{"event":')[0] == 422)
    check('wrong PIN', j(more + '/verify', callId='a 1', **{'from': NUMBER}, pin='00000000') == (200, {'ok': False}))
    r = j(more + '/verify', callId='a 1', **{'from': NUMBER}, pin=d.pin)
    check(f'right PIN: {r}', r[0] == 200 and r[1]['ok'] and r[1]['may_phone'])
    r = j(more + '/incident', callId='a 1', criticality=1)
    check(f'an incident with whom to ring: {r}', r[0] == 201 and r[1]['ticket'] and len(r[1]['oncall']) == 2)
    check('twice is one', j(more + '/incident', callId='a 1', criticality=1)[1].get('ticket') == r[1].get('ticket'))
    check('not verified opens none', j(more + '/incident', callId='z', criticality=1) [1].get('ticket') is None)
    if r[0] == 201:
        one, two = r[1]['oncall']
        n = j(more + '/leg', callId='a 1', user=one['user'], result='busy')
        check(f'the next engineer: {n}', n[1] == {'action': 'ring', 'next': two['number']})
        check('accepted', j(more + '/leg', callId='a 1', user=two['user'], result='accepted')[0] == 200)
        check('has the ticket', d.rows('SELECT assignee_id FROM ticket WHERE number = ?', r[1]['ticket']) == [(two['user'],)])
    wav = b'RIFF' + struct.pack('<I', 836) + b'WAVEfmt ' + struct.pack('<IHHIIHH', 16, 1, 1, 8000, 16000, 2, 16) + b'data' + struct.pack('<I', 800) + bytes(800)
    got = post(more + '/audio?callId=a%201&kind=description', wav, 'audio/wav')
    check(f'audio: {got}', got[0] == 201)
    check('hangs on the ticket', len(d.rows("SELECT 1 FROM attachment WHERE type = 'audio/wav'")) == 1)
    with urllib.request.urlopen(more + '/oncall') as f:
        check('who is on call', len(json.load(f)['oncall']) == 2)
    rnd = random.Random(2)
    bad = 0
    for i in range(400):
        b = bytearray(json.dumps(new).encode())
        for _ in range(3):
            b[rnd.randrange(len(b))] = rnd.randrange(256)
        bad += post(rnd.choice((at, more + '/verify', more + '/incident', more + '/leg')), bytes(b))[0] >= 500
    check(f'400 broken bodies, {bad} answered with 5xx', bad == 0)
    signed = d.run('phone', 'cti-token', '--sign').split()
    at = 'http://' + d.args[3] + '/api' + signed[0].split('/api')[1]
    check('without a signature', post(at, b'{}')[0] == 401)
    r = urllib.request.Request(at, b'{"event":"newCall","direction":"in","callId":"s"}', {'X-Carrel-Signature': 'sha256=' + hmac.new(
        signed[-1].encode(), b'{"event":"newCall","direction":"in","callId":"s"}', 'sha256').hexdigest()})
    with urllib.request.urlopen(r) as f:
        check('with one', f.status == 200)
    d.stop()


def story_load():
    """50 bridged and recorded calls at once, against the bar; only when asked for: PHONE_LOAD=50 (bench/phone)."""
    n = int(os.environ.get('PHONE_LOAD', '0'))
    if not n:
        return
    d = Desk('load', n_engineers=1, ring=30, extra=['--phone-out-calls', str(n), '--phone-calls', str(n + 5)])
    raw = os.path.join(d.dir, 'speech.raw')
    open(raw, 'wb').write(bytes(ALAW[max(-2048, min(2047, v >> 4)) + 2048] for v in speech(3) * 20))
    e = sipp(d, engineer(wait=300), d.eng[0], 'e', uas=True, extra=['-m', str(n), '-timeout', '200'])
    c = Caller('+5760100[call_number]').wait(800).keys('1').wait(400).keys(d.pin + '#').wait(2500).keys('1').wait(6500).talk(raw).wait(2500).keys('#').wait(45000).bye()
    p = sipp(d, c.x, free_port(), 'c', extra=['-m', str(n), '-r', '4', '-l', str(n), '-timeout', '200'])
    talks = lambda: len(re.findall('from=offer to=talk', d.text()))
    wait_for(lambda: talks() >= n, 90, 0.2)
    check(f'{n} calls are bridged at once: {talks()}', talks() >= n)
    stat = lambda: sum(map(int, open(f'/proc/{d.line_pid()}/stat').read().rsplit(')', 1)[1].split()[11:13]))
    a, t = stat(), time.time()
    time.sleep(8)
    took, cpu = time.time() - t, (stat() - a) / os.sysconf('SC_CLK_TCK')
    rss = int(re.search(r'VmHWM:\s+(\d+)', open(f'/proc/{d.line_pid()}/status').read())[1]) / 1024
    done(p, f'{n} calls', 150)
    made = wait_for(lambda: d.rows("SELECT COUNT(*) FROM call_audio")[0][0] >= n, 20) and n
    ring = [int(x) for x in re.findall('after_description_ms=([0-9]+)', d.text())]
    print(f'{n} bridged calls: {100 * cpu / took:.1f} % of a core (bar 10), {rss:.1f} MB at most (bar 40); recordings {made}; the engineer rings after the '
          f'description within {max(ring or [0])} ms (bar 1000)')
    if os.environ.get('PHONE_BARS'):
        check('under 10 % of a core', cpu / took < 0.1)
        check('under 40 MB', rss < 40)
        check('rings within a second', ring and max(ring) <= 1000)
    e.terminate()
    d.stop()


def main():
    if not shutil.which('sipp') or not shutil.which('baresip') or not os.path.exists(os.path.join(os.path.dirname(CARREL), 'carrel-phone')):
        print('0 passed, 0 failed, 1 skipped')
        return 77
    stories = {n[6:]: f for n, f in globals().items() if n.startswith('story_')}
    if len(ONLY) == 1:
        t = time.time()
        try:
            stories[ONLY[0]]()
        except BaseException as e:
            check(f'{ONLY[0]}: {e!r}', False)
        print(f'{ONLY[0]} {time.time() - t:.0f} s', flush=True)
        print(f'{passed} passed, {failed} failed, {skipped} skipped')
        return 1 if failed else 0
    # the long ones first, several at a time, each a process
    order = sorted(ONLY or [s for s in stories if s != 'load'], key=lambda s: ('nobody', 'registrar', 'killed', 'back').index(s) if s in ('nobody', 'registrar', 'killed', 'back') else 9)
    sums, lock = [0, 0, 0], threading.Lock()

    def worker():
        while True:
            with lock:
                if not order:
                    return
                s = order.pop(0)
            out = os.path.join(WORK, s + '.out')
            with open(out, 'wb') as f:
                p = subprocess.Popen([sys.executable, os.path.abspath(__file__), CARREL, WORK, s], stdout=f, stderr=subprocess.STDOUT, start_new_session=True)
                try:
                    p.wait(400)
                except subprocess.TimeoutExpired:
                    pass
                # A story that broke off leaves a desk, its line and callers: the next story would get their ports.
                try:
                    os.killpg(p.pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
                p.wait()
            text = open(out, errors='replace').read()
            m = re.search(r'(\d+) passed, (\d+) failed, (\d+) skipped\s*$', text)
            with lock:
                for i in range(3):
                    sums[i] += int(m[i + 1]) if m else int(i == 1)
                print(text if not m else text[:m.start()].rstrip(), flush=True)
                if m and int(m[2]) and os.path.exists(os.path.join(WORK, s, 'log')):
                    print('\n'.join(open(os.path.join(WORK, s, 'log'), errors='replace').read().split('\n')[-25:]))
    threads = [threading.Thread(target=worker) for _ in range(AT_A_TIME)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    print(f'{sums[0]} passed, {sums[1]} failed, {sums[2]} skipped')
    return 1 if sums[1] else 0


sys.exit(main())
