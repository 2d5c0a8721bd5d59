"""A DNS server on loopback that knows a dict: {(name, type): [value, ...]}. A name that is not in it does not exist; SILENT
names get no answer; SERVFAIL as they say. TXT longer than a packet is cut and asked for again over TCP."""
import ipaddress, os, socket, struct, sys, threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..'))
from ports import free_port  # noqa: E402

A, MX, TXT, AAAA = 1, 15, 16, 28


def name_of(data, at):
    labels = []
    while data[at]:
        labels.append(data[at + 1:at + 1 + data[at]].decode('latin-1').lower())
        at += 1 + data[at]
    return '.'.join(labels), at + 1


def wire(name):
    return b''.join(bytes([len(x)]) + x.encode() for x in name.split('.')) + b'\0'


def rdata(kind, v):
    if kind == TXT:
        b = v.encode()
        return b''.join(bytes([len(b[i:i + 255])]) + b[i:i + 255] for i in range(0, max(len(b), 1), 255))
    if kind == MX:
        return struct.pack('>H', 10) + wire(v)
    return ipaddress.ip_address(v).packed


class Dns:
    def __init__(self, zone):
        self.zone, self.silent, self.broken, self.asked, self.by_tcp = zone, set(), set(), [], 0
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.port = free_port()
        self.udp.bind(('127.0.0.1', self.port))
        self.tcp = socket.socket()
        self.tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.tcp.bind(('127.0.0.1', self.port))
        self.tcp.listen(20)
        for f in (self.serve_udp, self.serve_tcp):
            threading.Thread(target=f, daemon=True).start()

    def answer(self, q):
        name, end = name_of(q, 12)
        kind = struct.unpack('>H', q[end:end + 2])[0]
        self.asked.append((name, kind))
        if name in self.silent:
            return None
        found = self.zone.get((name, kind), [])
        known = any(n == name for n, _ in self.zone)
        code = 2 if name in self.broken else 0 if known else 3
        out = q[:2] + struct.pack('>HHHHH', 0x8180 | code, 1, len(found), 0, 0) + q[12:end + 4]
        for v in found:
            d = rdata(kind, v)
            out += b'\xc0\x0c' + struct.pack('>HHIH', kind, 1, 60, len(d)) + d
        return out

    def serve_udp(self):
        while True:
            try:
                q, who = self.udp.recvfrom(4096)
            except OSError:
                return
            a = self.answer(q)
            if a and len(a) > 512:
                end = name_of(q, 12)[1] + 4
                a = q[:2] + struct.pack('>HHHHH', 0x8380, 1, 0, 0, 0) + q[12:end]
            if a:
                self.udp.sendto(b'\xff\xff' + a[2:], who)  # a guess with another number: must not count
                self.udp.sendto(a, who)

    def serve_tcp(self):
        while True:
            try:
                c, _ = self.tcp.accept()
            except OSError:
                return
            with c:
                n = struct.unpack('>H', c.recv(2))[0]
                self.by_tcp += 1
                a = self.answer(c.recv(n))
                if a:
                    c.sendall(struct.pack('>H', len(a)) + a)

    def close(self):
        self.udp.close()
        self.tcp.close()
