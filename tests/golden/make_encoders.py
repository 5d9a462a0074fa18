#!/usr/bin/env python3
"""Tiny seeded random-weight text encoders, one or two for every family that the engine knows, with their goldens.

  make_encoders.py [--out data/encoders] [--only NAME ...]

Writes NAME.gguf and NAME.npz.  Tensor names, shapes and keys are those that llama.cpp's converter writes for the family.
The files have no vocabulary: token ids are given.
"""
import argparse, hashlib, os, sys

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '..', '..', 'tools', 'train'))
import gguf_writer as gguf                                   # noqa: E402
from encoder_reference import Encoder, run                   # noqa: E402
from make_synthetic import NORM_EPS, RMS_EPS, Weights, fused_projection, gated, output_projection, plain_ffn, projections  # noqa: E402

CONTEXT, VOCABULARY, SHORT, LONG = 64, 80, 7, 40
NONE, MEAN, CLS, LAST = range(4)                             # pooling types as GGUF numbers them


# ---- one layer of each family; s is a shape

def post_norms(w, p, s, feed_forward):
    """What follows the projections in a layer that norms its sums."""
    w.norm(p + 'attn_output_norm', s['dim'], bias=True)
    if s.get('second_norm'):
        w.norm(p + 'attn_norm_2', s['dim'], bias=True)
    feed_forward(w, p, s)
    w.norm(p + 'layer_output_norm', s['dim'], bias=True)


def bert_block(w, p, s, i):
    projections(w, p, s, bias=True)
    output_projection(w, p, s, bias=True)
    post_norms(w, p, s, plain_ffn)


def nomic_block(w, p, s, i):
    fused_projection(w, p, s, bias=False)
    output_projection(w, p, s)
    post_norms(w, p, s, gated)


def jina_ffn(w, p, s):
    """Gate and up without biases, down with one; `fused_ffn` stacks gate and up in one matrix."""
    if s.get('fused_ffn'):
        w.matrix(p + 'ffn_up', 2 * s['hidden'], s['dim'], 1.4)
    else:
        w.matrix(p + 'ffn_gate', s['hidden'], s['dim'], 1.4)
        w.matrix(p + 'ffn_up', s['hidden'], s['dim'])
    w.matrix(p + 'ffn_down', s['dim'], s['hidden'])
    w.bias(p + 'ffn_down', s['dim'])


def jina_block(w, p, s, i):
    projections(w, p, s, bias=True)
    if s.get('row_norms'):
        w.norm(p + 'attn_q_norm', s['dim'], bias=True)
        w.norm(p + 'attn_k_norm', s['dim'], bias=True)
    output_projection(w, p, s, bias=True)
    post_norms(w, p, s, jina_ffn)


def modern_block(w, p, s, i):
    if i:
        w.norm(p + 'attn_norm', s['dim'])
    fused_projection(w, p, s, bias=False)
    output_projection(w, p, s)
    w.norm(p + 'ffn_norm', s['dim'])
    w.matrix(p + 'ffn_up', 2 * s['hidden'], s['dim'], 1.4)
    w.matrix(p + 'ffn_down', s['dim'], s['hidden'])


def gemma_block(w, p, s, i):
    w.norm(p + 'attn_norm', s['dim'])
    projections(w, p, s, bias=False)
    w.norm(p + 'attn_q_norm', s['head_dim'])
    w.norm(p + 'attn_k_norm', s['head_dim'])
    output_projection(w, p, s)
    w.norm(p + 'post_attention_norm', s['dim'])
    w.norm(p + 'ffn_norm', s['dim'])
    gated(w, p, s)
    w.norm(p + 'post_ffw_norm', s['dim'])


def t5_block(w, p, s, i):
    w.norm(p + 'attn_norm', s['dim'])
    projections(w, p, s, bias=False, gain=1.4 / s['head_dim'] ** 0.25)     # scores are not scaled
    w.matrix(p + 'attn_o', s['dim'], s['heads'] * s['head_dim'])
    if i == 0:
        w.vector(p + 'attn_rel_b.weight', (s['buckets'], s['heads']), 0.0, 1.5)
    w.norm(p + 'ffn_norm', s['dim'])
    if s.get('gate'):
        gated(w, p, s)
    else:
        w.matrix(p + 'ffn_up', s['hidden'], s['dim'])
        w.matrix(p + 'ffn_down', s['dim'], s['hidden'])


# ---- the variants

def shape(dim=48, layers=2, heads=4, kv=None, head_dim=12, hidden=64, **more):
    return dict(dim=dim, layers=layers, heads=heads, kv=kv or heads, head_dim=head_dim, hidden=hidden, **more)


BERT = dict(arch='bert', block=bert_block, eps=(NORM_EPS, 1e-12), types=True, positions=True)
JINA = dict(arch='jina-bert-v2', block=jina_block, eps=(NORM_EPS, 1e-12), types=True, pooling=MEAN)
MODERN = dict(arch='modern-bert', block=modern_block, eps=(NORM_EPS, 1e-5), norm_bias=False, final_norm=True, pooling=CLS)
MODERN_KEYS = {'rope.freq_base': 160000.0, 'rope.freq_base_swa': 10000.0, 'rope.scaling.type': 'none'}
T5 = dict(arch='t5encoder', block=t5_block, eps=(RMS_EPS, 1e-6), embedding_norm=None, final_norm=True, head_length=True)

