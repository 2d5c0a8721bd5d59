// @ts-check
/* Asks the browser for a subscription and sends it with the form. */
import { one } from './_dom.js';

/** @param {string} s base64url */
const bytes = (s) => Uint8Array.from(atob(s.replace(/-/g, '+').replace(/_/g, '/')), (c) => c.charCodeAt(0));

export function push() {
  const form = /** @type {HTMLFormElement | null} */ (one('form[data-push]'));
  if (!form) return;
  form.addEventListener('submit', (e) => {
    if (form.dataset.ready) return;
    e.preventDefault();
    const status = one('[data-push-status]', form);
    (async () => {
      if ((await Notification.requestPermission()) !== 'granted') { if (status) status.textContent = form.dataset.denied || ''; return; }
      const worker = await navigator.serviceWorker.register('/worker.js');
      await navigator.serviceWorker.ready;
      const s = (await worker.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: bytes(form.dataset.push || '') })).toJSON();
      for (const [name, value] of [['endpoint', s.endpoint], ['p256dh', s.keys?.p256dh], ['auth', s.keys?.auth]]) {
        const field = form.elements.namedItem(String(name));
        if (field instanceof HTMLInputElement) field.value = value || '';
      }
      form.dataset.ready = '1';
      form.requestSubmit();
    })().catch(() => { if (status) status.textContent = form.dataset.missing || ''; });
  });
}
