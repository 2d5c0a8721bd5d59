// @ts-check
/* What agents must not miss: a total interruption that nobody has is shown above every page of the desk, with a sound, until
 * somebody takes it. So is mail that does not come in. Boards read themselves anew. Without scripts both are one reload away. */
import { one } from './_dom.js';

const EVERY = 1500, BOARD = 10000;
let sounded = 0;

/** Two short tones; browsers allow them after the first click in the page. */
function sound() {
  if (Date.now() - sounded < 8000) return;
  sounded = Date.now();
  try {
    const audio = new AudioContext();
    for (const [at, hz] of [[0, 880], [0.25, 660]]) {
      const tone = audio.createOscillator(), volume = audio.createGain();
      tone.frequency.value = hz;
      volume.gain.value = 0.1;
      tone.connect(volume).connect(audio.destination);
      tone.start(audio.currentTime + at);
      tone.stop(audio.currentTime + at + 0.2);
    }
    setTimeout(() => audio.close(), 1000);
  } catch { /* no sound then */ }
}

/** @param {{ text: string, alarms: { number: string, url: string, subject: string, account: string }[] }} v */
function show(v) {
  const main = one('#main'), old = one('#alarm');
  const key = v.alarms.map((a) => a.number).join(' ');
  if (!main || !v.alarms.length) { old?.remove(); return; }
  sound();
  if (old?.dataset.key === key) return;
  const box = document.createElement('div'), p = document.createElement('p'), b = document.createElement('b');
  box.id = 'alarm';
  box.className = 'banner alert';
  box.setAttribute('role', 'alert');
  box.dataset.key = key;
  b.textContent = v.text;
  p.append(b);
  for (const a of v.alarms) {
    const link = document.createElement('a');
    link.href = a.url;
    link.textContent = `${a.number} ${a.subject} (${a.account})`;
    p.append(' ', link);
  }
  box.append(p);
  if (old) old.replaceWith(box); else main.prepend(box);
}

/** Mail that does not come in: said on every page, without a sound, with its cause. @param {{ mail?: { what: string, why: string }[] }} v */
function mail(v) {
  const main = one('#main'), old = one('#mail-alarm'), all = location.pathname === '/desk/triage' ? [] : v.mail || [];
  const key = all.map((m) => `${m.what} ${m.why}`).join(' ');
  if (!main || !all.length) { old?.remove(); return; }
  if (old?.dataset.key === key) return;
  const box = document.createElement('div');
  box.id = 'mail-alarm';
  box.className = 'banner warn';
  box.setAttribute('role', 'alert');
  box.dataset.key = key;
  for (const m of all) {
    const p = document.createElement('p'), link = document.createElement('a');
    link.href = '/desk/triage';
    link.textContent = m.what;
    p.append(link, ' ', m.why);
    box.append(p);
  }
  if (old) old.replaceWith(box); else main.prepend(box);
}

let ignored = 0, shown = 0;

/** Who is on the line: a bar the server draws, which takes no focus and is announced once. It stays while somebody writes in
 * it; when another takes the call, it says who, for a while. @param {{ calls: { id: number, key: string }[] }} v */
async function pop(v) {
  const main = one('#main'), old = one('#call-pop');
  const call = (v.calls || []).find((c) => c.id > ignored);
  if (!main || (!call && !old)) return;
  const id = call ? call.id : Number(old?.dataset.call), key = call ? call.key : 'over';
  if (old && (old.dataset.key === key || (old.contains(document.activeElement) && document.activeElement?.matches('input')))) return;
  const r = await fetch(`/desk/calls/${id}/pop`).catch(() => null);
  if (!r?.ok) return;
  const box = /** @type {HTMLElement | null} */ (new DOMParser().parseFromString(await r.text(), 'text/html').querySelector('#call-pop'));
  if (!box) return;
  box.dataset.key = key;
  one('[data-ignore]', box)?.addEventListener('click', () => { ignored = id; one('#call-pop')?.remove(); });
  if (old) old.replaceWith(box); else main.prepend(box);
  if (id !== shown) sound();
  shown = id;
  if (!call) setTimeout(() => { if (one('#call-pop')?.dataset.key === 'over') one('#call-pop')?.remove(); }, 15000);
}

let settled = 0;

/** How much is unread, beside the bell. A ticket that is open and seen has been read. @param {{ unread: number }} v */
function news(v) {
  const bell = one('#news'), n = v.unread || 0;
  if (!bell) return;
  const said = bell.querySelector('.count'), text = n > 99 ? '99+' : String(n);
  if (!n) said?.remove();
  else if (said) { if (said.firstChild?.nodeValue !== text) said.firstChild?.replaceWith(text); }
  else {
    const count = document.createElement('span'), hidden = document.createElement('span');
    count.className = 'count';
    hidden.className = 'vh';
    hidden.textContent = ` ${bell.dataset.unread}`;
    count.append(text, hidden);
    bell.append(' ', count);
  }
  const here = location.pathname.match(/^\/desk\/tickets\/([^/]+)$/), csrf = /** @type {HTMLInputElement | null} */ (one('input[name=csrf]'));
  if (here && csrf && n > settled && document.visibilityState === 'visible') {
    fetch('/desk/notices', { method: 'POST', redirect: 'manual', body: new URLSearchParams({ csrf: csrf.value, ticket: here[1] }) }).catch(() => null);
  }
  settled = n;
}

async function ask() {
  try {
    const r = await fetch('/desk/alarm', { headers: { accept: 'application/json' } });
    if (r.ok) { const v = await r.json(); show(v); mail(v); news(v); await pop(v); }
    else if (r.status === 401 || r.status === 403) return;
  } catch { /* the next time */ }
  setTimeout(ask, EVERY);
}

async function board() {
  const live = one('[data-live]');
  if (!live) return;
  try {
    if (!live.contains(document.activeElement)) {
      const r = await fetch(location.href), next = new DOMParser().parseFromString(await r.text(), 'text/html').querySelector('[data-live]');
      if (r.ok && next && next.innerHTML !== live.innerHTML) live.replaceChildren(...next.childNodes);
    }
  } catch { /* the next time */ }
  setTimeout(board, BOARD);
}

export function alarm() {
  if (one('.agent') || one('.wallboard')) {
    setTimeout(ask, 300);
    setTimeout(board, BOARD);
  }
}
