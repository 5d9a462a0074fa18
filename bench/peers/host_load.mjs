// How much processor time strangers took while something of ours ran, from /proc.
import {readFileSync} from "node:fs";

const kTicksPerSecond = 100; // USER_HZ, fixed in Linux's interface to programs

function busyTicks() {
    // user nice system idle iowait irq softirq steal
    const fields = readFileSync("/proc/stat", "utf8").split("\n")[0].trim().split(/\s+/).slice(1).map(Number);
    const [user, nice, system, , , irq, softirq, steal] = fields;
    return user + nice + system + irq + softirq + steal;
}

function processTicks(pid, withChildren) {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The name in brackets may hold spaces; utime, stime, cutime and cstime are fields 14 to 17.
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ").map(Number);
    const [user, system, childUser, childSystem] = fields.slice(11, 15);
    return user + system + (withChildren ? childUser + childSystem : 0);
}

/** Cores that processes other than this one, its finished children and `pids` kept busy since start(). */
export class HostLoad {
    constructor(pids) {
        this.pids = pids;
        this.start();
    }

    #own() {
        let ticks = processTicks("self", true);
        for (const pid of this.pids) ticks += processTicks(pid, false);
        return ticks;
    }

    start() {
        this.time = performance.now();
        this.busy = busyTicks();
        this.own = this.#own();
    }

    /** Ticks are 10 ms: below half a second the answer is coarse. */
    foreignCores() {
        const seconds = (performance.now() - this.time) / 1e3;
        const foreign = (busyTicks() - this.busy) - (this.#own() - this.own);
        return Math.max(0, foreign) / kTicksPerSecond / Math.max(seconds, 0.05);
    }
}
