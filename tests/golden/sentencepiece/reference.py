#!/usr/bin/env python3
"""Writes fixture.json: what SentencePiece vocabularies make of random texts, in GGUF ("t5") and as .model files.

An implementation of its own in plain Python, slow and simple: every way is tried where the engine uses tries, heaps and
Viterbi's table. Run: python3 reference.py > fixture.json
"""
import base64, json, os, random, struct, sys

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from darts import darts

NORMAL, UNKNOWN, CONTROL, USER, UNUSED, BYTE = 1, 2, 3, 4, 5, 6
MARK = "\u2581"
MAP = {"\t": " ", "\n": " ", "\u3000": " ", "\xa0": " ", "①": "1", "ﬁ": "fi", "\x01": "", "\u0301": "", "e\u0301": "é", "Ａ": "a", "A": "a",
       "ﷺ": "صلى الله", "½": "1 2", "´": " \u0301", "a\u0300": "à", "a\u0300\u0301": "ā", "カ\u3099": "ガ", "😀": ":)"}
ALPHABET = (list("aaaabbbbcccdeA1 :)") + list("     ") + ["\t", "\n", "\u3000", "\xa0", "\x00", "\x01", "\x7f", "\u200b"]
            + list("éàāﬁ①½´Ａﷺ") + ["\u0301", "\u0300", "e\u0301", "a\u0300"] + list("中文語カ가한") + ["\u3099", "カ\u3099"]
            + list("אבصلهन") + ["\u093f", "😀", "👍", "𝄞", "🇩🇪", "\U000e0001", "\U0010ffff", MARK, "<s>", "</s>", "<m>", "<u>", "xyz", "<0x41>"])


def f32(x):
    return struct.unpack("<f", struct.pack("<f", x))[0]


# --- Normalization ---

def step(text, mapping, protected):
    """(what the beginning of the text becomes, how many characters that is)"""
    for size in range(len(text), 0, -1):
        if text[:size] in protected:
            return text[:size], size
    for size in range(min(len(text), 4), 0, -1):
        if text[:size] in mapping:
            return mapping[text[:size]], size
    return text[0], 1


def steps(text, mapping, protected):
    while text:
        done, size = step(text, mapping, protected)
        yield done
        text = text[size:]


def as_sentencepiece(text, mapping, protected, prefix, merge):
    parts = list(steps(text, mapping, protected))
    while merge and parts and parts[0] == " ":
        parts.pop(0)
    if not parts:
        return ""
    out = " " if prefix else ""
    after_space = merge
    for part in parts:
        if after_space:
            part = part.lstrip(" ")
        out += part
        if part:
            after_space = merge and part[-1] == " "
    out = out.replace(" ", MARK)
    return out.rstrip(MARK) if merge else out


def as_llama_cpp(text, mapping, protected, prefix, merge):
    text = "".join(steps(text, mapping, protected))
    if merge:
        return "".join(MARK + word for word in text.split(" ") if word)
    words = text.lstrip(" ")
    spaces = MARK * (len(text) - len(words))
    return spaces + (MARK if prefix and words else "") + words.replace(" ", MARK)


# --- Models: text -> [(piece, known)] ---

def unigram(pieces, floats):
    """pieces: {text: score}; floats: sums are kept as floats."""
    keep = f32 if floats else (lambda x: x)
    def run(text, worst):
        best = [(0.0, ())] + [None] * len(text)
        for i in range(len(text)):
            single = False
            ways = []
            for j in range(i + 1, len(text) + 1):
                if text[i:j] in pieces:
                    single |= j == i + 1
                    ways.append((j, best[i][0] + pieces[text[i:j]], True))
            if not single:
                ways.append((i + 1, keep(best[i][0] + worst), False))
            for j, score, known in ways:
                if best[j] is None or score > best[j][0]:
                    best[j] = (keep(score), best[i][1] + ((text[i:j], known),))
        return list(best[-1][1])
    return run


