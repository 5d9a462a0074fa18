// How far the colours reach. On the whole range 0–1 the first token (an attention sink) and the
// token itself often leave nothing for the rest; "automatic" ends at the largest weight elsewhere. In
// long texts the first rows, whose weight few keys share, would leave nothing for the others: there a
// quarter of the rows may have weights beyond the end.

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

const kLongText = 64;  // rows; with more, a quarter of them may go beyond the end

// The end of the scale from the largest weights of rows; `long`: of a long text.
function topOfRows(largest, long) {
  const sorted = largest.filter((value) => value > 0).sort((a, b) => b - a);
  return roundedTop(sorted[long ? Math.floor(sorted.length / 4) : 0] ?? 0);
}

// Promises the end of the scale for a map of weights or of their differences; where rows and columns
// are one text, the first column and the diagonal do not count.
async function typicalTop(map) {
  const { source, square, queries, keys } = map;
  const most = Math.max(kRangeFewestRows,
                        Math.min(kRangeRows, Math.floor(kRangeWork / rowWork(source))));
  const rows = Math.min(queries, most);
  const cells = new Float32Array(keys);
  const largest = [];
  for (let i = 0; i < rows; ++i) {
    const query = queries - 1 - Math.floor(i * queries / rows);
    const begin = Math.max(square ? 1 : 0, source.firstKey(query));
    const end = source.endKey(query);
    if (end <= begin) continue;
    source.row(query, begin, end, cells);
    let top = 0;
    for (let key = begin; key < end; ++key) {
      const size = Math.abs(cells[key - begin]);
      if (size > top && !(square && key === query)) top = size;
    }
    largest.push(top);
    if (sliceIsOver()) await nextSlice();
  }
  return topOfRows(largest, queries > kLongText);
}
