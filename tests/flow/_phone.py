#!/usr/bin/env python3
"""Whole telephone calls against a running desk, by peers we did not write: sipp as customer and as engineers.
Usage: _phone.py CARREL WORKDIR [STORY ...]"""
import hmac, json, os, re, shutil, signal, socket, sqlite3, struct, subprocess, sys, time, wave, random, math, urllib.error, urllib.request

CARREL, WORK = os.path.abspath(sys.argv[1]), sys.argv[2]
ONLY = sys.argv[3:]
passed = failed = skipped = 0
NUMBER = '+576015550177'
HEAD = '<?xml version="1.0" encoding="ISO-8859-1" ?>\n<!DOCTYPE scenario SYSTEM "sipp.dtd">\n<scenario name="s">\n'


def check(why, ok):
    global passed, failed
    if ok:
        passed += 1
    else:
        failed += 1
        print('FAILED', why, flush=True)
    return ok


def free_port(kind=socket.SOCK_DGRAM):
    with socket.socket(socket.AF_INET, kind) as s:
        s.bind(('127.0.0.1', 0))
        port = s.getsockname()[1]
    if kind == socket.SOCK_DGRAM:  # SIP by TCP has the same
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as s:
            try:
                s.bind(('127.0.0.1', port))
            except OSError:
                return free_port(kind)
    return port


def dialog_head(method, cseq, num, ctype, body):
    return f'''<send retrans="500"><![CDATA[
{method} [next_url] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: "c" <sip:{num}@[local_ip]:[local_port]>;tag=[pid]c[call_number]
To: <sip:desk@[remote_ip]:[remote_port]>[peer_tag_param]
Call-ID: [call_id]
CSeq: {cseq} {method}
Contact: <sip:c@[local_ip]:[local_port]>
Max-Forwards: 70
{f"Content-Type: {ctype}" if ctype else "X-None: 1"}
Content-Length: {'[len]' if body else '0'}

{body}]]></send>
'''


class Caller:
    """A sipp scenario, step by step."""

    def __init__(self, num=NUMBER, codec=(8, 'PCMA')):
        pt, name = codec
        self.num, self.cseq = num, 1
        self.x = HEAD + f'''<send retrans="500"><![CDATA[
INVITE sip:+576000000@[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: "c" <sip:{num}@[local_ip]:[local_port]>;tag=[pid]c[call_number]
To: <sip:desk@[remote_ip]:[remote_port]>
Call-ID: [call_id]
CSeq: 1 INVITE
Contact: <sip:c@[local_ip]:[local_port]>
Max-Forwards: 70
Content-Type: application/sdp
Content-Length: [len]

v=0
o=- 1 1 IN IP4 [local_ip]
s=-
c=IN IP4 [media_ip]
t=0 0
m=audio [auto_media_port] RTP/AVP {pt} 101
a=rtpmap:{pt} {name}/8000
a=rtpmap:101 telephone-event/8000
]]></send>
<recv response="100" optional="true"/><recv response="180" optional="true"/>
<recv response="200" rrs="true"/>
<send><![CDATA[
ACK [next_url] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: "c" <sip:{num}@[local_ip]:[local_port]>;tag=[pid]c[call_number]
To: <sip:desk@[remote_ip]:[remote_port]>[peer_tag_param]
Call-ID: [call_id]
CSeq: 1 ACK
Max-Forwards: 70
Content-Length: 0

]]></send>
'''

    def keys(self, digits, gap=60):
        for d in digits:
            self.cseq += 1
            self.x += dialog_head('INFO', self.cseq, self.num, 'application/dtmf-relay', f'Signal={d}\nDuration=100\n') + \
                '<recv response="200"/>' + f'<pause milliseconds="{gap}"/>\n'
        return self

    def wait(self, ms):
        self.x += f'<pause milliseconds="{ms}"/>\n'
        return self

    def talk(self, wav, pt=8):
        self.x += f'<nop><action><exec rtp_stream="{wav},-1,{pt}"/></action></nop>\n'
        return self

    def bye(self):
        self.cseq += 1
        self.x += dialog_head('BYE', self.cseq, self.num, '', '') + '<recv response="200"/>\n'
        return self

    def until_bye(self):
        self.x += '<recv request="BYE"/><send><![CDATA[\nSIP/2.0 200 OK\n[last_Via:]\n[last_From:]\n[last_To:]\n[last_Call-ID:]\n[last_CSeq:]\nContent-Length: 0\n\n]]></send>\n'
        return self

    def refer(self):
        self.cseq += 1
        self.x += dialog_head('REFER', self.cseq, self.num, '', '').replace('X-None: 1', 'Refer-To: <sip:+19005550000@127.0.0.1>') + \
            '<recv response="603"/>\n'
        return self


