// How far the colours reach. On the whole range 0–1 the first token (an attention sink) and the
// token itself often leave nothing for the rest; "automatic" ends at the largest weight elsewhere.

const kRangeRows = 128;      // rows that are looked at, evenly over the map
const kRangeWork = 24e6;     // products that this may take, in all rows
const kRangeFewestRows = 8;

// The next larger number of one digit (0.037 → 0.04), at most 1: ranges stay the same while a text is
// typed, and ticks are short.
function roundedTop(value) {
  if (!(value > 0) || value >= 1) return 1;
  const unit = 10 ** Math.floor(Math.log10(value));
  const top = Math.ceil(value / unit - 1e-6) * unit;
  return Math.min(1, Number(top.toPrecision(1)));
}

// Where a scale ends. range: "auto", or a number as a text; automatic: what the shown map suggests.
function rangeTop(range, automatic) {
  return range === "auto" ? automatic : Number(range);
}

// Products that a row takes.
function rowWork(source) {
  if (source.first) return rowWork(source.first) + rowWork(source.second);
  return source.tokens ? rowWork(source.tokens) : source.keys * (source.head.dim || 1);
}

// Promises the end of the scale for a map: the largest weight of its rows, or difference of weights;
// where rows and columns are one text, the first column and the diagonal do not count.
async function typicalTop(map) {
  const { source, square, queries, keys } = map;
  const most = Math.max(kRangeFewestRows,
                        Math.min(kRangeRows, Math.floor(kRangeWork / rowWork(source))));
  const rows = Math.min(queries, most);
  const cells = new Float32Array(keys);
  let top = 0;
  for (let i = 0; i < rows; ++i) {
    const query = queries - 1 - Math.floor(i * queries / rows);
    const begin = Math.max(square ? 1 : 0, source.firstKey(query));
    const end = source.endKey(query);
    if (end <= begin) continue;
    source.row(query, begin, end, cells);
    for (let key = begin; key < end; ++key) {
      const size = Math.abs(cells[key - begin]);
      if (size > top && !(square && key === query)) top = size;
    }
    if (sliceIsOver()) await nextSlice();
  }
  return roundedTop(top);
}
