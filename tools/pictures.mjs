// Takes the README's pictures anew from a desk with demo data: CARREL=build/carrel node tools/pictures.mjs [FOLDER], into docs/img.
import path from 'node:path';
import { desk } from '../tests/web/_desk.mjs';

const to = path.resolve(process.argv[2] || 'docs/img');
const d = await desk();
try {
  const shot = async (p, name) => { await p.evaluate(() => document.fonts.ready); await p.screenshot({ path: path.join(to, `${name}.png`) }); };
  const agent = await d.signIn('agent@desk.example');
  await agent.goto(d.base + '/desk/views/all');
  await agent.locator('a', { hasText: 'Learners cannot submit' }).first().click();
  await agent.locator('#text').waitFor();
  await shot(agent, 'desk');
  await agent.goto(d.base + '/desk/board/incidents');
  await shot(agent, 'board');

  const customer = await d.signIn('manager@campus.example');
  await customer.goto(d.base + '/support/new');
  await customer.locator('input[name=kind][value=incident]').check();
  await customer.locator('main button.primary').first().click();
  await customer.locator('input[name=criticality][value="1"]').check();
  await customer.locator('main button.primary').first().click();
  await customer.locator('.pin').waitFor();
  await shot(customer, 'call');

  const reader = await d.page();
  await reader.goto(d.base + '/kb/issue-certificates');
  await shot(reader, 'kb');
  const phone = await d.signIn('operator@campus.example', { javaScriptEnabled: false, colorScheme: 'dark', viewport: { width: 390, height: 844 } });
  await phone.goto(d.base + '/support');
  await shot(phone, 'phone');
} finally { await d.end(); }
process.exit(0);