def answers(lines):
    return f'''<send><![CDATA[
SIP/2.0 {lines}
[last_Via:]
[last_From:]
[last_To:];tag=[pid]e[call_number]
[last_Call-ID:]
[last_CSeq:]
Contact: <sip:e@[local_ip]:[local_port]>
Content-Length: 0

]]></send>
'''


def engineer(press='1', wait=1200, busy=False, silent=False, codec=(0, 'PCMU')):
    x = HEAD + '<recv request="INVITE" rrs="true"><action><ereg regexp="sip:[^&gt;;]*" search_in="hdr" header="Contact:" assign_to="1"/></action></recv>\n'
    x = x if press and not silent else HEAD + '<recv request="INVITE" rrs="true"/>'
    if busy:
        return HEAD + '<recv request="INVITE"/>' + answers('486 Busy Here') + '<recv request="ACK"/>\n</scenario>\n'
    if silent:
        return x + answers('180 Ringing') + '<recv request="CANCEL"/>' + \
            '<send><![CDATA[\nSIP/2.0 200 OK\n[last_Via:]\n[last_From:]\n[last_To:]\n[last_Call-ID:]\n[last_CSeq:]\nContent-Length: 0\n\n]]></send>' + \
            '</scenario>\n'
    x += answers('180 Ringing') + f'''<pause milliseconds="200"/><send retrans="500"><![CDATA[
SIP/2.0 200 OK
[last_Via:]
[last_From:]
[last_To:];tag=[pid]e[call_number]
[last_Call-ID:]
[last_CSeq:]
Contact: <sip:e@[local_ip]:[local_port]>
Content-Type: application/sdp
Content-Length: [len]

v=0
o=- 1 1 IN IP4 [local_ip]
s=-
c=IN IP4 [media_ip]
t=0 0
m=audio [media_port] RTP/AVP {codec[0]}
a=rtpmap:{codec[0]} {codec[1]}/8000
]]></send>
<recv request="ACK"/>
<pause milliseconds="{wait}"/>
'''
    if press:
        x += f'''<send retrans="500"><![CDATA[
INFO [$1] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:e@[local_ip]:[local_port]>;tag=[pid]e[call_number]
To: [$2]
Call-ID: [call_id]
CSeq: 2 INFO
Max-Forwards: 70
Content-Type: application/dtmf-relay
Content-Length: [len]

Signal={press}
Duration=100
]]></send>
<recv response="200"/>
'''
        x = x.replace('</action></recv>', '<ereg regexp="&lt;.*" search_in="hdr" header="From:" assign_to="2"/></action></recv>', 1)
    return x + '<recv request="BYE"/><send><![CDATA[\nSIP/2.0 200 OK\n[last_Via:]\n[last_From:]\n[last_To:]\n[last_Call-ID:]\n[last_CSeq:]\nContent-Length: 0\n\n]]></send></scenario>\n'


def end(x):
    return x if x.endswith('</scenario>\n') else x + '</scenario>\n'


