"""Telephones for the tests of the line: baresip and sipp, which we did not write, bare RTP for what neither can send, a registrar, and
certificates. Nothing here waits for a time where it can wait for an event."""
import heapq, json, math, os, random, select, shutil, socket, ssl, struct, subprocess, threading, time, wave

HEAD = '<?xml version="1.0" encoding="ISO-8859-1" ?>\n<!DOCTYPE scenario SYSTEM "sipp.dtd">\n<scenario name="s">\n'
NUMBER = '+576015550177'


def block():
    """The ports of this process: a block of its own below those that the system gives to others (ip_local_port_range) and
    below tests/ports.py, held by a socket
    on its first port. Several stories run at a time, and what they start takes ports of the system's, too."""
    for at in range(11000, 19500, 500):
        s = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            s.bind(('127.0.0.1', at))
            return s, at + 2
        except OSError:
            s.close()
    raise SystemExit('no ports are free')


held, unused = block()


def free_port(kind=socket.SOCK_DGRAM, pair=False, n=2):
    """A port free for UDP and TCP, even; and the next n - 1, too (TLS, RTP)."""
    global unused
    while True:
        port, unused = unused, unused + n + n % 2
        assert port + n < held.getsockname()[1] + 500, 'a story uses too many ports'
        try:
            for p in range(port, port + n):
                for k in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
                    with socket.socket(socket.AF_INET, k) as s:
                        s.bind(('127.0.0.1', p))
            return port
        except OSError:
            continue


def wait_for(what, seconds, every=0.05):
    end_at = time.time() + seconds
    while time.time() < end_at:
        r = what()
        if r:
            return r
        time.sleep(every)
    return what()


# ---- sound ----

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


def unulaw(b):
    b = ~b & 0xff
    t = (((b & 15) << 3) + 0x84) << ((b & 0x70) >> 4)
    return 0x84 - t if b & 0x80 else t - 0x84


ALAW = [alaw(s * 16) for s in range(-2048, 2048)]
UNALAW, UNULAW = [unalaw(b) for b in range(256)], [unulaw(b) for b in range(256)]


def speech(seconds, seed=5):
    """Sounds like nobody, but moves through frequency and loudness as speech does."""
    rnd = random.Random(seed)
    return [int(6000 * math.sin(i * (0.05 + 0.03 * math.sin(i / 900))) * (0.6 + 0.4 * math.sin(i / 2000)) + rnd.uniform(-500, 500))
            for i in range(int(8000 * seconds))]


def sweep(seconds):
    """200 to 3400 Hz."""
    n = int(8000 * seconds)
    return [int(8000 * math.sin(2 * math.pi * (200 * i / 8000 + 3200 * i * i / (2 * 8000 * n)))) for i in range(n)]


