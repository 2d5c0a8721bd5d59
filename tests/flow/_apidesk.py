"""A desk of its own for the flow tests: demo data, a server on a free port of loopback, tokens, and a plain HTTP client.

Used by the tests that speak HTTP: `with Desk() as d:`. Nothing of it survives the test.
"""
import http.client
import json
import os
import re
import shutil
import signal
import socket
import socketserver
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CARREL = os.environ.get('CARREL') or os.path.join(ROOT, 'build-test', 'carrel')
sys.path.insert(0, os.path.join(ROOT, 'tests'))
from ports import free_port  # noqa: E402


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def __getitem__(self, name):
        return self.headers.get(name)

    @property
    def text(self):
        return self.body.decode('utf-8', 'replace')

    @property
    def json(self):
        try:
            return json.loads(self.body)
        except ValueError:
            return {}


class Tally:
    """Counts; the last line it prints is the one that ./test adds up."""

    def __init__(self):
        self.passed = self.failed = self.skipped = 0

    def ok(self, why, good, seen=''):
        if good:
            self.passed += 1
        else:
            self.failed += 1
            print(f'FAILED {why}  {seen}', flush=True)
        return good

    def eq(self, why, got, wanted):
        return self.ok(why, got == wanted, f'got {got!r}, wanted {wanted!r}')

    def end(self):
        print(f'{self.passed} passed, {self.failed} failed, {self.skipped} skipped')
        sys.exit(1 if self.failed else 0)


