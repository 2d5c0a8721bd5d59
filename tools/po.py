#!/usr/bin/env python3
"""Translations. English is the source: a text is its own key.

    po.py extract            writes po/carrel.pot from the sources
    po.py merge              extract, and brings po/*.po up to date (new texts are empty, gone ones leave)
    po.py check              every text is translated, none is fuzzy, placeholders agree; exit 1 otherwise
    po.py missing TAG        prints what is not translated, one a line
    po.py fill TAG FILE      puts in the translations of a JSON file {"text": "translation" or ["one", "many"]}
    po.py compile OUT PO...  the C tables of src/i18n/catalog.h

Found are _(l, "..."), tr(l, "..."), tr_n(l, "one", "many", n), N_("..."), {{_ "..."}} and {{n_ "one" "many"}} in
templates, and the sentences of fail() and its kin that people read whole (those with values put in stay English).
"""
import glob, json, os, re, sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
S = r'"((?:[^"\\]|\\.)*)"'
JOINED = r'((?:"(?:[^"\\]|\\.)*"\s*)+)'
ARG = r'[^",;]+?,\s*'
# Rooms whose refusals reach pages; those of start-up and of the administrator's log stay English.
REFUSING = {'account', 'auth', 'entitlement', 'ticket', 'oncall', 'kb', 'web', 'http', 'calendar', 'desk', 'blob', 'util', 'lms'}
PATTERNS = [
    (re.compile(r'\b(?:tr|_)\(\s*(?:\w+\([^()"]*\)|[\w>.&-]+)\s*,\s*' + JOINED + r'\)'), 'text'),
    (re.compile(r'\bN_\(\s*' + JOINED + r'\)'), 'text'),
    (re.compile(r'\b(?:tr_n|counted)\((?:[^",;()]+,)*?\s*' + JOINED + r',\s*' + JOINED), 'plural'),
]
# Calls whose sentences people read whole, wherever in the arguments they stand (also as one of two).
TELLING = re.compile(r'\b(?:fail|fail_field|fail_code|http_fail|signin_tell|go_on|web_done|web_flash|refuse)\(')
CHECKS = [  # what http/ says about a field
    re.compile(r'(?:return|[?:])\s*' + JOINED + r'\s*[;:]'),
    re.compile(r'\bfield_fail\((?:[^",;()]+,)*\s*' + JOINED),
]


def read(path):
    with open(path, encoding='utf-8') as f:
        return f.read()


def unjoin(text):
    return ''.join(re.findall(S, text))


def call_end(src, at):
    """Where the bracket that opens at `at` closes."""
    depth, i = 0, at
    while i < len(src):
        if src[i] == '"':
            i = re.compile(r'"(?:[^"\\]|\\.)*"').match(src, i).end()
            continue
        if src[i] == "'":
            i += 2 + (src[i + 1] == '\\')
        elif src[i] == '(':
            depth += 1
        elif src[i] == ')':
            depth -= 1
            if depth == 0:
                return i
        i += 1
    return i


def sentence(t):
    return t[:1].isupper() and t.endswith(('.', '!', '?')) and '%' not in t


