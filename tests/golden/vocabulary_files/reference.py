#!/usr/bin/env python3
"""Writes fixture.json: folders with vocabulary files but no tokenizer.json, and the ids of random texts and pairs.

Put together from the references of tokenizer.json and of SentencePiece beside this one, from what the classes of these
tokenizers are documented to do. Run: python3 reference.py > fixture.json
"""
import base64, importlib.util, json, os, random, sys, unicodedata

HERE = os.path.dirname(os.path.abspath(__file__))


def load(name):
    spec = importlib.util.spec_from_file_location(name, os.path.join(HERE, "..", name, "reference.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


J, S = load("tokenizer_json"), load("sentencepiece")
WORDS = "a ab abc b c ca é e i 中 文 . , ! ? ' - 1 12 א ab1 ## x 😀 the cat".split()
CASED = ["A", "É", "ABC", "##B"]


def bert(vocab, unk, **options):
    pieces = J.word_piece({"[UNK]" if t == unk else t: i for t, i in vocab.items()}, 100)
    return lambda s: [i for w in J.then(J.ws, J.punctuation)(J.bert(s, **options)) for i in pieces(w)]


def word_piece_folder(config, cls, sep, unk, pad, mask, pair_between, **options):
    tokens = [pad, unk, cls, sep, mask] + WORDS + ["##" + w for w in WORDS] + CASED
    tokens = list(dict.fromkeys(tokens))
    vocab = J.numbered(tokens)
    run = bert(vocab, unk, **options)
    c, s = vocab[cls], vocab[sep]
    files = {"vocab.txt": "\n".join(tokens) + "\n", "tokenizer_config.json": json.dumps(config)}
    second = 1 if pair_between == 1 else 0
    def pair(a, b):
        a, b = run(a), run(b)
        ids = [c] + a + [s] * pair_between + b + [s]
        return ids, [0] * (1 + len(a) + pair_between) + [second] * (len(b) + 1)
    return files, {}, lambda t: [c] + run(t) + [s], pair


MERGES = [("a", "b"), ("Ġ", "a"), ("ab", "c"), ("Ġa", "b"), ("Ã", "©"), ("c", "a"), ("Ġ", "Ġ"), ("ð", "Ł"), ("ðŁ", "ĺ"), ("1", "2"), ("Ġab", "c")]


def byte_level_folder(config, before, after, prefix_space):
    letters = [J.BYTES[b] for b in range(256)]
    specials = ["<s>", "<pad>", "</s>", "<unk>"] if after else []
    tokens = specials + letters + ["".join(m) for m in MERGES] + (["<mask>"] if after else ["<|endoftext|>"])
    vocab = J.numbered(tokens)
    model, words = J.bpe(vocab, MERGES), J.byte_level(prefix_space)
    run = lambda s: [i for w in words(s) for i in model(w)]
    files = {"vocab.json": json.dumps(vocab, ensure_ascii=False), "config.json": json.dumps(config),
             "merges.txt": "#version: 0.2\n" + "\n".join(" ".join(m) for m in MERGES) + "\n"}
    b, e = [vocab[t] for t in before], [vocab[t] for t in after]
    def pair(x, y):
        ids = b + run(x) + e + e + run(y) + e
        return ids, [0] * len(ids)
    return files, {}, lambda t: b + run(t) + e, pair if after else None


def sentencepiece_folder(rng, name, config, kind, form, fallback=False, prefix=True, merge=True, mapping=S.MAP):
    control = {"albert": ["[CLS]", "[SEP]", "[MASK]"], "t5": [], "llama": ["<s>", "</s>"], "xlm": ["<s>", "</s>"]}[form]
    head = {"albert": ["<pad>", "<unk>"], "t5": ["<pad>", "</s>", "<unk>"], "llama": ["<unk>"], "xlm": ["<unk>"]}[form] + control
    body = S.pieces(rng, fallback, ("<u>", "xyz"))[4:]
    vocabulary = [[t, 0.0, S.UNKNOWN if t == "<unk>" else S.CONTROL] for t in head] + body
    ids = {p: i for i, (p, _, _) in enumerate(vocabulary)}
    inner = S.model(vocabulary, mapping, kind, prefix, merge, fallback)
    # The reference numbers <unk> 2: put the file's own number in its place.
    unknown = ids["<unk>"]
    if unknown != 2:
        vocabulary_unk2 = [v for v in vocabulary if v[0] != "<unk>"]
        vocabulary_unk2.insert(2, ["<unk>", 0.0, S.UNKNOWN])
        other = S.model(vocabulary_unk2, mapping, kind, prefix, merge, fallback)
        back = {i: ids[v[0]] for i, v in enumerate(vocabulary_unk2)}
        inner = lambda t: [back[i] for i in other(t)]
    def run(t):
        if form == "albert":
            t = t.replace("``", '"').replace("''", '"')
            t = "".join(c for c in unicodedata.normalize("NFKD", t) if unicodedata.category(c)[0] != "M")
            t = "".join(c.lower() for c in t)
        out = inner(t)
        return [3 if i == 0 else i + 1 for i in out] if form == "xlm" else out
    c, s = {"albert": ([ids.get("[CLS]")], [ids.get("[SEP]")]), "t5": ([], [ids.get("</s>")]), "llama": ([ids.get("<s>")], []), "xlm": ([0], [2])}[form]
    file = S.model_file(vocabulary, mapping, kind, prefix, merge, fallback)
    def pair(x, y):
        x, y = run(x), run(y)
        middle = s + s if form == "xlm" else s
        return c + x + middle + y + s, [0] * (len(c + x + middle)) + [1 if form == "albert" else 0] * len(y + s)
    return {"config.json": json.dumps(config)}, {name: base64.b64encode(file).decode()}, lambda t: c + run(t) + s, None if form == "llama" else pair


def marian_folder(rng):
    vocabulary = S.pieces(rng, False, ())
    words = [p for p, _, t in vocabulary if t == S.NORMAL and p not in ("cab", "中文")]
    rng.shuffle(words)
    vocab = J.numbered(["</s>", "<unk>", ">>fra<<"] + words + ["▁target", "<pad>"])
    inner = S.model(vocabulary, S.MAP, 1, True, True, False)
    run = lambda t: [vocab.get(vocabulary[i][0], 1) if vocabulary[i][2] != S.UNKNOWN else 1 for i in inner(t)]
    def encode(t):
        return [2] * t.startswith(">>fra<<") + run(t.removeprefix(">>fra<<")) + [0]
    file = S.model_file(vocabulary, S.MAP, 1, True, True, False)
    files = {"config.json": json.dumps(dict(model_type="marian")), "vocab.json": json.dumps(vocab, ensure_ascii=False)}
    return files, {"source.spm": base64.b64encode(file).decode()}, encode, None


def main():
    rng = random.Random(20261201)
    folders = [
        ("bert", word_piece_folder(dict(tokenizer_class="BertTokenizer"), "[CLS]", "[SEP]", "[UNK]", "[PAD]", "[MASK]", 1)),
        ("bert cased", word_piece_folder(dict(do_lower_case=False, tokenize_chinese_chars=False, cls_token="<c>", sep_token=dict(content="<e>")),
                                         "<c>", "<e>", "[UNK]", "[PAD]", "[MASK]", 1, lowercase=False, handle_chinese_chars=False)),
        ("bert accents", word_piece_folder(dict(tokenizer_class="DistilBertTokenizerFast", strip_accents=False), "[CLS]", "[SEP]", "[UNK]", "[PAD]", "[MASK]", 1,
                                           strip_accents=False)),
        ("mpnet", word_piece_folder(dict(tokenizer_class="MPNetTokenizer"), "<s>", "</s>", "[UNK]", "<pad>", "<mask>", 2)),
        ("roberta", byte_level_folder(dict(model_type="roberta"), ["<s>"], ["</s>"], False)),
        ("gpt2", byte_level_folder(dict(model_type="gpt2"), [], [], False)),
        ("t5", sentencepiece_folder(rng, "spiece.model", dict(model_type="t5"), 1, "t5")),
        ("t5 bytes", sentencepiece_folder(rng, "spiece.model", dict(model_type="umt5"), 1, "t5", fallback=True)),
        ("albert", sentencepiece_folder(rng, "spiece.model", dict(model_type="albert"), 1, "albert")),
        ("xlm-roberta", sentencepiece_folder(rng, "sentencepiece.bpe.model", dict(model_type="xlm-roberta"), 1, "xlm")),
        ("llama", sentencepiece_folder(rng, "tokenizer.model", dict(model_type="llama"), 2, "llama", fallback=True, merge=False, mapping={})),
        ("marian", marian_folder(rng)),
    ]
    letters = J.LETTERS + list("abcabcaAé      ") + ["ab", "abc", " ab", "``", "''", "the", "cat"]
    out = []
    for name, (files, binary, run, pair) in folders:
        alphabet = letters if "vocab.txt" in files or "merges.txt" in files else S.ALPHABET + ["``", "''", "É", "Ab"]
        text = lambda: "".join(rng.choice(alphabet) for _ in range(rng.randrange(1, 16)))
        texts = [text() for _ in range(80)] + ([">>fra<<" + text() for _ in range(10)] if name == "marian" else [])
        pairs = [[a, b, *pair(a, b)] for a, b in ((text(), text()) for _ in range(10))] if pair else []
        out.append(dict(name=name, files=files, base64=binary, cases=[[t, run(t)] for t in texts], pairs=pairs))
    sys.stdout.write("[\n" + ",\n".join(json.dumps(r, ensure_ascii=False, separators=(",", ":")) for r in out) + "\n]\n")


if __name__ == "__main__":
    main()
