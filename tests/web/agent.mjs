// Agents by clicking: take, regrade, convert and back, two at once; a customer by the keyboard alone, and one whose quota
// is used up; a desk that begins empty; the pages of agents and administrators with axe.
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { carrel, check, desk, tally } from './_desk.mjs';

const d = await desk();
const { base } = d;

// Tab until the element that matches has the focus.
async function tabTo(page, selector) {
  for (let i = 0; i < 80; i++) {
    await page.keyboard.press('Tab');
    if (await page.evaluate((s) => document.activeElement.matches(s), selector)) return true;
  }
  return false;
}

async function section(page, heading, summary) {
  const s = page.locator('section.card', { has: page.locator('h2', { hasText: heading }) });
  const details = s.locator('details', { has: page.locator('summary', { hasText: summary }) });
  if (!(await details.evaluate((e) => e.open))) await details.locator('summary').click();
  return details;
}

try {
  // The keyboard alone.
  const keys = await d.signIn('manager@campus.example');
  await keys.goto(base + '/support/new');
  check('the kind is reached by Tab', await tabTo(keys, 'input[name=kind]'));
  await keys.keyboard.press('Space');
  if (!(await keys.isChecked('input[name=kind][value=incident]'))) await keys.keyboard.press('ArrowDown');
  check('and chosen', await keys.isChecked('input[name=kind][value=incident]'));
  check('the button follows', await tabTo(keys, 'main button.primary'));
  await keys.keyboard.press('Enter');
  await keys.waitForURL(/criticality/);
  check('the criticality is reached', await tabTo(keys, 'input[name=criticality]'));
  await keys.keyboard.press('Space');
  for (let i = 0; i < 4 && !(await keys.isChecked('input[name=criticality][value="3"]')); i++) await keys.keyboard.press('ArrowDown');
  check('and chosen by arrows', await keys.isChecked('input[name=criticality][value="3"]'));
  await tabTo(keys, 'main button.primary');
  await keys.keyboard.press('Enter');
  await keys.waitForURL(/details/);
  check('the summary is reached', await tabTo(keys, 'input[name=summary]'));
  await keys.keyboard.type('Grades are not shown');
  check('and the text', await tabTo(keys, 'textarea[name=text]'));
  await keys.keyboard.type('Since this morning the progress page is empty for all learners of the course.');
  for (let i = 0; i < 20; i++) {
    await tabTo(keys, 'main button.primary');
    if (await keys.evaluate(() => /Send ticket/.test(document.activeElement.textContent))) break;
  }
  await keys.keyboard.press('Enter');
  await keys.waitForURL(/support\/tickets\/CAR-/);
  const url = keys.url().split('?')[0];
  check('a ticket was opened without a mouse', (await keys.content()).includes('Grades are not shown'));

  // Take, regrade, convert and back.
  const agent = await d.signIn('agent@desk.example');
  const at = url.replace('/support/', '/desk/');
  await agent.goto(at);
  await agent.getByRole('button', { name: /Take it/ }).click();
  await agent.waitForLoadState();
  check('the ticket is the agent’s', (await agent.content()).includes('took the ticket'));
  let form = await section(agent, 'Criticality', 'Change');
  await form.locator('select[name=criticality]').selectOption('2');
  await form.locator('button').click();
  await agent.waitForLoadState();
  check('a new criticality wants a reason', (await agent.title()).startsWith('Error') && (await agent.locator('#criticality-criticality').inputValue()) === '2');
  await agent.fill('#criticality-reason', 'Every learner of the course is affected.');
  await agent.locator('form[action$="/criticality"] button').click();
  await agent.waitForLoadState();
  check('the agent sees the change', /criticality from 3 to 2/.test(await agent.content()));
  await keys.goto(url);
  check('the customer reads the reason', (await keys.content()).includes('Every learner of the course is affected.'));
  form = await section(agent, 'Criticality', 'Make it a request');
  await form.locator('select[name=priority]').selectOption('2');
  await form.locator('textarea[name=reason]').fill('The page was switched off on purpose.');
  await form.locator('button').click();
  await agent.waitForLoadState();
  check('it is a request now', (await agent.locator('h2', { hasText: 'Complexity and priority' }).count()) === 1 && /made it a request/.test(await agent.content()));
  form = await section(agent, 'Complexity and priority', 'Make it an incident');
  await form.locator('select[name=criticality]').selectOption('4');
  await form.locator('textarea[name=reason]').fill('It was not on purpose after all.');
  await form.locator('button').click();
  await agent.waitForLoadState();
  check('and an incident again', /made it an incident/.test(await agent.content()));

  // Two at once: the second sees what the first did, and loses nothing.
  const other = await d.signIn('admin@desk.example');
  await other.goto(at);
  await agent.goto(at);
  await other.fill('textarea[name=text]', 'The first answer.');
  await other.getByRole('button', { name: 'Send reply', exact: true }).click();
  await other.waitForLoadState();
  await agent.fill('textarea[name=text]', 'The second answer, typed meanwhile.');
  await agent.getByRole('button', { name: 'Send reply', exact: true }).click();
  await agent.waitForLoadState();
  const stale = await agent.content();
  check('the second agent is told', /changed while you wrote/.test(stale));
  check('sees what the first one did', stale.includes('The first answer.'));
  check('and what was typed is still there', stale.includes('The second answer, typed meanwhile.'));
  await agent.getByRole('button', { name: 'Send anyway', exact: true }).click();
  await agent.waitForLoadState();
  check('what was sent does not come back as a draft', (await agent.inputValue('textarea[name=text]')) === '');
  await keys.goto(url);
  const both = await keys.content();
  check('the customer gets both', both.includes('The first answer.') && both.includes('The second answer'));

  // The pages of those who work here.
  for (const colorScheme of ['light', 'dark'])
    for (const width of [1440, 390]) {
      const page = await d.signIn('admin@desk.example', { colorScheme, viewport: { width, height: 900 } });
      for (const where of ['/desk/views/all', '/desk/views/unassigned', at.slice(base.length), '/desk/search?q=course', '/desk/triage', '/desk/calls', '/desk/oncall', '/desk/board/incidents', '/desk/board/requests', '/desk/admin', '/desk/admin/oncall', '/desk/admin/calendars'])
        await d.look(page, where, `${colorScheme}-${width}`);
      await page.context().close();
    }
  const spanish = await d.signIn('agent@desk.example');
  await spanish.goto(base + '/profile');
  const lang = spanish.locator('select[name=lang]');
  if (await lang.count()) {
    await lang.selectOption('es');
    await lang.locator('xpath=ancestor::form').locator('button').first().click();
    await spanish.waitForLoadState();
    await spanish.goto(at);
    check('an agent may work in Spanish', (await spanish.content()).includes('Quién lo atiende'));
    if (process.env.SHOTS) await spanish.screenshot({ path: path.join(process.env.SHOTS, 'ticket-es.png'), fullPage: true });
  }

  // The colour and the logo of the provider.
  const dress = await d.signIn('admin@desk.example');
  await (await fetch(base + '/kb')).text();
  await dress.goto(base + '/desk/admin/appearance');
  await dress.fill('#accent', '#FFD400');
  await dress.getByRole('button', { name: 'Save', exact: true }).click();
  await dress.waitForLoadState();
  check('a colour that cannot be read is refused', /contrast of 1\.\d to 1/.test(await dress.locator('main').innerText()));
  check('what was typed stays', (await dress.inputValue('#accent')) === '#FFD400');
  await dress.fill('#accent', '#8A2B6B');
  await dress.setInputFiles('#logo', { name: 'logo.png', mimeType: 'image/png', buffer: Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64') });
  await dress.getByRole('button', { name: 'Save', exact: true }).click();
  await dress.waitForLoadState();
  check('buttons have it', (await dress.locator('main .btn.primary').first().evaluate((e) => getComputedStyle(e).backgroundColor)) === 'rgb(138, 43, 107)');
  check('also where pages are kept', /theme\.css\?v=8A2B6B/.test(await (await fetch(base + '/kb')).text()));
  check('the logo is there', await dress.locator('.brand img.logo').evaluate((i) => i.complete && i.naturalWidth === 1));
  for (const colorScheme of ['light', 'dark']) {
    const p = await d.page({ colorScheme });
    await d.look(p, '/kb', `themed-${colorScheme}`);
    await p.context().close();
  }

  // A plan whose quota is used up.
  spawnSync('sqlite3', [path.join(d.dir, 'desk.db'), 'UPDATE plan SET quota_month = 1 WHERE support = 1']);
  await keys.goto(base + '/support/new');
  const no = await keys.content();
  check('over the quota there is an exact answer, not a form', !no.includes('name="kind"') && /quota|1 ticket|this month/.test(no), no.replace(/<[^>]+>/g, ' ').slice(0, 400));
  if (process.env.SHOTS) await keys.screenshot({ path: path.join(process.env.SHOTS, 'quota.png'), fullPage: true });
  await keys.goto(url);
  check('and earlier tickets stay readable', (await keys.content()).includes('Grades are not shown'));
} catch (e) {
  check('the story runs to its end', false, String(e.stack || e).slice(0, 800));
} finally {
  await d.end();
}

// A desk that begins empty: its first page makes the administrator.
const e = await desk({ demo: false });
try {
  const page = await e.page();
  await page.goto(e.base + '/');
  check('an empty desk leads to its first page', /setup/.test(page.url()), page.url());
  await e.look(page, new URL(page.url()).pathname, 'first');
  for (const [name, value] of [['product', 'Campus Help'], ['name', 'The administrator'], ['email', 'first@desk.example'], ['password', 'correct horse battery staple'], ['support_addr', 'help@desk.example']]) {
    const field = page.locator(`input[name=${name}]`);
    if (await field.count()) await field.fill(value);
  }
  await page.locator('main button.primary').click();
  await page.waitForLoadState();
  check('then there is a desk', /\/desk|sign-in/.test(page.url()), page.url() + (await page.content()).replace(/<[^>]+>/g, ' ').slice(0, 500));
  await page.goto(e.base + '/setup');
  check('and no second first page', !(await page.content()).includes('name="password"') || /sign-in/.test(page.url()));
} catch (x) {
  check('the first page works', false, String(x.stack || x).slice(0, 800));
} finally {
  await e.end();
}
tally();
