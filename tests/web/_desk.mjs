// A desk of its own and a browser for a story: `const d = await desk()`, at the end `await d.end()`.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
const root = path.resolve(path.dirname(new URL(import.meta.url).pathname), '../..');
const require = createRequire(path.join(root, 'web/package.json'));
const { chromium } = require('playwright-core');
const axeSource = fs.readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
export const carrel = process.env.CARREL || path.join(root, 'build-test/carrel');

let passed = 0, failed = 0;
export const check = (why, ok, more = '') => { if (ok) passed++; else { failed++; console.log(`FAILED ${why} ${more}`); } };

export async function desk({ demo = true, flags = [] } = {}) {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'carrel-web-'));
  const port = Number(execFileSync('python3', [path.join(root, 'tests/ports.py')]));
  const base = `http://localhost:${port}`;
  if (demo) spawnSync(carrel, ['demo', '--data-dir', dir]);
  const child = spawn(carrel, ['serve', '--data-dir', dir, '--listen', `127.0.0.1:${port}`, '--base-url', base, '--support-addr', 'support@desk.example', ...(typeof flags === 'function' ? flags(port) : flags)], { stdio: ['ignore', 'ignore', fs.openSync(path.join(dir, 'log'), 'w')] });
  const logins = demo ? Object.fromEntries(fs.readFileSync(path.join(dir, 'SIGN-INS.txt'), 'utf8').split('\n').map((l) => l.match(/(\S+@\S+)\s+(\S+)$/)).filter(Boolean).map((m) => [m[1], m[2]])) : {};
  for (let i = 0; i < 600; i++) { try { if ((await fetch(base + '/healthz')).ok) break; } catch { await new Promise((r) => setTimeout(r, 100)); } }
  const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'] });
  const page = async (options = {}) => {
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, reducedMotion: 'reduce', ...options });
    const p = await context.newPage();
    p.setDefaultTimeout(15000);
    p.on('console', (m) => { if (/Content Security Policy/.test(m.text())) check('no page breaks its own policy', false, m.text()); });
    p.on('pageerror', (e) => check('no script of a page fails', false, String(e)));
    return p;
  };
  const signIn = async (email, options = {}) => {
    const p = await page(options);
    await p.goto(base + '/sign-in');
    await p.fill('input[name=email]', email);
    await p.fill('input[name=password]', logins[email]);
    await p.click('button.primary');
    await p.waitForLoadState();
    return p;
  };
  // axe, sideways scroll, and a picture when SHOTS names a folder.
  const axe = async (p, why) => {
    await p.evaluate(axeSource);
    const found = await p.evaluate(async () => (await globalThis.axe.run()).violations.map((v) => `${v.id}: ${v.nodes[0].target}`));
    check(`axe ${why}`, found.length === 0, found.join('; '));
  };
  const look = async (p, where, name) => {
    await p.goto(base + where);
    await axe(p, `${where} ${name}`);
    check(`no sideways scroll ${where} ${name}`, await p.evaluate(() => document.documentElement.scrollWidth <= innerWidth + 1));
    if (process.env.SHOTS) await p.screenshot({ path: path.join(process.env.SHOTS, `${where.replace(/\W+/g, '_')}-${name}.png`), fullPage: true });
  };
  const end = async () => {
    await browser.close();
    child.kill('SIGTERM');
    await new Promise((r) => { child.on('exit', r); setTimeout(r, 5000); });
    const log = fs.readFileSync(path.join(dir, 'log'), 'utf8');
    check('no sanitizer spoke', !/AddressSanitizer|runtime error/.test(log), log.match(/.*(AddressSanitizer|runtime error).*/)?.[0]);
    fs.rmSync(dir, { recursive: true, force: true });
  };
  return { base, dir, page, signIn, look, axe, end };
}

export function tally() {
  console.log(`${passed} passed, ${failed} failed, 0 skipped`);
  process.exit(failed ? 1 : 0);
}
