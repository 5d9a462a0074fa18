#!/usr/bin/env python3
"""What GGUF makes of a safetensors folder, of decoders and of bert, roberta and distilbert: names, keys, and the rearranged
tensors.  With --check, every such folder in data/folders is converted, run by reference.py or encoder_reference.py from
GGUF's conventions, and compared with its golden.

  folder_as_gguf.py FOLDER OUT.gguf
  folder_as_gguf.py --check
"""
import argparse, glob, json, math, os, sys, tempfile

import numpy as np

import encoder_reference, reference
from folder_io import read_folder
from reference_math import gelu_erf

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '..', '..', 'tools', 'train'))
import gguf_writer as gguf                                   # noqa: E402

ENCODERS = ('bert', 'roberta', 'distilbert')
ARCHITECTURE = {'mistral': 'llama', 'gemma3_text': 'gemma3', 'gpt_neox': 'gptneox', 'roberta': 'bert', 'distilbert': 'bert'}
# All others keep their name.

LLAMA = {'input_layernorm': 'attn_norm', 'self_attn.q_proj': 'attn_q', 'self_attn.k_proj': 'attn_k', 'self_attn.v_proj': 'attn_v',
         'self_attn.qkv_proj': 'attn_qkv', 'self_attn.o_proj': 'attn_output', 'self_attn.q_norm': 'attn_q_norm',
         'self_attn.k_norm': 'attn_k_norm', 'post_attention_layernorm': 'ffn_norm', 'mlp.gate_proj': 'ffn_gate',
         'mlp.up_proj': 'ffn_up', 'mlp.gate_up_proj': 'ffn_up', 'mlp.down_proj': 'ffn_down'}
GEMMA = LLAMA | {'post_attention_layernorm': 'post_attention_norm', 'pre_feedforward_layernorm': 'ffn_norm',
                 'post_feedforward_layernorm': 'post_ffw_norm'}
GPT2 = {'ln_1': 'attn_norm', 'attn.c_attn': 'attn_qkv', 'attn.c_proj': 'attn_output', 'ln_2': 'ffn_norm', 'mlp.c_fc': 'ffn_up',
        'mlp.c_proj': 'ffn_down'}
NEOX = {'input_layernorm': 'attn_norm', 'attention.query_key_value': 'attn_qkv', 'attention.dense': 'attn_output',
        'post_attention_layernorm': 'ffn_norm', 'mlp.dense_h_to_4h': 'ffn_up', 'mlp.dense_4h_to_h': 'ffn_down'}
BERT = {'attention.self.query': 'attn_q', 'attention.self.key': 'attn_k', 'attention.self.value': 'attn_v',
        'attention.output.dense': 'attn_output', 'attention.output.LayerNorm': 'attn_output_norm', 'intermediate.dense': 'ffn_up',
        'output.dense': 'ffn_down', 'output.LayerNorm': 'layer_output_norm',
        'attention.q_lin': 'attn_q', 'attention.k_lin': 'attn_k', 'attention.v_lin': 'attn_v', 'attention.out_lin': 'attn_output',
        'sa_layer_norm': 'attn_output_norm', 'ffn.lin1': 'ffn_up', 'ffn.lin2': 'ffn_down', 'output_layer_norm': 'layer_output_norm'}
BERT_OUTSIDE = {'embeddings.word_embeddings': 'token_embd', 'embeddings.position_embeddings': 'position_embd',
                'embeddings.token_type_embeddings': 'token_types', 'embeddings.LayerNorm': 'token_embd_norm'}
OUTSIDE = {'model.embed_tokens': 'token_embd', 'model.norm': 'output_norm', 'lm_head': 'output',
           'wte': 'token_embd', 'wpe': 'position_embd', 'ln_f': 'output_norm',
           'gpt_neox.embed_in': 'token_embd', 'gpt_neox.final_layer_norm': 'output_norm', 'embed_out': 'output'}


def pairs_from_halves(w, heads):
    """llama only: of each head's rows, i and i + head_dim / 2 become neighbours, because GGUF's llama turns pairs (2i, 2i + 1)."""
    return w.reshape(heads, 2, -1, *w.shape[1:]).swapaxes(1, 2).reshape(w.shape)


def convert_encoder(config, name, w):
    """The same for bert, roberta and distilbert; poolers and heads are left out."""
    kind = config['model_type']
    base, _, part = name.removeprefix(kind + '.').rpartition('.')
    if base in BERT_OUTSIDE:
        if kind == 'roberta' and base == 'embeddings.position_embeddings':
            w = w[config['pad_token_id'] + 1:]                         # the first rows are never used
        return f'{BERT_OUTSIDE[base]}.{part}', w
    if not base.startswith(('encoder.layer.', 'transformer.layer.')):
        return None
    layer, inner = base.split('.', 2)[2].split('.', 1)
    return f'blk.{layer}.{BERT[inner]}.{part}', w


