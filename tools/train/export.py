#!/usr/bin/env python3
"""A checkpoint of train.py -> one GGUF file.

  export.py WORKDIR OUT.gguf [--type q8_0|f16|f32] [--name NAME]

Matrices get the chosen type, norms stay F32.  RoPE turns pairs (2i, 2i+1) in training as in the file: nothing is permuted.
"""
import argparse, os

import sentencepiece as spm
import torch

import gguf_writer as gguf

NORMAL, UNKNOWN, CONTROL, BYTE = 1, 2, 3, 6       # tokenizer.ggml.token_type


def tokenizer_metadata(path):
    sp = spm.SentencePieceProcessor(model_file=path)
    n = sp.vocab_size()
    kinds = [UNKNOWN if sp.is_unknown(i) else CONTROL if sp.is_control(i) else BYTE if sp.is_byte(i) else NORMAL
             for i in range(n)]
    return {
        'tokenizer.ggml.model': 'llama',
        'tokenizer.ggml.pre': 'default',
        'tokenizer.ggml.tokens': [sp.id_to_piece(i) for i in range(n)],
        'tokenizer.ggml.scores': (gguf.FLOAT, [sp.get_score(i) + 0.0 for i in range(n)]),
        'tokenizer.ggml.token_type': (gguf.I32, kinds),
        'tokenizer.ggml.bos_token_id': sp.bos_id(),
        'tokenizer.ggml.eos_token_id': sp.eos_id(),
        'tokenizer.ggml.unknown_token_id': sp.unk_id(),
        'tokenizer.ggml.add_bos_token': True,
        'tokenizer.ggml.add_eos_token': False,
        'tokenizer.ggml.add_space_prefix': True,
    }


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('workdir')
    p.add_argument('out')
    p.add_argument('--type', choices=['q8_0', 'f16', 'f32'], default='q8_0')
    p.add_argument('--name', default='Fovea Tiny')
    a = p.parse_args()
    saved = torch.load(os.path.join(a.workdir, 'checkpoint.pt'), map_location='cpu')
    c, state = saved['config'], {k: v.float().numpy() for k, v in saved['state'].items()}
    matrix, file_type = {'q8_0': (gguf.Q8_0, 7), 'f16': (gguf.F16, 1), 'f32': (gguf.F32, 0)}[a.type]
    meta = {
        'general.architecture': 'llama',
        'general.type': 'model',
        'general.name': a.name,
        'general.author': 'The Fovea authors',
        'general.license': 'cc-by-4.0',
        'general.description': 'Small English language model shipped with Fovea. Trained on Tatoeba sentences '
                               '(tatoeba.org, manythings.org/anki; CC BY 2.0 FR), War and Peace and Shakespeare (public domain).',
        'general.alignment': gguf.ALIGNMENT,
        'general.file_type': file_type,
        'general.quantization_version': 2,
        'llama.context_length': c['context'],
        'llama.embedding_length': c['dim'],
        'llama.block_count': c['layers'],
        'llama.feed_forward_length': c['hidden'],
        'llama.attention.head_count': c['heads'],
        'llama.attention.head_count_kv': c['kv_heads'],
        'llama.attention.layer_norm_rms_epsilon': float(c['eps']),
        'llama.rope.dimension_count': c['dim'] // c['heads'],
        'llama.rope.freq_base': float(c['theta']),
        'llama.vocab_size': c['vocab'],
    }
    meta |= tokenizer_metadata(os.path.join(a.workdir, 'tokenizer.model'))

    q, kv = c['dim'], c['kv_heads'] * c['dim'] // c['heads']
    tensors = [('token_embd.weight', state['embed.weight'], matrix), ('output_norm.weight', state['norm.weight'], gguf.F32)]
    for i in range(c['layers']):
        s = lambda name: state[f'blocks.{i}.{name}.weight']
        qkv, gate_up, name = s('qkv'), s('gate_up'), f'blk.{i}.'
        tensors += [
            (name + 'attn_norm.weight', s('attn_norm'), gguf.F32),
            (name + 'attn_q.weight', qkv[:q], matrix),
            (name + 'attn_k.weight', qkv[q:q + kv], matrix),
            (name + 'attn_v.weight', qkv[q + kv:], matrix),
            (name + 'attn_output.weight', s('attn_out'), matrix),
            (name + 'ffn_norm.weight', s('ffn_norm'), gguf.F32),
            (name + 'ffn_gate.weight', gate_up[:c['hidden']], matrix),
            (name + 'ffn_up.weight', gate_up[c['hidden']:], matrix),
            (name + 'ffn_down.weight', s('down'), matrix),
        ]
    gguf.write(a.out, meta, tensors)
    print(f'{a.out}: {os.path.getsize(a.out)} bytes, checkpoint {saved["facts"]}')


if __name__ == '__main__':
    main()