class Desk:
    def __init__(self, name, ring=3, redial=2, extra=(), n_engineers=2):
        self.dir = os.path.join(WORK, name)
        os.makedirs(self.dir, exist_ok=True)
        self.sip, self.eng = free_port(), [free_port() for _ in range(n_engineers)]
        self.log = open(os.path.join(self.dir, 'log'), 'ab')
        self.args = ['--data-dir', os.path.join(self.dir, 'd'), '--listen', f'127.0.0.1:{free_port(socket.SOCK_STREAM)}',
                     '--phone-listen', f'127.0.0.1:{self.sip}', '--phone-allow', '127.0.0.1', '--phone-ring', str(ring),
                     '--phone-redial', str(redial), '--phone-country', '57', *extra]
        self.run('demo')
        self.db = os.path.join(self.dir, 'd', 'desk.db')
        with sqlite3.connect(self.db) as db:
            self.contact = db.execute(
                'SELECT c.id, c.email FROM contact c JOIN contact_role r ON r.contact_id = c.id JOIN subscription s ON s.account_id = c.account_id '
                "JOIN plan p ON p.id = s.plan_id WHERE r.role >= 2 AND r.scope = 1 AND p.support = 1 AND s.state = 2 ORDER BY p.rank DESC, c.id").fetchone()
            free = db.execute('SELECT c.id, c.email FROM contact c JOIN contact_role r ON r.contact_id = c.id JOIN subscription s ON s.account_id = '
                              "c.account_id JOIN plan p ON p.id = s.plan_id WHERE p.support = 0 AND r.role >= 2 ORDER BY c.id").fetchone()
            db.execute('UPDATE contact SET phone = ? WHERE id = ?', (NUMBER, self.contact[0]))
            agents = [r[0] for r in db.execute('SELECT email FROM agent ORDER BY id LIMIT ?', (n_engineers,))]
            db.execute('DELETE FROM agent_phone')
            db.execute('DELETE FROM oncall_override')
            db.execute('DELETE FROM oncall_schedule')
        db.close()
        self.pin = self.run('phone', 'pin', self.contact[1]).strip()
        self.free_pin = self.run('phone', 'pin', free[1]).strip() if free else None
        for mail, port in zip(agents, self.eng):
            self.run('phone', 'number', mail, f'sip:eng@127.0.0.1:{port}')
        self.p = None
        self.start()

    def run(self, *what):
        n = len(what)
        r = subprocess.run([CARREL, *what, *self.args], capture_output=True, text=True, cwd=self.dir)
        if r.returncode:
            raise SystemExit(f'{what}: {r.stdout} {r.stderr}')
        return r.stdout

    def start(self):
        self.p = subprocess.Popen([CARREL, 'serve', *self.args], stderr=self.log, stdout=self.log, cwd=self.dir)
        self.until('event=phone.desk state=connected', 20)

    def text(self):
        return open(os.path.join(self.dir, 'log'), errors='replace').read()

    def until(self, words, seconds):
        end_at, seen = time.time() + seconds, getattr(self, 'mark', 0)
        while time.time() < end_at:
            t = self.text()
            at = t.find(words, seen)
            if at >= 0:
                self.mark = at + len(words)
                return True
            time.sleep(0.05)
        return False

    def line_pid(self):
        found = re.findall(r'event=phone.line_started pid=(\d+)', self.text())
        return int(found[-1])

    def rows(self, sql, *args):
        with sqlite3.connect(f'file:{self.db}?mode=ro', uri=True) as db:
            r = db.execute(sql, args).fetchall()
        db.close()
        return r

    def stop(self):
        if self.p:
            self.p.terminate()
            self.p.wait(20)
        self.log.flush()
        t = self.text()
        check('no sanitizer finds anything', 'ERROR: AddressSanitizer' not in t and 'runtime error' not in t)
        check('no PIN is in the log', self.pin not in t)


