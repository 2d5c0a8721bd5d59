// A known problem in a browser: an agent declares it, a customer of another account is affected, too, with one click; one
// update reaches both; it is solved, and the loop is closed. Who is not covered reads of it and gets the exact answer.
// SHOTS=FOLDER keeps pictures.
import { check, desk, tally } from './_desk.mjs';

const d = await desk();
try {
  const admin = await d.signIn('admin@desk.example');
  await admin.goto(d.base + '/desk/admin/accounts');
  await admin.getByRole('link', { name: /Uni Norte/ }).click();
  await admin.locator('a[href*="/desk/admin/subscriptions/"]').first().click();
  await admin.fill('input[name=valid_to]', '');
  await admin.getByRole('button', { name: 'Save' }).click();

  const campus = await d.signIn('manager@campus.example');
  await campus.goto(d.base + '/support/new');
  await campus.check('input[name=kind][value=incident]');
  await campus.click('main button.primary');
  await campus.check('input[name=criticality][value="3"]');
  await campus.click('main button.primary');
  await campus.fill('#summary', 'Our rector sees no videos');
  await campus.getByRole('button', { name: 'Send ticket' }).click();
  await campus.waitForURL(/support\/tickets\/CAR-/);
  const first = campus.url().match(/CAR-[\d-]+/)[0];

  const agent = await d.signIn('agent@desk.example');
  await agent.goto(`${d.base}/desk/tickets/${first}`);
  await agent.locator('summary', { hasText: 'Others have it, too' }).click();
  await agent.getByRole('button', { name: 'Make it a known problem' }).click();
  check('without a title it is refused', /Say in one line what customers notice/.test(await agent.content()));
  await agent.fill('#problem-title', 'Videos stall on all sites');
  await agent.fill('#problem-text', 'We see it and look for the cause.');
  await agent.getByRole('button', { name: 'Make it a known problem' }).click();
  check('it is one now', /It is a known problem now/.test(await agent.content()) && /1 account is affected/.test(await agent.content()));

  const free = await d.signIn('manager@colegio.example', { javaScriptEnabled: false });
  await free.goto(d.base + '/support');
  check('who has no support reads of it all the same', /Videos stall on all sites/.test(await free.content()));
  await free.getByRole('button', { name: "I'm affected too" }).click();
  check('and is told exactly why no ticket opens', /FREE|not part of|plan/i.test(await free.innerText('main')) && !/CAR-/.test(free.url()));

  const norte = await d.signIn('manager@norte.example', { javaScriptEnabled: false });
  await norte.goto(d.base + '/support');
  check('nothing of the first ticket is in the banner', /Videos stall on all sites/.test(await norte.content()) && !/rector/.test(await norte.content()));
  await norte.getByRole('button', { name: "I'm affected too" }).click();
  await norte.waitForURL(/support\/tickets\/CAR-/);
  const second = norte.url().match(/CAR-[\d-]+/)[0];
  check('one click, one ticket', second !== first && /This ticket is part of a known problem/.test(await norte.content()));
  await norte.goto(d.base + '/support');
  check('the banner leads to it from then on', (await norte.getByRole('link', { name: `Your ticket about it: ${second}` }).count()) === 1);

  await agent.goto(`${d.base}/desk/tickets/${first}`);
  check('the agent sees how many have it', /2 accounts are affected/.test(await agent.content()));
  await agent.locator('summary', { hasText: 'Tell all customers who have it' }).click();
  await agent.fill('#problem-text', 'It is a proxy; we replace it now.');
  await agent.getByRole('button', { name: 'Send the update' }).click();
  check('the update is on its way', /on its way to all tickets/.test(await agent.content()));
  const reads = async (p, number, words) => {
    for (let i = 0; i < 400; i++) {
      await p.goto(`${d.base}/support/tickets/${number}`);
      if ((await p.locator('article.msg', { hasText: words }).count()) === 1) return true;
      await p.waitForTimeout(250);
    }
    return false;
  };
  check('the first customer reads it', await reads(campus, first, 'It is a proxy'));
  check('so does the other one', await reads(norte, second, 'It is a proxy'));
  for (const [name, options] of [['light-1440', { colorScheme: 'light' }], ['dark-390', { colorScheme: 'dark', viewport: { width: 390, height: 844 } }]]) {
    const a = await d.signIn('agent@desk.example', options);
    await d.look(a, `/desk/tickets/${first}`, name);
    const c = await d.signIn('manager@norte.example', options);
    await d.look(c, '/support', name);
    await d.look(c, `/support/tickets/${second}`, name);
    await a.close();
    await c.close();
  }

  await agent.goto(`${d.base}/desk/tickets/${first}`);
  await agent.locator('summary', { hasText: /^Resolve/ }).first().click();
  await agent.fill('#resolve-resolution', 'The proxy of the videos is replaced.');
  await agent.locator('form[action$="/resolve"] button').click();
  let back = false;
  for (let i = 0; i < 400 && !back; i++) {
    await agent.goto(`${d.base}/desk/tickets/${second}`);
    back = /The known problem is solved\. Close the loop/.test(await agent.innerText('aside'));
    if (!back) await agent.waitForTimeout(250);
  }
  check('the other ticket is back with the agents', back);
  await agent.locator('summary', { hasText: /^Resolve/ }).first().click();
  check('with the words at hand', (await agent.inputValue('#resolve-resolution')) === 'The proxy of the videos is replaced.');
  await agent.goto(`${d.base}/desk/tickets/${first}`);
  await agent.fill('#problem-text', 'Videos play again. Thank you for your patience.');
  await agent.getByRole('button', { name: 'Resolve them all with these words' }).click();
  let solved = false;
  for (let i = 0; i < 400 && !solved; i++) {
    await norte.goto(`${d.base}/support/tickets/${second}`);
    solved = /Videos play again/.test(await norte.innerText('main'));
    if (!solved) await norte.waitForTimeout(250);
  }
  check('the loop is closed: the customer reads the resolution', solved);
  await norte.goto(d.base + '/support');
  check('the banner is gone', !/Known problem/.test(await norte.content()));

  // From the related tickets: the same problem, in one step.
  const report = async (summary, criticality) => {
    await campus.goto(d.base + '/support/new');
    await campus.check('input[name=kind][value=incident]');
    await campus.click('main button.primary');
    await campus.check(`input[name=criticality][value="${criticality}"]`);
    await campus.click('main button.primary');
    await campus.fill('#summary', summary);
    await campus.getByRole('button', { name: 'Send ticket' }).click();
    await campus.waitForURL(/support\/tickets\/CAR-/);
    return campus.url().match(/CAR-[\d-]+/)[0];
  };
  const mild = await report('The search finds nothing', 4), worse = await report('Search is empty for everybody', 3);
  await agent.goto(`${d.base}/desk/tickets/${mild}`);
  await agent.getByLabel(`Same problem: ${worse}`).check();
  await agent.locator('summary', { hasText: 'The ticked ones have the same problem' }).click();
  await agent.getByRole('button', { name: 'Join them' }).click();
  await agent.waitForLoadState();
  check('a new problem wants words for customers, at the field', (await agent.locator('#same-title-error').count()) === 1 && (await agent.locator('#errors a[href="#same-title"]').count()) === 1);
  check('what was ticked stays', await agent.getByLabel(`Same problem: ${worse}`).isChecked());
  for (const [scheme, width] of [['light', 1440], ['dark', 390]]) {
    await agent.emulateMedia({ colorScheme: scheme });
    await agent.setViewportSize({ width, height: 900 });
    await d.axe(agent, `same problem ${scheme} ${width}`);
    if (process.env.SHOTS) await agent.screenshot({ path: `${process.env.SHOTS}/same-${scheme}-${width}.png`, fullPage: true });
  }
  await agent.setViewportSize({ width: 1440, height: 900 });
  await agent.fill('#same-title', 'The search is empty');
  await agent.getByRole('button', { name: 'Join them' }).click();
  await agent.waitForLoadState();
  check('one step, and one sees the first ticket: the most critical', agent.url().includes(worse) && /These tickets are one known problem now/.test(await agent.content()) && (await agent.innerText('aside')).includes(mild));
  await campus.goto(`${d.base}/support/tickets/${mild}`);
  check('its customer reads the title, written for them', /The search is empty/.test(await campus.content()));
} catch (e) {
  check('the story goes through', false, String(e));
} finally {
  await d.end();
}
tally();
