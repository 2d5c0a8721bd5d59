"""The knowledge base while it is written: what was acknowledged survives kills; what is not published reaches nobody.

    _kb.py autosave [KILLS]    kill -9 the desk in the middle of autosaves: the last acknowledged text is there
    _kb.py ticket              an article of a ticket has nobody's data in it
    _kb.py leak                S-34: a canary in each state of a page's life, asked for as anybody and as a customer
"""
import json
import os
import random
import re
import signal
import sys
import threading
import time

from _apidesk import Browser, Desk, Tally

sys.stdout.reconfigure(line_buffering=True)


def hidden(text, name):
    m = re.search(rf'name="{name}" value="([^"]*)"', text)
    return m.group(1) if m else ''


class Writer:
    """An agent with the editor open."""

    def __init__(self, desk, email='agent@desk.example'):
        self.b = Browser(desk)
        self.b.sign_in(email)
        self.csrf = self.b.csrf()

    def new(self, title, kind='article', lang='en', visibility='public', **more):
        a = self.b.ask('POST', '/desk/kb/new', form={'csrf': self.csrf, 'title': title, 'kind': kind, 'lang': lang})
        assert a.status == 303, (a.status, a.text[-2000:])
        at = a['Location']
        if visibility != 'internal' or more:
            r = self.b.ask('POST', at + '/properties', form={'csrf': self.csrf, 'kind': kind, 'visibility': visibility, **more})
            assert r.status == 303, (r.status, re.findall(r'class="errmsg"[^<]*<[^>]*>[^<]*</span>([^<]*)', r.text))
        return at

    def page(self, at):
        return self.b.get(at).text

    def save(self, at, version, title, slug, markdown, lang_follows=''):
        return self.b.ask('POST', at + '/autosave', form={'csrf': self.csrf, 'version': version, 'title': title, 'slug': slug,
                                                           'summary': '', 'markdown': markdown, 'follows': lang_follows})

    def text(self, at):
        m = re.search(r'<textarea class="in mono kbtext"[^>]*>(.*?)</textarea>', self.page(at), re.S)
        t = m.group(1)
        for x, y in (('&lt;', '<'), ('&gt;', '>'), ('&#34;', '"'), ('&quot;', '"'), ('&#39;', "'"), ('&amp;', '&')):
            t = t.replace(x, y)
        return t[1:] if t.startswith('\n') else t

    def act(self, at, act, **more):
        version = hidden(self.page(at + '/publish'), 'version')
        return self.b.ask('POST', at + '/publish', form={'csrf': self.csrf, 'act': act, 'version': version, **more})


