// @ts-check
/* A preview that follows what one writes: the form asks for it as its button does, and the page's answer gives the new
 * one. What cannot be shown is said in its place; the text itself is not touched. */
import { all, one } from './_dom.js';

const WAIT_MS = 300;

/** @param {HTMLFormElement} form */
function follow(form) {
  let timer = 0, asked = 0;
  const look = async () => {
    const turn = ++asked, said = one('[data-preview-said]', form), fields = new URLSearchParams();
    for (const [name, value] of new FormData(form)) if (typeof value === 'string') fields.append(name, value);
    fields.set('do', 'preview');
    const r = await fetch(form.action, { method: 'POST', body: fields, redirect: 'manual' }).catch(() => null);
    if (!r || turn !== asked || ![200, 422].includes(r.status)) return;
    const page = new DOMParser().parseFromString(await r.text(), 'text/html');
    const next = page.querySelector('#preview'), old = one('#preview');
    if (r.ok && next && old) old.replaceWith(next);
    if (said) said.textContent = r.ok ? '' : page.querySelector('#text-error')?.textContent || '';
  };
  form.addEventListener('input', () => { clearTimeout(timer); timer = window.setTimeout(look, WAIT_MS); });
}

export function previews() {
  all('form[data-preview]').forEach((f) => follow(/** @type {HTMLFormElement} */ (f)));
}
