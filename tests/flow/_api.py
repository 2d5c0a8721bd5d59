"""The API as a program of somebody else uses it: every thing is made, listed, read and changed over HTTP, on SQLite and,
with a URL as argument, on PostgreSQL. Every answer is held against the OpenAPI document that the desk serves, members
that are not described included."""
import sys
from concurrent.futures import ThreadPoolExecutor

import jsonschema

from _apidesk import Desk, Tally

t = Tally()


class Api:
    """Asks, and holds each answer against the document."""

    def __init__(self, d):
        self.d = d
        doc = d.ask('GET', '/api/v1/openapi.json')
        t.eq('the document is served to everybody', doc.status, 200)
        self.doc = doc.json
        t.ok('it says 3.1', self.doc.get('openapi', '').startswith('3.1'))
        for s in self.doc['components']['schemas'].values():
            jsonschema.Draft202012Validator.check_schema(s)
            s['additionalProperties'] = False  # what is not described is a mistake, too
        self.seen = set()

    def schema(self, path, method, status):
        for p, item in self.doc['paths'].items():
            a, b = p.split('/'), path.split('?')[0].split('/')
            if len(a) == len(b) and all(x == y or x[:1] == '{' for x, y in zip(a, b)) and \
                    ('{' in p or p == path.split('?')[0]) and method.lower() in item:
                if any(x[:1] == '{' and ('/'.join(b[:i] + [y] + b[i + 1:])) in self.doc['paths']
                       for i, (x, y) in enumerate(zip(a, b))):
                    continue
                self.seen.add((method, p))
                r = item[method.lower()]['responses']
                if str(status) not in r and status < 400:
                    t.ok(f'{method} {p}: status {status} is described', False)
                return r.get(str(status), r['default'])
        return None

    def __call__(self, method, path, body=None, token=None, want=None, **k):
        a = self.d.ask(method, path, body, token=token, **k)
        if want is not None:
            t.ok(f'{method} {path} is {want}', a.status == want, f'{a.status} {a.text[:300]}')
        r = self.schema(path, method, a.status)
        if a.status >= 400 and method != 'HEAD':
            t.ok(f'{method} {path}: an error is a problem document',
                 a['Content-Type'] == 'application/problem+json' and a.json.get('status') == a.status and
                 len(a.json.get('detail', '')) > 5, f"{a['Content-Type']} {a.text[:200]}")
        if r and a.body and method != 'HEAD':
            kind, content = (a['Content-Type'] or '').split(';')[0], r.get('content', {})
            if kind in content and content[kind]['schema']:
                v = jsonschema.Draft202012Validator({**content[kind]['schema'], 'components': self.doc['components']})
                wrong = list(v.iter_errors(a.json))
                t.ok(f'{method} {path} answers as described', not wrong, '; '.join(e.message for e in wrong[:3]))
            elif '*/*' not in content:
                t.ok(f'{method} {path} answers a described type', kind in content, kind)
        return a

    def wrong(self, why, method, path, body, status, field, token, **k):
        a = self(method, path, body, token, **k)
        t.ok(why, a.status == status and a.json.get('field') == field, f'{a.status} {a.text[:300]}')
        return a