def texts(root):
    """{msgid: (plural or None, "file:line" where it was found first)}, in the order of the files."""
    out = {}

    def add(mid, plural, path, src, at):
        if mid and (mid not in out or (plural and not out[mid][0])):
            out[mid] = (plural, f'{os.path.relpath(path, root)}:{src.count(chr(10), 0, at) + 1}')

    for path in sorted(glob.glob(f'{root}/src/**/*.c', recursive=True)):
        if path.endswith('_test.c'):
            continue
        src = read(path)
        src = re.sub(r'/\*.*?\*/', lambda m: re.sub(r'[^\n]', ' ', m.group(0)), src, flags=re.S)
        room = os.path.relpath(path, root).split(os.sep)[1]
        for pattern, kind in PATTERNS:
            for m in pattern.finditer(src):
                add(unjoin(m.group(1)), unjoin(m.group(2)) if kind == 'plural' else None, path, src, m.start())
        if room in REFUSING and not path.endswith(('http/server.c', 'http/router.c')):
            for call in TELLING.finditer(src):
                for m in re.compile(JOINED).finditer(src, call.end(), call_end(src, call.end() - 1)):
                    if sentence(unjoin(m.group(1))) and not re.match(r'\s*(?:STR_F|PRI)', src[m.end(1):]):
                        add(unjoin(m.group(1)), None, path, src, m.start())
            for pattern in CHECKS if path.endswith('http/validate.c') else []:
                for m in pattern.finditer(src):
                    if sentence(unjoin(m.group(1))):
                        add(unjoin(m.group(1)), None, path, src, m.start())
        if path.endswith('i18n/i18n.c'):
            for m in re.finditer(r'static const char \*const (?:month|long_month|day)\[\] = \{(.*?)\};', src, re.S):
                for t in re.findall(S, m.group(1)):
                    add(t, None, path, src, m.start())
    for path in sorted(glob.glob(f'{root}/src/**/*.html', recursive=True)):
        src = read(path)
        src = re.sub(r'\{\{!--.*?--\}\}', lambda m: re.sub(r'[^\n]', ' ', m.group(0)), src, flags=re.S)
        for m in re.finditer(r'\{\{_\s+' + S, src):
            add(m.group(1), None, path, src, m.start())
        for m in PATTERNS[0][0].finditer(src):  # what is handed to another template
            add(unjoin(m.group(1)), None, path, src, m.start())
        for m in re.finditer(r'\{\{n_\s+' + S + r'\s+' + S, src):
            add(m.group(1), m.group(2), path, src, m.start())
    return out


def read_po(path):
    """{msgid: (plural, text, text of the plural, fuzzy)}"""
    out, cur, fuzzy, field = {}, {}, False, None
    for line in read(path).split('\n') + ['msgid ""']:
        m = re.match(r'(msgid|msgid_plural|msgstr(?:\[(\d)\])?) ' + S, line)
        if m or line.startswith('#'):
            starts = line.startswith('#') or m.group(1) == 'msgid'
            if starts and 'str0' in cur:
                if cur['id'] != '':
                    out[cur['id']] = (cur.get('plural'), cur['str0'], cur.get('str1'), fuzzy)
                cur, fuzzy = {}, False
        if line.startswith('#,') and 'fuzzy' in line:
            fuzzy = True
        if m:
            field = {'msgid': 'id', 'msgid_plural': 'plural'}.get(m.group(1), 'str' + (m.group(2) or '0'))
            cur[field] = m.group(3)
        elif line.startswith('"') and field:
            cur[field] += re.match(S, line).group(1)
    return out


def write_po(path, tag, entries, refs):
    with open(path, 'w', encoding='utf-8') as f:
        f.write('msgid ""\nmsgstr ""\n"Language: %s\\n"\n"Content-Type: text/plain; charset=UTF-8\\n"\n'
                '"Plural-Forms: nplurals=2; plural=(n != 1);\\n"\n' % tag)
        for mid, (plural, s0, s1, fuzzy) in entries.items():
            f.write('\n')
            if mid in refs:
                f.write(f'#: {refs[mid]}\n')
            if fuzzy:
                f.write('#, fuzzy\n')
            f.write(f'msgid "{mid}"\n')
            if plural is None:
                f.write(f'msgstr "{s0}"\n')
            else:
                f.write(f'msgid_plural "{plural}"\nmsgstr[0] "{s0}"\nmsgstr[1] "{s1 or ""}"\n')


def names(t):
    return set(re.findall(r'\{(\w+)\}', t or ''))


def problem(mid, plural, entry):
    """What is wrong with the translation of a text, or None."""
    if entry is None or not entry[1] or (plural is not None and not entry[2]):
        return 'not translated'
    _, s0, s1, fuzzy = entry
    if fuzzy:
        return 'fuzzy'
    if plural is None:
        return None if names(s0) == names(mid) else 'placeholders differ'
    both = names(mid) | names(plural)
    return None if names(s0) <= both and names(s1) == names(plural) else 'placeholders differ'


def extract(root):
    want = texts(root)
    # Without line numbers: they would change the files with every edit of a page.
    refs = {m: r.rsplit(':', 1)[0] for m, (_, r) in want.items()}
    os.makedirs(f'{root}/po', exist_ok=True)
    write_po(f'{root}/po/carrel.pot', '', {m: (p, '', None, False) for m, (p, _) in want.items()}, refs)
    return want, refs


