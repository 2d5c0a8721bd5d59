"""Bad luck: the desk is killed, its disk is full, its database goes away, a mail comes fifty times. What was acknowledged
is there once; the ledger of what was acknowledged is kept here, the desk's own tables are read when all is over.

    _luck.py kill [KILLS]      kill -9 while mail, API and form open tickets (B-1)
    _luck.py order             every 250 comes after its syncs; turns red without them (B-3)
    _luck.py full              a full disk, and what goes on (B-4)
    _luck.py postgres [TIMES]  the database's connections and its server are killed (B-7)
    _luck.py out [TIMES]       kill -9 while mail goes out; two desks on one queue (B-1)
    _luck.py again             the same mail at once from many sides (B-9), a mail that breaks its reader (B-13)
"""
import base64
import hashlib
import os
import random
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time

from _apidesk import CARREL, ROOT, Browser, Desk, Sink, Tally

sys.stdout.reconfigure(line_buffering=True)
SENDER = 'operator@campus.example'


# ---- what happened to whom ----

def mail_bytes(subject, size=2000, sender=SENDER, extra=''):
    head = (f'From: {sender}\r\nTo: support@desk.example\r\nSubject: {subject}\r\nMessage-ID: <{subject}@campus.example>\r\n'
            f'Date: Mon, 2 Mar 2026 10:00:00 +0000\r\n{extra}\r\n')
    rng = random.Random(subject)
    lines, n = [], len(head)
    while n < size:
        lines.append(''.join(rng.choice('abcdefghij klmnopqrstuvwxyz') for _ in range(70)) + '\r\n')
        n += 72
    return (head + ''.join(lines)).encode()


class Lmtp:
    """One connection. deliver() gives the code of the answer to the dot, 0 when nobody said anything."""

    def __init__(self, port):
        self.s = socket.create_connection(('127.0.0.1', port), timeout=30)
        self.f = self.s.makefile('rb')
        self.answer()
        self.say(b'LHLO flow.example')

    def answer(self):
        while True:
            line = self.f.readline()
            if not line:
                raise ConnectionError('gone')
            if line[3:4] != b'-':
                self.last = line.decode().strip()
                return int(line[:3])

    def say(self, line):
        self.s.sendall(line + b'\r\n')
        return self.answer()

    def deliver(self, raw, rcpt='support@desk.example', sender=SENDER):
        code = self.say(b'MAIL FROM:<%s>' % sender.encode())
        if code != 250:
            return code
        code = self.say(b'RCPT TO:<%s>' % rcpt.encode())
        if code != 250:
            return code
        if (code := self.say(b'DATA')) != 354:
            return code
        self.s.sendall(raw.replace(b'\r\n.', b'\r\n..') + b'.\r\n')
        return self.answer()

    def close(self):
        self.f.close()
        self.s.close()


def deliver(port, raw):
    try:
        c = Lmtp(port)
    except OSError:
        return 0
    try:
        return c.deliver(raw)
    except (OSError, ValueError):
        return 0
    finally:
        c.close()


class Ledger:
    def __init__(self):
        self.lock = threading.Lock()
        self.mails, self.tickets = {}, {}  # subject: bytes; subject: how
        self.repeats = 0

    def mail(self, subject, raw):
        with self.lock:
            self.mails[subject] = raw

    def ticket(self, subject, how):
        with self.lock:
            self.tickets[subject] = how