def things(api, admin):
    """Accounts, plans, subscriptions, contacts."""
    a = api('POST', '/api/v1/accounts', {'name': 'Instituto Luna', 'ref': 'crm-1', 'zone': 'America/Bogota'}, admin, 201).json
    b = api('POST', '/api/v1/accounts', {'name': 'Liceo Mar'}, admin, 201).json
    api.wrong('a name is wanted', 'POST', '/api/v1/accounts', {}, 422, 'name', admin)
    api.wrong('a number is no name', 'POST', '/api/v1/accounts', {'name': 7}, 422, 'name', admin)
    api.wrong('a zone is one that there is', 'POST', '/api/v1/accounts', {'name': 'x', 'zone': 'Mars/Dome'}, 422, 'zone', admin)
    t.ok('a key of your own is there once', api('POST', '/api/v1/accounts', {'name': 'z', 'ref': 'crm-1'}, admin).status in (409, 422))
    t.eq('it is read', api('GET', f"/api/v1/accounts/{a['id']}", token=admin, want=200).json['name'], 'Instituto Luna')
    t.eq('it is changed', api('PATCH', f"/api/v1/accounts/{a['id']}", {'name': 'Instituto Luna Nueva'}, admin, 200).json['ref'], 'crm-1')
    api('GET', '/api/v1/accounts/999999', token=admin, want=404)
    api('GET', '/api/v1/accounts/x', token=admin, want=404)

    whole = {'code': 'GOLD', 'name': 'Gold', 'support': True, 'rank': 9, 'quotaMonth': 3,
             'channels': [{'kind': 'incident', 'criticality': c, 'channel': w} for c in (1, 2, 3, 4) for w in ('form', 'api', 'mail')] +
                         [{'kind': 'request', 'channel': 'api'}],
             'targets': [{'criticality': 3, 'metric': 'firstResponse', 'minutes': 60}]}
    p = api('POST', '/api/v1/plans', whole, admin, 201).json
    t.ok('a plan comes back as it was sent', p['quotaMonth'] == 3 and len(p['channels']) == 13 and
         len(p['targets']) == 1 and {'criticality': 3, 'metric': 'firstResponse', 'minutes': 60, 'calendar': None}.items() <= p['targets'][0].items(), p)
    api.wrong('a code is there once', 'POST', '/api/v1/plans', whole, 409, 'code', admin)
    for why, change, field in (
            ('a word that is no channel', {'channels': [{'kind': 'request', 'channel': 'api'}, {'kind': 'incident', 'criticality': 1, 'channel': 'pigeon'}]}, 'channels[1].channel'),
            ('a request has no criticality', {'channels': [{'kind': 'request', 'criticality': 1, 'channel': 'api'}]}, 'channels[0].criticality'),
            ('an incident has one', {'channels': [{'kind': 'incident', 'channel': 'api'}]}, 'channels[0].criticality'),
            ('a kind that is not', {'channels': [{'kind': 'wish', 'channel': 'api'}]}, 'channels[0].kind'),
            ('a list of objects', {'channels': ['api']}, 'channels[0]'),
            ('a misspelt member', {'targets': [{'criticality': 1, 'metric': 'update', 'minutes': 5, 'minute': 6}]}, 'targets[0]'),
            ('a promise of no minutes', {'targets': [{'criticality': 1, 'metric': 'update', 'minutes': 0}]}, 'targets[0].minutes'),
            ('a promise of true minutes', {'targets': [{'criticality': 1, 'metric': 'update', 'minutes': True}]}, 'targets[0].minutes'),
            ('a promise twice', {'targets': [{'criticality': 1, 'metric': 'update', 'minutes': 1}] * 2}, 'targets[1].metric'),
            ('no list', {'targets': {'criticality': 1}}, 'targets'),
            ('a calendar that is not', {'calendar': 4711}, 'calendar'),
            ('no name', {'name': ''}, 'name')):
        api.wrong(f'plan: {why} is named', 'PUT', '/api/v1/plans/GOLD', {**whole, **change}, 422, field, admin)
    t.eq('what was refused changed nothing', api('GET', '/api/v1/plans/GOLD', token=admin, want=200).json, p)
    t.ok('plans are listed', any(x == p for x in api('GET', '/api/v1/plans', token=admin, want=200).json['plans']))
    api('GET', '/api/v1/plans/NOPE', token=admin, want=404)
    api.wrong('a code is a word', 'PUT', '/api/v1/plans/a%20b', whole, 422, 'code', admin)

    sub = {'account': a['id'], 'plan': 'GOLD', 'name': 'Campus', 'validFrom': '2020-01-01'}
    s = api('POST', '/api/v1/subscriptions', sub, admin, 201).json
    api.wrong('a plan that is there', 'POST', '/api/v1/subscriptions', {**sub, 'plan': 'NOPE'}, 422, 'plan', admin)
    api.wrong('a date that is one', 'POST', '/api/v1/subscriptions', {**sub, 'validTo': 'soon'}, 422, 'validTo', admin)
    api.wrong('an account that is there', 'POST', '/api/v1/subscriptions', {**sub, 'account': 999999}, 422, 'account', admin)
    t.eq('a subscription is changed', api('PATCH', f"/api/v1/subscriptions/{s['id']}", {'validTo': '2099-01-01'}, admin, 200).json['validTo'][:10], '2099-01-01')
    api('GET', f"/api/v1/subscriptions/{s['id']}", token=admin, want=200)
    t.eq('an account lists its own', len(api('GET', f"/api/v1/subscriptions?account={a['id']}", token=admin, want=200).json['subscriptions']), 1)

    c = {'account': a['id'], 'name': 'Manager of Luna', 'email': 'Manager@Luna.example', 'roles': [{'role': 'manager'}]}
    m = api('POST', '/api/v1/contacts', c, admin, 201).json
    t.ok('the role is for the account', m['roles'] == [{'role': 'manager', 'scope': 'account', 'id': a['id']}] and m['email'].endswith('@luna.example'), m)
    other = api('POST', '/api/v1/contacts', {**c, 'account': b['id'], 'email': 'manager@mar.example'}, admin, 201).json
    api.wrong('an address is there once', 'POST', '/api/v1/contacts', c, 409, 'email', admin)
    api.wrong('an address that mail can go to', 'POST', '/api/v1/contacts', {**c, 'email': 'a\u200b@b.example'}, 422, 'email', admin)
    api.wrong('a role that there is', 'POST', '/api/v1/contacts', {**c, 'email': 'x@luna.example', 'roles': [{'role': 'manager'}, {'role': 'king'}]}, 422, 'roles[1].role', admin)
    api.wrong('a scope that there is', 'POST', '/api/v1/contacts', {**c, 'email': 'x@luna.example', 'roles': [{'role': 'auditor', 'scope': 'world', 'id': 1}]}, 422, 'roles[0].scope', admin)
    t.eq('a contact is changed', api('PATCH', f"/api/v1/contacts/{m['id']}", {'phone': '+57 1 555 0100'}, admin, 200).json.get('phone'), '+5715550100')
    t.eq('and found by address', [x['id'] for x in api('GET', '/api/v1/contacts?email=manager@luna.example', token=admin, want=200).json['contacts']], [m['id']])
    api('GET', f"/api/v1/contacts/{m['id']}", token=admin, want=200)
    t.eq('an account lists its own people', len(api('GET', f"/api/v1/contacts?account={a['id']}", token=admin, want=200).json['contacts']), 1)
    e = api('GET', f"/api/v1/accounts/{a['id']}/entitlement?kind=incident&criticality=3", token=admin, want=200).json
    t.ok('support is judged', e['verdict'] == 'covered' and e['opens'] and e['plan'] == 'GOLD', e)
    return a, b, m, other


