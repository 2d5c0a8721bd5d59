#!/usr/bin/env python3
"""Holds the parser of mails against mails of strangers and against a second parser, CPython's.

    strangers.py fetch DIR           real mails and bounces out of the sources of Debian packages (200 MB, some minutes)
    strangers.py agree CARREL DIR    every mail under DIR: no crash, an answer within five seconds, the same with LF and
                                     CRLF, reply + quoted = text, and where CPython has an opinion, the same; a line per set
    strangers.py bounces CARREL DIR  which of them Carrel and flufl.bounce (Mailman's; package python3-flufl.bounce, run by
                                     /usr/bin/python3) take for reports of failed delivery, and whom they name

`agree` ends with a tally; it fails below 98 % of the fields in all and below 95 % in a set of at least ten mails, and prints
what differs. CPython is one parser with faults of its own: where the two differ, read the mail and the RFC. The mails stay
where they were fetched: their licences are those of the packages.
"""
import concurrent.futures, email, email.policy, email.utils, hashlib, json, os, re, subprocess, sys, tempfile, unicodedata

PACKAGES = '''notmuch mailutils flufl.bounce libmail-deliverystatus-bounceparser-perl kf5-messagelib apache-mime4j bogofilter
libmail-box-perl libmail-message-perl libmail-dkim-perl rspamd kdepim-runtime request-tracker4 cyrus-imapd mlmmj public-inbox
golang-github-jhillyerd-enmime hyperkitty libmime-tools-perl sympa mimedefang php-horde-mime php-horde-imp mailman3 courier
emacs gmime kmime alot libemail-simple-perl libemail-mime-perl mailagent geary roundcube exim4 uudeview commons-email'''.split()
USUAL = {b'from', b'to', b'subject', b'date', b'received', b'message-id', b'return-path', b'mime-version', b'content-type',
         b'delivered-to', b'x-original-to'}
CODE = re.compile(r'\.(c|h|cpp|cc|py|pl|pm|rb|php|js|po|pot|html|xml|patch|diff|in|am|m4|texi|[1358]|java|go|el|sh|md|rst|'
                  r'ics|png|gz)$', re.I)


# ---- fetch ----

def is_mail(raw):
    names, odd = [], 0
    lines = re.split(rb'\r?\n\r?\n', raw[:60000], maxsplit=1)[0].splitlines()
    for i, line in enumerate(lines):
        if line[:1] in (b' ', b'\t') or (i == 0 and line.lstrip(b'>').startswith(b'From ')):
            continue
        m = re.match(rb'([!-9;-~]+):', line)
        names.append(m.group(1).lower()) if m else None
        odd += not m
    return len(lines) >= 3 and odd <= 2 and len(USUAL & set(names)) >= 3


def mails_in(raw):
    raw = raw.lstrip(b'\r\n')
    if raw.startswith(b'From '):
        return [m for m in re.split(rb'(?m)^(?=From \S+ +(?:\w{3} \w{3}|\S+ \w{3} \w{3}|\w{3}, ))', raw) if m.strip()]
    return [raw]


def collect(name, tree, out, seen):
    n = 0
    for folder, _, files in sorted(os.walk(tree)):
        for f in sorted(files):
            path = os.path.join(folder, f)
            if CODE.search(f) or os.path.islink(path) or not 60 < os.path.getsize(path) < 6_000_000:
                continue
            with open(path, 'rb') as file:
                for raw in filter(is_mail, mails_in(file.read())):
                    key = hashlib.sha256(raw.replace(b'\r\n', b'\n')).digest()
                    if key not in seen and n < 600:
                        seen.add(key)
                        n += 1
                        os.makedirs(f'{out}/{name}', exist_ok=True)
                        with open(f'{out}/{name}/{n:04d}-{re.sub("[^A-Za-z0-9._-]", "_", f)}.eml', 'wb') as to:
                            to.write(raw)
    return n


