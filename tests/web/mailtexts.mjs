// Texts of mails: preview, a refusal that keeps what was written, saved, and back, without scripts; looked at narrow and dark.
import { check, desk, tally } from './_desk.mjs';

const d = await desk();
try {
  for (const [name, options] of [['light-1440', {}], ['dark-390', { viewport: { width: 390, height: 844 }, colorScheme: 'dark' }]]) {
    const p = await d.signIn('admin@desk.example', options);
    await d.look(p, '/desk/admin/mail-texts', name);
    await p.context().close();
  }
  const live = await d.signIn('admin@desk.example');
  await live.goto(d.base + '/desk/admin/mail-texts?kind=resolved&lang=en');
  await live.fill('#text', 'Solved so:\n\n{resolution}\n\n<b>{name}</b>');
  await live.waitForFunction(() => document.querySelector('#preview')?.textContent?.includes('<b>Ana Ruiz</b>'), null, { timeout: 60000 });
  check('the preview follows what one writes, marks are text', await live.locator('#preview b').count() === 0);
  await live.fill('#text', 'Solved so: {solution}');
  await live.waitForFunction(() => document.querySelector('[data-preview-said]')?.textContent?.includes('{solution}'), null, { timeout: 60000 });
  check('and says what cannot be filled in', (await live.inputValue('#text')) === 'Solved so: {solution}' && (await live.textContent('#preview')).includes('Ana Ruiz'));
  await live.context().close();
  const p = await d.signIn('admin@desk.example', { javaScriptEnabled: false });
  await p.goto(d.base + '/desk/admin');
  await p.click('text=Texts of mails');
  await p.click('a.row:has-text("Frame of a reply"):has-text("English")');
  await p.fill('#text', 'Dear {name},\n\n{message}\n\n<i>{product}</i>');
  await p.click('text=Preview');
  const shown = await p.textContent('#preview');
  check('the preview is filled in, marks are text', shown.includes('Dear Ana Ruiz,') && shown.includes('<i>'), shown);
  check('and what was written is still in the form', (await p.inputValue('#text')).includes('Dear {name}'));
  await p.fill('#text', '{message} {user.password}');
  await p.click('main >> text="Save"');
  check('what cannot be filled in is named', (await p.textContent('main')).includes('{user.password} cannot be filled into this mail.'));
  check('and stays in the form', await p.inputValue('#text') === '{message} {user.password}');
  await p.fill('#text', 'Dear {name},\n\n{message}');
  await p.click('main >> text="Save"');
  check('a good one is kept', await p.inputValue('#text') === 'Dear {name},\n\n{message}');
  await p.click('text=Back to the built-in text');
  check('and the built-in one comes back', (await p.inputValue('#text')).includes('Ticket {number}: {url}'));
} finally {
  await d.end();
}
tally();
