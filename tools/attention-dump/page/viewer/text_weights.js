// Where a query looks and who looks at a key: a row and a column of one head's map, of the mean over a
// layer, or of the mean over all heads.

// sources: async (l, h) → source, for the heads [{l, h} …]; query, key: units of the row and of the
// column, null: none; lastRow: rows after it are not there yet, null: all are. Calls
// onPart({looks, looked, done, total}) now and then and at the end; stops when `wanted()` says no.
// looks[key], looked[query]: f32 by unit, null where none was asked for. Promises whether it came to
// the end.
async function gatherWeights({ heads, sources, query, key, lastRow, wanted, onPart }) {
  let looks = null;
  let looked = null;
  const cell = new Float32Array(1);
  const mean = (sums, done) => sums && sums.map((value) => value / done);
  const share = (done) =>
    ({ looks: mean(looks, done), looked: mean(looked, done), done, total: heads.length });
  let yielded = performance.now();
  for (let i = 0; i < heads.length; ++i) {
    const source = await sources(heads[i].l, heads[i].h);
    if (!wanted()) return false;
    if (query !== null) {
      looks ||= new Float32Array(source.keys);
      addLooks(source, query, looks);
    }
    if (key !== null) {
      looked ||= new Float32Array(source.queries);
      const end = lastRow === null ? source.queries : Math.min(source.queries, lastRow + 1);
      for (let row = 0; row < end; ++row) {
        if (key >= source.firstKey(row) && key < source.endKey(row)) {
          source.row(row, key, key + 1, cell);
          looked[row] += cell[0];
        }
        if ((row & 3) === 0 && sliceIsOver()) {
          await nextSlice();
          if (!wanted()) return false;
        }
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

// Adds a row of the map to the sums by key.
function addLooks(source, query, looks) {
  const begin = source.firstKey(query);
  const end = source.endKey(query);
  if (end <= begin) return;
  const row = new Float32Array(end - begin);
  source.row(query, begin, end, row);
  for (let key = begin; key < end; ++key) looks[key] += row[key - begin];
}

// Values of units, given to each of their tokens.
function spreadOverTokens(values, units) {
  return Float32Array.from(units.of, (unit) => values[unit]);
}