def convert(config, name, w):
    """(GGUF's name, tensor) or None for a tensor that GGUF leaves out."""
    kind = config['model_type']
    if kind in ENCODERS:
        return convert_encoder(config, name, w)
    base, _, part = name.removeprefix('transformer.').rpartition('.')
    if part not in ('weight', 'bias'):
        return None                                                    # attention.masked_bias, rotary_emb.inv_freq
    table = GPT2 if kind == 'gpt2' else NEOX if kind == 'gpt_neox' else GEMMA if kind.startswith('gemma') else LLAMA
    if base in OUTSIDE:
        target = OUTSIDE[base]
    else:
        layer, inner = base.removeprefix('gpt_neox.').removeprefix('model.').split('.', 1)[1].split('.', 1)
        if inner not in table:
            return None                                                # attn.bias, attention.bias: causal masks
        target = f'blk.{layer}.{table[inner]}'
    if kind.startswith('gemma') and target.endswith('norm'):
        w = w + 1
    if kind in ('llama', 'mistral') and target.endswith(('attn_q', 'attn_k')):
        heads = config['num_attention_heads' if target.endswith('attn_q') else 'num_key_value_heads']
        w = pairs_from_halves(w, heads)
    if kind == 'gpt2' and w.ndim == 2 and not target.endswith('embd'):
        w = w.T
    if kind == 'gpt_neox' and target.endswith('attn_qkv'):             # [head, (q, k, v), head_dim] -> [(q, k, v), head, head_dim]
        heads = config['num_attention_heads']
        w = w.reshape(heads, 3, -1, *w.shape[1:]).swapaxes(0, 1).reshape(w.shape)
    return f'{target}.{part}', w


