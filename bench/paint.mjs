// How soon an article stands on a slow telephone: node bench/paint.mjs [CARREL]. The largest paint (Chromium's own entry), median of
// five loads with an empty cache, processor four times slower, 1.6 Mbit/s, 150 ms a round trip (what Lighthouse calls slow 4G).
import { desk } from '../tests/web/_desk.mjs';

const d = await desk();
try {
  for (const page of ['/kb', '/kb/issue-certificates', '/kb/add-a-video', '/kb?q=certificates']) {
    const took = [];
    for (let i = 0; i < 5; i++) {
      const p = await d.page({ viewport: { width: 390, height: 844 } });
      const c = await p.context().newCDPSession(p);
      await c.send('Network.enable');
      await c.send('Network.setCacheDisabled', { cacheDisabled: true });
      await c.send('Network.emulateNetworkConditions', { offline: false, latency: 150, downloadThroughput: 1.6e6 / 8, uploadThroughput: 0.75e6 / 8 });
      await c.send('Emulation.setCPUThrottlingRate', { rate: 4 });
      await p.goto(d.base + page);
      took.push(await p.evaluate(() => new Promise((ok) => new PerformanceObserver((l) => ok(l.getEntries().at(-1).startTime)).observe({ type: 'largest-contentful-paint', buffered: true }))));
      await p.context().close();
    }
    took.sort((a, b) => a - b);
    console.log(`${page}: largest paint after ${Math.round(took[2])} ms (${took.map(Math.round).join(' ')})`);
  }
} finally { await d.end(); }
process.exit(0);
