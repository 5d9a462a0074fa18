#!/usr/bin/env python3
"""Tiny seeded random-weight models, one for every family and variant that the engine knows, with their goldens.

  make_synthetic.py [--out data] [--only NAME ...]

Writes NAME.gguf and NAME.npz.  Tensor names, shapes and keys are those that llama.cpp's converter writes for the family.
The weights are drawn so that attention is neither flat nor one-hot, and a seed is taken whose greedy margins are clear.
So must the choice of experts be: rounded keys or activations must not send a token to another one.
"""
import argparse, hashlib, os, sys

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '..', '..', 'tools', 'train'))
import gguf_writer as gguf                                   # noqa: E402
from reference import Model, run                             # noqa: E402
from quant_blocks import TYPES, bfloat16, random_blocks      # noqa: E402
from synthetic_tokenizers import byte_level_tokenizer, gemma_tokenizer, llama_tokenizer      # noqa: E402

PROMPT = 'The cat sat on the mat and the dog ran to it.'
GREEDY_STEPS, CLEAR_MARGIN, ROUTER_MARGIN = 8, 0.1, 0.05


# ---- weights

class Weights:
    """Draws tensors in a fixed order from one seed.  RandomState's stream is frozen by NumPy's compatibility promise."""

    def __init__(self, seed, matrix_type):
        self.rng, self.matrix_type, self.out = np.random.RandomState(seed), matrix_type, []

    def matrix(self, name, rows, columns, gain=1.0):
        w = (self.rng.standard_normal((rows, columns)) * gain / np.sqrt(columns)).astype(np.float32)
        self.out.append((name + '.weight', w, self.matrix_type))

    def experts(self, name, count, rows, columns):
        """The matrices of all experts in one tensor, [count, rows, columns]."""
        w = (self.rng.standard_normal((count, rows, columns)) * 1.5 / np.sqrt(columns)).astype(np.float32)
        self.out.append((name + '.weight', w, self.matrix_type))

    def vector(self, name, size, centre, spread):
        w = (centre + spread * self.rng.standard_normal(size)).astype(np.float32)
        self.out.append((name, w, gguf.F32))

    def norm(self, name, size, bias=False):
        self.vector(name + '.weight', size, 1.0, 0.2)
        if bias:
            self.vector(name + '.bias', size, 0.0, 0.2)

    def bias(self, name, size):
        self.vector(name + '.bias', size, 0.0, 0.3)


def projections(w, p, s, bias, gain=1.4):
    """Separate query, key and value matrices."""
    for n, heads in (('q', s['heads']), ('k', s['kv']), ('v', s['kv'])):
        w.matrix(p + f'attn_{n}', heads * s['head_dim'], s['dim'], gain if n != 'v' else 1.0)
        if bias:
            w.bias(p + f'attn_{n}', heads * s['head_dim'])


def fused_projection(w, p, s, bias):
    rows = (s['heads'] + 2 * s['kv']) * s['head_dim']
    w.matrix(p + 'attn_qkv', rows, s['dim'], 1.4)
    if bias:
        w.bias(p + 'attn_qkv', rows)


def output_projection(w, p, s, bias=False):
    w.matrix(p + 'attn_output', s['dim'], s['heads'] * s['head_dim'])
    if bias:
        w.bias(p + 'attn_output', s['dim'])


def gated(w, p, s):
    w.matrix(p + 'ffn_gate', s['hidden'], s['dim'])
    w.matrix(p + 'ffn_up', s['hidden'], s['dim'])
    w.matrix(p + 'ffn_down', s['dim'], s['hidden'])


def plain_ffn(w, p, s):
    w.matrix(p + 'ffn_up', s['hidden'], s['dim'])
    w.bias(p + 'ffn_up', s['hidden'])
    w.matrix(p + 'ffn_down', s['dim'], s['hidden'])
    w.bias(p + 'ffn_down', s['dim'])


def llama_block(w, p, s):
    w.norm(p + 'attn_norm', s['dim'])
    projections(w, p, s, bias=s.get('qkv_bias', False))
    if s.get('head_norms'):
        w.norm(p + 'attn_q_norm', s['head_dim'])
        w.norm(p + 'attn_k_norm', s['head_dim'])
    output_projection(w, p, s)
    if s.get('post_norms'):
        w.norm(p + 'post_attention_norm', s['dim'])
    w.norm(p + 'ffn_norm', s['dim'])
    gated(w, p, s)
    if s.get('post_norms'):
        w.norm(p + 'post_ffw_norm', s['dim'])