def keys(c):
    """Hyperparameters by GGUF's keys, without the architecture."""
    kind = c['model_type']
    if kind in ENCODERS:
        names = (('dim', 'n_layers', 'hidden_dim', 'n_heads') if kind == 'distilbert' else
                 ('hidden_size', 'num_hidden_layers', 'intermediate_size', 'num_attention_heads'))
        width, layers, ffn, heads = (c[n] for n in names)
        unused = c['pad_token_id'] + 1 if kind == 'roberta' else 0
        return {'context_length': c['max_position_embeddings'] - unused, 'embedding_length': width, 'block_count': layers,
                'feed_forward_length': ffn, 'attention.head_count': heads, 'attention.causal': False,
                'attention.layer_norm_epsilon': c.get('layer_norm_eps', 1e-12)}
    if kind == 'gpt2':
        return {'context_length': c['n_positions'], 'embedding_length': c['n_embd'], 'block_count': c['n_layer'],
                'feed_forward_length': c['n_inner'] or 4 * c['n_embd'], 'attention.head_count': c['n_head'],
                'attention.layer_norm_epsilon': c['layer_norm_epsilon']}
    out = {'context_length': c['max_position_embeddings'], 'embedding_length': c['hidden_size'],
           'block_count': c['num_hidden_layers'], 'feed_forward_length': c['intermediate_size'],
           'attention.head_count': c['num_attention_heads']}
    if kind == 'gpt_neox':
        return out | {'attention.layer_norm_epsilon': c['layer_norm_eps'], 'use_parallel_residual': c['use_parallel_residual'],
                      'rope.dimension_count': int(c['rotary_pct'] * (c['hidden_size'] // c['num_attention_heads'])),
                      'rope.freq_base': float(c['rotary_emb_base'])}
    head = c.get('head_dim') or c['hidden_size'] // c['num_attention_heads']
    rope = c.get('rope_parameters') or {'rope_theta': c['rope_theta']} | (c.get('rope_scaling') or {})
    rope = rope.get('full_attention', rope)
    out |= {'attention.head_count_kv': c['num_key_value_heads'], 'attention.layer_norm_rms_epsilon': c['rms_norm_eps'],
            'attention.key_length': head, 'attention.value_length': head,
            'rope.freq_base': rope['rope_theta'],
            'rope.dimension_count': int(head * c.get('partial_rotary_factor', 1.0))}
    if kind.startswith('gemma'):
        out['attention.sliding_window'] = c['sliding_window']
    for key in ('attn_logit_softcapping', 'final_logit_softcapping'):
        if c.get(key):
            out[key] = c[key]
    scaling = rope.get('rope_type', rope.get('type'))
    if scaling in ('linear', 'yarn'):
        out |= {'rope.scaling.type': scaling, 'rope.scaling.factor': rope['factor']}
    if scaling == 'yarn':
        out['rope.scaling.original_context_length'] = rope['original_max_position_embeddings']
    if scaling == 'longrope':
        original = c['original_max_position_embeddings']
        share = c['max_position_embeddings'] / original
        out |= {'rope.scaling.original_context_length': original,
                'rope.scaling.attn_factor': 1.0 if share <= 1 else math.sqrt(1 + math.log(share) / math.log(original))}
    return out


def rope_tensors(c):
    """What each frequency is divided by, where the scaling is not a plain factor."""
    p = c.get('rope_scaling') or {}
    if 'long_factor' in p:
        return [(f'rope_factors_{n}.weight', np.array(p[n + '_factor'], np.float32), gguf.F32) for n in ('long', 'short')]
    if p.get('rope_type') != 'llama3':
        return []
    head = c.get('head_dim') or c['hidden_size'] // c['num_attention_heads']
    wave = 2 * math.pi * c['rope_theta'] ** (np.arange(0, head, 2) / head)
    low, high = p['low_freq_factor'], p['high_freq_factor']
    smooth = np.clip((p['original_max_position_embeddings'] / wave - low) / (high - low), 0, 1)
    return [('rope_freqs.weight', (1 / ((1 - smooth) / p['factor'] + smooth)).astype(np.float32), gguf.F32)]


def write(folder, path):
    config, tensors = read_folder(folder)
    architecture = ARCHITECTURE.get(config['model_type'], config['model_type'])
    converted = [convert(config, n, w) for n, w in tensors.items()]
    meta = {'general.architecture': architecture, 'tokenizer.ggml.model': 'none'}
    gguf.write(path, meta | {f'{architecture}.{k}': v for k, v in keys(config).items()},
               [(*pair, gguf.F32) for pair in converted if pair] + rope_tensors(config))
    return config


class Told(reference.Model):
    """reference.py's model, told the three things that a folder states and a GGUF file of the family does not."""

    def __init__(self, path, config):
        self.config, self.tokenizer = config, None
        super().__init__(path)

    def score_scale(self):
        return self.config.get('query_pre_attn_scalar', self.head_dim) ** -0.5

    def is_local(self, layer):
        types = self.config.get('layer_types')
        return types[layer] == 'sliding_attention' if types else super().is_local(layer)


def check_encoder(folder):
    """Largest errors of maps and outputs."""
    golden = np.load(folder + '.npz')
    with tempfile.TemporaryDirectory() as temporary:
        path = os.path.join(temporary, 'model.gguf')
        config = write(folder, path)
        model = encoder_reference.Encoder(path)
    act = config.get('activation', config.get('hidden_act'))           # a GGUF file does not state it
    model.family['act'] = {'gelu_new': 'gelu_tanh'}.get(act, act)
    _, maps, output = model.forward(golden['tokens'])
    return np.abs(maps - golden['encoder_attention']).max(), np.abs(output - golden['output']).max()


def check(folder):
    """Largest errors of maps and logits."""
    golden = np.load(folder + '.npz')
    with tempfile.TemporaryDirectory() as temporary:
        path = os.path.join(temporary, 'model.gguf')
        config = write(folder, path)
        tanh = reference.gelu
        reference.gelu = gelu_erf if config.get('hidden_act') == 'gelu' else tanh
        try:
            logits, maps = Told(path, config).forward(golden['tokens'])
        finally:
            reference.gelu = tanh
    return np.abs(np.array(maps) - golden['attention']).max(), np.abs(logits - golden['logits']).max()


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('paths', nargs='*')
    p.add_argument('--check', action='store_true')
    a = p.parse_args()
    if not a.check:
        return write(*a.paths)
    reference.Tokenizer = lambda meta: None                            # these files have none
    for golden in sorted(glob.glob(os.path.join(HERE, 'data', 'folders', '*.npz'))):
        folder = golden.removesuffix('.npz')
        kind = json.load(open(os.path.join(folder, 'config.json')))['model_type']
        if kind in ENCODERS or 'attention' in np.load(golden):
            maps, last = (check_encoder if kind in ENCODERS else check)(folder)
            print(f'{os.path.basename(folder):24s} maps {maps:.1e}, {"outputs" if kind in ENCODERS else "logits"} {last:.1e}')
            if maps > 1e-6 or last > 1e-5:
                sys.exit('these differ')


if __name__ == '__main__':
    main()