INCIDENT = {'kind': 'incident', 'criticality': 3, 'subject': 'Videos stall', 'text': 'Since this morning.',
            'affectedEmail': 'student@luna.example'}


def ticket(api, admin, agent, luna, mar, account):
    """A ticket's whole life."""
    n = api('POST', '/api/v1/tickets', INCIDENT, luna, 201).json
    then = api('GET', f"/api/v1/tickets/{n['number']}", token=luna, want=200).json
    still = ('metric', 'cycle', 'criticality', 'startTime', 'breachTime', 'goalDuration', 'breached', 'paused')
    t.ok('the answer to an opening has its clocks', len(n['clocks']) >= 1, n['clocks'])
    t.eq('the same ones that are read afterwards', [[c.get(k) for k in still] for c in n['clocks']],
         [[c.get(k) for k in still] for c in then['clocks']])
    at = f"/api/v1/tickets/{n['number']}"
    t.ok('it is new and covered', n['state'] == 'new' and n['entitlement'] == 'covered' and n['account'] == account['id'], n)
    for why, change, field in (('no subject', {'subject': ' '}, 'subject'), ('a kind that is not', {'kind': 'wish'}, 'kind'),
                               ('a criticality of 5', {'criticality': 5}, 'criticality'), ('none', {'criticality': None}, 'criticality'),
                               ('a link too long', {'link': 'https://a.example/' + 'x' * 2000}, 'link'),
                               ('a made-up upload', {'attachments': [{'handle': 'a.1.b', 'name': 'x', 'type': 'image/png'}]}, 'attachments[0].handle'),
                               ('attachments that are no list', {'attachments': 'x'}, 'attachments'),
                               ('a request with a criticality', {'kind': 'request'}, 'criticality')):
        api.wrong(f'opening: {why} is named', 'POST', '/api/v1/tickets', {**INCIDENT, **change}, 422, field, luna)
    for path in (at, at + '/messages'):
        api('GET', path, token=mar, want=404)
    api('POST', at + '/messages', {'text': 'x'}, mar, 404)
    a = api('PATCH', at, {'assignee': 6, 'state': 'open'}, luna)
    t.ok('customers do not assign', a.status in (403, 404), a.text)
    teams = api('GET', '/api/v1/teams', token=agent, want=200).json['teams']
    t.eq('teams with what lies with them', [(x['name'], x['members'], x['openTickets']) for x in teams], [('Courses', 1, 1), ('Platform', 2, 2)])
    api('GET', '/api/v1/teams', token=luna, want=403)
    team = teams[0]['id']
    a = api('PATCH', at, {'team': team}, luna)
    t.ok('customers give nothing to teams', a.status in (403, 404), a.text)
    x = api('PATCH', at, {'team': team}, agent, 200).json
    t.ok('an agent gives it to a team', x['team'] == team and x['teamName'] == 'Courses', x)
    api.wrong('a team that is not', 'PATCH', at, {'team': 4711}, 422, 'team', agent)
    x = api('GET', at, token=luna, want=200).json
    t.ok('customers do not see it', x['team'] is None and x['teamName'] is None, x)
    rows = api('GET', f'/api/v1/tickets?view=all&team={team}', token=agent, want=200).json['tickets']
    t.ok('and finds it there', n['number'] in [r['number'] for r in rows] and all(r['teamName'] == 'Courses' for r in rows), rows)
    t.ok('a customer cannot ask by team', len(api('GET', f'/api/v1/tickets?team={teams[1]["id"]}', token=luna, want=200).json['tickets']) > 0)
    api('GET', '/api/v1/tickets?view=teams', token=agent, want=200)
    api('PATCH', at, {'team': 0}, agent, 200)

    # attachments
    up = api('POST', '/api/v1/uploads?name=..%2Fscreen%20shot.png', b'\x89PNG\r\n\x1a\n' + b'0' * 5000, luna, 201).json
    t.ok('type and name are ours', up['type'] == 'image/png' and '/' not in up['name'] and up['size'] == 5008, up)
    file = {k: up[k] for k in ('handle', 'name', 'type')}
    api.wrong('another type with the same handle', 'POST', at + '/messages', {'text': 'x', 'attachments': [{**file, 'type': 'text/html'}]}, 422, 'attachments[0].handle', luna)
    api.wrong("another token's handle", 'POST', at + '/messages', {'text': 'x', 'attachments': [file]}, 422, 'attachments[0].handle', agent)
    m = api('POST', at + '/messages', {'text': 'See the picture.', 'attachments': [file]}, luna, 201).json
    url = '/' + m['attachments'][0]['url'].split('/', 3)[3]
    got = api.d.ask('GET', url, token=luna)
    t.ok('it comes back as it went', got.status == 200 and got.body == b'\x89PNG\r\n\x1a\n' + b'0' * 5000 and
         'attachment' in got['Content-Disposition'] and 'sandbox' in got['Content-Security-Policy'], got.headers)
    part = api.d.ask('GET', url, token=luna, headers={'Range': 'bytes=0-3'})
    t.ok('ranges are served', part.status == 206 and part.body == b'\x89PNG', part.status)
    api('GET', url, token=mar, want=404)
    api('GET', url, want=401)
    api.wrong('an empty message', 'POST', at + '/messages', {'text': ' '}, 422, 'text', luna)

    # an agent works
    note = api('POST', at + '/messages', {'text': 'canary-note', 'internal': True}, agent, 201).json
    t.ok('a note is one', note['internal'])
    for path in (at, at + '/messages'):
        t.ok('customers do not see it', 'canary-note' not in api('GET', path, token=luna, want=200).text)
    v = api('GET', at, token=agent, want=200).json['version']
    api('PATCH', at, {'state': 'waiting', 'waitingFor': 'customer', 'version': v}, admin, 200)
    stale = api('PATCH', at, {'criticality': 2, 'reason': 'worse', 'version': v}, agent, 409)
    t.eq('the second of two agents is told', stale.json.get('code'), 'stale')
    t.ok('a reason is wanted', api('PATCH', at, {'criticality': 2}, agent).json.get('field') == 'reason')
    t.eq('criticality changes', api('PATCH', at, {'criticality': 2, 'reason': 'More courses'}, agent, 200).json['criticality'], 2)
    me = api('PATCH', at, {'complexity': 'M', 'reason': 'x'}, agent)
    t.ok('an incident has no complexity', me.status in (409, 422), me.text)
    t.eq('it becomes a request', api('POST', at + '/convert', {'kind': 'request', 'reason': 'a wish'}, agent, 200).json['kind'], 'request')
    t.eq('which has one', api('PATCH', at, {'complexity': 'M', 'priority': 2, 'reason': 'x'}, agent, 200).json['complexity'], 'M')
    api('POST', at + '/convert', {'kind': 'incident', 'criticality': 3, 'reason': 'it fails'}, agent, 200)
    api.wrong('a resolution is written', 'POST', at + '/resolve', {'resolution': ''}, 422, 'resolution', agent)
    api('POST', at + '/resolve', {'resolution': 'mine'}, luna, 403)
    t.eq('resolved', api('POST', at + '/resolve', {'resolution': 'Restarted the streams.'}, agent, 200).json['state'], 'resolved')
    api('POST', at + '/reopen', {'reason': 'still'}, mar, 404)
    t.eq('reopened', api('POST', at + '/reopen', {'reason': 'It still stalls.'}, luna, 200).json['state'], 'open')
    t.eq('and again resolved', api('POST', at + '/resolve', {'resolution': 'Moved the streams.'}, agent, 200).json['resolution'], 'Moved the streams.')
    t.ok('confirmed', api('POST', at + '/confirm', {}, luna, 200).json['confirmedAt'])
    t.eq('rated', api('POST', at + '/rate', {'rating': 'good', 'comment': 'fast'}, luna, 200).json['rating'], 'good')
    api.wrong('a rating is a word', 'POST', at + '/rate', {'rating': '5'}, 422, 'rating', luna)
    api('GET', '/api/v1/tickets/CAR-1-9', token=luna, want=404)

    # a plan changed later changes nothing that was
    api('PUT', '/api/v1/plans/GOLD', {'name': 'Gold', 'support': False}, admin, 200)
    no = api('POST', '/api/v1/tickets', INCIDENT, luna, 403)
    t.ok('the new plan refuses, with its verdict', no.json.get('code') == 'free-plan', no.text)
    t.eq('the old ticket keeps its verdict', api('GET', at, token=luna, want=200).json['entitlement'], 'covered')
    return at


