// The comparison itself; compare.sh installs and builds what it needs and explains the options.
import {execFile} from "node:child_process";
import {existsSync, mkdirSync, readFileSync, readdirSync, renameSync, writeFileSync} from "node:fs";
import {availableParallelism, cpus} from "node:os";
import {basename, join, resolve} from "node:path";
import {setTimeout as pause} from "node:timers/promises";
import {parseArgs, promisify} from "node:util";
import {HostLoad} from "./host_load.mjs";
import {PeerProcess} from "./peer_process.mjs";
import {summarize, table} from "./statistics.mjs";

const kRetries = 4; // of a pair that strangers disturbed
const kPauseMilliseconds = 250; // idle threads may spin for a while after their work

class UsageError extends Error {}

function parse() {
    const text = (value) => ({type: "string", default: value});
    let values;
    try {
        ({values} = parseArgs({options: {
            fovea: text(""), folder: text("build/peers"), models: text(""), json: text(""),
            shapes: text("15m,110m,smollm-135m,0.5b"), types: text("Q8_0,Q4_0"),
            threads: text(String(availableParallelism())), rounds: text("5"),
            prefill: text("128,512,2048"), depth: text("0,2048"), decode: text("64"),
            kv: text("f16"), isa: text(""), "max-foreign": text("0.1"), check: {type: "boolean", default: false}
        }}));
    } catch (error) {
        throw new UsageError(error.message);
    }
    const number = (name) => {
        const value = Number(values[name]);
        if (!(value > 0)) throw new UsageError(`--${name}: '${values[name]}' is not a number above 0`);
        return value;
    };
    const list = (name) => values[name].split(",").filter((part) => part !== "").map((part) => {
        if (!/^\d+$/.test(part)) throw new UsageError(`--${name}: '${part}' is not a number`);
        return Number(part);
    });
    return {
        ...values,
        threads: number("threads"), rounds: number("rounds"), decode: number("decode"),
        maxForeign: number("max-foreign"),
        prefill: list("prefill").filter((tokens) => tokens > 0), depth: list("depth"),
        json: values.json || join(values.folder, "results.json")
    };
}

const call = promisify(execFile);

async function fovea(options, ...rest) {
    const {stdout} = await call(options.fovea, rest, {maxBuffer: 1 << 26});
    return stdout;
}

/** Model files: those of a folder, or shapes with random weights, made once. */
async function modelFiles(options) {
    if (options.models !== "") {
        const files = readdirSync(options.models).filter((name) => name.endsWith(".gguf")).sort();
        if (files.length === 0) throw new UsageError(`--models: no .gguf file in ${options.models}`);
        return files.map((name) => join(options.models, name));
    }
    const folder = join(options.folder, "models");
    mkdirSync(folder, {recursive: true});
    const files = [];
    for (const shape of options.shapes.split(",")) {
        for (const type of options.types.split(",")) {
            const file = join(folder, `${shape}-${type}.gguf`);
            if (!existsSync(file)) {
                await fovea(options, "synth", shape, type, file + ".part", "--quiet");
                renameSync(file + ".part", file);
            }
            files.push(file);
        }
    }
    return files;
}

function workItems(options) {
    return [
        ...options.prefill.map((tokens) => ({name: `prefill ${tokens}`, work: "prefill", tokens})),
        ...options.depth.map((depth) => ({
            name: `decode ${options.decode} at depth ${depth}`, work: "decode", tokens: options.decode, depth
        }))
    ];
}

/** Tokens per second of one run after one to warm up. */
async function runOurs(options, file, item) {
    const lengths = item.work === "prefill"
        ? ["--prefill", item.tokens, "--decode", 0]
        : ["--prefill", 0, "--decode", item.tokens, "--depth", item.depth];
    const output = await fovea(options, "bench", file, "--threads", String(options.threads), "--repeat", "1",
        "--kv", options.kv, "--json", ...lengths.map(String), ...(options.isa ? ["--isa", options.isa] : []));
    const json = JSON.parse(output.trim().split("\n").at(-1));
    return {rate: json[item.work][String(item.work === "prefill" ? item.tokens : item.depth)], isa: json.isa};
}

const progress = (text) => {
    if (process.stderr.isTTY) process.stderr.write(`\r${text}\x1b[K`);
};

