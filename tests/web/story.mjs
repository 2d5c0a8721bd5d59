// The main job in a real browser: a customer reports, an agent answers and resolves, the customer confirms and rates;
// a customer without support gets a courteous no; every page of a customer passes axe in light, dark, wide and narrow.
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
const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'carrel-web-'));
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
  page.setDefaultTimeout(15000);
  page.on('console', (m) => { if (/Content Security Policy/.test(m.text())) check('no page breaks its own policy', false, m.text()); });
  await page.goto(base + '/sign-in');
  await page.fill('input[name=email]', email);
  await page.fill('input[name=password]', logins[email]);
  await page.click('button.primary');
  await page.waitForLoadState();
  return page;
}
const png = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64');

async function open(page, summary) {
  await page.goto(base + '/support/new');
  await page.check('input[name=kind][value=incident]');
  await page.click('main button.primary');
  await page.check('input[name=criticality][value="3"]');
  await page.click('main button.primary');
  await page.fill('#link', 'https://apps.campus.example/learning/course/course-v1%3ACampus%2BBIO101%2B2026_T3/home');
  await page.fill('#affected_email', 'learner@campus.example');
  await page.setInputFiles('#files', { name: 'shot.png', mimeType: 'image/png', buffer: png });
  await page.getByRole('button', { name: 'Send ticket' }).click();
  await page.waitForLoadState();
  check('a missing summary is told', (await page.title()).startsWith('Error:') && (await page.locator('#errors').count()) === 1);
  check('what was typed is kept', (await page.inputValue('#affected_email')) === 'learner@campus.example');
  check('the uploaded file is kept', (await page.content()).includes('shot.png'));
  await page.fill('#summary', summary);
  await page.getByRole('button', { name: 'Send ticket' }).click();
  await page.waitForURL(/support\/tickets\/CAR-/);
  const text = await page.content();
  check('the ticket has the file once', (text.match(/>shot\.png</g) || []).length === 1);
  check('the link gave the course', text.includes('course-v1:Campus+BIO101+2026_T3'));
  return page.url().split('?')[0];
}

try {
  const manager = await signIn('manager@campus.example');
  const url = await open(manager, 'The unit page is slow');
  const noScript = await signIn('operator@campus.example', { javaScriptEnabled: false, viewport: { width: 390, height: 844 } });
  await noScript.goto(base + '/profile');
  await noScript.goto(base + '/support/new');
  check('a customer reads Spanish when that is the language', (await noScript.locator('html').getAttribute('lang')) === 'es');

  await manager.goto(base + '/support/new');
  await manager.check('input[name=kind][value=incident]');
  await manager.click('main button.primary');
  await manager.check('input[name=criticality][value="1"]');
  await manager.click('main button.primary');
  const call = await manager.content();
  check('criticality 1 shows the number', call.includes('+57 1 555 0100'));
  check('and a PIN of six digits', /class="pin">\d{3} \d{3}</.test(call));
  await manager.fill('#phone', '+57 1 555 0177');
  await manager.getByRole('button', { name: 'Call me back' }).click();
  await manager.waitForURL(/support\/tickets\/CAR-/);

  const agent = await signIn('agent@desk.example');
  await agent.goto(base + '/desk/views/callbacks');
  check('agents see who wants to be called back', (await agent.content()).includes('+57 1 555 0177') || (await agent.locator('[data-row]').count()) > 0);
  await agent.goto(url.replace('/support/', '/desk/'));
  await agent.fill('textarea[name=text]', 'Only between us: the queue is full.');
  await agent.getByRole('button', { name: 'Save note' }).click();
  await agent.waitForLoadState();
  await agent.fill('textarea[name=text]', 'We found the cause and are mending it.');
  await agent.getByRole('button', { name: 'Send reply', exact: true }).click();
  await agent.waitForLoadState();
  const thread = await agent.content();
  check('note and reply stand in the thread', thread.includes('Only between us') && thread.includes('are mending it'));
  await manager.goto(url);
  const seen = await manager.content();
  check('the customer reads the reply', seen.includes('are mending it'));
  check('and nothing of the note', !seen.includes('between us'));
  await agent.locator('summary', { hasText: 'Resolve' }).first().click();
  await agent.fill('textarea[name=resolution]', 'The queue is emptied every minute now.');
  await agent.locator('form[action$="/resolve"] button').click();
  await agent.waitForLoadState();
  await manager.goto(url);
  check('the resolution is shown', (await manager.content()).includes('emptied every minute'));
  await manager.getByRole('button', { name: 'Yes, it is solved' }).click();
  await manager.waitForLoadState();
  await manager.check('input[name=rating][value="3"]');
  await manager.getByRole('button', { name: 'Send rating' }).click();
  await manager.waitForLoadState();
  check('the rating is taken', !(await manager.title()).startsWith('Error'));

  const free = await signIn('manager@colegio.example');
  await free.goto(base + '/support/new');
  const no = await free.content();
  check('the free plan gets an exact answer, not a form', no.includes('paid plans') && !no.includes('name="kind"'));
  const expired = await signIn('manager@norte.example');
  await expired.goto(base + '/support/new');
  check('an expired subscription is told since when', (await expired.content()).includes('ended on'));
  await expired.goto(url);
  check("another account's ticket does not exist", (await expired.content()).includes('CAR-') === false);

  for (const colorScheme of ['light', 'dark'])
    for (const width of [1440, 390]) {
      const page = await signIn('manager@campus.example', { colorScheme, viewport: { width, height: 2400 } });
      for (const where of ['/', '/support', '/support/tickets?which=all', '/support/new', '/support/new/criticality', '/support/new/details', url.slice(base.length), '/kb', '/subscription', '/sites', '/people', '/profile']) {
        await page.goto(base + where);
        await page.evaluate(axeSource);
        const found = await page.evaluate(async () => (await globalThis.axe.run()).violations.map((v) => `${v.id}: ${v.nodes[0].target}`));
        check(`axe ${where} ${colorScheme} ${width}`, found.length === 0, found.join('; '));
        check(`no sideways scroll ${where} ${width}`, await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth + 1));
      }
      await page.context().close();
    }
} catch (e) {
  check('the story runs to its end', false, String(e.stack || e).slice(0, 600));
} finally {
  await browser.close();
  desk.kill('SIGTERM');
  await new Promise((r) => { desk.on('exit', r); setTimeout(r, 5000); });
  const log = fs.readFileSync(path.join(dir, 'log'), 'utf8');
  check('no sanitizer spoke', !/AddressSanitizer|runtime error/.test(log), log.match(/.*(AddressSanitizer|runtime error).*/)?.[0]);
  fs.rmSync(dir, { recursive: true, force: true });
}
console.log(`${passed} passed, ${failed} failed, 0 skipped`);
process.exit(failed ? 1 : 0);
