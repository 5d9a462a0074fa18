// The heads of a document with what was measured about each: columns of the table, orders of the
// overview.

const kHeadColumns = [
  { id: "type", title: "type", help: "What the head mostly does, in words" },
  { id: "entropy", title: "entropy", help: "Mean over rows of −Σ w ln w, in nats" },
  { id: "distance", title: "distance", help: "Mean distance from query to key, in tokens" },
  { id: "confidence", title: "confidence", help: "Mean of the largest weight of a row" },
  { id: "previous", title: "previous", help: "Mean weight on the token before" },
  { id: "self", title: "self", help: "Mean weight on the token itself" },
  { id: "first", title: "first", help: "Mean weight on the first token" },
  { id: "duplicate", title: "duplicate",
    help: "Mean weight on the same token in the earlier half of a repeated random text" },
  { id: "induction", title: "induction",
    help: "Mean weight on what followed the same token in a repeated random text" },
  { id: "effect", title: "effect", help: "Change of loss when the head is switched off" },
  { id: "js_mean", title: "change (JS mean)", isChange: true,
    help: "Mean Jensen–Shannon divergence of the two maps' rows, in nats" },
  { id: "js_worst", title: "JS worst", isChange: true,
    help: "Largest Jensen–Shannon divergence of a row, in nats" },
  { id: "top1", title: "same top", help: "Share of rows whose largest weight is on the same key" },
];

// Whether a column says how a head differs between the sides of a pair; the largest come first.
function isChange(column) {
  return kHeadColumns.some(({ id, isChange: changes }) => id === column && changes);
}

class HeadList {
  constructor(info, d) {
    const doc = info.docs[d];
    const pair = info.pair && info.pair.heads;
    this.heads = doc.heads.length;
    this.items = [];
    doc.layers.forEach((layer, l) => doc.heads.forEach((head, h) => {
      const index = l * doc.heads.length + h;
      const figures = { ...(doc.stats && doc.stats[index]), ...(pair && pair[index]) };
      if (figures.effect && typeof figures.effect === "object") {
        figures.effect = figures.effect.loss_change;
      }
      this.items.push({ index, l, h, name: `L${layer}H${head}`, figures });
    }));
    // Only what was measured.
    this.columns = kHeadColumns.filter(({ id }) => this.items.some(({ figures }) =>
      figures[id] !== null && figures[id] !== undefined && figures[id] !== ""));
  }

  at(l, h) {
    return this.items[l * this.heads + h];
  }

  // Heads by a column ("position": as they stand); what was not measured comes last.
  sorted(column, descending) {
    const sign = descending ? -1 : 1;
    if (column === "position") return descending ? [...this.items].reverse() : this.items;
    return [...this.items].sort((a, b) => {
      const x = a.figures[column] ?? null;
      const y = b.figures[column] ?? null;
      if (x === null || y === null) return (x === null) - (y === null) || a.index - b.index;
      const order = typeof x === "string" ? x.localeCompare(y) : x - y;
      return sign * order || a.index - b.index;
    });
  }
}
