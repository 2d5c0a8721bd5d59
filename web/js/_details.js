// @ts-check
/* A pasted link fills course, unit and site where they are empty (the server reads it); how many helpful details there
 * are; times that go on counting. */
import { all, one } from './_dom.js';

/** @param {HTMLInputElement} input */
function link(input) {
  const form = input.form;
  const read = async () => {
    if (!input.value || !form) return;
    const r = await fetch(`${input.dataset.link}?link=${encodeURIComponent(input.value)}`).catch(() => null);
    const facts = r && r.ok ? await r.json().catch(() => null) : null;
    if (!facts) return;
    for (const name of ['course', 'unit', 'site']) {
      const field = form.elements.namedItem(name);
      if ((field instanceof HTMLInputElement || field instanceof HTMLSelectElement) && facts[name] && !field.value) {
        field.value = facts[name];
        field.dispatchEvent(new Event('input', { bubbles: true }));
      }
    }
    const site = one('[data-site]', form);
    if (site) site.textContent = facts.siteText || '';
  };
  input.addEventListener('change', read);
  input.addEventListener('paste', () => setTimeout(read));
}

/** While the summary is typed: articles that may answer it, as the server lists them. @param {HTMLElement} box */
function answers(box) {
  const form = box.closest('form'), field = form?.elements.namedItem('summary'), course = form?.elements.namedItem('course');
  if (!(field instanceof HTMLInputElement)) return;
  let timer = 0, last = field.value;
  const ask = () => {
    clearTimeout(timer);
    timer = window.setTimeout(async () => {
      const words = field.value.trim(), key = course instanceof HTMLInputElement ? course.value.trim() : '';
      if (words.length < 4 || words + key === last) return;
      last = words + key;
      const r = await fetch(`${box.dataset.answers}?${new URLSearchParams({ q: words, course: key })}`).catch(() => null);
      if (!r?.ok || field.value.trim() !== words) return;
      const next = new DOMParser().parseFromString(await r.text(), 'text/html').querySelector('#answers');
      if (next && !box.contains(document.activeElement)) box.replaceChildren(...next.childNodes);
    }, 400);
  };
  field.addEventListener('input', ask);
  if (course instanceof HTMLInputElement) {
    course.addEventListener('input', ask);
    course.addEventListener('change', ask);
  }
}

/** "3 of 4 helpful details" @param {HTMLElement} hint */
function helpful(hint) {
  const form = hint.closest('form');
  const count = () => {
    const n = ['course', 'affected_email', 'link', 'files'].filter((k) => {
      const f = form?.elements.namedItem(k);
      return f instanceof HTMLInputElement && f.value;
    }).length;
    hint.textContent = (hint.dataset.helpful || '').replace('{n}', String(n));
  };
  form?.addEventListener('input', count);
  form?.addEventListener('change', count);
  count();
}

/** "12 minutes ago", in the words the server used. */
function ago() {
  const words = new Intl.RelativeTimeFormat(document.documentElement.lang || 'en');
  setInterval(() => {
    for (const el of all('time[data-ago]')) {
      const minutes = Math.floor((Date.now() - Date.parse(el.getAttribute('datetime') || '')) / 60000);
      if (!(minutes >= 1) || minutes >= 7 * 1440) continue;
      el.textContent = minutes < 60 ? words.format(-minutes, 'minute')
        : minutes < 1440 ? words.format(-Math.floor(minutes / 60), 'hour') : words.format(-Math.floor(minutes / 1440), 'day');
    }
  }, 60000);
}

export function details() {
  all('input[data-link]').forEach((i) => link(/** @type {HTMLInputElement} */ (i)));
  all('[data-answers]').forEach(answers);
  all('[data-helpful]').forEach(helpful);
  ago();
}
