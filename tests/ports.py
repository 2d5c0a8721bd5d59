#!/usr/bin/env python3
"""Ports for what tests start: python3 tests/ports.py [N] prints N of them, a line each.

A port found by binding 0 and closing is the system's again: before the server it was meant for has started, an outgoing
connection or another test may have it. These are below what the system gives away (ip_local_port_range), each is handed out
once until all of them were (a counter in a locked file), and it was free for TCP and UDP a moment ago. The telephone
stories have the numbers below ours."""
import fcntl, os, random, socket, sys, tempfile

FIRST, LAST = 20000, 31999
_FILE = os.path.join(tempfile.gettempdir(), f'carrel-ports.{os.getuid()}')


def is_free(port):
    try:
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
            with socket.socket(socket.AF_INET, kind) as s:
                s.bind(('127.0.0.1', port))
        return True
    except OSError:
        return False


def free_ports(n):
    found = []
    with open(_FILE, 'a+') as f:
        fcntl.flock(f, fcntl.LOCK_EX)
        f.seek(0)
        text = f.read().strip()
        at = int(text) if text.isdigit() else random.randint(FIRST, LAST)
        for _ in range(LAST - FIRST + 1):
            at = at + 1 if FIRST <= at < LAST else FIRST
            if is_free(at):
                found.append(at)
                if len(found) == n:
                    break
        f.seek(0)
        f.truncate()
        f.write(str(at))
    if len(found) < n:
        raise SystemExit('no ports are free')
    return found


def free_port():
    return free_ports(1)[0]


if __name__ == '__main__':
    print('\n'.join(map(str, free_ports(int(sys.argv[1]) if len(sys.argv) > 1 else 1))))
