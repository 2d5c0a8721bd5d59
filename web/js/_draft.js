// @ts-check
/* What is being written survives: on this device after 300 ms, on the server after 2 s and when the page is left. The
 * local copy goes only when the server has the text, as a draft or as what was sent. */
import { all, one } from './_dom.js';

const PREFIX = 'draft:';
const SENT = 'sent-draft', ASKED = 'form-sent';
const RETRY_MS = 15000;

/** localStorage may be full or forbidden: then the server's copy is the only one.
 * @param {string} key @param {string | null} value */
function keep(key, value) {
  try {
    if (value === null) localStorage.removeItem(key);
    else localStorage.setItem(key, value);
  } catch { /* see above */ }
}
/** @param {string} key */
function kept(key) {
  try { return localStorage.getItem(key); } catch { return null; }
}

/** Keys of the forms that were sent and of which nobody knows yet whether they arrived.
 * @returns {string[]} */
function sent() {
  try { return JSON.parse(sessionStorage.getItem(SENT) || '[]'); } catch { return []; }
}

/** What the last page sent arrived when this page is an answer and no failure. */
function settle() {
  const keys = sent(), asked = sessionStorage.getItem(ASKED);
  sessionStorage.removeItem(ASKED);
  if (!keys.length) return;
  const nav = /** @type {PerformanceNavigationTiming | undefined} */ (performance.getEntriesByType('navigation')[0]);
  const status = nav && 'responseStatus' in nav ? Number(nav.responseStatus) : 200;
  // Refused: the same text may be sent again from this page, whose form has another address and another key.
  if (asked && (status >= 400 || one('#errors'))) return;
  sessionStorage.removeItem(SENT);
  if (asked) keys.forEach((key) => keep(key, null));
}

/** @param {HTMLFormElement} form */
function watch(form) {
  const url = form.dataset.draft || '', key = PREFIX + location.pathname + (form.id ? '#' + form.id : '');
  const status = one('[data-draft-status]', form);
  let local = 0, remote = 0, dirty = false, order = Promise.resolve();

  const fields = () => {
    const data = new URLSearchParams();
    for (const [k, v] of new FormData(form)) if (typeof v === 'string' && k !== 'once') data.append(k, v);
    return data;
  };
  const copy = () => {
    const data = fields();
    data.delete('csrf');
    keep(key, String(data));
  };
  /** @param {boolean} leaving */
  const post = async (leaving) => {
    if (!dirty) return;
    dirty = false;
    const body = fields();
    try {
      const r = await fetch(url, { method: 'POST', body, redirect: 'manual', keepalive: leaving && String(body).length < 60000 });
      if (!r.ok) throw new Error(String(r.status));
      if (!dirty) keep(key, null);
      if (status) status.textContent = `${status.dataset.saved} ${new Date().toLocaleTimeString(document.documentElement.lang, { hour: '2-digit', minute: '2-digit' })}`;
    } catch {
      dirty = true;
      if (status) status.textContent = status.dataset.offline || '';
      clearTimeout(remote);
      remote = setTimeout(send, RETRY_MS);
    }
  };
  const send = (leaving = false) => { order = order.then(() => post(leaving)); };

  form.addEventListener('input', () => {
    dirty = true;
    clearTimeout(local);
    clearTimeout(remote);
    local = setTimeout(copy, 300);
    remote = setTimeout(send, 2000);
  });
  form.addEventListener('submit', () => {
    copy();
    dirty = false;
    clearTimeout(local);
    clearTimeout(remote);
    sessionStorage.setItem(SENT, JSON.stringify([...new Set([...sent(), key])]));
  });
  addEventListener('pagehide', () => { if (dirty) { copy(); void post(true); } });
  document.addEventListener('visibilitychange', () => { if (document.hidden && dirty) { copy(); void post(true); } });
  addEventListener('online', () => send());

  const text = kept(key);
  if (!text) return;
  for (const [k, v] of new URLSearchParams(text)) {
    const el = form.elements.namedItem(k);
    const typed = el instanceof HTMLTextAreaElement || (el instanceof HTMLInputElement && !/^(hidden|radio|checkbox|submit|file)$/.test(el.type));
    if (typed && !el.value && v) {
      el.value = v;
      dirty = true;
    }
  }
  if (dirty) send();
}

export function drafts() {
  settle();
  document.addEventListener('submit', () => sessionStorage.setItem(ASKED, '1'));
  all('form[data-draft]').forEach((f) => watch(/** @type {HTMLFormElement} */ (f)));
  // Whoever comes next to this device must not find them.
  document.addEventListener('submit', (e) => {
    if (/** @type {HTMLFormElement} */ (e.target).getAttribute('action') !== '/sign-out') return;
    try { Object.keys(localStorage).filter((k) => k.startsWith(PREFIX)).forEach((k) => localStorage.removeItem(k)); } catch { /* none kept */ }
  });
}
