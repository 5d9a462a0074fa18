"""Encoder-decoders in float64: bart, marian and t5 from safetensors folders, t5 from GGUF.

bart, marian: norm after each residual sum, absolute positions, biases everywhere.
t5: RMS norm before each sublayer, no biases, scores not scaled, a learned bias by the distance of query and key.
"""
import math

import numpy as np

from reference_math import ACTIVATIONS, Weights, attend, future, gelu_tanh, relu, rms_norm, split_heads


def sinusoids(count, width):
    """Marian's positions [count, width]: all sines, then all cosines."""
    angle = np.arange(count)[:, None] / 10000 ** (np.arange(0, width, 2) / width)
    return np.concatenate((np.sin(angle), np.cos(angle[:, :width // 2])), -1)


class Bart:
    """bart and marian."""

    def __init__(self, config, tensors):
        self.c, self.w = config, Weights(tensors)
        self.act = ACTIVATIONS[config['activation_function']]
        self.start = config['decoder_start_token_id']

    def embeddings(self, side):
        """The token embeddings of a side: its own where the file has them, else the shared ones."""
        own = f'model.{side}.embed_tokens.weight'
        return self.w[own if own in self.w else 'model.shared.weight']

    def embed(self, tokens, side):
        c, w, p = self.c, self.w, f'model.{side}.'
        x = self.embeddings(side)[tokens] * (math.sqrt(c['d_model']) if c['scale_embedding'] else 1.0)
        if p + 'embed_positions.weight' in w:
            first = 2 if c['model_type'] == 'bart' else 0
            x = x + w[p + 'embed_positions.weight'][first:first + len(tokens)]
        else:
            x = x + sinusoids(len(tokens), c['d_model'])
        return w.layer_norm(x, p + 'layernorm_embedding', 1e-5) if p + 'layernorm_embedding.weight' in w else x

    def attention(self, x, memory, name, heads, unseen=None):
        """name ends with the dot before q_proj; x gives the queries, memory the keys and values."""
        w = self.w
        q = split_heads(w.linear(x, name + 'q_proj'), heads)
        k, v = (split_heads(w.linear(memory, name + n), heads) for n in ('k_proj', 'v_proj'))
        y, a = attend(q, k, v, q.shape[-1] ** -0.5, unseen)
        return w.linear(y, name + 'out_proj'), a

    def feed_forward(self, x, p):
        w = self.w
        return w.layer_norm(x + w.linear(self.act(w.linear(x, p + 'fc1')), p + 'fc2'), p + 'final_layer_norm', 1e-5)

    def encode(self, source):
        """-> (hidden [layers + 1, s, width], maps [layers, heads, s, s])"""
        w, x = self.w, self.embed(source, 'encoder')
        states, maps = [x], []
        for layer in range(self.c['encoder_layers']):
            p = f'model.encoder.layers.{layer}.'
            y, a = self.attention(x, x, p + 'self_attn.', self.c['encoder_attention_heads'])
            x = self.feed_forward(w.layer_norm(x + y, p + 'self_attn_layer_norm', 1e-5), p)
            states.append(x)
            maps.append(a)
        return np.array(states), np.array(maps)

    def decode(self, target, memory):
        """-> (hidden, self maps [layers, heads, t, t], cross maps [layers, heads, t, s], logits [t, vocabulary])"""
        w, x, heads = self.w, self.embed(target, 'decoder'), self.c['decoder_attention_heads']
        states, maps, cross = [x], [], []
        for layer in range(self.c['decoder_layers']):
            p = f'model.decoder.layers.{layer}.'
            y, a = self.attention(x, x, p + 'self_attn.', heads, future(len(target)))
            x = w.layer_norm(x + y, p + 'self_attn_layer_norm', 1e-5)
            y, b = self.attention(x, memory, p + 'encoder_attn.', heads)
            x = self.feed_forward(w.layer_norm(x + y, p + 'encoder_attn_layer_norm', 1e-5), p)
            states.append(x)
            maps.append(a)
            cross.append(b)
        output = w['lm_head.weight'] if 'lm_head.weight' in w else self.embeddings('decoder')
        return np.array(states), np.array(maps), np.array(cross), x @ output.T + w['final_logits_bias'][0]


def bucket(distance, bidirectional, buckets, max_distance):
    """distance = key position - query position.  Small distances have a bucket each, large ones share logarithmically."""
    first = 0
    if bidirectional:
        buckets //= 2
        first = buckets if distance > 0 else 0
        distance = abs(distance)
    else:
        distance = max(-distance, 0)
    exact = buckets // 2
    if distance < exact:
        return first + distance
    large = exact + int(math.log(distance / exact) / math.log(max_distance / exact) * (buckets - exact))
    return first + min(large, buckets - 1)


class T5:
    def __init__(self, config, tensors):
        self.c, self.w = config, Weights(tensors)
        self.start = config['decoder_start_token_id']
        kind = config['feed_forward_proj']
        self.act = gelu_tanh if kind == 'gated-gelu' else ACTIVATIONS[kind.removeprefix('gated-')]
        self.heads, self.eps = config['num_heads'], config['layer_norm_epsilon']

    def norm(self, x, name):
        return rms_norm(x, self.w[name + '.weight'], self.eps)

    def bias(self, side, t, bidirectional):
        """[heads, t, t] from the table [buckets, heads] of the side's first block."""
        table = self.w[f'{side}.block.0.layer.0.SelfAttention.relative_attention_bias.weight']
        n, far = self.c['relative_attention_num_buckets'], self.c.get('relative_attention_max_distance', 128)
        index = [[bucket(k - q, bidirectional, n, far) for k in range(t)] for q in range(t)]
        return table[np.array(index)].transpose(2, 0, 1)

    def attention(self, x, memory, name, unseen=None, bias=0.0):
        w = self.w
        q = split_heads(w.linear(x, name + 'q'), self.heads)
        k, v = (split_heads(w.linear(memory, name + n), self.heads) for n in 'kv')
        y, a = attend(q, k, v, 1.0, unseen, bias)
        return w.linear(y, name + 'o'), a

    def feed_forward(self, x, p):
        w, y = self.w, self.norm(x, p + 'layer_norm')
        p += 'DenseReluDense.'
        if p + 'wi.weight' in w:
            y = self.act(w.linear(y, p + 'wi'))
        else:
            y = self.act(w.linear(y, p + 'wi_0')) * w.linear(y, p + 'wi_1')
        return x + w.linear(y, p + 'wo')

    def encode(self, source):
        x = self.w['shared.weight'][source]
        states, maps, bias = [x], [], self.bias('encoder', len(source), True)
        for layer in range(self.c['num_layers']):
            p = f'encoder.block.{layer}.layer.'
            y = self.norm(x, p + '0.layer_norm')
            y, a = self.attention(y, y, p + '0.SelfAttention.', bias=bias)
            x = self.feed_forward(x + y, p + '1.')
            states.append(x)
            maps.append(a)
        states[-1] = self.norm(x, 'encoder.final_layer_norm')          # what the decoder reads
        return np.array(states), np.array(maps)

    def decode(self, target, memory):
        t, x = len(target), self.w['shared.weight'][target]
        states, maps, cross, bias = [x], [], [], self.bias('decoder', len(target), False)
        for layer in range(self.c.get('num_decoder_layers') or self.c['num_layers']):
            p = f'decoder.block.{layer}.layer.'
            y = self.norm(x, p + '0.layer_norm')
            y, a = self.attention(y, y, p + '0.SelfAttention.', future(t), bias)
            x = x + y
            y, b = self.attention(self.norm(x, p + '1.layer_norm'), memory, p + '1.EncDecAttention.')
            x = self.feed_forward(x + y, p + '2.')
            states.append(x)
            maps.append(a)
            cross.append(b)
        states[-1] = x = self.norm(x, 'decoder.final_layer_norm')
        if self.c.get('tie_word_embeddings', True):
            logits = x * self.c['d_model'] ** -0.5 @ self.w['shared.weight'].T
        else:
            logits = x @ self.w['lm_head.weight'].T
        return np.array(states), np.array(maps), np.array(cross), logits


_SUBLAYERS = {      # what GGUF calls a tensor of a block: (sublayer, what the folder calls it), by side
    'enc': {'attn_norm': (0, 'layer_norm'), 'attn_rel_b': (0, 'SelfAttention.relative_attention_bias'),
            'ffn_norm': (1, 'layer_norm')} | {'attn_' + n: (0, 'SelfAttention.' + n) for n in 'qkvo'},
    'dec': {'attn_norm': (0, 'layer_norm'), 'attn_rel_b': (0, 'SelfAttention.relative_attention_bias'),
            'cross_attn_norm': (1, 'layer_norm'), 'cross_attn_rel_b': (1, 'EncDecAttention.relative_attention_bias'),
            'ffn_norm': (2, 'layer_norm')} | {'attn_' + n: (0, 'SelfAttention.' + n) for n in 'qkvo'}
           | {'cross_attn_' + n: (1, 'EncDecAttention.' + n) for n in 'qkvo'},
}
_NAMES = {'token_embd': 'shared', 'enc.output_norm': 'encoder.final_layer_norm', 'dec.output_norm': 'decoder.final_layer_norm',
          'output': 'lm_head'}


def t5_folder_name(name, gated):
    """The folder's name of a GGUF tensor."""
    name = name.removesuffix('.weight')
    if name in _NAMES:
        return _NAMES[name] + '.weight'
    side, _, layer, part = name.split('.')
    if part.startswith('ffn_') and part != 'ffn_norm':
        dense = {'ffn_gate': 'wi_0', 'ffn_up': 'wi_1' if gated else 'wi', 'ffn_down': 'wo'}[part]
        sublayer, inner = (1 if side == 'enc' else 2), 'DenseReluDense.' + dense
    else:
        sublayer, inner = _SUBLAYERS[side][part]
    return f'{side}oder.block.{layer}.layer.{sublayer}.{inner}.weight'


def t5_from_gguf(path):
    """The same model under the folder's names.  A GGUF file does not say the activation, the scaling of the tied output or
    the largest distance: gated means GELU (tanh form), no output matrix means tied and scaled, and the distance is 128."""
    from gguf_reader import Gguf
    g = Gguf(path)
    gated = any('ffn_gate' in n for n in g.tensors)
    tensors = {t5_folder_name(n, gated): w for n, w in g.tensors.items()}
    layers = g.get('block_count')
    return T5({
        'd_model': g.get('embedding_length'), 'num_heads': g.get('attention.head_count'), 'num_layers': layers,
        'num_decoder_layers': g.get('decoder_block_count', layers), 'feed_forward_proj': 'gated-gelu' if gated else 'relu',
        'layer_norm_epsilon': g.get('attention.layer_norm_rms_epsilon'), 'decoder_start_token_id': g.get('decoder_start_token_id'),
        'relative_attention_num_buckets': g.get('attention.relative_buckets_count'), 'relative_attention_max_distance': 128,
        'tie_word_embeddings': 'output.weight' not in g.tensors,
    }, tensors)


def load(config, tensors):
    return (T5 if config['model_type'] == 't5' else Bart)(config, tensors)


def greedy(model, source, steps, stop=None):
    """From the start token: the likeliest ids (the start is not among them) and the gap of the two best logits at each."""
    memory = model.encode(source)[0][-1]
    target, margin = [model.start], []
    for _ in range(steps):
        last = model.decode(target, memory)[3][-1]
        second, best = np.argsort(last)[-2:]
        target.append(int(best))
        margin.append(last[best] - last[second])
        if best == stop:
            break
    return np.array(target[1:], np.int32), np.array(margin)


def run(model, source, target, steps=8):
    """The arrays of one golden file; the target begins with the start token."""
    hidden, encoder_maps = model.encode(source)
    states, decoder_maps, cross, logits = model.decode(target, hidden[-1])
    ids, margin = greedy(model, source, steps)
    return {'encoder_hidden': hidden, 'encoder_output': hidden[-1], 'decoder_hidden': states, 'encoder_attention': encoder_maps,
            'decoder_attention': decoder_maps, 'cross_attention': cross, 'logits': logits, 'greedy_tokens': ids,
            'greedy_margin': margin}
