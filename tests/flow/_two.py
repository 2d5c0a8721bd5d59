"""Two desks that write to each other, through a relay that keeps headers, then through one that takes out everything by which
a robot is known and a conversation held together: the letters end by themselves, nobody's words are lost. S-17."""
import email, email.policy, os, re, smtplib, sqlite3, time
from _apidesk import Desk, Sink, Tally

t = Tally()
OURS, THEIRS = 'support@desk.example', 'support@other.example'
ROBOT = ('Auto-Submitted', 'Precedence', 'X-Auto-Response-Suppress', 'List-Id', 'List-Unsubscribe', 'List-Unsubscribe-Post')
THREAD = ('In-Reply-To', 'References', 'Reply-To', 'Message-ID')


class Relay:
    """What one desk sends is handed to the other by LMTP, in order."""

    def __init__(self, strip=False):
        self.sinks, self.desks, self.done, self.strip = {}, {}, {}, strip

    def sink(self, domain):
        self.sinks[domain], self.done[domain] = Sink(), 0
        return self.sinks[domain]

    def pump(self):
        moved = 0
        for sink in self.sinks.values():
            at = [d for d, s in self.sinks.items() if s is sink][0]
            while self.done[at] < len(sink.mails):
                frm, to, raw = sink.mails[self.done[at]]
                self.done[at] += 1
                moved += 1
                for rcpt in to:
                    desk = self.desks.get(rcpt.rpartition('@')[2])
                    if desk and rcpt.startswith('support'):  # the demo's people have mailboxes elsewhere
                        self.hand_over(desk, re.search('<(.*?)>', frm).group(1), rcpt, raw)
        return moved

    def hand_over(self, desk, frm, rcpt, raw):
        if self.strip:
            m = email.message_from_bytes(raw, policy=email.policy.SMTP)
            for name in ROBOT + THREAD:
                del m[name]
            m['Message-ID'] = f'<{time.time_ns()}@relay.example>'
            frm = frm or 'relay@relay.example'
            rcpt = re.sub(r'\+[^@]*', '', rcpt)  # and the key of its address
            raw = m.as_bytes()
        with smtplib.LMTP('127.0.0.1', desk.lmtp) as c:
            c.sendmail(frm, [rcpt], raw)

    def letters(self):
        return sum(to[0].startswith('support') for s in self.sinks.values() for _, to, _ in s.mails)

    def until_quiet(self, seconds=180):
        """No desk has anything to send or to file, eight looks long."""
        quiet, end = 0, time.time() + seconds
        while quiet < 8 and time.time() < end:
            waits = self.pump()
            for d in self.desks.values():
                for line in d.ask('GET', '/metrics').text.split('\n'):
                    if line.startswith(('carrel_reader_lag_events', 'carrel_mail{channel="lmtp",state="received"}')):
                        waits += float(line.split()[-1])
                db = sqlite3.connect(os.path.join(d.data, 'desk.db'), timeout=30)
                waits += db.execute('SELECT COUNT(*) FROM outmail WHERE state = 1').fetchone()[0]
                db.close()
            quiet = 0 if waits else quiet + 1
            time.sleep(0.3)
        return quiet == 8


def customer(d, address):
    """The other desk is somebody who may open tickets."""
    admin = d.token('admin', 'admin@desk.example')
    account = next(a['id'] for a in d.ask('GET', '/api/v1/accounts', token=admin).json['accounts'] if a['name'] == 'Campus Verde')
    made = d.ask('POST', '/api/v1/contacts', {'account': account, 'name': 'The other desk', 'email': address,
                                              'roles': [{'role': 'operator', 'scope': 'account', 'id': account}]}, token=admin)
    assert made.status == 201, made.text
    return admin, account, made.json['id']


def tickets(d, token, account):
    return d.ask('GET', f'/api/v1/tickets?account={account}&limit=100', token=token).json['tickets']


def words(d, token, number):
    return ' '.join(m['text'] for m in d.ask('GET', f'/api/v1/tickets/{number}/messages', token=token).json['messages'])


def run(strip):
    how = 'a relay that strips headers' if strip else 'a plain relay'
    r = Relay(strip)
    flags = lambda domain: ['--smtp-url', f'smtp://127.0.0.1:{r.sink(domain).port}', '--support-addr', f'support@{domain}']
    with Desk(flags=flags('desk.example')) as a, Desk(flags=flags('other.example')) as b:
        r.desks = {'desk.example': a, 'other.example': b}
        admin_a, account_a, contact_a = customer(a, THEIRS)
        admin_b, account_b, _ = customer(b, OURS)
        r.until_quiet()
        before = r.letters()
        had_b = {x['number'] for x in tickets(b, admin_b, account_b)}
        agent_a, agent_b = a.token('write', 'agent@desk.example'), b.token('write', 'agent@desk.example')
        opened = a.ask('POST', '/api/v1/tickets', {'kind': 'request', 'account': account_a, 'contact': contact_a, 'subject': 'Between desks',
                                                   'text': 'The first word.'}, token=agent_a)
        t.eq(f'{how}: a ticket for the other desk', opened.status, 201)
        t.ok(f'{how}: the letters end by themselves', r.until_quiet(), r.letters() - before)
        first = r.letters() - before
        t.ok(f'{how}: after few: {first}', first <= (24 if strip else 3), first)
        new = [x for x in tickets(b, admin_b, account_b) if x['number'] not in had_b]
        t.ok(f'{how}: what a robot wrote opens a ticket only when nobody can see that', bool(new) == strip, new)
        number = opened.json['number']
        said = a.ask('POST', f'/api/v1/tickets/{number}/messages', {'text': 'A person of the first desk says quokka.'}, token=agent_a)
        t.eq(f'{how}: somebody writes', said.status, 201)
        t.ok(f'{how}: it ends again', r.until_quiet(), r.letters() - before)
        found = [x['number'] for x in tickets(b, admin_b, account_b) if x['number'] not in had_b and 'quokka' in words(b, admin_b, x['number'])]
        t.eq(f'{how}: the words arrive once', len(found), 1)
        if found:
            b.ask('POST', f'/api/v1/tickets/{found[0]}/messages', {'text': 'A person of the second desk says wombat.'}, token=agent_b)
            t.ok(f'{how}: and again', r.until_quiet(), r.letters() - before)
            back = [x['number'] for x in tickets(a, admin_a, account_a) if 'wombat' in words(a, admin_a, x['number'])]
            t.ok(f'{how}: the answer arrives', len(back) >= 1 and (strip or number in back), back)
        total = r.letters() - before
        t.ok(f'{how}: {total} letters in all', total <= (40 if strip else 8), total)
        print(f'{how}: {first} letters about one ticket, {total} in all')
        for d in (a, b):
            d.stop()
            t.ok(f'{how}: a clean end', not re.search('Sanitizer|runtime error', d.log_text()), d.log_text()[-1500:])
    for s in r.sinks.values():
        s.close()


run(False)
run(True)
t.end()
