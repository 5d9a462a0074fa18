#!/usr/bin/env python3
"""The oracle for safetensors folders and for encoder-decoders: a forward pass in float64, with NumPy and nothing else.

  folder_reference.py MODEL OUT.npz --ids 1,2,3 [--target-ids 2,5,9] [--types 0,0,1] [--greedy N]

MODEL is a folder (bert, roberta, distilbert, albert, bart, marian, t5, llama, mistral, qwen2, qwen3, gemma2, gemma3_text,
phi3, gpt2, gpt_neox) or a GGUF file of t5.  Without --target-ids an encoder-decoder follows its own greedy continuation.
The arrays are described in data/folders/README.md.
"""
import argparse, os

import numpy as np

import encoder_decoder_reference, folder_decoders, folder_encoders
from folder_io import read_folder


def run(path, ids, target_ids=None, types=None, steps=8):
    """The arrays of one golden file, in float64."""
    if os.path.isdir(path):
        config, tensors = read_folder(path)
        if config['model_type'] in folder_decoders.FORWARD:
            return {'tokens': ids} | folder_decoders.run(config, tensors, ids, steps)
        if not config.get('is_encoder_decoder'):
            return {'tokens': ids} | folder_encoders.run(config, tensors, ids, types)
        model, stop = encoder_decoder_reference.load(config, tensors), config['eos_token_id']
    else:
        model, stop = encoder_decoder_reference.t5_from_gguf(path), 1
    if target_ids is None:
        target_ids = [model.start, *encoder_decoder_reference.greedy(model, ids, steps, stop)[0]]
    return {'source_tokens': ids, 'target_tokens': target_ids} | encoder_decoder_reference.run(model, ids, target_ids, steps)


def rounded(name, a):
    """As it is stored: ids as int32, all else as float32."""
    return np.asarray(a, np.int32 if name.endswith(('tokens', 'token_types')) else np.float32)


def main():
    def numbers(text):
        return [int(i) for i in text.split(',')]

    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('model')
    p.add_argument('out')
    p.add_argument('--ids', type=numbers, required=True, help='of the text, or of the source')
    p.add_argument('--target-ids', type=numbers, help='beginning with the start token')
    p.add_argument('--types', type=numbers, help='token types, for encoders; 0 everywhere without it')
    p.add_argument('--greedy', type=int, default=8)
    a = p.parse_args()
    z = run(a.model, a.ids, a.target_ids, a.types, a.greedy)
    np.savez_compressed(a.out, **{k: rounded(k, v) for k, v in z.items()})
    for name, array in z.items():
        print(f'{name:18s} {np.shape(array)}')


if __name__ == '__main__':
    main()
