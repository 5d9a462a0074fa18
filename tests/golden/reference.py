#!/usr/bin/env python3
"""The oracle of the engine's tests: a decoder's forward pass in float64, with NumPy and nothing else.

  reference.py MODEL.gguf OUT.npz (--text TEXT | --text-file FILE | --ids 1,2,3 | --like OTHER.npz)
               [--greedy N] [--context N] [--precision f32|f16]

Writes tokens [T], logits [T, vocab], attention_L0.. [heads, T, T], greedy_tokens, greedy_margin, prompt and meta.
Families: llama, qwen2, qwen3, qwen3moe, olmoe, granitemoe, gpt2, gemma, gemma2, gemma3, phi2, phi3, gptneox, stablelm.

It is slow and plain on purpose, and shares no line with the C++ engine.  Weights are the values the file stores, in
float64; nothing is rounded on the way.  GELU is the tanh form for every family, as in llama.cpp.
"""
import argparse, json, math, os, sys

import numpy as np

from gguf_reader import Gguf
from tokenizer import Tokenizer


# What a family does differently.  rope: 'pairs' turns (2i, 2i+1), 'halves' turns (i, i + n/2), None has no RoPE.
# act: 'swiglu' and 'geglu' are gated, 'gelu' is not.  router, of mixtures of experts: 'all' weighs the chosen experts by
# the softmax over all of them, 'renormalised' divides that by its sum over the chosen, 'chosen' takes the softmax of the
# chosen alone.  row_norms: query and key are normed as whole rows, before they are cut into heads.  Everything else is
# read from the tensors and keys in the file.
FAMILIES = {
    'llama':    dict(norm='rms', rope='pairs', act='swiglu'),
    'qwen2':    dict(norm='rms', rope='halves', act='swiglu'),
    'qwen3':    dict(norm='rms', rope='halves', act='swiglu'),
    'qwen3moe': dict(norm='rms', rope='halves', act='swiglu', router='renormalised'),
    'olmoe':    dict(norm='rms', rope='halves', act='swiglu', router='all', row_norms=True),
    'granitemoe': dict(norm='rms', rope='pairs', act='swiglu', router='chosen'),
    'phi3':     dict(norm='rms', rope='halves', act='swiglu'),
    'gemma':    dict(norm='rms', rope='halves', act='geglu', scale_embedding=True),
    'gemma2':   dict(norm='rms', rope='halves', act='geglu', scale_embedding=True, window_period=2),
    'gemma3':   dict(norm='rms', rope='halves', act='geglu', scale_embedding=True, window_period=6, local_theta=10000.0),
    'gpt2':     dict(norm='layer', rope=None, act='gelu'),
    'phi2':     dict(norm='layer', rope='halves', act='gelu'),
    'gptneox':  dict(norm='layer', rope='halves', act='gelu'),
    'stablelm': dict(norm='layer', rope='halves', act='swiglu'),
}


def gelu(x):
    return 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x ** 3)))


def silu(x):
    return x / (1 + np.exp(-x))