def sipp(desk, scenario, port, name, uas=False, extra=()):
    path = os.path.join(desk.dir, name + '.xml')
    open(path, 'w').write(end(scenario))
    cmd = ['sipp', '-sf', path, '-m', '1', '-i', '127.0.0.1', '-p', str(port), '-mi', '127.0.0.1', '-mp', str(40000 + random.randrange(4000) * 2), '-nostdin',
           '-timeout', '150', '-timeout_error', '-trace_err', '-error_file', os.path.join(desk.dir, name + '.err'), *extra]
    if not uas:
        cmd += [f'127.0.0.1:{desk.sip}']
    else:
        cmd += ['-rtp_echo']
    return subprocess.Popen(cmd, stdout=open(os.path.join(desk.dir, name + '.out'), 'w'), stderr=subprocess.STDOUT, cwd=desk.dir)


def done(p, why, seconds=60):
    try:
        code = p.wait(seconds)
    except subprocess.TimeoutExpired:
        p.kill()
        code = 'too long'
    return check(f'{why} (sipp: {code})', code == 0)


def to_describe(c, pin, criticality='1'):
    return c.wait(300).keys('1').wait(200).keys(pin + '#').wait(700).keys(criticality)


def speech(path, seconds=3):
    """A-law noise with a shape, raw, for rtp_stream; returns the samples sent."""
    rnd = random.Random(5)
    out, want = bytearray(), []
    for i in range(8000 * seconds):
        v = int(6000 * math.sin(i * (0.05 + 0.03 * math.sin(i / 900))) * (0.6 + 0.4 * math.sin(i / 2000)) + rnd.uniform(-500, 500))
        b = alaw(v)
        out.append(b)
        want.append(unalaw(b))
    open(path, 'wb').write(out)
    return want


def alaw(s):
    mask = 0xd5
    if s < 0:
        s, mask = -s - 1, 0x55
    seg = (s >> 8).bit_length()
    return ((seg << 4) | ((s >> (4 if seg < 2 else seg + 3)) & 15)) ^ mask


def unalaw(b):
    b ^= 0x55
    t, seg = (b & 15) << 4, (b & 0x70) >> 4
    t = t + 8 if seg == 0 else (t + 0x108) << (seg - 1)
    return t if b & 0x80 else -t


def correlation(a, b, most=16000):
    """The best over all shifts of `a` against `b`, by a coarse search; 1 is the same."""
    best = 0.0
    probe = b[4000:4000 + 2000]
    pn = math.sqrt(sum(x * x for x in probe)) or 1
    for shift in range(0, min(len(a) - 2000, most)):
        if abs(a[shift] - probe[0]) > 200 or abs(a[shift + 1] - probe[1]) > 200 or abs(a[shift + 7] - probe[7]) > 400:
            continue
        w = a[shift:shift + 2000]
        n = math.sqrt(sum(x * x for x in w)) or 1
        best = max(best, sum(x * y for x, y in zip(w, probe)) / n / pn)
    return best


# ---- stories ----

def story_right():
    d = Desk('right')
    raw = os.path.join(d.dir, 'speech.raw')
    sent = speech(raw)
    e2 = sipp(d, engineer(), d.eng[1], 'e2', uas=True)
    e1 = sipp(d, engineer(busy=True), d.eng[0], 'e1', uas=True)
    c = Caller()
    to_describe(c, d.pin).wait(4500).talk(raw).wait(4000).keys('#').wait(6000).bye()
    t0 = time.time()
    p = sipp(d, c.x, free_port(), 'c')
    ok = done(p, 'the call with the right PIN goes to its end')
    done(e1, 'the first engineer is busy', 10)
    done(e2, 'the second one presses 1 and talks', 10)
    time.sleep(1)
    r = d.rows('SELECT verified, criticality, ticket_id, agent_id, started_at, ended_at, cause FROM call')
    check(f'one call, verified, criticality 1, with ticket and engineer: {r}', len(r) == 1 and r[0][:2] == (1, 1) and r[0][2] and r[0][3])
    if r and r[0][2]:
        t = d.rows('SELECT opened_at, channel, criticality, assignee_id FROM ticket WHERE id = ?', r[0][2])[0]
        check('the incident opened at the INVITE', t[0] == r[0][4] and abs(t[0] / 1e6 - t0) < 3)
        check('by telephone, and the engineer has it', t[1] == 3 and t[3] == r[0][3])
        legs = [x[0] for x in d.rows('SELECT result FROM call_leg ORDER BY n')]
        check(f'legs: {legs}', legs == ['busy', 'accepted'])
        a = d.rows("SELECT sha256, name, type FROM attachment WHERE ticket_id = ? AND type = 'audio/wav'", r[0][2])
        check(f'the recording hangs on the ticket: {a}', len(a) == 1)
        if a:
            path = os.path.join(d.dir, 'd', 'blobs', a[0][0][:2], a[0][0][2:])
            with wave.open(path) as w:
                got = list(struct.unpack(f'<{w.getnframes()}h', w.readframes(w.getnframes())))
            k = correlation(got, sent, len(got))
            print(f'correlation of the recording {k:.4f}, {len(got) / 8000:.1f} s')
            check(f'the recording sounds as what was sent: {k:.4f}', k >= 0.99)
        m = re.search(r'event=phone.state call=\w+ from=describe to=opening.*?\n', d.text())
    d.stop()


