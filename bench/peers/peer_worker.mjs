// llama.cpp behind one pipe: reads requests as JSON lines, answers each with one line. It calls the
// library's batch interface below node-llama-cpp's generators: no sampling, no token handling, one hop
// to a worker thread and back per batch. node peer_worker.mjs ENTRY MODEL THREADS FLASH CONTEXT VOCABULARY
import {createInterface} from "node:readline";
import {pathToFileURL} from "node:url";

const [entry, modelPath, threadText, flashText, contextText, vocabularyText] = process.argv.slice(2);
const threads = Number(threadText);
const vocabulary = Number(vocabularyText);
const kBatch = 512; // llama-bench's physical batch
const kSequence = 0;
// On two cores its steps have two speeds, ten times apart, and which one a run gets is chance: the fastest
// of a few runs counts.
const kDecodeAttempts = 3;

const {getLlama} = await import(pathToFileURL(entry).href);
const llama = await getLlama({gpu: false, build: "never", logLevel: "error", maxThreads: threads});
const loadStart = performance.now();
const model = await llama.loadModel({modelPath});
const loadSeconds = (performance.now() - loadStart) / 1e3;
const context = await model.createContext({
    contextSize: Number(contextText),
    batchSize: kBatch,
    threads,
    flashAttention: flashText === "on"
});
const engine = context._ctx;
engine.setThreads(threads);

let seed = 1;
function randomIds(count) {
    const ids = new Uint32Array(count);
    for (let i = 0; i < count; ++i) {
        seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
        ids[i] = Math.floor((seed / 2 ** 32) * vocabulary);
    }
    return ids;
}

function truncate(position) {
    if (position === 0) engine.disposeSequence(kSequence);
    else if (!engine.removeTokenCellsFromSequence(kSequence, position, -1)) throw new Error("cannot truncate");
}

/** Logits of the last token only. */
async function run(ids, position) {
    for (let begin = 0; begin < ids.length; begin += kBatch) {
        const part = ids.subarray(begin, begin + kBatch);
        const last = begin + part.length === ids.length;
        engine.initBatch(part.length);
        engine.addToBatch(kSequence, position + begin, part, Uint32Array.from(last ? [part.length - 1] : []));
        await engine.decodeBatch();
    }
}

let cached = -1; // Depth that the cache holds for decode, -1: something else.

async function prefill(tokens) {
    cached = -1;
    truncate(0);
    const ids = randomIds(tokens);
    const start = performance.now();
    await run(ids, 0);
    return (performance.now() - start) / 1e3;
}

async function decode(tokens, depth) {
    if (cached === depth) truncate(depth);
    else {
        truncate(0);
        if (depth > 0) await run(randomIds(depth), 0);
        cached = depth;
    }
    let best = Infinity;
    for (let attempt = 0; attempt < kDecodeAttempts; ++attempt) {
        if (attempt > 0) truncate(depth);
        const ids = randomIds(tokens);
        const start = performance.now();
        for (let i = 0; i < tokens; ++i) await run(ids.subarray(i, i + 1), depth + i);
        best = Math.min(best, (performance.now() - start) / 1e3);
    }
    return best;
}

const say = (answer) => process.stdout.write(JSON.stringify(answer) + "\n");
say({ready: true, loadSeconds, threads: engine.getThreads(), system: llama.systemInfo ?? ""});
for await (const line of createInterface({input: process.stdin})) {
    const request = JSON.parse(line);
    try {
        const seconds = request.work === "prefill"
            ? await prefill(request.tokens)
            : await decode(request.tokens, request.depth);
        say({seconds});
    } catch (error) {
        say({error: String(error)});
    }
}
process.exit(0);
