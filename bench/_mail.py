"""Memory of large mails: bench/_mail.py PID LMTP_PORT HTTP_BASE. Prints, for one mail of 25 MB and for fifty at once, the
most the desk and its workers held at any moment, in MB, and how much that was above the rest before, in sizes of a mail."""
import base64, os, socket, sys, threading, time, urllib.request

PID, PORT, BASE = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
SIZE = 25 << 20


def family():
    pids, at = [PID], 0
    while at < len(pids):
        for task in os.listdir(f'/proc/{pids[at]}/task'):
            try:
                pids += [int(p) for p in open(f'/proc/{pids[at]}/task/{task}/children').read().split()]
            except OSError:
                pass
        at += 1
    return pids


def resident():
    """Of all processes together, pages they share counted once."""
    total = 0
    for pid in family():
        try:
            for line in open(f'/proc/{pid}/smaps_rollup'):
                if line.startswith('Pss:'):
                    total += int(line.split()[1])
        except OSError:
            pass
    return total / 1024


class Watch(threading.Thread):
    def __init__(self):
        super().__init__(daemon=True)
        self.most, self.on = 0.0, True
        self.start()

    def run(self):
        while self.on:
            self.most = max(self.most, resident())
            time.sleep(0.01)

    def end(self):
        self.on = False
        self.join()
        return self.most


def mail(n, name):
    head = (f'From: writer{n}@campus.example\r\nTo: support@desk.example\r\nSubject: A film {n}\r\nMessage-ID: <film-{name}-{n}@campus.example>\r\n'
            'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nHere it is.\r\n'
            '--b\r\nContent-Type: video/mp4; name=film.mp4\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename=film.mp4\r\n\r\n').encode()
    line = base64.b64encode(f'{n:08d}{name}'.encode() * 10)[:76] + b'\r\n'
    return head + line * ((SIZE - len(head) - 10) // len(line)) + b'--b--\r\n'


def deliver(n, name, failed):
    body = mail(n, name)
    s = socket.create_connection(('127.0.0.1', PORT), 60)
    s.settimeout(300)
    f = s.makefile('rb')

    def hear(want):
        while True:
            line = f.readline()
            if line[3:4] != b'-':
                break
        if not line.startswith(want):
            failed.append(line)
            raise OSError(line)

    try:
        hear(b'220')
        for say, want in ((b'LHLO bench\r\n', b'250'), (b'MAIL FROM:<writer@campus.example>\r\n', b'250'), (b'RCPT TO:<support@desk.example>\r\n', b'250'), (b'DATA\r\n', b'354')):
            s.sendall(say)
            hear(want)
        s.sendall(body)
        s.sendall(b'.\r\n')
        hear(b'250')
        s.sendall(b'QUIT\r\n')
    except OSError as e:
        failed.append(str(e))
    finally:
        s.close()


def metric(name):
    for line in urllib.request.urlopen(BASE + '/metrics').read().decode().splitlines():
        if line.startswith(name):
            return float(line.split()[-1])
    return None


def settled():
    """All that was accepted is filed."""
    for _ in range(3000):
        if metric('carrel_mail{channel="lmtp",state="received"}') == 0:
            return
        time.sleep(0.1)
    print('the mails were not filed within five minutes', file=sys.stderr)


def measure(n, name):
    rest, watch, failed = resident(), Watch(), []
    threads = [threading.Thread(target=deliver, args=(i, name, failed)) for i in range(n)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    settled()
    time.sleep(1)
    most = watch.end()
    if failed:
        print(f'{len(failed)} deliveries failed: {failed[0]}', file=sys.stderr)
    return most, (most - rest) * 1048576 / SIZE


for count, name in ((1, 'one'), (50, 'fifty')):
    print('%d %.0f %.2f' % (count, *measure(count, name)), flush=True)