def paging(api, agent, admin):
    """Nothing twice and nothing left out, while new things arrive between pages."""
    api('PUT', '/api/v1/plans/GOLD', {'name': 'Gold', 'support': True, 'channels': [{'kind': 'request', 'channel': 'api'}]}, admin, 200)
    for path, key, more in (('tickets?view=all', 'tickets', None), ('accounts?', 'accounts', {'name': 'AA{}'}),
                            ('contacts?', 'contacts', {'account': 1, 'name': 'AA{}', 'email': 'aa{}@campus.example', 'roles': [{'role': 'auditor'}]})):
        before = all_of(api, path, key, agent)
        seen, cursor, pages = [], '', 0
        while cursor is not None and pages < 200:
            a = api('GET', f'/api/v1/{path}&limit=2{cursor}', token=agent, want=200)
            seen += [x.get('number', x.get('id')) for x in a.json[key]]
            pages += 1
            if pages < 4:
                if more:
                    api('POST', f'/api/v1/{key}', {k: v.format(pages) if isinstance(v, str) else v for k, v in more.items()}, admin, 201)
                else:
                    api('POST', '/api/v1/tickets', {'kind': 'request', 'subject': f'page {pages}', 'text': 'x', 'account': 1}, agent, 201)
            cursor = f"&after={a.json['next']}".replace(' ', '%20') if a.json['next'] else None
        t.ok(f'{key}: more than one page', pages > 1, pages)
        t.eq(f'{key}: nothing twice', len(seen), len(set(seen)))
        t.ok(f'{key}: nothing left out', set(before) <= set(seen), set(before) - set(seen))
    api.wrong('a made-up cursor is named', 'GET', '/api/v1/tickets?after=%27%20OR%201=1', None, 422, 'after', agent)
    api.wrong('for accounts, too', 'GET', '/api/v1/accounts?after=x', None, 422, 'after', agent)
    api.wrong('a page of 101', 'GET', '/api/v1/tickets?limit=101', None, 422, 'limit', agent)


