"""See clock-once.sh. Deadlines are put near the present in the stored rows and in the log's own times, so that nobody waits
for a real hour: the tickets are opened by the API, then their opening is moved back in the database, before their clocks are
made. What fires is read from the event log. The machine's clock is stepped by a small library that is loaded before the C
library and adds what a file says. Nothing is checked after a time: what must come is waited for, and what must not come
twice is looked for when something later has come."""
import json, os, signal, subprocess, sys, tempfile, time, urllib.request

CARREL = os.environ.get('CARREL', os.path.join(os.path.dirname(__file__), '../../build-test/carrel'))
ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), '../..')
sys.path.insert(0, os.path.join(ROOT, 'tests'))
from ports import free_port  # noqa: E402
passed = failed = skipped = 0


def ok(why, good, more=''):
    global passed, failed
    passed, failed = passed + bool(good), failed + (not good)
    if not good:
        print('FAILED', why, more)


LIMIT = 90  # seconds for what takes a fraction of one
SHIM = r"""
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
static volatile int64_t *seconds;
__attribute__((constructor)) static void begin(void)
{
	const char *path = getenv("TEST_CLOCK");
	int fd = path ? open(path, O_RDONLY) : -1;
	void *p = fd >= 0 ? mmap(0, 8, PROT_READ, MAP_SHARED, fd, 0) : MAP_FAILED;
	if (p != MAP_FAILED)
		seconds = p;
}
int clock_gettime(clockid_t id, struct timespec *ts)
{
	long rc = syscall(SYS_clock_gettime, id, ts);
	if (rc == 0 && id == CLOCK_REALTIME && seconds)
		ts->tv_sec += *seconds;
	return (int)rc;
}
"""


class Clock:
    """The machine's clock, as the desks see it."""

    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix='carrel-time-')
        self.file, lib = os.path.join(self.dir, 'seconds'), os.path.join(self.dir, 'clock.so')
        self.step(0)
        src = os.path.join(self.dir, 'clock.c')
        open(src, 'w').write(SHIM)
        self.there = subprocess.run(['cc', '-shared', '-fPIC', '-O1', '-o', lib, src], capture_output=True).returncode == 0
        self.env = {**os.environ, 'LD_PRELOAD': lib, 'TEST_CLOCK': self.file, 'ASAN_OPTIONS': os.environ.get('ASAN_OPTIONS', '') + ':verify_asan_link_order=0'} if self.there else dict(os.environ)

    def step(self, seconds):
        self.at = int(seconds)
        with open(self.file, 'r+b' if os.path.exists(self.file) else 'w+b') as f:
            f.write(self.at.to_bytes(8, 'little', signed=True))


def until(look, want=True):
    """What look() gives as soon as it is (or has) what is wanted; what it gave last when time is up."""
    end = time.time() + LIMIT
    while True:
        got = look()
        if (got >= want if isinstance(want, int) and not isinstance(want, bool) else got) or time.time() > end:
            return got
        time.sleep(0.1)


