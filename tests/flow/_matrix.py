"""S-30, S-31: who gets what at every address. The addresses come from the program itself (`carrel routes`); what each
identity must get is written here by hand. An address without a row here fails, and so does a row without an address."""
import re
import sys

from _apidesk import CARREL, Browser, Desk, Tally
import subprocess

t = Tally()

# What the identities get, in this order.
PEOPLE = ('anonymous', 'auditor', 'operator', 'manager', 'foreign', 'agent', 'admin')
TOKENS = ('none', 'read', 'write', 'foreign', 'agent', 'agent-read', 'admin')
# ok: let through (what it says about the input is its business); in: to the sign-in page, or 403 when sending;
# no: 403; gone: 404, nothing to be learned; 401.
WEB = {
    'public':   'ok   ok   ok   ok   ok   ok   ok',
    'home':     'in   ok   ok   ok   ok   ok   ok',
    'between':  'in   in   in   in   in   in   in',    # for who stands between the two steps of signing in
    'signed':   'in   ok   ok   ok   ok   ok   ok',
    'setup':    'gone gone gone gone gone gone gone',
    'read':     'in   ok   ok   ok   ok   no   no',    # of one's own account, whichever
    'read-it':  'in   ok   ok   ok   gone no   no',    # one thing of the first account
    'write':    'in   no   ok   ok   ok   no   no',
    'write-it': 'in   no   ok   ok   gone no   no',
    'problem':  'in   no   gone gone gone no   no',    # the ticket asked for is no known problem
    'manage':   'in   no   no   ok   ok   no   no',
    'manage-it': 'in  no   no   ok   gone no   no',
    'agent':    'in   gone gone gone gone ok   ok',
    'admin':    'in   gone gone gone gone no   ok',
    'ops':      'ok   ok   ok   ok   ok   ok   ok',    # from this machine
}
API = {
    'public':   'ok   ok   ok   ok   ok   ok   ok',
    'read':     '401  ok   ok   ok   ok   ok   ok',
    'read-it':  '401  ok   ok   gone ok   ok   ok',
    'agents':   '401  no   no   no   ok   ok   ok',
    'write':    '401  no   ok   ok   ok   no   ok',
    'write-it': '401  no   ok   gone ok   no   ok',
    'work':     '401  no   no   gone ok   no   ok',    # what only the desk does to a ticket
    'customer': '401  no   ok   gone no   no   no',    # what only the customer does
    'admin':    '401  no   no   no   no   no   ok',
}
TABLE = '''
GET /assets/{file} public
GET /sign-in public
POST /sign-in public
POST /sign-in/link public
GET /sign-in/l/{token} public
POST /sign-in/l/{token} public
GET /sign-in/code between
POST /sign-in/code between
POST /sign-out skip
POST /api/v1/cti/{token} skip
POST /api/cti/{token} skip
POST /api/cti/{token}/verify skip
POST /api/cti/{token}/incident skip
POST /api/cti/{token}/leg skip
POST /api/cti/{token}/audio skip
GET /api/cti/{token}/oncall skip
GET /password/reset public
POST /password/reset public
GET /password/new/{token} public
POST /password/new/{token} public
GET /profile signed
POST /profile signed
GET /profile/password signed
POST /profile/password signed
GET /profile/second-factor signed
POST /profile/second-factor signed
GET /setup setup
POST /setup setup
GET /people read
POST /people manage
GET /people/{contact} manage-it
POST /people/{contact} manage-it
GET /subscription read
GET /sites read
GET / home
GET /support read
GET /support/tickets read
GET /support/new read
POST /support/new write
GET /support/new/criticality write
POST /support/new/criticality write
GET /support/new/unsure write
POST /support/new/unsure write
POST /support/new/callback write
POST /support/problems/{number} problem
GET /support/new/details write
POST /support/new/details write
POST /support/new/draft write
GET /support/new/answers read
POST /support/new/solved write
GET /support/link read
GET /support/tickets/{number} read-it
GET /support/tickets/{number}/promise read-it
POST /support/tickets/{number} write-it
POST /support/tickets/{number}/draft write-it
POST /support/tickets/{number}/approval manage-it
POST /support/tickets/{number}/confirm write-it
POST /support/tickets/{number}/reopen write-it
POST /support/tickets/{number}/rate write-it
POST /support/tickets/{number}/callback write-it
GET /support/attachments/{file_token} read-it
GET /kb public
GET /kb/suggest public
GET /theme.css public
GET /worker.js public
GET /desk/push agent
POST /desk/push agent
GET /desk/notices agent
POST /desk/notices agent
GET /desk/notices/settings agent
POST /desk/notices/settings agent
POST /desk/tickets/{number}/follow agent
GET /desk/admin/notices admin
POST /desk/admin/notices admin
GET /profile/mails read
POST /profile/mails read
GET /mails/stop/{token} public
POST /mails/stop/{token} public
GET /logo public
GET /desk/admin/appearance admin
POST /desk/admin/appearance admin
GET /approve/{token} public
POST /approve/{token} public
GET /claim/{token} public
POST /claim/{token} public
GET /mail-file/{token} public
GET /kb/{slug} public
GET /kb/{slug}/saved public
GET /kb/feed.atom public
GET /kb/sitemap.xml public
GET /sitemap.xml public
GET /robots.txt public
GET /kb/{slug}/help public
POST /kb/{slug}/help public
GET /kb/media/{token} public
GET /kb/media/{token}/thumb public
GET /desk agent
GET /desk/views/{view} agent
GET /desk/search agent
GET /page/{token} public
POST /page/{token} public
GET /oncall/{token} public
GET /desk/alarm agent
GET /desk/reports/promises agent
POST /desk/reports/promises agent
GET /proof/{token} public
GET /support/promises read
GET /desk/oncall agent
POST /desk/oncall/{one} agent
POST /desk/tickets/{number}/page agent
GET /desk/admin/oncall admin
POST /desk/admin/oncall admin
GET /desk/admin/oncall/schedules/{one} admin
POST /desk/admin/oncall/schedules/{one} admin
GET /desk/admin/oncall/policies/{one} admin
POST /desk/admin/oncall/policies/{one} admin
GET /desk/admin/calendars admin
POST /desk/admin/calendars admin
GET /desk/calls agent
POST /desk/calls/{one} agent
GET /desk/calls/{one}/pop agent
GET /desk/new agent
POST /desk/new agent
POST /desk/tickets/{number}/call agent
GET /desk/board/incidents agent
GET /desk/board/requests agent
GET /desk/tickets/{number} agent
GET /desk/tickets/{number}/clocks agent
POST /desk/tickets/{number}/reply agent
POST /desk/tickets/{number}/draft agent
POST /desk/tickets/{number}/held agent
GET /desk/later agent
POST /desk/tickets/{number}/take agent
POST /desk/tickets/{number}/problem agent
POST /desk/tickets/{number}/checklist agent
POST /desk/tickets/{number}/assign agent
POST /desk/tickets/{number}/team agent
POST /desk/tickets/{number}/state agent
POST /desk/tickets/{number}/criticality agent
POST /desk/tickets/{number}/grade agent
POST /desk/tickets/{number}/convert agent
POST /desk/tickets/{number}/fields agent
POST /desk/tickets/{number}/resolve agent
POST /desk/tickets/{number}/reopen agent
POST /desk/tickets/{number}/called agent
POST /desk/tickets/{number}/participant agent
GET /desk/attachments/{file_token} agent
GET /desk/kb agent
GET /desk/kb/reports agent
GET /desk/kb/words agent
GET /desk/kb/gaps agent
GET /desk/kb/finding agent
POST /desk/kb/finding agent
POST /desk/kb/words agent
GET /desk/kb/pick agent
GET /desk/kb/{page}/{lang}/use agent
GET /desk/kb/new agent
POST /desk/kb/new agent
GET /desk/kb/{page} agent
GET /desk/kb/{page}/{lang} agent
POST /desk/kb/{page}/{lang} agent
POST /desk/kb/{page}/{lang}/autosave agent
POST /desk/kb/{page}/{lang}/preview agent
POST /desk/kb/{page}/{lang}/media agent
POST /desk/kb/{page}/{lang}/comments agent
GET /desk/kb/{page}/{lang}/publish agent
POST /desk/kb/{page}/{lang}/publish agent
POST /desk/kb/{page}/{lang}/place agent
GET /desk/kb/{page}/{lang}/properties agent
POST /desk/kb/{page}/{lang}/properties agent
GET /desk/kb/{page}/{lang}/history agent
POST /desk/kb/{page}/{lang}/history agent
GET /desk/tickets/{number}/article agent
POST /desk/tickets/{number}/article agent
GET /desk/admin/kb-templates admin
POST /desk/admin/kb-templates admin
GET /desk/triage agent
POST /desk/triage agent
GET /desk/intake/{intake} agent
GET /desk/intake/{intake}/raw agent
POST /desk/intake/{intake}/reprocess agent
POST /desk/intake/{intake}/refuse agent
POST /desk/intake/{intake}/contact agent
POST /desk/intake/{intake}/attach agent
POST /desk/intake/{intake}/open agent
POST /desk/intake/{intake}/person agent
POST /desk/intake/{intake}/spam agent
GET /desk/admin admin
POST /desk/admin admin
GET /desk/admin/teams admin
POST /desk/admin/teams admin
GET /desk/admin/teams/{one} admin
POST /desk/admin/teams/{one} admin
GET /desk/admin/agents admin
POST /desk/admin/agents admin
GET /desk/admin/agents/{agent} admin
POST /desk/admin/agents/{agent} admin
GET /desk/admin/tokens admin
POST /desk/admin/tokens admin
GET /desk/admin/accounts admin
POST /desk/admin/accounts admin
GET /desk/admin/accounts/{one} admin
POST /desk/admin/accounts/{one} admin
GET /desk/admin/subscriptions/{one} admin
POST /desk/admin/subscriptions/{one} admin
GET /desk/admin/sites/{one} admin
POST /desk/admin/sites/{one} admin
GET /desk/admin/contacts/{contact} admin
POST /desk/admin/contacts/{contact} admin
GET /desk/admin/plans admin
POST /desk/admin/plans admin
GET /desk/admin/request-types admin
POST /desk/admin/request-types admin
GET /desk/admin/estimates admin
POST /desk/admin/estimates admin
GET /desk/admin/plans/{one} admin
POST /desk/admin/plans/{one} admin
GET /desk/admin/jobs admin
POST /desk/admin/jobs admin
GET /desk/admin/sources admin
POST /desk/admin/sources admin
GET /desk/admin/mails admin
POST /desk/admin/mails admin
GET /desk/admin/mail-texts admin
POST /desk/admin/mail-texts admin
GET /desk/admin/mail-rules admin
POST /desk/admin/mail-rules admin
GET /desk/admin/import admin
POST /desk/admin/import admin
GET /healthz public
GET /metrics ops
GET /api/v1/openapi.json public
GET /api/v1/accounts agents
POST /api/v1/accounts admin
GET /api/v1/accounts/{one} read-it
PATCH /api/v1/accounts/{one} admin
GET /api/v1/accounts/{one}/entitlement read-it
GET /api/v1/contacts read
POST /api/v1/contacts admin
GET /api/v1/contacts/{contact} read-it
PATCH /api/v1/contacts/{contact} admin
GET /api/v1/subscriptions read
POST /api/v1/subscriptions admin
GET /api/v1/subscriptions/{one} read-it
PATCH /api/v1/subscriptions/{one} admin
GET /api/v1/teams agents
GET /api/v1/plans read
POST /api/v1/plans admin
GET /api/v1/plans/{code} read
PUT /api/v1/plans/{code} admin
GET /api/v1/tickets read
POST /api/v1/tickets write
GET /api/v1/tickets/{number} read-it
PATCH /api/v1/tickets/{number} work
POST /api/v1/tickets/{number}/convert work
POST /api/v1/tickets/{number}/resolve work
POST /api/v1/tickets/{number}/reopen write-it
POST /api/v1/tickets/{number}/confirm customer
POST /api/v1/tickets/{number}/rate customer
GET /api/v1/tickets/{number}/messages read-it
POST /api/v1/tickets/{number}/messages write-it
POST /api/v1/uploads write
GET /api/v1/attachments/{file_token} read-it
'''
# What has to be in a request so that it gets as far as the question whose thing it is.
BODY = {
    'PATCH /api/v1/tickets/{number}': {'subject': 'CANARY-SUBJECT b'},
    'POST /api/v1/tickets/{number}/convert': {'kind': 'incident', 'criticality': 3, 'reason': 'x'},
    'POST /api/v1/tickets/{number}/resolve': {'resolution': 'x'},
    'POST /api/v1/tickets/{number}/reopen': {'reason': 'x'},
    'POST /api/v1/tickets/{number}/rate': {'rating': 'good'},
    'POST /api/v1/tickets/{number}/messages': {'text': 'x'},
}
FORM = {
    'POST /desk/tickets/{number}/held': {'act': 'undo', 'id': '1'},
    'POST /desk/calls/{one}': {'do': 'number', 'number': ''},
    'POST /support/tickets/{number}': {'text': 'x'}, 'POST /support/tickets/{number}/draft': {'text': 'x'},
    'POST /support/tickets/{number}/rate': {'rating': 'good'}, 'POST /support/tickets/{number}/reopen': {'reason': 'x'},
    'POST /support/tickets/{number}/callback': {'phone': '+57 1 555 0100'},
}
SEES_NOTHING = ('anonymous', 'foreign', 'none')