class Traffic:
    """Mail, API and form, until told to stop; what nobody answered is sent again as it was."""

    def __init__(self, desk, ledger, lmtp=6, api=3, form=1):
        self.d, self.l, self.stop = desk, ledger, threading.Event()
        self.token = desk.token('write', SENDER)
        self.browser = Browser(desk)
        self.browser.sign_in('manager@campus.example')
        self.failed = []
        work = [self.by_mail] * lmtp + [self.by_api] * api + [self.by_form] * form
        self.threads = [threading.Thread(target=self.run, args=(f, i)) for i, f in enumerate(work)]

    def start(self):
        for t in self.threads:
            t.start()

    def end(self):
        self.stop.set()
        for t in self.threads:
            t.join()

    def run(self, step, n):
        k = 0
        while not self.stop.is_set():
            try:
                step(f'{step.__name__[3:]}-{n}-{k}')
            except Exception as e:  # a bug of the test: it must not look like a passed one
                self.failed.append(repr(e))
                return
            k += 1

    def until(self, once):
        while not once():
            time.sleep(0.05)

    def by_mail(self, subject):
        # Below and above the size that is kept with its row; some come twice.
        size = int(1000 * 2 ** random.uniform(0, 8))
        raw = mail_bytes(subject, size)
        self.until(lambda: deliver(self.d.lmtp, raw) == 250)
        self.l.mail(subject, raw)
        if random.random() < 0.1:
            self.until(lambda: deliver(self.d.lmtp, raw) == 250)
            self.l.repeats += 1

    def by_api(self, subject):
        body = {'kind': 'incident', 'criticality': 3, 'subject': subject, 'text': 'It does not work since the morning.'}

        def once():
            try:
                return self.d.ask('POST', '/api/v1/tickets', body, token=self.token, key=subject).status == 201
            except (OSError, EOFError):
                return False
            except Exception as e:  # http.client speaks in many voices of a connection that ended
                return 'http.client' in type(e).__module__ and False

        self.until(once)
        self.l.ticket(subject, 'api')

    def by_form(self, subject):
        b = self.browser
        state = {}

        def fill():
            try:
                b.post('/support/new', {'kind': 'incident'}, page='/support/new')
                b.post('/support/new/criticality', {'criticality': '3'}, page='/support/new/criticality')
                page = b.get('/support/new/details').text
                hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page))
                if b.last.status != 200 or 'csrf' not in hidden or 'once' not in hidden:
                    return False
                state['form'] = {**hidden, 'summary': subject, 'text': 'The page stays blank.', 'affected_email': '', 'link': ''}
                return True
            except Exception as e:
                return bool(isinstance(e, AssertionError))

        def send():  # a browser that sends the same form again
            try:
                a = b.ask('POST', '/support/new/details', form=state['form'])
            except Exception:
                return False
            if a.status == 422:
                raise RuntimeError('the form was refused: ' + re.sub(r'<[^>]+>', ' ', a.text)[:600])
            # The ticket, or the list with "this was sent already" when only the answer was lost.
            return a.status == 303 and '/support/tickets' in (a['Location'] or '')

        self.until(fill)
        self.until(send)
        self.l.ticket(subject, 'form')


# ---- reading what is there ----

def table(desk, sql):
    if desk.db:
        out = subprocess.run(['psql', '-AtqF', '\x1f', desk.db, '-c', sql], capture_output=True, text=True, check=True).stdout
        return [tuple(line.split('\x1f')) for line in out.splitlines()]
    db = sqlite3.connect(f'file:{desk.data}/desk.db?mode=ro', uri=True)
    try:
        return [tuple('' if c is None else str(c) for c in r) for r in db.execute(sql)]
    finally:
        db.close()


def filed(desk, seconds=120):
    for _ in range(seconds * 4):
        if table(desk, 'SELECT COUNT(*) FROM intake WHERE state = 1')[0][0] == '0':
            return True
        time.sleep(0.25)
    return False


def check(t, desk, ledger):
    """Lost, doubled, altered, half: none."""
    t.ok('all accepted mail is filed in the end', filed(desk))
    rows = table(desk, 'SELECT sha256, state FROM intake')
    there = {}
    for sha, _ in rows:
        there[sha] = there.get(sha, 0) + 1
    wanted = {hashlib.sha256(raw).hexdigest(): s for s, raw in ledger.mails.items()}
    t.eq('mails lost', [s for sha, s in wanted.items() if sha not in there], [])
    t.eq('mails taken twice', [s for sha, s in wanted.items() if there.get(sha, 0) > 1], [])
    altered = []
    for sha in wanted:
        try:
            with open(f'{desk.data}/blobs/{sha[:2]}/{sha[2:]}', 'rb') as f:
                if hashlib.sha256(f.read()).hexdigest() != sha:
                    altered.append(sha)
        except OSError as e:
            altered.append(str(e))
    t.eq('mails altered or without their bytes', altered, [])
    tickets = {}
    for subject, in table(desk, "SELECT subject FROM ticket WHERE subject LIKE '%-%-%'"):
        tickets[subject] = tickets.get(subject, 0) + 1
    for how in ('api', 'form'):
        mine = [s for s, h in ledger.tickets.items() if h == how]
        t.eq(f'tickets opened by {how} that are lost', [s for s in mine if s not in tickets], [])
        t.eq(f'tickets opened by {how} that are there twice', [s for s in mine if tickets.get(s, 0) > 1], [])
    t.eq('mails that became two tickets', [s for s in ledger.mails if tickets.get(s, 0) > 1], [])
    t.eq('mails that were acknowledged and became nothing', [s for s in ledger.mails if s not in tickets], [])
    for half, sql in (
            ('tickets without a message', 'SELECT COUNT(*) FROM ticket t WHERE NOT EXISTS (SELECT 1 FROM message m WHERE m.ticket_id = t.id)'),
            ('tickets without their first event', "SELECT COUNT(*) FROM ticket t WHERE NOT EXISTS (SELECT 1 FROM event e WHERE e.ticket_id = t.id AND e.kind = 'ticket.opened')"),
            ('messages of mail without their mail', 'SELECT COUNT(*) FROM message m WHERE m.intake_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM intake i WHERE i.id = m.intake_id)')):
        t.eq(half, table(desk, sql)[0][0], '0')
    if not desk.db:
        t.eq('the database is whole', table(desk, 'PRAGMA integrity_check'), [('ok',)])
        t.eq('no row points nowhere', table(desk, 'PRAGMA foreign_key_check'), [])
    desk.command('verify')
    t.eq('carrel verify reconciles', desk.last.returncode, 0)
    print(f'{len(ledger.mails)} mails ({ledger.repeats} sent again), {sum(h == "api" for h in ledger.tickets.values())} tickets by API, '
          f'{sum(h == "form" for h in ledger.tickets.values())} by form')


