// Pages that leave the desk: Web Push to a push service that decrypts what it gets with the browser's key and checks who sent it, and a
// signed webhook. The service and the receiver are small servers of this test; the cryptography is Node's. The worker that shows pages
// runs in Chromium, which is handed a message as its push service would.
import { spawnSync } from 'node:child_process';
import crypto from 'node:crypto';
import http from 'node:http';
import path from 'node:path';
import { check, desk, tally } from './_desk.mjs';

const b64u = (b) => Buffer.from(b).toString('base64url');
const hkdf = (salt, ikm, info, n) => Buffer.from(crypto.hkdfSync('sha256', ikm, salt, info, n));

// A browser's side of RFC 8291.
const browser = crypto.createECDH('prime256v1');
browser.generateKeys();
const auth = crypto.randomBytes(16);
function open(body) {
  const salt = body.subarray(0, 16), id = body[20], theirs = body.subarray(21, 21 + id), box = body.subarray(21 + id);
  const ikm = hkdf(auth, browser.computeSecret(theirs), Buffer.concat([Buffer.from('WebPush: info\0'), browser.getPublicKey(), theirs]), 32);
  const key = hkdf(salt, ikm, Buffer.from('Content-Encoding: aes128gcm\0'), 16), nonce = hkdf(salt, ikm, Buffer.from('Content-Encoding: nonce\0'), 12);
  const d = crypto.createDecipheriv('aes-128-gcm', key, nonce);
  d.setAuthTag(box.subarray(box.length - 16));
  const plain = Buffer.concat([d.update(box.subarray(0, box.length - 16)), d.final()]);
  if (plain[plain.length - 1] !== 2) throw new Error('not the last record');
  return JSON.parse(plain.subarray(0, plain.length - 1));
}

const got = [];
let gone = false, late = 0;
const server = http.createServer((q, r) => {
  const parts = [];
  q.on('data', (x) => parts.push(x));
  q.on('end', () => {
    got.push({ path: q.url, headers: q.headers, body: Buffer.concat(parts) });
    r.statusCode = q.url === '/hook' ? 204 : gone ? 410 : late-- > 0 ? 503 : 201;
    r.end();
  });
});
await new Promise((ok) => server.listen(0, '127.0.0.1', ok));
const service = `http://127.0.0.1:${server.address().port}`;
const until = async (f, seconds = 60) => { for (const end = Date.now() + seconds * 1000; Date.now() < end;) { const v = f(); if (v) return v; await new Promise((r) => setTimeout(r, 100)); } return null; };

