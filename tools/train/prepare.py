#!/usr/bin/env python3
"""Texts -> documents -> tokenizer and token streams for train.py.

  prepare.py --tatoeba deu-eng.zip fra-eng.zip --book war-and-peace.txt --plays tinyshakespeare.txt --out WORKDIR

Writes WORKDIR/tokenizer.model and .vocab (SentencePiece BPE, byte fallback), train.npy and heldout.npy (uint16 token
ids, every document opened by <s>) and data.json (counts).  Everything is seeded: the same inputs give the same bytes.
"""
import argparse, collections, io, json, os, random, re, zipfile

import numpy as np
import sentencepiece as spm

BOS = 1


def tatoeba_sentences(paths):
    """The English side of tab-separated sentence pairs, each sentence once, in a stable order."""
    seen = {}
    for path in paths:
        with zipfile.ZipFile(path) as z:
            for name in z.namelist():
                base = os.path.basename(name)
                if not base.endswith('.txt') or base.startswith('_') or base.startswith('.'):
                    continue
                for line in io.TextIOWrapper(z.open(name), 'utf-8'):
                    english = line.split('\t')[0].strip()
                    if english:
                        seen.setdefault(english)
    return list(seen)


def tatoeba_documents(sentences, rng):
    """Documents of 1 to 8 sentences; neighbours share an uncommon word, so that there is something to copy."""
    words = [re.findall(r"[a-z']+", s.lower()) for s in sentences]
    count = collections.Counter(w for ws in words for w in set(ws))
    def key(ws):
        rare = [w for w in ws if 2 <= count[w] <= 400]
        return rng.choice(rare) if rare else ''
    groups = collections.defaultdict(list)
    for s, ws in zip(sentences, words):
        groups[key(ws)].append(s)
    names = sorted(groups)
    rng.shuffle(names)
    docs = []
    for name in names:
        group = groups[name]
        rng.shuffle(group)
        i = 0
        while i < len(group):
            n = rng.randint(1, 8)
            docs.append(' '.join(group[i:i + n]))
            i += n
    return docs


def strip_gutenberg(text):
    """Drops the distributor's header and footer where they are present."""
    start = re.search(r'\*\*\* ?START OF TH(E|IS) PROJECT GUTENBERG.*?\*\*\*', text, re.S)
    end = re.search(r'\*\*\* ?END OF TH(E|IS) PROJECT GUTENBERG', text)
    return text[start.end() if start else 0:end.start() if end else len(text)]


def book_documents(path):
    """One document a chapter; hard line breaks inside a paragraph become spaces, a paragraph ends with one newline."""
    text = strip_gutenberg(open(path, encoding='utf-8').read().replace('\r', ''))
    docs = []
    for chapter in re.split(r'\n?CHAPTER [IVXLC]+\n', text):
        paragraphs = [' '.join(p.split()) for p in re.split(r'\n\s*\n', chapter)]
        body = '\n'.join(p for p in paragraphs if p)
        if len(body) > 200:
            docs.append(body)
    return docs


def play_documents(path, size=3000):
    """Runs of whole speeches of about `size` characters; the layout (NAME: line, lines, blank line) stays."""
    speeches = open(path, encoding='utf-8').read().replace('\r', '').strip().split('\n\n')
    docs, part, length = [], [], 0
    for s in speeches:
        part.append(s)
        length += len(s)
        if length >= size:
            docs.append('\n\n'.join(part))
            part, length = [], 0
    if part:
        docs.append('\n\n'.join(part))
    return docs


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--tatoeba', nargs='+', required=True)
    p.add_argument('--book', required=True)
    p.add_argument('--plays', required=True)
    p.add_argument('--out', required=True)
    p.add_argument('--vocab', type=int, default=2048)
    p.add_argument('--seed', type=int, default=1)
    a = p.parse_args()
    os.makedirs(a.out, exist_ok=True)
    rng = random.Random(a.seed)

    sources = {
        'tatoeba': tatoeba_documents(tatoeba_sentences(a.tatoeba), rng),
        'book': book_documents(a.book),
        'plays': play_documents(a.plays),
    }
    train, heldout, info = [], [], {}
    for name, docs in sources.items():
        rng.shuffle(docs)
        n = max(2, len(docs) // 100)
        heldout += docs[:n]
        train += docs[n:]
        info[name] = dict(documents=len(docs), heldout_documents=n, characters=sum(map(len, docs)))
    rng.shuffle(train)

    corpus = os.path.join(a.out, 'corpus.txt')
    with open(corpus, 'w', encoding='utf-8') as f:
        for d in train:
            f.write(d + '\n')
    model = os.path.join(a.out, 'tokenizer')
    spm.SentencePieceTrainer.train(
        input=corpus, model_prefix=model, model_type='bpe', vocab_size=a.vocab, byte_fallback=True,
        normalization_rule_name='identity', remove_extra_whitespaces=False, add_dummy_prefix=True,
        unk_id=0, bos_id=1, eos_id=2, pad_id=-1, split_digits=True, character_coverage=0.9999,
        max_sentence_length=100000, input_sentence_size=0, num_threads=2, minloglevel=1)
    sp = spm.SentencePieceProcessor(model_file=model + '.model')

    for name, docs in (('train', train), ('heldout', heldout)):
        ids = []
        for d in docs:
            ids.append(BOS)
            ids.extend(sp.encode(d))
        arr = np.array(ids, np.uint16)
        np.save(os.path.join(a.out, name + '.npy'), arr)
        info[name + '_tokens'] = int(arr.size)
    os.remove(corpus)
    json.dump(info, open(os.path.join(a.out, 'data.json'), 'w'), indent=1)
    print(json.dumps(info, indent=1))


if __name__ == '__main__':
    main()
