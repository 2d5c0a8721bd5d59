// @ts-check
/* Forms are sent once; what was wrong is read first. */
import { all, one } from './_dom.js';

export function forms() {
  one('#errors')?.focus();
  document.addEventListener('submit', (e) => {
    const form = /** @type {HTMLFormElement} */ (e.target);
    if (form.method !== 'post' || e.defaultPrevented) return;
    if (form.dataset.sent) { e.preventDefault(); return; }
    form.dataset.sent = '1';
    form.setAttribute('aria-busy', 'true');
  });
  // Back from the cache of the browser: the form may be sent again.
  addEventListener('pageshow', () => all('form[data-sent]').forEach((f) => {
    f.removeAttribute('data-sent');
    f.removeAttribute('aria-busy');
  }));
}