def outcome(a):
    to = a['Location'] or ''
    if a.status == 303 and to.startswith('/sign-in') and not to.startswith('/sign-in/code'):
        return 'in'
    return {401: '401', 403: 'no', 404: 'gone'}.get(a.status) or ('ok' if a.status < 500 else str(a.status))


def expect(why, kind, wanted, method, a):
    got = outcome(a)
    if wanted == 'in' and method != 'GET' and kind != 'between':
        wanted = 'no'
    t.ok(f'S-30: {why} ({kind})', got == wanted, f'got {a.status} ({got}), wanted {wanted}')


def things(d, admin, write):
    ticket = d.ask('POST', '/api/v1/tickets', {'kind': 'incident', 'criticality': 3, 'subject': 'CANARY-SUBJECT', 'text': 'CANARY-TEXT'}, token=write).json
    up = d.ask('POST', '/api/v1/uploads?name=CANARY-NAME.txt', b'CANARY-FILE', token=write, headers={'Content-Type': 'text/plain'}).json
    said = d.ask('POST', f"/api/v1/tickets/{ticket['number']}/messages", {'text': 'CANARY-MESSAGE', 'attachments': [{k: up[k] for k in ('handle', 'name', 'type')}]}, token=write).json
    note = d.ask('POST', f"/api/v1/tickets/{ticket['number']}/messages", {'text': 'CANARY-NOTE', 'internal': True}, token=admin)
    assert note.status == 201, note.text
    pbx = d.command('phone', 'cti-token').split()
    call = d.ask('POST', '/api/v1/cti/' + next(w for w in pbx if '/cti/' in w).rsplit('/', 1)[1],
                 {'event': 'newCall', 'callId': 'CANARY-CALL', 'from': '+4930123456', 'to': '+5715550100', 'direction': 'in'})
    assert call.status == 200, call.text
    find = lambda e: d.ask('GET', f'/api/v1/contacts?email={e}', token=admin).json['contacts'][0]['id']
    return {'number': ticket['number'], 'file_token': said['attachments'][0]['id'], 'contact': str(find('auditor@campus.example')),
            'one': '1', 'agent': '1', 'code': 'BASIC', 'intake': '1', 'view': 'unassigned', 'page': '1', 'lang': 'en', 'slug': 'x', 'file': 'x.css', 'token': 'x' * 40}


