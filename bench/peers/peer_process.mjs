// The peer in a process of its own, asked for one measurement at a time.
import {spawn} from "node:child_process";
import {env as environment} from "node:process";
import {createInterface} from "node:readline";
import {fileURLToPath} from "node:url";

export class PeerProcess {
    /** Resolves when the model is loaded. */
    static async start({entry, file, threads, flash, context, vocabulary}) {
        const worker = fileURLToPath(new URL("./peer_worker.mjs", import.meta.url));
        // One thread in node's pool: else each batch may be started by another thread than the last, and
        // the peer's steps take several times as long.
        const process = spawn("node", [worker, entry, file, threads, flash, context, vocabulary].map(String),
            {stdio: ["pipe", "pipe", "inherit"], env: {...environment, UV_THREADPOOL_SIZE: "1"}});
        const peer = new PeerProcess(process);
        const ready = await peer.#answer();
        Object.assign(peer, {system: ready.system, loadSeconds: ready.loadSeconds});
        return peer;
    }

    constructor(process) {
        this.process = process;
        this.pid = process.pid;
        this.waiting = null;
        createInterface({input: process.stdout}).on("line", (line) => {
            if (line.startsWith("{")) this.waiting?.accept(JSON.parse(line));
        });
        process.on("exit", (code) => this.waiting?.reject(new Error(`the peer ended with exit code ${code}`)));
    }

    #answer() {
        return new Promise((accept, reject) => {
            this.waiting = {accept, reject};
        });
    }

    /** Seconds of one prefill, or of decoding `tokens` single tokens after `depth`. */
    async run({work, tokens, depth}) {
        const answer = this.#answer();
        this.process.stdin.write(JSON.stringify({work, tokens, depth}) + "\n");
        const {seconds, error} = await answer;
        if (error !== undefined) throw new Error(`peer: ${error}`);
        return seconds;
    }

    stop() {
        this.waiting = null;
        this.process.stdin.end();
    }
}
