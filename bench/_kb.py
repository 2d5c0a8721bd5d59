"""Searching 10,000 articles of 5 KB: makes them, always the same ones, and asks.

    _kb.py make DIR [N]        a folder of Markdown for `carrel kb import`
    _kb.py ask BASE [QUERIES]  prints: median and p99 in ms of a search by words, mistyped, and by beginnings
"""
import http.client
import os
import random
import sys
import time
import urllib.parse

WORDS = 20000
REPEAT = int(os.environ.get("REPEAT", "1"))  # the best of so many: what a busy machine adds is left out


def vocabulary():
    rng = random.Random(11)
    ends = ['', 's', 'ing', 'ed', 'tion', 'er', 'ment']
    cons, vows = 'bcdfglmnprstv', 'aeiou'
    seen = {}
    while len(seen) < WORDS:
        w = ''.join(rng.choice(cons) + rng.choice(vows) for _ in range(rng.randint(2, 4))) + rng.choice(ends)
        seen[w] = 1
    return list(seen)


def weights():
    total, out = 0.0, []
    for i in range(WORDS):
        total += 1 / (i + 10)
        out.append(total)
    return out


def make(folder, n):
    rng, words, cum = random.Random(12), vocabulary(), weights()
    for i in range(n):
        d = os.path.join(folder, f'part{i // 500:02}')
        os.makedirs(d, exist_ok=True)
        title = ' '.join(rng.choices(words, cum_weights=cum, k=5)).capitalize()
        out, size = [f'# {title} {i}\n'], 0
        while size < 5000:
            if size and rng.random() < .2:
                out.append('\n## ' + ' '.join(rng.choices(words, cum_weights=cum, k=3)) + '\n')
            p = ' '.join(rng.choices(words, cum_weights=cum, k=80)) + '.\n'
            size += len(p)
            out.append(p)
        with open(os.path.join(d, f'page{i:05}.md'), 'w') as f:
            f.write('\n'.join(out))


def mistyped(rng, w):
    i = rng.randrange(1, len(w) - 1)
    return rng.choice([w[:i] + w[i + 1:], w[:i] + 'x' + w[i + 1:], w[:i] + w[i + 1] + w[i] + w[i + 2:]])


def ask(base, n):
    rng, words, cum = random.Random(13), vocabulary(), weights()
    u = urllib.parse.urlsplit(base)
    c = http.client.HTTPConnection(u.hostname, u.port, timeout=60)
    for kind in ('words', 'mistyped', 'beginning'):
        took, hits = [], 0
        for i in range(n + 20):
            w = rng.choices(words, cum_weights=cum, k=rng.randint(1, 3))
            if kind == 'mistyped':
                long = [x for x in words[:3000] if len(x) > 5]
                w = [mistyped(rng, rng.choice(long))]
            path = '/kb/suggest' if kind == 'beginning' else '/kb'
            if kind == 'beginning':
                w[-1] = w[-1][:max(3, len(w[-1]) - 2)]
            best = 1e9
            for _ in range(REPEAT):
                start = time.perf_counter()
                c.request('GET', f'{path}?q={"+".join(w)}')
                r = c.getresponse()
                body = r.read()
                best = min(best, (time.perf_counter() - start) * 1000)
            took.append(best)
            if os.environ.get('SLOW') and took[-1] > float(os.environ['SLOW']):
                print(kind, f'{took[-1]:.1f}', ' '.join(w))
            hits += b'kbhits' in body or b'"url"' in body
            assert r.status == 200, r.status
        took = sorted(took[20:])
        print(f'{kind} {took[len(took) // 2]:.1f} {took[int(len(took) * .99)]:.1f} {hits * 100 // (n + 20)}')


if sys.argv[1] == 'make':
    make(sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else 10000)
else:
    ask(sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else 500)
