// @ts-check
/* What agents must not miss: a total interruption that nobody has is shown above every page of the desk, with a sound, until
 * somebody takes it. Boards read themselves anew. Without scripts both are one reload away. */
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

let ignored = 0;

/** Who is on the line: a bar that takes no focus and is announced once. @param {{ open: string, calls: { id: number, text: string }[] }} v */
function pop(v) {
  const main = one('#main'), old = one('#call-pop');
  const call = (v.calls || []).find((c) => c.id > ignored);
  if (!main || !call) { old?.remove(); return; }
  if (old?.dataset.key === call.text) return;
  const box = document.createElement('div'), p = document.createElement('p'), link = document.createElement('a'), no = document.createElement('button');
  box.id = 'call-pop';
  box.className = 'banner';
  box.setAttribute('role', 'status');
  box.dataset.key = call.text;
  link.href = '/desk/calls';
  link.textContent = v.open;
  no.className = 'link';
  no.type = 'button';
  no.textContent = '×';
  no.addEventListener('click', () => { ignored = call.id; box.remove(); });
  p.append(`☎ ${call.text} `, link, ' ', no);
  box.append(p);
  if (old) old.replaceWith(box); else main.prepend(box);
}

async function ask() {
  try {
    const r = await fetch('/desk/alarm', { headers: { accept: 'application/json' } });
    if (r.ok) { const v = await r.json(); show(v); pop(v); }
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
