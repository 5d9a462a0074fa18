"""Opens what attention-dump writes with numpy, as a user would.  check_with_numpy.py PROGRAM... (emulator first)"""
import json, os, struct, subprocess, sys, tempfile

import numpy as np

PROGRAM = sys.argv[1:]
TEXT = 'The dog sat by the fire. Caf\u00e9 \u732b.'


def run(*arguments):
    subprocess.run([*PROGRAM, *arguments], check=True, stdout=subprocess.DEVNULL)


def safetensors(path):
    """Reader of the format's description: length, JSON header, arrays."""
    raw = open(path, 'rb').read()
    length, = struct.unpack('<Q', raw[:8])
    assert length % 8 == 0
    header = json.loads(raw[8:8 + length])
    metadata = header.pop('__metadata__')
    assert all(isinstance(value, str) for value in metadata.values())
    types = {'F16': '<f2', 'F32': '<f4', 'I32': '<i4'}
    arrays = {}
    for name, entry in header.items():
        begin, end = entry['data_offsets']
        arrays[name] = np.frombuffer(raw[8 + length + begin:8 + length + end],
                                     types[entry['dtype']]).reshape(entry['shape'])
    return arrays, metadata


def main():
    with tempfile.TemporaryDirectory() as folder:
        path = lambda name: os.path.join(folder, name)
        run('--text', TEXT, '--generate', '5', '--logits', '--trace', '--scores', '--layers', '1-2', '--heads', '0,3',
            '-o', path('a.npz'), '-o', path('a.npy'), '-o', path('a.safetensors'), '-o', path('a.json'), '-o',
            path('a.csv'))
        with np.load(path('a.npz'), allow_pickle=False) as z:
            arrays = {name: z[name] for name in z.files}
        metadata = json.loads(str(arrays.pop('metadata')))
        attention, tokens = arrays['attention'], arrays['tokens']
        n = len(tokens)
        assert attention.dtype == np.float16 and attention.shape == (2, 2, n, n)
        assert tokens.dtype == np.int32 and tokens.tolist() == metadata['token_ids']
        assert arrays['layers'].tolist() == [1, 2] and arrays['heads'].tolist() == [0, 3]
        assert arrays['kv_head'].tolist() == metadata['kv_head']
        assert arrays['logits'].dtype == np.float32 and arrays['logits'].shape[0] == n
        generated = arrays['greedy_tokens']
        assert generated.tolist() == tokens[n - len(generated):].tolist()
        assert (arrays['logits'].argmax(-1)[n - len(generated) - 1:n - 1] == generated).all()
        # Every weight was rounded to half precision once: half an ulp of 2^-11 relative, n of them.
        assert np.abs(attention.astype(np.float64).sum(-1) - 1).max() <= n * 2.0 ** -12 + 1e-6
        future = np.triu(np.ones((n, n), bool), 1)
        assert (attention[..., future] == 0).all() and np.isneginf(arrays['scores'][..., future]).all()
        assert len(metadata['token_strings']) == len(metadata['word_ids']) == n
        text = metadata['text'].encode()
        assert text.startswith(TEXT.encode())
        assert metadata['byte_offsets'][-1][1] == len(text)
        for layer in (1, 2):
            query, key, lse = (arrays[f'{name}.L{layer}'] for name in ('q', 'k', 'lse'))
            scores = np.einsum('hqd,hkd->hqk', query.astype(np.float64), key[arrays['kv_head']].astype(np.float64))
            scores = scores * metadata['trust_stamp']['attention_scale']
            rebuilt = np.where(future, 0, np.exp(scores - lse[..., None]))
            assert np.abs(rebuilt - attention[layer - 1]).max() < 1e-3

        with open(path('a.npy'), 'rb') as f:
            assert (np.load(f, allow_pickle=False) == attention).all()
            assert json.loads(str(np.load(f, allow_pickle=False))) == metadata
        assert np.load(path('a.npy'), mmap_mode='r').shape == attention.shape

        tensors, strings = safetensors(path('a.safetensors'))
        assert json.loads(strings['metadata']) == metadata and set(tensors) == set(arrays)
        for name, array in arrays.items():
            assert tensors[name].dtype == array.dtype and np.array_equal(tensors[name], array), name

        document = json.load(open(path('a.json'), encoding='utf-8'))
        assert document['metadata'] == metadata
        assert (np.array(document['attention'], np.float16) == attention).all()

        lines = open(path('a.csv'), encoding='utf-8').read().splitlines()
        assert json.loads(lines[0][2:]) == metadata
        assert len(lines) == 2 + 4 * n * (n + 1) // 2
    print('numpy reads everything')


main()
