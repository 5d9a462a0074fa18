"""The network of the shipped model in PyTorch: Llama block, tied embeddings, RoPE on interleaved pairs (2i, 2i+1)."""
import math

import torch
from torch import nn
from torch.nn import functional as F


def rope_tables(context, head_dim, theta):
    angle = torch.arange(context)[:, None] / theta ** (torch.arange(0, head_dim, 2).float() / head_dim)[None]
    return angle.cos()[:, None, :], angle.sin()[:, None, :]      # [T, 1, head_dim/2]


def rotate(x, cos, sin):
    """x: [B, T, heads, head_dim] -> the same, pairs (2i, 2i+1) turned by position."""
    even, odd = x[..., 0::2], x[..., 1::2]
    return torch.stack((even * cos - odd * sin, even * sin + odd * cos), -1).flatten(-2)


class RmsNorm(nn.Module):
    def __init__(self, dim, eps):
        super().__init__()
        self.weight, self.eps = nn.Parameter(torch.ones(dim)), eps

    def forward(self, x):
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.eps) * self.weight


class Block(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.heads, self.kv_heads, self.head_dim = c['heads'], c['kv_heads'], c['dim'] // c['heads']
        q, kv = self.heads * self.head_dim, self.kv_heads * self.head_dim
        self.split = [q, kv, kv]
        self.attn_norm, self.ffn_norm = RmsNorm(c['dim'], c['eps']), RmsNorm(c['dim'], c['eps'])
        self.qkv = nn.Linear(c['dim'], q + 2 * kv, bias=False)            # rows: query, key, value
        self.attn_out = nn.Linear(q, c['dim'], bias=False)
        self.gate_up = nn.Linear(c['dim'], 2 * c['hidden'], bias=False)   # rows: gate, up
        self.down = nn.Linear(c['hidden'], c['dim'], bias=False)

    def attention(self, x, cos, sin, mask):
        b, t, _ = x.shape
        group, d = self.heads // self.kv_heads, self.head_dim
        qk, v = self.qkv(x).split([self.split[0] + self.split[1], self.split[2]], -1)
        qk = rotate(qk.view(b, t, -1, d), cos, sin)
        q, k = qk.split([self.heads, self.kv_heads], 2)
        q = (q * d ** -0.5).view(b, t, self.kv_heads, group, d).permute(0, 2, 3, 1, 4).reshape(b * self.kv_heads, group * t, d)
        k = k.permute(0, 2, 3, 1).reshape(b * self.kv_heads, d, t)
        v = v.view(b, t, self.kv_heads, d).transpose(1, 2).reshape(b * self.kv_heads, t, d)
        s = torch.bmm(q, k).view(-1, group, t, t) + mask
        a = torch.softmax(s, -1, dtype=s.dtype).view(-1, group * t, t)
        y = torch.bmm(a, v).view(b, self.kv_heads, group, t, d).permute(0, 3, 1, 2, 4).reshape(b, t, -1)
        return self.attn_out(y)

    def forward(self, x, cos, sin, mask):
        x = x + self.attention(self.attn_norm(x), cos, sin, mask)
        gate, up = self.gate_up(self.ffn_norm(x)).chunk(2, -1)
        return x + self.down(F.silu(gate) * up)


class Llama(nn.Module):
    def __init__(self, config):
        super().__init__()
        c = self.config = config
        self.embed = nn.Embedding(c['vocab'], c['dim'])
        self.blocks = nn.ModuleList(Block(c) for _ in range(c['layers']))
        self.norm = RmsNorm(c['dim'], c['eps'])
        cos, sin = rope_tables(c['context'], c['dim'] // c['heads'], c['theta'])
        self.register_buffer('cos', cos, persistent=False)
        self.register_buffer('sin', sin, persistent=False)
        for name, w in self.named_parameters():
            if w.dim() == 2:
                deep = 'attn_out' in name or 'down' in name
                nn.init.normal_(w, std=0.02 / (math.sqrt(2 * c['layers']) if deep else 1))

    def forward(self, ids):
        """ids [B, T] -> logits [B, T, vocab]"""
        t = ids.shape[1]
        low = torch.get_autocast_cpu_dtype() if torch.is_autocast_cpu_enabled() else torch.float32
        if ids.is_cuda:
            low = torch.get_autocast_gpu_dtype() if torch.is_autocast_enabled() else torch.float32
        mask = torch.full((t, t), -1e4, dtype=low, device=ids.device).triu(1)
        cos, sin = self.cos[:t].to(low), self.sin[:t].to(low)
        x = self.embed(ids)
        for block in self.blocks:
            x = block(x, cos, sin, mask)
        return F.linear(self.norm(x), self.embed.weight)
