#!/usr/bin/env python3
"""What no compiler says: lint.py

Errors: work left open, paths of a developer's machine, secrets, trailing blanks, SQL outside of stores, templates that
do not compile. Warnings: long files. Looks at the files git knows. Exit 1 on errors."""
import os, re, subprocess, sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SKIP = ('.woff2', '.png', '.jpg', '.ico', '.gz', '.br', 'package-lock.json', 'LICENSE')
MAX_LINES = 800
OPEN_WORK = '|'.join(['TO' + 'DO', 'FIX' + 'ME', 'X' + 'XX', 'HA' + 'CK'])
RULES = [  # pattern, files it is for, what is wrong
    (re.compile(r'\b(' + OPEN_WORK + r')\b'), '', 'open work is an issue, not a comment'),
    (re.compile(r'/(?:wo' + r'rk|ho' + r'me)/(?:main|shared|[a-z]+/src)\b'), '', 'a path of one machine'),
    (re.compile(r'-----BEGIN [A-Z ]*PRIVATE KEY'), '', 'a private key'),
    (re.compile(r'[ \t]+$'), '.c .h .py .js .css .html .sh .build .sql', 'blanks at the end of the line'),
    (re.compile(r'\b(strcpy|strcat|sprintf|strtok|atoi|localtime|gmtime)\s*\('), '.c .h', 'a banned function'),
]
SQL = re.compile(r'"\s*(SELECT\s.+\sFROM|INSERT INTO|UPDATE \w+ SET|DELETE FROM)\b')


def files():
    out = subprocess.run(['git', 'ls-files', '-co', '--exclude-standard'], cwd=ROOT, stdout=subprocess.PIPE, check=True, text=True).stdout
    return [f for f in out.split('\n') if f and not f.endswith(SKIP) and os.path.isfile(os.path.join(ROOT, f))]


def look(name, text):
    """(line, message) of everything wrong in a file."""
    found, ext = [], os.path.splitext(name)[1]
    for n, line in enumerate(text.split('\n'), 1):
        for pattern, only, why in RULES:
            if (not only or ext in only.split()) and pattern.search(line):
                found.append((n, why))
        if ext == '.c' and name.startswith('src/') and not re.search(r'(_store|_test)\.c$|^src/(db|app)/', name) and SQL.search(line):
            found.append((n, 'SQL belongs to a *_store.c'))
    return found


def main():
    bad = 0
    for name in files():
        try:
            text = open(os.path.join(ROOT, name), encoding='utf-8').read()
        except UnicodeDecodeError:
            continue
        if name != 'src/util/banned.h':
            for n, why in look(name, text):
                bad += 1
                print(f'{name}:{n}: {why}')
        lines = text.count('\n')
        if lines > MAX_LINES and name.endswith(('.c', '.h', '.py', '.js', '.html')):
            print(f'{name}: warning: {lines} lines')
    templates = [os.path.join(ROOT, f) for f in files() if f.startswith('src/web/tmpl/') and f.endswith('.html')]
    if templates:
        bad += subprocess.run([sys.executable, os.path.join(ROOT, 'tools/tmplc.py'), '--check', *templates]).returncode
    return bad > 0


if __name__ == '__main__':
    sys.exit(main())
