// @ts-check
/* The editor of the knowledge base: saves while one writes, previews, says when somebody else saved, puts pictures in the
 * text. Without scripts the form's buttons do the same. */
import { one } from './_dom.js';

const SAVE_MS = 2000, LONGEST_MS = 5000, LOCAL_MS = 300, PREVIEW_MS = 900, RETRY_MS = 8000;

/** Around the selection, or in place of it; "@" is where the cursor goes.
 * @param {HTMLTextAreaElement} t @param {string} text @param {number} from @param {number} to */
function put(t, text, from, to) {
  t.focus();
  t.setRangeText(text.replace('@', ''), from, to, 'end');
  const at = text.indexOf('@');
  if (at >= 0) t.setSelectionRange(from + at, from + at);
  t.dispatchEvent(new Event('input', { bubbles: true }));
}

/** @param {HTMLTextAreaElement} t @param {string} mark */
function wrap(t, mark) {
  const a = t.selectionStart, b = t.selectionEnd, chosen = t.value.slice(a, b);
  put(t, `${mark}${chosen}@${mark}`, a, b);
}

/** @param {HTMLTextAreaElement} t @param {string} mark */
function line(t, mark) {
  const a = t.value.lastIndexOf('\n', t.selectionStart - 1) + 1;
  put(t, t.value.startsWith(mark, a) ? '' : mark, a, t.value.startsWith(mark, a) ? a + mark.length : a);
}

/** @param {HTMLTextAreaElement} t */
function link(t) {
  const a = t.selectionStart, b = t.selectionEnd, chosen = t.value.slice(a, b);
  put(t, /^https?:/.test(chosen) ? `[@](${chosen})` : `[${chosen}](@)`, a, b);
}

/** @param {HTMLElement} bar @param {HTMLTextAreaElement} t */
function tools(bar, t) {
  bar.hidden = false;
  bar.addEventListener('click', (e) => {
    const b = /** @type {HTMLElement} */ (e.target).closest('button');
    if (!b) return;
    if (b.dataset.kbWrap) wrap(t, b.dataset.kbWrap);
    else if (b.dataset.kbLine) line(t, b.dataset.kbLine);
    else if (b.dataset.kbLink) link(t);
  });
  const insert = /** @type {HTMLSelectElement | null} */ (one('[data-kb-insert]', bar));
  insert?.addEventListener('change', () => {
    if (insert.value) put(t, insert.value, t.selectionStart, t.selectionEnd);
    insert.selectedIndex = 0;
  });
  t.addEventListener('keydown', (e) => {
    if (!(e.ctrlKey || e.metaKey) || e.altKey || e.shiftKey) return;
    const key = e.key.toLowerCase();
    if (key === 'b') wrap(t, '**');
    else if (key === 'i') wrap(t, '*');
    else if (key === 'k') link(t);
    else return;
    e.preventDefault();
  });
}

/** Pictures pasted or dropped: the form below asks what they show; afterwards they stand where the cursor was.
 * @param {HTMLTextAreaElement} t */
function pictures(t) {
  const form = /** @type {HTMLFormElement | null} */ (one('#kb-upload')), box = /** @type {HTMLDetailsElement | null} */ (one('#kb-media'));
  if (!form || !box) return;
  const file = /** @type {HTMLInputElement} */ (form.elements.namedItem('file')), alt = /** @type {HTMLInputElement} */ (form.elements.namedItem('alt'));
  const error = one('#kb-upload-error');
  /** @param {FileList | undefined | null} files @param {Event} e */
  const take = (files, e) => {
    if (!files || !files.length) return;
    e.preventDefault();
    file.files = files;
    box.open = true;
    alt.focus();
  };
  t.addEventListener('paste', (e) => { if (!e.clipboardData?.types.includes('text/plain')) take(e.clipboardData?.files, e); });
  t.addEventListener('dragover', (e) => { if (e.dataTransfer?.types.includes('Files')) e.preventDefault(); });
  t.addEventListener('drop', (e) => take(e.dataTransfer?.files, e));
  form.addEventListener('submit', async (e) => {
    e.preventDefault();
    e.stopPropagation();
    const body = new FormData(form);
    body.append('as', 'json');
    try {
      const r = await fetch(form.action, { method: 'POST', body, redirect: 'manual' }), got = await r.json();
      if (error) error.textContent = r.ok ? '' : got.text || String(r.status);
      if (!r.ok) { (got.field === 'alt' ? alt : file).focus(); return; }
      form.reset();
      box.open = false;
      put(t, `${got.markdown}@`, t.selectionStart, t.selectionEnd);
    } catch (x) {
      if (error) error.textContent = String(x);
    }
  });
}