def story_wrong():
    d = Desk('wrong')
    c = Caller().wait(300).keys('1').wait(200).keys('111111#').wait(600).keys('222222#').wait(600).keys('333333#').wait(7000).keys('#').until_bye()
    done(sipp(d, c.x, free_port(), 'c'), 'three wrong PINs end with a message')
    time.sleep(0.5)
    check('no ticket, the call is kept unverified', d.rows('SELECT verified, ticket_id FROM call') == [(0, None)])
    if d.free_pin:
        c = Caller('+15550001').wait(300).keys('1').wait(200).keys(d.free_pin + '#').wait(8500).keys('#').until_bye()
        done(sipp(d, c.x, free_port(), 'f'), 'a free plan hears so and may leave a message')
        check('verified, no ticket', d.rows('SELECT verified, ticket_id FROM call ORDER BY id DESC LIMIT 1') == [(1, None)])
    c = Caller('anonymous').wait(300).keys('2').wait(200).keys('#').wait(1000).bye()
    done(sipp(d, c.x, free_port(), 'a'), 'a caller without number and PIN')
    c = Caller().wait(300).refer().bye()
    done(sipp(d, c.x, free_port(), 'r'), 'REFER from outside is declined')
    d.stop()


def story_nobody():
    d = Desk('nobody', ring=2, redial=3)
    e1 = sipp(d, engineer(press=None, wait=100), d.eng[0], 'e1', uas=True)  # a voicemail: answers, presses nothing
    e2 = sipp(d, engineer(silent=True), d.eng[1], 'e2', uas=True)
    raw = os.path.join(d.dir, 'speech.raw')
    speech(raw)
    c = to_describe(Caller().talk(raw), d.pin, '').wait(28500).wait(5500).keys('#').wait(36000).keys('#').until_bye()
    p = sipp(d, c.x, free_port(), 'c')
    done(p, 'silence twice, nobody answers, a message', 120)
    done(e1, "an engineer's voicemail does not take the call", 20)
    legs = [x[0] for x in d.rows('SELECT result FROM call_leg ORDER BY n')]
    check(f'legs: {legs}', legs[:2] == ['not-accepted', 'no-answer'])
    r = d.rows('SELECT criticality, paged, ticket_id FROM call')
    check(f'criticality 1, paged: {r}', r and r[0][:2] == (1, 1) and r[0][2])
    e = sipp(d, engineer(), d.eng[0], 'e3', uas=True)
    back = sipp(d, HEAD + '<recv request="INVITE"/>' + answers('486 Busy Here') + '<recv request="ACK"/></scenario>\n', free_port(), 'b', uas=True)
    check('the engineers are rung again until one takes it', d.until('from=offer to=back', 30) or d.until('to=back', 5))
    e.kill()
    back.kill()
    e2.kill()
    d.stop()


