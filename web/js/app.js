// @ts-check
/* What scripts add to pages that work without them: drafts, pasted screenshots, links that fill fields, one send. */

const $ = (/** @type {string} */ s, /** @type {ParentNode} */ root = document) => /** @type {HTMLElement | null} */ (root.querySelector(s));

/* The error summary is read first. */
$('#errors')?.focus();

/* A form is sent once, however often the button is pressed; coming back by the browser's Back makes it whole again. */
document.addEventListener('submit', (e) => {
  const form = /** @type {HTMLFormElement} */ (e.target);
  if (form.method !== 'post') return;
  if (form.dataset.sent) { e.preventDefault(); return; }
  form.dataset.sent = '1';
  form.setAttribute('aria-busy', 'true');
});
addEventListener('pageshow', () => document.querySelectorAll('form[data-sent]').forEach((f) => {
  f.removeAttribute('data-sent');
  f.removeAttribute('aria-busy');
}));

/* Drafts: to this device after 300 ms, to the server after 2 s and when the page is left. */
/** @param {HTMLFormElement} form */
function draft(form) {
  const url = /** @type {string} */ (form.dataset.draft), key = `draft:${location.pathname}`;
  const status = $('[data-draft-status]', form);
  let local = 0, remote = 0, dirty = false;
  const fields = () => {
    const data = new URLSearchParams();
    for (const [k, v] of new FormData(form)) if (typeof v === 'string' && k !== 'once') data.append(k, v);
    return data;
  };
  const send = async () => {
    if (!dirty) return;
    dirty = false;
    try {
      const r = await fetch(url, { method: 'POST', body: fields(), keepalive: true, redirect: 'manual' });
      if (!r.ok) throw new Error(String(r.status));
      localStorage.removeItem(key);
      if (status) status.textContent = `${status.dataset.saved} ${new Date().toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' })}`;
    } catch {
      dirty = true;
      if (status) status.textContent = status.dataset.offline || '';
    }
  };
  form.addEventListener('input', () => {
    dirty = true;
    clearTimeout(local);
    clearTimeout(remote);
    local = setTimeout(() => localStorage.setItem(key, String(fields())), 300);
    remote = setTimeout(send, 2000);
  });
  form.addEventListener('submit', () => { dirty = false; localStorage.removeItem(key); });
  addEventListener('pagehide', send);
  addEventListener('online', send);
  const kept = localStorage.getItem(key);
  if (kept) {
    for (const [k, v] of new URLSearchParams(kept)) {
      const el = form.elements.namedItem(k);
      if ((el instanceof HTMLInputElement && el.type !== 'hidden' && el.type !== 'radio' && el.type !== 'checkbox' || el instanceof HTMLTextAreaElement) && !el.value) el.value = v;
    }
    dirty = true;
    send();
  }
}
document.querySelectorAll('form[data-draft]').forEach((f) => draft(/** @type {HTMLFormElement} */ (f)));

/* Screenshots: paste or drop anywhere on the form; what is chosen is listed and can be taken out. */
/** @param {HTMLInputElement} input */
function shots(input) {
  const form = input.form, list = document.createElement('ul');
  if (!form) return;
  list.className = 'preview files';
  input.after(list);
  const show = () => {
    list.textContent = '';
    for (const file of input.files || []) {
      const li = document.createElement('li'), b = document.createElement('button');
      li.append(file.name, ' ');
      b.type = 'button';
      b.className = 'link';
      b.textContent = input.dataset.remove || 'Remove';
      b.setAttribute('aria-label', `${b.textContent} ${file.name}`);
      b.onclick = () => { const d = new DataTransfer(); for (const f of input.files || []) if (f !== file) d.items.add(f); input.files = d.files; show(); };
      li.append(b);
      list.append(li);
    }
  };
  const add = (/** @type {Iterable<File>} */ files) => {
    const d = new DataTransfer();
    for (const f of input.files || []) d.items.add(f);
    for (const f of files) d.items.add(f);
    input.files = d.files;
    show();
  };
  input.addEventListener('change', show);
  document.addEventListener('paste', (e) => { const f = [...(e.clipboardData?.files || [])]; if (f.length) { e.preventDefault(); add(f); } });
  form.addEventListener('dragover', (e) => e.preventDefault());
  form.addEventListener('drop', (e) => { const f = [...(e.dataTransfer?.files || [])]; if (f.length) { e.preventDefault(); add(f); } });
}
document.querySelectorAll('input[type=file][data-shots]').forEach((i) => shots(/** @type {HTMLInputElement} */ (i)));

/* A pasted link fills course, unit and site where they are empty; the server reads it. */
document.querySelectorAll('input[data-link]').forEach((el) => {
  const input = /** @type {HTMLInputElement} */ (el);
  const read = async () => {
    if (!input.value || !input.form) return;
    const r = await fetch(`${input.dataset.link}?link=${encodeURIComponent(input.value)}`).catch(() => null);
    if (!r || !r.ok) return;
    const facts = await r.json();
    for (const name of ['course', 'unit']) {
      const field = input.form.elements.namedItem(name);
      if (field instanceof HTMLInputElement && facts[name] && !field.value) {
        field.value = facts[name];
        field.dispatchEvent(new Event('input', { bubbles: true }));
      }
    }
    const site = $('[data-site]', input.form);
    if (site) site.textContent = facts.siteText || '';
  };
  input.addEventListener('change', read);
  input.addEventListener('paste', () => setTimeout(read));
});

/* "3 of 4 helpful details" */
const hint = $('[data-helpful]');
if (hint) {
  const form = hint.closest('form');
  const names = ['course', 'affected_email', 'link', 'files'];
  const count = () => {
    const n = names.filter((k) => { const f = form?.elements.namedItem(k); return f instanceof HTMLInputElement && f.value; }).length;
    hint.textContent = (hint.dataset.helpful || '').replace('{n}', String(n));
  };
  form?.addEventListener('input', count);
  form?.addEventListener('change', count);
  count();
}

/* Keys of the workspace: each presses a control that is on the page. */
if (document.body.classList.contains('agent')) {
  let g = 0;
  const go = { i: 'incidents', m: 'mine', u: 'unassigned', r: 'requests', w: 'waiting' };
  document.addEventListener('keydown', (e) => {
    const t = /** @type {HTMLElement} */ (e.target);
    if ((e.ctrlKey || e.metaKey) && e.key === 'Enter' && t.closest('form')) {
      /** @type {HTMLElement | null} */ (t.closest('form').querySelector('[data-key="send"]'))?.click();
      return;
    }
    if (e.ctrlKey || e.metaKey || e.altKey || t.matches('input,textarea,select')) return;
    if (g && Date.now() - g < 1500 && e.key in go) { location.href = `/desk/views/${go[/** @type {keyof typeof go} */ (e.key)]}`; return; }
    g = e.key === 'g' ? Date.now() : 0;
    if (e.key === '/') { e.preventDefault(); $('#desk-q')?.focus(); return; }
    const el = document.querySelector(`[data-key="${CSS.escape(e.key)}"]`);
    if (el instanceof HTMLElement) { e.preventDefault(); if (el.matches('textarea,input')) el.focus(); else el.click(); }
    if (e.key === 'j' || e.key === 'k') {
      const rows = [...document.querySelectorAll('[data-row]')], at = rows.indexOf(/** @type {Element} */ (document.activeElement));
      /** @type {HTMLElement | undefined} */ (rows[e.key === 'j' ? at + 1 : Math.max(at - 1, 0)])?.focus();
    }
  });
}