def pages(d, rows, ids):
    for n, who in enumerate(PEOPLE):
        b = Browser(d)
        mail = {'anonymous': None, 'foreign': 'manager@colegio.example', 'agent': 'agent@desk.example', 'admin': 'admin@desk.example'}.get(who, f'{who}@campus.example')
        if mail:
            b.sign_in(mail)
        csrf = b.csrf() if mail else ''
        t.ok(f'{who} is signed in', not mail or csrf)
        for key, kind in rows:
            method, path = key.split(' ')
            wanted = WEB[kind].split()[n]
            at = path.format(**ids)
            before = dict(b.cookies)
            a = b.get(at) if method == 'GET' else b.ask(method, at, form={'csrf': csrf, **FORM.get(key, {})})
            b.cookies = before
            if wanted == 'ok' and a.status == 404 and any(x in path for x in ('{token}', '{slug}', '{file}', '{intake}', '{view}')):
                continue  # let through, and there is none
            if path in ('/desk/admin/agents/{agent}', '/desk/admin/plans/{one}') and a.status == 404 and wanted == 'ok':
                continue
            if key == 'GET /' and who in ('agent', 'admin'):
                t.ok('agents go to the workspace', (a['Location'] or '').startswith('/desk'), a['Location'])
                continue
            if key == 'GET /' and who == 'anonymous' and a.status == 200:
                continue  # a public page
            expect(f'{who} {key}', kind, wanted, method, a)
            told = re.findall(r'CANARY-\w+', a.text)
            t.ok(f'S-30: {who} {key} tells nothing', not (told if who in SEES_NOTHING else [w for w in told if w == 'CANARY-NOTE' and n < 5]), told)


