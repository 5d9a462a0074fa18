// The viewer's scripts that need no page, in a scope of their own, for tests without a browser.
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const kScripts = ["slices", "numbers", "head_data", "word_cut", "words", "thumbnails", "head_store",
  "color_range", "sources", "far_source", "shown_map", "source_store", "text_weights", "viewport",
  "address", "controls"];
const kNames = ["HeadStore", "SourceStore", "DifferenceSource", "Units", "Viewport", "wordStarts",
  "plainSegments", "roundedTop", "gatherWeights", "writeAddress", "readAddress", "kDefaults"];

export function viewerScope() {
  const folder = join(dirname(fileURLToPath(import.meta.url)),
                      "../../tools/attention-dump/page/viewer");
  const text = kScripts.map((name) => readFileSync(join(folder, `${name}.js`), "utf8")).join("");
  // An open channel keeps node from ending, so whoever takes the scope calls end().
  const names = `${kNames.join(", ")}, end: () => sliceChannel.port1.close()`;
  return new Function(`"use strict"; ${text} return { ${names} };`)();
}
