"""Decoders of safetensors folders in float64: llama, mistral, qwen2, qwen3, gemma2, gemma3_text, phi3, gpt2, gpt_neox.

Written from config.json and the tensors' own names and layouts, without a detour over GGUF.
"""
import math

import numpy as np

from reference_math import ACTIVATIONS, Weights, attend, future, rms_norm, rotate_halves, split_heads


def frequencies(theta, n_rot):
    return theta ** -(np.arange(n_rot // 2) / (n_rot // 2))


def rotation(c, n_rot, t, local=False):
    """(frequencies [n_rot / 2], what cos and sin are multiplied by) for a text of t tokens.

    The base stands in config.json itself and its scaling in rope_scaling, or, in newer files, both in rope_parameters,
    which may hold a set for each kind of layer.  Older files say "type" for "rope_type".
    """
    p = c.get('rope_parameters')
    if p:
        p = p.get('sliding_attention' if local else 'full_attention', p)
    elif local and 'rope_local_base_freq' in c:                        # never scaled
        p = {'rope_theta': c['rope_local_base_freq']}
    else:
        p = {'rope_theta': c.get('rope_theta', 10000.0)} | (c.get('rope_scaling') or {})
    kind, theta, factor = p.get('rope_type', p.get('type', 'default')), p['rope_theta'], p.get('factor', 1.0)
    plain = frequencies(theta, n_rot)
    original = p.get('original_max_position_embeddings', c.get('original_max_position_embeddings', c['max_position_embeddings']))
    if kind == 'default':
        return plain, 1.0
    if kind == 'linear':
        return plain / factor, 1.0
    if kind == 'llama3':                                               # long waves are stretched, short ones are not
        low, high = p['low_freq_factor'], p['high_freq_factor']
        keep = np.clip((original * plain / (2 * math.pi) - low) / (high - low), 0, 1)
        return plain / factor * (1 - keep) + plain * keep, 1.0
    if kind == 'yarn':                                                 # likewise, by a ramp over the dimensions
        def dimension(turns):
            return n_rot * math.log(original / (turns * 2 * math.pi)) / (2 * math.log(theta))
        low = max(math.floor(dimension(p.get('beta_fast', 32.0))), 0)
        high = min(math.ceil(dimension(p.get('beta_slow', 1.0))), n_rot - 1)
        keep = 1 - np.clip((np.arange(n_rot // 2) - low) / max(high - low, 0.001), 0, 1)
        return plain / factor * (1 - keep) + plain * keep, p.get('attention_factor', 0.1 * math.log(factor) + 1)
    if kind == 'longrope':
        share = c['max_position_embeddings'] / original
        magnitude = 1.0 if share <= 1 else math.sqrt(1 + math.log(share) / math.log(original))
        return plain / np.array(p['long_factor' if t > original else 'short_factor']), p.get('attention_factor', magnitude)
    raise ValueError(f'rope_type {kind}')


def is_local(c, layer):
    """Whether the layer attends within sliding_window tokens only, the query's own token counted."""
    kind = c['model_type']
    if not c.get('sliding_window') or c.get('use_sliding_window') is False:
        return False
    if c.get('layer_types'):
        return c['layer_types'][layer] == 'sliding_attention'
    if kind == 'gemma2':
        return layer % 2 == 0
    if kind == 'gemma3_text':
        period = c.get('sliding_window_pattern', c.get('_sliding_window_pattern', 6))
        return (layer + 1) % period != 0
    if kind.startswith('qwen'):
        return layer >= c['max_window_layers']
    return True


def llama_like(c, w, tokens):
    """llama, mistral, qwen2, qwen3, gemma2, gemma3_text and phi3."""
    kind, t, hidden = c['model_type'], len(tokens), c['hidden_size']
    gemma = kind.startswith('gemma')
    heads = c['num_attention_heads']
    kv = c.get('num_key_value_heads') or heads
    d = c.get('head_dim') or hidden // heads
    act = ACTIVATIONS[c['hidden_activation'] if gemma else c['hidden_act']]
    scale = (c['query_pre_attn_scalar'] if gemma else d) ** -0.5

    def norm(x, name):                                                 # Gemma stores the weight minus one
        return rms_norm(x, w[name + '.weight'] + (1.0 if gemma else 0.0), c['rms_norm_eps'])

    x = w['model.embed_tokens.weight'][tokens] * (math.sqrt(hidden) if gemma else 1.0)
    states, maps = [x], []
    for layer in range(c['num_hidden_layers']):
        p = f'model.layers.{layer}.'
        y = norm(x, p + 'input_layernorm')
        if kind == 'phi3':
            q, k, v = np.split(w.linear(y, p + 'self_attn.qkv_proj'), [heads * d, (heads + kv) * d], -1)
        else:
            q, k, v = (w.linear(y, p + f'self_attn.{n}_proj') for n in 'qkv')
        q, k, v = split_heads(q, heads), split_heads(k, kv), split_heads(v, kv)
        if p + 'self_attn.q_norm.weight' in w:                         # before the rotation
            q, k = norm(q, p + 'self_attn.q_norm'), norm(k, p + 'self_attn.k_norm')
        local = is_local(c, layer)
        turn = rotation(c, int(d * c.get('partial_rotary_factor', 1.0)), t, local)
        q, k = rotate_halves(q, *turn), rotate_halves(k, *turn)
        unseen = future(t)
        if local:
            unseen = unseen | (np.arange(t)[:, None] - np.arange(t)[None] >= c['sliding_window'])
        y, a = attend(q, k, v, scale, unseen, cap=c.get('attn_logit_softcapping') or 0.0)
        maps.append(a)
        y = w.linear(y, p + 'self_attn.o_proj')
        x = x + (norm(y, p + 'post_attention_layernorm') if gemma else y)
        y = norm(x, p + ('pre_feedforward_layernorm' if gemma else 'post_attention_layernorm'))
        if kind == 'phi3':
            gate, up = np.split(w.linear(y, p + 'mlp.gate_up_proj'), 2, -1)
        else:
            gate, up = w.linear(y, p + 'mlp.gate_proj'), w.linear(y, p + 'mlp.up_proj')
        y = w.linear(act(gate) * up, p + 'mlp.down_proj')
        x = x + (norm(y, p + 'post_feedforward_layernorm') if gemma else y)
        states.append(x)
    states[-1] = x = norm(x, 'model.norm')
    logits = x @ w['lm_head.weight' if 'lm_head.weight' in w else 'model.embed_tokens.weight'].T
    cap = c.get('final_logit_softcapping')
    return states, maps, cap * np.tanh(logits / cap) if cap else logits


def gpt2(c, w, tokens):
    """Matrices are stored [in, out].  Files of the bare model have no prefix, and masks among their tensors."""
    pre = 'transformer.' if 'transformer.wte.weight' in w else ''
    t, heads, eps, act = len(tokens), c['n_head'], c['layer_norm_epsilon'], ACTIVATIONS[c['activation_function']]

    def conv(x, name):
        return x @ w[name + '.weight'] + w[name + '.bias']

    x = w[pre + 'wte.weight'][tokens] + w[pre + 'wpe.weight'][:t]
    states, maps = [x], []
    for layer in range(c['n_layer']):
        p = f'{pre}h.{layer}.'
        q, k, v = (split_heads(m, heads) for m in np.split(conv(w.layer_norm(x, p + 'ln_1', eps), p + 'attn.c_attn'), 3, -1))
        y, a = attend(q, k, v, q.shape[-1] ** -0.5, future(t))
        maps.append(a)
        x = x + conv(y, p + 'attn.c_proj')
        x = x + conv(act(conv(w.layer_norm(x, p + 'ln_2', eps), p + 'mlp.c_fc')), p + 'mlp.c_proj')
        states.append(x)
    states[-1] = x = w.layer_norm(x, pre + 'ln_f', eps)
    return states, maps, x @ w[pre + 'wte.weight'].T


def gpt_neox(c, w, tokens):
    """query_key_value has its rows ordered [head, (query, key, value), head_dim]."""
    t, heads, eps, act = len(tokens), c['num_attention_heads'], c['layer_norm_eps'], ACTIVATIONS[c['hidden_act']]
    x = w['gpt_neox.embed_in.weight'][tokens]
    d = x.shape[-1] // heads
    states, maps = [x], []
    for layer in range(c['num_hidden_layers']):
        p = f'gpt_neox.layers.{layer}.'
        y = w.linear(w.layer_norm(x, p + 'input_layernorm', eps), p + 'attention.query_key_value')
        q, k, v = y.reshape(t, heads, 3, d).transpose(2, 1, 0, 3)
        turn = frequencies(c['rotary_emb_base'], int(d * c['rotary_pct']))
        y, a = attend(rotate_halves(q, turn), rotate_halves(k, turn), v, d ** -0.5, future(t))
        maps.append(a)
        y = x + w.linear(y, p + 'attention.dense')
        second = w.layer_norm(x if c['use_parallel_residual'] else y, p + 'post_attention_layernorm', eps)
        x = y + w.linear(act(w.linear(second, p + 'mlp.dense_h_to_4h')), p + 'mlp.dense_4h_to_h')
        states.append(x)
    states[-1] = x = w.layer_norm(x, 'gpt_neox.final_layer_norm', eps)
    return states, maps, x @ w['embed_out.weight'].T


FORWARD = {'gpt2': gpt2, 'gpt_neox': gpt_neox} | dict.fromkeys(
    ('llama', 'mistral', 'qwen2', 'qwen3', 'gemma2', 'gemma3_text', 'phi3'), llama_like)


def forward(config, tensors, tokens):
    """-> (hidden [layers + 1, n, width], attention [layers, heads, n, n], logits [n, vocabulary]).

    hidden: the embeddings, then the stream after each layer, the last one after the final norm.
    """
    states, maps, logits = FORWARD[config['model_type']](config, Weights(tensors), tokens)
    return np.array(states), np.array(maps), logits


def greedy(config, tensors, tokens, steps):
    """The likeliest continuation, and for each step the gap of the two best logits."""
    tokens, out, margin = list(tokens), [], []
    for _ in range(steps):
        last = forward(config, tensors, tokens)[2][-1]
        second, best = np.argsort(last)[-2:]
        out.append(int(best))
        margin.append(last[best] - last[second])
        tokens.append(int(best))
    return np.array(out, np.int32), np.array(margin)


def run(config, tensors, tokens, steps=8):
    """The arrays of one golden file."""
    hidden, maps, logits = forward(config, tensors, tokens)
    ids, margin = greedy(config, tensors, tokens, steps)
    return {'hidden': hidden, 'attention': maps, 'logits': logits, 'greedy_tokens': ids, 'greedy_margin': margin}
