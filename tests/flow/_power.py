"""Power cuts and failing disks. A library loaded before the C library (_disk.c) writes down what the desk does to its data
directory, and when it said "Kept" to a client. From that log the disk is made as a power cut at any point leaves it: what
was not synced by then is gone, or only pages of it are there. What was acknowledged before the cut must be on it.

    _power.py cut [CUTS [MAILS]]   power cuts under mail, pipe and API (B-2), and that the oracle sees missing syncs
    _power.py fail [MOST]          the first, second, ... call that writes, syncs or opens fails (B-5)
"""
import copy
import hashlib
import os
import random
import re
import resource
import shutil
import socket
import sqlite3
import struct
import subprocess
import sys
import tempfile
import threading
import time

from _apidesk import CARREL, Desk, Tally
from _luck import SENDER, Ledger, check, deliver, filed, mail_bytes, soon, table

sys.stdout.reconfigure(line_buffering=True)
HEAD = struct.Struct('<5q')
PAGE = 4096


# ---- the disk ----

class File:
    """Its bytes as they are on the disk, and what was written since."""

    def __init__(self, kept=b''):
        self.kept, self.pending, self.known = bytearray(kept), [], None

    @staticmethod
    def apply(content, op, at, data):
        if op == 't':
            del content[at:]
            content.extend(bytes(at - len(content)))
        else:
            if len(content) < at:
                content.extend(bytes(at - len(content)))
            content[at:at + len(data)] = data

    def sync(self, before):
        for number, *op in self.pending:
            if number < before:
                self.apply(self.kept, *op)
        self.pending, self.known = [p for p in self.pending if p[0] >= before], None

    def digest(self, rng):
        if self.pending and rng:
            return hashlib.sha256(self.image(rng)).hexdigest()
        self.known = self.known or hashlib.sha256(self.kept).hexdigest()
        return self.known

    def image(self, rng):
        """With a generator: of what was not synced some pages are there, in any order; without: nothing."""
        content = bytearray(self.kept)
        if rng:
            keep = rng.choice((0.05, 0.5, 0.95))
            for _, op, at, data in self.pending:
                if op == 't' and rng.random() < keep:
                    self.apply(content, op, at, data)
                for k in range(0, len(data), PAGE):
                    if op == 'w' and rng.random() < keep:
                        self.apply(content, op, at + k, data[k:k + PAGE])
        return bytes(content)


def parent(path):
    return path.rstrip('/').rpartition('/')[0]


class Disk:
    """The log played to some record. Names are kept when their folder was synced, bytes when their file was."""

    def __init__(self, folder, ignore=None):
        self.number, self.ignore = 0, ignore  # ignore: a pattern of files whose syncs shall count for nothing
        self.names, self.kept, self.pending = {}, {}, []
        self.begun, self.inodes = {}, {}
        for at, dirs, files in os.walk(folder):
            for name in files:
                path = os.path.join(at, name)
                with open(path, 'rb') as f:
                    file = File(f.read())
                self.names[os.path.relpath(path, folder)] = file
                self.inodes[os.stat(path).st_ino] = file
            for name in dirs:
                self.names[os.path.relpath(os.path.join(at, name), folder)] = 'folder'
        self.kept = dict(self.names)

    def name(self, path, file):
        self.pending.append((self.number, path, file))
        if file is None:
            self.names.pop(path, None)
        else:
            self.names[path] = file

    def play(self, what, inode, a, b, data):
        self.number += 1
        if what in 'wt':
            file = self.inodes.get(inode)
            if file is not None:
                file.pending.append((self.number, what, a, data))
        elif what == 'c':
            self.inodes[inode] = File()
            self.name(data.decode(), self.inodes[inode])
        elif what == 'm':
            self.name(data.decode(), 'folder')
        elif what == 'u':
            self.name(data.decode(), None)
        elif what in 'rl':
            from_, to = data[:a].decode(), data[a:].decode()
            self.name(to, self.names[from_])
            if what == 'r':
                self.name(from_, None)
        elif what == 'b':
            self.begun[a, b] = self.number
        elif what == 's':
            self.sync(inode, self.begun.pop((a, b)), data.decode())

    def sync(self, inode, before, path):
        if self.ignore and re.search(self.ignore, path):
            return
        if path == '' or path.endswith('/'):
            folder = path.rstrip('/')
            for number, name, file in self.pending:
                if number < before and parent(name) == folder:
                    self.keep(name, file)
            self.pending = [p for p in self.pending if p[0] >= before or parent(p[1]) != folder]
        elif inode in self.inodes:
            self.inodes[inode].sync(before)

    def keep(self, name, file, names=None):
        names = self.kept if names is None else names
        if file is None:
            names.pop(name, None)
        else:
            names[name] = file

    def image(self, rng=None):
        """Path: File, or "folder", of all that is there after a cut now."""
        names = dict(self.kept)
        if rng:  # names come in their order, up to some point
            for number, name, file in self.pending[:rng.randint(0, len(self.pending))]:
                self.keep(name, file, names)
        there = {}
        for name, file in sorted(names.items()):
            up = parent(name)
            if up == '' or up in there:
                there[name] = file
        return there