def fetch(out):
    work = os.path.join(out, '.sources')
    os.makedirs(f'{work}/lists/partial', exist_ok=True)
    with open(f'{work}/sources.list', 'w') as f:
        f.writelines(f'deb-src http://deb.debian.org/debian {suite} main\n' for suite in ('bookworm', 'trixie', 'bullseye'))
    with open(f'{work}/apt.conf', 'w') as f:
        f.write(f'Dir::Etc::sourcelist "{work}/sources.list";\nDir::Etc::sourceparts "-";\nDir::State::lists "{work}/lists";\n')
    env = dict(os.environ, APT_CONFIG=f'{work}/apt.conf')
    subprocess.run(['apt-get', 'update', '-qq'], env=env, check=True)
    seen, total = set(), 0
    for name in PACKAGES:
        tree = f'{work}/{name}'
        os.makedirs(tree, exist_ok=True)
        for suite in ('bookworm', 'trixie', 'bullseye'):
            subprocess.run(['apt-get', 'source', '--download-only', '-qq', f'{name}/{suite}'], env=env, cwd=tree, timeout=300,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            tars = [f for f in os.listdir(tree) if '.orig' in f and not f.endswith('.asc')]
            if tars:
                break
        for tar in tars:
            subprocess.run(['tar', 'xf', tar], cwd=tree, stderr=subprocess.DEVNULL)
        n = collect(name, tree, out, seen)
        total += n
        print(f'{name}: {n} mails' if tars else f'{name}: no source to be had')
    print(f'{total} mails in {out}')


# ---- the second opinion ----

def norm(v):
    return ' '.join(unicodedata.normalize('NFC', v or '').split())


def ids(v):
    return [x.strip('<>') for x in str(v or '').split() if x.startswith('<')]


def people(msg, name):
    found = []
    for value in msg.get_all(name, []):
        try:
            found += [(a.display_name, a.addr_spec) for a in value.addresses]
        except Exception:  # its own parser gives up
            found += email.utils.getaddresses([str(value)])
    return [(norm(n), a.rpartition('@')[0] + '@' + a.rpartition('@')[2].lower()) for n, a in found if '@' in a]


def leaves(part):
    if part.is_multipart() and part.get_content_type() != 'message/rfc822':
        for p in part.iter_parts():
            yield from leaves(p)
    elif part.get_content_type() != 'message/rfc822':
        yield part


def cpython(raw):
    msg = email.message_from_bytes(raw.split(b'\n', 1)[-1] if raw.startswith(b'From ') else raw, policy=email.policy.default)
    said = {'subject': norm(str(msg['subject'] or '')), 'message_id': str(msg['message-id'] or '').strip().strip('<>').strip()}
    said |= {k: ids(msg[k.replace('_', '-')]) for k in ('in_reply_to', 'references')}
    said |= {k: people(msg, k) for k in ('from', 'to', 'cc')}
    said['attachments'] = set()
    for part in leaves(msg):
        if part.get_filename():
            body = part.get_payload(decode=True) or b''
            said['attachments'].add((norm(part.get_filename()), len(body), hashlib.sha256(body).hexdigest()))
    return said


def ours(mail):
    said = {'subject': norm(mail['subject']), 'message_id': mail['message_id'] or ''}
    said |= {k: mail[k] for k in ('in_reply_to', 'references')}
    said |= {k: [(norm(a['name']), a['addr'].rpartition('@')[0] + '@' + a['addr'].rpartition('@')[2].lower())
                 for a in mail[k]] for k in ('from', 'to', 'cc')}
    said['attachments'] = {(norm(f['name']), f['size'], f['sha256']) for f in mail['attachments'] if f['name']}
    return said


# ---- agree ----

SECONDS = 5  # for one mail


def parse(carrel, paths):
    """The answers in the order of the files; None for what was refused or never answered."""
    try:
        run = subprocess.run([carrel, 'mail', 'parse', *paths], capture_output=True, timeout=SECONDS * len(paths))
        lines = run.stdout.splitlines()
    except subprocess.TimeoutExpired:
        lines = []
    if len(lines) == len(paths):
        return [json.loads(line) for line in lines]
    if len(paths) == 1:
        return [None]
    half = len(paths) // 2
    return parse(carrel, paths[:half]) + parse(carrel, paths[half:])


def flipped(raw):
    """The mail with its other line ends; None where it has both or a bare CR."""
    lf = raw.replace(b'\r\n', b'\n')
    if b'\r' in lf or (lf != raw and lf.count(b'\n') != raw.count(b'\r\n')):
        return None
    return lf if lf != raw else raw.replace(b'\n', b'\r\n')


def judge(raw, mail, other):
    """What is wrong with the answer, the fields that differ, and how many were compared."""
    wrong, differ = [], []
    if mail is None:
        return ['no answer, or none in time'], [], 0
    if other and other != mail:
        wrong.append('LF and CRLF differ')
    if (mail['reply'] or '') + (mail['quoted'] or '') != (mail['text'] or ''):
        wrong.append('reply and quoted are not the text')
    try:
        theirs = cpython(raw)
    except Exception:  # on some mails it fails altogether
        return wrong, [], 0
    mine = ours(mail)
    for k, v in theirs.items():
        if (v - mine[k]) if k == 'attachments' else v != mine[k]:
            differ.append(f'{k}: {mine[k]!r}, CPython {v!r}'[:400])
    return wrong, differ, len(theirs)


def judge_some(carrel, paths):
    raws, flips = [], []
    with tempfile.TemporaryDirectory() as folder:
        for i, path in enumerate(paths):
            with open(path, 'rb') as f:
                raws.append(f.read())
            flips.append(flipped(raws[-1]) and f'{folder}/{i}')
            if flips[-1]:
                with open(flips[-1], 'wb') as f:
                    f.write(flipped(raws[-1]))
        mails, others = parse(carrel, paths), iter(parse(carrel, [f for f in flips if f]))
        return [judge(raw, mail, flip and (next(others) or 'none')) for raw, mail, flip in zip(raws, mails, flips)]


def mails_under(root):
    for folder, _, files in sorted(os.walk(root)):
        for f in sorted(files):
            if f.endswith(('.eml', '.msg', '.txt', '.box', '.mime')) and not f.startswith('README') and '/.' not in folder:
                yield os.path.relpath(folder, root), os.path.join(folder, f)


def agree(carrel, root):
    passed = failed = 0
    sets = {}
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        todo = list(mails_under(root))
        some = [[path for _, path in todo[i:i + 25]] for i in range(0, len(todo), 25)]
        verdicts = (v for some_of in pool.map(lambda paths: judge_some(carrel, paths), some) for v in some_of)
        for (name, path), (wrong, differ, n) in zip(todo, verdicts):
            passed, failed = passed + (not wrong), failed + bool(wrong)
            have = sets.setdefault(name, [0, 0, 0])
            sets[name] = [have[0] + n - len(differ), have[1] + n, have[2] + 1]
            for line in wrong:
                print(f'FAILED {path}: {line}')
            for line in differ:
                print(f'differs {path} {line}')
    sets['all'] = [sum(v[i] for v in sets.values()) for i in range(3)]
    for name, (good, n, mails) in sets.items():
        share, least = 100 * good / max(n, 1), 98 if name == 'all' else 95 if mails >= 10 else 0
        passed, failed = passed + (share >= least), failed + (share < least)
        print(f'{"FAILED " if share < least else ""}{name}: {mails} mails, {good} of {n} fields agree, {share:.1f} %')
    print(f'{passed} passed, {failed} failed, 0 skipped')
    return failed > 0


# ---- bounces ----

def bounces(carrel, root):
    from flufl.bounce import all_failures
    both = neither = 0
    for _, path in mails_under(root):
        with open(path, 'rb') as f:
            raw = f.read()
        try:
            theirs = {a.decode('ascii', 'replace').lower() for s in all_failures(email.message_from_bytes(raw)) for a in s}
        except Exception:
            theirs = set()
        mine = parse(carrel, [path])[0]['bounce']
        who = (mine and mine['recipient'] or '').lower()
        both += bool(mine and who in theirs)
        neither += not mine and not theirs
        if bool(mine) != bool(theirs) or (mine and who not in theirs):
            print(f'differs {path}: {f"of {who or None}" if mine else "none"}, flufl.bounce {sorted(theirs)[:3]}')
    print(f'{both} of both and of the same address, {neither} of neither')


if __name__ == '__main__':
    args = sys.argv[1:]
    if len(args) == 2 and args[0] == 'fetch':
        fetch(os.path.abspath(args[1]))
    elif len(args) == 3 and args[0] == 'agree':
        sys.exit(agree(args[1], args[2]))
    elif len(args) == 3 and args[0] == 'bounces':
        bounces(args[1], args[2])
    else:
        sys.exit(__doc__)
