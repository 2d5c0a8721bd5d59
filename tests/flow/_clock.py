"""See clock-once.sh. Deadlines are put near the present in the stored rows and in the log's own times, so that nobody waits
for a real hour: the tickets are opened by the API, then their opening is moved back in the database, before their clocks are
made. What fires is read from the event log."""
import json, os, signal, socket, subprocess, sys, tempfile, time, urllib.request

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


class Desk:
    def __init__(self, folder, db):
        self.dir, self.port = folder, free_port()
        self.flags = ['--data-dir', folder] + (['--db', db] if db else [])
        self.db = db

    def run(self, *args, **kw):
        return subprocess.run([CARREL, *args, *self.flags], capture_output=True, text=True, **kw)

    def start(self):
        self.p = subprocess.Popen([CARREL, 'serve', *self.flags, '--listen', f'127.0.0.1:{self.port}', '--base-url', f'http://localhost:{self.port}',
                                   '--support-addr', 'support@desk.example'], stdout=subprocess.DEVNULL, stderr=open(os.path.join(self.dir, f'log{self.port}'), 'a'))
        for _ in range(200):
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
            r = subprocess.run(['sqlite3', '-cmd', '.timeout 5000', os.path.join(self.dir, 'desk.db'), text], capture_output=True, text=True)
        if r.returncode:
            raise SystemExit(r.stderr)
        return r.stdout.strip()

    def open(self, token, n):
        numbers = []
        for i in range(n):
            q = urllib.request.Request(f'http://127.0.0.1:{self.port}/api/v1/tickets', json.dumps({'kind': 'incident', 'criticality': 2, 'subject': f'Case {i}', 'text': 'x'}).encode(),
                                       {'Authorization': 'Bearer ' + token, 'Content-Type': 'application/json', 'Host': f'localhost:{self.port}'})
            numbers.append(json.load(urllib.request.urlopen(q, timeout=20))['number'])
        return numbers


def deadlines_in(d, seconds):
    """All clocks that run are due in so many seconds: their beginning moves back in the log and on the ticket."""
    d.sql("""UPDATE plan_target SET minutes = minutes""")
    now = int(time.time() * 1e6)
    for row in d.sql("SELECT c.ticket_id, c.due_at FROM clock c WHERE c.state = 1 AND c.metric = 1 AND c.told < 2").split('\n'):
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


def expect(d, why, count, due_late):
    got = [b for b in breaches(d) if b[2]['metric'] == 'first-response']
    keys = [(b[0], b[2]['cycle'], b[2]['goal']) for b in got]
    ok(f'{why}: each breach is told', len(set(keys)) >= count, (len(set(keys)), count))
    ok(f'{why}: none twice', len(keys) == len(set(keys)), keys)
    return got


def late_by(got, since):
    from datetime import datetime
    late = []
    for _, at, data in got:
        due = datetime.fromisoformat(data['due'].replace('Z', '+00:00')).timestamp()
        if at / 1e6 >= since:
            late.append(at / 1e6 - due)
    return late


def story(db, two):
    name = 'PostgreSQL, two programs' if two else 'PostgreSQL' if db else 'SQLite'
    folder = tempfile.mkdtemp(prefix='carrel-clock-')
    d = Desk(folder, db)
    demo = d.run('demo')
    ok(f'{name}: demo data', demo.returncode == 0, demo.stderr)
    token = d.run('admin', 'token', 'clock', 'write', 'manager@campus.example').stdout.split()[-1]
    desks = [d] + ([Desk(folder, db)] if two else [])
    for x in desks:
        x.start()
    d.open(token, 10)
    for _ in range(100):
        if int(d.sql("SELECT COUNT(*) FROM clock WHERE metric = 1 AND state = 1")) >= 10:
            break
        time.sleep(0.1)
    begun = time.time()
    due = deadlines_in(d, 2.0)
    time.sleep(due - time.time() + 2.5)
    got = expect(d, f'{name}, running', 10, due)
    late = [x for x in late_by(got, begun)]
    ok(f'{name}: within two seconds of their time', late and max(late) < 3.0 and min(late) > -1.1, late)  # due is told in whole seconds
    # Killed just before the time, started just after it.
    d.open(token, 10)
    for _ in range(100):
        if int(d.sql("SELECT COUNT(*) FROM clock WHERE metric = 1 AND state = 1 AND told < 2")) >= 10:
            break
        time.sleep(0.1)
    due = deadlines_in(d, 1.0)
    for x in desks:
        time.sleep(0.3)
        x.kill()
    for x in desks:
        x.start()
    for _ in range(3):  # and killed while it tells
        time.sleep(0.25)
        desks[0].kill()
        desks[0].start()
    time.sleep(3)
    expect(d, f'{name}, killed', 20, due)
    for x in desks:
        x.kill(signal.SIGTERM)
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
