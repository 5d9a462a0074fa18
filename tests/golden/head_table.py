#!/usr/bin/env python3
"""A Markdown table of what each head of a model does, from the float64 reference.

  head_table.py MODEL.gguf --text-file FILE [--tokens 128] [--segment 64] [--seeds 4]

On the text (with BOS): entropy (nats), previous-token score, weight on the first token.  On a random block of `segment`
tokens repeated once (no BOS, ordinary pieces only): duplicate-token and induction scores, mean over the seeds.
"""
import argparse

import numpy as np

from reference import Model


def diagonal(a, back, first):
    """Mean over queries q >= first of a[head, q, q - back]."""
    q = np.arange(first, a.shape[-1])
    return a[:, q, q - back].mean(-1)


def entropy(a):
    return -np.where(a > 0, a * np.log(np.where(a > 0, a, 1)), 0).sum(-1).mean(-1)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('model')
    p.add_argument('--text-file', required=True)
    p.add_argument('--tokens', type=int, default=128)
    p.add_argument('--segment', type=int, default=64)
    p.add_argument('--seeds', type=int, default=4)
    a = p.parse_args()
    model = Model(a.model)
    ids = model.tokenizer.encode(open(a.text_file, encoding='utf-8').read()[:a.tokens * 8])[:a.tokens]
    text = model.forward(ids)[1]
    ordinary = [i for i, kind in enumerate(model.tokenizer.types) if kind == 1]
    duplicate = induction = 0
    for seed in range(a.seeds):
        block = np.random.RandomState(seed).choice(ordinary, a.segment).tolist()
        maps = model.forward(block + block)[1]
        duplicate = duplicate + np.array([diagonal(m, a.segment, a.segment) for m in maps]) / a.seeds
        induction = induction + np.array([diagonal(m, a.segment - 1, a.segment) for m in maps]) / a.seeds
    print('| head | entropy | previous token | duplicate token | induction | first token |')
    print('|---|---|---|---|---|---|')
    for layer, m in enumerate(text):
        for h in range(model.heads):
            row = (entropy(m)[h], diagonal(m, 1, 1)[h], duplicate[layer][h], induction[layer][h], m[h, 1:, 0].mean())
            print(f'| L{layer}H{h} | ' + ' | '.join(f'{x:.3f}' for x in row) + ' |')


if __name__ == '__main__':
    main()
