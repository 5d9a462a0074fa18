#!/usr/bin/env python3
"""The oracle of ablation, head effects and value norms: reference.py's float64 forward pass with heads taken out.

  inspect_reference.py MODEL.gguf OUT.npz --like GOLDEN.npz

Writes, for the tokens of GOLDEN.npz:
  tokens          [T]
  means           [layers, heads, head_dim]  mean output of each head
  value_norms     [layers, heads, T]         |v W_O| of every token, the product formed
  weighted        [heads, T, T]              |alpha v W_O| of the last layer, every product formed
  loss            []                         mean -ln p of tokens 1..T-1
  effects_zero    [layers, heads, 3]         loss without the head, mean KL(whole || without), share of changed argmax
  effects_mean    [layers, heads, 3]         the same with the head's mean in its place
  logits_zero     [T, vocab]                 without the last head of layer 0
"""
import argparse, os

import numpy as np

import reference


class Inspected(reference.Model):
    """Keeps what heads give, and replaces the output of the heads in `taken`: {(layer, head): [head_dim]}."""

    def __init__(self, path):
        super().__init__(path)
        self.taken = {}

    def run(self, ids, taken=None):
        self.taken, self.outputs, self.maps, self.values = taken or {}, [], [], []
        logits, _ = self.forward(ids)
        shifted = logits - logits.max(-1, keepdims=True)
        return logits, shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))

    def heads_done(self, layer, outputs, maps, values):
        self.outputs.append(outputs)
        self.maps.append(maps)
        self.values.append(values)
        outputs = outputs.copy()
        for (at, head), replacement in self.taken.items():
            if at == layer:
                outputs[:, head] = replacement
        return outputs

    def slice_of_output_projection(self, layer, head):
        d = self.head_dim
        return self.w(f'blk.{layer}.attn_output.weight')[:, head * d:(head + 1) * d]


def loss_of(log_p, ids):
    return -np.mean([log_p[i, ids[i + 1]] for i in range(len(ids) - 1)])


def effect(model, ids, whole, taken):
    _, log_p = model.run(ids, taken)
    kl = (np.exp(whole) * (whole - log_p)).sum(-1).mean()
    return loss_of(log_p, ids), kl, np.mean(whole.argmax(-1) != log_p.argmax(-1))


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('model')
    p.add_argument('out')
    p.add_argument('--like', required=True)
    a = p.parse_args()
    model = Inspected(a.model)
    ids = [int(i) for i in np.load(a.like)['tokens']]
    _, whole = model.run(ids)
    outputs, maps, values = model.outputs, model.maps, model.values
    heads = [(layer, head) for layer in range(model.layers) for head in range(model.heads)]
    shape = (model.layers, model.heads)
    means = np.array([o.mean(0) for o in outputs])
    norms = np.array([np.linalg.norm(values[l][:, h] @ model.slice_of_output_projection(l, h).T, axis=-1) for l, h in heads])
    last = model.layers - 1
    weighted = np.array([np.linalg.norm(
        maps[last][h][:, :, None] * (values[last][None, :, h] @ model.slice_of_output_projection(last, h).T), axis=-1)
        for h in range(model.heads)])
    zero = np.array([effect(model, ids, whole, {(l, h): 0.0}) for l, h in heads])
    mean = np.array([effect(model, ids, whole, {(l, h): means[l, h]}) for l, h in heads])
    logits_zero, _ = model.run(ids, {(0, model.heads - 1): 0.0})
    np.savez_compressed(
        a.out, tokens=np.array(ids, np.int32), means=means.astype(np.float32),
        value_norms=norms.reshape(*shape, -1).astype(np.float32), weighted=weighted.astype(np.float32),
        loss=np.array([loss_of(whole, ids)], np.float32), effects_zero=zero.reshape(*shape, 3).astype(np.float32),
        effects_mean=mean.reshape(*shape, 3).astype(np.float32), logits_zero=logits_zero.astype(np.float32))
    print(f'{a.out}: {len(ids)} tokens, {os.path.getsize(a.out)} bytes')


if __name__ == '__main__':
    main()
