// Pictures of the page in light, dark and on paper, for people to look at: they are written to the
// folder FOVEA_PAGE_PICTURES if it is set.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { inflateSync } from "node:zlib";
import { settled, startBrowser } from "./browser.mjs";
import { makeDocument, makePage } from "./documents.mjs";

let browser;
before(async () => { browser = await startBrowser(); });
after(() => browser.stop());

const folder = process.env.FOVEA_PAGE_PICTURES;
if (folder) mkdirSync(folder, { recursive: true });

// Mean brightness (0–255) of the first row of a picture of the browser: 8-bit RGB, any filter is
// undone by none being needed for a plain row.
function topBrightness(png) {
  let at = 8;
  const parts = [];
  let width = 0;
  let channels = 3;
  while (at < png.length) {
    const length = png.readUInt32BE(at);
    const kind = png.toString("latin1", at + 4, at + 8);
    if (kind === "IHDR") {
      width = png.readUInt32BE(at + 8);
      channels = png[at + 17] === 6 ? 4 : 3;
    }
    if (kind === "IDAT") parts.push(png.subarray(at + 8, at + 8 + length));
    at += 12 + length;
  }
  const row = inflateSync(Buffer.concat(parts)).subarray(0, 1 + width * channels);
  const pixel = row.subarray(1, 1 + channels);  // the first pixel is never filtered away
  return (pixel[0] + pixel[1] + pixel[2]) / 3;
}

const made = makeDocument({ tokens: 60, layers: 4, heads: 6, kvHeads: 2, generated: 12, values: true });

for (const [name, options, brightness] of [
  ["light", {}, [240, 255]], ["dark", { dark: true }, [0, 60]],
  ["paper", { dark: true, paper: true }, [240, 255]], ["narrow", { width: 420 }, [240, 255]],
]) {
  test(`a picture of the page: ${name}`, async () => {
    const tab = await browser.open(makePage([made]), { ...options, hash: "#L2H3&token=40" });
    await settled(tab);
    if (options.paper) {
      await tab.evaluate(() => window.dispatchEvent(new Event("beforeprint")));
      await tab.emulateMedia({ media: "print" });
      await tab.waitForTimeout(100);
      assert.equal(await tab.locator("#controls").isVisible(), false);
      assert.equal(await tab.locator(".stage canvas").first().isVisible(), true);
      assert.equal(await tab.locator("#grid").isVisible(), true);
    }
    const path = folder ? join(folder, `page-${name}.png`) : undefined;
    const png = await tab.screenshot({ path, fullPage: true });
    const shown = topBrightness(png);
    assert.ok(shown >= brightness[0] && shown <= brightness[1], `brightness ${shown}`);
    const wide = await tab.evaluate(() => document.documentElement.scrollWidth);
    if (options.width) assert.ok(wide <= options.width + 1, `${wide} pixels wide`);
    await tab.done();
  });
}
