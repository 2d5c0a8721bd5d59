// The knowledge base as readers use it: shelves, a page of each kind, languages, a film with captions, tours of the demo
// site, a "no" that becomes work and a ticket. Without scripts where a reader has none.
import http from 'node:http';
import fs from 'node:fs';
import { check, desk, tally } from './_desk.mjs';

const d = await desk({ flags: (port) => ['--kb-url', `http://127.0.0.1:${port}`] });
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

  // The page that was not enough comes along with the ticket.
  await customer.goto(base + '/kb/grading-policy/help?is=no');
  await customer.getByRole('link', { name: 'Ask a person about it' }).click();
  check('the page is named', /Set the grading policy|Defina la calif/.test(await customer.locator('main .banner').innerText()));
  await customer.locator('input[name=kind][value=request]').check();
  await customer.locator('main button.primary').first().click();
  await customer.waitForURL(/details/);
  check('it stays named', (await customer.locator('main .banner a').getAttribute('href')) === '/kb/grading-policy');
  await customer.fill('input[name=summary]', 'certificates');
  const offered = customer.locator('#answers button', { hasText: /This solved it|Esto lo resolvi/ });
  await offered.first().waitFor();
  check('answers are offered while the summary is typed', (await customer.locator('#answers a').first().getAttribute('href')).startsWith('/kb/'));
  check('and the ticket can be sent all the same', await customer.getByRole('button', { name: /Send ticket|Enviar/ }).isVisible());
  await d.axe(customer, 'answers while a ticket is written');
  await customer.fill('input[name=summary]', 'The weights do not add up');
  await customer.getByRole('button', { name: /Send ticket|Enviar/ }).click();
  await customer.waitForURL(/support\/tickets\/CAR-/);
  const number = customer.url().match(/CAR-\d+-\d/)[0];

  // Agents: the page that was read, "?" in the answer, what it was used for, what readers said.
  const agent = await d.signIn('agent@desk.example');
  await agent.goto(`${base}/desk/tickets/${number}`);
  const side = agent.locator('aside section', { has: agent.locator('h2', { hasText: 'Knowledge base' }) });
  check('agents see what was read', /grading policy[\s\S]*not enough/i.test(await side.innerText()));
  const box = agent.locator('textarea[name=text]');
  await box.click();
  await box.pressSequentially('Please read ?certificates');
  await agent.locator('.pick li').first().waitFor();
  await d.axe(agent, 'articles in the composer');
  await agent.keyboard.press('Enter');
  check('the link is in the text', /\/kb\/issue-certificates $/.test(await box.inputValue()), await box.inputValue());
  await agent.getByRole('button', { name: /^Send reply|^Send/ }).first().click();
  await agent.waitForURL(/#m\d+/);
  check('and the article is the ticket\'s', /certificates[\s\S]*answered with it/i.test(await side.innerText()));
  await agent.goto(base + '/desk/kb');
  await agent.getByRole('link', { name: /Issue certificates/ }).first().click();
  await agent.getByRole('link', { name: 'Use', exact: true }).click();
  check('the page knows its ticket', (await agent.locator('main').innerText()).includes(number));
  await d.look(agent, '/desk/kb/reports', 'light-1440');
  const numbers = await agent.evaluate(async () => (await fetch('/desk/kb/reports?as=csv')).text());
  check('numbers as CSV', /grading-policy/.test(numbers));
  check('what was offered while a ticket was written is counted at once', Number(numbers.split('\r\n').find((l) => l.startsWith('"issue-certificates"'))?.split(',')[4]) > 0, numbers);
  await d.look(agent, '/desk/kb/words', 'light-1440');
  check('what the reader said is work', /The menu has another name now/.test(await agent.locator('main').innerText()));
  await agent.getByRole('button', { name: /Dealt with/ }).first().click();
  await agent.waitForLoadState();
  check('until it is done', !/The menu has another name now/.test(await agent.locator('main').innerText()));

  // Solved by an article: nothing is sent.
  await customer.goto(base + '/support/new?q=certificates');
  await customer.getByRole('button', { name: /This solved it|Esto lo resolvi/ }).first().click();
  await customer.waitForURL(/\/support$/);
  check('nothing was sent', /Nothing was sent|No se envi/.test(await customer.locator('main').innerText()));

  // Searching: mistyped, with and without scripts; by the keyboard; what is looked for in vain is seen by agents.
  const seeker = await d.page({ javaScriptEnabled: false });
  await seeker.goto(base + '/kb');
  await seeker.fill('#q', 'certifcates');
  await seeker.locator('form.search button').first().click();
  check('a mistyped word is understood', (await seeker.getByRole('link', { name: 'certificates', exact: true }).count()) === 1);
  check('its words are marked', (await seeker.locator('.kbhits mark').count()) >= 1);
  await seeker.locator('.kbfacet').first().getByRole('link', { name: /Technical articles/ }).click();
  check('only of one kind', /kind=article/.test(seeker.url()) && (await seeker.locator('.kbhits li').count()) === 1);
  await seeker.locator('.kbhits a').first().click();
  check('it says for which releases it holds', /Holds for: Redwood, Sumac/.test(await seeker.locator('article').innerText()));
  check('the hit is opened', /\/kb\/issue-certificates/.test(seeker.url()), seeker.url());
  await seeker.goto(base + '/kb?q=quokka+habitat');
  check('nothing found leads to a person', (await seeker.getByRole('link', { name: 'Ask a person' }).count()) === 1 && (await seeker.locator('main .list a').count()) > 0);
  await seeker.close();
  const typist = await d.page();
  await typist.goto(base + '/kb');
  await typist.locator('#q').pressSequentially('certif');
  await typist.locator('.pick li').first().waitFor();
  await d.axe(typist, 'pages while one types');
  await typist.keyboard.press('ArrowDown');
  await typist.keyboard.press('Enter');
  await typist.waitForURL(/\/kb\/issue-certificates/);
  await typist.close();
  for (const where of ['/desk/search?q=certificates', '/desk/kb/gaps', '/desk/kb/finding']) await d.look(agent, where, 'light-1440');
  await agent.goto(base + '/desk/search?q=certificates');
  check('one box finds articles, too', /Issue certificates/.test(await agent.locator('main').innerText()));
  await agent.goto(base + '/desk/kb/finding');
  await agent.fill('#words', 'diploma, certificate');
  await agent.getByRole('button', { name: 'Add' }).first().click();
  await agent.getByRole('button', { name: 'Remove diploma, certificate' }).waitFor();
  await agent.fill('#pin-words', 'diplomas');
  await agent.fill('#page', '/kb/grading-policy');
  await agent.getByRole('button', { name: 'Add' }).last().click();
  await agent.getByRole('button', { name: 'Remove diplomas' }).waitFor();
  await agent.goto(base + '/kb?q=diplomas');
  check('a synonym finds, the chosen page is first', (await agent.locator('.kbhits b').count()) > 1 && /grading policy/.test(await agent.locator('.kbhits b').first().innerText()));

  // A tour of the demo site leads to the very place.
  await customer.goto(base + '/kb/demo-site');
  const tours = await customer.locator('main a[href^="https://"]').evaluateAll((v) => v.map((a) => a.href));
  check('tours lead into the demo site', tours.some((u) => /^https:\/\/[^/]+\/.+/.test(u)), tours.join(' '));

  // Kept whole for everybody: the same name of the same bytes, and 304 for who has them.
  const first = await fetch(base + '/kb/issue-certificates'), again = await fetch(base + '/kb/issue-certificates');
  const tag = again.headers.get('etag');
  check('a page has a name', !!tag && (await first.text()) === (await again.text()));
  check('who has it gets no bytes', (await fetch(base + '/kb/issue-certificates', { headers: { 'If-None-Match': tag } })).status === 304);

  // For programs: a feed, the list of pages, what search engines may read; and a page as one file.
  const text = async (where) => { const r = await fetch(base + where); return r.status === 200 ? r.text() : ''; };
  const parsed = async (where) => { const p = await d.page(); await p.goto(base + '/kb'); const v = await p.evaluate(async (u) => { const t = await (await fetch(u)).text(); const x = new DOMParser().parseFromString(t, 'application/xml'); return x.querySelector('parsererror') ? null : [...x.querySelectorAll('entry title, url loc, sitemap loc')].map((e) => e.textContent); }, where); await p.close(); return v; };
  // Ten packets or so are there before anything is acknowledged: the text of a page comes with them.
  for (const page of ['/kb', '/kb/issue-certificates', '/kb?q=certificates']) {
    const size = await new Promise((ok, no) => http.get(base + page, { headers: { 'accept-encoding': 'gzip' } }, (r) => { let n = 0; r.on('data', (c) => { n += c.length; }); r.on('end', () => ok(r.headers['content-encoding'] === 'gzip' ? n : NaN)); }).on('error', no));
    check(`${page} is at most 14 KB, compressed`, size <= 14336, size);
  }
  check('the feed is well-formed and has what is public', (await parsed('/kb/feed.atom?lang=es'))?.includes('Defina la calificación'));
  check('and no more', !/support-hours|restart-workers/.test((await text('/kb/feed.atom')) + (await text('/kb/sitemap.xml?part=0'))));
  check('the list of pages has parts', (await parsed('/sitemap.xml'))?.some((u) => u.includes('/kb/sitemap.xml?part=0')));
  check('a part has both languages', (await parsed('/kb/sitemap.xml?part=0'))?.filter((u) => /grading-policy|politica-calificacion/.test(u)).length === 2);
  check('robots learn where it is', /Sitemap: http.*\/sitemap\.xml/.test(await text('/robots.txt')));
  const saved = await text('/kb/grading-policy/saved');
  check('a page is one file', /<style>/.test(saved) && !/<script|<link|src="\//.test(saved) && saved.includes(`href="${base.replace('localhost', '127.0.0.1')}/kb/issue-certificates`), saved.slice(-600));

  // The knowledge base under a name of its own: nobody signs in there, addresses of pages are there.
  const own = base.replace('localhost', '127.0.0.1');
  const to = async (where) => { const r = await fetch(own + where, { redirect: 'manual' }); return r.headers.get('location'); };
  check('its first page is the knowledge base', (await to('/')) === '/kb');
  check('who signs in is led to the desk', (await to('/sign-in?next=/support/new')) === `${base}/sign-in?next=%2Fsupport%2Fnew`, await to('/sign-in?next=/support/new'));
  check('pages have their address there', (await text('/kb/grading-policy')).includes(`<link rel="canonical" href="${own}/kb/grading-policy?lang=en">`));
  check('and the list of them', (await text('/kb/sitemap.xml?part=0')).includes(`${own}/kb/`));
} finally { await d.end(); }
tally();