def calls(d, rows, ids, tokens):
    for n, who in enumerate(TOKENS):
        for key, kind in rows:
            method, path = key.split(' ')
            a = d.ask(method, path.format(**ids), BODY.get(key, {}) if method != 'GET' else None, token=tokens[who])
            expect(f'{who} token {key}', kind, API[kind].split()[n], method, a)
            told = re.findall(r'CANARY-\w+', a.text)
            t.ok(f'S-30: {who} token {key} tells nothing', not (told if who in SEES_NOTHING else [w for w in told if w == 'CANARY-NOTE' and n < 4]), told)


def alike(d, ids, foreign):
    """A thing of somebody else looks like one that is not there."""
    b = Browser(d)
    b.sign_in('manager@colegio.example')
    for path, one, none in (('/support/tickets/{}', ids['number'], 'CAR-9999-'), ('/people/{}', ids['contact'], '999999'), ('/support/attachments/{}', ids['file_token'], 'a' * 32)):
        nones = [f'CAR-9999-{x}' for x in '0123456789'] if 'CAR-' in none else [none] # one has the right check digit
        a = b.get(path.format(one))
        strip = lambda a, x: re.sub(r'value="[^"]*"', '', a.text.replace(x, '') if len(x) > 3 else a.text)
        t.ok(f'S-30: {path} of others is like none', any((x := b.get(path.format(m))).status == a.status and strip(x, m) == strip(a, one) for m in nones), a.status)
    for path, one, none in (('/api/v1/contacts/{}', ids['contact'], '999999'), ('/api/v1/accounts/{}', '1', '999999'), ('/api/v1/subscriptions/{}', '1', '999999')):
        a, x = d.ask('GET', path.format(one), token=foreign), d.ask('GET', path.format(none), token=foreign)
        t.ok(f'S-30: {path} of others is like none', a.status == x.status == 404 and a.body == x.body, a.text + x.text)
    a = d.ask('GET', '/api/v1/contacts?account=1', token=foreign)
    t.ok("S-31: asking for another account's list gives one's own", 'campus.example' not in a.text, a.text[:200])
    a = d.ask('GET', '/api/v1/contacts?email=manager@campus.example', token=foreign)
    x = d.ask('GET', '/api/v1/contacts?email=nobody@nowhere.example', token=foreign)
    t.ok('S-31: an address of others is like none', a.status == x.status and a.body == x.body, a.text[:200])
    a = d.ask('GET', '/api/v1/tickets?account=1', token=foreign)
    t.ok('S-31: nor are tickets of others listed', 'CANARY' not in a.text, a.text[:200])


