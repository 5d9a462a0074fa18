// How far the colours reach: by themselves, to 1, or to a number of one's own.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { assertNear, colorsAt, settled, spiedTexts, startBrowser, textSpy } from "./browser.mjs";
import { makeDocument, makePage } from "./documents.mjs";
import { viewerScope } from "./viewer_scope.mjs";

const viewer = viewerScope();
let browser;
before(async () => { browser = await startBrowser(); });
after(() => {
  viewer.end();
  return browser.stop();
});

const tokens = 40;
const whole = { top: 0, left: 0, span: tokens };
const made = makeDocument({ tokens, layers: 2, heads: 2, sharpness: 1.2, generated: 2 });
const page = makePage([made]);

// Largest weight outside the first column and the diagonal.
function largestElsewhere(l, h) {
  let top = 0;
  for (let q = 0; q < tokens; ++q) for (let k = 1; k < q; ++k) top = Math.max(top, made.weight(l, h, q, k));
  return top;
}

async function checkColors(tab, top) {
  const cells = [[5, 3], [30, 12], [39, 38], [0, 0], [22, 0]];
  const colors = await colorsAt(tab, whole, cells);
  cells.forEach(([q, k], i) => {
    const step = Math.round(Math.min(1, made.weight(0, 1, q, k) / top) * 255);
    const expected = [0, 2, 4].map((c) => parseInt(page.info.palettes.blues.substr(step * 6 + c, 2), 16));
    colors[i].forEach((value, c) => assertNear(value, expected[c], 2, `up to ${top}: ${q} ${k}`));
  });
}

test("ends of scales are numbers of one digit, never below the largest weight", () => {
  for (const [value, top] of [[0.037, 0.04], [0.2, 0.2], [0.2001, 0.3], [0.91, 1], [1, 1], [0, 1],
    [0.00052, 0.0006], [NaN, 1]]) {
    assert.equal(viewer.roundedTop(value), top);
  }
});

test("by themselves colours end at the largest weight outside first column and diagonal", async () => {
  const tab = await browser.open(page, { hash: "#L0H1", extraScript: textSpy });
  await settled(tab);
  const top = viewer.roundedTop(largestElsewhere(0, 1));
  assert.ok(top < 1, `a map of small weights: up to ${top}`);
  await checkColors(tab, top);
  const { drawn } = await spiedTexts(tab);
  assert.ok(drawn.includes(`≥${String(top).replace(/^0/, "")}`), drawn.join(" "));
  await tab.done();
});

test("colours can end at 1 or at a number of one's own, and the address says so", async () => {
  const tab = await browser.open(page, { hash: "#L0H1" });
  await settled(tab);
  const address = () => tab.evaluate(() => new Promise((resolve) => {
    setTimeout(() => resolve(location.hash), 350);
  }));
  await tab.locator("#range").selectOption("1");
  await settled(tab);
  await checkColors(tab, 1);
  assert.match(await address(), /range=1(&|$)/);
  await tab.locator("#range").selectOption("own");
  await tab.locator("#range-top").fill("0.25");
  await settled(tab);
  await checkColors(tab, 0.25);
  assert.match(await address(), /range=0\.25/);
  const again = await browser.open(tab.file, { hash: await address() });
  await settled(again);
  await checkColors(again, 0.25);
  assert.equal(await again.locator("#range-top").inputValue(), "0.25");
  await again.locator("#range").focus();
  await again.locator("#range").selectOption("auto");
  await settled(again);
  await checkColors(again, viewer.roundedTop(largestElsewhere(0, 1)));
  assert.equal(await again.locator("#range-top").isVisible(), false);
  await tab.done();
  await again.done();
});

test("maps side by side share their colours, differences are as wide to both sides", async () => {
  const other = makeDocument({ tokens, layers: 2, heads: 2, d: 1, seed: 5, sharpness: 6 });
  const pair = { kind: "models", labels: ["a", "b"], summary: [], heads: null };
  const tab = await browser.open(makePage([made, other], { pair }), { extraScript: textSpy });
  await settled(tab);
  let top = 0;
  let change = 0;
  for (let q = 0; q < tokens; ++q) {
    for (let k = 1; k < q; ++k) {
      const weights = [made, other].map((one) => one.weight(0, 0, q, k));
      top = Math.max(top, ...weights);
      change = Math.max(change, Math.abs(weights[0] - weights[1]));
    }
  }
  const text = (value) => String(viewer.roundedTop(value)).replace(/^0/, "");
  const sides = (await spiedTexts(tab)).drawn;
  const end = viewer.roundedTop(top) < 1 ? `≥${text(top)}` : "1";
  assert.ok(sides.includes(end), `${end}: ${sides.join(" ")}`);
  await tab.locator('[data-setting="pair"]').selectOption("difference");
  await settled(tab);
  const { drawn } = await spiedTexts(tab);
  assert.ok(drawn.includes(`+${text(change)}`) && drawn.includes(`−${text(change)}`), drawn.join(" "));
  await tab.done();
});

test("in long texts the first rows, whose weight few keys share, do not decide", async () => {
  const even = makeDocument({ tokens: 200, layers: 1, heads: 1, sharpness: 0.01 });
  const sources = new viewer.SourceStore(new viewer.HeadStore({
    info: { docs: [even.doc] }, block: async (name) => even.blocks.get(name) ?? null }));
  const map = await sources.map([0], 0, 0, { words: false, far: "max" });
  const top = await map.typicalTop();  // a quarter of the rows has weights above 1 / 50
  assert.ok(top >= 0.02 && top <= 0.03, `up to ${top}`);
});