VARIANTS = {
    'bert': BERT | dict(shape=shape(), pooling=MEAN),
    'bert-q8_0': BERT | dict(shape=shape(dim=32, heads=2, head_dim=16, hidden=64), pooling=CLS, matrix=gguf.Q8_0),
    'nomic-bert': dict(arch='nomic-bert', block=nomic_block, eps=(NORM_EPS, 1e-12), types=True, pooling=MEAN,
                       shape=shape(), keys={'rope.freq_base': 1000.0}),
    'jina-bert-v2': JINA | dict(shape=shape(heads=6, head_dim=8)),
    'jina-bert-v2-code': JINA | dict(shape=shape(row_norms=True, second_norm=True, fused_ffn=True)),
    'modern-bert': MODERN | dict(shape=shape(dim=32, layers=4, head_dim=8, hidden=40), keys=MODERN_KEYS | {
        'attention.sliding_window': 9, 'attention.sliding_window_pattern': 3, 'hidden_activation': 'gelu'}),
    'modern-bert-silu': MODERN | dict(shape=shape(dim=32, layers=3, heads=2, head_dim=16, hidden=40), keys=MODERN_KEYS | {
        'attention.sliding_window': 6, 'attention.sliding_window_pattern': 2, 'hidden_activation': 'silu'}),
    'gemma-embedding': dict(arch='gemma-embedding', block=gemma_block, eps=(RMS_EPS, 1e-6), pooling=MEAN,
                            embedding_norm=None, final_norm=True, head_length=True, causal_key=False, embedding_gain=1.0,
                            shape=shape(dim=32, layers=6, heads=3, kv=1, head_dim=12, hidden=28),
                            keys={'rope.freq_base': 1000000.0, 'attention.sliding_window': 10}),
    't5encoder': T5 | dict(shape=shape(buckets=32), causal_key=False, keys={NORM_EPS: 1e-6, 'attention.relative_buckets_count': 32}),
    't5encoder-gated': T5 | dict(shape=shape(heads=3, hidden=56, buckets=16, gate=True),
                                 keys={NORM_EPS: 1e-6, 'attention.relative_buckets_count': 16}),
}


def metadata(name, v):
    s, arch = v['shape'], v['arch']
    keys = {
        'context_length': CONTEXT,
        'embedding_length': s['dim'],
        'block_count': s['layers'],
        'feed_forward_length': s['hidden'],
        'attention.head_count': s['heads'],
        'vocab_size': VOCABULARY,
    }
    if v.get('causal_key', True):                       # converters of gemma-embedding and t5encoder leave it out
        keys['attention.causal'] = False
    if s['kv'] != s['heads']:
        keys['attention.head_count_kv'] = s['kv']
    if v.get('head_length'):
        keys |= {'attention.key_length': s['head_dim'], 'attention.value_length': s['head_dim']}
    if 'pooling' in v:
        keys['pooling_type'] = v['pooling']
    keys |= {v['eps'][0]: v['eps'][1]} | v.get('keys', {})
    general = {'general.architecture': arch, 'general.type': 'model', 'general.name': f'{name} synthetic',
               'general.license': 'cc0-1.0', 'general.file_type': 7 if v.get('matrix') == gguf.Q8_0 else 0}
    tokenizer = {'tokenizer.ggml.model': 'no_vocab'} | ({'tokenizer.ggml.token_type_count': 2} if v.get('types') else {})
    return general | {f'{arch}.{k}': x for k, x in keys.items()} | tokenizer


def tensors(v, seed):
    s, w = v['shape'], Weights(seed, v.get('matrix', gguf.F32))
    prefix = 'enc.' if v['arch'] == 't5encoder' else ''
    w.matrix('token_embd', VOCABULARY, s['dim'], v.get('embedding_gain', 1.5 * np.sqrt(s['dim'])))
    if v.get('types'):
        w.vector('token_types.weight', (2, s['dim']), 0.0, 0.7)             # these two are F32 in every file
    if v.get('positions'):
        w.vector('position_embd.weight', (CONTEXT, s['dim']), 0.0, 1.0)
    if v.get('embedding_norm', True):
        w.norm('token_embd_norm', s['dim'], bias=v.get('norm_bias', True))
    for i in range(s['layers']):
        v['block'](w, f'{prefix}blk.{i}.', s, i)
    if v.get('final_norm'):
        w.norm(prefix + 'output_norm', s['dim'])
    return w.out


def make(name, out):
    """Writes NAME.gguf and returns the arrays of NAME.npz."""
    seed = int(hashlib.sha256(name.encode()).hexdigest()[:6], 16)
    path = os.path.join(out, name + '.gguf')
    gguf.write(path, metadata(name, VARIANTS[name]), tensors(VARIANTS[name], seed))
    rng = np.random.RandomState(seed)
    texts = {'short': rng.randint(0, VOCABULARY, SHORT), 'long': rng.randint(0, VOCABULARY, LONG)}
    return run(Encoder(path), texts, note={'seed': seed})


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--out', default=os.path.join(HERE, 'data', 'encoders'))
    p.add_argument('--only', nargs='+', choices=list(VARIANTS), default=list(VARIANTS))
    a = p.parse_args()
    os.makedirs(a.out, exist_ok=True)
    for name in a.only:
        z = make(name, a.out)
        npz = os.path.join(a.out, name + '.npz')
        np.savez_compressed(npz, **z)
        gguf_size = os.path.getsize(os.path.join(a.out, name + '.gguf'))
        peak, output = z['long.encoder_attention'].max(-1).mean(), z['long.output']
        print(f'{name:18s} {gguf_size} + {os.path.getsize(npz)} bytes, mean row maximum {peak:.2f}, '
              f'output of spread {output.std():.2f}')


if __name__ == '__main__':
    main()
