// What authors write, as readers get it: every form of a text in light and dark, narrow and wide, without scripts, and a
// film that is wound. Imported twice, while the desk runs.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import zlib from 'node:zlib';
import { carrel, check, desk, tally } from './_desk.mjs';

const d = await desk();
const tree = path.join(d.dir, 'tree');
fs.mkdirSync(path.join(tree, 'guide'), { recursive: true });

const crc = (b) => { let c = ~0; for (const x of b) { c ^= x; for (let i = 0; i < 8; i++) c = c & 1 ? (c >>> 1) ^ 0xedb88320 : c >>> 1; } return ~c >>> 0; };
const chunk = (type, data) => { const t = Buffer.concat([Buffer.from(type), data]), n = Buffer.alloc(4), s = Buffer.alloc(4); n.writeUInt32BE(data.length); s.writeUInt32BE(crc(t)); return Buffer.concat([n, t, s]); };
const png = (w, h) => {
  const head = Buffer.alloc(13);
  head.writeUInt32BE(w, 0); head.writeUInt32BE(h, 4); head[8] = 8; head[9] = 2;
  const rows = Buffer.concat(Array.from({ length: h }, (_, y) => Buffer.concat([Buffer.from([0]), Buffer.alloc(w * 3, 60 + (y * 160 / h))])));
  return Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), chunk('IHDR', head), chunk('IDAT', zlib.deflateSync(rows)), chunk('IEND', Buffer.alloc(0))]);
};
fs.writeFileSync(path.join(tree, 'big.png'), png(1600, 600));
fs.writeFileSync(path.join(tree, 'film.mp4'), Buffer.concat([Buffer.from([0, 0, 0, 24]), Buffer.from('ftypmp42'), Buffer.alloc(5000, 7)]));
fs.writeFileSync(path.join(tree, 'index.md'), '# Handbook\n\n- [All forms](guide/forms.md)\n');
fs.writeFileSync(path.join(tree, 'guide/forms.md'), `# All forms

A paragraph with **bold**, *italics*, \`code\`, a [link](../index.md#x) and a footnote[^1].

> [!NOTE]
> A note as on GitHub.

:::tip
A tip with \`code\`.
:::

:::warning Mind the gap
A warning.
:::

:::danger
A danger.
:::

:::tabs
=== Linux

\`\`\`bash
# install it
sudo apt install tutor && tutor local launch --non-interactive --a-long-option=with-a-long-value
\`\`\`

=== macOS

\`\`\`bash
brew install "$FORMULA"
\`\`\`
:::

:::details More than most want to know
It is folded.
:::

## Code

\`\`\`python
def grade(learner, limit=0.5):
    """Whether somebody passed."""
    return learner.score >= limit  # half is enough
\`\`\`

\`\`\`diff
-old
+new
\`\`\`

## A table

| Plan | Tickets | Answer |
|:-----|--------:|:------:|
| Free | 0 | - |
| Basic | 10 | two days |

- [x] done
- [ ] not done

![A door in the dark](../big.png "The door")

[A film](../film.mp4)

[^1]: It leads here.
`);
const run = (...more) => spawnSync(carrel, ['kb', 'import', tree, '--book', 'Handbook', '--visibility', 'public', '--data-dir', d.dir, ...more], { encoding: 'utf8' });
const first = run(), second = run();
check('a tree is imported while the desk runs', first.status === 0 && /3 new|2 new/.test(first.stdout), first.stdout + first.stderr);
check('twice is once', second.status === 0 && / 0 new, 0 changed/.test(second.stdout), second.stdout);

const p = await d.page({ javaScriptEnabled: true });
for (const scheme of ['light', 'dark'])
  for (const width of [390, 1440]) {
    await p.emulateMedia({ colorScheme: scheme });
    await p.setViewportSize({ width, height: 900 });
    await d.look(p, '/kb/all-forms', `${scheme}-${width}`);
  }
await p.close();

