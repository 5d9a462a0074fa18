"""Two small tokenizers for the oracle: SentencePiece BPE with byte fallback (`llama`) and byte-level BPE (`gpt2`).

The byte-level one splits words with the ASCII part of GPT-2's rule, which is enough for the prompts of these tests;
every file under test names a pre-tokenizer that agrees with it on letters, single digits, spaces and full stops.
"""
import re

SPACE = '\u2581'
_BYTE = 6


def byte_alphabet():
    """GPT-2's map from byte to printable character."""
    keep = [*range(33, 127), *range(161, 173), *range(174, 256)]
    other = [b for b in range(256) if b not in keep]
    return {b: chr(b) for b in keep} | {b: chr(256 + i) for i, b in enumerate(other)}


class Tokenizer:
    def __init__(self, meta):
        get = lambda key, default=None: meta.get('tokenizer.ggml.' + key, default)
        self.kind = get('model').decode()
        self.pieces = [t.decode('utf-8', 'replace') for t in get('tokens')]
        self.ids = {p: i for i, p in enumerate(self.pieces)}
        self.bos, self.unknown = get('bos_token_id', 1), get('unknown_token_id', 0)
        self.types = get('token_type') or [1] * len(self.pieces)
        self.space_prefix = get('add_space_prefix', True)
        self.add_bos = get('add_bos_token', self.kind == 'llama')
        if self.kind == 'llama':
            self.scores = get('scores')
        else:
            self.rank = {tuple(m.decode().split(' ')): i for i, m in enumerate(get('merges'))}
            self.alphabet = byte_alphabet()

    def encode(self, text):
        text = text.decode() if isinstance(text, bytes) else text
        ids = self._sentencepiece(text) if self.kind == 'llama' else self._byte_level(text)
        return ([self.bos] if self.add_bos else []) + ids

    def decode(self, ids):
        """ids -> bytes; control tokens are left out."""
        out = b''
        for i in ids:
            piece = self.pieces[i]
            if self.types[i] in (2, 3):
                continue
            if self.kind == 'llama':
                out += bytes([int(piece[3:5], 16)]) if self.types[i] == _BYTE else piece.replace(SPACE, ' ').encode()
            else:
                back = {c: b for b, c in self.alphabet.items()}
                out += bytes(back[c] for c in piece)
        return out

    def _merge(self, parts, priority):
        """Joins the neighbours of best priority, leftmost first, until none is left."""
        while True:
            best = None
            for i in range(len(parts) - 1):
                p = priority(parts[i], parts[i + 1])
                if p is not None and (best is None or p > best[0]):
                    best = (p, i)
            if best is None:
                return parts
            i = best[1]
            parts = parts[:i] + [parts[i] + parts[i + 1]] + parts[i + 2:]

    def _sentencepiece(self, text):
        if not text:
            return []
        text = ((' ' if self.space_prefix else '') + text).replace(' ', SPACE)
        score = lambda a, b: self.scores[self.ids[a + b]] if a + b in self.ids else None
        ids = []
        for part in self._merge(list(text), score):
            if part in self.ids:
                ids.append(self.ids[part])
            else:
                ids += [self.ids.get(f'<0x{b:02X}>', self.unknown) for b in part.encode()]
        return ids

    def _byte_level(self, text):
        ids = []
        for word in re.findall(r"'(?:[sdmt]|ll|ve|re)| ?[A-Za-z]+| ?[0-9]+| ?[^\sA-Za-z0-9]+|\s+(?!\S)|\s+", text):
            parts = [self.alphabet[b] for b in word.encode()]
            rank = lambda a, b: -self.rank[(a, b)] if (a, b) in self.rank else None
            ids += [self.ids[p] for p in self._merge(parts, rank)]
        return ids