def read_log(path):
    with open(path, 'rb') as f:
        data = f.read()
    at, out = 0, []
    while at < len(data):
        what, inode, a, b, n = HEAD.unpack_from(data, at)
        at += HEAD.size
        out.append((chr(what), inode, a, b, data[at:at + n]))
        at += n
    return out


# ---- a desk on it ----

class Traced:
    """A desk whose disk is written down."""

    def __init__(self, desk):
        self.d = desk
        self.lib, self.log, self.fail = (os.path.join(desk.dir, x) for x in ('disk.so', 'disk.log', 'disk.fail'))
        subprocess.run(['cc', '-shared', '-fPIC', '-O1', '-o', self.lib, os.path.join(os.path.dirname(os.path.abspath(__file__)), '_disk.c')], check=True)
        with open(self.fail, 'wb') as f:
            f.write(bytes(40))
        self.token = desk.token('write', SENDER)  # before the log begins: what others write is not in it
        self.env = {'LD_PRELOAD': self.lib, 'DISK_DIR': os.path.realpath(desk.data), 'DISK_LOG': self.log, 'DISK_FAIL': self.fail,
                    'ASAN_OPTIONS': 'detect_leaks=0:verify_asan_link_order=0'}

    def start(self):
        if not os.path.exists(self.log):
            self.disk = Disk(self.d.data)
        old = {k: os.environ.get(k) for k in self.env}
        os.environ.update(self.env)
        try:
            self.d.start()
        finally:
            for k, v in old.items():
                os.environ.pop(k, None)
                if v is not None:
                    os.environ[k] = v

    def kill(self):
        self.d.proc.kill()
        self.d.proc.wait()

    def pipe(self, raw):
        return subprocess.run([CARREL, 'mail', 'deliver', '-f', SENDER, 'support@desk.example', '--data-dir', self.d.data], input=raw, capture_output=True,
                              env={**os.environ, **self.env, 'CARREL_SUPPORT_ADDR': 'support@desk.example'}, timeout=120)

    def said(self, what):
        """What was acknowledged otherwise than by LMTP is written down by us, when we know: later than it was."""
        data = what.encode()
        with open(self.log, 'ab', buffering=0) as f:
            f.write(HEAD.pack(ord('a'), 0, 0, 0, len(data)) + data)

    def failing(self, what='\0', wait=0, error=0, times=1):
        with open(self.fail, 'r+b', buffering=0) as f:
            f.write(struct.pack('<5q', 0, 0, 0, 0, 0))
            f.seek(8)
            f.write(struct.pack('<4q', wait, error, times, 0))
            f.seek(0)
            f.write(struct.pack('<q', ord(what)))

    def failed(self):
        with open(self.fail, 'rb') as f:
            return struct.unpack('<5q', f.read(40))[4]


