#!/usr/bin/env python3
"""Tiny seeded random-weight encoder-decoders as GGUF files, with their goldens: t5, gated and plain.

  make_encoder_decoders.py [--out data/encoder_decoders]

Writes NAME.gguf and NAME.npz.  Tensor names, shapes and keys are those that llama.cpp's converter writes for the family.
"""
import argparse, hashlib, json, os, sys

import numpy as np

import encoder_decoder_reference as reference
from folder_reference import rounded
from make_folders import GREEDY_STEPS, SOURCE, TARGET, is_clear
from synthetic_tokenizers import learn_merges
from tokenizer import SPACE

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '..', '..', 'tools', 'train'))
import gguf_writer as gguf                                   # noqa: E402


# ---- Unigram: the segmentation with the largest sum of scores

def pieces():
    """[(piece, score, type)]: pad, end, unknown, pieces learned from the two sentences, and their single characters."""
    words = [SPACE + w for w in (SOURCE + ' ' + TARGET).split()]
    merged = [a + b for a, b in learn_merges([list(w) for w in words], 44)]
    plain = list(dict.fromkeys(merged)) + sorted(set(''.join(words)))
    special = [('<pad>', 0.0, 3), ('</s>', 0.0, 3), ('<unk>', 0.0, 2)]
    return special + [(p, -2.0 - 0.125 * i + 0.5 * len(p), 1) for i, p in enumerate(plain)]


def encode(vocabulary, text):
    """Ids of a text of known characters, without the end token."""
    text = SPACE + SPACE.join(text.split())
    score = {p: (s, i) for i, (p, s, kind) in enumerate(vocabulary) if kind == 1}
    best = [(0.0, [])] + [None] * len(text)
    for end in range(1, len(text) + 1):
        ways = [(best[a][0] + score[text[a:end]][0], best[a][1] + [score[text[a:end]][1]])
                for a in range(end) if best[a] and text[a:end] in score]
        best[end] = max(ways, key=lambda way: way[0]) if ways else None
    return best[-1][1]


# ---- weights

class Draw:
    def __init__(self, seed, matrix_type):
        self.rng, self.matrix_type, self.out = np.random.RandomState(seed), matrix_type, []

    def matrix(self, name, rows, columns, gain=1.0, kind=None):
        w = (gain / np.sqrt(columns) * self.rng.standard_normal((rows, columns))).astype('<f4')
        self.out.append((name + '.weight', w, self.matrix_type if kind is None else kind))

    def norm(self, name, size):
        self.out.append((name + '.weight', (1 + 0.2 * self.rng.standard_normal(size)).astype('<f4'), gguf.F32))


def attention(w, p, s, name='attn'):
    for n in 'qkv':
        w.matrix(f'{p}{name}_{n}', s['heads'] * s['head_dim'], s['dim'], 0.7 if n == 'q' else 1.0)
    w.matrix(f'{p}{name}_o', s['dim'], s['heads'] * s['head_dim'], 2.0)


def table(w, name, s):
    w.matrix(name, s['buckets'], s['heads'], np.sqrt(s['heads']), gguf.F32)


def feed_forward(w, p, s):
    for n in ('ffn_gate', 'ffn_up') if s['gated'] else ('ffn_up',):
        w.matrix(p + n, s['ffn'], s['dim'])
    w.matrix(p + 'ffn_down', s['dim'], s['ffn'], 2.0)
    w.norm(p + 'ffn_norm', s['dim'])


def tensors(s, vocabulary, seed):
    w = Draw(seed, s['type'])
    w.matrix('token_embd', vocabulary, s['dim'], 2.0 if s['gated'] else 3.0)
    for side, layers in (('enc', s['encoder_layers']), ('dec', s['decoder_layers'])):
        for i in range(layers):
            p = f'{side}.blk.{i}.'
            attention(w, p, s)
            w.norm(p + 'attn_norm', s['dim'])
            if i == 0:
                table(w, p + 'attn_rel_b', s)
            if side == 'dec':
                attention(w, p, s, 'cross_attn')
                w.norm(p + 'cross_attn_norm', s['dim'])
                if i == 0 and not s['gated']:
                    table(w, p + 'cross_attn_rel_b', s)                # a leftover that nothing reads
            feed_forward(w, p, s)
        w.norm(side + '.output_norm', s['dim'])
    if s['gated']:
        w.matrix('output', vocabulary, s['dim'], 2.0)
    return w.out


