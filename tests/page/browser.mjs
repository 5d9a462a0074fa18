// A browser for the tests: opens pages from disk, notes everything a page must not do (requests,
// messages on the console, errors), and points at cells.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { renderHtml } from "./packing.mjs";

export const sourceDir = resolve(dirname(fileURLToPath(import.meta.url)), "../..");

// FOVEA_NODE_MODULES: the folder with playwright-core; FOVEA_CHROMIUM: the browser.
export async function startBrowser() {
  const modules = process.env.FOVEA_NODE_MODULES || join(sourceDir, "tests/page/node_modules");
  const { chromium } = createRequire(join(modules, "x.js"))("playwright-core");
  const folder = mkdtempSync(join(tmpdir(), "fovea-page-"));
  const browser = await chromium.launch({
    executablePath: process.env.FOVEA_CHROMIUM || "/usr/bin/chromium",
    args: process.getuid() === 0 ? ["--no-sandbox"] : [],
  });
  let count = 0;

  // Opens a made page, or a file of its own; options: {hash, dark, width, height, extraScript}.
  async function open(page, options = {}) {
    let file = page;
    if (typeof page !== "string") {
      file = join(folder, `${++count}.html`);
      writeFileSync(file, renderHtml(sourceDir, page, options.extraScript));
    }
    const tab = await browser.newPage({
      viewport: { width: options.width || 1300, height: options.height || 900 },
      colorScheme: options.dark ? "dark" : "light",
    });
    const faults = [];
    const address = pathToFileURL(file).href;
    tab.on("request", (request) => {
      if (request.url().split("#")[0] !== address) faults.push(`request for ${request.url()}`);
    });
    tab.on("console", (message) => faults.push(`console: ${message.text()}`));
    tab.on("pageerror", (error) => faults.push(`error: ${error.message}`));
    await tab.goto(address + (options.hash || ""), { waitUntil: "commit" });
    await tab.waitForFunction(() => document.documentElement.dataset.ready === "true");
    return Object.assign(tab, {
      file,
      // To be called at the end of every test.
      async done() {
        assert.deepEqual(faults, []);
        await tab.close();
      },
    });
  }

  // Opens the page of a server, in a profile of its own: it may ask its own server and nobody else.
  async function visit(address, options = {}) {
    const context = await browser.newContext({
      viewport: { width: options.width || 1300, height: options.height || 1000 },
      colorScheme: options.dark ? "dark" : "light",
    });
    const tab = await context.newPage();
    const faults = [];
    const { origin } = new URL(address);
    tab.on("request", (request) => {
      if (new URL(request.url()).origin !== origin) faults.push(`request for ${request.url()}`);
    });
    tab.on("console", (message) => faults.push(`console: ${message.text()}`));
    tab.on("pageerror", (error) => faults.push(`error: ${error.message}`));
    await tab.goto(address);
    return Object.assign(tab, {
      async done({ expected = /^$/ } = {}) {
        assert.deepEqual(faults.filter((fault) => !expected.test(fault)), []);
        await context.close();
      },
    });
  }

  async function stop() {
    await browser.close();
    rmSync(folder, { recursive: true, force: true });
  }
  return { open, visit, stop };
}

// Shows another part by the address, as someone does who follows a link.
export async function goTo(tab, hash) {
  await tab.evaluate((wanted) => { location.hash = wanted; }, hash);
  await settled(tab);
}

// Waits until the maps in view are drawn as well as they can be, and the text is shaded.
export async function settled(tab) {
  await tab.evaluate(() => new Promise((resolve) => {
    requestAnimationFrame(() => requestAnimationFrame(resolve));
  }));
  await tab.waitForFunction(() => [...document.querySelectorAll(".map:not([hidden])")]
    .every((map) => map.dataset.complete === "true") &&
    document.getElementById("legend").dataset.done === "true");
}