def judge(image, rng, said, mails, to):
    """What is wrong with a disk after a cut: '' or a sentence."""
    for name in ('desk.db', 'desk.db-wal', 'desk.db-shm'):
        path = os.path.join(to, name)
        if os.path.exists(path):
            os.remove(path)
        if name in image and name != 'desk.db-shm':
            with open(path, 'wb') as f:
                f.write(image[name].image(rng))
    db = sqlite3.connect(os.path.join(to, 'desk.db'))
    try:
        if (got := db.execute('PRAGMA quick_check').fetchone()[0]) != 'ok':
            return 'the database is damaged: ' + got
        rows = {sha for sha, in db.execute('SELECT sha256 FROM intake')}
        small = {sha for sha, in db.execute('SELECT sha256 FROM raw_mail')}
        keys = {s for s, in db.execute("SELECT subject FROM ticket WHERE subject LIKE 'api-%'")}
    except sqlite3.DatabaseError as e:
        return f'the database does not open: {e}'
    finally:
        db.close()
    for subject in said:
        if subject.startswith('api-'):
            if subject not in keys:
                return f'{subject} was acknowledged and is not there'
            continue
        sha = mails[subject]
        if sha not in rows:
            return f'{subject} was acknowledged and is not there'
        if sha in small:
            continue
        file = image.get(f'blobs/{sha[:2]}/{sha[2:]}')
        if file is None:
            return f'the bytes of {subject} have no name'
        if file.digest(rng) != sha:
            return f'the bytes of {subject} are others'
    return ''


def play(disk, records, stops, mails, folder, keep=None):
    """Judges a cut after each record of `stops` (index: generator or None); gives (cuts, [what was wrong], acknowledged)."""
    wrong, said, cuts = [], [], 0
    for i, r in enumerate(records):
        if r[0] == 'a':
            said += [s for s in [r[4].decode()] if s in mails or s.startswith('api-')]
        else:
            disk.play(*r)
        for rng in stops.get(i, ()):
            image = disk.image(rng)
            cuts += 1
            if bad := judge(image, rng, said, mails, folder):
                wrong.append(f'after record {i} {"(some pages) " if rng else ""}: {bad}')
            elif keep is not None:
                keep.append(({name: None if file == 'folder' else file.image(rng) for name, file in image.items()}, list(said)))
                del keep[:-2]
    return cuts, wrong, said