VARIANTS = {
    't5-gated': dict(dim=32, heads=3, head_dim=12, ffn=44, encoder_layers=3, decoder_layers=2, buckets=12, gated=True, type=gguf.F16),
    't5-tied': dict(dim=32, heads=4, head_dim=8, ffn=40, encoder_layers=2, decoder_layers=2, buckets=8, gated=False, type=gguf.F32),
}


def metadata(name, s, vocabulary):
    keys = {'context_length': 512, 'embedding_length': s['dim'], 'feed_forward_length': s['ffn'], 'block_count': s['encoder_layers'],
            'attention.head_count': s['heads'], 'attention.key_length': s['head_dim'], 'attention.value_length': s['head_dim'],
            'attention.layer_norm_epsilon': 1e-6, 'attention.relative_buckets_count': s['buckets'],
            'attention.layer_norm_rms_epsilon': 1e-6, 'decoder_start_token_id': 0}
    if s['decoder_layers'] != s['encoder_layers']:                     # files of earlier converters do not have it
        keys['decoder_block_count'] = s['decoder_layers']
    return {
        'general.architecture': 't5', 'general.type': 'model', 'general.name': f'{name} synthetic', 'general.license': 'cc0-1.0',
        'general.file_type': 1 if s['type'] == gguf.F16 else 0,
    } | {f't5.{k}': v for k, v in keys.items()} | {
        'tokenizer.ggml.model': 't5', 'tokenizer.ggml.pre': 'default', 'tokenizer.ggml.tokens': [p for p, _, _ in vocabulary],
        'tokenizer.ggml.scores': [v for _, v, _ in vocabulary], 'tokenizer.ggml.token_type': (gguf.I32, [k for _, _, k in vocabulary]),
        'tokenizer.ggml.add_space_prefix': True, 'tokenizer.ggml.remove_extra_whitespaces': True,
        'tokenizer.ggml.eos_token_id': 1, 'tokenizer.ggml.unknown_token_id': 2, 'tokenizer.ggml.padding_token_id': 0,
        'tokenizer.ggml.add_bos_token': False, 'tokenizer.ggml.add_eos_token': True}


def make(name, out):
    s, vocabulary = VARIANTS[name], pieces()
    path = os.path.join(out, name + '.gguf')
    source, target = encode(vocabulary, SOURCE) + [1], [0] + encode(vocabulary, TARGET)
    first = int(hashlib.sha256(name.encode()).hexdigest()[:6], 16)
    for seed in range(first, first + 2000):
        gguf.write(path, metadata(name, s, vocabulary), tensors(s, len(vocabulary), seed))
        z = reference.run(reference.t5_from_gguf(path), source, target, GREEDY_STEPS)
        if is_clear(z):
            break
    else:
        raise RuntimeError(f'{name}: no seed with a clear continuation')
    note = {'made_by': 'tests/golden/make_encoder_decoders.py, float64', 'architecture': 't5', 'seed': seed}
    z = {k: rounded(k, a) for k, a in ({'source_tokens': source, 'target_tokens': target} | z).items()} | {
        'prompt': np.frombuffer(SOURCE.encode(), np.uint8), 'target_prompt': np.frombuffer(TARGET.encode(), np.uint8),
        'meta': np.frombuffer(json.dumps(note).encode(), np.uint8)}
    np.savez_compressed(os.path.join(out, name + '.npz'), **z)
    return z


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--out', default=os.path.join(HERE, 'data', 'encoder_decoders'))
    a = p.parse_args()
    os.makedirs(a.out, exist_ok=True)
    for name in VARIANTS:
        z = make(name, a.out)
        size = os.path.getsize(os.path.join(a.out, name + '.gguf'))
        peaks = [round(float(z[k].max(-1).mean()), 2) for k in z if k.endswith('attention')]
        print(f'{name:10s} {len(z["source_tokens"])} and {len(z["target_tokens"])} tokens, {size} + '
              f'{os.path.getsize(os.path.join(a.out, name + ".npz"))} bytes, mean row maximum {peaks}, '
              f'smallest greedy margin {z["greedy_margin"].min():.2f}, greedy {z["greedy_tokens"].tolist()}')


if __name__ == '__main__':
    main()
