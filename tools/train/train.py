#!/usr/bin/env python3
"""Trains the shipped model on the streams that prepare.py wrote.

  train.py WORKDIR [--steps N] [--minutes M] [--bf16] [--threads 2] [--device cpu|cuda]

Writes WORKDIR/checkpoint.pt (replaced every --save-seconds) and WORKDIR/log.txt.  With --minutes the learning rate
follows the clock when the clock is ahead of the step count; without it a run is repeatable from its seed.
"""
import argparse, json, math, os, time

import numpy as np
import torch
from torch.nn import functional as F

from model import Llama

BOS, SPECIAL = 1, 3     # ids below SPECIAL never appear in random segments
IGNORE = -100


def repeat_to(segment, length):
    return np.tile(segment, length // len(segment) + 1)[:length]


def make_batch(stream, rng, batch, t, vocab, p_random, p_natural):
    """inputs [batch, t], targets [batch, t].  Random repeated segments are scored on the repeats only."""
    x = np.empty((batch, t), np.int64)
    y = np.empty((batch, t), np.int64)
    for b in range(batch):
        u = rng.random()
        n = int(rng.integers(20, 101))
        first = rng.random() < 0.5         # half of all sequences open with <s>
        if u < p_random:
            row = repeat_to(rng.integers(SPECIAL, vocab, n), t + 1)
        else:
            start = int(rng.integers(0, len(stream) - t - 1))
            row = stream[start:start + t + 1].astype(np.int64)
            if u < p_random + p_natural:
                row = repeat_to(row[:n], t + 1)
        if first:
            row = np.concatenate(([BOS], row[:t]))
        x[b], y[b] = row[:t], row[1:]
        if u < p_random:
            y[b, :n - 1 + first] = IGNORE
    return torch.from_numpy(x), torch.from_numpy(y)


@torch.no_grad()
def heldout_loss(model, stream, t, amp):
    """Mean loss over the held-out stream in windows of t tokens, in nats per token."""
    total = count = 0
    rows = (len(stream) - 1) // t
    ids = torch.from_numpy(stream[:rows * t + 1].astype(np.int64))
    x, y = ids[:-1].view(rows, t), ids[1:].view(rows, t)
    device = next(model.parameters()).device
    for i in range(0, rows, 8):
        with amp():
            logits = model(x[i:i + 8].to(device))
        total += F.cross_entropy(logits.float().flatten(0, 1), y[i:i + 8].flatten().to(device), reduction='sum').item()
        count += y[i:i + 8].numel()
    return total / count


@torch.no_grad()
def repeat_loss(model, vocab, amp, s=64, n=8):
    """Loss on the second half of [random block, the same block]: what an induction head buys."""
    rng = np.random.default_rng(99)
    block = rng.integers(SPECIAL, vocab, (n, s))
    ids = torch.from_numpy(np.concatenate((block, block), 1)).to(next(model.parameters()).device)
    with amp():
        logits = model(ids[:, :-1])
    return F.cross_entropy(logits[:, s:].float().flatten(0, 1), ids[:, s + 1:].flatten()).item()


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('workdir')
    p.add_argument('--layers', type=int, default=5)
    p.add_argument('--dim', type=int, default=256)
    p.add_argument('--hidden', type=int, default=512)
    p.add_argument('--heads', type=int, default=8)
    p.add_argument('--kv-heads', type=int, default=4)
    p.add_argument('--context', type=int, default=512)
    p.add_argument('--short', type=int, default=256, help='sequence length of the first part of the run')
    p.add_argument('--long-from', type=float, default=0.75, help='share of the run after which sequences have full length')
    p.add_argument('--tokens', type=int, default=4096, help='tokens a step')
    p.add_argument('--steps', type=int, default=8000)
    p.add_argument('--minutes', type=float, default=0, help='end by the clock as well')
    p.add_argument('--lr', type=float, default=2e-3)
    p.add_argument('--warmup', type=int, default=200)
    p.add_argument('--decay', type=float, default=0.1, help='weight decay of the matrices')
    p.add_argument('--p-random', type=float, default=0.15, help='share of random repeated sequences')
    p.add_argument('--p-natural', type=float, default=0.05, help='share of repeated natural text')
    p.add_argument('--bf16', action='store_true')
    p.add_argument('--device', default='cpu')
    p.add_argument('--threads', type=int, default=2)
    p.add_argument('--seed', type=int, default=1)
    p.add_argument('--save-seconds', type=float, default=180)
    a = p.parse_args()
    torch.set_num_threads(a.threads)
    torch.manual_seed(a.seed)
    rng = np.random.default_rng(a.seed)
    train = np.load(os.path.join(a.workdir, 'train.npy'))
    held = np.load(os.path.join(a.workdir, 'heldout.npy'))
    vocab = sum(1 for _ in open(os.path.join(a.workdir, 'tokenizer.vocab'), encoding='utf-8'))
    config = dict(vocab=vocab, dim=a.dim, hidden=a.hidden, layers=a.layers, heads=a.heads, kv_heads=a.kv_heads,
                  context=a.context, eps=1e-5, theta=10000.0)
    model = Llama(config).to(a.device)
    amp = lambda: torch.autocast(a.device, dtype=torch.bfloat16, enabled=a.bf16)
    matrices = [w for w in model.parameters() if w.dim() == 2]
    vectors = [w for w in model.parameters() if w.dim() != 2]
    opt = torch.optim.AdamW([dict(params=matrices, weight_decay=a.decay), dict(params=vectors, weight_decay=0.0)],
                            lr=a.lr, betas=(0.9, 0.95), eps=1e-8, foreach=True)
    log = open(os.path.join(a.workdir, 'log.txt'), 'a')

    def say(line):
        print(line, flush=True)
        log.write(line + '\n')
        log.flush()

    say(json.dumps(dict(config=config, parameters=sum(w.numel() for w in model.parameters()), arguments=vars(a) | dict(workdir='WORKDIR'))))
    began = saved = time.time()
    seen, smooth = 0, None
    step = 0
    while True:
        minutes = (time.time() - began) / 60
        progress = max(step / a.steps, minutes / a.minutes if a.minutes else 0)
        done = progress >= 1
        if done or (step % 500 == 0 and step) or time.time() - saved > a.save_seconds:
            saved = time.time()
            facts = dict(step=step, tokens=seen, minutes=round(minutes, 1), train_loss=round(smooth or 0, 4),
                         heldout_loss=round(heldout_loss(model, held, 256, amp), 4), repeat_loss=round(repeat_loss(model, vocab, amp), 4))
            say(json.dumps(facts))
            path = os.path.join(a.workdir, 'checkpoint.pt')
            torch.save(dict(config=config, state=model.state_dict(), facts=facts), path + '.part')
            os.replace(path + '.part', path)
            if done:
                break
        lr = a.lr * min(1, (step + 1) / a.warmup) * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * progress)))
        for g in opt.param_groups:
            g['lr'] = lr
        t = a.context if progress >= a.long_from else a.short
        x, y = make_batch(train, rng, a.tokens // t, t, vocab, a.p_random, a.p_natural)
        x, y = x.to(a.device), y.to(a.device)
        with amp():
            logits = model(x)
            loss = F.cross_entropy(logits.float().flatten(0, 1), y.flatten(), ignore_index=IGNORE)
        opt.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        opt.step()
        seen += x.numel()
        step += 1
        smooth = loss.item() if smooth is None else 0.99 * smooth + 0.01 * loss.item()
        if step % 50 == 0:
            say(f'step {step} loss {loss.item():.4f} smooth {smooth:.4f} lr {lr:.5f} tokens {seen} '
                f'{seen / (time.time() - began):.0f} tokens/s')


if __name__ == '__main__':
    main()
