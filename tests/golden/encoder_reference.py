#!/usr/bin/env python3
"""The oracle of the tests of text encoders: a bidirectional forward pass in float64, with NumPy and nothing else.

  encoder_reference.py MODEL.gguf OUT.npz (--ids 1,2,3 [--ids 4,5,6 ..] | --like OTHER.npz) [--gelu erf|tanh]

Families: bert, nomic-bert, jina-bert-v2, modern-bert, gemma-embedding, t5encoder.  The first --ids is the text `short`,
the second `long`; the keys of the .npz and every formula are in data/encoders/README.md.

It is slow and plain on purpose, and shares no line with the C++ engine.  Weights are the values the file stores, in
float64; nothing is rounded on the way.
"""
import argparse, json, math, os, sys

import numpy as np

from gguf_reader import Gguf


# What a family does differently.
#   stack: 'post' norms the sum of a branch and its input, 'pre' norms what goes into a branch.
#   norm: 'layer' takes the mean off first, 'rms' does not.
#   act: of the feed-forward; what is gated is read from the tensors.  'gelu' is x times the normal distribution function,
#        'gelu_tanh' its tanh form.
#   global_first: of a period of layers the first sees all keys, instead of the last.
FAMILIES = {
    'bert':            dict(stack='post', norm='layer', act='gelu'),
    'nomic-bert':      dict(stack='post', norm='layer', act='silu', rope=True),
    'jina-bert-v2':    dict(stack='post', norm='layer', act='gelu', alibi=8.0),
    'modern-bert':     dict(stack='pre', norm='layer', act='gelu', rope=True, window_period=3, global_first=True),
    'gemma-embedding': dict(stack='pre', norm='rms', act='gelu_tanh', rope=True, window_period=6, scale_embedding=True),
    't5encoder':       dict(stack='pre', norm='rms', act='relu', gated_act='gelu_tanh', buckets=True, unscaled=True,
                            prefix='enc.'),
}
LOCAL_THETA = 10000.0              # RoPE base of layers with a window, where the file does not state one
BUCKET_DISTANCE = 128              # from here on all distances share T5's last bucket


def gelu(x):
    """x Phi(x), with the exact error function."""
    return 0.5 * x * (1 + np.vectorize(math.erf)(x / math.sqrt(2)))


def gelu_tanh(x):
    return 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x ** 3)))


ACTIVATIONS = {
    'gelu': gelu,
    'gelu_tanh': gelu_tanh,
    'silu': lambda x: x / (1 + np.exp(-x)),
    'relu': lambda x: np.maximum(x, 0),
}


