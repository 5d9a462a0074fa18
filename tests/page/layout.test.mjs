// How the map is laid out and what can be done with it: labels fit, axes are named, pictures can be
// saved, the wheel scrolls the page where there is nothing to zoom, frames without an address work.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { readFileSync, writeFileSync } from "node:fs";
import { colorsAt, mapPlace, pointAt, settled, sourceDir, spiedTexts, startBrowser, textSpy } from "./browser.mjs";
import { makeDocument, makePage, textOf } from "./documents.mjs";
import { renderContainer, renderHtml } from "./packing.mjs";

let browser;
before(async () => { browser = await startBrowser(); });
after(() => browser.stop());

const setting = (tab, name) => tab.locator(`[data-setting="${name}"]`);
const addressOf = (tab) => tab.evaluate(() => new Promise((resolve) => {
  setTimeout(() => resolve(location.hash), 350);
}));
const pieces = [[" un"], ["break"], ["able"], [" a"], [" coun"], ["ter"], ["example"], [" of"],
  [" it"], [" all"]];

test("labels are not cut when words or longer texts need more room", async () => {
  const made = makeDocument({ text: textOf(pieces), layers: 1, heads: 2 });
  const longer = makeDocument({ text: textOf([["Pneumonoultramicro"], [" scopic"]]), layers: 1, heads: 2 });
  const tab = await browser.open(makePage([made]), {
    extraScript: `${textSpy}
      globalThis.openContainer = (bytes) => viewer.open(new ContainerPage(bytes));`,
  });
  await settled(tab);
  assert.deepEqual((await spiedTexts(tab)).cut, []);
  const narrow = await mapPlace(tab);
  await setting(tab, "words").check();
  await settled(tab);
  const words = await spiedTexts(tab);
  assert.ok(words.drawn.includes("counterexample"), words.drawn.join(" "));
  assert.deepEqual(words.cut, []);
  assert.ok((await mapPlace(tab)).left > narrow.left, "the map makes room");
  await setting(tab, "words").uncheck();
  await settled(tab);
  await spiedTexts(tab);
  await tab.evaluate((text) => openContainer(
    Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer),
  renderContainer(makePage([longer])).toString("base64"));
  await settled(tab);
  const typed = await spiedTexts(tab);
  assert.ok(typed.drawn.some((text) => text.startsWith("Pneumono")), typed.drawn.join(" "));
  assert.deepEqual(typed.cut, []);
  await tab.done();
});

test("rows and columns are named, on narrow screens too", async () => {
  for (const [width, tokens] of [[1400, 30], [420, 30], [420, 20]]) {
    const made = makeDocument({ tokens, layers: 1, heads: 2 });
    const tab = await browser.open(makePage([made]), { width, extraScript: textSpy });
    await settled(tab);
    const { drawn, cut } = await spiedTexts(tab);
    assert.ok(drawn.some((text) => /^← query: the token that looks$/.test(text)), drawn.join(" "));
    assert.ok(drawn.some((text) => /^key: the token it looks at →$/.test(text)), drawn.join(" "));
    assert.deepEqual(cut, []);
    assert.ok((await mapPlace(tab)).side >= 180, "the map itself has room");
    await tab.done();
  }
});

// Size and colours at some points of a picture file.
async function readPicture(tab, path, points) {
  return tab.evaluate(async ([text, wanted]) => {
    const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
    const image = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
    const context = new OffscreenCanvas(image.width, image.height).getContext("2d");
    context.drawImage(image, 0, 0);
    const { data } = context.getImageData(0, 0, image.width, image.height);
    return { width: image.width, height: image.height, colors: wanted.map(([x, y]) =>
      [...data.slice((y * image.width + x) * 4, (y * image.width + x) * 4 + 4)]) };
  }, [readFileSync(path).toString("base64"), points]);
}

for (const dark of [false, true]) {
  test(`the map can be saved as a picture with its labels, ${dark ? "dark" : "light"}`, async () => {
    const made = makeDocument({ tokens: 10, layers: 1, heads: 2 });
    const tab = await browser.open(makePage([made], { title: "A model / of mine" }),
                                   { dark, hash: "#L0H1", extraScript: textSpy });
    await settled(tab);
    await spiedTexts(tab);
    const coming = tab.waitForEvent("download");
    await tab.locator("#save").click();
    const file = await coming;
    assert.equal(file.suggestedFilename(), "L0H1-A-model-of-mine.png");
    const texts = await spiedTexts(tab);
    assert.ok(texts.drawn.includes("L0H1 · A model / of mine"), texts.drawn.join(" "));
    assert.ok(texts.drawn.some((text) => text.startsWith("← query")), "the axes are named");
    const plot = JSON.parse(await tab.locator(".overlay").first().getAttribute("data-plot"));
    const cell = plot.width / 10;
    // Two pixels of the file are one of the page; two lines stand above the map.
    const at = ([q, k]) => [16 + plot.left + (k + 0.2) * cell, 16 + 44 + plot.top + (q + 0.2) * cell]
      .map((place) => Math.round(2 * place));
    const cells = [[0, 0], [9, 3], [7, 5]];
    const { colors, width, height } = await readPicture(tab, await file.path(), [[2, 2], ...cells.map(at)]);
    assert.ok(width > 800 && height > 600, `${width} × ${height} pixels`);
    assert.deepEqual(colors[0], dark ? [20, 23, 27, 255] : [255, 255, 255, 255], "paper");
    const onScreen = await colorsAt(tab, { top: 0, left: 0, span: 10 }, cells);
    assert.deepEqual(colors.slice(1).map((color) => color.slice(0, 3)), onScreen);
    await tab.done();
  });
}

