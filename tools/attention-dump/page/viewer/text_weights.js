// Where a token looks and who looks at it: a row and a column of one head's map, of the mean over a
// layer, or of the mean over all heads.

// sources: async (l, h) → source, for the heads [{l, h} …]; unit: of the sources. Calls
// onPart({looks, looked, done, total}) now and then and at the end; stops when `wanted()` says no.
// looks[key], looked[query]: f32 by unit. Promises whether it came to the end.
async function gatherWeights({ heads, sources, unit, size, wanted, onPart }) {
  const looks = new Float32Array(size);
  const looked = new Float32Array(size);
  const row = new Float32Array(size);
  const cell = new Float32Array(1);
  const share = (done) => ({
    looks: looks.map((value) => value / done),
    looked: looked.map((value) => value / done),
    done,
    total: heads.length,
  });
  let yielded = performance.now();
  for (let i = 0; i < heads.length; ++i) {
    const source = await sources(heads[i].l, heads[i].h);
    if (!wanted()) return false;
    const begin = source.firstKey(unit);
    const end = source.endKey(unit);
    if (end > begin) {
      source.row(unit, begin, end, row);
      for (let key = begin; key < end; ++key) looks[key] += row[key - begin];
    }
    for (let query = 0; query < size; ++query) {
      if (unit >= source.firstKey(query) && unit < source.endKey(query)) {
        source.row(query, unit, unit + 1, cell);
        looked[query] += cell[0];
      }
      if ((query & 3) === 0 && sliceIsOver()) {
        await nextSlice();
        if (!wanted()) return false;
      }
    }
    if (i + 1 < heads.length && performance.now() - yielded > 150) {
      onPart(share(i + 1));
      yielded = performance.now();
    }
  }
  onPart(share(heads.length));
  return true;
}

// Values of units, given to each of their tokens.
function spreadOverTokens(values, units) {
  return Float32Array.from(units.of, (unit) => values[unit]);
}