def story_early():
    d = Desk('early')
    e = sipp(d, engineer(wait=3500), d.eng[0], 'e1', uas=True)
    c = to_describe(Caller(), d.pin, '2').wait(5200).keys('#').wait(600).bye()
    done(sipp(d, c.x, free_port(), 'c'), 'the caller hangs up while the engineer is rung')
    check('and is called back after the 1', d.until('to=back', 20))
    r = d.rows('SELECT t.criticality FROM call c JOIN ticket t ON t.id = c.ticket_id')
    check('the incident stays', r == [(2,)])
    e.terminate()
    d.stop()


def story_killed():
    d = Desk('killed')
    e = sipp(d, engineer(wait=1000), d.eng[0], 'e1', uas=True)
    raw = os.path.join(d.dir, 'speech.raw')
    speech(raw)
    c = to_describe(Caller(), d.pin).wait(4500).talk(raw).wait(3000).keys('#').wait(9000).bye()
    p = sipp(d, c.x, free_port(), 'c')
    check('the caller is verified', d.until('to=criticality', 20))
    line = d.line_pid()
    os.kill(d.p.pid, signal.SIGKILL)
    d.p.wait()
    done(p, 'the call goes on without the desk')
    done(e, 'the engineer is rung all the same', 10)
    spool = os.listdir(os.path.join(d.dir, 'd', 'phone'))
    check(f'what happened is in the spool: {len(spool)} files', len(spool) >= 3)
    check('no PIN is in the spool', all(d.pin not in open(os.path.join(d.dir, 'd', 'phone', f), errors='replace').read() for f in spool))
    d.start()
    check('the line is the same', d.line_pid() == line)
    time.sleep(3)
    r = d.rows('SELECT t.number, c.agent_id, c.ended_at FROM call c JOIN ticket t ON t.id = c.ticket_id')
    check(f'the incident appears afterwards, with its engineer: {r}', len(r) == 1 and r[0][1] and r[0][2])
    check('and its recording', len(d.rows("SELECT 1 FROM attachment WHERE type = 'audio/wav'")) == 1)
    check('the spool is empty again', os.listdir(os.path.join(d.dir, 'd', 'phone')) == [])
    os.kill(d.line_pid(), signal.SIGKILL)
    check('a line that was killed is started again', d.until('event=phone.desk state=connected', 10))
    d.stop()


def story_hostile():
    d = Desk('hostile')
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind(('127.0.0.1', 0))
    port = s.getsockname()[1]
    rnd = random.Random(1)
    sdp = 'v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8 101\r\na=rtpmap:8 PCMA/8000\r\n' \
          'a=rtpmap:101 telephone-event/8000\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz\r\n'
    e = sipp(d, engineer(wait=500), d.eng[0], 'e1', uas=True)
    c = to_describe(Caller(), d.pin).wait(6500).keys('#').wait(6000).bye()
    p = sipp(d, c.x, free_port(), 'c')
    d.until('to=verify', 20)
    n = int(os.environ.get('PHONE_MUTATIONS', '3000'))
    for i in range(n):
        m = (f'INVITE sip:desk@127.0.0.1:{d.sip} SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:{port};branch=z9hG4bK{i}\r\nFrom: "x" <sip:+5760155501{i % 99:02d}'
             f'@127.0.0.1>;tag=t{i}\r\nTo: <sip:desk@127.0.0.1>\r\nCall-ID: m{i}\r\nCSeq: 1 INVITE\r\nContact: <sip:x@127.0.0.1:{port}>\r\nMax-Forwards: 70\r\n'
             f'Content-Type: application/sdp\r\nContent-Length: {len(sdp)}\r\n\r\n' + sdp).encode()
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
    done(p, f'a call goes through {n} mutated INVITEs')
    done(e, 'and the engineer talks', 10)
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
    d.stop()


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