test("both maps of a pair are saved as one picture", async () => {
  const a = makeDocument({ tokens: 12, layers: 1, heads: 1, label: "one" });
  const b = makeDocument({ tokens: 12, layers: 1, heads: 1, d: 1, seed: 3, label: "two" });
  const pair = { kind: "models", labels: ["F16", "Q4_0"], summary: [], heads: null };
  const tab = await browser.open(makePage([a, b], { pair }), { extraScript: textSpy });
  await settled(tab);
  await spiedTexts(tab);
  const coming = tab.waitForEvent("download");
  await tab.keyboard.press("e");
  const { width } = await readPicture(tab, await (await coming).path(), []);
  assert.ok(width > 2 * 1000, `${width} pixels wide`);
  const { drawn } = await spiedTexts(tab);
  assert.ok(drawn.includes("F16") && drawn.includes("Q4_0"), drawn.join(" "));
  await tab.done();
});

test("the browser's own way to save a picture saves the map, not an empty canvas", async () => {
  const made = makeDocument({ tokens: 10, layers: 1, heads: 1 });
  const tab = await browser.open(makePage([made]));
  await settled(tab);
  await pointAt(tab, { top: 0, left: 0, span: 10 }, 8, 2);
  await tab.mouse.click(...await mapPlace(tab).then(({ left, top, side }) =>
    [left + 0.25 * side, top + 0.85 * side]), { button: "right" });
  const [lower, upper] = await tab.evaluate(() =>
    [...document.querySelectorAll(".map:not([hidden]) canvas")].map((canvas) => {
      const { left, top, width, height } = JSON.parse(
        document.querySelector(".overlay").dataset.plot);
      return [...canvas.getContext("2d")
        .getImageData(left + 0.55 * width, top + 0.95 * height, 1, 1).data];
    }));
  assert.deepEqual(upper, lower);
  assert.equal(upper[3], 255);
  await tab.done();
});

test("the wheel scrolls the page where there is nothing to zoom", async () => {
  const small = await browser.open(makePage([makeDocument({ tokens: 7, layers: 1, heads: 1 })]),
                                   { height: 420 });
  await settled(small);
  const scrolled = (tab) => tab.evaluate(() => new Promise((resolve) => {
    setTimeout(() => resolve(window.scrollY), 200);
  }));
  await pointAt(small, { top: 0, left: 0, span: 7 }, 3, 2);
  await small.mouse.wheel(0, 120);
  assert.ok(await scrolled(small) > 0, "down");
  await small.mouse.wheel(0, -120);
  assert.equal(await scrolled(small), 0, "and up");
  await small.done();

  const tab = await browser.open(makePage([makeDocument({ tokens: 24, layers: 1, heads: 1 })]),
                                 { height: 420 });
  await settled(tab);
  await pointAt(tab, { top: 0, left: 0, span: 24 }, 3, 2);
  await tab.mouse.wheel(0, -200);  // there is something to zoom into
  assert.equal(await scrolled(tab), 0);
  assert.match(await addressOf(tab), /q=/);
  await tab.mouse.wheel(0, 2000);  // back to the whole map, and no further
  await tab.mouse.wheel(0, 200);
  assert.equal(await scrolled(tab), 0, "the end of a zoom is not a scroll");
  assert.doesNotMatch(await addressOf(tab), /q=/);
  await tab.waitForTimeout(400);
  await tab.mouse.wheel(0, 200);
  assert.ok(await scrolled(tab) > 0, "the whole map cannot be zoomed out");
  await tab.done();
});

for (const sandbox of ["", ' sandbox="allow-scripts"']) {
  test(`a page in a frame without an address works${sandbox && ", and in a sandbox"}`, async () => {
    const made = makeDocument({ tokens: 20, layers: 2, heads: 3 });
    const inner = renderHtml(sourceDir, makePage([made])).replaceAll("&", "&amp;")
      .replaceAll('"', "&quot;");
    const host = await browser.open(makePage([made]));  // for its file's folder
    const file = host.file.replace(/\.html$/, `${sandbox ? "-sandbox" : "-frame"}.html`);
    await host.done();
    writeFileSync(file, '<!DOCTYPE html><html data-ready="true"><meta charset="utf-8">' +
      `<iframe style="width:1200px;height:800px"${sandbox} srcdoc="${inner}"></iframe></html>`);
    const tab = await browser.open(file);
    const frame = tab.frames()[1];
    await frame.waitForFunction(() => document.documentElement.dataset.ready === "true");
    await frame.locator("#grid button").nth(4).click();
    await frame.locator('[data-setting="scale"]').selectOption("log");
    await frame.locator("#text [data-piece]").nth(3).click();
    await frame.waitForTimeout(400);  // by then the address would have been written
    assert.equal(await frame.locator("#head-name").innerText(), "L1H1");
    assert.equal(await frame.locator("#problem").isVisible(), false);
    await tab.done();
  });
}
