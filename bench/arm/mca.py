#!/usr/bin/env python3
"""What llvm-mca says of the inner loops of the ARM kernels, beside the least that they can take.

Compiles the kernel files to assembly as the build does (Release), cuts the loops out by their labels (a
marker in the source would change the code), and prints one table. Run from anywhere:
  bench/arm/mca.py [--cxx aarch64-linux-gnu-g++] [--mca llvm-mca-19] [--only TEXT]
"""
import argparse
import glob
import collections
import concurrent.futures
import os
import re
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FLAGS = ["-O3", "-DNDEBUG", "-fPIC", "-std=c++20", "-ffp-contract=off", "-I" + ROOT, "-I" + ROOT + "/engine/include"]
# As engine/kernels/CMakeLists.txt has it.
PANEL_FLAGS = ["-fno-schedule-insns"]
MORE_FLAGS = {
    "neon": ["-fno-tree-ter", "-frename-registers"],
    "sve": ["-fno-tree-coalesce-vars", "-frename-registers"],
    "sve-i8mm": ["-fno-tree-coalesce-vars", "-frename-registers"],
}

# CPUs whose models know the instructions; SVE's vectors have as many bits as the CPU's.
CPUS = {
    "cortex-a53": {"neon"},
    "cortex-a55": {"neon", "dotprod"},
    "cortex-a72": {"neon"},
    "cortex-a76": {"neon", "dotprod"},
    "neoverse-n1": {"neon", "dotprod"},
    "neoverse-v1": {"sve"},
    "neoverse-v2": {"dotprod", "i8mm", "sve", "sve-i8mm"},
    "a64fx": {"sve"},
}
SVE_BITS = {"neoverse-v1": 256, "neoverse-v2": 128, "a64fx": 512}
SVE_I8MM_CPUS = ["neoverse-v1", "neoverse-v2"]

FILES = {  # extension: file, -march, products of bytes
    "neon": ("packed_gemm.cc", None, {"smull", "smull2", "smlal", "smlal2"}),
    "dotprod": ("packed_gemm_dotprod.cc", "armv8.2-a+dotprod", {"sdot"}),
    "i8mm": ("packed_gemm_i8mm.cc", "armv8.2-a+dotprod+i8mm", {"smmla"}),
    "sve": ("packed_gemm_sve.cc", "armv8.2-a+sve", {"sdot"}),
    "sve-i8mm": ("packed_gemm_sve_i8mm.cc", "armv8.2-a+sve+i8mm", {"smmla"}),
}
# One such product as the model times it, and its multiply-adds.
PRODUCT = {
    "neon": ("smlal v{}.8h, v20.8b, v21.8b", 8),
    "dotprod": ("sdot v{}.4s, v20.16b, v21.4b[1]", 16),
    "i8mm": ("smmla v{}.4s, v20.16b, v21.16b", 32),
    "sve": ("sdot z{}.s, z20.b, z5.b[1]", None),
    "sve-i8mm": ("smmla z{}.s, z20.b, z21.b", None),
}
FMA = {"neon": "fmla v{}.4s, v20.4s, v21.4s", "sve": "fmla z{}.s, p0/m, z20.s, z21.s"}
# What no kernel of a format can do without, besides the products.
UNPACK = {  # Both nibbles of a vector of bytes
    "neon": ["and v{}.16b, v20.16b, v21.16b", "ushr v{}.16b, v20.16b, 4"],
    "sve": ["and z{}.d, z20.d, z21.d", "lsr z{}.b, z20.b, 4"],
}
WEIGHT_SCALES = {"neon": ["fcvtl v{}.4s, v20.4h"], "sve": ["fcvt z{}.s, p0/m, z20.h"]}  # Of a vector of rows
OUTPUT = {  # A vector of sums as floats, the product of the two scales, the multiply-add
    "neon": ["fsub v{}.4s, v20.4s, v21.4s", "fmul v{}.4s, v20.4s, v21.s[0]", FMA["neon"]],
    "sve": ["fsub z{}.s, z20.s, z21.s", "fmul z{}.s, z20.s, z5.s[0]", FMA["sve"]],
}
# Without dot products: sums of 16 bits become those of 32, for Q8_0 after every second product.
WIDEN = "sadalp v{}.4s, v20.8h"
ADD_NEIGHBOURS = "addp v{}.4s, v20.4s, v21.4s"
LOAD = {"neon": "ldr q{}, [x0]", "sve": "ld1b {{z{}.b}}, p0/z, [x0]"}
BLOCK_BYTES = {"Q8_0": 34, "Q4_0": 18}


