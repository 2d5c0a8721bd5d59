// @ts-check
/* "?word" in an answer finds articles: chosen by arrows and Enter or by a click, the link replaces the words. */
import { all } from './_dom.js';

const ASKED = /(?:^|\s)\?([^\s?][^?\n]{1,40})$/;

/** @param {HTMLTextAreaElement} area */
function pick(area) {
  /** @type {{ title: string, url: string, summary: string }[]} */
  let found = [];
  let at = 0, timer = 0, from = -1;
  const list = document.createElement('ul');
  list.id = `${area.id}-pick`;
  list.className = 'pick';
  list.setAttribute('role', 'listbox');
  list.setAttribute('aria-label', area.dataset.pickLabel || '');
  list.hidden = true;
  area.after(list);
  area.setAttribute('aria-controls', list.id);
  const close = () => { list.hidden = true; found = []; from = -1; area.removeAttribute('aria-activedescendant'); };
  const mark = () => {
    [...list.children].forEach((li, i) => li.setAttribute('aria-selected', String(i === at)));
    area.setAttribute('aria-activedescendant', `${list.id}-${at}`);
  };
  /** @param {number} i */
  const take = (i) => {
    const a = found[i];
    if (!a || from < 0) return;
    area.setRangeText(`${a.title}: ${a.url} `, from, area.selectionStart, 'end');
    close();
    area.focus();
    area.dispatchEvent(new Event('input', { bubbles: true }));
  };
  const ask = async () => {
    const before = area.value.slice(0, area.selectionStart), m = before.match(ASKED);
    if (!m) { close(); return; }
    const words = m[1].trim();
    const r = await fetch(`${area.dataset.pick}?q=${encodeURIComponent(words)}`, { headers: { accept: 'application/json' } }).catch(() => null);
    if (!r?.ok || area.value.slice(0, area.selectionStart) !== before) return;
    found = await r.json();
    from = before.length - m[1].length - 1;
    at = 0;
    list.replaceChildren(...found.map((a, i) => {
      const li = document.createElement('li'), b = document.createElement('b'), s = document.createElement('span');
      li.id = `${list.id}-${i}`;
      li.setAttribute('role', 'option');
      b.textContent = a.title;
      s.textContent = a.summary;
      s.className = 'muted small';
      li.append(b, ' ', s);
      li.addEventListener('mousedown', (e) => { e.preventDefault(); take(i); });
      return li;
    }));
    list.hidden = !found.length;
    if (found.length) mark(); else close();
  };
  area.addEventListener('input', () => { clearTimeout(timer); timer = window.setTimeout(ask, 150); });
  area.addEventListener('blur', () => setTimeout(close, 200));
  area.addEventListener('keydown', (e) => {
    if (list.hidden) return;
    if (e.key === 'ArrowDown' || e.key === 'ArrowUp') { at = (at + (e.key === 'ArrowDown' ? 1 : found.length - 1)) % found.length; mark(); }
    else if ((e.key === 'Enter' && !e.ctrlKey && !e.metaKey) || e.key === 'Tab') take(at);
    else if (e.key === 'Escape') close();
    else return;
    e.preventDefault();
    e.stopPropagation();
  });
}

export function picks() { all('textarea[data-pick]').forEach((t) => pick(/** @type {HTMLTextAreaElement} */ (t))); }
