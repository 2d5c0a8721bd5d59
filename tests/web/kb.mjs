// The knowledge base as readers use it: shelves, a page of each kind, languages, a film with captions, tours of the demo
// site, a "no" that becomes work and a ticket. Without scripts where a reader has none.
import fs from 'node:fs';
import { check, desk, tally } from './_desk.mjs';

const d = await desk();
const { base } = d;
if (process.env.SHOTS) fs.mkdirSync(process.env.SHOTS, { recursive: true });
try {
  // Every kind has its page, in both schemes and at both widths.
  const kinds = ['/kb', '/kb?kind=faq', '/kb?q=certificates', '/kb?q=zzzz', '/kb/issue-certificates', '/kb/course-team-guide', '/kb/grading-policy', '/kb/copy-course', '/kb/add-a-video', '/kb/educators-documentation', '/kb/demo-site', '/kb/grading-policy/help?is=no'];
  for (const [name, options] of [['light-1440', {}], ['dark-390', { colorScheme: 'dark', viewport: { width: 390, height: 844 } }]]) {
    const p = await d.page(options);
    for (const where of kinds) await d.look(p, where, name);
    await p.close();
  }

  // Without scripts: front page, book, next page, Spanish.
  const plain = await d.page({ javaScriptEnabled: false });
  await plain.goto(base + '/kb');
  check('shelves are there', (await plain.locator('h2').count()) >= 6);
  await plain.goto(base + '/kb/course-team-guide');
  await plain.locator('a[rel=next]').click();
  check('a book is read page by page', /\/kb\/outline/.test(plain.url()), plain.url());
  await plain.locator('a[rel=next]').click();
  check('in its order', /grading-policy/.test(plain.url()), plain.url());
  check('with what is before it', (await plain.locator('a[rel=prev]').count()) === 1);
  await plain.locator('a[hreflang=es]').first().click();
  check('the same page in Spanish', (await plain.locator('html').getAttribute('lang')) === 'es' && /politica-calificacion/.test(plain.url()), plain.url());
  check('whose address says so', (await plain.locator('link[rel=canonical]').getAttribute('href'))?.includes('politica-calificacion'));
  check('other languages are told', (await plain.locator('link[rel=alternate][hreflang=en]').count()) === 1);

  // "No" says why, reaches whoever keeps the page, and leads to a person with the page named.
  await plain.goto(base + '/kb/grading-policy');
  await plain.getByRole('link', { name: 'No', exact: true }).or(plain.getByRole('button', { name: 'No', exact: true })).click();
  await plain.getByLabel('It is out of date').check();
  await plain.locator('textarea').fill('The menu has another name now.');
  await plain.getByRole('button', { name: 'Tell the writers' }).click();
  check('the reader is thanked', /Thank you/.test(await plain.locator('main').innerText()));
  check('and led to a person', ((await plain.getByRole('link', { name: 'Ask a person about it' }).getAttribute('href')) || '').includes('article='));
  await plain.close();

  // A page for customers, as nobody and as a customer; hosts of films in the policy only when they play.
  check('what is for customers is not there for others', (await fetch(base + '/kb/support-hours')).status === 404);
  const customer = await d.signIn('manager@campus.example');
  check('customers read it', (await customer.goto(base + '/kb/support-hours')).status() === 200);
  await customer.goto(base + '/kb/add-a-video');
  check('a film has captions', (await customer.locator('video track[kind=captions]').count()) >= 1 || (await customer.getByRole('link', { name: 'Play the film' }).count()) === 1);

  // A tour of the demo site leads to the very place.
  await customer.goto(base + '/kb/demo-site');
  const tours = await customer.locator('main a[href^="https://"]').evaluateAll((v) => v.map((a) => a.href));
  check('tours lead into the demo site', tours.some((u) => /^https:\/\/[^/]+\/.+/.test(u)), tours.join(' '));

  // Kept whole for everybody: the same name of the same bytes, and 304 for who has them.
  const first = await fetch(base + '/kb/issue-certificates'), again = await fetch(base + '/kb/issue-certificates');
  const tag = again.headers.get('etag');
  check('a page has a name', !!tag && (await first.text()) === (await again.text()));
  check('who has it gets no bytes', (await fetch(base + '/kb/issue-certificates', { headers: { 'If-None-Match': tag } })).status === 304);
} finally { await d.end(); }
tally();
