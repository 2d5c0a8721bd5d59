// Duty as forms, in a browser without scripts: a schedule with layers, hours and a temporary schedule, what is wrong at its
// field with nothing lost, gaps and a preview before saving; an override; a policy with its steps. SHOTS=FOLDER keeps pictures.
import { check, desk, tally } from './_desk.mjs';

const d = await desk();
const at = '/desk/admin/oncall';
const day = (n) => new Date(Date.now() + n * 86400e3).toISOString().slice(0, 10);
try {
  const p = await d.signIn('admin@desk.example', { javaScriptEnabled: false });
  const press = async (name) => { await p.getByRole('button', { name, exact: true }).first().click(); await p.waitForLoadState(); };
  await p.goto(d.base + at);
  await p.getByRole('link', { name: 'New schedule' }).click();
  await p.waitForLoadState();

  // What is wrong stands at its field, and what was typed stays.
  await p.fill('#l0_name', 'Días');
  await p.fill('#zone', 'America/Bogotá');
  await p.fill('#l0_handoff', '');
  await p.locator('summary', { hasText: 'Only at certain hours' }).click();
  await p.fill('#l0_mon', '08:00-12:00, 13:00');
  await p.locator('main .btn.primary').click();
  await p.waitForLoadState();
  check('all that is wrong is listed', (await p.locator('#errors li').count()) === 5, await p.locator('#errors').innerText());
  for (const id of ['name', 'zone', 'l0_handoff', 'l0_person', 'l0_mon'])
    check(`${id} says what is wrong beside it`, (await p.locator(`#${id}-error`).count()) === 1 && (await p.locator(`#errors a[href="#${id}"]`).count()) === 1);
  check('what was typed stays', (await p.inputValue('#l0_mon')) === '08:00-12:00, 13:00' && (await p.inputValue('#l0_name')) === 'Días' && (await p.inputValue('#zone')) === 'America/Bogotá');
  check('nothing is shown that would not be saved', (await p.locator('#next').count()) === 0);

  await p.fill('#name', 'Second line');
  await p.fill('#zone', 'America/Bogota');
  await p.fill('#l0_handoff', '09:00');
  await p.fill('#l0_start', day(-3));
  for (const key of ['mon', 'tue', 'wed', 'thu', 'fri'])
    await p.fill(`#l0_${key}`, '08:00-12:00, 13:00-18:00');
  await p.selectOption('#l0_person', { index: 1 });
  await p.selectOption('#l0_person_1', { index: 2 });
  const [one, two] = [await p.locator('#l0_person option:checked').innerText(), await p.locator('#l0_person_1 option:checked').innerText()];
  await press('See who would be on duty');
  check('gaps are told before anything is saved', /there are \d+ gaps/.test(await p.locator('#next .banner').innerText()));
  check('with when they are', (await p.locator('#next .banner li').count()) === 11);
  check('nothing is saved yet', p.url().endsWith('/new'));
  await press('Another layer');
  check('a layer more, nothing lost', (await p.locator('fieldset').count()) === 2 && (await p.inputValue('#l0_fri')) === '08:00-12:00, 13:00-18:00');
  await p.selectOption('#l1_person', { label: two });
  await p.fill('#l1_start', day(-3));
  await p.selectOption('#l1_rotation', 'hours');
  await p.fill('#l1_every', '12');
  await p.locator('#layer1').getByRole('button', { name: /Move up/ }).click();
  await p.waitForLoadState();
  check('layers change places', (await p.inputValue('#l1_name')) === 'Días' && (await p.inputValue('#l0_every')) === '12');
  await press('A temporary schedule');
  await p.selectOption('#l2_person', { label: one });
  await p.fill('#l2_start', day(2));
  await p.fill('#l2_until', day(1));
  await p.locator('main .btn.primary').click();
  await p.waitForLoadState();
  check('a temporary schedule ends after it begins', (await p.locator('#l2_until-error').count()) === 1);
  await p.fill('#l2_until', day(4));
  await p.locator('main .btn.primary').click();
  await p.waitForLoadState();
  check('saved', /\/schedules\/\d+$/.test(p.url()) && (await p.locator('#errors').count()) === 0);
  check('what is saved is shown', (await p.locator('fieldset').count()) === 3 && (await p.inputValue('#l1_fri')) === '08:00-12:00, 13:00-18:00' && (await p.inputValue('#l2_until')) === day(4));
  check('without a gap', (await p.locator('#next .banner').count()) === 0 && (await p.locator('#next tbody tr').count()) > 3);
  const schedule = p.url().slice(d.base.length);

  // Somebody else saved meanwhile.
  const q = await p.context().newPage();
  await q.goto(d.base + schedule);
  await q.fill('#name', 'Second line, nights');
  await q.locator('main .btn.primary').click();
  await q.waitForLoadState();
  await p.fill('#name', 'Second line of Bogota');
  await p.locator('main .btn.primary').click();
  await p.waitForLoadState();
  check('two who save at once lose nothing', /Somebody else changed this schedule/.test(await p.content()) && (await p.inputValue('#name')) === 'Second line of Bogota');
  await p.goto(d.base + schedule);
  check('the first one stands', (await p.inputValue('#name')) === 'Second line, nights');

  // A schedule written as text keeps what a form cannot show.
  await p.goto(d.base + at);
  await p.locator('summary', { hasText: 'As text' }).click();
  const add = p.locator('details:has(> form input[name=do][value=schedule]):has(input[name=id][value="0"])');
  await add.locator('summary').click();
  await add.locator('input[name=name]').fill('Text');
  await add.locator('textarea').fill('[{"rotation":"daily","start":"2026-01-05","agents":[1],"during":{"always":true,"holidays":["12-25"]}}]');
  await add.getByRole('button').click();
  await p.waitForLoadState();
  await p.getByRole('link', { name: /^Text/ }).click();
  await p.waitForLoadState();
  await p.fill('#l0_name', 'Named');
  await p.locator('main .btn.primary').click();
  await p.waitForLoadState();
  await p.goto(d.base + at);
  check('holidays of a layer are kept', (await p.content()).includes('holidays&quot;:[&quot;12-25&quot;]') || (await p.content()).includes('"holidays":["12-25"]'), '');

  // An override that is refused keeps what was typed.
  const number = schedule.match(/\d+$/)[0];
  await p.goto(d.base + '/desk/oncall');
  const card = p.locator(`section:has(> h2#s${number})`);
  await card.locator('summary', { hasText: 'Somebody else for a time' }).click();
  await p.selectOption(`#agent${number}`, { label: two });
  await p.selectOption(`#instead${number}`, { label: one });
  await p.fill(`#from${number}`, day(3) + 'T08:00');
  await p.fill(`#to${number}`, day(2) + 'T08:00');
  await card.getByRole('button', { name: 'Save' }).click();
  await p.waitForLoadState();
  check('an override that ends before it begins says so at its end', (await p.locator(`#to${number}-error`).count()) === 1);
  check('and keeps who', (await p.locator(`#agent${number} option:checked`).innerText()) === two && (await p.locator(`#instead${number} option:checked`).innerText()) === one && (await p.inputValue(`#from${number}`)) === day(3) + 'T08:00');
  check('only there', (await p.locator('.errmsg').count()) === 1);
  await p.fill(`#to${number}`, day(4) + 'T08:00');
  await p.locator(`section:has(> h2#s${number})`).getByRole('button', { name: 'Save' }).click();
  await p.waitForLoadState();
  check('an override stands', /instead of/.test(await p.locator(`section:has(> h2#s${number})`).innerText()));

  // A policy.
  await p.goto(d.base + at);
  await p.getByRole('link', { name: 'New policy' }).click();
  await p.waitForLoadState();
  await p.fill('#s0_delay', '20000');
  await p.fill('#s0_hooks', 'ftp://example');
  await p.fill('#repeat', '1000');
  await p.locator('main .btn.primary').click();
  await p.waitForLoadState();
  for (const id of ['name', 's0_delay', 's0_hooks', 'repeat'])
    check(`policy: ${id} says what is wrong beside it`, (await p.locator(`#${id}-error`).count()) === 1);
  check('policy: what was typed stays', (await p.inputValue('#s0_hooks')) === 'ftp://example' && (await p.inputValue('#repeat')) === '1000');
  await p.fill('#name', 'Nights');
  await p.fill('#repeat', '2');
  await p.fill('#s0_delay', '0');
  await p.fill('#s0_hooks', 'https://chat.example/hook');
  await p.selectOption('#s0_target', { label: 'On duty: Second line, nights' });
  await press('Another step');
  await p.locator('main .btn.primary').click();
  await p.waitForLoadState();
  check('a step pages somebody', (await p.locator('#s1_target-error').count()) === 1);
  await p.selectOption('#s1_target', 'supervisors');
  await p.selectOption('#s1_target_1', 'assignee');
  await p.locator('main .btn.primary').click();
  await p.waitForLoadState();
  check('a policy is saved', /\/policies\/\d+$/.test(p.url()) && (await p.inputValue('#s1_target_1')) === 'assignee' && /10 minutes after the beginning/.test(await p.content()));
  check('its webhook, too', (await p.inputValue('#s0_hooks')).trim() === 'https://chat.example/hook');
  const policy = p.url().slice(d.base.length);

  const admin = await d.signIn('admin@desk.example');
  for (const scheme of ['light', 'dark'])
    for (const width of [390, 1440]) {
      await admin.emulateMedia({ colorScheme: scheme });
      await admin.setViewportSize({ width, height: 900 });
      for (const where of [at, schedule, policy, '/desk/oncall'])
        await d.look(admin, where, `${scheme}-${width}`);
    }
} catch (e) {
  check('the story ran to its end', false, e.stack);
} finally {
  await d.end();
}
tally();