def dtmf(key, ms=90):
    at = '123A456B789C*0#D'.index(key)
    low, high = (697, 770, 852, 941)[at // 4], (1209, 1336, 1477, 1633)[at % 4]
    return [int(7000 * (math.sin(2 * math.pi * low * i / 8000) + math.sin(2 * math.pi * high * i / 8000))) for i in range(8 * ms)]


def write_wav(path, samples):
    with wave.open(path, 'wb') as w:
        w.setnchannels(1)
        w.setsampwidth(2)
        w.setframerate(8000)
        w.writeframes(struct.pack(f'<{len(samples)}h', *samples))


def read_wav(path):
    raw = open(path, 'rb').read()[44:]  # baresip writes the length when it ends
    return list(struct.unpack(f'<{len(raw) // 2}h', raw[:len(raw) // 2 * 2]))


def correlation(got, sent, at=4000, n=2000):
    """The best over all shifts of a quarter second of `sent` in `got`; 1 is the same."""
    probe, best = sent[at:at + n], 0.0
    pn = math.sqrt(sum(x * x for x in probe)) or 1
    for shift in range(0, len(got) - n):
        if any(abs(got[shift + k] - probe[k]) > 450 + abs(probe[k]) // 12 for k in (0, 1, 7, 19, 40)):
            continue
        w = got[shift:shift + n]
        wn = math.sqrt(sum(x * x for x in w)) or 1
        best = max(best, sum(x * y for x, y in zip(w, probe)) / wn / pn)
    return best


class Rtp:
    """One RTP stream, both ways: what is played goes out every 20 ms, else silence; what comes is kept with its time."""

    def __init__(self, pt=8, te=101):
        self.s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.s.bind(('127.0.0.1', free_port()))
        self.port, self.pt, self.te = self.s.getsockname()[1], pt, te
        self.peer, self.queue, self.events = None, [], []
        self.sent, self.got = {}, {}
        self.seq, self.ts, self.stopped = random.randrange(30000), random.randrange(1 << 30), False
        self.silence = bytes([0xd5 if pt == 8 else 0xff] * 160)
        for f in (self.listen, self.talk):
            threading.Thread(target=f, daemon=True).start()

    def listen(self):
        while not self.stopped:
            if not select.select([self.s], [], [], 0.2)[0]:
                continue
            b, peer = self.s.recvfrom(2000)
            now = time.monotonic()
            self.peer = peer
            ts = struct.unpack('>I', b[4:8])[0]
            if b[1] & 0x7f == self.pt:
                self.got.setdefault(ts, (now, b[12:]))

    def packet(self, pt, ts, body, marker=False):
        self.seq += 1
        self.s.sendto(struct.pack('>BBHII', 0x80, pt | (0x80 if marker else 0), self.seq & 0xffff, ts & 0xffffffff, 77) + body, self.peer)

    def talk(self):
        due = time.monotonic()
        while not self.stopped:
            due += 0.02
            time.sleep(max(0, due - time.monotonic()))
            self.ts += 160
            if not self.peer:
                continue
            if self.events:
                ts, body, marker = self.events.pop(0)
                self.packet(self.te, self.ts if ts is None else ts(), body, marker)
                continue
            body = self.queue.pop(0) if self.queue else self.silence
            if body is not self.silence:
                self.sent[self.ts & 0xffffffff] = (time.monotonic(), body)
            self.packet(self.pt, self.ts, body)

    def play(self, samples):
        enc = (lambda v: ALAW[max(-2048, min(2047, v >> 4)) + 2048]) if self.pt == 8 else None
        assert enc, 'only A-law talks'
        raw = bytes(map(enc, samples))
        self.queue += [raw[i:i + 160].ljust(160, b'\xd5') for i in range(0, len(raw), 160)]

    def key(self, k):
        """RFC 4733: five packets as it lasts, three ends, all with the time it began."""
        n, at = '0123456789*#'.index(k), []

        def ts():
            at.append(self.ts)
            return at[0]
        self.events += [(ts, struct.pack('>BBH', n, 10 | (0x80 if i > 4 else 0), 160 * (min(i, 5) + 1)), i == 0) for i in range(8)]

    def heard(self, table=UNULAW):
        return [table[x] for ts in sorted(self.got) for x in self.got[ts][1]]

    def stop(self):
        self.stopped = True


# ---- baresip ----

class Baresip:
    """A real telephone, commanded over its control socket."""

    def __init__(self, where, name, wav, number='phone', srtp=False, tls=None, port=None):
        self.dir = os.path.join(where, name)
        os.makedirs(os.path.join(self.dir, 'snd'), exist_ok=True)
        self.port, self.ctrl, rtp = port or free_port(pair=True), free_port(), free_port(n=10)
        lines = ['poll_method epoll', f'sip_listen 127.0.0.1:{self.port}', 'module_path /usr/lib/baresip/modules', 'net_interface 127.0.0.1',
                 f'audio_source aufile,{wav}', 'audio_player aubridge,null', 'audio_alert aubridge,null', 'ausrc_srate 8000', 'auplay_srate 8000',
                 'ausrc_channels 1', 'auplay_channels 1', f'rtp_ports {rtp}-{rtp + 8}', f'snd_path {self.dir}/snd',
                 f'ctrl_tcp_listen 127.0.0.1:{self.ctrl}', 'audio_buffer 20-160', 'call_local_timeout 120']
        lines += [f'module {m}.so' for m in ('g711', 'aufile', 'aubridge', 'sndfile', 'srtp')]
        lines += [f'module_app {m}.so' for m in ('account', 'menu', 'ctrl_tcp')]
        if tls:
            lines += [f'sip_certificate {tls[0]}', f'sip_cafile {tls[1]}']
        open(f'{self.dir}/config', 'w').write('\n'.join(lines) + '\n')
        open(f'{self.dir}/accounts', 'w').write(
            f'<sip:{number}@127.0.0.1{";transport=tls" if tls else ""}>;regint=0;audio_codecs=PCMU/8000/1,PCMA/8000/1{";mediaenc=srtp-mand" if srtp else ""}\n')
        self.log = open(f'{self.dir}/log', 'wb')
        self.p = subprocess.Popen(['baresip', '-f', self.dir], stdout=self.log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, cwd=self.dir)
        self.buf, self.seen, self.s = b'', [], None

        def reach():
            try:
                self.s = socket.create_connection(('127.0.0.1', self.ctrl), 5)
            except OSError:
                return False
            return True
        if not wait_for(reach, 30):
            raise RuntimeError('baresip does not start: ' + open(f'{self.dir}/log').read()[-300:])

    def say(self, command, params=''):
        m = json.dumps({'command': command, 'params': params, 'token': 't'}).encode()
        self.s.sendall(b'%d:%s,' % (len(m), m))

    def dial(self, uri):
        self.say('dial', uri)

    def key(self, k):
        self.say('sndcode', k)

    def until(self, kind, seconds=60):
        end_at = time.time() + seconds
        while time.time() < end_at:
            for i, e in enumerate(self.seen):
                if e.get('type') == kind:
                    del self.seen[:i + 1]
                    return e
            if select.select([self.s], [], [], 0.2)[0]:
                d = self.s.recv(65536)
                if not d:
                    return None
                self.buf += d
            while b':' in self.buf:
                n, rest = self.buf.split(b':', 1)
                if len(rest) < int(n) + 1:
                    break
                self.seen.append(json.loads(rest[:int(n)]))
                self.buf = rest[int(n) + 1:]
        return None

    def answer(self, seconds=60):
        ok = self.until('CALL_INCOMING', seconds)
        if ok:
            self.say('accept')
        return ok and self.until('CALL_ESTABLISHED', 20)

    def heard(self, which='dec'):
        """All that came out of its decoder (dec) or went into its encoder (enc)."""
        files = sorted(f for f in os.listdir(f'{self.dir}/snd') if f.endswith(f'-{which}.wav'))
        return read_wav(f'{self.dir}/snd/{files[-1]}') if files else []

    def stop(self):
        self.p.terminate()
        try:
            self.p.wait(5)
        except subprocess.TimeoutExpired:
            self.p.kill()
            self.p.wait()


# ---- sipp ----

OK = '<send><![CDATA[\nSIP/2.0 200 OK\n[last_Via:]\n[last_From:]\n[last_To:]\n[last_Call-ID:]\n[last_CSeq:]\nContent-Length: 0\n\n]]></send>'
REQUEST = '''Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: "c" <sip:{num}@[local_ip]:[local_port]>;tag=[pid]c[call_number]
To: <sip:desk@[remote_ip]:[remote_port]>{tag}
Call-ID: [call_id]
CSeq: {cseq} {method}
Contact: <sip:c@[local_ip]:[local_port]>
Max-Forwards: 70
'''


def sdp(port, formats):
    pts = ' '.join(str(pt) for pt, _ in formats)
    return (f'v=0\no=- 1 1 IN IP4 [local_ip]\ns=-\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio {port} RTP/AVP {pts}\n' +
            ''.join(f'a=rtpmap:{pt} {name}/8000\n' for pt, name in formats))


class Caller:
    """A scenario of sipp, step by step."""

    def __init__(self, num=NUMBER, port='[auto_media_port]', formats=((8, 'PCMA'), (101, 'telephone-event'))):
        self.num, self.cseq = num, 1
        self.x = HEAD + '<send retrans="500"><![CDATA[\nINVITE sip:+576000000@[remote_ip]:[remote_port] SIP/2.0\n' + \
            REQUEST.format(num=num, tag='', cseq=1, method='INVITE') + 'Content-Type: application/sdp\nContent-Length: [len]\n\n' + sdp(port, formats) + \
            ']]></send>\n<recv response="100" optional="true"/><recv response="180" optional="true"/>\n<recv response="200" rrs="true"/>\n' + \
            '<send><![CDATA[\nACK [next_url] SIP/2.0\n' + REQUEST.format(num=num, tag='[peer_tag_param]', cseq=1, method='ACK') + \
            'Content-Length: 0\n\n]]></send>\n'

    def request(self, method, want, more='', body=''):
        self.cseq += 1
        self.x += f'<send retrans="500"><![CDATA[\n{method} [next_url] SIP/2.0\n' + \
            REQUEST.format(num=self.num, tag='[peer_tag_param]', cseq=self.cseq, method=method) + more + \
            f'Content-Length: {"[len]" if body else "0"}\n\n{body}]]></send>\n<recv response="{want}"/>\n'
        return self

    def keys(self, digits, gap=60):
        for d in digits:
            self.request('INFO', 200, 'Content-Type: application/dtmf-relay\n', f'Signal={d}\nDuration=100\n').wait(gap)
        return self

    def wait(self, ms):
        self.x += f'<pause milliseconds="{ms}"/>\n'
        return self

    def talk(self, raw, pt=8):
        self.x += f'<nop><action><exec rtp_stream="{raw},-1,{pt}"/></action></nop>\n'
        return self

    def bye(self):
        return self.request('BYE', 200)

    def refer(self):
        return self.request('REFER', 603, 'Refer-To: <sip:+19005550000@127.0.0.1>\n')

    def until_bye(self):
        self.x += '<recv request="BYE"/>' + OK + '\n'
        return self


def answers(lines, more=''):
    return f'''<send{' retrans="500"' if more else ''}><![CDATA[
SIP/2.0 {lines}
[last_Via:]
[last_From:]
[last_To:];tag=[pid]e[call_number]
[last_Call-ID:]
[last_CSeq:]
Contact: <sip:e@[local_ip]:[local_port]>
{more or 'Content-Length: 0' + chr(10) + chr(10)}]]></send>
'''


def engineer(press='1', wait=1200, busy=False, silent=False, formats=((0, 'PCMU'),), port='[media_port]'):
    """press: the key sent by INFO after `wait` ms; None: answers and says nothing, as a voicemail."""
    if busy:
        return HEAD + '<recv request="INVITE"/>' + answers('486 Busy Here') + '<recv request="ACK"/>\n</scenario>\n'
    if silent:
        return HEAD + '<recv request="INVITE" rrs="true"/>' + answers('180 Ringing') + '<recv request="CANCEL"/>' + OK + '</scenario>\n'
    grab = '<action><ereg regexp="sip:[^&gt;;]*" search_in="hdr" header="Contact:" assign_to="1"/>' \
           '<ereg regexp="&lt;.*" search_in="hdr" header="From:" assign_to="2"/></action>' if press else ''
    x = HEAD + f'<recv request="INVITE" rrs="true">{grab}</recv>\n' + answers('180 Ringing') + '<pause milliseconds="100"/>' + \
        answers('200 OK', 'Content-Type: application/sdp\nContent-Length: [len]\n\n' + sdp(port, formats)) + '<recv request="ACK"/>\n'
    if press:
        x += f'''<pause milliseconds="{wait}"/>
<send retrans="500"><![CDATA[
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
    return x + '<recv request="BYE"/>' + OK + '</scenario>\n'


def sipp(desk, scenario, port, name, uas=False, extra=()):
    path = os.path.join(desk.dir, name + '.xml')
    open(path, 'w').write(scenario if scenario.endswith('</scenario>\n') else scenario + '</scenario>\n')
    cmd = ['sipp', '-sf', path, '-m', '1', '-i', '127.0.0.1', '-p', str(port), '-mi', '127.0.0.1', '-mp', str(free_port(n=8)), '-nostdin',
           '-timeout', '170', '-timeout_error', '-trace_err', '-error_file', os.path.join(desk.dir, name + '.err'), *extra]
    cmd += ['-rtp_echo'] if uas else [f'127.0.0.1:{desk.sip}']
    return subprocess.Popen(cmd, stdout=open(os.path.join(desk.dir, name + '.out'), 'w'), stderr=subprocess.STDOUT, cwd=desk.dir)


# ---- certificates, TLS, a registrar ----

def certificates(where):
    """An authority, a certificate for 127.0.0.1, one for another address, and one of nobody: paths of PEM files with key."""
    os.makedirs(where, exist_ok=True)
    run = lambda *a: subprocess.run(['openssl', *a], cwd=where, check=True, capture_output=True)
    run('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj', '/CN=Test CA', '-keyout', 'ca.key', '-out', 'ca.pem')
    for name, ip in (('good', '127.0.0.1'), ('other', '127.0.0.9')):
        run('req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-subj', f'/CN={name}', '-keyout', f'{name}.key', '-out', f'{name}.csr')
        open(f'{where}/{name}.ext', 'w').write(f'subjectAltName=IP:{ip}\n')
        run('x509', '-req', '-in', f'{name}.csr', '-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2', '-extfile', f'{name}.ext', '-out', f'{name}.crt')
    run('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj', '/CN=127.0.0.1', '-addext',
        'subjectAltName=IP:127.0.0.1', '-keyout', 'self.key', '-out', 'self.crt')
    for name in ('good', 'other', 'self'):
        open(f'{where}/{name}.pem', 'w').write(open(f'{where}/{name}.crt').read() + open(f'{where}/{name}.key').read())
    return {n: f'{where}/{n}.pem' for n in ('ca', 'good', 'other', 'self')}


class TlsFront:
    """TLS before a TCP server; which certificate it shows can change."""

    def __init__(self, to, pem):
        self.to, self.pem = to, pem
        self.l = socket.create_server(('127.0.0.1', 0))
        self.port = self.l.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                c, _ = self.l.accept()
            except OSError:
                return
            threading.Thread(target=self.one, args=(c,), daemon=True).start()

    def one(self, c):
        x = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        x.load_cert_chain(self.pem)
        try:
            c = x.wrap_socket(c, server_side=True)
            s = socket.create_connection(('127.0.0.1', self.to))
            threading.Thread(target=self.pipe, args=(s, c), daemon=True).start()
            self.pipe(c, s)
        except OSError:
            c.close()

    def pipe(self, a, b):
        try:
            while True:
                d = a.recv(65536)
                if not d:
                    break
                b.sendall(d)
        except OSError:
            pass
        for s in (a, b):
            try:
                s.close()
            except OSError:
                pass

    def stop(self):
        self.l.close()


KAMAILIO = """#!KAMAILIO
debug=1
log_stderror=yes
fork=no
children=1
tcp_children=2
auto_aliases=no
listen=udp:127.0.0.1:PORT
listen=tcp:127.0.0.1:PORT
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


class Kamailio:
    def __init__(self, where):
        os.makedirs(where, exist_ok=True)
        self.port, self.dir = free_port(), where
        self.secret = os.path.join(where, 'secret')
        open(self.secret, 'w').write('s3cret\n')
        os.chmod(self.secret, 0o600)
        open(f'{where}/kam.cfg', 'w').write(KAMAILIO.replace('PORT', str(self.port)))
        self.start()

    def start(self):
        self.p = subprocess.Popen(['kamailio', '-f', f'{self.dir}/kam.cfg', '-Y', self.dir, '-DD', '-E', '-m', '32'], stdout=open(f'{self.dir}/kam', 'w'),
                                  stderr=subprocess.STDOUT)

        def listens():
            try:
                socket.create_connection(('127.0.0.1', self.port), 1).close()
            except OSError:
                return False
            return True
        if not wait_for(listens, 30):
            raise RuntimeError('kamailio does not start')

    def stop(self):
        self.p.terminate()
        self.p.wait(20)
