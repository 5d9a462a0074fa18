"""Top-k, pooled and trace-only files against the whole maps, with numpy as a user would.

check_long_with_numpy.py PROGRAM...  (emulator first)"""
import json, os, subprocess, sys, tempfile

import numpy as np

PROGRAM = sys.argv[1:]
TEXT = 'The old man had a dog. ' * 12
K, P = 5, 7


def run(*arguments):
    subprocess.run([*PROGRAM, *arguments], check=True, stdout=subprocess.DEVNULL)


def load(path):
    with np.load(path, allow_pickle=False) as z:
        arrays = {name: z[name] for name in z.files}
    return arrays, json.loads(str(arrays.pop('metadata')))


def row_of_trace(z, about, layer, head, query):
    """As docs/long-texts.md says it."""
    name = z['layers'][layer]
    q = z[f'q.L{name}'][head, query]
    k = z[f'k.L{name}'][z['kv_head'][head], :query + 1]
    score = k @ q * about['trust_stamp']['attention_scale']
    cap = about['trust_stamp']['attention_softcap']
    if cap > 0:
        score = cap * np.tanh(score / cap)
    weight = np.exp(score - z[f'lse.L{name}'][head, query])
    window = about['windows'][layer]
    if window > 0:
        weight[:max(0, query + 1 - window)] = 0
    return weight


def check(folder, prompt):
    path = lambda name: os.path.join(folder, name)
    run(*prompt, '--precision', 'f32', '-o', path('whole.npz'))
    whole, _ = load(path('whole.npz'))
    maps = whole['attention']
    n = maps.shape[-1]
    run(*prompt, '--precision', 'f32', '--top-k', str(K), '--pool', str(P), '--trace', '-o', path('less.npz'))
    less, about = load(path('less.npz'))
    assert 'attention' not in less and less['tokens'].tolist() == whole['tokens'].tolist()

    index, kept, residual = less['topk_index'], less['topk_weight'], less['residual']
    assert index.dtype == np.int32 and index.shape == kept.shape == maps.shape[:3] + (K,)
    assert residual.shape == maps.shape[:3]
    there = index >= 0
    visible = np.tril(np.ones((n, n), bool))
    assert (np.where(there, np.take_along_axis(maps, np.where(there, index, 0), -1), 0) == kept).all()
    assert (np.diff(kept, axis=-1) <= 0).all()
    ordered = -np.sort(-maps, axis=-1)[..., :K]
    assert (kept == np.where(there, ordered, 0)).all()
    left_out = maps.astype(np.float64).sum(-1) - kept.astype(np.float64).sum(-1)
    assert np.abs(residual - left_out).max() < 1e-6 and residual.min() >= 0
    top_k, pool = about['lossy']
    assert top_k['kind'] == 'top-k' and top_k['k'] == K and pool == {'kind': 'pool', 'block': P}
    assert abs(top_k['worst_residual'] - left_out.max()) < 1e-6
    assert abs(top_k['mean_residual'] - left_out.mean()) < 1e-6

    side = -(-n // P)
    assert less['pooled_max'].shape == less['pooled_mean'].shape == maps.shape[:2] + (side, side)
    for layer in range(maps.shape[0]):
        window = about['windows'][layer]
        seen = visible & (np.arange(n)[:, None] - np.arange(n) < (window or n))
        for q in range(side):
            for k in range(side):
                block = np.s_[q * P:(q + 1) * P, k * P:(k + 1) * P]
                cells = maps[layer][:, block[0], block[1]][:, seen[block]]
                largest, mean = less['pooled_max'][layer, :, q, k], less['pooled_mean'][layer, :, q, k]
                if cells.shape[1] == 0:
                    assert (largest == 0).all() and (mean == 0).all()
                else:
                    assert (largest == cells.max(-1)).all()
                    assert np.allclose(mean, cells.astype(np.float64).mean(-1), rtol=1e-6, atol=1e-12)

    run(*prompt, '--trace', '--no-maps', '-o', path('trace.npz'))
    trace, about = load(path('trace.npz'))
    assert not {'attention', 'topk_index', 'pooled_max'} & set(trace) and about['lossy'] == []
    assert all(array.shape.count(n) < 2 for array in trace.values())  # nothing quadratic
    for layer in range(maps.shape[0]):
        for head in range(maps.shape[1]):
            for query in (0, 1, n // 2, n - 1):
                rebuilt = row_of_trace(trace, about, layer, head, query)
                # Scores of a few tens, in float32 on both sides.
                assert np.abs(rebuilt - maps[layer, head, query, :query + 1]).max() < 1e-4


def main():
    gemma = os.path.join(os.path.dirname(__file__), '..', 'golden', 'data', 'gemma2.gguf')
    with tempfile.TemporaryDirectory() as folder:
        check(folder, ['--text', TEXT, '--layers', '0,2', '--heads', '1,3'])
        check(folder, ['--text', TEXT, '--layers', '1', '--heads', '0-2', '--generate', '9'])
        # Sliding windows and softcaps.
        check(folder, [gemma, '--tokens', ','.join(str(5 + i % 40) for i in range(60)), '--generate', '4'])
    print('numpy agrees')


main()