def experts_block(w, p, s):
    w.norm(p + 'attn_norm', s['dim'])
    projections(w, p, s, bias=False)
    if s.get('head_norms') or s.get('row_norms'):
        for n, heads in (('q', s['heads']), ('k', s['kv'])):
            w.norm(p + f'attn_{n}_norm', s['head_dim'] * (heads if s.get('row_norms') else 1))
    output_projection(w, p, s)
    w.norm(p + 'ffn_norm', s['dim'])
    w.matrix(p + 'ffn_gate_inp', s['experts'], s['dim'], 2.0)
    w.experts(p + 'ffn_gate_exps', s['experts'], s['hidden'], s['dim'])
    w.experts(p + 'ffn_up_exps', s['experts'], s['hidden'], s['dim'])
    w.experts(p + 'ffn_down_exps', s['experts'], s['dim'], s['hidden'])
    if s.get('shared'):
        w.matrix(p + 'ffn_gate_shexp', s['shared'], s['dim'])
        w.matrix(p + 'ffn_up_shexp', s['shared'], s['dim'])
        w.matrix(p + 'ffn_down_shexp', s['dim'], s['shared'])


def phi3_block(w, p, s):
    w.norm(p + 'attn_norm', s['dim'])
    fused_projection(w, p, s, bias=False)
    output_projection(w, p, s)
    w.norm(p + 'ffn_norm', s['dim'])
    w.matrix(p + 'ffn_up', 2 * s['hidden'], s['dim'])
    w.matrix(p + 'ffn_down', s['dim'], s['hidden'])


def gpt2_block(w, p, s):
    w.norm(p + 'attn_norm', s['dim'], bias=True)
    fused_projection(w, p, s, bias=True)
    output_projection(w, p, s, bias=True)
    w.norm(p + 'ffn_norm', s['dim'], bias=True)
    plain_ffn(w, p, s)


def phi2_block(w, p, s):
    w.norm(p + 'attn_norm', s['dim'], bias=True)
    projections(w, p, s, bias=True)
    output_projection(w, p, s, bias=True)
    plain_ffn(w, p, s)


def stablelm_block(w, p, s):
    w.norm(p + 'attn_norm', s['dim'], bias=True)
    projections(w, p, s, bias=s.get('qkv_bias', False))
    if s.get('head_norms'):
        w.norm(p + 'attn_q_norm', (s['heads'], s['head_dim']))
        w.norm(p + 'attn_k_norm', (s['kv'], s['head_dim']))
    output_projection(w, p, s)
    if not s.get('one_norm'):
        w.norm(p + 'ffn_norm', s['dim'], bias=True)
    gated(w, p, s)


# ---- the variants

RMS_EPS, NORM_EPS = 'attention.layer_norm_rms_epsilon', 'attention.layer_norm_epsilon'


def shape(dim=64, layers=2, heads=4, kv=2, head_dim=16, hidden=64, **more):
    return dict(dim=dim, layers=layers, heads=heads, kv=kv, head_dim=head_dim, hidden=hidden, **more)


def narrow(**more):
    """48 wide with heads of 12: no size is a multiple of a vector register."""
    return shape(**(dict(dim=48, kv=4, head_dim=12, hidden=40) | more))


def mixture(**more):
    """Small, because there are many experts."""
    return shape(**(dict(dim=32, head_dim=8, hidden=20) | more))


def llama3_divisors(n_rot, theta, factor=8.0, low=1.0, high=4.0, original=64):
    """Llama 3's RoPE scaling as the converter stores it: what each frequency is divided by."""
    wave = 2 * np.pi * theta ** (np.arange(0, n_rot, 2) / n_rot)
    smooth = np.clip((original / wave - low) / (high - low), 0, 1)
    return (1 / ((1 - smooth) / factor + smooth)).astype(np.float32)


