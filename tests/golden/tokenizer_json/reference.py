#!/usr/bin/env python3
"""Writes fixture.json: what the components of tokenizer.json do to random texts.

An implementation of its own, from the format's rules: plain Python over code points, slow and simple, with the
unicodedata and regex modules where the engine uses utf8proc and PCRE2. Run: python3 reference.py > fixture.json
"""
import base64, json, os, random, sys, unicodedata

import regex

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from darts import darts

SPACES = set("\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000") | {chr(c) for c in range(0x2000, 0x200B)}
LETTERS = (
    list("abcdeABCDEXYZ") + list("   \t\n") + list("0123456789") + list(".,!?'-_()[]$+<>|~@#") + list("\x0b\x85\xa0\u3000")
    + list("éÉñÅßİıΣςǅﬁ½²Ⅷ①Ⓐ") + ["\u0301", "\u0327", "\u0323", "\u030a", "\u200d", "\u200c", "\u0903", "\u20dd"]
    + list("中文日本語ｱｶﾞ가각힣각나") + list("เคขนำहिन्दीমো") + list("אבגדעربى") + list("😀👍🏽👨‍👩‍👧🇩🇪") + ["\u212b", "\ufb01", "\ufdfa", "\ufeff", "\x00", "\x01", "\u2581"]
)


def cat(c):
    return unicodedata.category(c)


def is_punctuation(c):
    return c in "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~" or cat(c)[0] == "P"


def is_word(c):
    return cat(c)[0] in "LM" or cat(c) in ("Nd", "Nl", "Pc") or "\u24b6" <= c <= "\u24e9" or c in "\u200c\u200d"


# --- Normalizers ---

def bert(s, clean_text=True, handle_chinese_chars=True, strip_accents=None, lowercase=True):
    if clean_text:
        kept = [c for c in s if c in "\t\n\r" or not (c in "\0\ufffd" or cat(c) in ("Cc", "Cf", "Co", "Cs"))]
        s = "".join(" " if c in SPACES else c for c in kept)
    if handle_chinese_chars:
        s = "".join(f" {c} " if 0x4E00 <= ord(c) <= 0x9FFF else c for c in s)
    if strip_accents or (strip_accents is None and lowercase):
        s = "".join(c for c in unicodedata.normalize("NFD", s) if cat(c) != "Mn")
    return "".join(c.lower() for c in s) if lowercase else s


MAP = {"①": "1", "ﬁ": "fi", "é": "e", "\u0301": "", "e\u0301": "E", "日": "にち", "가": "ga", "👍": "+1", "\u3000": " ", "ｱ": "ア", "½": "1/2", "a": "a"}


def precompiled(s):
    def shortest(text):
        for i in range(1, len(text) + 1):
            if text[:i] in MAP:
                return MAP[text[:i]]
        return None
    out = ""
    for cluster in regex.findall(r"\X", s):
        whole = shortest(cluster) if len(cluster.encode()) < 6 else None
        if whole is not None:
            out += whole
        else:
            for c in cluster:
                found = shortest(c)
                out += c if found is None else found
    return out


def strip(s, left, right):
    while left and s and s[0] in SPACES:
        s = s[1:]
    while right and s and s[-1] in SPACES:
        s = s[:-1]
    return s