def all_of(api, path, key, token):
    return [x.get('number', x.get('id')) for x in api('GET', f'/api/v1/{path}&limit=100', token=token, want=200).json[key]]


def messages(api, agent, at):
    for i in range(5):
        api('POST', at + '/messages', {'text': f'n{i}', 'internal': True}, agent, 201)
    whole = [m['id'] for m in api('GET', at + '/messages', token=agent, want=200).json['messages']]
    seen, cursor = [], ''
    while cursor is not None:
        a = api('GET', f'{at}/messages?limit=2{cursor}', token=agent, want=200).json
        seen += [m['id'] for m in a['messages']]
        cursor = f"&after={a['next']}" if a['next'] else None
    t.eq('messages page by page are the same, oldest first', seen, whole)
    api.wrong('a made-up cursor', 'GET', at + '/messages?after=-x', None, 422, 'after', agent)


def idempotency(api, luna, mar, admin, agent):
    api('PUT', '/api/v1/plans/GOLD', {'name': 'Gold', 'support': True, 'channels': [{'kind': 'incident', 'criticality': 3, 'channel': 'api'}]}, admin, 200)
    before = set(all_of(api, 'tickets?view=all', 'tickets', luna))
    with ThreadPoolExecutor(50) as pool:
        got = list(pool.map(lambda _: api.d.ask('POST', '/api/v1/tickets', INCIDENT, token=luna, key='once-1'), range(50)))
    t.eq('S-54: the same key 50 times at once: all are told the same', {a.status for a in got}, {201})
    t.eq('S-54: with one number', len({a.json.get('number') for a in got}), 1)
    t.eq('S-54: one did it, the others are told so', sum(a['Idempotency-Replayed'] == 'true' for a in got), 49)
    t.eq('S-54: one ticket', len(set(all_of(api, 'tickets?view=all', 'tickets', luna)) - before), 1)
    a = api('POST', '/api/v1/tickets', {**INCIDENT, 'subject': 'Another'}, luna, 422, key='once-1')
    t.eq('the same key with another body is refused', a.json.get('code'), 'key-reused')
    t.eq('the key of another token is another key', api('POST', '/api/v1/tickets', INCIDENT, agent, key='once-1').json.get('code') == 'key-reused', False)
    api.wrong('a key too long is named', 'POST', '/api/v1/tickets', INCIDENT, 422, 'Idempotency-Key', luna, key='k' * 201)
    at = f"/api/v1/tickets/{got[0].json['number']}"
    one = [api('POST', at + '/messages', {'text': 'Hello'}, luna, 201, key='m-1').json['id'] for _ in range(3)]
    t.eq('a message is said once', len(set(one)), 1)
    failed = api('POST', '/api/v1/tickets', {**INCIDENT, 'criticality': 9}, luna, 422, key='once-2')
    t.eq('a refused request does not use up its key', api('POST', '/api/v1/tickets', INCIDENT, luna, 201, key='once-2').status, 201, )
    return at


