// @ts-check
/* Shows pages that come by Web Push, and opens what they lead to. It keeps nothing and answers no requests. */
const worker = /** @type {any} */ (globalThis);

worker.addEventListener('push', (/** @type {any} */ e) => {
  const m = e.data?.json() || {};
  e.waitUntil(worker.registration.showNotification(String(m.title || 'Carrel'), { body: String(m.body || ''), tag: String(m.tag || ''), renotify: Boolean(m.tag), requireInteraction: true, data: { url: String(m.url || '/desk') } }));
});
worker.addEventListener('notificationclick', (/** @type {any} */ e) => {
  e.notification.close();
  const url = new URL(e.notification.data.url, worker.location.origin);
  if (url.origin === worker.location.origin) e.waitUntil(worker.clients.openWindow(url.href));
});