def changes(d, ids, tokens):
    """What is taken away is gone with the next request."""
    admin = tokens['admin']
    auditor, operator, manager = Browser(d), Browser(d), Browser(d)
    auditor.sign_in('auditor@campus.example')
    operator.sign_in('operator@campus.example')
    manager.sign_in('manager@campus.example')
    t.eq('S-42: the auditor is in', auditor.get('/support').status, 200)
    d.ask('PATCH', f"/api/v1/contacts/{ids['contact']}", {'disabled': True}, token=admin)
    t.eq('S-42: disabled, out with the next request', outcome(auditor.get('/support')), 'in')
    who = d.ask('GET', '/api/v1/contacts?email=operator@campus.example', token=admin).json['contacts'][0]
    d.ask('PATCH', f"/api/v1/contacts/{who['id']}", {'roles': [{'role': 'auditor'}]}, token=admin)
    t.ok('S-30: a smaller role holds with the next request', outcome(operator.get('/support/new/details')) in ('no', 'in'))
    t.eq('S-42: the manager is in', manager.get('/support').status, 200)
    a = Browser(d)
    a.sign_in('admin@desk.example')
    do = a.post('/desk/admin/accounts/1', {'do': 'account', 'closed': '1', 'name': 'Campus Verde', 'lang': 'en', 'zone': 'UTC'}, page='/desk/admin/accounts/1')
    t.ok('the account is closed', d.ask('GET', '/api/v1/accounts/1', token=admin).json['closedAt'], do.status)
    t.eq('S-42: people of a closed account are out', outcome(manager.get('/support')), 'in')
    t.eq('S-42: and its tokens', d.ask('GET', '/api/v1/tickets', token=tokens['write']).status, 401)
    again = Browser(d).sign_in('manager@campus.example')
    t.ok('S-42: who signs in is told why not', again.status in (403, 422) and 'closed' in again.text, again.status)
    wrong = Browser(d).sign_in('manager@campus.example', 'not the password')
    t.ok('S-45: but not who does not know the password', 'account is closed' not in wrong.text)
    # a second factor that is wanted is wanted at once
    agent = Browser(d)
    agent.sign_in('agent@desk.example')
    t.eq('S-42: the agent is in', agent.get('/desk/triage').status, 200)
    a.post('/desk/admin', {'product': 'Carrel', 'support_addr': 'support@desk.example', 'phone': '', 'require_totp': '1'}, page='/desk/admin')
    t.eq('S-42: asked for a second factor, out until it is given', outcome(agent.get('/desk/triage')), 'in')
    t.eq('S-42: the administrator, too', outcome(a.get('/desk/admin')), 'in')
    t.ok('and both stand before the page to set it up', 'otpauth' in agent.get('/sign-in/code').text or agent.last.status == 200, agent.last.status)