def protocol(api, luna, reader, agent, at):
    d = api.d
    for path in ('/api/v1/tickets', at, at + '/messages', '/api/v1/plans'):
        a = api('GET', path, token=luna, want=200)
        again = api('GET', path, token=luna, want=304, headers={'If-None-Match': a['ETag'] or ''})
        t.ok(f'{path}: nothing is sent twice', again.body == b'')
        head = api('HEAD', path, token=luna, want=200)
        t.ok(f'{path}: HEAD has no body', head.body == b'' and head['ETag'] == a['ETag'], head.headers)
        t.ok(f'{path}: no cache in between keeps it', 'private' in a['Cache-Control'], a['Cache-Control'])
    e = api('GET', at, token=luna)['ETag']
    api('POST', at + '/messages', {'text': 'changes it'}, luna, 201)
    api('GET', at, token=luna, want=200, headers={'If-None-Match': e})
    for method in ('DELETE', 'PUT', 'OPTIONS'):
        a = api(method, at, token=luna, want=405)
        t.eq(f'{method}: what is allowed is named', a['Allow'], 'GET, HEAD, PATCH')
    # who asks
    a = api('GET', at, want=401)
    t.eq('the way in is named', a['WWW-Authenticate'], 'Bearer')
    for bad in ('', 'x', 'carrel_' + 'a' * 43, luna[:-1], luna + 'a', luna.upper(), "' OR 1=1--"):
        t.eq('S-37: a wrong token is nobody', api('GET', at, headers={'Authorization': f'Bearer {bad}'}).status, 401)
    t.eq('S-37: not in the query', api('GET', f'{at}?token={luna}&access_token={luna}').status, 401)
    api('POST', at + '/messages', {'text': 'x'}, reader, 403)
    api('POST', '/api/v1/accounts', {'name': 'x'}, agent, 403)
    # what is sent
    text = {'Content-Type': 'text/plain'}
    api('POST', '/api/v1/tickets', b'{}', luna, 415, headers=text)
    api('POST', '/api/v1/tickets', b'{}', luna, 415, headers={'Content-Type': 'application/json', 'Content-Encoding': 'gzip'})
    js = {'Content-Type': 'application/json'}
    for why, raw in (('cut', b'{"kind":'), ('a list', b'[]'), ('twice', b'{"kind":"incident","kind":"request"}'),
                     ('not UTF-8', b'{"subject":"\xff"}'), ('deep', b'{"a":' + b'[' * 5000 + b']' * 5000 + b'}'), ('nothing', b'')):
        a = api('POST', '/api/v1/tickets', raw, luna, headers=js)
        t.ok(f'JSON {why} is 400', a.status == 400 or (why == 'nothing' and a.status in (400, 422)), a.text)
    api('POST', '/api/v1/tickets', b'{"text":"' + b'x' * (3 << 20) + b'"}', luna, 413, headers=js)
    api.wrong('a text too long is named', 'POST', '/api/v1/tickets', {**INCIDENT, 'text': 'x' * 200001}, 422, 'text', luna)
    api('GET', '/api/v1/nothing', token=luna, want=404)
    api('GET', at, token=luna, want=421, headers={'Host': 'evil.example'})
    many = d.raw(f'GET {at} HTTP/1.1\r\nHost: localhost:{d.port}\r\n'.encode() + b'X-A: ' + b'a' * 100000 + b'\r\n\r\n', 5)
    t.ok('headers without an end are refused', many[:12] in (b'HTTP/1.1 431', b'HTTP/1.1 400', b'HTTP/1.1 413', b''), many[:60])


