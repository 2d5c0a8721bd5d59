#!/usr/bin/env python3
"""An IMAP server over TLS that misbehaves as the file MODE says, each time somebody connects. PORT CERT KEY MODEFILE."""
import socket, ssl, sys, threading, time

port, cert, key, modefile = int(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4]
ctx = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
ctx.load_cert_chain(cert, key)
MAIL = b'From: manager@campus.example\r\nMessage-ID: <hostile%d@campus.example>\r\nSubject: number %d\r\n\r\nHello %d\r\n'


def serve(conn):
    mode = open(modefile).read().strip()
    try:
        s = ctx.wrap_socket(conn, server_side=True)
        f = s.makefile('rb')
        put = lambda b: s.sendall(b)
        if mode == 'greeting':
            put(b'HTTP/1.1 200 OK\r\n\r\n')
            return
        if mode == 'endless-line':
            for _ in range(100):
                put(b'* OK ' + b'x' * 65536)
            return
        put(b'* OK ready\r\n')
        for line in f:
            tag, _, rest = line.strip().partition(b' ')
            cmd = rest.upper()
            if cmd.startswith(b'CAPABILITY'):
                put(b'* CAPABILITY IMAP4rev1\r\n' + tag + b' OK\r\n')
            elif cmd.startswith((b'LOGIN', b'AUTHENTICATE')):
                if mode == 'refuse':
                    put(tag + b' NO [AUTHENTICATIONFAILED] Wrong password\r\n')
                else:
                    put(tag + b' OK\r\n')
            elif cmd.startswith(b'SELECT'):
                if mode == 'chatter':
                    for _ in range(300):
                        put(b'* 1 EXISTS\r\n' * 1000)
                put(b'* 3 EXISTS\r\n* OK [UIDVALIDITY %d] ok\r\n' % (-5 if mode == 'negative' else 77) + tag + b' OK\r\n')
            elif cmd.startswith(b'UID FETCH') and b'RFC822.SIZE' in cmd:
                start = int(cmd.split()[2].split(b':')[0])
                if mode == 'zero-uid':
                    put(b'* 1 FETCH (UID 0 RFC822.SIZE 9)\r\n')
                if mode == 'huge-uid':
                    put(b'* 1 FETCH (UID 99999999999999 RFC822.SIZE 9)\r\n')
                for n in (3, 1, 2, 2, 1):  # in no order, and twice
                    if n >= start or n == 3:
                        put(b'* %d FETCH (UID %d RFC822.SIZE %d)\r\n' % (n, n, len(MAIL)))
                put(tag + b' OK\r\n')
            elif cmd.startswith(b'UID FETCH'):
                n = int(cmd.split()[2])
                body = MAIL % (n, n, n)
                if mode == 'literal':
                    put(b'* %d FETCH (UID %d BODY[] {4294967290}\r\n' % (n, n) + b'x' * 100000)
                    time.sleep(1)
                    return
                if mode == 'other':
                    put(b'* 9 FETCH (UID 9 BODY[] {%d}\r\n' % len(body) + body + b')\r\n' + tag + b' OK\r\n')
                    continue
                if mode == 'reset' and n == 2:
                    put(b'* 2 FETCH (UID 2 BODY[] {%d}\r\n' % len(body) + body[:20])
                    return
                put(b'* %d FETCH (UID %d BODY[] {%d}\r\n' % (n, n, len(body)) + body + b')\r\n')
                if mode == 'twice':
                    put(b'* %d FETCH (UID %d BODY[] {%d}\r\n' % (n, n, len(body)) + body + b')\r\n')
                put(tag + b' OK\r\n')
            elif cmd.startswith(b'UID STORE') and mode == 'no-store':
                put(tag + b' NO the folder is read-only\r\n')
            else:
                put(tag + b' OK\r\n')
    except (OSError, ssl.SSLError):
        pass
    finally:
        conn.close()


l = socket.socket()
l.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
l.bind(('127.0.0.1', port))
l.listen(20)
while True:
    c, _ = l.accept()
    threading.Thread(target=serve, args=(c,), daemon=True).start()
