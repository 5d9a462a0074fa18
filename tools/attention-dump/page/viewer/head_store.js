// Heads by their indices: unpacks a head's blocks when it is first wanted and keeps the latest.

const kHeadBytes = 384 << 20;

class HeadStore {
  constructor(page) {
    this.page = page;
    this.docs = page.info.docs;
    this.cache = new Cache(kHeadBytes);
  }

  // Promises the value that `load` makes, once per key.
  once(key, cost, load) {
    let promise = this.cache.get(key);
    if (!promise) {
      promise = load();
      this.cache.set(key, promise, cost);
      promise.catch(() => this.cache.remove(key));
    }
    return promise;
  }

  async need(name) {
    const bytes = await this.page.block(name);
    if (!bytes) throw new Error(`the page has no block ${name}`);
    return bytes;
  }

  mask(d, layer) {
    const doc = this.docs[d];
    return new Mask(doc.tokens.length, keyText(doc).tokens.length, doc.causal,
                    (doc.windows && doc.windows[layer]) || 0);
  }

  head(d, layer, head) {
    const doc = this.docs[d];
    const queries = doc.tokens.length;
    const keys = keyText(doc).tokens.length;
    const cost = doc.store.kind === "weights"
      ? queries * keys * (doc.store.precision === "f16" ? 1 : 2) * (doc.causal ? 1 : 2)
      : queries * (doc.store.dim + 1) * 4;
    return this.once(`${d}/head/${layer}/${head}`, cost, () =>
      doc.store.kind === "weights" ? this.storedHead(d, layer, head) : this.traceHead(d, layer, head));
  }

  async storedHead(d, layer, head) {
    const half = this.docs[d].store.precision === "f16";
    const planes = await this.need(`${d}/w/${layer}/${head}`);
    return new StoredHead(this.mask(d, layer), await joinPlanes(planes, half ? 2 : 4), half);
  }

  async traceHead(d, layer, head) {
    const doc = this.docs[d];
    const from = doc.share ?? d;  // whose queries and keys these are
    const kv = doc.kv_head ? doc.kv_head[head] : head;
    const [queries, keys, normalisers] = await Promise.all([
      this.vectors(from, "q", `${layer}/${head}`),
      this.once(`${from}/k/${layer}/${kv}`, keyText(doc).tokens.length * doc.store.dim * 4,
                () => this.vectors(from, "k", `${layer}/${kv}`)),
      this.need(`${d}/z/${layer}/${head}`),
    ]);
    return new TraceHead(this.mask(d, layer), queries, keys, plainFloats(normalisers), doc.store);
  }

  // f32 [queries or keys, dim] from codes and steps, or from f32 byte planes.
  async vectors(d, letter, place) {
    const { bits, dim } = this.docs[d].store;
    const planes = await this.need(`${d}/${letter}/${place}`);
    if (bits === 32) return new Float32Array(await joinPlanes(planes, 4));
    const steps = plainFloats(await this.need(`${d}/${letter}s/${place}`));
    const codes = new Int16Array(await joinPlanes(planes, 2));
    const vectors = new Float32Array(codes.length);
    for (let begin = 0; begin < codes.length; begin += dim) {
      for (let i = 0; i < dim; ++i) vectors[begin + i] = codes[begin + i] * steps[i];
      if (sliceIsOver()) await nextSlice();
    }
    return vectors;
  }

  // Promises the pyramid of a head, or null if the document has none.
  pyramid(d, layer, head) {
    const doc = this.docs[d];
    if (!doc.pyramid) return Promise.resolve(null);
    const { side, rows = side, columns = side } = doc.pyramid;
    return this.once(`${d}/p/${layer}/${head}`, rows * columns, async () =>
      new Pyramid(await this.need(`${d}/p/${layer}/${head}`), doc.pyramid, doc.causal));
  }

  // Promises f32 [keys]: the length of each key's value vector behind the output projection; null if
  // the document has none.
  valueNorms(d, layer, head) {
    const doc = this.docs[d];
    if (!doc.has_values) return Promise.resolve(null);
    return this.once(`${d}/n/${layer}/${head}`, keyText(doc).tokens.length * 4, async () => {
      const own = await this.page.block(`${d}/n/${layer}/${head}`);
      return plainFloats(own || await this.need(`${doc.share ?? d}/n/${layer}/${head}`));
    });
  }

  // Promises the pictures of all heads (thumbnails.js); null if the document has none.
  thumbnails(d) {
    return this.once(`${d}/thumbs`, 1, async () => {
      const codes = await this.page.block(`${d}/thumbs`);
      return codes ? new Thumbnails(this.docs[d], codes) : null;
    });
  }
}