def compile_to_assembly(cxx, name, march, extra, folder):
    out = os.path.join(folder, name + ".s")
    command = [cxx, *FLAGS, *extra, *(["-march=" + march] if march else []), "-S", "-o", out]
    [source] = glob.glob(os.path.join(ROOT, "engine/kernels/*", name))  # Names are unique among the folders.
    subprocess.run([*command, source], check=True)
    return out


def functions(path):
    """Lines of each function, by demangled name."""
    found, name = {}, None
    for line in open(path).read().split("\n"):
        label = re.match(r"(_Z\w[\w.]*):", line)
        if label:
            name = label.group(1)
            found[name] = []
        elif line.startswith("\t.size"):
            name = None
        elif name is not None:
            found[name].append(line)
    names = subprocess.run(["c++filt"], input="\n".join(found), capture_output=True, text=True, check=True).stdout
    return dict(zip(names.split("\n"), found.values()))


def inner_loops(body):
    """Instructions of the loops that hold no other."""
    labels, found = {}, []
    for i, line in enumerate(body):
        label = re.match(r"(\.L\w+):", line)
        if label:
            labels[label.group(1)] = i
        jump = re.match(r"\t(?:b\.?\w*|cbn?z|tbn?z)\t.*?(\.L\w+)$", line.rstrip())
        if jump and jump.group(1) in labels:
            found.append((labels[jump.group(1)], i))
    inner = [a for a in found if not any(a != b and a[0] <= b[0] and b[1] <= a[1] for b in found)]
    return [[x for x in body[s : e + 1] if re.match(r"\t[a-z]", x)] for s, e in inner]


def operations(loop):
    return collections.Counter(line.split()[0] for line in loop)


class Mca:
    def __init__(self, program):
        self.program = program
        self.known = {}

    def cycles(self, cpu, lines, iterations=100):
        text = "\n".join(lines)
        command = [self.program, "-mtriple=aarch64", "-mcpu=" + cpu, "-mattr=+dotprod,+i8mm,+bf16,+sve,+fullfp16",
                   "-iterations=%d" % iterations]
        run = subprocess.run(command, input=text, capture_output=True, text=True)
        total = re.search(r"Total Cycles:\s+(\d+)", run.stdout)
        if not total:
            sys.exit("%s %s: %s" % (self.program, cpu, run.stderr))
        return int(total.group(1)) / iterations

    def all(self, cpu, counts):
        """Cycles of so many instructions of each pattern, all independent and evenly mixed."""
        mixed = sorted(((i + 0.5) / n, pattern) for pattern, n in counts.items() for i in range(round(n)))
        free = [*range(6, 20), *range(22, 32)]  # Not the patterns' operands.
        lines = [pattern.format(free[i % len(free)]) for i, (_, pattern) in enumerate(mixed)]
        return self.cycles(cpu, lines)

    def each(self, cpu, pattern):
        """Cycles of one of many independent instructions."""
        key = (cpu, pattern)
        if key not in self.known:
            registers = [*range(6, 20), *range(22, 32)]  # Not the patterns' operands.
            lines = [pattern.format(i) for i in registers]
            self.known[key] = self.cycles(cpu, lines, 1000) / len(lines)
        return self.known[key]


def row(name, cpu, cycles, multiply_adds, least, needed):
    share = lambda x: "%.0f | %.0f %%" % (x, 100 * x / cycles) if x else "– | –"
    print("| %s | %s | %.0f | %.1f | %s | %s |" % (
        name, cpu, cycles, multiply_adds / cycles, share(least), share(needed)))


