// Promises in a real browser: a customer reports, sees the promise, an agent regrades after seeing what each would promise,
// waits, resumes, resolves; each minute is explained to both. Boards in light, dark, wide, narrow, by axe.
// SHOTS=FOLDER keeps pictures.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
const root = path.resolve(path.dirname(new URL(import.meta.url).pathname), '../..');
const require = createRequire(path.join(root, 'web/package.json'));
const { chromium } = require('playwright-core');
const axeSource = fs.readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const carrel = process.env.CARREL || path.join(root, 'build-test/carrel');
const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'carrel-clock-'));
const port = Number(execFileSync('python3', [path.join(root, 'tests/ports.py')]));
const base = `http://localhost:${port}`;
let passed = 0, failed = 0;
const check = (why, ok, more = '') => { if (ok) passed++; else { failed++; console.log(`FAILED ${why} ${more}`); } };

spawnSync(carrel, ['demo', '--data-dir', dir]);
const desk = spawn(carrel, ['serve', '--data-dir', dir, '--listen', `127.0.0.1:${port}`, '--base-url', base, '--support-addr', 'support@desk.example'], { stdio: ['ignore', 'ignore', fs.openSync(path.join(dir, 'log'), 'w')] });
const logins = Object.fromEntries(fs.readFileSync(path.join(dir, 'SIGN-INS.txt'), 'utf8').split('\n').map((l) => l.match(/(\S+@\S+)\s+(\S+)$/)).filter(Boolean).map((m) => [m[1], m[2]]));
for (let i = 0; i < 600; i++) { try { if ((await fetch(base + '/healthz')).ok) break; } catch { await new Promise((r) => setTimeout(r, 100)); } }
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'] });

async function signIn(email, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(20000);
  page.on('console', (m) => { if (/Content Security Policy/.test(m.text())) check('no page breaks its own policy', false, m.text()); });
  await page.goto(base + '/sign-in');
  await page.fill('input[name=email]', email);
  await page.fill('input[name=password]', logins[email]);
  await page.click('button.primary');
  await page.waitForLoadState();
  return page;
}

async function look(page, name) {
  for (const [scheme, width] of [['light', 1440], ['dark', 390]]) {
    await page.emulateMedia({ colorScheme: scheme });
    await page.setViewportSize({ width, height: 900 });
    await page.waitForTimeout(350); // colours change gradually
    await page.evaluate(axeSource);
    const r = await page.evaluate(() => axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa'] }));
    check(`${name} ${scheme} ${width} passes axe`, r.violations.length === 0, JSON.stringify(r.violations.map((v) => [v.id, v.nodes.slice(0, 2).map((n) => n.html.slice(0, 160))])));
    const wide = await page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth + 1);
    check(`${name} ${width} does not scroll sideways`, !wide);
    if (process.env.SHOTS) await page.screenshot({ path: path.join(process.env.SHOTS, `${name}-${scheme}-${width}.png`), fullPage: true });
  }
  await page.emulateMedia({ colorScheme: 'light' });
  await page.setViewportSize({ width: 1440, height: 900 });
}

