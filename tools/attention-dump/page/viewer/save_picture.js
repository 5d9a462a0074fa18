// The shown maps with their labels as one picture file, made in the browser.

const kPictureMargin = 16;
const kPictureLine = 22;
const kPictureWait = 8000;  // milliseconds for tiles that are still being computed

// Promises the canvas. views: of maps; lines: above them, the first one bold.
async function drawPicture(views, lines) {
  for (const view of views) await waitUntilComplete(view);
  const ratio = Math.max(2, window.devicePixelRatio || 1);
  const width = views.reduce((sum, view) => sum + view.width + kPictureMargin, kPictureMargin);
  const captioned = views.some((view) => view.shown.caption);
  const top = kPictureMargin + (lines.length + (captioned ? 1 : 0)) * kPictureLine;
  const height = top + Math.max(...views.map((view) => view.height)) + kPictureMargin;
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  const context = canvas.getContext("2d");
  context.scale(ratio, ratio);
  context.fillStyle = themeColor("--paper");
  context.fillRect(0, 0, width, height);
  context.textBaseline = "middle";
  const write = (text, x, y, room, font, color) => {
    context.font = font;
    context.fillStyle = themeColor(color);
    context.fillText(text, x, y, room);
  };
  lines.forEach((text, i) =>
    write(text, kPictureMargin, kPictureMargin + (i + 0.5) * kPictureLine, width - 2 * kPictureMargin,
          i === 0 ? "600 16px system-ui, sans-serif" : "13px system-ui, sans-serif",
          i === 0 ? "--ink" : "--faint"));
  let left = kPictureMargin;
  for (const view of views) {
    if (captioned) {
      write(view.shown.caption, left, top - kPictureLine / 2, view.width,
            "13px system-ui, sans-serif", "--faint");
    }
    // Sharper than the screen where the map is exact at once; else as fine as it is shown.
    view.drawAt(view.level === 0 ? ratio : null, (map) =>
      context.drawImage(map, left, top, view.width, view.height));
    left += view.width + kPictureMargin;
  }
  return canvas;
}

async function waitUntilComplete(view) {
  const end = performance.now() + kPictureWait;
  while (view.root.dataset.complete !== "true" && performance.now() < end) {
    await new Promise((resolve) => { requestAnimationFrame(resolve); });
  }
}

// Offers the canvas as a file to save, without any request.
function saveCanvas(canvas, name) {
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => {
      if (!blob) return reject(new Error("the browser cannot make a picture of this size"));
      const link = document.createElement("a");
      link.href = URL.createObjectURL(blob);
      link.download = name;
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 10000);
      resolve();
    }, "image/png");
  });
}

// A file's name from words: letters, digits, points and dashes.
function fileName(words, ending) {
  const name = words.join("-").replace(/[^\p{L}\p{N}.+_-]+/gu, "-").replace(/^-+|-+$/g, "");
  return `${name.slice(0, 100)}.${ending}`;
}
