// Medians, ranges, and the table of a comparison.

export function median(values) {
    const sorted = [...values].sort((a, b) => a - b);
    const middle = sorted.length >> 1;
    return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Rates of every round -> medians, the peer's better setting, and the ratio's median and range. */
export function summarize(item, rounds) {
    const settings = Object.keys(rounds[0].peer);
    const peer = Object.fromEntries(settings.map((flash) => [flash, median(rounds.map((round) => round.peer[flash]))]));
    const better = settings.reduce((best, flash) => (peer[flash] > peer[best] ? flash : best));
    const ratios = rounds.map((round) => round.ours / round.peer[better]);
    return {
        ...item,
        ours: median(rounds.map((round) => round.ours)),
        peer,
        better,
        ratio: median(ratios),
        ratioRange: [Math.min(...ratios), Math.max(...ratios)],
        noisyPairs: rounds.filter((round) => round.noisy).length,
        rounds
    };
}

const rate = (value) => (value >= 1000 ? value.toFixed(0) : value.toFixed(1));

export function table(rows) {
    const lines = [
        "| work | fovea | peer, flash on | peer, flash off | ratio | range | noisy |",
        "|---|---|---|---|---|---|---|"
    ];
    for (const row of rows) {
        const [low, high] = row.ratioRange.map((value) => value.toFixed(2));
        lines.push(`| ${row.name} | ${rate(row.ours)} | ${rate(row.peer.on)} | ${rate(row.peer.off)} | ` +
            `**${row.ratio.toFixed(2)}** | ${low}–${high} | ${row.noisyPairs === 0 ? "" : row.noisyPairs} |`);
    }
    return lines.join("\n");
}
