// A request whose plan wants a manager's word: an operator asks, it waits, the manager says yes on the page and no by the
// link of the mail, without JavaScript; an agent takes a type and ticks its checklist. SHOTS=FOLDER keeps pictures.
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { check, desk, tally } from './_desk.mjs';

const d = await desk();
const looks = [['light-1440', { colorScheme: 'light' }], ['dark-390', { colorScheme: 'dark', viewport: { width: 390, height: 844 } }]];
async function ask(p, words) {
  await p.goto(d.base + '/support/new');
  await p.check('input[name=kind][value=request]');
  await p.click('main button.primary');
  await p.fill('#summary', words);
  await p.locator('form:has(#summary) button.primary').click();
  await p.waitForURL(/support\/tickets\/CAR-/);
  return p.url().match(/CAR-[\d-]+/)[0];
}
// The mail is a row of the outbox: what its link is, the database says.
async function link(number) {
  for (let i = 0; i < 60; i++) {
    const found = execFileSync('python3', ['-c', 'import sqlite3,sys,re\nfor (t,) in sqlite3.connect(sys.argv[1]).execute("SELECT text FROM outmail WHERE kind = \'approval\'"):\n  if sys.argv[2] in t and "/approve/" in t: print(re.search(r"/approve/\\S+", t)[0])', path.join(d.dir, 'desk.db'), number]).toString().trim();
    if (found) return found.split('\n')[0];
    await new Promise((r) => setTimeout(r, 250));
  }
  return '';
}
try {
  const admin = await d.signIn('admin@desk.example');
  await admin.goto(d.base + '/desk/admin/plans');
  await admin.locator('a[href*="/desk/admin/plans/"]', { hasText: /advanced/i }).click();
  await admin.check('#approval');
  await admin.getByRole('button', { name: 'Save' }).click();
  await admin.goto(d.base + '/desk/admin/request-types');
  await admin.fill('#name0', 'New course');
  await admin.fill('#items0', 'Copy the course\nSet the dates\nTell the teacher');
  await admin.getByRole('button', { name: 'Save' }).click();
  check('the type is kept', (await admin.locator('summary', { hasText: 'New course' }).count()) === 1);

  const operator = await d.signIn('operator@campus.example');
  const first = await ask(operator, 'A course for the spring');
  check('the operator reads that it waits', /administrador de su organización/.test(await operator.innerText('main')));
  check('and cannot say yes himself', (await operator.locator('form[action$="/approval"]').count()) === 0);
  const second = await ask(operator, 'A mascot for the campus');

  const manager = await d.signIn('manager@campus.example', { javaScriptEnabled: false });
  await manager.goto(`${d.base}/support/tickets/${first}`);
  await manager.getByRole('button', { name: 'Approve' }).click();
  check('the manager says yes', /Thank you, it is noted/.test(await manager.content()) && /approved it/.test(await manager.innerText('main')));

  const where = await link(second);
  check('the managers got a mail with a link', where !== '');
  const mail = await d.page({ javaScriptEnabled: false });
  await mail.goto(d.base + where);
  check('looking at it changes nothing', /A mascot for the campus/.test(await mail.content()) && (await mail.getByRole('button', { name: 'Approve' }).count()) === 1);
  await mail.getByRole('button', { name: 'Decline' }).click();
  check('no wants a reason', /reason|Reason/.test(await mail.locator('.errmsg, .err').first().innerText()));
  await mail.fill('#reason', 'Not this year');
  await mail.getByRole('button', { name: 'Decline' }).click();
  check('it is said', /does not wait for a word any more/.test(await mail.content()));
  await mail.goto(d.base + where);
  check('once', (await mail.getByRole('button', { name: 'Approve' }).count()) === 0);
  await mail.goto(d.base + where.slice(0, -3) + 'aaa');
  check('a link of somebody else is none', !/mascot/.test(await mail.content()));
  await operator.goto(`${d.base}/support/tickets/${second}`);
  check('who asked reads why', /Not this year/.test(await operator.innerText('main')));

  const agent = await d.signIn('agent@desk.example');
  await agent.goto(`${d.base}/desk/tickets/${first}`);
  await agent.selectOption('#checklist-type', { label: 'New course' });
  await agent.getByRole('button', { name: 'Choose, and take its checklist' }).click();
  check('the checklist is on the ticket', /3 things to do/.test(await agent.innerText('aside')));
  await agent.getByRole('button', { name: 'Done Copy the course' }).click();
  check('a line is ticked, and by whom is said', /2 things to do/.test(await agent.innerText('aside')) && /Agent did: Copy the course/.test(await agent.content()));
  for (const [name, options] of looks) {
    const a = await d.signIn('agent@desk.example', options);
    await d.look(a, `/desk/tickets/${first}`, name);
    const b = await d.signIn('admin@desk.example', options);
    await d.look(b, '/desk/admin/request-types', name);
    const third = await ask(operator, `One more ${name}`);
    const m = await d.signIn('manager@campus.example', options);
    await d.look(m, `/support/tickets/${third}`, name);
    await d.look(m, await link(third), name);
  }
} catch (e) {
  check('the story goes through', false, String(e));
} finally {
  await d.end();
}
tally();