def long_and_short(n_rot):
    i = np.arange(n_rot // 2, dtype=np.float32)
    return [('rope_factors_long.weight', 1.5 + 1.25 * i, gguf.F32), ('rope_factors_short.weight', 1.0 + 0.125 * i, gguf.F32)]


def rope(n, theta=10000.0):
    return {'rope.dimension_count': n, 'rope.freq_base': theta}


LLAMA = dict(arch='llama', block=llama_block, tokenizer=llama_tokenizer, eps=(RMS_EPS, 1e-5), output=True)
PHI3 = dict(arch='phi3', block=phi3_block, tokenizer=llama_tokenizer, eps=(RMS_EPS, 1e-5), output=True)
GEMMA = dict(block=llama_block, tokenizer=gemma_tokenizer, eps=(RMS_EPS, 1e-6), output=False, embedding_gain=1.0)
NEOX = dict(arch='gptneox', block=gpt2_block, tokenizer=byte_level_tokenizer('gpt-2'), eps=(NORM_EPS, 1e-5), output=True,
            norm_bias=True, shape=narrow())
STABLELM = dict(arch='stablelm', block=stablelm_block, tokenizer=byte_level_tokenizer('stablelm2'), eps=(NORM_EPS, 1e-5),
                output=True, norm_bias=True)
QWEN3MOE = dict(arch='qwen3moe', block=experts_block, tokenizer=byte_level_tokenizer('qwen2'), eps=(RMS_EPS, 1e-6),
                output=True, matrix=gguf.F32, head_length=True)
GRANITEMOE = dict(arch='granitemoe', block=experts_block, tokenizer=byte_level_tokenizer('refact'), eps=(RMS_EPS, 1e-6),
                  output=False, matrix=gguf.F32, embedding_gain=1.0)


def granite_scales(**more):
    return rope(8) | {'attention.scale': 0.5, 'embedding_scale': 2.5, 'residual_scale': 0.6, 'logit_scale': 0.75} | more


VARIANTS = {
    'llama': LLAMA | dict(shape=shape(hidden=48), keys=rope(16)),
    'llama-mqa': LLAMA | dict(shape=narrow(kv=1), keys=rope(12), output=False),
    'llama-linear': LLAMA | dict(shape=narrow(kv=2), output=False, keys=rope(12) | {
        'rope.scaling.type': 'linear', 'rope.scaling.factor': 4.0}),
    'llama-yarn': LLAMA | dict(shape=narrow(kv=2), output=False, keys=rope(12) | {
        'rope.scaling.type': 'yarn', 'rope.scaling.factor': 4.0, 'rope.scaling.original_context_length': 64}),
    'llama-llama3': LLAMA | dict(shape=narrow(kv=2), keys=rope(12, 500000.0), output=False,
                                 extra=lambda s: [('rope_freqs.weight', llama3_divisors(12, 500000.0), gguf.F32)]),
    'llama-quantized': LLAMA | dict(
        shape=shape(dim=256, layers=1), keys=rope(16), head_length=True, output=False, file_type=15, types={
            'token_embd': 'Q6_K', 'attn_q': 'Q4_K', 'attn_k': 'BF16', 'attn_v': 'Q5_K', 'attn_output': 'Q4_0',
            'ffn_gate': 'Q5_0', 'ffn_up': 'Q4_1', 'ffn_down': 'Q5_1'}),
    'llama-iq4': LLAMA | dict(
        shape=shape(dim=256, layers=1), keys=rope(16), head_length=True, output=False, file_type=30, types={
            'token_embd': 'IQ4_XS', 'attn_q': 'IQ4_XS', 'attn_k': 'IQ4_NL', 'attn_v': 'IQ4_XS', 'attn_output': 'IQ4_NL',
            'ffn_gate': 'IQ4_XS', 'ffn_up': 'IQ4_XS', 'ffn_down': 'IQ4_NL'}),
    'qwen2': dict(arch='qwen2', block=llama_block, tokenizer=byte_level_tokenizer('qwen2'), eps=(RMS_EPS, 1e-6), output=False,
                  shape=narrow(kv=2, qkv_bias=True), keys=rope(12, 1000000.0)),
    'qwen3': dict(arch='qwen3', block=llama_block, tokenizer=byte_level_tokenizer('qwen2'), eps=(RMS_EPS, 1e-6), output=False,
                  shape=narrow(kv=2, head_dim=16, head_norms=True), keys=rope(16, 1000000.0), head_length=True,
                  matrix=gguf.F32),
    'qwen3moe': QWEN3MOE | dict(
        shape=mixture(head_dim=12, head_norms=True, hidden=12, experts=8, used=3), keys=rope(12, 1000000.0) | {
            'expert_feed_forward_length': 12}, stated_hidden=48),
    'qwen3moe-q8_0': QWEN3MOE | dict(
        shape=mixture(head_norms=True, hidden=32, experts=6, used=2), keys=rope(8, 1000000.0) | {
            'expert_feed_forward_length': 32}, stated_hidden=48, file_type=7,
        types={'ffn_gate_exps': 'Q8_0', 'ffn_up_exps': 'Q8_0', 'ffn_down_exps': 'Q8_0'}),
    'olmoe': dict(arch='olmoe', block=experts_block, tokenizer=byte_level_tokenizer('olmo'), eps=(RMS_EPS, 1e-5), output=True,
                  matrix=gguf.F32, shape=mixture(row_norms=True, hidden=12, experts=8, used=3), keys=rope(8)),
    'granitemoe': GRANITEMOE | dict(shape=mixture(experts=7, used=2), keys=granite_scales()),
    'granitemoe-shared': GRANITEMOE | dict(shape=mixture(experts=6, used=3, shared=28), keys=granite_scales(
        expert_shared_feed_forward_length=28)),
    'gpt2': dict(arch='gpt2', block=gpt2_block, tokenizer=byte_level_tokenizer('gpt-2'), eps=(NORM_EPS, 1e-5), output=False,
                 norm_bias=True, shape=narrow(), positions=True, keys={}, context=64),
    'gemma': GEMMA | dict(arch='gemma', shape=narrow(kv=1, head_dim=16), keys={}, head_length=True),
    'gemma2': GEMMA | dict(arch='gemma2', shape=narrow(kv=2, head_dim=16, post_norms=True), head_length=True, keys={
        'attn_logit_softcapping': 3.0, 'final_logit_softcapping': 12.0, 'attention.sliding_window': 6}),
    'gemma3': GEMMA | dict(arch='gemma3', shape=shape(dim=32, layers=6, kv=1, head_dim=12, hidden=48, head_norms=True,
                                                      post_norms=True), head_length=True,
                           keys={'rope.freq_base': 1000000.0, 'attention.sliding_window': 6}),
    'phi2': dict(arch='phi2', block=phi2_block, tokenizer=byte_level_tokenizer('phi-2'), eps=(NORM_EPS, 1e-5), output=True,
                 output_bias=True, norm_bias=True, shape=narrow(), keys={'rope.dimension_count': 4}),
    'phi3': PHI3 | dict(shape=narrow(kv=2), context=64, keys=rope(12) | {
        'rope.scaling.original_context_length': 64}),
    'phi3-longrope-short': PHI3 | dict(shape=narrow(), context=64, extra=lambda s: long_and_short(12), keys=rope(12) | {
        'rope.scaling.original_context_length': 64, 'rope.scaling.attn_factor': 1.19}),
    'phi3-longrope-long': PHI3 | dict(shape=narrow(), context=64, extra=lambda s: long_and_short(12), keys=rope(12) | {
        'rope.scaling.original_context_length': 8, 'rope.scaling.attn_factor': 1.19}),
    'gptneox': NEOX | dict(keys={'rope.dimension_count': 4, 'use_parallel_residual': True}),
    'gptneox-sequential': NEOX | dict(keys={'rope.dimension_count': 12, 'use_parallel_residual': False}),
    'stablelm': STABLELM | dict(shape=narrow(qkv_bias=True), keys=rope(4) | {'use_parallel_residual': False}),
    'stablelm-parallel': STABLELM | dict(shape=narrow(kv=2, head_norms=True, one_norm=True),
                                         keys=rope(4) | {'use_parallel_residual': True}),
}


def metadata(name, v, tokenizer):
    s, arch = v['shape'], v['arch']
    keys = {
        'context_length': v.get('context', 256),
        'embedding_length': s['dim'],
        'block_count': s['layers'],
        'feed_forward_length': v.get('stated_hidden', s['hidden']),
        'attention.head_count': s['heads'],
    }
    if arch not in ('gpt2', 'gptneox'):                 # their converters leave it out: as many KV heads as heads
        keys['attention.head_count_kv'] = s['kv']
    if v.get('head_length'):
        keys |= {'attention.key_length': s['head_dim'], 'attention.value_length': s['head_dim']}
    if 'experts' in s:
        keys |= {'expert_count': s['experts'], 'expert_used_count': s['used']}
    keys |= {v['eps'][0]: v['eps'][1]} | v['keys']
    general = {'general.architecture': arch, 'general.type': 'model', 'general.name': f'{name} synthetic',
               'general.license': 'cc0-1.0', 'general.file_type': v.get('file_type', 0 if v.get('matrix') == gguf.F32 else 1)}
    return general | {f'{arch}.{k}': x for k, x in keys.items()} | tokenizer


def tensors(v, vocab, seed):
    s, w = v['shape'], Weights(seed, v.get('matrix', gguf.F16))
    w.matrix('token_embd', vocab, s['dim'], v.get('embedding_gain', 1.5))
    if v.get('positions'):
        w.matrix('position_embd', v['context'], s['dim'], 1.5)
        name, array, _ = w.out.pop()
        w.out.append((name, array, gguf.F32))
    for i in range(s['layers']):
        v['block'](w, f'blk.{i}.', s)
    w.norm('output_norm', s['dim'], v.get('norm_bias', False))
    if v['output']:
        w.matrix('output', vocab, s['dim'], 2.5)
        if v.get('output_bias'):
            w.bias('output', vocab)
    out = w.out + (v['extra'](s) if 'extra' in v else [])
    return [quantized(t, v['types'], w.rng) for t in out] if 'types' in v else out


def quantized(tensor, types, rng):
    """The tensor with its matrix in the block type that `types` names for it: random blocks of the same spread."""
    name, w, kind = tensor
    want = types.get(name.removesuffix('.weight').rsplit('.', 1)[-1])
    if want is None:
        return tensor
    if want == 'BF16':
        return name, w, (30, bfloat16(w))
    return name, w, (TYPES[want][0], random_blocks(want, w.size // w.shape[-1], w.shape[-1], w.std(), rng))


def make_random(name, out):
    """Writes NAME.gguf and returns the arrays of NAME.npz."""
    v = VARIANTS[name]
    path = os.path.join(out, name + '.gguf')
    tokenizer = v['tokenizer']()
    meta = metadata(name, v, tokenizer)
    first = int(hashlib.sha256(name.encode()).hexdigest()[:6], 16)
    for seed in range(first, first + 1000):
        gguf.write(path, meta, tensors(v, len(tokenizer['tokenizer.ggml.tokens']), seed))
        model = Model(path)
        ids = model.tokenizer.encode(PROMPT)
        if model.greedy(ids, GREEDY_STEPS)[1].min() > CLEAR_MARGIN and model.router_margin > ROUTER_MARGIN:
            note = {'seed': seed}
            if 'experts' in v['shape']:
                note['router_margin'] = round(float(model.router_margin), 4)
            return run(model, ids, PROMPT.encode(), GREEDY_STEPS, note=note)
    raise RuntimeError(f'{name}: no seed with clear margins')


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--out', default=os.path.join(HERE, 'data'))
    p.add_argument('--only', nargs='+', choices=list(VARIANTS), default=list(VARIANTS))
    a = p.parse_args()
    os.makedirs(a.out, exist_ok=True)
    for name in a.only:
        z = make_random(name, a.out)
        npz = os.path.join(a.out, name + '.npz')
        np.savez_compressed(npz, **z)
        gguf_size = os.path.getsize(os.path.join(a.out, name + '.gguf'))
        peak = np.mean([z[f'attention_L{i}'].max(-1).mean() for i in range(VARIANTS[name]['shape']['layers'])])
        print(f'{name:22s} {len(z["tokens"])} tokens, {gguf_size} + {os.path.getsize(npz)} bytes, mean row maximum {peak:.2f}, '
              f'smallest greedy margin {z["greedy_margin"].min():.3f}, greedy {z["greedy_tokens"].tolist()}')


if __name__ == '__main__':
    main()
