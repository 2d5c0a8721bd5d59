// A reply that waits: undone into the composer, scheduled, sent at once; without scripts, and on a telephone in the dark.
import { check, desk, tally } from './_desk.mjs';

const d = await desk();
try {
  const admin = await d.signIn('admin@desk.example');
  await admin.goto(d.base + '/desk/admin');
  await admin.fill('#hold_seconds', '600');
  await admin.click('main form button.primary');
  await admin.waitForLoadState();
  check('the hold time is kept', await admin.inputValue('#hold_seconds') === '600');

  for (const [name, options] of [['light-1440', { javaScriptEnabled: false }], ['dark-390', { colorScheme: 'dark', viewport: { width: 390, height: 844 } }]]) {
    const p = await d.signIn('admin@desk.example', options);
    await p.goto(d.base + '/desk/views/all');
    const where = await p.locator('a[href*="/desk/tickets/"]').first().getAttribute('href');
    const at = new URL(where, d.base).pathname;
    const ours = async () => { await p.goto(d.base + at); return p.locator('.msg.us').count(); };
    const before = await ours();
    await p.fill('#text', 'Good news for the wrong customer');
    await p.click('button[value=send]');
    await p.waitForLoadState();
    check(`${name}: it waits`, await p.locator('#held button[value=undo]').count() === 1 && await p.locator('.msg.us').count() === before);
    if (name === 'dark-390') await d.look(p, at, name);
    await p.goto(d.base + at);
    await p.click('#held button[value=undo]');
    await p.waitForLoadState();
    check(`${name}: undo brings the text back`, await p.inputValue('#text') === 'Good news for the wrong customer' && await p.locator('#held').count() === 0);
    await p.click('summary:has-text("Send later")');
    const day = new Date(Date.now() + 2 * 86400e3).toISOString().slice(0, 10);
    await p.fill('#later_at', `${day}T08:00`);
    await p.click('button[value=send]');
    await p.waitForLoadState();
    check(`${name}: scheduled`, (await p.locator('#held').innerText()).includes('Will be sent') && await p.locator('.msg.us').count() === before);
    if (name === 'dark-390') await d.look(p, '/desk/later', name);
    await p.goto(d.base + '/desk/later');
    await p.click('button[value=now]');
    await p.waitForLoadState();
    check(`${name}: sent at once`, await ours() === before + 1 && await p.locator('#held').count() === 0);
  }
  await d.look(admin, '/desk/later', 'light-1440');
} catch (e) {
  check('the story runs to its end', false, String(e.stack || e).slice(0, 800));
} finally {
  await d.end();
}
tally();