const saved = await (await fetch(d.base + '/kb/all-forms/saved')).text();
check('pictures come along in a saved page', /<img[^>]* src="data:image\/(webp|png);base64,[A-Za-z0-9+/]{100}/.test(saved) && !/<img[^>]* src="\/kb/.test(saved));
const bare = await d.page({ javaScriptEnabled: false });
await bare.goto(d.base + '/kb/all-forms');
const tabs = bare.locator('.tabs summary');
check('two tabs', await tabs.count() === 2);
await tabs.nth(1).click();
check('the second tab opens without scripts', await bare.locator('.tabs .tab').nth(1).evaluate((e) => e.open));
check('and closes the first', !await bare.locator('.tabs .tab').nth(0).evaluate((e) => e.open));
check('the second text is seen', await bare.getByText('brew install').isVisible() && !await bare.getByText('sudo apt').isVisible());
const img = bare.locator('figure img');
check('the picture is small and says what it shows', await img.getAttribute('alt') === 'A door in the dark' && (await img.getAttribute('src')).endsWith('/thumb') && await img.getAttribute('width') === '960');
await img.scrollIntoViewIfNeeded();
await bare.waitForFunction(() => true);
const small = await (await fetch(d.base + await img.getAttribute('src'))).arrayBuffer();
check('it is a WebP', Buffer.from(small).subarray(8, 12).toString() === 'WEBP');
const film = d.base + await bare.getByText('A film').getAttribute('href');
const part = await fetch(film, { headers: { Range: 'bytes=10-19' } });
check('a film can be wound', part.status === 206 && part.headers.get('content-range') === 'bytes 10-19/5012' && (await part.arrayBuffer()).byteLength === 10, `${part.status} ${part.headers.get('content-range')}`);
check('as what it is', part.headers.get('content-type') === 'video/mp4');
const whole = await fetch(film);
const again = await fetch(film, { headers: { 'If-None-Match': whole.headers.get('etag') } });
check('and is kept by browsers for a while', again.status === 304 && /max-age=300/.test(whole.headers.get('cache-control')), `${again.status} ${whole.headers.get('cache-control')}`);
check('a token that is none is nothing', (await fetch(`${d.base}/kb/media/${'x'.repeat(32)}`)).status === 404);
await bare.close();

// Sources in Git: what came of a pull is shown to administrators, and they may ask for another.
const repo = path.join(d.dir, 'repo');
fs.mkdirSync(repo);
fs.writeFileSync(path.join(repo, 'index.md'), '# From Git\n\nFirst words.\n');
const git = (...args) => spawnSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@b.example', ...args], { cwd: repo, env: { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null' } });
git('init', '-q', '-b', 'main');
git('add', '-A');
git('commit', '-qm', 'x');
const source = (...args) => spawnSync(carrel, ['kb', 'source', ...args, '--data-dir', d.dir], { encoding: 'utf8' });
check('a source is added', source('add', 'From Git', `file://${repo}`, '--every', '0', '--visibility', 'public').status === 0);
check('one that does not answer, too', source('add', 'Gone', 'file:///nonexistent/x.git', '--every', '0').status === 0);
check('its failure is said', /Git said/.test(source('pull', 'Gone').stderr));
const admin = await d.signIn('admin@desk.example');
for (const scheme of ['light', 'dark'])
  for (const width of [390, 1440]) {
    await admin.emulateMedia({ colorScheme: scheme });
    await admin.setViewportSize({ width, height: 900 });
    await d.look(admin, '/desk/admin/sources', `${scheme}-${width}`);
  }
check('and shown', await admin.getByText('The last pull failed.').count() === 1);
await admin.locator('section', { hasText: 'From Git' }).getByRole('button').click();
await admin.waitForLoadState();
let there = false;
for (let i = 0; i < 120 && !there; i++) { there = (await fetch(`${d.base}/kb/from-git`)).status === 200; if (!there) await new Promise((ok) => setTimeout(ok, 250)); }
check('pulled on demand, it is read', there && /First words/.test(await (await fetch(`${d.base}/kb/from-git`)).text()));
await d.end();
tally();
