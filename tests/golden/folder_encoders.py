"""Encoders of safetensors folders in float64: bert, roberta, distilbert, albert, with their heads for masked tokens and for
classes.

All four are the same post-norm block under different names:  x = norm(x + attention(x)); x = norm(x + feed_forward(x)).
"""
import numpy as np

from reference_math import ACTIVATIONS, Weights, attend, gelu_erf, relu, split_heads

_BERT_LAYER = dict(q='attention.self.query', k='attention.self.key', v='attention.self.value', o='attention.output.dense',
                   attention_norm='attention.output.LayerNorm', up='intermediate.dense', down='output.dense',
                   output_norm='output.LayerNorm')
_LAYER = {
    'bert': _BERT_LAYER,
    'roberta': _BERT_LAYER,
    'distilbert': dict(q='attention.q_lin', k='attention.k_lin', v='attention.v_lin', o='attention.out_lin',
                       attention_norm='sa_layer_norm', up='ffn.lin1', down='ffn.lin2', output_norm='output_layer_norm'),
    'albert': dict(q='attention.query', k='attention.key', v='attention.value', o='attention.dense',
                   attention_norm='attention.LayerNorm', up='ffn', down='ffn_output', output_norm='full_layer_layer_norm'),
}


class Encoder:
    def __init__(self, config, tensors):
        self.c, self.w, self.kind = config, Weights(tensors), config['model_type']
        # Files of the bare model, without a head, have no prefix.
        self.prefix = self.kind + '.' if any(n.startswith(self.kind + '.') for n in tensors) else ''
        distil = self.kind == 'distilbert'                             # which has names of its own, and fixes the epsilon
        self.heads = config['n_heads' if distil else 'num_attention_heads']
        self.layers = config['n_layers' if distil else 'num_hidden_layers']
        self.act = ACTIVATIONS[config['activation' if distil else 'hidden_act']]
        self.eps = 1e-12 if distil else config['layer_norm_eps']

    def first_position(self):
        return self.c['pad_token_id'] + 1 if self.kind == 'roberta' else 0

    def layer_names(self):
        """The prefixes of the blocks' tensors, in the order in which the blocks run."""
        if self.kind == 'distilbert':
            return [f'{self.prefix}transformer.layer.{i}.' for i in range(self.layers)]
        if self.kind != 'albert':
            return [f'{self.prefix}encoder.layer.{i}.' for i in range(self.layers)]
        groups, inner = self.c.get('num_hidden_groups', 1), self.c.get('inner_group_num', 1)
        return [f'{self.prefix}encoder.albert_layer_groups.{int(i / (self.layers / groups))}.albert_layers.{j}.'
                for i in range(self.layers) for j in range(inner)]

    def embed(self, tokens, token_types):
        w, p = self.w, self.prefix + 'embeddings.'
        first = self.first_position()
        x = w[p + 'word_embeddings.weight'][tokens] + w[p + 'position_embeddings.weight'][first:first + len(tokens)]
        if p + 'token_type_embeddings.weight' in w:
            x = x + w[p + 'token_type_embeddings.weight'][token_types]
        x = w.layer_norm(x, p + 'LayerNorm', self.eps)
        mapping = self.prefix + 'encoder.embedding_hidden_mapping_in'
        return w.linear(x, mapping) if mapping + '.weight' in w else x

    def block(self, x, p):
        w, n = self.w, _LAYER[self.kind]
        q, k, v = (split_heads(w.linear(x, p + n[r]), self.heads) for r in 'qkv')
        y, a = attend(q, k, v, q.shape[-1] ** -0.5)
        x = w.layer_norm(x + w.linear(y, p + n['o']), p + n['attention_norm'], self.eps)
        y = w.linear(self.act(w.linear(x, p + n['up'])), p + n['down'])
        return w.layer_norm(x + y, p + n['output_norm'], self.eps), a

    def forward(self, tokens, token_types=None):
        """-> (hidden [layers + 1, n, width], attention [layers, heads, n, n]); the last hidden state is the output."""
        x = self.embed(tokens, np.zeros(len(tokens), int) if token_types is None else token_types)
        hidden, maps = [x], []
        for p in self.layer_names():
            x, a = self.block(x, p)
            hidden.append(x)
            maps.append(a)
        return np.array(hidden), np.array(maps)

    def mlm(self, x):
        """[n, width] -> [n, vocabulary], or None if the folder has no such head."""
        dense, norm, bias, act = {
            'bert': ('cls.predictions.transform.dense', 'cls.predictions.transform.LayerNorm', 'cls.predictions.bias', self.act),
            'roberta': ('lm_head.dense', 'lm_head.layer_norm', 'lm_head.bias', gelu_erf),       # whatever hidden_act says
            'distilbert': ('vocab_transform', 'vocab_layer_norm', 'vocab_projector.bias', self.act),
            'albert': ('predictions.dense', 'predictions.LayerNorm', 'predictions.bias', self.act),
        }[self.kind]
        w = self.w
        if dense + '.weight' not in w:
            return None
        x = w.layer_norm(act(w.linear(x, dense)), norm, self.eps)
        return x @ w[self.prefix + 'embeddings.word_embeddings.weight'].T + w[bias]


    def classify(self, x):
        """[n, width] -> [labels] from the first token, or None if the folder has no such head."""
        w, first = self.w, x[:1]
        if 'classifier.out_proj.weight' in w:                          # roberta
            return w.linear(np.tanh(w.linear(first, 'classifier.dense')), 'classifier.out_proj')[0]
        if 'classifier.weight' not in w:
            return None
        if self.kind == 'distilbert':
            return w.linear(relu(w.linear(first, 'pre_classifier')), 'classifier')[0]
        pooler = 'albert.pooler' if self.kind == 'albert' else 'bert.pooler.dense'
        return w.linear(np.tanh(w.linear(first, pooler)), 'classifier')[0]


def run(config, tensors, tokens, token_types=None):
    """The arrays of one golden file."""
    model = Encoder(config, tensors)
    hidden, maps = model.forward(tokens, token_types)
    out = {'hidden': hidden, 'encoder_attention': maps, 'output': hidden[-1]}
    heads = {'mlm_logits': model.mlm(hidden[-1]), 'class_logits': model.classify(hidden[-1])}
    return out | {name: logits for name, logits in heads.items() if logits is not None}