NORMALIZERS = [(dict(type=f), lambda s, f=f: unicodedata.normalize(f, s)) for f in ("NFC", "NFD", "NFKC", "NFKD")] + [
    (dict(type="Lowercase"), lambda s: "".join(c.lower() for c in s)),
    (dict(type="StripAccents"), lambda s: "".join(c for c in s if cat(c)[0] != "M")),
    (dict(type="Strip", strip_left=True, strip_right=True), lambda s: strip(s, True, True)),
    (dict(type="Strip", strip_left=True, strip_right=False), lambda s: strip(s, True, False)),
    (dict(type="Strip", strip_left=False, strip_right=True), lambda s: strip(s, False, True)),
    (dict(type="Replace", pattern=dict(String="a"), content="<é>"), lambda s: s.replace("a", "<é>")),
    (dict(type="Replace", pattern=dict(Regex="[0-9]+| {2,}"), content=" "), lambda s: regex.sub("[0-9]+| {2,}", " ", s)),
    (dict(type="Prepend", prepend="▁"), lambda s: "▁" + s if s else s),
    (dict(type="Precompiled", precompiled_charsmap=base64.b64encode(darts(MAP)).decode()), precompiled),
    (dict(type="BertNormalizer", clean_text=True, handle_chinese_chars=True, strip_accents=None, lowercase=True), bert),
    (dict(type="BertNormalizer", clean_text=False, handle_chinese_chars=False, strip_accents=True, lowercase=False),
     lambda s: bert(s, False, False, True, False)),
    (dict(type="BertNormalizer", clean_text=True, handle_chinese_chars=False, strip_accents=False, lowercase=True),
     lambda s: bert(s, True, False, False, True)),
    (dict(type="Sequence", normalizers=[dict(type="NFKD"), dict(type="StripAccents"), dict(type="Lowercase")]),
     lambda s: "".join(c.lower() for c in unicodedata.normalize("NFKD", s) if cat(c)[0] != "M")),
]


# --- Pre-tokenizers ---

def stretches(pattern, s):
    """(text, whether it matches) from left to right; empty matches are left in."""
    out, done = [], 0
    for m in pattern(s):
        if m[0] > done:
            out.append((s[done:m[0]], False))
        out.append((s[m[0]:m[1]], True))
        done = m[1]
    if done < len(s):
        out.append((s[done:], False))
    return out


def spans(expression):
    compiled = regex.compile(expression, regex.M)
    return lambda s: [m.span() for m in compiled.finditer(s)]


def characters(test):
    return lambda s: [(i, i + 1) for i, c in enumerate(s) if test(c)]


def arrange(parts, behavior):
    out = []
    if behavior == "Removed":
        out = [t for t, m in parts if not m]
    elif behavior == "Isolated":
        out = [t for t, _ in parts]
    elif behavior == "Contiguous":
        run = None
        for t, m in parts:
            if run is not None and m == run:
                out[-1] += t
            else:
                out.append(t)
            run = m
    elif behavior == "MergedWithPrevious":
        for i, (t, m) in enumerate(parts):
            if i > 0 and m and not parts[i - 1][1]:
                out[-1] += t
            else:
                out.append(t)
    elif behavior == "MergedWithNext":
        i = 0
        while i < len(parts):
            if parts[i][1] and i + 1 < len(parts) and not parts[i + 1][1]:
                out.append(parts[i][0] + parts[i + 1][0])
                i += 2
            else:
                out.append(parts[i][0])
                i += 1
    return [t for t in out if t]


def split(pattern, behavior, invert=False):
    return lambda s: arrange([(t, m != invert) for t, m in stretches(pattern, s)], behavior)


def byte_letters():
    own = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    rest = [b for b in range(256) if b not in own]
    return {b: chr(b) for b in own} | {b: chr(256 + i) for i, b in enumerate(rest)}


BYTES = byte_letters()
GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
WHITE = "[\\t-\\r \\x85\\p{Z}]"


def byte_level(add_prefix_space=True, use_regex=True):
    def run(s):
        if add_prefix_space and not s.startswith(" "):
            s = " " + s
        expression = GPT2.replace(r"[^\s\p{L}\p{N}]", r"[^\t-\r \x85\p{Z}\p{L}\p{N}]").replace(r"\S", "[^\\t-\\r \\x85\\p{Z}]").replace(r"\s", WHITE)
        pieces = split(spans(expression), "Isolated")(s) if use_regex else [s]
        return ["".join(BYTES[b] for b in p.encode()) for p in pieces]
    return lambda s: run(s) if s else []