def bpe(score, frozen, unused, known):
    def run(text):
        parts = []
        while text:
            size = next((n for n in range(len(text), 0, -1) if text[:n] in frozen), 1)
            parts.append((text[:size], text[:size] in frozen))
            text = text[size:]
        made_of = {}
        def pair(a, b):
            if a[1] or b[1] or a[0] + b[0] not in score:
                return None
            if a[0] + b[0] in unused:
                made_of[a[0] + b[0]] = (a[0], b[0])
            return score[a[0] + b[0]]
        while True:
            ways = [(-s, i) for i in range(len(parts) - 1) if (s := pair(parts[i], parts[i + 1])) is not None]
            if not ways:
                break
            i = min(ways)[1]
            parts[i:i + 2] = [(parts[i][0] + parts[i + 1][0], False)]
        def resegment(p):
            if p in unused and p in made_of:
                return resegment(made_of[p][0]) + resegment(made_of[p][1])
            return [(p, p in known)]
        return [q for p, _ in parts for q in resegment(p)]
    return run


def ids_of(path, ids, unknown, fallback):
    joined = []
    for text, known in path:
        if joined and not known and not joined[-1][1]:
            joined[-1] = (joined[-1][0] + text, False)
        else:
            joined.append((text, known))
    out = []
    for text, known in joined:
        names = [f"<0x{b:02X}>" for b in text.encode()]
        if known:
            out.append(ids[text])
        elif fallback and all(n in ids for n in names):
            out += [ids[n] for n in names]
        else:
            out.append(unknown)
    return out


# --- GGUF: user-defined tokens are cut out first, control tokens too if asked ---

def cut_specials(text, specials):
    """Longest first, then leftmost."""
    parts = [text]
    for special in sorted(specials, key=lambda s: -len(s.encode())):
        out = []
        for part in parts:
            if not isinstance(part, str):
                out.append(part)
                continue
            rest = part.split(special)
            for i, plain in enumerate(rest):
                if i:
                    out.append((special,))
                if plain:
                    out.append(plain)
        parts = out
    return parts


def gguf(vocabulary, mapping, prefix, merge):
    ids = {p: i for i, (p, s, t) in enumerate(vocabulary)}
    user = [p for p, s, t in vocabulary if t == USER]
    scores = {p: 0.0 if t == USER else f32(s) for p, s, t in vocabulary if t in (NORMAL, USER, UNUSED)}
    worst = f32(min(f32(s) for p, s, t in vocabulary if t == NORMAL) - 10.0)
    run = unigram(scores, False)
    fallback = any(t == BYTE for p, s, t in vocabulary)
    def encode(text, parse_special):
        cut = user + [p for p, s, t in vocabulary if parse_special and t in (CONTROL, UNKNOWN)]
        out = []
        for part in cut_specials(text, cut):
            if isinstance(part, tuple):
                out.append(ids[part[0]])
            else:
                out += ids_of(run(as_llama_cpp(part, mapping, user, prefix, merge), worst), ids, 2, fallback)
        return out
    return encode


# --- .model files ---

def varint(n):
    out = b""
    while n > 127:
        out += bytes([n & 127 | 128])
        n >>= 7
    return out + bytes([n])


def field(number, value):
    if isinstance(value, float):
        return varint(number << 3 | 5) + struct.pack("<f", value)
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    if isinstance(value, str):
        value = value.encode()
    return varint(number << 3 | 2) + varint(len(value)) + value


def model_file(vocabulary, mapping, kind, prefix, merge, fallback):
    out = b""
    for p, s, t in vocabulary:
        out += field(1, field(1, p) + field(2, float(s)) + (field(3, t) if t != NORMAL else b""))
    out += field(2, field(3, kind) + field(4, len(vocabulary)) + (field(35, 1) if fallback else b"") + field(40, 2) + field(41, 3) + field(42, 1) + field(43, 0))
    out += field(3, field(1, "user_defined") + (field(2, darts(mapping)) if mapping else b"") + field(3, int(prefix)) + field(4, int(merge)))
    return out