def merge(root):
    want, refs = extract(root)
    for path in sorted(glob.glob(f'{root}/po/*.po')):
        have, out = read_po(path), {}
        for m, (p, _) in want.items():
            h = have.get(m)
            out[m] = (p, h[1], h[2], h[3]) if h and (h[0] is None) == (p is None) else (p, h[1] if h else '', None, False)
        for m in have:
            if m not in want and have[m][1]:
                print(f'{os.path.basename(path)}: no longer asked for: {m}')
        write_po(path, os.path.basename(path)[:-3], out, refs)


def c_escape(t):
    return t.replace('\\', '\\\\').replace('"', '\\"').replace('\n', '\\n')


def fill(root, tag, path):
    merge(root)
    po_path, refs = f'{root}/po/{tag}.po', {m: r.rsplit(':', 1)[0] for m, (_, r) in texts(root).items()}
    have = read_po(po_path)
    for mid, text in json.loads(read(path)).items():
        mid = c_escape(mid)
        if mid not in have:
            print(f'no such text: {mid}')
            continue
        plural = have[mid][0]
        if (plural is not None) != isinstance(text, list):
            print(f'one form or two? {mid}')
            continue
        both = [c_escape(t) for t in text] if plural is not None else [c_escape(text), None]
        have[mid] = (plural, both[0], both[1], False)
    write_po(po_path, tag, have, refs)


def check(root):
    want, bad = texts(root), 0
    for path in sorted(glob.glob(f'{root}/po/*.po')):
        have = read_po(path)
        for mid, (plural, ref) in want.items():
            why = problem(mid, plural, have.get(mid))
            if why:
                bad += 1
                print(f'{ref}: {os.path.basename(path)}: {why}: {mid}')
    print(f'{len(want)} texts, {bad} problems')
    return bad > 0


def c_bytes(t):
    """The bytes a C compiler reads, to sort as strcmp() does."""
    return re.sub(r'\\(.)', lambda m: {'n': '\n', 't': '\t'}.get(m.group(1), m.group(1)), t).encode()


def c_text(t):
    return '"' + t + '"' if t else 'NULL'


def compile_(out, files):
    tags, code = [], ['/* Generated by tools/po.py. */', '#include "i18n/catalog.h"', '']
    for path in files:
        tag = os.path.basename(path)[:-3]
        tags.append(tag)
        rows = sorted(((m, e[1], e[2]) for m, e in read_po(path).items() if e[1] and not e[3]), key=lambda r: c_bytes(r[0]))
        code.append(f'static const struct i18n_message messages_{tag}[] = {{')
        code += [f'\t{{ "{m}", {{ {c_text(s0)}, {c_text(s1)} }} }},' for m, s0, s1 in rows]
        code += ['\t{ NULL, { NULL, NULL } },', '};', f'static const struct i18n catalog_{tag} = {{ "{tag}", messages_{tag}, {len(rows)} }};', '']
    code.append('const struct i18n *const i18n_catalogs[] = { ' + ''.join(f'&catalog_{t}, ' for t in tags) + 'NULL };')
    code.append('const char *const i18n_tag_list[] = { "en", ' + ''.join(f'"{t}", ' for t in tags) + 'NULL };')
    with open(out, 'w', encoding='utf-8') as f:
        f.write('\n'.join(code) + '\n')


def main(argv):
    cmd = argv[0] if argv else ''
    if cmd == 'extract':
        extract(ROOT)
    elif cmd == 'merge':
        merge(ROOT)
    elif cmd == 'check':
        sys.exit(check(ROOT))
    elif cmd == 'missing':
        have = read_po(f'{ROOT}/po/{argv[1]}.po')
        for mid, (plural, _) in texts(ROOT).items():
            if problem(mid, plural, have.get(mid)):
                print(mid if plural is None else f'{mid} | {plural}')
    elif cmd == 'fill':
        fill(ROOT, argv[1], argv[2])
    elif cmd == 'compile':
        compile_(argv[1], argv[2:])
    else:
        sys.exit(__doc__)


if __name__ == '__main__':
    main(sys.argv[1:])