def metaspace(scheme="always", do_split=True):
    def run(s):
        s = s.replace(" ", "▁")
        if scheme != "never" and not s.startswith("▁"):
            s = "▁" + s
        return split(characters(lambda c: c == "▁"), "MergedWithNext")(s) if do_split else [s]
    return lambda s: run(s) if s else []


def whitespace(s):
    kind = [1 if is_word(c) else 0 if c in SPACES else 2 for c in s]
    out = []
    for i, c in enumerate(s):
        if kind[i] and i and kind[i] == kind[i - 1]:
            out[-1] += c
        elif kind[i]:
            out.append(c)
    return out


def then(first, second):
    return lambda s: [q for p in first(s) for q in second(p)]


ws = split(characters(lambda c: c in SPACES), "Removed")
punctuation = split(characters(is_punctuation), "Isolated")
numeric = lambda c: cat(c)[0] == "N"
PRE_TOKENIZERS = [
    (dict(type="ByteLevel", add_prefix_space=True), byte_level()),
    (dict(type="ByteLevel", add_prefix_space=False, trim_offsets=True, use_regex=True), byte_level(False)),
    (dict(type="ByteLevel", add_prefix_space=False, use_regex=False), byte_level(False, False)),
    (dict(type="Metaspace", replacement="▁", add_prefix_space=True), metaspace()),
    (dict(type="Metaspace", replacement="▁", prepend_scheme="never", split=True), metaspace("never")),
    (dict(type="Metaspace", replacement="▁", prepend_scheme="first", split=False), metaspace("first", False)),
    (dict(type="Whitespace"), whitespace),
    (dict(type="WhitespaceSplit"), ws),
    (dict(type="Digits", individual_digits=True), split(characters(numeric), "Isolated")),
    (dict(type="Digits", individual_digits=False), split(characters(numeric), "Contiguous")),
    (dict(type="BertPreTokenizer"), then(ws, punctuation)),
    (dict(type="CharDelimiterSplit", delimiter="-"), split(characters(lambda c: c == "-"), "Removed")),
    (dict(type="Sequence", pretokenizers=[dict(type="WhitespaceSplit"), dict(type="Digits", individual_digits=True)]),
     then(ws, split(characters(numeric), "Isolated"))),
    (dict(type="Sequence", pretokenizers=[dict(type="Split", pattern=dict(Regex="[0-9]{1,3}"), behavior="Isolated", invert=False),
                                          dict(type="ByteLevel", add_prefix_space=False, use_regex=False)]),
     then(split(spans("[0-9]{1,3}"), "Isolated"), byte_level(False, False))),
]
for behavior in ("Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous"):
    PRE_TOKENIZERS.append((dict(type="Punctuation", behavior=behavior), split(characters(is_punctuation), behavior)))
    for invert in (False, True):
        for pattern, find in ((dict(String="a"), characters(lambda c: c == "a")),
                              (dict(Regex="[A-Z][a-z]*|[0-9 ]+"), spans("[A-Z][a-z]*|[0-9 ]+")),
                              (dict(Regex="(?=[A-Z])"), spans("(?=[A-Z])"))):
            PRE_TOKENIZERS.append((dict(type="Split", pattern=pattern, behavior=behavior, invert=invert), split(find, behavior, invert)))


# --- Models: each takes a piece and gives ids ---

def word_piece(vocab, limit):
    def run(s):
        out, i = [], 0
        if len(s) > limit:
            return [vocab["[UNK]"]]
        while i < len(s):
            ends = [j for j in range(len(s), i, -1) if ("##" if i else "") + s[i:j] in vocab]
            if not ends:
                return [vocab["[UNK]"]]
            out.append(vocab[("##" if i else "") + s[i:ends[0]]])
            i = ends[0]
        return out
    return run


