// The telephone in a browser: a PBX tells of calls by webhook, every agent sees who is on the line over whatever page is open;
// take, other ticket, new ticket, unknown; and a ticket that an agent writes down for somebody.
import { spawnSync } from 'node:child_process';
import { carrel, check, desk, tally } from './_desk.mjs';

const d = await desk(), { base } = d;
const run = (...args) => spawnSync(carrel, [...args, '--data-dir', d.dir], { encoding: 'utf8' }).stdout.trim();
try {
  const address = run('phone', 'cti-token').split(/\s+/).find((w) => /\/api\/v1\/cti\//.test(w)) || '';
  const token = address.split('/').pop();
  const cti = async (what, body) => {
    const r = await fetch(`${base}/api/${what ? `cti/${token}/${what}` : `v1/cti/${token}`}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
    return { status: r.status, json: await r.json().catch(() => ({})) };
  };
  const rings = (callId, from) => cti('', { event: 'newCall', callId, from, to: '5715550100', direction: 'in' });

  // The customer prepares a total interruption and gets a PIN.
  const customer = await d.signIn('manager@campus.example');
  await customer.goto(base + '/support/new');
  await customer.locator('input[name=kind][value=incident]').check();
  await customer.locator('main button.primary').first().click();
  await customer.locator('input[name=criticality]').first().waitFor();
  await customer.locator('input[name=criticality][value="1"]').check();
  await customer.locator('main button.primary').first().click();
  await customer.locator('.pin').waitFor();
  const pin = (await customer.locator('.pin').innerText()).replace(/\D/g, '');
  check('a PIN is shown', pin.length >= 4, pin);

  // Somebody writes an answer while it rings: the bar comes, the words stay theirs.
  const agent = await d.signIn('agent@desk.example');
  await agent.goto(base + '/desk/views/all');
  const first = await agent.locator('a[href*="/desk/tickets/"]').first().getAttribute('href');
  await agent.goto(new URL(first, base).href);
  const box = agent.locator('textarea[data-pick]');
  await box.click();
  await box.pressSequentially('I am writing ');
  check('the PBX is heard', (await rings('c1', '+4930123456')).status === 200);
  const pop = agent.locator('#call-pop');
  await pop.waitFor({ timeout: 60000 });
  check('who rings', /4930123456/.test(await pop.innerText()) && /not verified/.test(await pop.innerText()));
  await agent.keyboard.type('all the time');
  check('it takes no focus', (await box.inputValue()) === 'I am writing all the time', await box.inputValue());
  await d.axe(agent, 'call pop');
  const proof = await cti('verify', { callId: 'c1', from: '+4930123456', pin });
  check('the PIN is right', proof.json.ok === true, JSON.stringify(proof));
  await agent.locator('#call-pop', { hasText: 'Campus Verde' }).waitFor({ timeout: 60000 });
  const said = await pop.innerText();
  check('person, account, plan, what was prepared, what else is open', /PIN right/.test(said) && /Manager of Campus Verde/.test(said) && /Prepared|Ticket/.test(said) && /also open/.test(said), said);
  if (process.env.SHOTS) {
    await agent.screenshot({ path: `${process.env.SHOTS}/pop-light-1440.png` });
    await agent.emulateMedia({ colorScheme: 'dark' });
    await agent.setViewportSize({ width: 390, height: 844 });
    await agent.screenshot({ path: `${process.env.SHOTS}/pop-dark-390.png` });
    await agent.emulateMedia({ colorScheme: 'light' });
    await agent.setViewportSize({ width: 1440, height: 900 });
  }
  const opened = await cti('incident', { callId: 'c1', criticality: 1 });
  check('the incident is open', opened.status === 201 && /CAR-/.test(opened.json.number), JSON.stringify(opened));
  const other = await d.signIn('admin@desk.example');
  await other.goto(base + '/desk/views/mine');
  await other.locator('#call-pop').waitFor({ timeout: 60000 });
  await agent.locator('#call-pop', { hasText: opened.json.number }).waitFor({ timeout: 60000 });
  await pop.getByRole('button', { name: 'Take & open' }).click();
  await agent.waitForURL(/\/desk\/tickets\//);
  check('taking leads to the ticket', agent.url().includes(opened.json.number), agent.url());
  await other.locator('#call-pop', { hasText: /has this call/ }).waitFor({ timeout: 60000 });
  check('others see who took it', true);
  await cti('', { event: 'hangup', callId: 'c1', from: '+4930123456', to: '5715550100', direction: 'in', cause: 'normalClearing' });

  // A caller nobody knows: a wrong number is told and nothing is lost, then a new ticket for who it is.
  await rings('c2', '+4930999999');
  await agent.goto(base + '/desk/calls');
  await d.look(agent, '/desk/calls', 'light-1440');
  const call = agent.locator('main ul > li', { hasText: '4930999999' }).first();
  await call.locator('input[name=ticket]').fill('CAR-1-1');
  await call.getByRole('button', { name: 'Attach to this ticket' }).click();
  check('a wrong number is told', /no such ticket number/i.test(await agent.locator('main').innerText()));
  await agent.goto(base + '/desk/calls');
  await agent.locator('main ul > li', { hasText: '4930999999' }).first().getByRole('link', { name: 'New ticket' }).click();
  await agent.waitForURL(/\/desk\/new\?call=/);
  await agent.fill('#who', 'nobody-like-this');
  await agent.getByRole('button', { name: 'Search' }).last().click();
  check('nobody is found', /Nobody is known by this/.test(await agent.locator('main').innerText()));
  await agent.fill('#who', 'campus verde');
  await agent.getByRole('button', { name: 'Search' }).last().click();
  await agent.locator('.list .row').first().waitFor();
  check('the people of an account', (await agent.locator('.list .row').count()) >= 3);
  await d.axe(agent, 'people found');
  await agent.locator('.list .row', { hasText: 'Operator of Campus Verde' }).click();
  await agent.getByRole('button', { name: 'Open the ticket' }).click();
  check('what is missing is said', (await agent.locator('main .err').count()) >= 2);
  check('and who it is for is kept', /Operator of Campus Verde/.test(await agent.locator('main').innerText()));
  await agent.fill('#subject', 'Grades are missing');
  await agent.fill('#text', 'Since the morning no grade is shown in any course.');
  await agent.selectOption('#kind', '2');
  await d.axe(agent, 'new ticket');
  const form = await agent.evaluate(() => new URLSearchParams(new FormData(document.querySelector('form[action="/desk/new"]'))).toString());
  await agent.getByRole('button', { name: 'Open the ticket' }).click();
  await agent.waitForURL(/\/desk\/tickets\//);
  const page = await agent.locator('main').innerText();
  check('the ticket is theirs, with the call', /Grades are missing/.test(page) && /Operator of Campus Verde/.test(page) && /4930999999/.test(page), page.slice(0, 1500));
  const url = agent.url();
  const again = await agent.evaluate(async (body) => (await fetch('/desk/new', { method: 'POST', body, headers: { 'content-type': 'application/x-www-form-urlencoded' } })).url, form);
  check('the same form again leads to the same ticket', again.replace(/[#?].*/, '') === url.replace(/[#?].*/, ''), `${again} ${url}`);

  // By hand, by key, without a call; a plan that covers nothing says so and keeps the words.
  await agent.goto(base + '/desk/views/all');
  await agent.keyboard.press('c');
  await agent.waitForURL(/\/desk\/new$/);
  await d.look(agent, '/desk/new', 'light-1440');
  const plain = await d.signIn('agent@desk.example', { javaScriptEnabled: false, colorScheme: 'dark', viewport: { width: 390, height: 844 } });
  await plain.goto(base + '/desk/new?who=manager%40campus');
  await plain.locator('.list .row').first().click();
  await plain.selectOption('#kind', 'request');
  await plain.fill('#subject', 'Another logo');
  await plain.fill('#text', 'The new logo, please.');
  if (process.env.SHOTS) await plain.screenshot({ path: `${process.env.SHOTS}/new-dark-390.png`, fullPage: true });
  await plain.getByRole('button', { name: 'Open the ticket' }).click();
  check('without scripts', /\/desk\/tickets\/CAR-/.test(plain.url()) && /Another logo/.test(await plain.locator('main').innerText()), plain.url());
  await agent.goto(base + '/desk/new?who=free');
  if (await agent.locator('.list .row').count()) {
    await agent.locator('.list .row').first().click();
    await agent.fill('#subject', 'Out of plan');
    await agent.fill('#text', 'Words that stay');
    await agent.getByRole('button', { name: 'Open the ticket' }).click();
    check('not covered is said', /does not cover this/.test(await agent.locator('main').innerText()));
    check('and nothing is lost', (await agent.inputValue('#text')) === 'Words that stay' && (await agent.inputValue('#subject')) === 'Out of plan');
  } else check('there is somebody on a free plan', false);

  // Where one is rung; marked unknown.
  await agent.goto(base + '/desk/calls');
  await agent.fill('#number', '+57 601 555 0123');
  await agent.getByRole('button', { name: 'Save' }).first().click();
  await agent.waitForLoadState();
  check('the number is kept', /601/.test(await agent.inputValue('#number')));
  await rings('c3', '+4930777777');
  await agent.locator('#call-pop', { hasText: '4930777777' }).waitFor({ timeout: 60000 });
  await pop.getByRole('button', { name: 'Unknown caller' }).click();
  await agent.waitForURL(/\/desk\/calls/);
  await other.goto(base + '/desk/calls');
  await other.emulateMedia({ colorScheme: 'dark' });
  await d.look(other, '/desk/calls', 'dark-1440');
  await pop.waitFor({ state: 'detached', timeout: 60000 });
  check('who is unknown rings no more', (await pop.count()) === 0);
} finally { await d.end(); }
tally();