class Sink:
    """Takes mail by SMTP and keeps it, with every command as it came."""

    def __init__(self):
        self.mails, self.commands = [], []
        self.pause = 0  # seconds between the end of a mail and what is said of it
        outer = self

        class Talk(socketserver.StreamRequestHandler):
            def handle(self):
                say = lambda x: self.wfile.write(x + b'\r\n')
                say(b'220 sink ESMTP')
                frm, to = b'', []
                for line in self.rfile:
                    line = line.rstrip(b'\r\n')
                    outer.commands.append(line)
                    word = line[:4].upper()
                    if word == b'EHLO':
                        say(b'250-sink')
                        say(b'250 8BITMIME')
                    elif word == b'MAIL':
                        frm, to = line, []
                        say(b'250 ok')
                    elif word == b'RCPT':
                        to.append(line.split(b'<')[1].split(b'>')[0].decode())
                        say(b'250 ok')
                    elif word == b'DATA':
                        say(b'354 go')
                        raw = b''
                        while (part := self.rfile.readline()) not in (b'.\r\n', b''):
                            raw += part
                        outer.mails.append((frm.decode(), to, raw))
                        time.sleep(outer.pause)
                        say(b'250 kept')
                    else:
                        say(b'221 bye' if word == b'QUIT' else b'250 ok')
                        if word == b'QUIT':
                            return

        socketserver.ThreadingTCPServer.allow_reuse_address = socketserver.ThreadingTCPServer.daemon_threads = True
        self.server = socketserver.ThreadingTCPServer(('127.0.0.1', 0), Talk)
        self.server.handle_error = lambda *_: None  # a desk that was killed while it spoke
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def wait(self, test, seconds=60):
        """The first mail of which test(recipients, bytes) holds, or None."""
        for _ in range(seconds * 10):
            for _, to, raw in self.mails:
                if test(to, raw):
                    return raw
            time.sleep(0.1)
        return None

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Desk:
    def __init__(self, db=None, flags=(), demo=True):
        self.db, self.flags, self.demo = db, list(flags), demo
        self.dir = tempfile.mkdtemp(prefix='carrel-flow-', dir='/tmp')
        self.data = os.path.join(self.dir, 'data')
        self.log = os.path.join(self.dir, 'log')
        self.port, self.lmtp = free_port(), free_port()
        self.proc = None
        self.passwords = {}

    def command(self, *args, text=''):
        more = ['--data-dir', self.data] + (['--db', self.db] if self.db else [])
        r = subprocess.run([CARREL, *args, *more], input=text, capture_output=True, text=True, timeout=120,
                           env={**os.environ, 'CARREL_SUPPORT_ADDR': 'support@desk.example'})
        self.last = r
        return r.stdout

    def __enter__(self):
        try:
            if self.demo:
                out = self.command('demo')
                self.passwords = dict(re.findall(r'(\S+@\S+)\s+(\S+)$', out, re.M))
                assert self.passwords, (out, self.last.stderr)
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def start(self):
        args = [CARREL, 'serve', '--data-dir', self.data, '--listen', f'127.0.0.1:{self.port}', '--base-url',
                f'http://localhost:{self.port}', '--support-addr', 'support@desk.example', '--lmtp-listen', f'127.0.0.1:{self.lmtp}',
                *(['--db', self.db] if self.db else []), *self.flags]
        with open(self.log, 'ab') as log:
            self.proc = subprocess.Popen(args, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        for _ in range(300):
            if self.proc.poll() is not None:
                raise RuntimeError(open(self.log, errors='replace').read()[-3000:])
            try:
                if self.ask('GET', '/healthz').status == 200:
                    return
            except OSError:
                pass
            time.sleep(0.1)
        raise RuntimeError('the desk does not start')

    def stop(self):
        if self.proc:
            self.proc.send_signal(signal.SIGTERM)
            try:
                self.proc.wait(20)
            except subprocess.TimeoutExpired:
                self.proc.kill()
                self.proc.wait()
            self.proc = None

    def __exit__(self, *_):
        self.stop()
        if _ and _[0]:
            print(open(self.log, errors='replace').read()[-3000:])
        shutil.rmtree(self.dir, ignore_errors=True)

    def log_text(self):
        return open(self.log, errors='replace').read()

    def token(self, scope, email, name='flow'):
        out = self.command('admin', 'token', name, scope, email)
        m = re.search(r'carrel_\S+', out)
        assert m, (out, self.last.stderr)
        return m.group(0)

    def raw(self, data, wait=10):
        """Bytes as they are; everything the server says until it closes or is silent."""
        with socket.create_connection(('127.0.0.1', self.port), timeout=wait) as s:
            s.sendall(data)
            got = b''
            try:
                while chunk := s.recv(65536):
                    got += chunk
            except (TimeoutError, ConnectionResetError):
                pass
            return got

    def ask(self, method, path, body=None, headers=None, token=None, key=None):
        h = {'Host': f'localhost:{self.port}'}
        if token:
            h['Authorization'] = f'Bearer {token}'
        if key:
            h['Idempotency-Key'] = key
        if isinstance(body, (dict, list)):
            body = json.dumps(body).encode()
            h['Content-Type'] = 'application/json'
        h.update(headers or {})
        c = http.client.HTTPConnection('127.0.0.1', self.port, timeout=60)
        try:
            try:
                c.request(method, path, body=body, headers=h)
            except (BrokenPipeError, ConnectionResetError):
                pass  # refused before it was all sent: the answer is there
            r = c.getresponse()
            return Answer(r.status, r.headers, r.read())
        finally:
            c.close()


class Browser:
    """A person with cookies, who follows no redirects and fills the forms' hidden fields."""

    def __init__(self, desk):
        self.d, self.cookies = desk, {}

    def ask(self, method, path, form=None, headers=None, body=None):
        h = dict(headers or {})
        if self.cookies:
            h['Cookie'] = '; '.join(f'{k}={v}' for k, v in self.cookies.items())
        if form is not None:
            body = urllib.parse.urlencode(form).encode()
            h.setdefault('Content-Type', 'application/x-www-form-urlencoded')
        a = self.d.ask(method, path, body, h)
        for c in a.headers.get_all('Set-Cookie') or []:
            name, value = c.split(';')[0].split('=', 1)
            if value:
                self.cookies[name] = value
            else:
                self.cookies.pop(name, None)
        self.last = a
        return a

    def get(self, path, **k):
        return self.ask('GET', path, **k)

    def csrf(self, path='/profile'):
        m = re.search(r'name="csrf" value="([^"]+)"', self.get(path).text)
        return m.group(1) if m else ''

    def post(self, path, form=None, page=None, **k):
        form = dict(form or {})
        if self.cookies:
            form.setdefault('csrf', self.csrf(page) if page else self.csrf())
        return self.ask('POST', path, form=form, **k)

    def sign_in(self, email, password=None):
        return self.ask('POST', '/sign-in', form={'email': email, 'password': password or self.d.passwords[email]})