// Where a map's cells are on the screen; map: which of two.
export async function mapPlace(tab, map = 0) {
  const overlay = tab.locator(".overlay").nth(map);
  const box = await overlay.boundingBox();
  const plot = JSON.parse(await overlay.getAttribute("data-plot"));
  return { left: box.x + plot.left, top: box.y + plot.top, side: plot.width };
}

// Points at the middle of a cell; view: {top, left, span} in rows.
export async function pointAt(tab, view, query, key, { map = 0, place = null } = {}) {
  const { left, top, side } = place || await mapPlace(tab, map);
  const cell = side / view.span;
  await tab.mouse.move(left + (key - view.left + 0.5) * cell, top + (query - view.top + 0.5) * cell);
}

// What the tooltip says, by the names of its lines; null if it is hidden.
export async function tooltip(tab, map = 0) {
  return tab.locator(".tooltip").nth(map).evaluate((element) => {
    if (element.hidden) return null;
    return Object.fromEntries([...element.children].map((line) =>
      [line.querySelector("span").textContent, line.querySelector("bdi").textContent]));
  });
}

// Points at a cell and returns the tooltip, checked to be about this very cell.
export async function readCell(tab, view, query, key, options = {}) {
  await pointAt(tab, view, query, key, options);
  const lines = await tooltip(tab, options.map || 0);
  assert.ok(lines, `a tooltip at row ${query}, column ${key}`);
  assert.equal(parseInt(lines.query, 10), query);
  assert.equal(parseInt(lines.key, 10), key);
  return lines;
}

export function assertNear(shown, expected, tolerance, what) {
  assert.ok(Math.abs(shown - expected) <= tolerance,
            `${what}: shown ${shown}, expected ${expected}, may differ by ${tolerance}`);
}

// The colours of the map's canvas at some cells [query, key].
export async function colorsAt(tab, view, cells) {
  return tab.evaluate(([v, wanted]) => {
    const canvas = document.querySelector(".stage canvas");
    const plot = JSON.parse(document.querySelector(".overlay").dataset.plot);
    const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d");
    copy.drawImage(canvas, 0, 0);
    const image = copy.getImageData(0, 0, canvas.width, canvas.height);
    const at = (unit, start, span, from, length) =>
      Math.round(from + (unit - start + 0.2) * length / span);
    return wanted.map(([q, k]) => {
      const y = at(q, v.top, v.rows ?? v.span, plot.top, plot.height);
      const x = at(k, v.left, v.columns ?? v.span, plot.left, plot.width);
      return [...image.data.slice((y * image.width + x) * 4, (y * image.width + x) * 4 + 3)];
    });
  }, [view, cells]);
}

// A script for pages: notes in `drawnTexts` what is written on canvases, in `cutTexts` what does not
// fit on them.
export const textSpy = `
globalThis.drawnTexts = new Set();
globalThis.cutTexts = new Set();
const fillText = CanvasRenderingContext2D.prototype.fillText;
CanvasRenderingContext2D.prototype.fillText = function (text, x, y, ...more) {
  const { width } = this.measureText(text);
  const left = x - width * ({ right: 1, center: 0.5 }[this.textAlign] ?? 0);
  const matrix = this.getTransform();
  for (const corner of [[left, y - 4], [left + width, y + 4]]) {
    const at = matrix.transformPoint({ x: corner[0], y: corner[1] });
    if (at.x < -1 || at.y < -1 || at.x > this.canvas.width + 1 || at.y > this.canvas.height + 1) {
      cutTexts.add(text);
    }
  }
  drawnTexts.add(text);
  return fillText.call(this, text, x, y, ...more);
};
`;

// What was written since the last call, and what of it was cut: {drawn, cut}.
export async function spiedTexts(tab) {
  return tab.evaluate(() => {
    const found = { drawn: [...drawnTexts], cut: [...cutTexts] };
    drawnTexts.clear();
    cutTexts.clear();
    return found;
  });
}
