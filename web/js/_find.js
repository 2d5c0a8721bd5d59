// @ts-check
/* The knowledge base's box proposes pages while one types: arrows and Enter, or a click, open one; Enter alone searches
 * as it does without scripts. */
import { all } from './_dom.js';

/** @param {HTMLInputElement} input */
function propose(input) {
  /** @type {{ title: string, url: string, kind: string }[]} */
  let found = [];
  let at = -1, timer = 0;
  const list = document.createElement('ul');
  list.id = `${input.id}-found`;
  list.className = 'pick';
  list.setAttribute('role', 'listbox');
  list.setAttribute('aria-label', input.dataset.suggestLabel || '');
  list.hidden = true;
  input.form?.classList.add('kbbox');
  input.form?.append(list);
  input.setAttribute('role', 'combobox');
  input.setAttribute('aria-autocomplete', 'list');
  input.setAttribute('aria-controls', list.id);
  input.setAttribute('aria-expanded', 'false');
  input.autocomplete = 'off';
  const close = () => {
    list.hidden = true;
    at = -1;
    input.setAttribute('aria-expanded', 'false');
    input.removeAttribute('aria-activedescendant');
  };
  const mark = () => {
    [...list.children].forEach((li, i) => li.setAttribute('aria-selected', String(i === at)));
    if (at >= 0) input.setAttribute('aria-activedescendant', `${list.id}-${at}`);
    else input.removeAttribute('aria-activedescendant');
  };
  const ask = async () => {
    const words = input.value.trim();
    if (words.length < 2) { close(); return; }
    const lang = input.dataset.suggestLang, more = lang ? `&lang=${encodeURIComponent(lang)}` : '';
    const r = await fetch(`${input.dataset.suggest}?q=${encodeURIComponent(words)}${more}`, { headers: { accept: 'application/json' } }).catch(() => null);
    const next = r?.ok ? await r.json().catch(() => null) : null;
    if (!next || input.value.trim() !== words) return;
    found = next;
    at = -1;
    list.replaceChildren(...found.map((a, i) => {
      const li = document.createElement('li'), b = document.createElement('b'), s = document.createElement('span');
      li.id = `${list.id}-${i}`;
      li.setAttribute('role', 'option');
      b.textContent = a.title;
      s.textContent = a.kind;
      s.className = 'muted small';
      li.append(b, ' ', s);
      li.addEventListener('mousedown', (e) => { e.preventDefault(); location.href = a.url; });
      return li;
    }));
    list.hidden = !found.length;
    input.setAttribute('aria-expanded', String(!list.hidden));
    mark();
  };
  input.addEventListener('input', () => { clearTimeout(timer); timer = window.setTimeout(ask, 120); });
  input.addEventListener('blur', () => setTimeout(close, 150));
  input.addEventListener('keydown', (e) => {
    if (list.hidden) return;
    if (e.key === 'ArrowDown') at = at + 1 < found.length ? at + 1 : -1;
    else if (e.key === 'ArrowUp') at = at < 0 ? found.length - 1 : at - 1;
    else if (e.key === 'Escape') close();
    else if (e.key === 'Enter' && at >= 0) location.href = found[at].url;
    else return;
    e.preventDefault();
    mark();
  });
}

export function finds() { all('input[data-suggest]').forEach((i) => propose(/** @type {HTMLInputElement} */ (i))); }