def rate():
    """A token that runs wild is stopped, and others are not."""
    with Desk(flags=['--api-rate', '20']) as d:
        api = Api(d)
        wild, calm = d.token('read', 'manager@campus.example'), d.token('read', 'agent@desk.example')
        got = [api('GET', '/api/v1/plans', token=wild) for _ in range(45)]  # at least 21 are within one minute of the clock
        late = [a for a in got if a.status == 429]
        t.ok('too often is 429, and says when to come back', late and all(a.json['code'] == 'rate' and int(a['Retry-After']) > 0 for a in late), [a.status for a in got])
        api('GET', '/api/v1/plans', token=calm, want=200)


def covered(api):
    api('GET', '/api/v1/openapi.json', want=200)
    described = {(m.upper(), p) for p, item in api.doc['paths'].items() for m in item}
    t.eq('every address of the document was asked', described - api.seen, set())


def run(db):
    with Desk(db) as d:
        admin = d.token('admin', 'admin@desk.example')
        agent = d.token('write', 'agent@desk.example')
        api = Api(d)
        account, _, manager, other = things(api, admin)
        luna = d.token('write', 'manager@luna.example')
        reader = d.token('read', 'manager@luna.example')
        mar = d.token('write', 'manager@mar.example')
        at = ticket(api, admin, agent, luna, mar, account)
        messages(api, agent, at)
        paging(api, agent, admin)
        at = idempotency(api, luna, mar, admin, agent)
        protocol(api, luna, reader, agent, at)
        covered(api)
        d.stop()
        for word in ('AddressSanitizer', 'runtime error', 'LeakSanitizer'):
            t.ok(f'the server ends without {word}', word not in d.log_text(), d.log_text()[-1500:])


if __name__ == '__main__':
    run(sys.argv[1] if len(sys.argv) > 1 else None)
    rate()
    t.end()
