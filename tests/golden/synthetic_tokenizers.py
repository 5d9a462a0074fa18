"""Vocabularies of the synthetic models, learned from one short text: metadata as llama.cpp's converter writes it."""
import collections, os, sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '..', '..', 'tools', 'train'))
import gguf_writer as gguf                                   # noqa: E402
from tokenizer import SPACE, byte_alphabet                   # noqa: E402

TEXT = 'The cat sat on the mat. The dog saw the cat and ran to the mat.'


def learn_merges(words, count):
    """Plain BPE on lists of symbols: the `count` most frequent pairs, ties by text."""
    merges = []
    for _ in range(count):
        pairs = collections.Counter(p for w in words for p in zip(w, w[1:]))
        if not pairs:
            break
        best = min(pairs, key=lambda p: (-pairs[p], p))
        merges.append(best)
        for n, w in enumerate(words):
            i, out = 0, []
            while i < len(w):
                step = 2 if tuple(w[i:i + 2]) == best else 1
                out.append(''.join(w[i:i + step]))
                i += step
            words[n] = out
    return merges


def sentencepiece_metadata(special, bos, eos, unk, space_prefix=True):
    """special: [(piece, type)].  Then 256 bytes, merges, single characters."""
    merges = [a + b for a, b in learn_merges([list((' ' + w).replace(' ', SPACE)) for w in TEXT.split()], 24)]
    singles = sorted(set(TEXT.replace(' ', SPACE)))
    plain = merges + singles
    return {
        'tokenizer.ggml.model': 'llama',
        'tokenizer.ggml.pre': 'default',
        'tokenizer.ggml.tokens': [p for p, _ in special] + [f'<0x{b:02X}>' for b in range(256)] + plain,
        'tokenizer.ggml.scores': [0.0] * (len(special) + 256) + [-float(i) for i in range(len(plain))],
        'tokenizer.ggml.token_type': (gguf.I32, [k for _, k in special] + [6] * 256 + [1] * len(plain)),
        'tokenizer.ggml.bos_token_id': bos,
        'tokenizer.ggml.eos_token_id': eos,
        'tokenizer.ggml.unknown_token_id': unk,
        'tokenizer.ggml.add_bos_token': True,
        'tokenizer.ggml.add_eos_token': False,
        'tokenizer.ggml.add_space_prefix': space_prefix,
    }


def llama_tokenizer():
    return sentencepiece_metadata([('<unk>', 2), ('<s>', 3), ('</s>', 3)], bos=1, eos=2, unk=0)


def gemma_tokenizer():
    return sentencepiece_metadata([('<pad>', 3), ('<eos>', 3), ('<bos>', 3), ('<unk>', 2)], bos=2, eos=1, unk=3,
                                  space_prefix=False)


def byte_level_tokenizer(pre):
    def make():
        letter = byte_alphabet()
        words = [[letter[b] for b in (' ' * (i > 0) + w).encode()]
                 for i, w in enumerate(TEXT.replace('.', ' .').split())]
        merges = learn_merges(words, 30)
        tokens = [letter[b] for b in sorted(letter, key=lambda b: letter[b])] + [a + b for a, b in merges]
        return {
            'tokenizer.ggml.model': 'gpt2',
            'tokenizer.ggml.pre': pre,
            'tokenizer.ggml.tokens': tokens + ['<|endoftext|>'],
            'tokenizer.ggml.token_type': (gguf.I32, [1] * len(tokens) + [3]),
            'tokenizer.ggml.merges': [f'{a} {b}' for a, b in merges],
            'tokenizer.ggml.bos_token_id': len(tokens),
            'tokenizer.ggml.eos_token_id': len(tokens),
            'tokenizer.ggml.add_bos_token': False,
        }
    return make