def softmax(s):
    e = np.exp(s - s.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def alibi_slopes(heads, max_bias):
    """Geometric: 2^(-max_bias/n), its square, its cube .. for the n = 2^floor(log2(heads)) first heads; the others take
    the odd powers of the root of that ratio."""
    n = 1 << (heads.bit_length() - 1)
    first = [2 ** (-max_bias / n * (i + 1)) for i in range(n)]
    rest = [2 ** (-max_bias / (2 * n) * (2 * i + 1)) for i in range(heads - n)]
    return np.array(first + rest)


def bucket(distance, buckets):
    """T5's bucket of a distance = key position - query position, both directions, in whole numbers."""
    half, exact = buckets // 2, buckets // 4
    offset, d = (half if distance > 0 else 0), abs(distance)
    if d < exact:
        return offset + d
    # floor(ln(d / exact) / ln(BUCKET_DISTANCE / exact) * (half - exact)): the largest k with d/exact >= (limit/exact)^(k/steps)
    steps, k = half - exact, 0
    while k < steps - 1 and d ** steps * exact ** (k + 1) >= exact ** steps * BUCKET_DISTANCE ** (k + 1):
        k += 1
    return offset + exact + k


class Encoder:
    def __init__(self, path, plain_gelu='erf'):
        self.g = g = Gguf(path)
        if g.architecture not in FAMILIES:
            raise ValueError(f'{path}: architecture {g.architecture} is not supported')
        self.family = dict(FAMILIES[g.architecture])
        if g.get('hidden_activation', b'') == b'silu':
            self.family['act'] = 'silu'                                     # modern-bert's derivatives
        if plain_gelu == 'tanh' and self.family['act'] == 'gelu':
            self.family['act'] = 'gelu_tanh'
        self.prefix = self.family.get('prefix', '')
        self.layers = g.get('block_count')
        self.dim = g.get('embedding_length')
        self.heads = g.get('attention.head_count')
        self.kv_heads = g.get('attention.head_count_kv', self.heads)
        self.head_dim = g.get('attention.key_length', self.dim // self.heads)
        self.hidden = g.get('feed_forward_length')
        self.eps = g.get('attention.layer_norm_rms_epsilon' if self.family['norm'] == 'rms' else 'attention.layer_norm_epsilon')
        self.window = g.get('attention.sliding_window', 0)
        self.period = g.get('attention.sliding_window_pattern', self.family.get('window_period', 0))

    # ---- pieces

    def w(self, name):
        return self.g.tensors.get(name)

    def linear(self, x, name):
        y = x @ self.g.tensors[name + '.weight'].T
        bias = self.w(name + '.bias')
        return y if bias is None else y + bias

    def norm(self, x, name):
        """Norm over the last axis; x as it is where the file has no such norm."""
        weight, bias = self.w(name + '.weight'), self.w(name + '.bias')
        if weight is None:
            return x
        if self.family['norm'] == 'layer':
            x = x - x.mean(-1, keepdims=True)
        y = x / np.sqrt((x * x).mean(-1, keepdims=True) + self.eps) * weight
        return y if bias is None else y + bias

    def is_local(self, layer):
        """Whether the layer attends within the window only."""
        if not self.period or not self.window:
            return False
        return layer % self.period != (0 if self.family.get('global_first') else self.period - 1)

    def rope(self, x, layer):
        """x [T, heads, head_dim]: values i and i + head_dim/2 are turned together."""
        if not self.family.get('rope'):
            return x
        theta = self.g.get('rope.freq_base', 10000.0)
        if self.is_local(layer):
            theta = self.g.get('rope.freq_base_swa', LOCAL_THETA)
        d = self.head_dim
        angle = np.arange(len(x))[:, None] * theta ** -(np.arange(0, d, 2) / d)[None]
        cos, sin = np.cos(angle)[:, None, :], np.sin(angle)[:, None, :]
        first, second = x[..., :d // 2], x[..., d // 2:]
        return np.concatenate((first * cos - second * sin, first * sin + second * cos), -1)

    def bias(self, t):
        """What is added to the scaled scores, [heads, T, T] or 0."""
        i, j = np.arange(t)[:, None], np.arange(t)[None, :]                 # query, key
        if 'alibi' in self.family:
            return -alibi_slopes(self.heads, self.family['alibi'])[:, None, None] * abs(i - j)[None]
        if self.family.get('buckets'):
            table = self.w('enc.blk.0.attn_rel_b.weight')                   # [buckets, heads], one for all layers
            count = self.g.get('attention.relative_buckets_count')
            return np.moveaxis(table[np.vectorize(lambda d: bucket(int(d), count))(j - i)], -1, 0)
        return 0.0

    def attention(self, x, layer, maps):
        """x [T, dim] -> [T, dim]; the map [heads, T, T] is appended to `maps`."""
        p, t, d = f'{self.prefix}blk.{layer}.', len(x), self.head_dim
        sizes = [self.heads * d, self.kv_heads * d, self.kv_heads * d]
        if self.w(p + 'attn_qkv.weight') is not None:
            q, k, v = np.split(self.linear(x, p + 'attn_qkv'), np.cumsum(sizes)[:2], -1)
        else:
            q, k, v = (self.linear(x, p + f'attn_{n}') for n in 'qkv')
        per_head = self.family['norm'] == 'rms'                             # gemma norms each head, jina the whole row
        if not per_head:
            q, k = self.norm(q, p + 'attn_q_norm'), self.norm(k, p + 'attn_k_norm')
        q, k, v = q.reshape(t, self.heads, d), k.reshape(t, self.kv_heads, d), v.reshape(t, self.kv_heads, d)
        if per_head:
            q, k = self.norm(q, p + 'attn_q_norm'), self.norm(k, p + 'attn_k_norm')
        q, k = self.rope(q, layer), self.rope(k, layer)

        kv_of = np.arange(self.heads) // (self.heads // self.kv_heads)      # the KV head each query head reads
        scale = 1.0 if self.family.get('unscaled') else 1 / math.sqrt(d)
        scores = np.einsum('qhd,khd->hqk', q, k[:, kv_of]) * scale + self.bias(t)
        if self.is_local(layer):
            distance = abs(np.arange(t)[:, None] - np.arange(t)[None, :])
            scores = np.where(distance > self.window // 2, -np.inf, scores)
        a = softmax(scores)
        maps.append(a)
        y = np.einsum('hqk,khd->qhd', a, v[:, kv_of])
        return self.linear(y.reshape(t, -1), p + ('attn_o' if self.prefix else 'attn_output'))

    def feed_forward(self, x, layer):
        p, act = f'{self.prefix}blk.{layer}.', self.family['act']
        up = self.linear(x, p + 'ffn_up')
        if self.w(p + 'ffn_gate.weight') is not None:
            gate = self.linear(x, p + 'ffn_gate')
            up = ACTIVATIONS[self.family.get('gated_act', act)](gate) * up
        elif up.shape[-1] == 2 * self.hidden:                               # one matrix: rows of the gate come first
            gate, up = np.split(up, 2, -1)
            up = ACTIVATIONS[act](gate) * up
        else:
            up = ACTIVATIONS[act](up)
        return self.linear(up, p + 'ffn_down')

    def embed(self, ids):
        x = self.w('token_embd.weight')[ids]
        if self.family.get('scale_embedding'):
            x = x * math.sqrt(self.dim)
        if self.w('token_types.weight') is not None:
            x = x + self.w('token_types.weight')[0]                         # every token is of the first type
        if self.w('position_embd.weight') is not None:
            x = x + self.w('position_embd.weight')[:len(ids)]
        return self.norm(x, 'token_embd_norm')

    def block(self, x, layer, maps):
        p = f'{self.prefix}blk.{layer}.'
        if self.family['stack'] == 'post':
            y = self.norm(x + self.attention(x, layer, maps), p + 'attn_output_norm')
            if self.w(p + 'attn_norm_2.weight') is not None:
                y = self.norm(x + y, p + 'attn_norm_2')                     # the layer's input is added a second time
            return self.norm(y + self.feed_forward(y, layer), p + 'layer_output_norm')
        y = self.attention(self.norm(x, p + 'attn_norm'), layer, maps)
        x = x + self.norm(y, p + 'post_attention_norm')
        y = self.feed_forward(self.norm(x, p + 'ffn_norm'), layer)
        return x + self.norm(y, p + 'post_ffw_norm')

    # ---- the whole

    def forward(self, ids):
        """ids [T] -> hidden [layers + 1, T, dim], maps [layers, heads, T, T], output [T, dim]"""
        x, maps = self.embed(ids), []
        hidden = [x]
        for layer in range(self.layers):
            x = self.block(x, layer, maps)
            hidden.append(x)
        return np.array(hidden), np.array(maps), self.norm(x, self.prefix + 'output_norm')


def run(model, texts, note=None):
    """The arrays of one golden file; texts: {'short': ids, ..}."""
    out = {}
    for name, ids in texts.items():
        hidden, maps, output = model.forward(list(ids))
        arrays = {'encoder_attention': maps, 'hidden': hidden, 'output': output, 'embedding_mean': output.mean(0),
                  'embedding_cls': output[0], 'embedding_last': output[-1]}
        out[f'{name}.tokens'] = np.asarray(ids, np.int32)
        out |= {f'{name}.{key}': a.astype(np.float32) for key, a in arrays.items()}
    meta = {'made_by': 'tests/golden/encoder_reference.py, float64', 'architecture': model.g.architecture,
            'name': model.g.meta.get('general.name', b'').decode()} | (note or {})
    out['meta'] = np.frombuffer(json.dumps(meta).encode(), np.uint8)
    return out


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('model')
    p.add_argument('out')
    source = p.add_mutually_exclusive_group(required=True)
    source.add_argument('--ids', action='append', help='comma-separated token ids')
    source.add_argument('--like', help='take the tokens of this .npz')
    p.add_argument('--gelu', choices=['erf', 'tanh'], default='erf', help='of the families whose GELU is the exact one')
    a = p.parse_args()
    if a.like:
        z = np.load(a.like)
        texts = {key.removesuffix('.tokens'): z[key].tolist() for key in z.files if key.endswith('.tokens')}
    else:
        texts = dict(zip(('short', 'long'), ([int(i) for i in ids.split(',')] for ids in a.ids)))
    if not all(texts.values()):
        sys.exit('no tokens')
    np.savez_compressed(a.out, **run(Encoder(a.model, a.gelu), texts))
    print(f'{a.out}: {[len(ids) for ids in texts.values()]} tokens, {os.path.getsize(a.out)} bytes')


if __name__ == '__main__':
    main()