def points(records, n, seed):
    """Half of the cuts right after something was said, half anywhere; every other one keeps some of what was not synced."""
    said = [i for i, r in enumerate(records) if r[0] == 'a']
    rng = random.Random(seed)
    stops = {}
    for k in range(n):
        at = rng.choice(said) if said and k % 2 else rng.randrange(len(records))
        stops.setdefault(at, []).append(random.Random(rng.random()) if k // 2 % 2 else None)
    return stops


def traffic(d, traced, mails, n, most):
    """n mails through LMTP and pipe, and tickets by API."""
    token, failed = traced.token, []

    def by_mail(way, k):
        subject = f'{way}-{k}-x'
        raw = mail_bytes(subject, int(1000 * 2 ** random.uniform(0, most)))
        mails[subject] = hashlib.sha256(raw).hexdigest()
        if way == 'pipe':
            if (r := traced.pipe(raw)).returncode != 0:
                failed.append((subject, r.returncode, r.stderr[-500:]))
            traced.said(subject)
        elif deliver(d.lmtp, raw) != 250:
            failed.append(subject)

    def by_api(k):
        subject = f'api-{k}-x'
        body = {'kind': 'incident', 'criticality': 3, 'subject': subject, 'text': 'It does not work since the morning.'}
        if d.ask('POST', '/api/v1/tickets', body, token=token, key=subject).status != 201:
            failed.append(subject)
        traced.said(subject)

    def run(steps):
        try:
            for step, *args in steps:
                step(*args)
        except Exception as e:
            failed.append(repr(e))

    work = [[(by_mail, f'lmtp{i}', k) for k in range(n // 5)] for i in range(4)]
    work.append([(by_mail, 'pipe', k) for k in range(n // 20)])
    work.append([(by_api, k) for k in range(n // 7)])
    threads = [threading.Thread(target=run, args=(steps,)) for steps in work]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    return failed


def write_out(image, folder):
    for name, file in image.items():
        path = os.path.join(folder, name)
        if file is None:
            os.makedirs(path, exist_ok=True)
        else:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, 'wb', opener=lambda name, flags: os.open(name, flags, 0o600)) as f:
                f.write(file)


def cut(t, cuts, n):
    with Desk(flags=['--max-mail', '12M']) as d:
        d.stop()
        traced, mails = Traced(d), {}
        traced.start()
        t.eq('all of the traffic was taken', traffic(d, traced, mails, n, 8 if n < 1000 else 13), [])
        traced.kill()
        records = read_log(traced.log)
        to = os.path.join(d.dir, 'after')
        os.mkdir(to)
        images = []

        def fresh(ignore=None):
            disk = copy.deepcopy(traced.disk)
            disk.ignore = ignore
            return disk

        stops = points(records, cuts, 1)
        done, wrong, said = play(fresh(), records, stops, mails, to, images)
        t.eq('everything that was acknowledged is seen in the log', len(said), len(mails) + n // 7)
        t.eq('cuts were made', done, cuts)
        t.eq('after each cut all that was acknowledged is there', wrong[:5], [])
        large = sum(1 for r in records if r[0] == 'b' and b'blobs/tmp/' in r[4])
        t.ok('some mails went through files', large > n // 20, large)
        print(f'{done} cuts over {len(records)} writes, syncs and names; {len(said)} acknowledged, {large} files')
        # The oracle: with one kind of sync left out it must find something.
        some = points(records, min(cuts, 40), 2)
        for what, ignore in (('of the log of the database', r'-wal$'), ('of files', r'^blobs/tmp/'), ('of the names of files', r'^blobs/[0-9a-f]{2}/$')):
            _, wrong, _ = play(fresh(ignore), records, some, mails, to)
            t.ok(f'without syncs {what} cuts are found to lose', len(wrong) > 0)
        # A desk starts on what is left, without anybody's help, and goes on.
        for k, (image, said) in enumerate(images):
            shutil.rmtree(d.data)
            write_out({name: file for name, file in image.items() if not name.endswith('-shm')}, d.data)
            d.start()
            t.ok('mail is taken after the cut', soon(lambda: deliver(d.lmtp, mail_bytes(f'after-cut{k}-x')) == 250))
            t.ok('all is filed', filed(d))
            there = {s for s, in table(d, 'SELECT subject FROM ticket')}
            t.eq('every acknowledged mail and ticket is a ticket', [s for s in said if s not in there][:5], [])
            d.command('verify')
            t.eq('carrel verify reconciles', (d.last.returncode, d.last.stdout[-400:] if d.last.returncode else ''), (0, ''))
            t.eq('the database is whole', table(d, 'PRAGMA integrity_check'), [('ok',)])
            d.stop()
    # And with a desk that really leaves syncs out.
    os.environ['CARREL_TEST_NO_SYNC'] = '1'
    try:
        with Desk(flags=['--max-mail', '12M']) as d:
            d.stop()
            traced, mails = Traced(d), {}
            traced.start()
            t.eq('without syncs traffic is taken, too', traffic(d, traced, mails, 40, 5), [])
            traced.kill()
            records = read_log(traced.log)
            to = os.path.join(d.dir, 'after')
            os.mkdir(to)
            _, wrong, _ = play(traced.disk, records, points(records, 20, 3), mails, to)
            t.ok('a desk that does not sync is found to lose', len(wrong) > 0)
    finally:
        del os.environ['CARREL_TEST_NO_SYNC']


# ---- calls that fail ----

EIO, EMFILE, ENOSPC, HALF = 5, 24, 28, 0


def fail(t, most):
    with Desk(flags=['--max-mail', '4M']) as d:
        d.stop()
        traced, mails, ledger = Traced(d), {}, Ledger()
        traced.start()
        starts, answers = 1, {}

        def up():
            nonlocal starts
            if d.proc.poll() is not None:
                starts += 1
                traced.start()

        for what, error, name in (('w', EIO, 'a write fails'), ('w', ENOSPC, 'a write finds no space'), ('w', HALF, 'a write is short'),
                                  ('s', EIO, 'a sync fails'), ('o', EMFILE, 'an open fails')):
            for size in (3000, 150000):
                for n in range(most):
                    subject = f'fail-{what}{error}-{size}-{n}-x'
                    raw = mail_bytes(subject, size)
                    mails[subject] = hashlib.sha256(raw).hexdigest()
                    up()
                    traced.failing(what, n, error)
                    code = deliver(d.lmtp, raw)
                    answers.setdefault(name, set()).add(code)
                    reached = traced.failed()
                    traced.failing()
                    up_again = soon(lambda: (up(), deliver(d.lmtp, raw) == 250)[1], 60)
                    if not up_again:
                        t.ok(f'{name} (call {n}, {size} bytes): the same mail is taken afterwards', False, d.log_text()[-500:])
                    ledger.mail(subject, raw)
                    if not reached:
                        break
        up()
        print('answers:', {k: sorted(v) for k, v in answers.items()}, f'{starts} starts')
        for name, codes in answers.items():
            t.ok(f'{name}: taken, put off, or nobody answered; never refused', codes <= {0, 250, 421, 451, 452}, codes)
            t.ok(f'{name}: it was seen to matter, or to be mended', len(codes) > 0)
        t.ok('a failed sync stops the desk, others do not need to', starts > 1)
        check(t, d, ledger)
        d.command('verify')
        t.eq('carrel verify reconciles', (d.last.returncode, d.last.stdout[-400:] if d.last.returncode else ''), (0, ''))
        traced.kill()
        # Nothing was called kept that a power cut in the same moment would have taken.
        records = read_log(traced.log)
        to = os.path.join(d.dir, 'after')
        os.mkdir(to)
        cuts, wrong, said = play(traced.disk, records, {i: [None] for i, r in enumerate(records) if r[0] == 'a'}, mails, to)
        t.ok('each "Kept" was seen', cuts >= len(mails), cuts)
        t.eq('what was called kept was on the disk by then, whatever failed before', wrong[:5], [])


def descriptors(t):
    """No descriptors are left: who is there is served, nobody's connection makes the desk spin, and it goes on by itself."""
    with Desk() as d:
        files = len(os.listdir(f'/proc/{d.proc.pid}/fd'))
        soft, hard = resource.prlimit(d.proc.pid, resource.RLIMIT_NOFILE)
        resource.prlimit(d.proc.pid, resource.RLIMIT_NOFILE, (files + 30, hard))
        held = []
        for k in range(120):
            s = socket.socket()
            s.settimeout(30)
            s.connect(('127.0.0.1', d.port if k % 2 else d.lmtp))
            held.append(s)
        t.ok('the descriptors are used up', soon(lambda: len(os.listdir(f'/proc/{d.proc.pid}/fd')) >= files + 28, 30), len(os.listdir(f'/proc/{d.proc.pid}/fd')))

        def used():
            with open(f'/proc/{d.proc.pid}/stat') as f:
                f = f.read().rpartition(')')[2].split()
                return (int(f[11]) + int(f[12])) / os.sysconf('SC_CLK_TCK')

        before = used()
        time.sleep(3)
        spent = used() - before
        t.ok('with connections waiting that cannot be taken the desk does not spin', spent < 1.5, spent)
        t.ok('and lives', d.proc.poll() is None)
        for s in held:
            s.close()
        t.ok('when they are gone pages are served', soon(lambda: d.ask('GET', '/healthz').status == 200, 30))
        t.ok('and mail is taken', soon(lambda: deliver(d.lmtp, mail_bytes('after-descriptors-x')) == 250, 30))
        resource.prlimit(d.proc.pid, resource.RLIMIT_NOFILE, (soft, hard))


if __name__ == '__main__':
    tally = Tally()
    random.seed(int(os.environ.get('SEED', '0')) or None)
    what, more = sys.argv[1], [int(x) for x in sys.argv[2:]]
    if what == 'cut':
        cut(tally, *(more or [100, 150]))
    else:
        fail(tally, *(more or [12]))
        descriptors(tally)
    tally.end()
