// Teams: an administrator makes one without JavaScript, an agent gives a ticket to it and finds it among the tickets of
// the team, the timeline says so; the team's end moves what is open and refuses while a policy pages it. SHOTS=FOLDER
// keeps pictures.
import { check, desk, tally } from './_desk.mjs';

const d = await desk();
const looks = [['light-1440', { colorScheme: 'light' }], ['dark-390', { colorScheme: 'dark', viewport: { width: 390, height: 844 } }]];
// Whatever the click was: the page that follows says it.
const says = (p, words, where = 'main') => p.locator(where, { hasText: words }).first().waitFor({ timeout: 60000 }).then(() => true, () => false);
try {
  const admin = await d.signIn('admin@desk.example', { javaScriptEnabled: false });
  await admin.goto(d.base + '/desk/admin/teams');
  const rows = await admin.locator('table.data tbody tr').allInnerTexts();
  check('the demo has two teams with their members and open tickets', rows.length === 2 && /Courses.*\b1\b.*\b1\b/s.test(rows[0]) && /Platform.*\b2\b.*\b2\b/s.test(rows[1]), rows.join('|'));
  await admin.fill('#name', 'Courses');
  await admin.getByRole('button', { name: 'Add', exact: true }).click();
  check('a name that is there is refused', await says(admin, /There is a team of this name already/));
  check('what was typed is kept', (await admin.inputValue('#name')) === 'Courses');
  await admin.fill('#name', 'Billing');
  await admin.fill('#about', 'Invoices');
  await admin.getByLabel('Agent', { exact: true }).check();
  await admin.getByRole('button', { name: 'Add', exact: true }).click();
  check('the team is there', (await says(admin, /The team is there/)) && (await says(admin, /Billing/, 'table.data')));
  await admin.getByRole('link', { name: 'Billing', exact: true }).click();
  await admin.waitForURL(/teams\/\d+$/);
  check('its member is ticked', await admin.getByLabel('Agent', { exact: true }).isChecked());
  const team = admin.url().match(/\d+$/)[0];

  const agent = await d.signIn('agent@desk.example');
  await agent.goto(d.base + '/desk/views/all');
  await agent.getByText('How do we copy a course').first().click();
  await agent.waitForURL(/tickets\/CAR-/);
  await agent.getByText('Give it to a team').click();
  await agent.selectOption('#team-team', { label: 'Billing' });
  await agent.getByRole('button', { name: 'Set the team' }).click();
  check('the timeline says it', await says(agent, /Agent gave the ticket to the team Billing/, '.thread'));
  const ticket = agent.url().replace(d.base, '');
  await agent.goto(d.base + '/desk/views/teams');
  check('my teams have it', /How do we copy a course/.test(await agent.innerText('main')));
  check('the row names the team', /team Billing/.test(await agent.innerText('main')));
  await agent.selectOption('#list-team', { label: 'Billing' });
  await agent.getByRole('button', { name: 'Show' }).click();
  await agent.waitForURL(/team=\d/);
  check('one team alone', (await agent.locator('[data-row]').count()) === 1, await agent.innerText('main'));
  await agent.goto(d.base + '/desk/views/incidents?team=' + team);
  check('a list where it has none says so', /No ticket of this team is in this list/.test(await agent.innerText('main')));

  await admin.goto(d.base + '/desk/admin/mail-rules');
  await admin.selectOption('#field', 'to');
  await admin.fill('#contains', 'billing@');
  await admin.selectOption('#kind', 'same');
  await admin.selectOption('#team', { label: 'Billing' });
  await admin.getByRole('button', { name: 'Add', exact: true }).click();
  check('a rule names the team', await says(admin, /billing@.*Billing/s, 'table.data'));
  await admin.goto(d.base + '/desk/admin/teams/' + team);
  check('its end says what it touches', /1 open ticket and the rules for mail go where you say/.test(await admin.innerText('main')) && /1 rule for mail names it/.test(await admin.innerText('main')), await admin.innerText('main'));
  for (const [name, options] of looks) {
    const p = await d.signIn('admin@desk.example', options);
    for (const where of ['/desk/admin/teams', '/desk/admin/teams/' + team, '/desk/admin/mail-rules', '/desk/views/teams', ticket]) await d.look(p, where, name);
    await p.context().close();
  }
  const other = await admin.context().newPage();
  await other.goto(d.base + '/desk/admin/oncall/policies/new');
  await other.fill('#name', 'Billing first');
  await other.selectOption('#s0_target', 'team:' + team);
  await other.locator('main .btn.primary').click();
  await other.waitForURL(/policies\/\d+$/);
  const policy = other.url();
  await admin.selectOption('#to', { label: 'Platform' });
  await admin.getByRole('button', { name: 'Remove the team' }).click();
  check('a team that a policy pages is not removed', (await says(admin, /A policy of on call pages this team/)) && (await admin.getByRole('link', { name: 'Billing first' }).count()) === 1);
  check('and cannot be', (await admin.getByRole('button', { name: 'Remove the team' }).count()) === 0);
  await other.goto(policy);
  await other.selectOption('#s0_target', 'assignee');
  await other.locator('main .btn.primary').click();
  check('the policy is changed', await says(other, /Saved\./));
  await admin.goto(d.base + '/desk/admin/teams/' + team);
  await admin.selectOption('#to', { label: 'Platform' });
  await admin.getByRole('button', { name: 'Remove the team' }).click();
  check('it is gone', (await says(admin, /The team is removed/)) && !/Billing/.test(await admin.innerText('table.data')));
  await agent.goto(d.base + ticket);
  check('its ticket went along', /gave the ticket to the team Platform/.test(await agent.innerText('.thread')));
} catch (e) {
  check('the story runs to its end', false, e.stack);
}
await d.end();
tally();