def needed_operations(extension, kind, quants, rows, tokens, product_count):
    """Vector operations that every kernel of the format needs for a block, by pattern."""
    lanes = 4 if kind == "neon" else rows  # SVE: a tile is one vector of rows.
    counts = collections.Counter({PRODUCT[extension][0]: product_count})
    if quants == "Q4_0":
        for pattern in UNPACK[kind]:
            counts[pattern] += 4 * rows / lanes
    for pattern in WEIGHT_SCALES[kind]:
        counts[pattern] += rows / lanes
    outputs = rows * tokens / lanes
    for pattern in OUTPUT[kind]:
        counts[pattern] += outputs
    if extension == "neon":
        counts[ADD_NEIGHBOURS] += outputs
        counts[WIDEN] += product_count / 2 if quants == "Q8_0" else outputs
    return counts


def panels(mca, assembly, only):
    for extension, (_, _, products) in FILES.items():
        kind = "sve" if extension.startswith("sve") else "neon"
        bodies = functions(assembly[FILES[extension][0]])
        cpus = SVE_I8MM_CPUS if extension == "sve-i8mm" else [c for c in CPUS if extension in CPUS[c]]
        for quants in ("Q4_0", "Q8_0"):
            for tokens in (1, None):
                if tokens == 1 and extension.endswith("i8mm"):
                    continue  # One token takes dot products.
                # The largest tile: the loop with most products of all tiles of that format.
                best, best_tokens = None, 1
                for name, body in bodies.items():
                    if "Format" + quants not in name or "PanelTimesToken" not in name:
                        continue
                    count = re.search(r"PanelTimesTokens<.*?, (\d+)ul>", name)
                    of = int(count.group(1)) if count else 1
                    if (of == 1) != (tokens == 1):
                        continue
                    for loop in inner_loops(body):
                        if best is None or sum(operations(loop)[p] for p in products) > sum(
                                operations(best)[p] for p in products):
                            best, best_tokens = loop, of
                label = "%s %s, %d token%s" % (extension, quants, best_tokens, "" if best_tokens == 1 else "s")
                if only not in label:
                    continue
                for cpu in cpus:
                    if kind == "sve":
                        rows, bits = SVE_BITS[cpu] // 32, SVE_BITS[cpu]
                        width = bits // 8 if extension == "sve" else bits // 4
                    else:
                        rows, bits = (16 if best_tokens == 1 else 8), 128
                        width = PRODUCT[extension][1]
                    multiply_adds = 32 * rows * best_tokens
                    load = (rows * BLOCK_BYTES[quants] + 48 * best_tokens) / (bits / 8) * mca.each(cpu, LOAD[kind])
                    product = multiply_adds / width * mca.each(cpu, PRODUCT[extension][0])
                    needed = mca.all(cpu, needed_operations(extension, kind, quants, rows, best_tokens,
                                                            multiply_adds / width))
                    row(label, cpu, mca.cycles(cpu, best), multiply_adds, max(load, product), max(load, needed))


def attention(mca, path, only):
    for element, kind in (("f32", "float"), ("f16", "half")):
        for what, function in (("scores", "ScoreTile"), ("values", "AddTile")):
            mark = "TileRun<%s, %s>::%s<%s>" % (kind, kind, function, kind)
            # A function that is called once stands where it is called.
            marks = [mark, "TileRun<%s, %s>::AttendKvSplit(" % (kind, kind)]
            found = [[l for n, b in functions(path).items() if m in n for l in inner_loops(b)] for m in marks]
            loops = found[0] or [l for l in found[1] if kind == "float" or "fcvtl" in operations(l)]
            if not loops:
                sys.exit("no loop of " + mark)
            best = max(loops, key=lambda l: (operations(l)["fmla"], -len(l)))
            label = "attention %s %s" % (what, element)
            if only not in label:
                continue
            for cpu in ("cortex-a53", "cortex-a55", "cortex-a72", "cortex-a76", "neoverse-n1", "neoverse-v2"):
                products = operations(best)["fmla"]
                row(label, cpu, mca.cycles(cpu, best), 4 * products, products * mca.each(cpu, FMA["neon"]), None)


