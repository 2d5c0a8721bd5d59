// News: a customer's words reach the agent who has the ticket, in the desk and by mail; read there, it is read; what one is
// told is chosen without scripts; the link at the end of a mail ends it.
import { execFileSync } from 'node:child_process';
import { check, desk, tally } from './_desk.mjs';

const d = await desk();
const until = async (why, ask) => {
  for (let i = 0; i < 600; i++) { if (await ask()) { check(why, true); return; } await new Promise((r) => setTimeout(r, 100)); }
  check(why, false, 'not within a minute');
};
try {
  const sql = (s) => execFileSync('sqlite3', ['-cmd', '.timeout 20000', `${d.dir}/desk.db`, s]).toString().trim();
  const agent = 'agent@desk.example', customer = 'manager@campus.example';
  const [id, number] = sql(`SELECT t.id || '|' || t.number FROM ticket t JOIN contact c ON c.id = t.contact_id WHERE c.email = '${customer}' AND t.state IN (1, 2) ORDER BY t.id LIMIT 1`).split('|');
  sql('DELETE FROM notice');
  sql(`UPDATE ticket SET assignee_id = (SELECT id FROM agent WHERE email = '${agent}') WHERE id = ${id}`);
  const c = await d.signIn(customer);
  await c.goto(d.base + '/support');
  await c.goto(d.base + await c.evaluate(async (n) => [...new DOMParser().parseFromString(await (await fetch('/support')).text(), 'text/html').querySelectorAll('a[href^="/support/tickets/"]')].map((a) => a.getAttribute('href')).find((h) => h.includes(`-${n}-`)), number));
  const url = new URL(c.url()).pathname;
  await c.fill('textarea[name=text]', 'It happens in Firefox, too.');
  await c.click('form:has(textarea[name=text]) button.primary');
  await c.waitForLoadState();

  const a = await d.signIn(agent);
  await until('the bell counts it', () => a.locator('#news .count').count());
  await a.click('#news');
  check('what was written, and by whom', /wrote: *It happens in Firefox, too\./.test((await a.textContent('main')).replace(/\s+/g, ' ')), await a.textContent('main'));
  for (const [name, options] of [['light-1440', {}], ['dark-390', { viewport: { width: 390, height: 844 }, colorScheme: 'dark' }]]) {
    const p = await d.signIn(agent, options);
    await d.look(p, '/desk/notices', name);
    await d.look(p, '/desk/notices/settings', name);
    await p.context().close();
    const q = await d.signIn(customer, options);
    await d.look(q, '/profile/mails', name);
    await q.context().close();
  }
  await until('a mail is written for the agent', () => sql(`SELECT COUNT(*) FROM outmail WHERE kind = 'notice' AND to_addr = '${agent}'`) === '1');
  await a.click('main a[data-row]');
  await a.waitForSelector('#composer');
  await until('who sees the ticket has read the news', () => sql('SELECT COUNT(*) FROM notice WHERE listed = 1 AND read_at IS NULL AND person_id = (SELECT id FROM agent WHERE email = \'agent@desk.example\')') === '0');
  await until('and the bell is silent', async () => (await a.locator('#news .count').count()) === 0);

  const plain = await d.signIn('admin@desk.example', { javaScriptEnabled: false });
  await plain.goto(d.base + url.replace('/support/', '/desk/'));
  await plain.click('text="Follow"');
  check('one follows without scripts', (await plain.textContent('main')).includes('You follow this ticket.'));
  await plain.goto(d.base + '/desk/notices/settings');
  await plain.selectOption('#reach1', '4');
  await plain.check('#mail1');
  await plain.selectOption('#mail', 'daily');
  await plain.fill('#from', '22:00');
  await plain.click('main button.primary');
  check('half a time is refused, and what was chosen stays', (await plain.textContent('main')).includes('Write a time like 07:00') && await plain.inputValue('#reach1') === '4' && await plain.isChecked('#mail1'));
  await plain.fill('#to', '07:00');
  await plain.click('main button.primary');
  check('kept', (await plain.inputValue('#from')) === '22:00' && (await plain.inputValue('#mail')) === 'daily' && await plain.isChecked('#mail1'));
  await plain.click('text=Back to what the desk has chosen');
  check('and back', (await plain.inputValue('#from')) === '' && !(await plain.isChecked('#mail1')));
  await plain.goto(d.base + '/desk/admin/notices');
  await plain.check('#browser3');
  await plain.click('main button.primary');
  check('an administrator chooses for those who chose nothing', await plain.isChecked('#browser3'));
  await plain.goto(d.base + '/desk/notices/settings');
  check('which others see', await plain.isChecked('#browser3'));

  const stop = sql(`SELECT unsubscribe FROM outmail WHERE kind = 'notice' AND to_addr = '${agent}' ORDER BY id DESC LIMIT 1`);
  const stranger = await d.page({ javaScriptEnabled: false });
  await stranger.goto(stop);
  check('looking at the link ends nothing', (await stranger.textContent('main')).includes('Shall all mails about tickets end?') && sql('SELECT COUNT(*) FROM notice_choice WHERE person_kind = 2') === '0');
  await d.look(await d.page({ viewport: { width: 390, height: 844 } }), new URL(stop).pathname, 'light-390');
  const one = await fetch(stop, { method: 'POST', headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: 'List-Unsubscribe=One-Click' });
  check('one click of a mail program does', one.status === 200 && sql('SELECT COUNT(*) FROM notice_choice WHERE person_kind = 2 AND channels & 2 = 0') === '10', one.status);
  check('a link that was changed does nothing', (await fetch(stop.slice(0, -1) + (stop.endsWith('a') ? 'b' : 'a'), { method: 'POST' })).status === 404);

  // Somebody in copy leaves the ticket.
  const token = await plain.inputValue('input[name=csrf]');
  const act = (what, fields) => plain.request.post(d.base + url.replace('/support/', '/desk/') + what, { form: { csrf: token, ...fields }, headers: { origin: d.base }, maxRedirects: 0 });
  await act('/participant', { email: 'aunt@elsewhere.example', accept: '1' });
  await plain.goto(d.base + url.replace('/support/', '/desk/'));
  await plain.fill('#text', 'Please try again.');
  await plain.click('button[value=send]');
  await until('somebody in copy gets the answer', () => sql("SELECT COUNT(*) FROM outmail WHERE kind = 'reply' AND to_addr = 'aunt@elsewhere.example'") === '1');
  check('who asked has no such link', sql(`SELECT COUNT(*) FROM outmail WHERE kind = 'reply' AND to_addr = '${customer}' AND unsubscribe IS NOT NULL`) === '0');
  const leave = sql("SELECT unsubscribe FROM outmail WHERE kind = 'reply' AND to_addr = 'aunt@elsewhere.example'");
  await stranger.goto(leave);
  await stranger.click('text=End these mails');
  check('and leaves by the link of the mail', /no more mails about ticket/.test(await stranger.textContent('main')) && sql("SELECT accepted FROM participant WHERE email = 'aunt@elsewhere.example'") === '0');

  await c.goto(d.base + '/profile');
  await c.click('text=Mails you get');
  await c.uncheck('#ack');
  await c.check('#mail1');
  await c.click('main button.primary');
  check('customers choose, too', !(await c.isChecked('#ack')) && await c.isChecked('#mail1') && await c.isChecked('#changed'));
} finally {
  await d.end();
}
tally();