const d = await desk({ flags: ['--push-inside', 'yes', '--webhooks-inside', 'yes'] });
try {
  const sql = (q) => spawnSync('sqlite3', ['-cmd', '.timeout 30000', path.join(d.dir, 'desk.db'), q], { encoding: 'utf8' }).stdout.trim();
  const agent = await d.signIn('agent@desk.example');
  await d.look(agent, '/desk/push', 'light-1440');
  const key = Buffer.from(await agent.locator('form[data-push]').getAttribute('data-push'), 'base64url');
  check('the key of the desk is a point', key.length === 65 && key[0] === 4);
  const send = (values) => agent.evaluate(async (v) => {
    const f = new FormData(document.querySelector('form[data-push]'));
    for (const [k, x] of Object.entries(v)) f.set(k, x);
    const r = await fetch('/desk/push', { method: 'POST', body: new URLSearchParams(f) });
    return { status: r.status, text: await r.text() };
  }, values);

  // A subscription as a browser makes it; those that are none are refused.
  const mine = { endpoint: `${service}/push/abc`, p256dh: b64u(browser.getPublicKey()), auth: b64u(auth) };
  check('keys that are none are refused', (await send({ ...mine, p256dh: 'AAAA' })).status === 422);
  check('an address that is none, too', (await send({ ...mine, endpoint: 'file:///etc/passwd' })).status === 422);
  check('a browser is taken', /is paged from now on/.test((await send(mine)).text));

  // A test arrives, readable by this browser only, from this desk.
  await agent.goto(d.base + '/desk/push');
  await d.axe(agent, '/desk/push with a browser');
  await agent.getByRole('button', { name: 'Send a test' }).click();
  const first = await until(() => got.find((g) => g.path === '/push/abc'));
  check('the service is asked', !!first);
  if (first) {
    check('in the form of RFC 8188', first.headers['content-encoding'] === 'aes128gcm' && Number(first.headers.ttl) > 0 && first.headers.urgency === 'high');
    check('the browser can read it', open(first.body).title === 'A test of your pages');
    const [, t, k] = first.headers.authorization.match(/^vapid t=([^,]+),k=(.+)$/) || [];
    const [head, claims, sig] = t.split('.');
    const point = Buffer.from(k, 'base64url');
    const known = crypto.createPublicKey({ format: 'jwk', key: { kty: 'EC', crv: 'P-256', x: b64u(point.subarray(1, 33)), y: b64u(point.subarray(33)) } });
    check('the desk signed it', point.equals(key) && crypto.verify('sha256', Buffer.from(`${head}.${claims}`), { key: known, dsaEncoding: 'ieee-p1363' }, Buffer.from(sig, 'base64url')));
    const c = JSON.parse(Buffer.from(claims, 'base64url'));
    check('for this service, for less than a day, with an address', c.aud === service && c.exp > Date.now() / 1000 && c.exp < Date.now() / 1000 + 86400 && c.sub === 'mailto:support@desk.example', JSON.stringify(c));
  }

  // An incident of criticality 1 pages it, with the address where it is taken; a webhook hears of it, signed. The service fails twice first.
  sql(`UPDATE oncall_policy SET steps = '{"steps":[{"delay":0,"targets":["agent:' || (SELECT id FROM agent WHERE email = 'agent@desk.example') || '","${service}/hook"]}],"repeat":0}'`);
  late = 1;
  got.length = 0;
  const customer = await d.signIn('manager@campus.example');
  await customer.goto(d.base + '/support/new');
  await customer.locator('input[name=kind][value=incident]').check();
  await customer.locator('main button.primary').first().click();
  await customer.waitForURL(/criticality/);
  await customer.locator('input[name=criticality][value="1"]').check();
  await customer.locator('main button.primary').first().click();
  await customer.getByRole('link', { name: /Describe it in writing|Descr/ }).click();
  await customer.fill('input[name=summary]', 'Nobody can sign in');
  await customer.getByRole('button', { name: /Send ticket|Enviar/ }).click();
  await customer.waitForURL(/support\/tickets\/CAR-/);
  const about = (g) => { try { return open(g.body); } catch { return {}; } };
  const page = await until(() => got.filter((g) => g.path === '/push/abc' && /Nobody can sign in/.test(about(g).title))[1], 90);
  check('the page comes again after the service failed', !!page);
  const hook = await until(() => got.find((g) => g.path === '/hook' && /Nobody can sign in/.test(g.body)));
  const secret = sql('SELECT secret FROM oncall_policy LIMIT 1');
  check('the webhook is signed', !!hook && hook.headers['x-carrel-signature'] === `sha256=${crypto.createHmac('sha256', secret).update(hook.body).digest('hex')}`);
  check('and says which ticket', !!hook && JSON.parse(hook.body).criticality === 1 && /\/desk\/tickets\/CAR-/.test(JSON.parse(hook.body).url), String(hook?.body));
  if (page) {
    const m = about(page);
    check('it says criticality and ticket', /^C1 CAR-\d+-\d: Nobody can sign in/.test(m.title), m.title);
    const phone = await d.page({ viewport: { width: 390, height: 844 } });
    await phone.goto(d.base + m.url);
    await phone.locator('main button.primary').first().click();
    await phone.waitForLoadState();
    check('one tap and a confirmation take it', /taken|You have it|yours/i.test(await phone.locator('main').innerText()), (await phone.locator('main').innerText()).slice(0, 200));

    // The worker shows it.
    await agent.context().grantPermissions(['notifications'], { origin: d.base });
    await agent.goto(d.base + '/desk/push');
    const scope = await agent.evaluate(async () => { const w = await navigator.serviceWorker.register('/worker.js'); await navigator.serviceWorker.ready; return w.scope; });
    check('the worker speaks for the whole desk', scope === d.base + '/');
    const cdp = await agent.context().newCDPSession(agent);
    const registration = new Promise((ok) => cdp.on('ServiceWorker.workerRegistrationUpdated', (e) => e.registrations[0] && ok(e.registrations[0].registrationId)));
    await cdp.send('ServiceWorker.enable');
    const id = await registration;
    let shown = '';
    // The browser may drop a message to a worker that is just being started; the tag makes a second one the same notification.
    for (let i = 0; i < 20 && !shown; i++) {
      await cdp.send('ServiceWorker.deliverPushMessage', { origin: d.base, registrationId: id, data: JSON.stringify(m) });
      shown = await agent.evaluate(async () => { for (let k = 0; k < 30; k++) { const n = await (await navigator.serviceWorker.ready).getNotifications(); if (n.length) return n[0].title; await new Promise((r) => setTimeout(r, 100)); } return ''; });
    }
    check('the worker shows the page', shown === m.title, shown);
  }

  // A browser that is gone is forgotten.
  gone = true;
  await agent.goto(d.base + '/desk/push');
  await agent.getByRole('button', { name: 'Send a test' }).click();
  check('who is gone is forgotten', await until(() => sql('SELECT COUNT(*) FROM push_browser') === '0'));
} catch (e) {
  check('the story runs to its end', false, String(e.stack || e).slice(0, 800));
} finally { server.close(); await d.end(); }
tally();
