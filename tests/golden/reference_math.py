"""The formulas that the references of folders and of encoder-decoders share: activations, norms, rotation, attention.

Everything is float64.  x is [tokens, width]; heads are [heads, tokens, head_dim]; maps are [heads, queries, keys].
"""
import math

import numpy as np

_erf = np.vectorize(math.erf, otypes=[np.float64])


def gelu_erf(x):
    return 0.5 * x * (1 + _erf(x / math.sqrt(2)))


def gelu_tanh(x):
    return 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x ** 3)))


def silu(x):
    return x / (1 + np.exp(-x))


def relu(x):
    return np.maximum(x, 0)


# By the names that config.json uses: "gelu" is the exact one.
ACTIVATIONS = {'gelu': gelu_erf, 'gelu_new': gelu_tanh, 'gelu_pytorch_tanh': gelu_tanh, 'silu': silu, 'swish': silu, 'relu': relu}


def softmax(s):
    e = np.exp(s - s.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def rms_norm(x, weight, eps):
    return x / np.sqrt((x * x).mean(-1, keepdims=True) + eps) * weight


def split_heads(x, heads):
    """[tokens, heads * head_dim] -> [heads, tokens, head_dim]"""
    return x.reshape(len(x), heads, -1).transpose(1, 0, 2)


def future(queries, keys=None):
    """True where the key comes after the query."""
    return np.arange(queries)[:, None] < np.arange(keys or queries)[None]


def attend(q, k, v, scale, hidden=None, bias=0.0, cap=0.0):
    """q [heads, t, d], k and v [kv_heads, s, d] -> ([t, heads * d], the map [heads, t, s]).

    hidden [t, s]: pairs that get no weight; bias [heads, t, s] is added to the scores; cap: cap * tanh(scores / cap).
    """
    of = np.arange(len(q)) // (len(q) // len(k))                       # the KV head that each query head reads
    k, v = k[of], v[of]
    scores = np.einsum('hqd,hkd->hqk', q, k) * scale + bias
    if cap:
        scores = cap * np.tanh(scores / cap)
    if hidden is not None:
        scores = np.where(hidden, -np.inf, scores)
    a = softmax(scores)
    return np.einsum('hqk,hkd->qhd', a, v).reshape(q.shape[1], -1), a


def rotate_halves(x, frequency, magnitude=1.0):
    """RoPE of positions 0.. on [heads, tokens, head_dim]: value i turns with value i + n, where n is the number of
    frequencies; what lies beyond the first 2 n values passes."""
    n = len(frequency)
    angle = np.arange(x.shape[1])[:, None] * frequency
    cos, sin, y = np.cos(angle) * magnitude, np.sin(angle) * magnitude, x.copy()
    y[..., :n] = x[..., :n] * cos - x[..., n:2 * n] * sin
    y[..., n:2 * n] = x[..., n:2 * n] * cos + x[..., :n] * sin
    return y


class Weights:
    """Tensors by name with the operations that read them; every name is used exactly as the file spells it."""

    def __init__(self, tensors):
        self.tensors = tensors

    def __getitem__(self, name):
        return self.tensors[name]

    def __contains__(self, name):
        return name in self.tensors

    def linear(self, x, name):
        """Matrix [out, in], bias if the file has one."""
        y = x @ self.tensors[name + '.weight'].T
        return y + self.tensors[name + '.bias'] if name + '.bias' in self.tensors else y

    def layer_norm(self, x, name, eps):
        x = x - x.mean(-1, keepdims=True)
        return rms_norm(x, self.tensors[name + '.weight'], eps) + self.tensors[name + '.bias']