# Elements of sve_floats-inl.h: their number among data types, how they are loaded and made floats.
SVE_ELEMENTS = {
    "f32": (0, ["ld1w {{z{}.s}}, p0/z, [x0]"]),
    "f16": (1, ["ld1h {{z{}.s}}, p0/z, [x0]", "fcvt z{}.s, p0/m, z20.h"]),
    "bf16": (30, ["ld1h {{z{}.s}}, p0/z, [x0]", "lsl z{}.s, z20.s, 16"]),
}
SVE_FLOATS = {  # what: file, function, element types, word for a line
    "attention scores": ("attend_sve.cc", "MultiplyLines<%s::ScoreProducts<(fovea::DataType)%d>, %dul>", ("f32", "f16"), "row"),
    "attention values": ("attend_sve.cc", "MultiplyLines<%s::ValueProducts<(fovea::DataType)%d>, %dul>", ("f32", "f16"), "row"),
    "gemm": ("gemm_sve.cc", "GemmColumns<(fovea::DataType)%d, %dul>", ("f32", "f16", "bf16"), "token"),
}


def sve_floats(mca, assembly, only):
    """Least: bytes and multiply-adds, each at its unit's width. The last column is what the model takes for the same
    loads, conversions and multiplications without any dependence between them."""
    for what, (file, function, elements, line) in SVE_FLOATS.items():
        bodies = functions(assembly[file])
        for element in elements:
            number, reading = SVE_ELEMENTS[element]
            for lines in (1, 6):
                label = "sve %s %s, %d %s%s" % (what, element, lines, line, "s" if lines > 1 else "")
                if only not in label:
                    continue
                place = "fovea::kernels::sve::(anonymous namespace)"
                mark = function % ((place, number, lines) if "%s" in function else (number, lines))
                loops = [l for n, b in bodies.items() if mark in n for l in inner_loops(b)]
                if not loops:
                    sys.exit("no loop of " + mark)
                best = max(loops, key=lambda l: (operations(l)["fmla"], -len(l)))
                products = operations(best)["fmla"]
                vectors = products // lines
                patterns = reading * vectors + ["fmul z{}.s, z20.s, z21.s"] * products
                patterns += ["ld1rw {{z{}.s}}, p0/z, [x0]" if "attention" in what else LOAD["sve"]] * lines
                free = [pattern.format(22 + i % 10) for i, pattern in enumerate(sorted(patterns))]
                for cpu in ("neoverse-v1", "a64fx"):
                    multiply = products * mca.each(cpu, FMA["sve"])
                    load = vectors * (0.5 if len(reading) > 1 else 1) * mca.each(cpu, LOAD["sve"])
                    row(label, cpu, mca.cycles(cpu, best), SVE_BITS[cpu] // 32 * products, max(load, multiply),
                        mca.cycles(cpu, free))


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--cxx", default="aarch64-linux-gnu-g++")
    arguments.add_argument("--mca", default="llvm-mca-19")
    arguments.add_argument("--only", default="", help="rows whose kernel has this text")
    given = arguments.parse_args()
    mca = Mca(given.mca)
    with tempfile.TemporaryDirectory() as folder, concurrent.futures.ThreadPoolExecutor(2) as pool:
        jobs = {}
        for extension, (name, march, _) in FILES.items():
            if not given.only or given.only.startswith(extension) or extension in given.only:
                jobs[name] = pool.submit(compile_to_assembly, given.cxx, name, march,
                                         PANEL_FLAGS + MORE_FLAGS.get(extension, []), folder)
        if not given.only or "attention" in given.only:
            jobs["attend_tile.cc"] = pool.submit(compile_to_assembly, given.cxx, "attend_tile.cc", None, [], folder)
        if not given.only or given.only.startswith("sve ") or given.only in "sve attention gemm":
            for name in {file for file, *_ in SVE_FLOATS.values()}:
                jobs[name] = pool.submit(compile_to_assembly, given.cxx, name, "armv8.2-a+sve", PANEL_FLAGS, folder)
        assembly = {name: job.result() for name, job in jobs.items()}
        print("| kernel | CPU | cycles per block | multiply-adds per cycle | least cycles | share | with unpacking and "
              "scales | share |")
        print("|---|---|---:|---:|---:|---:|---:|---:|")
        for extension in [e for e in FILES if FILES[e][0] not in assembly]:
            del FILES[extension]
        panels(mca, assembly, given.only)
        if "attend_tile.cc" in assembly:
            attention(mca, assembly["attend_tile.cc"], given.only)
        if "gemm_sve.cc" in assembly:
            sve_floats(mca, assembly, given.only)


if __name__ == "__main__":
    main()