KAMAILIO = """#!KAMAILIO
debug=1
log_stderror=yes
fork=no
children=1
disable_tcp=yes
auto_aliases=no
listen=udp:127.0.0.1:PORT
mpath="/usr/lib/x86_64-linux-gnu/kamailio/modules/"
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "maxfwd.so"
loadmodule "usrloc.so"
loadmodule "registrar.so"
loadmodule "textops.so"
loadmodule "siputils.so"
loadmodule "auth.so"
request_route {
  if (is_method("REGISTER")) {
    if (!pv_www_authenticate("127.0.0.1", "s3cret", "0")) { www_challenge("127.0.0.1", "1"); exit; }
    save("location"); exit;
  }
  if (!lookup("location")) { sl_send_reply("404","Not found"); exit; }
  t_relay();
}
"""


def story_registrar():
    if not shutil.which('kamailio'):
        global skipped
        skipped += 1
        return
    port, where = free_port(), os.path.join(WORK, 'registrar')
    os.makedirs(where, exist_ok=True)
    cfg, secret = os.path.join(where, 'kam.cfg'), os.path.join(where, 'secret')
    open(cfg, 'w').write(KAMAILIO.replace('PORT', str(port)))
    open(secret, 'w').write('s3cret\n')
    os.chmod(secret, 0o600)
    k = subprocess.Popen(['kamailio', '-f', cfg, '-Y', where, '-DD', '-E', '-m', '32'], stdout=open(os.path.join(where, 'kam'), 'w'), stderr=subprocess.STDOUT)
    time.sleep(2)
    try:
        d = Desk('registrar', extra=['--phone-registrar', f'sip:127.0.0.1:{port}', '--phone-address', 'sip:desk@127.0.0.1', '--phone-password-file', secret])
        check('registers with digest at kamailio', d.until('event=phone.register code=200', 15))
        with_own = open(secret).read().strip()
        check('its password is not in the log', with_own not in d.text())
        d.stop()
    finally:
        k.terminate()
        k.wait(10)


def story_load():
    """50 bridged calls at once; only when asked for: PHONE_LOAD=50."""
    n = int(os.environ.get('PHONE_LOAD', '0'))
    if not n:
        return
    d = Desk('load', n_engineers=1, ring=30)
    raw = os.path.join(d.dir, 'speech.raw')
    speech(raw, 30)
    e = sipp(d, engineer(wait=300), d.eng[0], 'e', uas=True, extra=['-m', str(n), '-timeout', '200'])
    c = to_describe(Caller('+5760100[call_number]'), d.pin).wait(4500).talk(raw).wait(2500).keys('#').wait(30000).bye()
    p = sipp(d, c.x, free_port(), 'c', extra=['-m', str(n), '-r', '4', '-l', str(n), '-timeout', '200'])
    for i in range(400):
        time.sleep(0.1)
        if len(re.findall('from=offer to=talk', d.text())) >= n:
            break
    stat = lambda: sum(map(int, open(f'/proc/{d.line_pid()}/stat').read().rsplit(')', 1)[1].split()[11:13]))
    a, t = stat(), time.time()
    time.sleep(8)
    took, cpu = time.time() - t, (stat() - a) / os.sysconf('SC_CLK_TCK')
    rss = int(re.search(r'VmRSS:\s+(\d+)', open(f'/proc/{d.line_pid()}/status').read())[1])
    done(p, f'{n} calls', 120)
    print(f"{n} bridged calls: {100 * cpu / took:.1f} % of a core, {rss / 1024:.1f} MB; {len(re.findall('to=talk', d.text()))} talks; "
          f"after the description: {re.findall('after_description_ms=([0-9]+)', d.text())}")
    e.terminate()
    d.stop()


if not shutil.which('sipp') or not os.path.exists(os.path.join(os.path.dirname(CARREL), 'carrel-phone')):
    print('0 passed, 0 failed, 1 skipped')
    sys.exit(77)
for name, story in list(globals().items()):
    if name.startswith('story_') and (not ONLY or name[6:] in ONLY):
        t = time.time()
        try:
            story()
        except Exception as e:
            check(f'{name}: {e!r}', False)
        print(f'{name} {time.time() - t:.0f} s', flush=True)
print(f'{passed} passed, {failed} failed, {skipped} skipped')
sys.exit(1 if failed else 0)