def bpe(vocab, merges, unk=None, fuse=False, fallback=False, prefix="", suffix="", ignore=False):
    rank = {pair: i for i, pair in enumerate(merges)}
    def run(s):
        if ignore and s in vocab:
            return [vocab[s]]
        parts, pending = [], False
        for i, c in enumerate(s):
            spelled = (prefix if i else "") + c + (suffix if i + 1 == len(s) else "")
            names = [f"<0x{b:02X}>" for b in c.encode()]
            if spelled in vocab:
                parts.append(spelled)
                pending = False
            elif fallback and all(n in vocab for n in names):
                parts += names
                pending = False
            elif unk:
                if not (pending and fuse):
                    parts.append(unk)
                pending = True
            else:
                pending = False
        while True:
            best = min(((rank[p], i) for i, p in enumerate(zip(parts, parts[1:])) if p in rank), default=None)
            if best is None:
                return [vocab[p] for p in parts]
            i = best[1]
            right = parts[i + 1][len(prefix):] if prefix and parts[i + 1].startswith(prefix) else parts[i + 1]
            parts[i:i + 2] = [parts[i] + right]
    return run


def unigram(pieces, unk_id, fallback=False):
    ids = {p: i for i, (p, _) in enumerate(pieces)}
    worst = min(score for _, score in pieces) - 10.0
    def run(s):
        best = [(0.0, [])] + [None] * len(s)
        for i in range(len(s)):
            found = False
            for j in range(i + 1, len(s) + 1):
                if s[i:j] in ids:
                    found |= j == i + 1
                    score = best[i][0] + pieces[ids[s[i:j]]][1]
                    if best[j] is None or score > best[j][0]:
                        best[j] = (score, best[i][1] + [(s[i:j], True)])
            if not found:
                score = best[i][0] + worst
                if best[i + 1] is None or score > best[i + 1][0]:
                    best[i + 1] = (score, best[i][1] + [(s[i], False)])
        joined = []
        for text, known in best[-1][1]:
            if joined and not known and not joined[-1][1]:
                joined[-1] = (joined[-1][0] + text, False)
            else:
                joined.append((text, known))
        out = []
        for text, _ in joined:
            names = [f"<0x{b:02X}>" for b in text.encode()]
            if text in ids:
                out.append(ids[text])
            elif fallback and all(n in ids for n in names):
                out += [ids[n] for n in names]
            else:
                out.append(unk_id)
        return out
    return run


def numbered(texts):
    return {t: i for i, t in enumerate(texts)}


MERGES = [("a", "b"), ("ab", "c"), ("b", "c"), ("a", "a"), ("aa", "aa"), ("c", "é"), ("é", "a"), ("ab", "ab"), ("bc", "a")]
SYMBOLS = ["[UNK]", "a", "b", "c", "é", "中"] + ["".join(m) for m in MERGES]
WP = numbered(["[UNK]", "a", "ab", "abc", "##a", "##b", "##bc", "##cé", "##é", "中", "##中a", "b"])
END = numbered(["[UNK]", "a", "b", "c", "a</w>", "b</w>", "c</w>", "ab</w>", "ab", "abc</w>"])
END_MERGES = [("a", "b</w>"), ("a", "b"), ("ab", "c</w>")]
HASH = numbered(["[UNK]", "a", "b", "c", "##a", "##b", "##c", "ab", "abc", "##bc"])
HASH_MERGES = [("a", "##b"), ("##b", "##c"), ("ab", "##c"), ("a", "##bc")]
BYTE_TOKENS = [f"<0x{b:02X}>" for b in range(256)]
UNI = [["<unk>", 0.0], ["a", -1.5], ["b", -2.0], ["ab", -2.25], ["abc", -4.0], ["c", -2.5], ["é", -3.0], ["bc", -3.75], ["aa", -3.0], ["ca", -4.5], ["中", -5.0]]


def model(type_, vocab, **more):
    return dict(type=type_, vocab=vocab, **more)


def lists(merges):
    return [list(m) for m in merges]


