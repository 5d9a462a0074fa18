// Sources and shown maps by head and settings, each made once and kept while it is of use.

class SourceStore {
  constructor(store) {
    this.store = store;
    this.docs = store.docs;
    this.cache = new Cache(320);
    this.maps = new Cache(48);
    this.axisLists = new Map();
  }

  // Whether words would say anything else than tokens.
  hasWords(doc) {
    const several = ({ tokens, text, word }) => (text ? tokens.length > 1
      : (word || []).some((number, i) => i > 0 && number >= 0 && number === word[i - 1]));
    return several(doc) || several(keyText(doc));
  }

  // What rows and columns of a document stand for: {queries, keys}, Units.
  axes(d, words) {
    const key = `${d}/${words}`;
    if (!this.axisLists.has(key)) {
      const doc = this.docs[d];
      const units = (text) => (words ? Units.words(text) : Units.tokens(text));
      const queries = units(doc);
      this.axisLists.set(key, { queries, keys: isSquare(doc) ? queries : units(keyText(doc)) });
    }
    return this.axisLists.get(key);
  }

  once(cache, key, make) {
    let promise = cache.get(key);
    if (!promise) {
      promise = make();
      cache.set(key, promise, 1);
      promise.catch(() => cache.remove(key));
    }
    return promise;
  }

  key(d, l, h, { drop, values }) {
    return `${d}/${l}/${h}/${drop ? "d" : ""}${values && this.docs[d].has_values ? "v" : ""}`;
  }

  // settings: {drop, values, words}
  tokenSource(d, l, h, settings) {
    return this.once(this.cache, this.key(d, l, h, settings), async () => {
      const head = await this.store.head(d, l, h);
      const norms = settings.values ? await this.store.valueNorms(d, l, h) : null;
      return new TokenSource(head, { dropFirst: settings.drop, norms });
    });
  }

  source(d, l, h, settings) {
    if (!settings.words) return this.tokenSource(d, l, h, settings);
    return this.once(this.cache, `${this.key(d, l, h, settings)}/words`, async () =>
      new WordSource(await this.tokenSource(d, l, h, settings), this.axes(d, true)));
  }

  async far(d, l, h, settings) {
    const pyramid = await this.store.pyramid(d, l, h);
    return pyramid ? new FarSource(await this.tokenSource(d, l, h, settings), pyramid) : null;
  }

  // What is shown of the documents `ds`: one, or two as a difference.
  map(ds, l, h, settings) {
    const key = [ds.map((d) => this.key(d, l, h, settings)), settings.words, settings.far].join("/");
    return this.once(this.maps, key, async () => {
      const [source, far] = await Promise.all([
        Promise.all(ds.map((d) => this.source(d, l, h, settings))),
        Promise.all(ds.map((d) => this.far(d, l, h, settings))),
      ]);
      return new ShownMap(ds.length > 1 ? new DifferenceSource(...source) : source[0], {
        far: far.every(Boolean) ? { first: far[0], second: far[1] || null } : null,
        axes: this.axes(ds[0], settings.words),
        square: isSquare(this.docs[ds[0]]),
        mean: settings.far === "mean",
      });
    });
  }
}
