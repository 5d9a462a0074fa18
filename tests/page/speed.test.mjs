// Speed, by the browser's own clocks: frames while panning and zooming, the first paint, long texts.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { mapPlace, pointAt, readCell, settled, startBrowser, assertNear } from "./browser.mjs";
import { makeDocument, makePage, repeatLayer } from "./documents.mjs";

let browser;
before(async () => { browser = await startBrowser(); });
after(() => browser.stop());

// The best of up to three measurements: a machine shared with others disturbs one, not all.
async function best(measure, isGood, better) {
  let found = await measure();
  for (let more = 0; more < 2 && !isGood(found); ++more) found = better(found, await measure());
  return found;
}

// Frames per second while `move` goes on.
async function framesDuring(tab, move) {
  await tab.evaluate(() => {
    globalThis.frames_ = [];
    const note = (now) => {
      globalThis.frames_.push(now);
      globalThis.frame_ = requestAnimationFrame(note);
    };
    requestAnimationFrame(note);
  });
  await move();
  return tab.evaluate(() => {
    cancelAnimationFrame(globalThis.frame_);
    const times = globalThis.frames_;
    return (times.length - 1) / (times.at(-1) - times[0]) * 1000;
  });
}

test("8,192 tokens: at least 30 frames per second while panning and zooming", async (t) => {
  const made = makeDocument({ tokens: 8192, layers: 1, heads: 1, dim: 64, block: 8, sample: true,
    sharpness: 8 });
  const tab = await browser.open(makePage([made]));
  await settled(tab);
  const { left, top, side } = await mapPlace(tab);
  const at = (x, y) => tab.mouse.move(left + x * side, top + y * side);
  const report = [];
  for (const [name, zooms] of [["whole map", 0], ["400 tokens", 10], ["single cells", 22]]) {
    await at(0.4, 0.6);
    const zoom = await best(() => framesDuring(tab, async () => {
      if (zooms) await tab.locator("#whole").click();
      await at(0.4, 0.6);
      for (let i = 0; i < zooms; ++i) await tab.mouse.wheel(0, -200);
    }), (rate) => !zooms || rate >= 30, Math.max);
    const pan = await best(() => framesDuring(tab, async () => {
      await tab.mouse.down();
      for (let i = 0; i < 60; ++i) {
        await at(0.4 + 0.3 * Math.sin(i / 6), 0.6 + 0.3 * Math.cos(i / 8) - 0.3);
      }
      await tab.mouse.up();
    }), (rate) => rate >= 30, Math.max);
    report.push(`${name}: ${pan.toFixed(0)} frames/s`);
    assert.ok(pan >= 30, `panning, ${name}: ${pan} frames per second`);
    if (zooms) assert.ok(zoom >= 30, `zooming to ${name}: ${zoom} frames per second`);
  }
  t.diagnostic(report.join(", "));
  await tab.done();
});

test("512 tokens, 270 heads: first paint within a second, pictures of all heads", async (t) => {
  const layer = makeDocument({ tokens: 512, layers: 1, heads: 9, kvHeads: 3, dim: 64, bits: 10,
    sample: true });
  const tab = await browser.open(makePage([repeatLayer(layer, 30)]));
  const firstPaint = () => tab.evaluate(() => performance.getEntriesByType("paint")
    .find(({ name }) => name === "first-contentful-paint").startTime);
  let paint = await firstPaint();
  for (let more = 0; more < 2 && paint >= 1000; ++more) {  // as in best()
    await tab.reload();
    await tab.waitForFunction(() => document.documentElement.dataset.ready === "true");
    paint = Math.min(paint, await firstPaint());
  }
  await tab.waitForFunction(() => document.documentElement.dataset.pictures === "true");
  assert.equal(await tab.locator("#grid button canvas.painted[width='64']").count(), 270);
  const size = await tab.evaluate(() => document.documentElement.outerHTML.length);
  assert.ok(size > 15e6, `a page of full size: ${size} bytes`);
  assert.ok(paint < 1000, `first paint after ${paint} ms`);
  t.diagnostic(`${(size / 1e6).toFixed(1)} MB, first paint after ${paint.toFixed(0)} ms`);
  await settled(tab);
  const { weight } = await readCell(tab, { top: 0, left: 0, span: 512 }, 400, 100);
  assertNear(parseFloat(weight), layer.weight(0, 0, 400, 100), 1e-6, "weight");
  await tab.done();
});

test("32,768 tokens, two heads: opens, and a cell is exact", async () => {
  const made = makeDocument({ tokens: 32768, layers: 1, heads: 2, dim: 16, block: 32, sample: true });
  const tab = await browser.open(makePage([made]), { hash: "#L0H1&q=30000-30039" });
  await settled(tab);
  const view = { top: 30000, left: 30000, span: 40 };
  const { weight } = await readCell(tab, view, 30031, 30007);
  assertNear(parseFloat(weight), made.weight(0, 1, 30031, 30007), 1e-6, "weight");
  await tab.locator("#whole").click();
  await settled(tab);
  await pointAt(tab, { top: 0, left: 0, span: 32768 }, 20000, 10000);
  assert.equal(await tab.locator(".tooltip").first().isVisible(), true);
  await tab.done();
});