ALPHABET = list("aaabbbcccé中x😀")
fallback_vocab = numbered(SYMBOLS + BYTE_TOKENS)
few_bytes = numbered(SYMBOLS + ["<0x78>"])
uni_bytes = UNI + [[b, -20.0] for b in BYTE_TOKENS]
MODELS = [
    (model("WordLevel", numbered(["[UNK]", "a", "b", "ab", "abc", "é", "中", "x"]), unk_token="[UNK]"),
     lambda s: [numbered(["[UNK]", "a", "b", "ab", "abc", "é", "中", "x"]).get(s, 0)]),
    (model("WordPiece", WP, unk_token="[UNK]", continuing_subword_prefix="##", max_input_chars_per_word=100), word_piece(WP, 100)),
    (model("WordPiece", WP, unk_token="[UNK]", continuing_subword_prefix="##", max_input_chars_per_word=4), word_piece(WP, 4)),
    (model("BPE", numbered(SYMBOLS), merges=[" ".join(m) for m in MERGES], unk_token="[UNK]"), bpe(numbered(SYMBOLS), MERGES, "[UNK]")),
    (model("BPE", numbered(SYMBOLS), merges=lists(MERGES), unk_token="[UNK]", fuse_unk=True, dropout=None), bpe(numbered(SYMBOLS), MERGES, "[UNK]", True)),
    (model("BPE", numbered(SYMBOLS), merges=lists(MERGES)), bpe(numbered(SYMBOLS), MERGES)),
    (model("BPE", fallback_vocab, merges=lists(MERGES), unk_token="[UNK]", byte_fallback=True), bpe(fallback_vocab, MERGES, "[UNK]", fallback=True)),
    (model("BPE", few_bytes, merges=lists(MERGES), byte_fallback=True), bpe(few_bytes, MERGES, fallback=True)),
    (model("BPE", numbered(SYMBOLS + ["cba"]), merges=lists(MERGES), unk_token="[UNK]", ignore_merges=True),
     bpe(numbered(SYMBOLS + ["cba"]), MERGES, "[UNK]", ignore=True)),
    (model("BPE", END, merges=lists(END_MERGES), unk_token="[UNK]", end_of_word_suffix="</w>"), bpe(END, END_MERGES, "[UNK]", suffix="</w>")),
    (model("BPE", HASH, merges=lists(HASH_MERGES), unk_token="[UNK]", continuing_subword_prefix="##"), bpe(HASH, HASH_MERGES, "[UNK]", prefix="##")),
    (model("Unigram", UNI, unk_id=0), unigram(UNI, 0)),
    (model("Unigram", uni_bytes, unk_id=0, byte_fallback=True), unigram(uni_bytes, 0, True)),
]


def main():
    rng = random.Random(20261130)
    def text(letters, longest):
        return "".join(rng.choice(letters) for _ in range(rng.randrange(1, longest)))
    out = dict(normalizers=[], pre_tokenizers=[], models=[])
    for config, run in NORMALIZERS:
        texts = [text(LETTERS, 14) for _ in range(60)]
        out["normalizers"].append(dict(component=config, cases=[[t, run(t)] for t in texts]))
    for config, run in PRE_TOKENIZERS:
        texts = [text(LETTERS if i % 2 else list("aAbBzZ09  -.é▁"), 10) for i in range(28)]
        out["pre_tokenizers"].append(dict(component=config, cases=[[t, run(t)] for t in texts]))
    for config, run in MODELS:
        texts = [text(ALPHABET, 9) for _ in range(100)]
        out["models"].append(dict(component=config, cases=[[t, run(t)] for t in texts]))
    body = []
    for name, rows in out.items():
        body.append(json.dumps(name) + ":[\n" + ",\n".join(json.dumps(r, ensure_ascii=False, separators=(",", ":")) for r in rows) + "\n]")
    sys.stdout.write("{" + ",\n".join(body) + "}\n")


if __name__ == "__main__":
    main()