def softmax(s):
    e = np.exp(s - s.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def yarn_share(n_rot, theta, original_context, beta_fast, beta_slow):
    """Per frequency: 1 keeps the trained frequency, 0 stretches it by the factor."""
    def index(turns):
        return n_rot * math.log(original_context / (turns * 2 * math.pi)) / (2 * math.log(theta))
    low = max(0.0, math.floor(index(beta_fast)))
    high = min(n_rot - 1.0, math.ceil(index(beta_slow)))
    i = np.arange(n_rot // 2)
    return 1 - np.clip((i - low) / max(0.001, high - low), 0, 1)


class Model:
    def __init__(self, path, context=None):
        self.g = g = Gguf(path)
        if g.architecture not in FAMILIES:
            raise ValueError(f'{path}: architecture {g.architecture} is not supported')
        self.family = FAMILIES[g.architecture]
        self.tokenizer = Tokenizer(g.meta)
        self.layers = g.get('block_count')
        self.dim = g.get('embedding_length')
        self.heads = g.get('attention.head_count')
        self.kv_heads = g.get('attention.head_count_kv', self.heads)
        self.head_dim = g.get('attention.key_length', self.dim // self.heads)
        self.context = context or g.get('context_length')
        self.eps = g.get('attention.layer_norm_rms_epsilon', g.get('attention.layer_norm_epsilon'))
        self.parallel = g.get('use_parallel_residual', True)
        self.score_cap = g.get('attn_logit_softcapping', 0.0)
        self.logit_cap = g.get('final_logit_softcapping', 0.0)
        self.window = g.get('sliding_window') or g.get('attention.sliding_window', 0)
        self.n_rot = g.get('rope.dimension_count', self.head_dim)
        self.residual_scale = g.get('residual_scale', 1.0)
        self.router_margin = math.inf       # smallest gap so far of router logits: last chosen expert, first not chosen

    # ---- pieces

    def w(self, name):
        return self.g.tensors.get(name)

    def linear(self, x, name):
        y = x @ self.g.tensors[name + '.weight'].T
        bias = self.w(name + '.bias')
        return y if bias is None else y + bias

    def norm(self, x, name):
        """Norm over the last axis; the weight may be [n] or, per head, [heads, n]."""
        weight, bias = self.w(name + '.weight'), self.w(name + '.bias')
        if self.family['norm'] == 'layer':
            x = x - x.mean(-1, keepdims=True)
        y = x / np.sqrt((x * x).mean(-1, keepdims=True) + self.eps) * weight
        return y if bias is None else y + bias

    def is_local(self, layer):
        """Whether the layer attends within the sliding window only: all but every window_period-th."""
        period = self.family.get('window_period', 0)
        return bool(period and self.window and layer % period != period - 1)

    def rope_tables(self, t, layer):
        """cos, sin [T, n_rot/2] of positions 0..T-1, with the file's scaling."""
        g, local = self.g, self.is_local(layer)
        theta = g.get('rope.freq_base', 10000.0)
        if local:
            theta = self.family.get('local_theta', theta)
        trained = theta ** -(np.arange(0, self.n_rot, 2) / self.n_rot)
        magnitude = g.get('rope.scaling.attn_factor', 1.0)
        original = g.get('rope.scaling.original_context_length', g.get('context_length'))
        divisor = self.w('rope_freqs.weight')
        if self.w('rope_factors_long.weight') is not None:
            long = self.context > original or t > original
            divisor = self.w('rope_factors_long.weight' if long else 'rope_factors_short.weight')
        if divisor is not None:
            trained = trained / divisor
        kind = g.get('rope.scaling.type', b'linear').decode()
        factor = g.get('rope.scaling.factor', g.get('rope.scale_linear', 0.0)) or 1.0
        if kind == 'none' or (local and 'local_theta' in self.family):
            factor = 1.0
        frequency = trained / factor
        if kind == 'yarn':
            keep = yarn_share(self.n_rot, theta, original, g.get('rope.scaling.yarn_beta_fast', 32.0),
                              g.get('rope.scaling.yarn_beta_slow', 1.0))
            frequency = frequency * (1 - keep) + trained * keep
            magnitude *= 1 + 0.1 * math.log(factor)
        angle = np.arange(t)[:, None] * frequency[None]
        return np.cos(angle) * magnitude, np.sin(angle) * magnitude

    def rope(self, x, tables):
        """x [T, heads, head_dim]; the first n_rot values of each head are turned, the rest pass."""
        if self.family['rope'] is None:
            return x
        cos, sin = (a[:, None, :] for a in tables)
        y, n = x.copy(), self.n_rot
        first, second = ((slice(0, n, 2), slice(1, n, 2)) if self.family['rope'] == 'pairs'
                         else (slice(0, n // 2), slice(n // 2, n)))
        y[..., first] = x[..., first] * cos - x[..., second] * sin
        y[..., second] = x[..., first] * sin + x[..., second] * cos
        return y

    def attention(self, x, layer, maps):
        """x [T, dim] (normed) -> [T, dim]; the map [heads, T, T] is appended to `maps`."""
        p, t, d = f'blk.{layer}.', len(x), self.head_dim
        sizes = [self.heads * d, self.kv_heads * d, self.kv_heads * d]
        if p + 'attn_qkv.weight' in self.g.tensors:
            q, k, v = np.split(self.linear(x, p + 'attn_qkv'), np.cumsum(sizes)[:2], -1)
        else:
            q, k, v = (self.linear(x, p + f'attn_{n}') for n in 'qkv')
        row_norms = self.family.get('row_norms')
        if row_norms:
            q, k = self.norm(q, p + 'attn_q_norm'), self.norm(k, p + 'attn_k_norm')
        q, k, v = q.reshape(t, self.heads, d), k.reshape(t, self.kv_heads, d), v.reshape(t, self.kv_heads, d)
        if self.w(p + 'attn_q_norm.weight') is not None and not row_norms:
            q, k = self.norm(q, p + 'attn_q_norm'), self.norm(k, p + 'attn_k_norm')
        tables = self.rope_tables(t, layer)
        q, k = self.rope(q, tables), self.rope(k, tables)

        kv_of = np.arange(self.heads) // (self.heads // self.kv_heads)      # the KV head each query head reads
        scores = np.einsum('qhd,khd->hqk', q, k[:, kv_of]) * self.score_scale()
        if self.score_cap:
            scores = self.score_cap * np.tanh(scores / self.score_cap)
        distance = np.arange(t)[:, None] - np.arange(t)[None, :]
        hidden = distance < 0
        if self.is_local(layer):
            hidden |= distance >= self.window
        a = softmax(np.where(hidden, -np.inf, scores))
        maps.append(a)
        y = self.heads_done(layer, np.einsum('hqk,khd->qhd', a, v[:, kv_of]), a, v[:, kv_of])
        return self.linear(y.reshape(t, -1), p + 'attn_output')

    def heads_done(self, layer, outputs, maps, values):
        """Sees what the heads give to the output projection, outputs [T, heads, head_dim], and may change it (see
        inspect_reference.py); values [T, heads, head_dim] are those that each query head read."""
        return outputs

    def score_scale(self):
        if self.g.architecture == 'gemma2' and self.layers == 46:      # Gemma 2 27B alone scales by dim / heads
            return 1 / math.sqrt(self.dim // self.heads)
        if self.g.architecture == 'gemma3' and self.layers == 62:      # Gemma 3 27B likewise
            return 1 / math.sqrt(self.dim // self.heads)
        return self.g.get('attention.scale', 1 / math.sqrt(self.head_dim))

    def route(self, x, layer):
        """Weights of the experts of every token, [T, experts]; 0 for those that a token does not use."""
        logits, used = self.linear(x, f'blk.{layer}.ffn_gate_inp'), self.g.get('expert_used_count')
        order = np.argsort(-logits, -1, kind='stable')                 # of equal logits the first expert comes first
        ranked = np.take_along_axis(logits, order, -1)
        if used < logits.shape[-1]:
            self.router_margin = min(self.router_margin, (ranked[:, used - 1] - ranked[:, used]).min())
        kind = self.family['router']
        share = softmax(ranked[:, :used]) if kind == 'chosen' else softmax(ranked)[:, :used]
        if kind == 'renormalised':
            share = share / share.sum(-1, keepdims=True)
        weights = np.zeros_like(logits)
        np.put_along_axis(weights, order[:, :used], share, -1)
        return weights

    def experts(self, x, layer):
        """Every expert runs over every token here, and the router's weights decide what of it counts."""
        p = f'blk.{layer}.'
        weights, y = self.route(x, layer), 0
        gate, up, down = (self.w(p + f'ffn_{n}_exps.weight') for n in ('gate', 'up', 'down'))      # [experts, out, in]
        for expert in range(weights.shape[-1]):
            hidden = silu(x @ gate[expert].T) * (x @ up[expert].T)
            y = y + weights[:, expert, None] * (hidden @ down[expert].T)
        if p + 'ffn_up_shexp.weight' in self.g.tensors:                # granitemoe: every token goes through it too
            hidden = silu(self.linear(x, p + 'ffn_gate_shexp')) * self.linear(x, p + 'ffn_up_shexp')
            y = y + self.linear(hidden, p + 'ffn_down_shexp')
        return y

    def feed_forward(self, x, layer):
        p, act = f'blk.{layer}.', self.family['act']
        if 'router' in self.family:
            return self.experts(x, layer)
        up = self.linear(x, p + 'ffn_up')
        if act == 'gelu':
            return self.linear(gelu(up), p + 'ffn_down')
        if p + 'ffn_gate.weight' in self.g.tensors:
            gate = self.linear(x, p + 'ffn_gate')
        else:
            gate, up = np.split(up, 2, -1)                             # phi3: one matrix, gate rows first
        return self.linear((silu if act == 'swiglu' else gelu)(gate) * up, p + 'ffn_down')

    def block(self, x, layer, maps):
        p = f'blk.{layer}.'
        normed = self.norm(x, p + 'attn_norm')
        att = self.attention(normed, layer, maps)
        if self.w(p + 'post_attention_norm.weight') is not None:
            att = self.norm(att, p + 'post_attention_norm')
        if self.w(p + 'ffn_norm.weight') is None:                      # phi2, stablelm 12B: one norm feeds both branches
            return x + att + self.feed_forward(normed, layer)
        if self.g.architecture == 'gptneox' and self.parallel:
            return x + att + self.feed_forward(self.norm(x, p + 'ffn_norm'), layer)
        x = x + att * self.residual_scale
        ff = self.feed_forward(self.norm(x, p + 'ffn_norm'), layer)
        if self.w(p + 'post_ffw_norm.weight') is not None:
            ff = self.norm(ff, p + 'post_ffw_norm')
        return x + ff * self.residual_scale

    # ---- the whole

    def forward(self, ids):
        """ids [T] -> (logits [T, vocab], [map [heads, T, T] of every layer])"""
        x = self.w('token_embd.weight')[ids]
        if self.family.get('scale_embedding'):
            x = x * math.sqrt(self.dim)
        x = x * self.g.get('embedding_scale', 1.0)
        if self.w('position_embd.weight') is not None:
            x = x + self.w('position_embd.weight')[:len(ids)]
        maps = []
        for layer in range(self.layers):
            x = self.block(x, layer, maps)
        x = self.norm(x, 'output_norm')
        logits = self.linear(x, 'output' if self.w('output.weight') is not None else 'token_embd')
        logits = logits / self.g.get('logit_scale', 1.0)
        if self.logit_cap:
            logits = self.logit_cap * np.tanh(logits / self.logit_cap)
        return logits, maps

    def greedy(self, ids, steps):
        """The likeliest continuation: ids and, for each, the gap of the two best logits."""
        ids, out, margin = list(ids), [], []
        for _ in range(steps):
            last = self.forward(ids)[0][-1]
            second, best = np.argsort(last)[-2:]
            out.append(int(best))
            margin.append(last[best] - last[second])
            ids.append(int(best))
        return np.array(out, np.int32), np.array(margin, np.float32)


def run(model, ids, prompt=b'', greedy=16, precision=np.float32, note=None):
    """The arrays of one golden file."""
    logits, maps = model.forward(list(ids))
    out = {'tokens': np.asarray(ids, np.int32), 'prompt': np.frombuffer(prompt, np.uint8), 'logits': logits.astype(np.float32)}
    out |= {f'attention_L{i}': a.astype(precision) for i, a in enumerate(maps)}
    out['greedy_tokens'], out['greedy_margin'] = model.greedy(ids, greedy)
    out['greedy_text'] = np.frombuffer(model.tokenizer.decode(out['greedy_tokens']), np.uint8)
    meta = {'made_by': 'tests/golden/reference.py, float64', 'architecture': model.g.architecture,
            'name': model.g.meta.get('general.name', b'').decode(), 'context': model.context} | (note or {})
    out['meta'] = np.frombuffer(json.dumps(meta).encode(), np.uint8)
    return out


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('model')
    p.add_argument('out')
    source = p.add_mutually_exclusive_group(required=True)
    source.add_argument('--text')
    source.add_argument('--text-file')
    source.add_argument('--ids', help='comma-separated token ids')
    source.add_argument('--like', help='take tokens and prompt of this .npz')
    p.add_argument('--greedy', type=int, default=16)
    p.add_argument('--context', type=int, help='context of the session, where RoPE scaling depends on it')
    p.add_argument('--precision', choices=['f32', 'f16'], default='f32', help='of the stored maps')
    a = p.parse_args()
    model = Model(a.model, a.context)
    prompt = b''
    if a.like:
        z = np.load(a.like)
        ids, prompt = [int(i) for i in z['tokens']], (z['prompt'].tobytes() if 'prompt' in z else b'')
    elif a.ids:
        ids = [int(i) for i in a.ids.split(',')]
    else:
        prompt = a.text.encode() if a.text is not None else open(a.text_file, 'rb').read()
        ids = model.tokenizer.encode(prompt)
    if not ids:
        sys.exit('no tokens')
    np.savez_compressed(a.out, **run(model, ids, prompt, a.greedy, np.float16 if a.precision == 'f16' else np.float32))
    print(f'{a.out}: {len(ids)} tokens, {os.path.getsize(a.out)} bytes')


if __name__ == '__main__':
    main()
