// Mails that failed: why, and sending them again, on a wide page and a narrow one, light and dark.
import { execFileSync } from 'node:child_process';
import { check, desk, tally } from './_desk.mjs';

const d = await desk();
try {
  const sql = (s) => execFileSync('sqlite3', ['-cmd', '.timeout 20000', `${d.dir}/desk.db`, s]).toString().trim();
  const row = (i, to, error) => sql(`INSERT INTO outmail (kind, automatic, from_name, from_addr, to_name, to_addr, message_id, subject, text, state, next_at, error, created_at)
  VALUES ('reply', 0, 'Desk', 'support@desk.example', 'x', '${to}', 'm${i}@desk.example', '[CAR-1042-7] <b>Videos</b> do not play', 't', 3, 0, '${error}', 1795000000000000)`);
  sql('UPDATE outmail SET state = 4');
  const [ticket, subject] = sql("SELECT ticket_id || '|' || subject FROM outmail WHERE to_addr = 'manager@campus.example' AND ticket_id > 0 ORDER BY id LIMIT 1").split('|');
  const number = subject.match(/CAR-[\d-]+/)[0];
  row(1, 'gone@campus.example', 'RCPT failed: 550 (the server answered 550 5.1.1 no such user)');
  row(2, 'gone@campus.example', 'RCPT failed: 550 (the server answered 550 5.1.1 no such user)');
  row(3, 'full@campus.example', 'RCPT failed: 552 (the server answered 552 5.2.2 mailbox full)');
  sql(`UPDATE outmail SET ticket_id = ${ticket} WHERE to_addr = 'full@campus.example'`);
  for (const [name, options] of [['light-1440', {}], ['dark-390', { viewport: { width: 390, height: 844 }, colorScheme: 'dark' }]]) {
    const p = await d.signIn('admin@desk.example', options);
    await d.look(p, '/desk/admin/mails', name);
    await p.context().close();
  }
  const p = await d.signIn('admin@desk.example', { javaScriptEnabled: false });
  await p.goto(d.base + '/desk/admin/mails');
  check('why, in words', (await p.textContent('main')).includes('There is no such address.'));
  await p.click('text=Send again all to this address');
  check('without a script: it is said', (await p.textContent('body')).includes('Queued.'));
  check('both to the address are queued', sql("SELECT COUNT(*) FROM outmail WHERE to_addr = 'gone@campus.example' AND state = 1") === '2');
  await p.click('text="Send again"');
  check('and the last one', (await p.textContent('main')).includes('No mail failed.'));
  const timeline = async (who, where) => {
    const t = await d.signIn(who, { javaScriptEnabled: false });
    await t.goto(d.base + where + number);
    const body = await t.textContent('body');
    await t.context().close();
    return body;
  };
  const seen = await timeline('agent@desk.example', '/desk/tickets/');
  check('agents see on the ticket that it was sent again, and who did it', /The failed mail to full@campus.example was sent again/.test(seen), seen.slice(0, 300));
  const own = await timeline('manager@campus.example', '/support/tickets/');
  check('customers do not', own.includes(number) && !own.includes('was sent again'));
  row(4, 'gone@campus.example', 'RCPT failed: 550 (the server answered 550 5.1.1 no such user)');
  row(5, 'gone@campus.example', 'RCPT failed: 550 (the server answered 550 5.1.1 no such user)');
  row(6, 'full@campus.example', 'RCPT failed: 552 (the server answered 552 5.2.2 mailbox full)');
  await p.goto(d.base + '/desk/admin/mails');
  await p.click('text=Dismiss all to this address');
  await p.click('text="Dismiss"');
  check('dismissed mails leave the list', (await p.textContent('main')).includes('No mail failed.'));
  await p.click('text=Dismissed mails');
  check('and are kept, with who and when', (await p.textContent('main')).match(/Dismissed by Administrator/g)?.length === 3);
  const dark = await d.signIn('admin@desk.example', { viewport: { width: 390, height: 844 }, colorScheme: 'dark' });
  await d.look(dark, '/desk/admin/mails?dismissed=1', 'dark-390');
  await p.locator('text="Back to the list"').first().click();
  check('one can be put back', (await p.locator('text="Dismiss"').count()) === 1);
} finally {
  await d.end();
}
tally();