try {
  const manager = await signIn('manager@campus.example');
  await manager.goto(base + '/support/new');
  await manager.check('input[name=kind][value=incident]');
  await manager.click('main button.primary');
  await manager.check('input[name=criticality][value="3"]');
  await manager.click('main button.primary');
  await manager.fill('#summary', 'The unit page is slow');
  await manager.getByRole('button', { name: 'Send ticket' }).click();
  await manager.waitForURL(/support\/tickets\/CAR-/);
  const number = manager.url().match(/CAR-[\d-]+/)[0];
  check('the customer sees what is promised', (await manager.getByRole('heading', { name: 'What we promised' }).count()) === 1);
  check('the first answer has a deadline', /First answer/.test(await manager.content()));

  const agent = await signIn('agent@desk.example');
  await agent.goto(`${base}/desk/tickets/${number}`);
  check('the agent sees the time left', (await agent.getByRole('heading', { name: 'Time left' }).count()) === 1);
  await agent.locator('details:has(form[action$="/criticality"]) > summary').click();
  check('each criticality says what it would promise', /C2[\s\S]*First answer: \d/.test(await agent.locator('form[action$="/criticality"]').innerText()));
  await look(agent, 'ticket');
  await agent.selectOption('#criticality-criticality', '2');
  await agent.fill('#criticality-reason', 'It keeps everybody from working');
  await agent.getByRole('button', { name: 'Change criticality' }).click();
  await agent.waitForLoadState();
  check('the earlier promise stays', /Promised before/.test(await agent.content()) && /It keeps everybody from working/.test(await agent.content()));
  // It is critical now: whoever is on duty is paged, and takes it by one click.
  const shows = async (p, words) => {
    for (let i = 0; i < 240; i++) {
      if (words.test(await p.content())) return true;
      await p.waitForTimeout(250);
      await p.reload();
    }
    return false;
  };
  check('the worse criticality pages', await shows(agent, /Paged /));
  await agent.getByRole('button', { name: 'Acknowledge' }).click();
  await agent.waitForLoadState();
  check('one click takes it and ends the paging', /You have it/.test(await agent.content()) && /taken by/.test(await agent.locator('section', { has: agent.getByRole('heading', { name: 'On call' }) }).innerText()) && (await agent.getByRole('button', { name: 'Acknowledge' }).count()) === 0);
  check('and makes it theirs', (await agent.locator('section', { has: agent.getByRole('heading', { name: 'Who works on it' }) }).innerText()).includes('Agent'));
  await agent.fill('#text', 'Which browser is it?');
  await agent.getByRole('button', { name: 'Send and wait for customer' }).click();
  await agent.waitForLoadState();
  check('waiting pauses', /paused, /.test(await agent.locator('section', { hasText: 'Time left' }).first().innerText()));
  await manager.reload();
  await manager.fill('#text', 'All of them.');
  await manager.getByRole('button', { name: 'Send', exact: true }).click();
  await manager.waitForLoadState();
  await agent.goto(`${base}/desk/tickets/${number}`);
  check('the answer resumes', !/paused, /.test(await agent.locator('section', { hasText: 'Time left' }).first().innerText()));
  check('and wants one', /Next answer/.test(await agent.content()));
  await agent.goto(`${base}/desk/tickets/${number}/clocks`);
  check('each minute has a reason', /waiting for the customer/.test(await agent.content()));
  for (const d of await agent.locator('details').all()) await d.evaluate((e) => { e.open = true; });
  await look(agent, 'minutes');

  await agent.goto(base + '/desk/board/incidents');
  check('the board has four columns', (await agent.locator('.board > section').count()) === 4);
  check('with the ticket in the second', (await agent.locator('.board > section').nth(1).innerText()).includes(number));
  await look(agent, 'board');
  await agent.goto(base + '/desk/board/incidents?wallboard=1');
  await look(agent, 'wallboard');
  await agent.goto(base + '/desk/board/requests');
  check('requests have a next best with its reason', (await agent.locator('ol.list li .pill').count()) >= 1);
  await look(agent, 'requests');

  check('a total interruption alarms every page of the desk', await agent.waitForSelector('#alarm', { timeout: 60000 }).then(() => true, () => false));

  // On call: who is on duty, a swap, a page taken by the link of its mail.
  await agent.goto(base + '/desk/oncall');
  check('somebody is on duty', /is on duty now/.test(await agent.content()));
  await agent.locator('summary', { hasText: 'Somebody else for a time' }).click();
  await agent.locator('input[name=from]').fill('2027-01-05T08:00');
  await agent.locator('input[name=to]').fill('2027-01-04T08:00');
  await agent.getByRole('button', { name: 'Save' }).click();
  check('a swap that ends before it begins is refused', /ends after it begins/.test(await agent.content()));
  const soon = new Date(Date.now() + 86400e3).toISOString().slice(0, 11);
  await agent.locator('input[name=from]').fill(soon + '08:00');
  await agent.locator('input[name=to]').fill(soon + '20:00');
  await agent.getByRole('button', { name: 'Save' }).click();
  await agent.waitForLoadState();
  check('a swap is listed', /Overrides/.test(await agent.content()));
  await look(agent, 'oncall');
  const feeds = agent.locator('details', { has: agent.locator('summary', { hasText: 'Calendar feed' }) }).first();
  const open = async () => { if (!(await feeds.evaluate((e) => e.open))) await feeds.locator('summary').click(); };
  await open();
  check('nobody has an address before they ask for it', (await agent.locator('a.feed').count()) === 0);
  await feeds.getByRole('button', { name: 'Make an address of my own' }).click();
  await agent.waitForLoadState();
  const mine = await agent.locator('a.feed').first().getAttribute('href');
  const feed = await fetch(mine);
  check('the feed is a calendar', feed.status === 200 && /BEGIN:VEVENT[\s\S]*SUMMARY:/.test(await feed.text()));
  check('S-53: its address goes nowhere', feed.headers.get('referrer-policy') === 'no-referrer' && /noindex/.test(feed.headers.get('x-robots-tag')) && /no-store/.test(feed.headers.get('cache-control')));
  await agent.reload();
  check('its owner is shown it again', (await agent.locator('a.feed').first().getAttribute('href')) === mine);
  await open();
  await feeds.getByRole('button', { name: 'Renew the address' }).click();
  await agent.waitForLoadState();
  const renewed = await agent.locator('a.feed').first().getAttribute('href');
  check('S-42: renewed, the old address is gone at once', renewed !== mine && (await fetch(mine)).status === 404 && (await fetch(renewed)).status === 200);
  const at = renewed.match(/\/oncall\/(\d+)-(\w+)$/);
  check('S-33: without the secret there is none', (await fetch(`${base}/oncall/${at[1]}-${'a'.repeat(at[2].length)}`)).status === 404 && (await fetch(`${base}/oncall/${at[1]}-`)).status === 404 && (await fetch(`${base}/oncall/${at[1]}`)).status === 404 && (await fetch(`${base}/oncall/${Number(at[1]) + 1}-${at[2]}`)).status === 404);

  const critical = await agent.locator('#alarm a').first().getAttribute('href');
  await agent.goto(base + critical);
  check('the critical one pages', /Paged |paging/.test(await agent.content()));
  await look(agent, 'paged');
  await agent.getByRole('button', { name: 'Acknowledge' }).click();
  await agent.waitForLoadState();
  check('one click takes it', /You have it/.test(await agent.content()));
  check('and the alarm ends', await agent.waitForSelector('#alarm', { state: 'detached', timeout: 60000 }).then(() => true, () => false));

  const admin = await signIn('admin@desk.example');
  await admin.goto(base + '/desk/oncall');
  check('S-53: another person is not shown it', !(await admin.content()).includes(renewed) && (await admin.locator('a.feed').count()) === 0);
  await admin.goto(base + '/desk/admin/oncall');
  await look(admin, 'admin-oncall');
  await admin.goto(base + '/desk/admin/calendars');
  await look(admin, 'admin-calendars');
  const office = admin.locator('details', { hasText: 'Office hours' });
  await office.locator('summary').click();
  await office.locator('textarea[name=text]').fill('{"mon":[["08:00"]]}');
  await office.getByRole('button', { name: 'Save' }).click();
  await admin.waitForLoadState();
  check('a calendar that is wrong is shown again with the reason', /not two different times/.test(await admin.content()) && (await admin.inputValue('#calendar-1-text')) === '{"mon":[["08:00"]]}');

  await agent.goto(`${base}/desk/tickets/${number}`);
  await agent.locator('summary', { hasText: 'Resolve' }).click();
  await agent.fill('#resolve-resolution', 'A cache was full.');
  await agent.getByRole('button', { name: 'Resolve', exact: true }).click();
  await agent.waitForLoadState();
  await manager.goto(`${base}/support/tickets/${number}`);
  check('the customer sees that it was kept', /kept in/.test(await manager.content()));
  await look(manager, 'customer');
  await manager.goto(`${base}/support/tickets/${number}/promise`);
  check('and each minute', (await manager.locator('tfoot').count()) >= 2);
  await manager.goto(`${base}/support/promises`);
  let proved = []; // the figures follow the log, a moment behind it
  for (let i = 0; i < 240 && !proved.some((r) => /Solution/.test(r)); i++) {
    if (i) { await manager.waitForTimeout(250); await manager.reload(); }
    proved = await manager.locator('tr', { hasText: number }).allInnerTexts();
  }
  check('the month is proved promise by promise', proved.length >= 3 && proved.every((r) => /kept/.test(r) && /C2/.test(r)) && proved.some((r) => /Solution/.test(r)), proved.join(' | '));
  await look(manager, 'proof');
  await agent.goto(`${base}/desk/reports/promises`);
  check('the desk sees figures by account', /Campus Verde/.test(await agent.content()));
  await look(agent, 'report');
  const csv = await agent.evaluate(async (u) => (await fetch(u)).text(), `${base}/desk/reports/promises?as=csv`);
  check('also as a table', /^account,plan,criticality/.test(csv) && /"Campus Verde"/.test(csv));

  // The month goes to the customer as a link.
  await agent.getByRole('link', { name: 'Campus Verde' }).first().click();
  await agent.waitForLoadState();
  await agent.fill('#days', '400');
  await agent.getByRole('button', { name: 'Make a link' }).click();
  await agent.waitForLoadState();
  check('a link does not last for ever', (await agent.locator('#days-error').count()) === 1 && (await agent.inputValue('#days')) === '400' && (await agent.locator('a.sent').count()) === 0);
  await agent.fill('#days', '30');
  await agent.getByRole('button', { name: 'Make a link' }).click();
  await agent.waitForLoadState();
  await look(agent, 'report-account');
  const sent = await agent.locator('a.sent').getAttribute('href');
  const stranger = await (await browser.newContext({ viewport: { width: 1440, height: 900 }, javaScriptEnabled: true })).newPage();
  const first = await stranger.goto(sent);
  check('whoever has it sees the month', first.status() === 200 && (await stranger.content()).includes(number) && /Campus Verde/.test(await stranger.content()));
  check('and no way to anything else', (await stranger.locator('main a').count()) === 0 && (await stranger.locator('form').count()) === 0 && !/Colegio/.test(await stranger.content()));
  const h = first.headers();
  check('it is not found by search engines and tells nobody where it is', h['referrer-policy'] === 'no-referrer' && /noindex/.test(h['x-robots-tag']) && /no-store/.test(h['cache-control']) && !h['set-cookie'] && (await stranger.locator('meta[name=robots][content*=noindex]').count()) === 1);
  await look(stranger, 'proof-sent');
  const [, id, secret] = sent.match(/\/proof\/(\d+)-(\w+)$/);
  for (const x of [`${id}-${'a'.repeat(secret.length)}`, `${id}-`, id, `${Number(id) + 1}-${secret}`])
    check('S-33: without its secret there is none', (await fetch(`${base}/proof/${x}`)).status === 404);
  execFileSync('sqlite3', ['-cmd', '.timeout 20000', path.join(dir, 'desk.db'), `UPDATE proof_link SET expires_at = made_at + 1 WHERE id = ${id}`]);
  const late = await stranger.goto(sent);
  check('expired it is refused politely, and says nothing', late.status() === 410 && /This link is over/.test(await stranger.content()) && !/Campus Verde|CAR-/.test(await stranger.content()));
  await look(stranger, 'proof-over');
  await agent.reload();
  check('the desk lists it no longer', (await agent.locator('a.sent').count()) === 0);
  await agent.getByRole('button', { name: 'Make a link' }).click();
  await agent.waitForLoadState();
  const second = await agent.locator('a.sent').getAttribute('href');
  check('another one opens', second !== sent && (await fetch(second)).status === 200);
  check('in the language its reader asks for', /promesas/i.test(await (await fetch(second, { headers: { 'Accept-Language': 'es' } })).text()));
  await agent.getByRole('button', { name: /End it/ }).click();
  await agent.waitForLoadState();
  check('S-42: ended, it is over at once', (await fetch(second)).status === 410);

  const other = await signIn('manager@colegio.example');
  const answer = await other.goto(`${base}/support/tickets/${number}/promise`);
  check('to others the ticket does not exist', answer.status() === 404);
  const spanish = await signIn('operator@campus.example');
  await spanish.goto(`${base}/support/tickets/${number}/promise`);
  check('in their language', /minuto a minuto/.test(await spanish.content()) && !/Each minute|Counted in all/.test(await spanish.content()));
} catch (e) {
  check('the story ran to its end', false, e.stack);
} finally {
  await browser.close();
  desk.kill('SIGTERM');
  await new Promise((ok) => desk.on('exit', ok));
  fs.rmSync(dir, { recursive: true, force: true });
}
console.log(`${passed} passed, ${failed} failed, 0 skipped`);
process.exit(failed ? 1 : 0);
