#!/usr/bin/env python3
"""An authorisation server: device codes, codes by a browser with PKCE (RFC 7636), refresh tokens that are used once, access
tokens, and what Dovecot asks of it (RFC 7662). PORT STATEFILE; the state file's first word is the refresh token that is good now."""
import base64, hashlib, http.server, json, sys, urllib.parse

port, statefile = int(sys.argv[1]), sys.argv[2]
state = {'n': 1, 'access': 'access-1', 'polls': 0}


def save():
    open(statefile, 'w').write('refresh-%d\n' % state['n'])


class H(http.server.BaseHTTPRequestHandler):
    def log_message(self, *a): pass

    def say(self, code, obj):
        b = json.dumps(obj).encode()
        self.send_response(code)
        self.send_header('Content-Type', 'application/json')
        self.send_header('Content-Length', str(len(b)))
        self.end_headers()
        self.wfile.write(b)

    def tokens(self):
        state['n'] += 1
        state['access'] = 'access-%d' % state['n']
        save()
        self.say(200, {'access_token': state['access'], 'refresh_token': 'refresh-%d' % state['n'], 'expires_in': 3600, 'token_type': 'Bearer'})

    def do_POST(self):
        q = dict(urllib.parse.parse_qsl(self.rfile.read(int(self.headers['Content-Length'])).decode()))
        if self.path == '/device':
            self.say(200, {'device_code': 'dev', 'user_code': 'WDJB-MJHT', 'verification_uri': 'https://login.example/device', 'interval': 1, 'expires_in': 60})
        elif self.path == '/token' and q.get('grant_type', '').endswith('device_code'):
            state['polls'] += 1
            if state['polls'] < 2:
                self.say(400, {'error': 'authorization_pending'})
            else:
                self.tokens()
        elif self.path == '/token' and q.get('grant_type') == 'refresh_token':
            if q.get('refresh_token') != 'refresh-%d' % state['n'] or q.get('client_id') != 'carrel':
                self.say(400, {'error': 'invalid_grant', 'error_description': 'the refresh token is no longer good'})
            else:
                self.tokens()
        elif self.path == '/token' and q.get('grant_type') == 'authorization_code':
            hashed = base64.urlsafe_b64encode(hashlib.sha256(q.get('code_verifier', '').encode()).digest()).rstrip(b'=').decode()
            asked = state.pop('asked', {})
            if q.get('code') == 'code-1' and q.get('client_id') == 'carrel' and q.get('redirect_uri') == asked.get('redirect_uri') \
                    and len(q['code_verifier']) >= 43 and hashed == asked.get('code_challenge'):
                self.tokens()
            else:
                self.say(400, {'error': 'invalid_grant', 'error_description': 'the code is not for this'})
        else:
            self.say(404, {})

    def authorize(self):
        q = dict(urllib.parse.parse_qsl(urllib.parse.urlparse(self.path).query))
        good = q.get('response_type') == 'code' and q.get('client_id') == 'carrel' and q.get('scope') == 'mail offline_access' \
            and q.get('code_challenge_method') == 'S256' and q.get('redirect_uri', '').startswith('http://127.0.0.1:')
        state['asked'] = q
        answer = {'code': 'code-1'} if good and q.get('login_hint') == 'support' else {'error': 'access_denied', 'error_description': 'not this one'}
        self.send_response(302)
        self.send_header('Location', q.get('redirect_uri', '/') + '?' + urllib.parse.urlencode({**answer, 'state': q.get('state', '')}))
        self.send_header('Content-Length', '0')
        self.end_headers()

    def do_GET(self):
        if self.path.startswith('/authorize?'):
            return self.authorize()
        token = (self.headers.get('Authorization') or '').removeprefix('Bearer ') or urllib.parse.urlparse(self.path).query.rpartition('=')[2]
        good = token == state['access']
        self.say(200 if good else 401, {'active': good, 'username': 'support', 'email': 'support'} if good else {'active': False})


save()
http.server.ThreadingHTTPServer(('127.0.0.1', port), H).serve_forever()