# ---- B-1 ----

def kill(t, times):
    with Desk(flags=['--max-mail', '4M']) as d:
        ledger = Ledger()
        traffic = Traffic(d, ledger)
        traffic.start()
        slow = 0
        for _ in range(times):
            time.sleep(random.expovariate(1 / 0.6))
            d.proc.send_signal(signal.SIGKILL)
            d.proc.wait()
            from_ = time.monotonic()
            d.start()
            slow = max(slow, time.monotonic() - from_)
        traffic.end()
        t.eq('the traffic went on to the end', traffic.failed, [])
        t.ok('something was acknowledged by each way', len(ledger.mails) > times and len(set(ledger.tickets.values())) == 2,
             f'{len(ledger.mails)} mails, {ledger.tickets}')
        t.ok('jail workers of dead desks are gone', len(subprocess.run(['pgrep', '-f', d.data], capture_output=True, text=True).stdout.split()) <= 4)
        print(f'{times} kills, slowest start {slow:.1f} s')
        check(t, d, ledger)


# ---- B-3 ----

CALL = re.compile(r'^(\d+) +(\d+\.\d+) (\w+)\((.*)$')
NOTHING = re.compile(r'= 0(?: <[\d.]+>)?\s*$')  # the result of a call: done, or the end of a stream
RESUMED = re.compile(r'^(\d+) +(\d+\.\d+) <\.\.\. (\w+) resumed>(.*)$')


def calls(path):
    """(thread, began, ended, name, text), completed ones only, in the order they ended."""
    open_ = {}
    for line in open(path, errors='replace'):
        if m := CALL.match(line):
            tid, at, name, text = m.group(1), float(m.group(2)), m.group(3), m.group(4)
            if text.endswith('<unfinished ...>\n') or '<unfinished ...>' in text:
                open_[tid, name] = (at, text)
                continue
            spent = re.search(r'<(\d+\.\d+)>\s*$', text)
            yield tid, at, at + float(spent.group(1) if spent else 0), name, text
        elif m := RESUMED.match(line):
            tid, at, name, text = m.group(1), float(m.group(2)), m.group(3), m.group(4)
            if (tid, name) in open_:
                began, head = open_.pop((tid, name))
                yield tid, began, at, name, head + text


def judge(path):
    """Counts deliveries whose 250 came after a sync of the log that began after the last byte came in; of large ones,
    also after the syncs of the file and, once it had its name, of its folder. Gives (seen, wrong, files)."""
    all_ = sorted(calls(path), key=lambda c: c[2])
    seen, wrong, files = 0, [], 0
    got = {}   # thread: when the last data came
    temp = {}  # thread: (when its file was synced, when it got its name)
    wal = [(b, e) for _, b, e, n, x in all_ if n in ('fdatasync', 'fsync') and '-wal>' in x and NOTHING.search(x)]
    folders = [(b, e) for _, b, e, n, x in all_ if n in ('fdatasync', 'fsync') and re.search(r'/blobs/[0-9a-f]{2}>', x)]
    for tid, began, ended, name, text in all_:
        if name in ('recvfrom', 'read') and not NOTHING.search(text):
            got[tid] = ended
        elif name in ('fdatasync', 'fsync') and '/blobs/tmp/' in text:
            temp[tid] = [ended, None]
        elif name.startswith('rename') and 'tmp/' in text:
            temp.setdefault(tid, [float('inf'), None])[1] = ended  # named without a sync: never good
        elif name == 'sendto' and '"250 2.0.0 Kept' in text:
            seen += 1
            since = got.get(tid, 0)
            good = any(b >= since - 1e-6 and e <= began + 1e-6 for b, e in wal)
            if tid in temp:
                files += 1
                synced, named = temp.pop(tid)
                good = good and named is not None and synced <= named and any(b >= named - 1e-6 and e <= began + 1e-6 for b, e in folders)
            if not good:
                wrong.append(text[:80])
    return seen, wrong, files


