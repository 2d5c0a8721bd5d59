// A page from the first word to the last: written and saved by itself, blocked by checks, reviewed, scheduled, published,
// translated, stale, an old revision back, into the bin and out of it; two who write at once; an article of a ticket.
import { check, desk, tally } from './_desk.mjs';

const d = await desk();
const { base } = d;

const flash = (p) => p.locator('.banner.ok').innerText().catch(() => '');
const status = (p) => p.locator('[data-kb-status]').innerText();
async function saved(p) {
  await p.waitForFunction(() => /^Saved \d/.test(document.querySelector('[data-kb-status]').textContent), null, { timeout: 20000 });
}
async function press(p, name) {
  await Promise.all([p.waitForNavigation(), p.getByRole('button', { name, exact: true }).click()]);
}
const seen = async (path, who = {}) => (await fetch(base + path, { redirect: 'manual', ...who })).status;

try {
  const ann = await d.signIn('agent@desk.example'), ben = await d.signIn('admin@desk.example');

  // A new page, by the keyboard.
  await ann.goto(base + '/desk/kb');
  await ann.keyboard.press('c');
  await ann.waitForURL(/kb\/new/);
  await ann.focus('#title');
  await ann.keyboard.type('Peer grading, step by step');
  await ann.selectOption('#kind', 'article');
  await ann.keyboard.press('Enter');
  await ann.waitForURL(/\/desk\/kb\/\d+\/en$/);
  const url = ann.url();
  check('the address is made of the title', (await ann.inputValue('#slug')) === 'peer-grading-step-by-step');

  // Writing: it saves by itself, the preview follows, keys format.
  await ann.focus('#markdown');
  await ann.keyboard.type('## Before\n\n#### Too deep\n\n[there](kb:not-there) and ');
  await ann.keyboard.press('Control+b');
  await ann.keyboard.type('bold');
  await saved(ann);
  check('what is bold stands between stars', (await ann.inputValue('#markdown')).endsWith('**bold**'));
  await ann.waitForFunction(() => document.querySelector('#kb-preview strong')?.textContent === 'bold');
  check('the preview shows headings', (await ann.locator('#kb-preview h2', { hasText: 'Before' }).count()) === 1);
  check('the checks stand below it', (await ann.locator('#kb-preview .kbstop').count()) >= 2);
  await ann.reload();
  check('a reload shows what was saved', (await ann.inputValue('#markdown')).includes('Too deep'));

  // Two at once.
  await ben.goto(url);
  await ben.fill('#summary', 'How learners grade each other');
  await saved(ben);
  await ann.focus('#markdown');
  await ann.keyboard.press('Control+End');
  await ann.keyboard.type('\n\nAnn was here.');
  await ann.waitForFunction(() => /Somebody else/.test(document.querySelector('[data-kb-status]').textContent), null, { timeout: 20000 });
  await press(ann, 'Save');
  check('both texts are shown', (await ann.locator('#conflict').count()) === 1 && (await ann.inputValue('#markdown')).includes('Ann was here.'));
  await ann.fill('#summary', 'How learners grade each other');
  await press(ann, 'Save');
  check('and saved together', (await ann.inputValue('#markdown')).includes('Ann was here.') && (await ann.inputValue('#summary')).startsWith('How learners'), await flash(ann));

  // Checks block.
  await ann.goto(url + '/publish');
  check('what blocks is named', /not-there/.test(await ann.locator('#checks').innerText()));
  check('the button is off', await ann.getByRole('button', { name: 'Publish now' }).isDisabled());
  await ann.goto(url);
  await ann.fill('#markdown', '## Before\n\nChoose a rubric.\n\n### Then\n\nLearners grade **three** others of {{course.id}}.\n');
  await saved(ann);

  // A picture: what it shows has to be said.
  const png = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAIAAABLbSncAAAAEUlEQVR4nGM4cecDVsQwtCQAboilAevqanQAAAAASUVORK5CYII=', 'base64');
  await ann.goto(url);
  await ann.focus('#markdown');
  await ann.keyboard.press('Control+End');
  await ann.locator('#kb-media summary').click();
  await ann.setInputFiles('#file', { name: 'rubric.png', mimeType: 'image/png', buffer: png });
  await ann.getByRole('button', { name: 'Keep the file' }).click();
  await ann.waitForFunction(() => document.querySelector('#kb-upload-error').textContent !== '');
  check('a picture without words is refused', /what the picture shows/i.test(await ann.locator('#kb-upload-error').innerText()), await ann.locator('#kb-upload-error').innerText());
  await ann.fill('#alt', 'A rubric with three rows');
  await ann.getByRole('button', { name: 'Keep the file' }).click();
  await ann.waitForFunction(() => /!\[A rubric with three rows\]\(media:/.test(document.querySelector('#markdown').value));
  await saved(ann);
  await ann.waitForFunction(() => document.querySelector('#kb-preview img')?.naturalWidth === 8);
  check('it stands in the preview', (await ann.locator('#kb-preview img').getAttribute('alt')) === 'A rubric with three rows');

  // Review: asked, returned, asked again, published by the other.
  await ann.goto(url + '/publish');
  check('nothing blocks', (await ann.locator('#checks .kbstop').count()) === 0, await ann.locator('#checks').innerText());
  await ann.fill('#text', 'Please look.');
  await press(ann, 'Ask for a review');
  await ben.goto(url + '/publish');
  await ben.fill('#text', 'Say which rubric.');
  await press(ben, 'Return with this comment');
  await ann.goto(url);
  check('the comment is there', /Say which rubric/.test(await ann.locator('#comments').innerText()));
  await press(ann, 'Dealt with Administrator');
  check('and dealt with', /dealt with/.test(await ann.locator('#comments').innerText()));
  check('no reader yet', (await seen('/kb/peer-grading-step-by-step')) === 404);
  await ben.goto(url + '/properties');
  await ben.selectOption('#visibility', 'public');
  await press(ben, 'Save');
  check('a draft stays a draft, whoever may read it', (await seen('/kb/peer-grading-step-by-step')) === 404);

  // Scheduled in a moment that is over is refused; for later it waits; then now.
  await ben.goto(url + '/publish');
  await ben.fill('#publish_at', '2020-01-01T10:00');
  await press(ben, 'Publish at that time');
  check('the past is refused', /is over/.test(await ben.locator('#errors').innerText()));
  await ben.fill('#publish_at', '2099-01-01T10:00');
  await press(ben, 'Publish at that time');
  check('it waits', (await ben.locator('[data-kb-state]').innerText()) === 'Scheduled' && (await seen('/kb/peer-grading-step-by-step')) === 404);
  await ben.fill('#publish_at', '');
  await ben.fill('#note', 'First edition');
  await press(ben, 'Publish now');
  check('published', (await ben.locator('[data-kb-state]').innerText()) === 'Published' && (await seen('/kb/peer-grading-step-by-step')) === 200, await flash(ben));

  // Translation, stale, what changed.
  await ann.goto(url);
  await ann.selectOption('select[name=lang]', 'es');
  await press(ann, 'Translate');
  check('the source stands beside it', (await ann.locator('.kbsource textarea').inputValue()).includes('Choose a rubric.'));
  await ann.fill('#title', 'Evaluación por pares');
  await ann.fill('#slug', 'evaluacion-por-pares');
  await ann.fill('#markdown', '## Antes\n\nElija una rúbrica.\n');
  await press(ann, 'Save, then check and publish');
  await press(ann, 'Publish now');
  check('the translation is read', (await seen('/kb/evaluacion-por-pares', { headers: { 'Accept-Language': 'es' } })) === 200);
  const es = ann.url().replace('/publish', '');
  await ann.goto(url);
  await ann.fill('#markdown', '## Before\n\nChoose one of the rubrics.\n\n### Then\n\nLearners grade **three** others.\n');
  await press(ann, 'Save, then check and publish');
  await press(ann, 'Publish now');
  const behind = async () => /older than its source|anterior a su original/.test(await (await fetch(base + '/kb/evaluacion-por-pares', { headers: { 'Accept-Language': 'es' } })).text());
  check('readers are told', await behind());
  await ann.goto(es);
  check('it is stale', /source changed/.test(await ann.locator('.banner.warn').innerText()));
  await ann.locator('.banner.warn summary').click();
  check('and what changed is shown', (await ann.locator('.banner.warn ins').count()) > 0);
  await ann.check('input[name=follows]');
  await press(ann, 'Save, then check and publish');
  await press(ann, 'Publish now');
  await ann.goto(es);
  check('and readers are told no more', !(await behind()));
  check('then it is not', (await ann.locator('.banner.warn').count()) === 0);

  // An older revision.
  await ann.goto(url + '/history?from=1&to=2');
  check('side by side', (await ann.locator('.kbdiff del').count()) > 0 && (await ann.locator('.kbdiff ins').count()) > 0);
  await press(ann, 'Restore revision 1');
  check('the old text is the draft', (await ann.inputValue('#markdown')).includes('Choose a rubric.'));

  // A new address; the old one leads there.
  await ann.fill('#slug', 'peer-grading');
  await press(ann, 'Save, then check and publish');
  await press(ann, 'Publish now');
  check('the new address', (await seen('/kb/peer-grading')) === 200);
  const old = await fetch(base + '/kb/peer-grading-step-by-step', { redirect: 'manual' });
  check('the old one leads there', old.status === 301 && old.headers.get('location') === '/kb/peer-grading', `${old.status} ${old.headers.get('location')}`);

  // Bin and back.
  await press(ann, 'Page to the recycle bin, all languages');
  check('nobody reads it', (await seen('/kb/peer-grading')) === 404);
  await ann.goto(base + '/desk/kb?bin=1');
  await ann.locator('.list a', { hasText: 'Peer grading' }).click();
  await press(ann, 'Restore');
  check('as it was', (await seen('/kb/peer-grading')) === 200);

  // An article of a ticket: what is personal is shown, and out.
  await ann.goto(base + '/desk/views/all');
  await ann.locator('.list a, .q a', { hasText: 'Video thumbnails are blurry' }).first().click();
  await ann.waitForLoadState();
  await ann.getByRole('link', { name: 'Make an article of this ticket' }).click();
  await ann.waitForURL(/article$/);
  check('question and solution', /transcoding profile/.test(await ann.locator('#kb-left').innerText()));
  await press(ann, 'Make a draft of it');
  check('a draft for agents', /Agents only/.test(await ann.locator('header').nth(1).innerText()), ann.url());

  // What all this looks like.
  for (const [w, name] of [[1440, 'wide'], [390, 'narrow']])
    for (const scheme of ['light', 'dark']) {
      const p = await d.signIn('admin@desk.example', { viewport: { width: w, height: 900 }, colorScheme: scheme });
      const at = new URL(url).pathname, other = new URL(es).pathname;
      for (const path of ['/desk/kb', '/desk/kb?view=tree', '/desk/kb/new', at, other, at + '/publish', at + '/properties', at + '/history', '/desk/admin/kb-templates'])
        await d.look(p, path, `${name}-${scheme}`);
      await p.context().close();
    }
} catch (e) {
  check('the story goes to its end', false, String(e.stack || e));
} finally {
  await d.end();
}
tally();