def main():
    rows = [line.rsplit(' ', 1) for line in TABLE.strip().split('\n')]
    listed = subprocess.run([CARREL, 'routes'], capture_output=True, text=True, check=True).stdout
    norm = lambda s: re.sub(r'\{\w+\.*\}', '{}', s)
    real = {norm(' '.join(line.split()[:2])) for line in listed.splitlines()}
    mine = {norm(k) for k, _ in rows}
    t.eq('S-30: every address has an expectation', real - mine, set())
    t.eq('S-30: every expectation has an address', mine - real, set())
    t.eq('S-30: one each', len(rows), len(mine))
    rows = [(k, v) for k, v in rows if v != 'skip']
    with Desk(sys.argv[1] if len(sys.argv) > 1 else None) as d:
        tokens = {'none': None, 'read': d.token('read', 'manager@campus.example'), 'write': d.token('write', 'manager@campus.example'),
                  'foreign': d.token('write', 'manager@colegio.example'), 'agent': d.token('write', 'agent@desk.example'),
                  'agent-read': d.token('read', 'agent@desk.example'), 'admin': d.token('admin', 'admin@desk.example')}
        ids = things(d, tokens['admin'], tokens['write'])
        pages(d, [r for r in rows if '/api/' not in r[0]], ids)
        calls(d, [r for r in rows if '/api/' in r[0]], ids, tokens)
        alike(d, ids, tokens['foreign'])
        session = Browser(d)
        session.sign_in('admin@desk.example')
        t.eq('S-40: a session is no token', session.get('/api/v1/accounts').status, 401)
        t.eq('S-37: a token is no session', d.ask('GET', '/desk', token=tokens['admin'])['Location'], '/sign-in?next=%2Fdesk')
        changes(d, ids, tokens)
        d.stop()
        t.ok('the server ends clean', not re.search('Sanitizer|runtime error', d.log_text()), d.log_text()[-1500:])


main()
t.end()