def autosave(t, kills):
    rng = random.Random(6)
    with Desk() as d:
        w = Writer(d)
        at = w.new('Written under bad luck', visibility='internal')
        slug = hidden(w.page(at), 'version') and re.search(r'id="slug"[^>]*value="([^"]*)"', w.page(at)).group(1)
        acknowledged, tried, version, n, lost, saves, wrong = '', [], 1, 0, 0, 0, []
        stop = threading.Event()

        def write():
            nonlocal acknowledged, tried, version, n, saves
            while not stop.is_set():
                text = acknowledged + f'\n\nline {n} ' + 'x' * rng.randrange(200)
                if len(text) > 20000:
                    text = f'line {n}'
                n += 1
                tried = [text]
                while not stop.is_set():  # the same text again, as the script of the page does
                    try:
                        a = w.save(at, version, 'Written under bad luck', slug, text)
                    except OSError:
                        time.sleep(0.02)
                        continue
                    if a.status == 200:
                        version = a.json['version']
                        acknowledged = text
                        saves += 1
                        break
                    if a.status == 409:
                        wrong.append(a.text)
                        return
                    time.sleep(0.02)

        thread = threading.Thread(target=write)
        thread.start()
        for k in range(kills):
            time.sleep(rng.uniform(0.05, 0.4))
            d.proc.send_signal(signal.SIGKILL)
            d.proc.wait()
            d.start()
        time.sleep(0.5)
        stop.set()
        thread.join()
        t.ok('no save of one writer alone is called stale', not wrong, wrong[:1])
        got = w.text(at).strip()
        fine = got in [acknowledged.strip(), *(x.strip() for x in tried)]
        t.ok(f'the last acknowledged text is there after {kills} kills', fine, f'{got[-120:]!r} for {acknowledged[-120:]!r}')
        t.ok('there were saves between the kills', saves >= kills // 2, saves)
        print(f'{kills} kills, {saves} saves acknowledged')


# ---- an article of a ticket ----

def ticket(t):
    with Desk() as d:
        write, agent = d.token('write', 'operator@campus.example'), d.token('admin', 'admin@desk.example')
        private = ['Operator', 'operator@campus.example', 'pupil77@campus.example', 'pupil77', '+57 601 555 0147', '10.20.30.40', 'sEcrEt123', 'campus.example']
        a = d.ask('POST', '/api/v1/tickets', {
            'kind': 'incident', 'criticality': 3, 'subject': 'Quiz of pupil77 stays blank', 'affected_email': 'pupil77@campus.example',
            'text': 'The quiz stays blank for pupil77@campus.example and for everybody since 2026-11-23. Call me: +57 601 555 0147, from 10.20.30.40.\n'
                    'https://campus.example/x?token=sEcrEt123&page=2\n\nOperator of Campus Verde\noperator@campus.example'}, token=write)
        t.eq('there is a ticket', a.status, 201)
        number = a.json['number']
        for body in ({'text': 'CANARY-NOTE for colleagues', 'internal': True}, {'text': 'Thank you, pupil77 was not alone.'}):
            d.ask('POST', f'/api/v1/tickets/{number}/messages', body, token=agent)
        t.eq('it is resolved', d.ask('POST', f'/api/v1/tickets/{number}/resolve', {'resolution': 'The cache of 10.20.30.40 was emptied.'}, token=agent).status, 200)
        w = Writer(d)
        at = f'/desk/tickets/{number}/article'
        page = w.page(at)
        left = re.search(r'id="kb-left">(.*?)</div>', page, re.S).group(1) + re.search(r'id="title"[^>]*value="([^"]*)"', page).group(1)
        for x in private:
            t.ok(f'{x} is not in what is left', x not in left, left)
        for x in ('operator@campus.example', 'pupil77@campus.example', 'pupil77', '+57 601 555 0147', '10.20.30.40', 'sEcrEt123'):
            t.ok(f'{x} is shown as taken out', f'name="keep" value="{x}"' in page)
        t.ok('what is nobody\'s stays', '2026-11-23' in left and 'page=2' in left and 'stays blank' in left, left)
        t.ok('question and solution are there', 'for everybody' in left and 'was emptied' in left)
        t.ok('notes are not', 'CANARY-NOTE' not in page)
        t.ok('nothing is saved by looking', 'stays blank' not in w.page('/desk/kb'))
        a = w.b.ask('POST', at, form={'csrf': w.csrf, 'act': 'make', 'lang': 'en', 'kind': 'article', 'title': 'Quiz stays blank for pupil77', 'keep': '10.20.30.40'})
        t.eq('the draft is made', a.status, 303)
        text, editor = w.text(a['Location']), w.page(a['Location'])
        t.ok('what the agent kept is in it', '10.20.30.40' in text, text)
        for x in private:
            t.ok(f'{x} is not in the draft', x == '10.20.30.40' or (x not in text and x not in re.search(r'id="title"[^>]*value="([^"]*)"', editor).group(1)), text)
        t.ok('agents only', 'Agents only' in editor)
        import sqlite3
        db = sqlite3.connect(os.path.join(d.data, 'desk.db'), timeout=30)
        t.eq('the ticket knows its article', db.execute('SELECT how FROM kb_use').fetchall(), [(3,)])
        db.close()


# ---- S-34 ----

CANARY = 'zebrafinch'


def states(w, admin):
    """A page in each state that readers must not see; every word of it is a canary of its own. Gives name: address."""
    at, slugs = {}, {}

    def make(name, publish=True, visibility='public', **more):
        word = CANARY + name
        at[name] = w.new(f'Title {word}', visibility=visibility, **more)
        page = w.page(at[name])
        slugs[name] = re.search(r'id="slug"[^>]*value="([^"]*)"', page).group(1)
        a = w.save(at[name], hidden(page, 'version'), f'Title {word}', slugs[name], f'## Heading {word}\n\nBody {word} text.\n')
        assert a.status == 200, a.text
        if publish:
            a = w.act(at[name], 'publish')
            assert a.status == 303, (name, a.text[-1500:])

    make('draft', publish=False, tags=f'{CANARY}tag')
    make('review', publish=False)
    w.act(at['review'], 'submit', text=f'comment {CANARY}comment')
    make('scheduled', publish=False)
    assert w.act(at['scheduled'], 'schedule', publish_at='2099-01-01T10:00').status == 303
    make('internal', visibility='internal')
    make('archived')
    assert w.act(at['archived'], 'archive').status == 303
    make('binned')
    assert admin.b.ask('POST', at['binned'] + '/place', form={'csrf': admin.csrf, 'act': 'bin'}).status == 303
    # For another account only: the demo's first customer must not see it, nor anybody.
    make('foreign', visibility='accounts', accounts='Uni Norte')
    # Published, and what is being written beside it is not.
    make('changed')
    page = w.page(at['changed'])
    a = w.save(at['changed'], hidden(page, 'version'), f'Title {CANARY}newtitle', slugs['changed'], f'Body {CANARY}newbody')
    assert a.status == 200, a.text
    # An address it had before, of a page that is hidden now.
    make('moved')
    page = w.page(at['moved'])
    w.save(at['moved'], hidden(page, 'version'), f'Title {CANARY}moved', f'{CANARY}movedaway', f'Body {CANARY}moved')
    assert w.act(at['moved'], 'publish').status == 303
    w.b.ask('POST', at['moved'] + '/properties', form={'csrf': w.csrf, 'kind': 'article', 'visibility': 'internal'})
    return at, slugs


def expire(d, w):
    """One that was read and is not any more: its time is moved into the past in the tables, as waiting would."""
    at = w.new(f'Title {CANARY}expired')
    page = w.page(at)
    slug = re.search(r'id="slug"[^>]*value="([^"]*)"', page).group(1)
    w.save(at, hidden(page, 'version'), f'Title {CANARY}expired', slug, f'Body {CANARY}expired')
    soon = time.strftime('%Y-%m-%dT%H:%M', time.gmtime(time.time() + 40 * 86400))
    assert w.act(at, 'publish', expires_at=soon).status == 303
    import sqlite3
    db = sqlite3.connect(os.path.join(d.data, 'desk.db'), timeout=30)
    db.execute('UPDATE article SET expires_at = 1 WHERE slug = ?', (slug,))
    # The index has its own copy of the same moment; where publishing did not put it there, there is none to move.
    db.execute('UPDATE kb_index SET expires_at = 1 WHERE expires_at IS NOT NULL AND article_id IN (SELECT id FROM article WHERE slug = ?)', (slug,))
    db.commit()
    db.close()
    time.sleep(0.2)  # the desk's readers may share a snapshot for some milliseconds (src/db/db_sqlite.c)
    return slug


def places(slugs):
    """Where readers look, and what must be silent there. The readers' pages add theirs."""
    words = [CANARY, 'Title', 'Heading', 'Body'] + [CANARY + n for n in slugs]
    yield from ('/', '/kb', '/kb?q=' + CANARY, '/kb/feed.atom', '/kb/feed.atom?lang=es', '/sitemap.xml', '/kb/sitemap.xml',
                '/kb/sitemap.xml?part=0', '/robots.txt', '/support/new')
    for w in words:
        yield f'/kb?q={w}'
        yield f'/kb?q={w}&sort=new&kind=article'
        yield f'/kb?q=%22{w}%22'
        yield f'/kb/suggest?q={w}'
        yield f'/kb/suggest?q={w[:-1]}'        # unfinished
        yield f'/kb?q={w[:-2] + w[-1:]}'       # mistyped: a suggestion would name it
        yield f'/kb?q={w}&product=none&release=none'
        yield f'/support/new?q={w}'
        yield f'/support/new/answers?q={w}&course=course-v1:X%2B{w}%2B1'
    for s in slugs.values():
        yield f'/kb/{s}'
        yield f'/kb/{s}?lang=es'
        yield f'/es/kb/{s}'
        yield f'/kb/{s}/saved'
        yield f'/support/new?article={s}'


def leak(t):
    with Desk() as d:
        w, admin = Writer(d), Writer(d, 'admin@desk.example')
        at, slugs = states(w, admin)
        slugs['expired'] = expire(d, w)
        slugs['movedaway'] = f'{CANARY}movedaway'
        seen_by_agents = w.b.get('/kb/' + slugs['internal'])
        t.ok('agents read what is internal', CANARY in seen_by_agents.text, seen_by_agents.status)
        t.ok('what is published is read', Browser(d).get('/kb/' + slugs['changed']).status == 200)
        hide = {k: v for k, v in slugs.items() if k != 'changed'}
        for who in (None, 'manager@campus.example', 'manager@colegio.example'):
            b = Browser(d)
            if who:
                b.sign_in(who)
            for path in places(hide):
                a = b.get(path)
                told = set(re.findall(CANARY + r'\w+', a.text)) - {CANARY + 'changed'}
                asked = set(re.findall(CANARY + r'\w+', path))
                told -= asked  # the words of the question may be said again
                t.ok(f'S-34: {who or "nobody"} {path} tells nothing', not told, told)
                t.ok(f'S-34: {who or "nobody"} {path} leads nowhere', CANARY not in re.sub('^/sign-in[?]next=.*', '', a['Location'] or ''), a['Location'])
                if path.startswith('/kb/' + CANARY) or any(path in ('/kb/' + s, f'/kb/{s}/saved') for s in hide.values()):
                    t.eq(f'S-34: {who or "nobody"} {path} is not there', a.status, 404)
            gone, never = b.get('/kb/' + slugs['draft']), b.get('/kb/' + 'q' * len(slugs['draft']))
            strip = lambda a, s: re.sub(r'value="[^"]*"', '', a.text.replace(s, ''))
            t.ok(f'S-34: {who or "nobody"}: a draft looks like nothing at all', strip(gone, slugs['draft']) == strip(never, 'q' * len(slugs['draft'])))
            t.ok('S-34: nor is there an ETag of it', not gone['ETag'])
            a = b.get(at['draft'])
            t.ok(f'S-34: {who or "nobody"} gets no editor', a.status in (303, 404) and CANARY not in a.text, a.status)


if __name__ == '__main__':
    tally = Tally()
    what = sys.argv[1] if len(sys.argv) > 1 else 'leak'
    if what == 'autosave':
        autosave(tally, int(sys.argv[2]) if len(sys.argv) > 2 else 8)
    elif what == 'ticket':
        ticket(tally)
    else:
        leak(tally)
    tally.end()
