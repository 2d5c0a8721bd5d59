// @ts-check
/* Keys of the desk. Each presses a control that is on the page, so that whoever may not press it has no key either. */
import { all, one } from './_dom.js';

const OFF = 'keys-off';
/** @type {Record<string, string>} */
const PLACES = { i: '/desk/views/incidents', m: '/desk/views/mine', t: '/desk/views/teams', u: '/desk/views/unassigned', r: '/desk/views/requests',
  w: '/desk/views/waiting', c: '/desk/views/callbacks', a: '/desk/views/all', k: '/kb' };

const off = () => { try { return localStorage.getItem(OFF) === '1'; } catch { return false; } };

/** @param {HTMLElement} el */
function press(el) {
  const target = el.getAttribute('aria-controls');
  if (el.matches('textarea, input:not([type=radio], [type=checkbox], [type=submit]), select')) el.focus();
  else el.click();
  if (target) document.getElementById(target)?.focus();
}

/** Moves the focus by one row of the list. @param {number} by */
function move(by) {
  const rows = all('[data-row], .q li > a, .list .row');
  const at = rows.indexOf(/** @type {HTMLElement} */ (document.activeElement));
  rows[at < 0 ? 0 : Math.min(Math.max(at + by, 0), rows.length - 1)]?.focus();
}

/** The list of keys, with the switch that turns single keys off (WCAG 2.1.4). */
function overlay() {
  const dialog = /** @type {HTMLDialogElement | null} */ (one('#keys'));
  const single = /** @type {HTMLInputElement | null} */ (one('#keys-on'));
  if (!dialog) return;
  if (single) {
    single.checked = !off();
    single.addEventListener('change', () => { try { localStorage.setItem(OFF, single.checked ? '0' : '1'); } catch { /* stays on */ } });
  }
  all('[data-close]', dialog).forEach((b) => b.addEventListener('click', () => dialog.close()));
  all('[data-open="keys"]').forEach((b) => b.addEventListener('click', () => dialog.showModal()));
}

export function keys() {
  let g = 0;
  overlay();
  document.addEventListener('keydown', (e) => {
    const t = /** @type {HTMLElement} */ (e.target);
    if (e.isComposing || e.repeat) return;
    if ((e.ctrlKey || e.metaKey) && e.key === 'Enter') {
      const form = t.closest('form'), button = form && (one('[data-key="send"]', form) || one('.btn.primary', form));
      if (button && t.matches('textarea, input')) { e.preventDefault(); button.click(); }
      return;
    }
    if (e.key === 'Escape' && t.matches('.composer textarea')) { t.blur(); return; }
    if (e.ctrlKey || e.metaKey || e.altKey || t.matches('input:not([type=checkbox], [type=radio]), textarea, select') || t.isContentEditable || one('dialog[open]')) return;
    if (e.key === '?') { e.preventDefault(); /** @type {HTMLDialogElement | null} */ (one('#keys'))?.showModal(); return; }
    if (off()) return;
    if (Date.now() - g < 1500 && PLACES[e.key]) {
      g = 0;
      e.preventDefault();
      one(`.nav a[href="${PLACES[e.key]}"]`)?.click();
      return;
    }
    g = e.key === 'g' ? Date.now() : 0;
    if (e.key === '/') { e.preventDefault(); one('#desk-q')?.focus(); return; }
    if (e.key === 'j' || e.key === 'k') { e.preventDefault(); move(e.key === 'j' ? 1 : -1); return; }
    const el = all(`[data-key="${CSS.escape(e.key)}"]`).pop(); // the page's own after the frame's
    if (el) { e.preventDefault(); press(el); }
  });
}