/** @param {HTMLFormElement} form */
function watch(form) {
  const url = form.dataset.kb || '', key = 'draft:' + url;
  const status = one('[data-kb-status]', form), view = one('#kb-preview');
  const version = /** @type {HTMLInputElement} */ (form.elements.namedItem('version'));
  let local = 0, timer = 0, preview = 0, first = 0, dirty = false, stuck = false, busy = false, sending = false;

  /** @param {string} word */
  const say = (word) => { if (status) status.textContent = status.dataset[word] || ''; };
  const fields = () => {
    const data = new URLSearchParams();
    for (const [k, v] of new FormData(form)) if (typeof v === 'string') data.append(k, v);
    return data;
  };
  const keep = () => {
    const data = fields();
    data.delete('csrf');
    try { localStorage.setItem(key, String(data)); } catch { /* full: the server's copy is the only one */ }
  };
  const forget = () => { try { localStorage.removeItem(key); } catch { /* see above */ } };
  const save = async (leaving = false) => {
    clearTimeout(timer);
    if (!dirty || stuck || busy) return;
    const body = fields();
    dirty = false;
    busy = true;
    first = 0;
    say('saving');
    try {
      const r = await fetch(url + '/autosave', { method: 'POST', body, redirect: 'manual', keepalive: leaving && String(body).length < 60000 });
      if (r.status === 409) { stuck = dirty = true; say('conflict'); return; }
      if (r.status === 422 || r.status === 413) { // wrong until it is mended: said, and tried again with the next letter
        dirty = true;
        const got = await r.json();
        if (status) status.textContent = got.text || '';
        return;
      }
      if (!r.ok) throw new Error(String(r.status));
      version.value = String((await r.json()).version);
      if (!dirty) {
        forget();
        if (status) status.textContent = `${status.dataset.saved} ${new Date().toLocaleTimeString(document.documentElement.lang, { hour: '2-digit', minute: '2-digit', second: '2-digit' })}`;
      }
    } catch {
      dirty = true;
      say('offline');
      timer = setTimeout(save, RETRY_MS);
    } finally {
      busy = false;
      if (dirty && !stuck && !timer) timer = setTimeout(save, SAVE_MS);
    }
  };
  const look = async () => {
    if (!view) return;
    try {
      const r = await fetch(url + '/preview', { method: 'POST', body: fields(), redirect: 'manual' });
      if (r.ok) view.innerHTML = await r.text(); // made and cleaned by the server, like the page itself
    } catch { /* the next letter tries again */ }
  };

  form.addEventListener('input', () => {
    dirty = true;
    first ||= Date.now();
    clearTimeout(local);
    clearTimeout(timer);
    clearTimeout(preview);
    if (!stuck) say('dirty');
    local = setTimeout(keep, LOCAL_MS);
    timer = setTimeout(() => { timer = 0; void save(); }, Math.min(SAVE_MS, Math.max(0, first + LONGEST_MS - Date.now())));
    preview = setTimeout(look, PREVIEW_MS);
  });
  form.addEventListener('submit', () => { keep(); sending = true; dirty = false; clearTimeout(timer); });
  addEventListener('beforeunload', (e) => { if (dirty && !sending) e.preventDefault(); });
  document.addEventListener('visibilitychange', () => { if (document.hidden && dirty) { keep(); void save(true); } });
  addEventListener('online', () => void save());

  // What this device kept and the server never got. After an error or a conflict the page shows what was typed already.
  let kept = null;
  try { kept = localStorage.getItem(key); } catch { /* none */ }
  if (!kept) return;
  if (one('#errors') || one('#conflict')) return;
  const was = new URLSearchParams(kept);
  let differs = false;
  for (const name of ['title', 'slug', 'summary', 'markdown']) {
    const el = /** @type {HTMLInputElement | HTMLTextAreaElement | null} */ (form.elements.namedItem(name)), text = was.get(name);
    if (el && text !== null && text.replaceAll('\r\n', '\n') !== el.value.replaceAll('\r\n', '\n')) differs = true;
  }
  if (!differs || was.get('version') !== version.value) { forget(); return; }
  for (const name of ['title', 'slug', 'summary', 'markdown']) {
    const el = /** @type {HTMLInputElement | HTMLTextAreaElement | null} */ (form.elements.namedItem(name)), text = was.get(name);
    if (el && text !== null) el.value = text;
  }
  dirty = true;
  say('kept');
  timer = setTimeout(save, SAVE_MS);
}

export function kb() {
  const form = /** @type {HTMLFormElement | null} */ (one('form[data-kb]'));
  const text = /** @type {HTMLTextAreaElement | null} */ (one('#markdown'));
  if (!form || !text) return;
  const bar = one('[data-kb-tools]', form);
  if (bar) tools(bar, text);
  pictures(text);
  watch(form);
}
