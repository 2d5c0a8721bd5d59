#!/usr/bin/env python3
"""Checks who includes whom: checkdeps.py

Rooms may include rooms below them, never above, and edges never each other (docs/ARCHITECTURE.md). Headers do not
include each other in circles. Compiles nothing; exit 1 when something is wrong."""
import glob, os, re, sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
# Lower first; search reads the event log. Rooms of one level do not include each other, except the domain, which has an order of its own.
LEVELS = [
    ['util'],
    ['db', 'html', 'lms'], ['mime', 'markdown'],
    ['auth', 'jobs', 'outbox', 'inbox', 'blob', 'jail', 'i18n', 'http'],
    ['event'], ['search', 'account'], ['calendar'], ['entitlement'], ['ticket', 'kb'], ['clock'], ['oncall'], ['call', 'notice'],
    ['desk'],
    ['web', 'api', 'mail', 'phone'],
    ['app'],
]
LEVEL = {room: i for i, rooms in enumerate(LEVELS) for room in rooms}
SERVICES, DOMAIN = 3, range(4, 12)
ANYWHERE = {'auth/actor.h', 'http/out.h', 'test/test.h', 'tmpl.h', 'desk/desk.h'}
# Services that stand on another service.
ALSO = {('i18n', 'http/out.h')}


def wrong(room, header):
    """Why a file of `room` may not include `header`, or None."""
    other = header.split('/')[0]
    if '/' not in header or other == room or header in ANYWHERE or (room, header) in ALSO:
        return None
    if room == 'test':
        return None
    if room not in LEVEL or other not in LEVEL:
        return f'{other if other not in LEVEL else room} is no room that tools/checkdeps.py knows'
    if LEVEL[other] > LEVEL[room]:
        return f'{room} lies below {other}'
    if LEVEL[other] == LEVEL[room]:
        if LEVEL[room] == SERVICES and other != 'http':
            return None
        return f'{room} and {other} lie side by side'
    if other == 'http' and LEVEL[room] in DOMAIN:
        return 'the domain knows nothing of HTTP'
    return None


def cycle(graph):
    """A list of files that include each other in a circle, or None."""
    state, path = {}, []

    def visit(f):
        state[f] = 1
        path.append(f)
        for g in graph.get(f, []):
            if state.get(g) == 1:
                return path[path.index(g):]
            if g not in state:
                found = visit(g)
                if found:
                    return found
        path.pop()
        state[f] = 2
        return None

    for f in sorted(graph):
        if f not in state:
            found = visit(f)
            if found:
                return list(found)
    return None


def main():
    bad, graph = 0, {}
    for path in sorted(glob.glob(f'{ROOT}/src/**/*.[ch]', recursive=True)):
        name = os.path.relpath(path, f'{ROOT}/src')
        room, test = name.split('/')[0], name.endswith('_test.c')
        includes = re.findall(r'^\s*#\s*include\s+"([^"]+)"', open(path, encoding='utf-8').read(), re.M)
        graph[name] = [i for i in includes if os.path.exists(f'{ROOT}/src/{i}')]
        for i in includes:
            why = None if test else wrong(room, i)
            if why:
                bad += 1
                print(f'src/{name}: includes {i}: {why}')
    found = cycle({f: g for f, g in graph.items() if f.endswith('.h')})
    if found:
        bad += 1
        print('headers include each other: ' + ' -> '.join(found))
    return bad > 0


if __name__ == '__main__':
    sys.exit(main())
