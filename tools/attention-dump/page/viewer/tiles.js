// Tiles of maps: computed one after the other in slices, the most wanted first; the latest are kept.

const kTilesKept = 600;

class Tile {
  constructor(values) {
    this.values = values;
    this.canvas = null;
    this.painted = "";  // id of the scale it was painted with
  }

  paint(scale) {
    if (!this.canvas) this.canvas = new OffscreenCanvas(kTile, kTile);
    const context = this.canvas.getContext("2d");
    const image = context.createImageData(kTile, kTile);
    const pixels = new Uint32Array(image.data.buffer);
    for (let i = 0; i < pixels.length; ++i) {
      const value = this.values[i];
      if (value !== kMasked) pixels[i] = scale.pixel(value);
    }
    context.putImageData(image, 0, 0);
    this.painted = scale.id;
  }
}

class TileStore {
  constructor(onTile) {
    this.onTile = onTile;  // called when a tile has come
    this.tiles = new Cache(kTilesKept);
    this.wishes = new Map();  // view -> [{key, map, level, row, column}], the most wanted first
    this.working = false;
  }

  key(map, level, row, column) {
    return `${map.id}/${level}/${row}/${column}`;
  }

  get(map, level, row, column) {
    return this.tiles.get(this.key(map, level, row, column));
  }

  // What a view now lacks; replaces what it wished for before.
  wish(view, wishes) {
    this.wishes.set(view, wishes);
    if (!this.working && wishes.length) this.work();
  }

  get idle() {
    return !this.working;
  }

  next() {
    for (const list of this.wishes.values()) {
      while (list.length && this.tiles.get(list[0].key)) list.shift();
    }
    // The nearest of the first wishes, so that two views fill alike.
    let best = null;
    for (const list of this.wishes.values()) {
      if (list.length && (!best || list[0].rank < best.rank)) best = list[0];
    }
    return best;
  }

  wanted(key) {
    for (const list of this.wishes.values()) {
      for (const wish of list) if (wish.key === key) return true;
    }
    return false;
  }

  async work() {
    this.working = true;
    try {
      for (let wish = this.next(); wish; wish = this.next()) {
        const { key, map, level, row, column } = wish;
        const values = new Float32Array(kTile * kTile);
        const done = await map.fill(level, row, column, values, () => this.wanted(key));
        if (done) {
          this.tiles.set(key, new Tile(values), 1);
          this.onTile();
        }
        if (sliceIsOver()) await nextSlice();
      }
    } finally {
      this.working = false;
    }
  }
}