class Desk:
    def __init__(self, folder, db, clock):
        self.dir, self.port, self.clock = folder, free_port(), clock
        self.flags = ['--data-dir', folder] + (['--db', db] if db else [])
        self.db = db

    def run(self, *args, **kw):
        return subprocess.run([CARREL, *args, *self.flags], capture_output=True, text=True, **kw)

    def start(self):
        self.p = subprocess.Popen([CARREL, 'serve', *self.flags, '--listen', f'127.0.0.1:{self.port}', '--base-url', f'http://localhost:{self.port}',
                                   '--support-addr', 'support@desk.example'], stdout=subprocess.DEVNULL, stderr=open(os.path.join(self.dir, f'log{self.port}'), 'a'), env=self.clock.env)
        for _ in range(LIMIT * 20):
            try:
                urllib.request.urlopen(f'http://127.0.0.1:{self.port}/healthz', timeout=2).read()
                return
            except OSError:
                time.sleep(0.05)
        raise SystemExit('the desk does not answer: ' + open(os.path.join(self.dir, f'log{self.port}')).read()[-2000:])

    def kill(self, how=signal.SIGKILL):
        self.p.send_signal(how)
        self.p.wait()

    def sql(self, text):
        if self.db:
            r = subprocess.run(['psql', '-qAt', '-v', 'ON_ERROR_STOP=1', self.db, '-c', text], capture_output=True, text=True)
        else:
            r = subprocess.run(['sqlite3', '-cmd', '.timeout 60000', os.path.join(self.dir, 'desk.db'), text], capture_output=True, text=True)
        if r.returncode:
            raise SystemExit(r.stderr)
        return r.stdout.strip()

    def open(self, token, n):
        numbers = []
        for i in range(n):
            q = urllib.request.Request(f'http://127.0.0.1:{self.port}/api/v1/tickets', json.dumps({'kind': 'incident', 'criticality': 2, 'subject': f'Case {i}', 'text': 'x'}).encode(),
                                       {'Authorization': 'Bearer ' + token, 'Content-Type': 'application/json', 'Host': f'localhost:{self.port}'})
            numbers.append(json.load(urllib.request.urlopen(q, timeout=LIMIT))['number'])
        return numbers


def deadlines_in(d, seconds):
    """All clocks that run are due in so many seconds: their beginning moves back in the log and on the ticket."""
    now = int(time.time() * 1e6)
    for row in d.sql(f"SELECT c.ticket_id, c.due_at FROM clock c WHERE c.state = 1 AND c.metric = 1 AND c.told < 2 AND c.ticket_id > {d.after}").split('\n'):
        if not row:
            continue
        ticket, due = (int(x) for x in row.split('|'))
        back = due - (now + int(seconds * 1e6))
        d.sql(f"UPDATE ticket SET opened_at = opened_at - {back} WHERE id = {ticket}; "
              f"UPDATE clock SET started_at = started_at - {back}, due_at = due_at - {back}, next_at = due_at - {back}, told = 1 WHERE ticket_id = {ticket} AND metric = 1")
    return now / 1e6 + seconds


def breaches(d):
    rows = d.sql("SELECT ticket_id, at, data FROM event WHERE kind = 'clock.breached' ORDER BY id").split('\n')
    return [(int(r.split('|', 2)[0]), int(r.split('|', 2)[1]), json.loads(r.split('|', 2)[2])) for r in rows if r]


def first_ones(d):
    return [b for b in breaches(d) if b[2]['metric'] == 'first-response' and b[0] > d.after]  # not of the demo data


def told(d, why, count):
    """Waits until so many are told; none of them twice, and none before its time."""
    from datetime import datetime
    n = until(lambda: len({b[0] for b in first_ones(d)}), count)
    got = first_ones(d)
    keys = [(b[0], b[2]['cycle'], b[2]['goal']) for b in got]
    ok(f'{why}: each breach is told', n >= count, (n, count))
    ok(f'{why}: none twice', len(keys) == len(set(keys)), keys)
    late = [at / 1e6 - datetime.fromisoformat(data['due'].replace('Z', '+00:00')).timestamp() for _, at, data in got]
    ok(f'{why}: none before its time', not late or min(late) > -1.1, late)  # due is told in whole seconds
    return late


def waiting(d, n):
    ok('their clocks run', until(lambda: int(d.sql(f"SELECT COUNT(*) FROM clock WHERE metric = 1 AND state = 1 AND told < 2 AND ticket_id > {d.after}")), n) >= n)


def paged_once(d, why):
    twice = d.sql("SELECT data FROM event WHERE kind = 'oncall.paged' GROUP BY ticket_id, data HAVING COUNT(*) > 1")
    ok(f'{why}: no step of a page twice', twice == '', twice)
    twice = d.sql("SELECT dedupe FROM outmail WHERE kind = 'page' GROUP BY dedupe HAVING COUNT(*) > 1")
    ok(f'{why}: and no mail of one', twice == '', twice)


