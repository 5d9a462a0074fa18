// What the viewer opens: an object with `info` (the page's JSON) and `block(name)`, which promises the
// unpacked bytes of one block or null if there is none. Two kinds: blocks in this file, and blocks in
// a container that a server sent.

// A page saved as a file: every block is the text of a script element. Blocks stand after the
// viewer's script, so at first they may not have been read yet.
class OfflinePage {
  constructor(info) {
    this.info = info;
  }

  async block(name) {
    const element = await this.element(`b:${name}`);
    if (!element) return null;
    const text = element.textContent;
    return inflate(await bytesFromText(text, Number(element.dataset.bytes)));
  }

  // The element once all of its text is there.
  async element(id) {
    for (;;) {
      const parsed = document.readyState !== "loading";
      const element = document.getElementById(id);
      const wanted = element ? textCodeLength(Number(element.dataset.bytes)) : 1;
      if (element && element.textContent.length >= wanted) return element;
      if (parsed) return null;
      await new Promise((resolve) => { setTimeout(resolve, 30); });
    }
  }
}

// "FOVEAPG1", the length of a JSON text (32 bits), the JSON, then the blocks' bytes.
class ContainerPage {
  constructor(buffer) {
    const magic = new TextDecoder().decode(new Uint8Array(buffer, 0, 8));
    if (magic !== "FOVEAPG1") throw new Error("not a page container: it begins with " + magic);
    const length = new DataView(buffer).getUint32(8, true);
    const head = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 12, length)));
    this.info = head.info;
    this.buffer = buffer;
    this.blocks = new Map();
    for (const { name, offset, length: bytes } of head.blocks) {
      this.blocks.set(name, { offset: 12 + length + offset, bytes });
    }
  }

  async block(name) {
    const place = this.blocks.get(name);
    return place ? inflate(new Uint8Array(this.buffer, place.offset, place.bytes)) : null;
  }
}