def model(vocabulary, mapping, kind, prefix, merge, fallback):
    ids = {p: i for i, (p, s, t) in enumerate(vocabulary)}
    user = [p for p, s, t in vocabulary if t == USER]
    normal = [f32(s) for p, s, t in vocabulary if t == NORMAL]
    most, worst = max([1.17549435e-38] + normal), f32(min(normal) - 10.0)
    known = {p for p, s, t in vocabulary if t in (NORMAL, USER, UNUSED)}
    if kind == 1:
        scores = {p: len(p.encode()) * most - 0.1 if t == USER else f32(s) for p, s, t in vocabulary if t in (NORMAL, USER)}
        search = lambda text: unigram(scores, True)(text, worst)
    else:
        scores = {p: f32(s) for p, s, t in vocabulary if p in known}
        search = bpe(scores, user, {p for p, s, t in vocabulary if t == UNUSED}, known)
    def encode(text):
        return ids_of(search(as_sentencepiece(text, mapping, user, prefix, merge)), ids, 2, fallback)
    return encode


# --- Vocabularies ---

WORDS = ["a", "b", "c", "ab", "abc", "bc", "aa", "ca", "cab", "d", "e", MARK, MARK + "a", MARK + "b", MARK + "ab", MARK + MARK, "a" + MARK + "b",
         "é", "à", "1", "fi", "中", "中文", MARK + "中", "가", "ガ", "صلى", "א", "אב", "न", "नि", ":", ")", ":)", MARK + ":", "👍", "<", ">", "s", "bb", "cc"]


def pieces(rng, byte_tokens, user=("<u>", "xyz", MARK + "d", "b <u>"), unused=("cab", "bb")):
    out = [["<pad>", 0.0, CONTROL], ["</s>", 0.0, CONTROL], ["<unk>", 0.0, UNKNOWN], ["<s>", 0.0, CONTROL]]
    if byte_tokens:
        out += [[f"<0x{b:02X}>", 0.0, BYTE] for b in range(256)]
    out += [[u, 0.0, USER] for u in user]
    for word in WORDS:
        # Coarse scores make ties, which must be decided the same way.
        score = -rng.randrange(4, 40) / 4 if rng.random() < 0.7 else -rng.random() * 9
        out.append([word, score, UNUSED if word in unused else NORMAL])
    return out


def main():
    rng = random.Random(20261130)
    def text(longest=16):
        return "".join(rng.choice(ALPHABET) for _ in range(rng.randrange(1, longest)))
    out = dict(gguf=[], models=[])
    for prefix in (False, True):
        for merge in (False, True):
            for with_map in (False, True):
                byte_tokens = prefix and with_map and merge
                # llama.cpp takes the first byte of a user-defined "▁d" for all of it, so that "①" is not mapped.
                vocabulary = pieces(rng, byte_tokens, ("<u>", "xyz", "b <u>"))
                mapping = MAP if with_map else {}
                run = gguf(vocabulary, mapping, prefix, merge)
                cases = []
                for i in range(125):
                    t = text()
                    cases.append([t, i % 2, run(t, i % 2 == 1)])
                out["gguf"].append(dict(vocabulary=vocabulary, map=base64.b64encode(darts(mapping)).decode() if mapping else "",
                                        prefix=prefix, merge=merge, cases=cases))
    for kind in (1, 2):
        for prefix, merge, with_map, byte_tokens in ((True, True, True, False), (True, False, False, True), (False, False, True, True), (False, True, True, False)):
            vocabulary = pieces(rng, byte_tokens)
            mapping = MAP if with_map else {}
            run = model(vocabulary, mapping, kind, prefix, merge, byte_tokens)
            cases = [[t, run(t)] for t in (text() for _ in range(125))]
            file = model_file(vocabulary, mapping, kind, prefix, merge, byte_tokens)
            out["models"].append(dict(file=base64.b64encode(file).decode(), cases=cases))
    body = []
    for name, rows in out.items():
        body.append(json.dumps(name) + ":[\n" + ",\n".join(json.dumps(r, ensure_ascii=False, separators=(",", ":")) for r in rows) + "\n]")
    sys.stdout.write("{" + ",\n".join(body) + "}\n")


if __name__ == "__main__":
    main()