/** One round: ours, then the peer with flash attention on and off; the order turns with the round. */
async function runRound(options, file, item, peers, round) {
    const load = new HostLoad(Object.values(peers).map((peer) => peer.pid));
    const result = {peer: {}};
    const turns = ["ours", ...Object.keys(peers)];
    for (let i = 0; i < turns.length; ++i) {
        const turn = turns[(i + round) % turns.length];
        await pause(kPauseMilliseconds);
        if (turn === "ours") {
            const {rate, isa} = await runOurs(options, file, item);
            result.ours = rate;
            result.isa = isa;
        } else {
            result.peer[turn] = item.tokens / await peers[turn].run(item);
        }
    }
    result.foreignCores = Number(load.foreignCores().toFixed(3));
    result.noisy = result.foreignCores > options.maxForeign;
    return result;
}

async function compareModel(options, file) {
    const info = JSON.parse(await fovea(options, "info", file, "--json"));
    const items = workItems(options);
    const context = Math.max(...items.map((item) => item.tokens + (item.depth ?? 0)));
    const entry = resolve(options.folder, "npm/node_modules/node-llama-cpp/dist/index.js");
    const peers = {};
    try {
        for (const flash of ["on", "off"]) {
            peers[flash] = await PeerProcess.start({
                entry, file, flash, context, threads: options.threads, vocabulary: info.vocabulary});
        }
        const rows = [];
        for (const item of items) {
            for (const peer of Object.values(peers)) await peer.run(item); // warms up
            const rounds = [];
            let retries = kRetries;
            while (rounds.length < options.rounds) {
                progress(`${basename(file)}: ${item.name}, pair ${rounds.length + 1} of ${options.rounds}`);
                const round = await runRound(options, file, item, peers, rounds.length);
                if (round.noisy && retries-- > 0) continue;
                rounds.push(round);
            }
            rows.push(summarize(item, rounds));
        }
        progress("");
        return {file: basename(file), weightType: info.weight_type, isa: rows[0]?.rounds[0].isa,
            peerSystem: peers.on.system, peerLoadSeconds: peers.on.loadSeconds, rows};
    } finally {
        for (const peer of Object.values(peers)) peer.stop();
    }
}

/** Microseconds that the peer takes for one token of a model with next to nothing in it. */
async function peerFloor(options) {
    const file = join(options.folder, "models", "floor.gguf");
    mkdirSync(join(options.folder, "models"), {recursive: true});
    if (!existsSync(file)) {
        await fovea(options, "synth", "custom", "F32", file, "--quiet", "--hidden-size", "64", "--ffn-size", "64", "--layers",
            "1", "--heads", "2", "--vocabulary", "512");
    }
    const tiny = {...options, prefill: [], depth: [0], decode: 32, rounds: 3, maxForeign: Infinity};
    const {rows} = await compareModel(tiny, file);
    return {peer: 1e6 / rows[0].peer[rows[0].better], ours: 1e6 / rows[0].ours};
}

async function main() {
    const options = parse();
    if (options.check) return;
    const version = JSON.parse(
        readFileSync(join(options.folder, "npm/node_modules/node-llama-cpp/package.json"), "utf8")).version;
    const files = await modelFiles(options);
    const floor = await peerFloor(options);
    const report = {
        date: new Date().toISOString(), cpu: cpus()[0].model, cores: cpus().length, threads: options.threads,
        kv: options.kv, peer: `node-llama-cpp ${version}`, floorMicroseconds: floor, models: []
    };
    console.log(`${report.cpu}, ${report.cores} cores; ${options.threads} threads; peer: ${report.peer}\n` +
        "Tokens per second, medians. Ratio: fovea over the peer's better setting, pair by pair.\n" +
        "Random token ids, nothing sampled on either side. The peer is called at its batch interface: a step\n" +
        "includes one hop to node's worker thread and back. A token of a model with next to nothing in it takes\n" +
        `${floor.peer.toFixed(0)} µs there and ${floor.ours.toFixed(0)} µs in fovea: what a step costs besides the model, at most.\n`);
    for (const file of files) {
        const model = await compareModel(options, file);
        report.models.push(model);
        console.log(`### ${model.file} (fovea: ${model.isa})\n\n${table(model.rows)}\n`);
        writeFileSync(options.json, JSON.stringify(report, null, 1) + "\n");
    }
    console.log(`written: ${options.json}`);
}

try {
    await main();
} catch (error) {
    const message = (error.stderr || error.message || String(error)).trim().split("\n")[0];
    console.error(`compare: ${message}${error instanceof UsageError ? " (see compare.sh --help)" : ""}`);
    process.exit(error instanceof UsageError ? 2 : 1);
}
