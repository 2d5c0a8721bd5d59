// Mail triage as an agent uses it: hostile mails in the list and one by one, by keyboard, narrow and wide, light and dark;
// older ones are within reach; and a mailbox that is not read is said on every page. SHOTS=FOLDER keeps pictures.
import { execFileSync, spawnSync } from 'node:child_process';
import { carrel, check, desk, tally } from './_desk.mjs';

const d = await desk({ flags: ['--authserv-id', 'mx.desk.example'] });
try {
  const sql = (s) => execFileSync('sqlite3', ['-cmd', '.timeout 20000', `${d.dir}/desk.db`, s]).toString().trim();
  let n = 0;
  const give = (raw) => {
    const r = spawnSync(carrel, ['mail', 'deliver', '-f', 'x@evil.example', 'support@desk.example', '--data-dir', d.dir, '--support-addr', 'support@desk.example'], { input: raw });
    check(`a mail is taken (${r.stderr})`, r.status === 0);
    n++;
  };
  const word = (s) => Array.from({ length: Math.ceil(s.length / 30) }, (_, i) => `=?utf-8?b?${Buffer.from(s.slice(i * 30, i * 30 + 30)).toString('base64')}?=`).join('\r\n ');
  const mail = (from, subject, rest) => `From: ${from}\r\nTo: support@desk.example\r\nMessage-ID: <${n}@evil.example>\r\nSubject: ${subject}\r\nMIME-Version: 1.0\r\n${rest}`;
  const BAD = '"><img src=x onerror="window.hit=1"><script>window.hit=1</script>';
  give(mail(`${word(BAD)} <a@evil.example>`, word(BAD), `Content-Type: text/html\r\n\r\n<b onclick="window.hit=1">bold words</b>${BAD}<style>*{display:none}</style><svg onload="window.hit=1"></svg>\r\n`));
  give(mail('b@evil.example', word('long '.repeat(2000)), '\r\nlong subject\r\n'));
  give(mail('b@evil.example', 'x'.repeat(9000), '\r\nlong word\r\n'));
  give(mail(`${word('\u202Egpj.exe\u202C\u2066')} <c@evil.example>`, word('\u202Etxet sdrawkcab\u202C \u2067'), '\r\n\u202Ebackwards\r\n'));
  give(mail('d@evil.example', 'three hundred files', 'Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nfiles\r\n'
    + Array.from({ length: 300 }, (_, i) => `--b\r\nContent-Type: text/plain; name="${i ? `f${i}` : '../../\u202Egpj.exe'}.txt"\r\nContent-Disposition: attachment\r\n\r\nline ${i}\r\n`).join('') + '--b--\r\n'));
  give(mail('', '', '\r\n\r\n'));
  const settled = async (state, many) => {
    for (let i = 0; i < 600 && Number(sql(`SELECT COUNT(*) FROM intake WHERE state = ${state}`)) < many; i++) await new Promise((r) => setTimeout(r, 100));
    check(`${many} mails are in state ${state}`, Number(sql(`SELECT COUNT(*) FROM intake WHERE state = ${state}`)) === many, sql('SELECT state, reason FROM intake'));
  };
  await settled(3, n);
  const ids = sql('SELECT id FROM intake WHERE state = 3 ORDER BY id').split('\n');
  const sizes = [['light-1440', {}], ['dark-1440', { colorScheme: 'dark' }], ['light-390', { viewport: { width: 390, height: 844 } }], ['dark-390', { viewport: { width: 390, height: 844 }, colorScheme: 'dark' }]];
  for (const [name, options] of sizes) {
    const p = await d.signIn('agent@desk.example', options);
    await d.look(p, '/desk/triage', name);
    for (const id of name.endsWith('390') ? ids : [ids[0]]) {
      await d.look(p, `/desk/intake/${id}`, name);
      check(`nothing of mail ${id} ran, ${name}`, await p.evaluate(() => !window.hit));
    }
    await p.context().close();
  }

  // by keyboard: down the list, into a mail, and a decision
  const p = await d.signIn('agent@desk.example');
  await p.goto(d.base + '/desk/triage');
  check('what is in the list is words', (await p.textContent('main')).includes('<script>window.hit=1</script>'));
  for (let i = 0; i < 60 && !(await p.evaluate(() => document.activeElement?.matches('main .list a'))); i++) await p.keyboard.press('Tab');
  await p.keyboard.press('Enter');
  await p.waitForURL(/intake/);
  check('Tab and Enter open a mail', /\/desk\/intake\/\d+$/.test(p.url()), p.url());
  await p.goto(`${d.base}/desk/intake/${ids[4]}`);
  check('a mail of three hundred files says that more is in the original', (await p.textContent('main')).includes('All of it is in the original mail.'));
  check('the name of a file is a name', !(await p.textContent('main')).includes('\u202E') && !(await p.textContent('main')).includes('../'));
  for (let i = 0; i < 80 && !(await p.evaluate(() => document.activeElement?.textContent === 'It is spam')); i++) await p.keyboard.press('Tab');
  await p.keyboard.press('Enter');
  await p.waitForURL(/\/desk\/triage$/);
  check('spam by keyboard, and it says so', sql(`SELECT state FROM intake WHERE id = ${ids[4]}`) === '5');
  await p.goto(d.base + '/desk/triage?state=refused');
  check('it is kept under refused', (await p.textContent('main')).includes('three hundred files'));

  // the same from somebody we know: a ticket
  give('Authentication-Results: mx.desk.example; dmarc=pass header.from=campus.example\r\n' + mail('manager@campus.example', 'y'.repeat(9000), `Content-Type: text/html\r\n\r\n<p>${'z'.repeat(3000)}</p>${BAD}\r\n`));
  n--;
  await settled(2, 1);
  for (const [who, list] of [['agent@desk.example', '/desk/views/all'], ['manager@campus.example', '/support/tickets']]) {
    const narrow = await d.signIn(who, { viewport: { width: 390, height: 844 }, colorScheme: 'dark' });
    await d.look(narrow, list, 'dark-390');
    const ticket = await narrow.locator('main a', { hasText: 'yyyyyyyyyy' }).first().getAttribute('href');
    await d.look(narrow, ticket, 'dark-390');
    check(`nothing of ${ticket} ran`, await narrow.evaluate(() => !window.hit));
    await narrow.context().close();
  }

  // more than a page
  sql(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 120) INSERT INTO intake (channel, received_at, sha256, size, mail_from, rcpt, state, reason, subject)
       SELECT 1, 1795000000000000 + i, printf('%064d', i), 10, 'x@evil.example', 'support@desk.example', 3, 'Unknown sender', 'older ' || i FROM n`);
  let seen = 0, pages = 0;
  await p.goto(d.base + '/desk/triage');
  for (;;) {
    const rows = await p.locator('main .list li').count();
    seen += rows;
    pages++;
    check('a page is bounded', rows <= 50);
    const next = p.locator('main a[href*="before="]').first();
    if (pages > 8 || !(await next.count())) break;
    await next.click();
    await p.waitForLoadState();
  }
  check('every mail is within reach, each once', seen === 120 + n - 1 && pages === 3, `${seen} on ${pages} pages`);

  // the quarantine, all at once
  sql('UPDATE intake SET state = 4, content_key = NULL WHERE state = 2 OR id IN (SELECT id FROM intake WHERE channel = 2 AND state = 3 LIMIT 2)');
  await p.goto(d.base + '/desk/triage?state=quarantine');
  await p.click('text=File all of them again');
  check('it says how many', (await p.textContent('main')).includes('3 mails are being filed again.'));
  for (let i = 0; i < 600 && sql('SELECT COUNT(*) FROM intake WHERE state IN (1, 4)') !== '0'; i++) await new Promise((r) => setTimeout(r, 100));
  check('and each is filed', sql('SELECT COUNT(*) FROM intake WHERE state IN (1, 4)') === '0', sql('SELECT state, reason FROM intake WHERE channel = 2'));

  // a way in that fails
  sql(`INSERT INTO mail_channel (name, failing_at, error) VALUES ('imap:support', 1795000000000000, 'signing in: the server said NO <b>bad</b> password')`);
  await p.goto(d.base + '/desk/views/all');
  await p.waitForSelector('#mail-alarm', { timeout: 30000 });
  const told = await p.textContent('#mail-alarm');
  check('a mailbox that is not read is said on the queue, with the cause', /Something is wrong with imap:support, by which mail comes in\./.test(told) && told.includes('<b>bad</b> password'), told);
  await d.axe(p, 'queue with the alarm');
  sql('UPDATE mail_channel SET failing_at = NULL, error = \'\', ok_at = (strftime(\'%s\', \'now\') * 1000000)');
  await p.waitForSelector('#mail-alarm', { state: 'detached', timeout: 30000 });
  const health = async () => JSON.stringify(await (await fetch(d.base + '/healthz')).json());
  check('and is over when it is over', !(await health()).includes('Mail way'));
  sql(`UPDATE mail_channel SET ok_at = ok_at - 1000 * 1000000`);
  await p.waitForSelector('#mail-alarm', { timeout: 30000 });
  check('so is one that fell silent', (await p.textContent('#mail-alarm')).includes('Nothing was heard of it for a quarter of an hour.'));
  check('in /healthz, too', (await health()).includes('Mail way imap:support: nothing was heard of it'));
} finally {
  await d.end();
}
tally();