def without(path, hidden):
    """The trace as if these files had never been synced. A call that was interrupted counts by its first half."""
    out, gone = path + '-without', set()
    with open(path, errors='replace') as f, open(out, 'w') as to:
        for line in f:
            if (m := RESUMED.match(line)) and (m.group(1), m.group(3)) in gone:
                gone.discard((m.group(1), m.group(3)))
            elif (m := CALL.match(line)) and m.group(3) in ('fsync', 'fdatasync') and re.search(hidden, line):
                if '<unfinished ...>' in line:
                    gone.add((m.group(1), m.group(3)))
            else:
                to.write(line)
    return out


def trace(d, mails, big):
    out = os.path.join(d.dir, f'trace-{random.random()}')
    s = subprocess.Popen(['strace', '-f', '-ttt', '-T', '-yy', '-s', '60', '-o', out, '-e',
                          'trace=recvfrom,read,sendto,write,fsync,fdatasync,rename,renameat,renameat2', '-p', str(d.proc.pid)],
                         stderr=subprocess.PIPE)
    s.stderr.readline()  # attached
    time.sleep(0.5)
    last = ''

    def some(n):
        nonlocal last
        c = Lmtp(d.lmtp)
        for k in range(mails // 4):
            raw = mail_bytes(f'order-{n}-{k}', 200000 if n < big else 3000)
            assert c.deliver(raw) == 250, c.last
            last = c.last
        c.close()

    threads = [threading.Thread(target=some, args=(i,)) for i in range(4)]
    for x in threads:
        x.start()
    for x in threads:
        x.join()
    s.send_signal(signal.SIGINT)
    s.wait(20)
    print('answer to the dot:', last)
    return out


def order(t):
    os.environ['ASAN_OPTIONS'] = 'detect_leaks=0'
    with Desk(flags=['--max-mail', '4M']) as d:
        path = trace(d, 120, 1)
        seen, wrong, files = judge(path)
        t.eq('every delivery was seen in the trace', seen, 120)
        t.eq('every 250 came after its syncs', wrong, [])
        t.ok('large mails went through files', files >= 30, files)
        # The oracle itself: the same trace without one kind of sync, and with each answer said before its syncs.
        for what, hidden, least in (('of the log', r'-wal>', 120), ('of files', r'/blobs/tmp/', files), ('of folders', r'/blobs/[0-9a-f]{2}>', files)):
            _, red, _ = judge(without(path, hidden))
            t.ok(f'without syncs {what} the trace is found wrong', len(red) >= least, (len(red), least))
    os.environ['CARREL_TEST_NO_SYNC'] = '1'
    try:
        with Desk(flags=['--max-mail', '4M']) as d:
            seen, wrong, _ = judge(trace(d, 40, 0))
            t.eq('deliveries without syncs are seen, too', seen, 40)
            t.eq('without syncs each 250 is found wrong', len(wrong), 40)
    finally:
        del os.environ['CARREL_TEST_NO_SYNC']


# ---- B-4 ----

def fill(path, leave):
    """Takes all space of the file system but `leave` bytes; gives it back when the file is removed."""
    with open(path, 'wb') as f:
        while True:
            free = os.statvfs(path).f_bavail * os.statvfs(path).f_frsize - leave
            if free <= 0:
                return
            try:
                os.posix_fallocate(f.fileno(), 0, os.fstat(f.fileno()).st_size + free)
            except OSError:
                try:
                    f.seek(0, 2)
                    f.write(b'x' * 4096)
                    f.flush()
                except OSError:
                    return


def soon(step, seconds=5):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if step():
            return True
        time.sleep(0.1)
    return False


def full(t):
    d = Desk(flags=['--max-mail', '2M', '--max-upload', '30M', '--min-free', '3M'])
    os.mkdir(d.data)
    r = subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=72m', 'tmpfs', d.data], capture_output=True, text=True)
    if r.returncode:
        print('skipped: no small disk can be mounted here:', r.stderr.strip())
        d.__exit__()
        sys.exit(77)
    filler = d.data + '/filler'
    try:
        with d:
            token = d.token('write', SENDER)
            agent = Browser(d)
            agent.sign_in('agent@desk.example')
            body = {'kind': 'request', 'priority': 3, 'subject': 'A new course', 'text': 'Please make one.'}
            opened = {}

            customer = Browser(d)
            customer.sign_in('manager@campus.example')
            customer.post('/support/new', {'kind': 'incident'}, page='/support/new')
            customer.post('/support/new/criticality', {'criticality': '3'}, page='/support/new/criticality')
            form = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', customer.get('/support/new/details').text))
            form.update(affected_email='', link='')

            def open_(n):
                a = d.ask('POST', '/api/v1/tickets', {**body, 'subject': f'full-{n}-x', 'text': 'x' * 20000}, token=token)
                if a.status == 201:
                    opened[f'full-{n}-x'] = a.json
                return a

            t.eq('with space a ticket is opened', open_(0).status, 201)
            t.eq('with space mail is taken', deliver(d.lmtp, mail_bytes('full-mail-1')), 250)
            fill(filler, 2 << 20)
            c = Lmtp(d.lmtp)
            code = c.say(b'MAIL FROM:<x@campus.example>')
            t.eq('below the reserve mail is put off before it is sent', code, 452)
            t.ok('and the sender hears why', 'space' in c.last or 'full' in c.last, c.last)
            c.close()
            a = d.ask('POST', '/api/v1/uploads?name=a.bin', b'x' * 1000, {'Content-Type': 'application/octet-stream'}, token=token)
            t.eq('an upload is put off', a.status, 507)
            t.ok('the problem says so in words', 'space' in a.json.get('detail', ''), a.text[:300])
            fill(d.data + '/filler2', 0)
            refused = None
            for n in range(1, 300):
                a = open_(n)
                if a.status != 201:
                    refused = a
                    break
            t.eq('with no space at all opening is refused', refused and refused.status, 507)
            t.ok('as a problem that says what was kept', refused and 'problem+json' in refused['Content-Type'] and 'disk' in refused.text, refused and refused.text[:300])
            page = customer.ask('POST', '/support/new/details', form={**form, 'summary': 'full-form-x', 'text': 'What was typed here stays.'})
            t.ok('a form is answered by 507 or keeps its text for another try', page.status == 507 and 'disk' in page.text.lower(),
                 (page.status, re.sub(r'<[^>]+>|\s+', ' ', page.text)[:400]))
            t.eq('reading goes on: the list', d.ask('GET', '/api/v1/tickets', token=token).status, 200)
            t.eq('reading goes on: an agent’s page', agent.get('/desk/views/all').status, 200)
            t.eq('reading goes on: the sign-in page', d.ask('GET', '/sign-in').status, 200)
            os.remove(d.data + '/filler2')
            os.remove(filler)
            t.ok('with space again a ticket is opened within five seconds', soon(lambda: open_(1000).status == 201))
            t.ok('with space again mail is taken', soon(lambda: deliver(d.lmtp, mail_bytes('full-mail-2')) == 250))
            a = customer.ask('POST', '/support/new/details', form={**form, 'summary': 'full-form-x', 'text': 'What was typed here stays.'})
            t.eq('the same form, sent again, opens its ticket', (a.status, '/support/tickets/' in (a['Location'] or '')), (303, True))
            t.eq('once', table(d, "SELECT COUNT(*) FROM ticket WHERE subject = 'full-form-x'"), [('1',)])
            opened['full-form-x'] = a
            # In the middle of an upload: the reserve is there at its beginning and gone before its end.
            fill(filler, 12 << 20)
            a = d.ask('POST', '/api/v1/uploads?name=big.bin', os.urandom(20 << 20), {'Content-Type': 'application/octet-stream'}, token=token)
            t.eq('an upload that does not fit ends with 507', a.status, 507)
            os.remove(filler)
            t.ok('what there was of it is removed', soon(lambda: not [f for f in os.listdir(d.data + '/blobs/tmp')] and not os.listdir(d.data + '/uploads')),
                 (os.listdir(d.data + '/blobs/tmp'), os.listdir(d.data + '/uploads')))
            a = d.ask('POST', '/api/v1/uploads?name=big.bin', os.urandom(8 << 20), {'Content-Type': 'application/octet-stream'}, token=token)
            t.eq('then one that fits is taken', a.status, 201)
            t.ok('all mail is filed', filed(d))
            there = {s for s, in table(d, 'SELECT subject FROM ticket')}
            t.eq('every ticket that was acknowledged is there', [s for s in opened if s not in there], [])
            t.eq('no ticket that was refused is there', [s for s in there if s.startswith('full-') and s.endswith('-x') and s not in opened], [])
            t.eq('the database is whole', table(d, 'PRAGMA integrity_check'), [('ok',)])
    finally:
        subprocess.run(['umount', d.data], capture_output=True)
        d.__exit__()


# ---- B-7 ----

def postgres(t, times):
    url, folder = subprocess.run([ROOT + '/tests/pg-start.sh'], capture_output=True, text=True, check=True).stdout.split()
    pg = sorted(f'/usr/lib/postgresql/{v}/bin' for v in os.listdir('/usr/lib/postgresql'))[-1]
    as_ = ['runuser', '-u', 'postgres', '--'] if os.getuid() == 0 else []

    def server():
        subprocess.run([*as_, pg + '/pg_ctl', '-D', folder + '/data', '-w', '-l', folder + '/server.log', 'start'], stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, check=True)

    try:
        with Desk(db=url, flags=['--max-mail', '4M']) as d:
            ledger = Ledger()
            traffic = Traffic(d, ledger, lmtp=4, api=3)
            traffic.start()
            for k in range(times):
                time.sleep(random.uniform(0.3, 1.2))
                if k % 4 == 3:
                    pid = int(open(folder + '/data/postmaster.pid').readline())
                    os.kill(pid, signal.SIGKILL)
                    time.sleep(0.7)
                    if k == 3:
                        a = d.ask('GET', '/healthz')
                        t.ok('without its database the desk says so', a.status == 503 and 'database' in a.text, a.text[:300])
                        a = d.ask('GET', '/api/v1/tickets', token=traffic.token)
                        t.ok('and tells those who ask to try again', a.status == 503 and a['Retry-After'], (a.status, a.text[:200]))
                        code = deliver(d.lmtp, mail_bytes('away-0-0'))
                        t.ok('mail is put off, not refused', code in (0, 421, 451, 452), code)
                    # The postmaster's children end by themselves when it is gone; until then a new one refuses to start.
                    t.ok('the database comes back', soon(lambda: subprocess.run([*as_, pg + '/pg_ctl', '-D', folder + '/data', '-w', '-l',
                         folder + '/server.log', 'start'], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0, 60))
                    t.ok('the desk is back with it, without a restart', soon(lambda: d.ask('GET', '/healthz').status == 200, 10))
                else:
                    subprocess.run(['psql', '-q', url, '-c', 'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()'],
                                   capture_output=True)
            time.sleep(1)
            traffic.end()
            t.eq('the traffic went on to the end', traffic.failed, [])
            t.ok('something was acknowledged by each way', len(ledger.mails) > times and len(set(ledger.tickets.values())) == 2)
            check(t, d, ledger)
    finally:
        subprocess.run([ROOT + '/tests/pg-stop.sh', folder], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


# ---- B-1, mail that goes out ----

def change(d, sql):
    if d.db:
        subprocess.run(['psql', '-q', '-v', 'ON_ERROR_STOP=1', d.db], input=sql, text=True, check=True, stdout=subprocess.DEVNULL)
        return
    db = sqlite3.connect(f'{d.data}/desk.db', timeout=30)
    db.executescript(sql)
    db.close()


def queue(d, n):
    """n mails to n people of ten domains, due at once."""
    now = int(time.time() * 1000000)
    change(d, 'UPDATE outmail SET state = 4 WHERE state = 1;\n' + ''.join(
        "INSERT INTO outmail (kind, automatic, from_name, from_addr, to_name, to_addr, message_id, subject, text, state, next_at, created_at)"
        f" VALUES ('reply', 0, 'Desk', 'support@desk.example', 'x', 'u{i}@d{i % 10}.example', 'luck-{i}@desk.example', 's', 't', 1, 0, {now});\n" for i in range(n)))


def sent(sink):
    """Recipient: the Message-IDs of what came for it."""
    got = {}
    for _, to, raw in list(sink.mails):
        id_ = re.search(rb'^Message-ID: *(<[^>]+>)', raw, re.M | re.I).group(1)
        for who in to if re.fullmatch(r'u\d+@d\d\.example', to[0]) else ():  # the desk sends other mails, too
            got.setdefault(who, []).append(id_)
    return got


def going_out(t, d, sink, n, times, where):
    for _ in range(times):
        before, k = len(sink.mails), 0
        while len(sink.mails) < before + random.randint(1, n // (times + 4)) and k < 300:
            time.sleep(0.02)
            k += 1
        d.proc.send_signal(signal.SIGKILL)
        d.proc.wait()
        change(d, 'UPDATE outmail SET next_at = 0 WHERE state = 1')  # what it had taken is another's some minutes later
        d.start()
    t.ok(f'{where}: all are sent in the end', soon(lambda: table(d, 'SELECT COUNT(*) FROM outmail WHERE state = 1')[0][0] == '0', 240),
         table(d, 'SELECT state, COUNT(*) FROM outmail GROUP BY state'))
    got = sent(sink)
    t.eq(f'{where}: mails that came to nobody', [i for i in range(n) if f'u{i}@d{i % 10}.example' not in got], [])
    t.eq(f'{where}: mails whose Message-ID was another one when they came again', [w for w, ids in got.items() if len(set(ids)) > 1], [])
    again = sum(len(ids) - 1 for ids in got.values())
    t.ok(f'{where}: only what was on its way when the desk was killed came twice', again <= times * 20, again)
    print(f'{where}: {n} mails, {times} kills, {again} came twice with the same Message-ID')


def out(t, times):
    n = 40 * times
    for db in (None, 'postgres'):
        url = folder = None
        if db:
            url, folder = subprocess.run([ROOT + '/tests/pg-start.sh'], capture_output=True, text=True, check=True).stdout.split()
        try:
            sink = Sink()
            sink.pause = 0.05
            flags = ['--smtp-url', f'smtp://127.0.0.1:{sink.port}']
            with Desk(db=url, flags=flags) as d:
                queue(d, n)
                going_out(t, d, sink, n, times, db or 'sqlite')
                if not db:
                    continue
                # Two programs on the same queue, nobody killed: nothing twice.
                other, sink.mails[:] = Desk(db=url, flags=flags, demo=False), []
                other.data = d.data
                other.start()
                try:
                    change(d, "UPDATE outmail SET state = 1, next_at = 0, tries = 0 WHERE message_id LIKE 'luck-%'")
                    t.ok('two desks send all', soon(lambda: table(d, 'SELECT COUNT(*) FROM outmail WHERE state = 1')[0][0] == '0', 240))
                    t.eq('two desks send nothing twice', sorted(len(ids) for ids in sent(sink).values()), [1] * n)
                finally:
                    other.stop()
                    shutil.rmtree(other.dir, ignore_errors=True)
        finally:
            if folder:
                subprocess.run([ROOT + '/tests/pg-stop.sh', folder], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


# ---- B-9, B-13 ----

def pipe(d, raw):
    more = ['--data-dir', d.data] + (['--db', d.db] if d.db else [])
    return subprocess.run([CARREL, 'mail', 'deliver', '-f', SENDER, 'support@desk.example', *more], input=raw, capture_output=True,
                          env={**os.environ, 'CARREL_SUPPORT_ADDR': 'support@desk.example'}, timeout=120).returncode


def again(t):
    os.environ['CARREL_TEST_FAULTS'] = '1'
    with Desk() as d:
        raw = mail_bytes('fifty-times-x')
        codes = []

        def send(n):
            codes.append(pipe(d, raw) if n % 10 == 0 else deliver(d.lmtp, raw))

        threads = [threading.Thread(target=send, args=(n,)) for n in range(50)]
        for x in threads:
            x.start()
        for x in threads:
            x.join()
        t.eq('all fifty are taken', (codes.count(250), codes.count(0)), (45, 5))
        t.ok('all are filed', filed(d))
        t.eq('fifty times the same mail is one ticket', table(d, "SELECT COUNT(*) FROM ticket WHERE subject = 'fifty-times-x'"), [('1',)])
        t.eq('with one message', table(d, "SELECT COUNT(*) FROM message m JOIN ticket t ON t.id = m.ticket_id WHERE t.subject = 'fifty-times-x'"), [('1',)])

        other = raw.replace(b'Subject: fifty-times-x', b'Subject: fifty-other-x') + b'Another text.\r\n'
        t.eq('the same Message-ID with another body is taken', deliver(d.lmtp, other), 250)
        t.ok('and filed', filed(d))
        t.eq('both are kept', table(d, "SELECT COUNT(*) FROM ticket WHERE subject IN ('fifty-times-x', 'fifty-other-x')"), [('2',)])
        t.ok('the second is flagged', ('1',) in table(d, "SELECT same_id FROM intake WHERE subject = 'fifty-other-x'"))

        bare = re.sub(rb'Message-ID: [^\r]*\r\n', b'', mail_bytes('fifty-bare-x'))
        t.eq('a mail without Message-ID is taken, and taken again', [deliver(d.lmtp, bare) for _ in range(3)], [250] * 3)
        t.ok('filed', filed(d))
        t.eq('and is one by its content', table(d, "SELECT COUNT(*) FROM ticket WHERE subject = 'fifty-bare-x'"), [('1',)])

        # Readers that never end or want all memory: the mail is put aside, those behind it do not wait, the desk lives.
        pid = d.proc.pid
        for how in ('abort', 'hang', 'memory'):
            t.eq(f'a mail whose reader meets {how} is taken', deliver(d.lmtp, mail_bytes(f'poison-{how}-x', extra=f'X-Carrel-Test-Crash: {how}\r\n')), 250)
            from_ = time.monotonic()
            t.eq('those behind it, too', [deliver(d.lmtp, mail_bytes(f'behind-{how}{n}-x')) for n in range(3)], [250] * 3)
            # One thread files: behind a reader that never ends all wait for its five seconds (JAIL_SECONDS), and no longer.
            # Where sanitizers stand in for the limit of memory, "memory" ends as "hang" does.
            most = 5 if how == 'abort' else 7
            t.ok(f'behind {how} others are filed within {most} seconds',
                 soon(lambda: table(d, f"SELECT COUNT(*) FROM ticket WHERE subject LIKE 'behind-{how}%'") == [('3',)], 30) and time.monotonic() - from_ < most,
                 time.monotonic() - from_)
            print(f'behind {how}: {time.monotonic() - from_:.1f} s')
            t.ok(f'{how}: put aside with its reason', soon(lambda: table(d, f"SELECT 1 FROM intake WHERE state = 4 AND reason <> '' AND sha256 = '{hashlib.sha256(mail_bytes(f'poison-{how}-x', extra=f'X-Carrel-Test-Crash: {how}' + chr(13) + chr(10))).hexdigest()}'"), 60))
            print(f'{how} put aside after {time.monotonic() - from_:.1f} s')
        t.eq('the desk is the same process', (d.proc.poll(), d.proc.pid), (None, pid))

        # A reader that breaks: the mail waits, the others do not.
        poison = hashlib.sha256(mail_bytes('poison-a-x', extra='X-Carrel-Test-Crash: 1\r\n')).hexdigest()
        t.eq('a mail that breaks its reader is taken', deliver(d.lmtp, mail_bytes('poison-a-x', extra='X-Carrel-Test-Crash: 1\r\n')), 250)
        from_ = time.monotonic()
        t.eq('the next one, too', deliver(d.lmtp, mail_bytes('after-poison-x')), 250)
        t.ok('it is filed within five seconds', soon(lambda: table(d, "SELECT 1 FROM ticket WHERE subject = 'after-poison-x'"), 15 if 'test' in CARREL else 5),
             time.monotonic() - from_)
        t.ok('the first is in quarantine, with a reason', soon(lambda: table(d, "SELECT 1 FROM intake WHERE state = 4 AND reason <> '' AND sha256 = '" + poison + "'"), 30))
        id_, sha = table(d, f"SELECT id, sha256 FROM intake WHERE sha256 = '{poison}'")[0]
        with open(f'{d.data}/blobs/{sha[:2]}/{sha[2:]}', 'rb') as f:
            t.eq('its bytes are whole', hashlib.sha256(f.read()).hexdigest(), sha)
        agent = Browser(d)
        agent.sign_in('agent@desk.example')
        t.ok('an agent sees it', 'quarantine' in agent.get(f'/desk/intake/{id_}').text.lower() or agent.last.status == 200)
        d.stop()
        del os.environ['CARREL_TEST_FAULTS']
        d.start()  # an upgrade that reads it
        agent.sign_in('agent@desk.example')
        page = f'/desk/intake/{id_}'
        routes = d.command('routes')
        path = re.search(r'POST\s+(/desk/(?:triage|intake)/\{id\}/(?:reprocess|again))', routes)
        t.ok('there is a way to read it again', path)
        if path:
            a = agent.post(path.group(1).replace('{id}', id_), page=page)
            t.eq('read again', a.status, 303)
        t.ok('then it is a ticket', soon(lambda: table(d, "SELECT 1 FROM ticket WHERE subject = 'poison-a-x'"), 20))


if __name__ == '__main__':
    tally = Tally()
    random.seed(int(os.environ.get('SEED', '0')) or None)
    what, more = sys.argv[1], sys.argv[2:]
    if what == 'kill':
        kill(tally, int(more[0]) if more else 20)
    elif what == 'order':
        order(tally)
    elif what == 'full':
        full(tally)
    elif what == 'out':
        out(tally, int(more[0]) if more else 3)
    elif what == 'postgres':
        postgres(tally, int(more[0]) if more else 12)
    else:
        again(tally)
    tally.end()