def steps(name, d, desks, token, have):
    """The machine's clock jumps over deadlines, back, and over them again."""
    clock, count = d.clock, have
    for jump in (1, 2, 3):
        d.open(token, 3)
        waiting(d, 3)
        due = int(d.sql(f"SELECT MAX(due_at) FROM clock WHERE metric = 1 AND state = 1 AND told < 2 AND ticket_id > {d.after}")) / 1e6
        clock.step(due - time.time() + 3600)
        count += 3
        told(d, f'{name}, clock forward {jump}', count)
        if jump == 2:  # killed in the future, started in the past
            for x in desks:
                x.kill()
        clock.step(-86400 * (jump - 1))
        if jump == 2:
            for x in desks:
                x.start()
    clock.step(0)
    d.open(token, 1)  # what comes after shows that all before it was looked at
    waiting(d, 1)
    deadlines_in(d, 1.0)
    told(d, f'{name}, the clock right again', count + 1)


def story(db, two):
    global skipped
    name = 'PostgreSQL, two programs' if two else 'PostgreSQL' if db else 'SQLite'
    folder = tempfile.mkdtemp(prefix='carrel-clock-')
    clock = Clock()
    d = Desk(folder, db, clock)
    demo = d.run('demo')
    ok(f'{name}: demo data', demo.returncode == 0, demo.stderr)
    token = d.run('admin', 'token', 'clock', 'write', 'manager@campus.example').stdout.split()[-1]
    desks = [d] + ([Desk(folder, db, clock)] if two else [])
    for x in desks:
        x.start()
    d.after = int(d.sql('SELECT MAX(id) FROM ticket'))
    d.open(token, 10)
    waiting(d, 10)
    all_of = 10
    deadlines_in(d, 2.0)
    late = told(d, f'{name}, running', all_of)
    ok(f'{name}: in good time', late and max(late) < 60, late)
    # Killed just before the time, started just after it, and killed while it tells.
    d.open(token, 10)
    waiting(d, 10)
    all_of += 10
    deadlines_in(d, 1.0)
    for x in desks:
        time.sleep(0.3)
        x.kill()
    for x in desks:
        x.start()
    for _ in range(3):
        time.sleep(0.25)
        desks[0].kill()
        desks[0].start()
    told(d, f'{name}, killed', all_of)
    d.open(token, 1)
    waiting(d, 1)
    deadlines_in(d, 1.0)
    all_of += 1
    told(d, f'{name}, after the kills', all_of)
    if clock.there:
        steps(name, d, desks, token, all_of)
    else:
        skipped += 1
    paged_once(d, name)
    for x in desks:
        x.kill(signal.SIGTERM)
    log = ''.join(open(os.path.join(folder, f), errors='replace').read() for f in os.listdir(folder) if f.startswith('log'))
    ok(f'{name}: no sanitizer spoke', 'Sanitizer' not in log and 'runtime error' not in log, log[-1500:])
    plain = subprocess.run([CARREL, 'clock', 'explain', 'CAR-1007-0', *d.flags], capture_output=True, text=True)
    ok(f'{name}: the explained time is the elapsed time', plain.returncode == 0 and 'WHICH IS NOT' not in plain.stdout, plain.stdout + plain.stderr)


def main():
    global skipped
    story(None, False)
    url = os.environ.get('CARREL_TEST_PG')
    folder = None
    if not url:
        out = subprocess.run([os.path.join(ROOT, 'tests/pg-start.sh')], capture_output=True, text=True)
        if out.returncode == 0:
            url, folder = out.stdout.split()[:2]
    if url:
        name = f'clock_{os.getpid()}'
        subprocess.run(['psql', '-q', url, '-c', f'CREATE DATABASE {name}'], check=True)
        story(url.rsplit('/', 1)[0] + '/' + name, True)
        if folder:
            subprocess.run([os.path.join(ROOT, 'tests/pg-stop.sh'), folder], check=True)
    else:
        skipped += 1
    print(f'{passed} passed, {failed} failed, {skipped} skipped')
    sys.exit(failed > 0)


main()
