"""Random weights of model folders: which tensors a family stores, under which names, in which shapes.

Each function fills `w` (see Draw) for a config.json.  Weights are drawn so that attention is neither flat nor one-hot and
every tensor matters.
"""
import numpy as np

from encoder_decoder_reference import sinusoids


class Draw:
    """Tensors in a fixed order from one seed.  RandomState's stream is frozen by NumPy's compatibility promise."""

    def __init__(self, seed):
        self.rng, self.out = np.random.RandomState(seed), {}

    def tensor(self, name, shape, spread, centre=0.0):
        self.out[name] = (centre + spread * self.rng.standard_normal(shape)).astype('<f4')

    def matrix(self, name, rows, columns, gain=1.0):
        self.tensor(name + '.weight', (rows, columns), gain / np.sqrt(columns))

    def linear(self, name, rows, columns, gain=1.0):
        self.matrix(name, rows, columns, gain)
        self.tensor(name + '.bias', rows, 0.2)

    def norm(self, name, size, bias=True, centre=1.0):
        self.tensor(name + '.weight', size, 0.2, centre)
        if bias:
            self.tensor(name + '.bias', size, 0.2)


# ---- encoders

def bert(w, c, prefix=True, classes=False):
    """bert and roberta."""
    roberta, d = c['model_type'] == 'roberta', c['hidden_size']
    p = c['model_type'] + '.' if prefix else ''
    w.matrix(p + 'embeddings.word_embeddings', c['vocab_size'], d, 4.0)
    w.matrix(p + 'embeddings.position_embeddings', c['max_position_embeddings'], d, 3.0)
    w.matrix(p + 'embeddings.token_type_embeddings', c['type_vocab_size'], d, 2.0)
    w.norm(p + 'embeddings.LayerNorm', d)
    for i in range(c['num_hidden_layers']):
        q = f'{p}encoder.layer.{i}.'
        for n in ('query', 'key', 'value'):
            w.linear(q + 'attention.self.' + n, d, d, 1.0 if n == 'value' else 1.4)
        w.linear(q + 'attention.output.dense', d, d)
        w.norm(q + 'attention.output.LayerNorm', d)
        w.linear(q + 'intermediate.dense', c['intermediate_size'], d)
        w.linear(q + 'output.dense', d, c['intermediate_size'])
        w.norm(q + 'output.LayerNorm', d)
    if not prefix:                                                     # the bare model: a pooler, and in older files this
        w.linear('pooler.dense', d, d)
        w.out['embeddings.position_ids'] = np.arange(c['max_position_embeddings'], dtype='<i8')[None]
        return
    if classes and roberta:
        w.linear('classifier.dense', d, d)
        w.linear('classifier.out_proj', len(c['id2label']), d, 2.0)
        return
    if classes:
        w.linear('bert.pooler.dense', d, d)
        w.linear('classifier', len(c['id2label']), d, 2.0)
        return
    head = 'lm_head.' if roberta else 'cls.predictions.'
    w.tensor(head + 'bias', c['vocab_size'], 0.5)
    w.linear(head + ('dense' if roberta else 'transform.dense'), d, d)
    w.norm(head + ('layer_norm' if roberta else 'transform.LayerNorm'), d)


def distilbert(w, c, classes=False):
    d, p = c['dim'], 'distilbert.'
    w.matrix(p + 'embeddings.word_embeddings', c['vocab_size'], d, 4.0)
    w.matrix(p + 'embeddings.position_embeddings', c['max_position_embeddings'], d, 3.0)
    w.norm(p + 'embeddings.LayerNorm', d)
    for i in range(c['n_layers']):
        q = f'{p}transformer.layer.{i}.'
        for n in 'qkv':
            w.linear(f'{q}attention.{n}_lin', d, d, 1.0 if n == 'v' else 1.4)
        w.linear(q + 'attention.out_lin', d, d)
        w.norm(q + 'sa_layer_norm', d)
        w.linear(q + 'ffn.lin1', c['hidden_dim'], d)
        w.linear(q + 'ffn.lin2', d, c['hidden_dim'])
        w.norm(q + 'output_layer_norm', d)
    if classes:
        w.linear('pre_classifier', d, d)
        w.linear('classifier', len(c['id2label']), d, 2.0)
        return
    w.linear('vocab_transform', d, d)
    w.norm('vocab_layer_norm', d)
    w.tensor('vocab_projector.bias', c['vocab_size'], 0.5)


def albert(w, c):
    d, e, p = c['hidden_size'], c['embedding_size'], 'albert.'
    w.matrix(p + 'embeddings.word_embeddings', c['vocab_size'], e, 4.0)
    w.matrix(p + 'embeddings.position_embeddings', c['max_position_embeddings'], e, 3.0)
    w.matrix(p + 'embeddings.token_type_embeddings', c['type_vocab_size'], e, 2.0)
    w.norm(p + 'embeddings.LayerNorm', e)
    w.linear(p + 'encoder.embedding_hidden_mapping_in', d, e)
    for g in range(c['num_hidden_groups']):
        for i in range(c['inner_group_num']):
            q = f'{p}encoder.albert_layer_groups.{g}.albert_layers.{i}.'
            w.norm(q + 'full_layer_layer_norm', d)
            for n in ('query', 'key', 'value'):
                w.linear(q + 'attention.' + n, d, d, 1.0 if n == 'value' else 1.4)
            w.linear(q + 'attention.dense', d, d)
            w.norm(q + 'attention.LayerNorm', d)
            w.linear(q + 'ffn', c['intermediate_size'], d)
            w.linear(q + 'ffn_output', d, c['intermediate_size'])
    w.tensor('predictions.bias', c['vocab_size'], 0.5)
    w.norm('predictions.LayerNorm', e)
    w.linear('predictions.dense', e, d)


# ---- encoder-decoders

def bart(w, c, stored_positions=True, own_embeddings=False):
    """bart and marian."""
    d, is_bart = c['d_model'], c['model_type'] == 'bart'
    gain = 6.0 / np.sqrt(d) if c['scale_embedding'] else 4.0
    if own_embeddings:
        w.matrix('model.encoder.embed_tokens', c['vocab_size'], d, gain)
        w.matrix('model.decoder.embed_tokens', c['decoder_vocab_size'], d, gain)
    else:
        w.matrix('model.shared', c['vocab_size'], d, gain)
    w.tensor('final_logits_bias', (1, c.get('decoder_vocab_size', c['vocab_size'])), 0.2)
    for side in ('encoder', 'decoder'):
        p, ffn = f'model.{side}.', c[side + '_ffn_dim']
        if is_bart:
            w.matrix(p + 'embed_positions', c['max_position_embeddings'] + 2, d, 3.0)
            w.norm(p + 'layernorm_embedding', d)
        elif stored_positions:
            w.out[p + 'embed_positions.weight'] = sinusoids(c['max_position_embeddings'], d).astype('<f4')
        for i in range(c[side + '_layers']):
            q = f'{p}layers.{i}.'
            for name in ('self_attn', 'encoder_attn')[:1 if side == 'encoder' else 2]:
                for n in ('k_proj', 'v_proj', 'q_proj', 'out_proj'):
                    w.linear(f'{q}{name}.{n}', d, d, {'k': 1.4, 'q': 1.4, 'v': 1.0, 'o': 2.0}[n[0]])
                w.norm(f'{q}{name}_layer_norm', d)
            w.linear(q + 'fc1', ffn, d)
            w.linear(q + 'fc2', d, ffn, 3.0)
            w.norm(q + 'final_layer_norm', d)


def t5(w, c, copies=False):
    d, inner, ffn = c['d_model'], c['num_heads'] * c['d_kv'], c['d_ff']
    w.matrix('shared', c['vocab_size'], d, 2.0 if copies else 3.0)
    if copies:                                                         # as real files of untied models often have
        for side in ('encoder', 'decoder'):
            w.out[side + '.embed_tokens.weight'] = w.out['shared.weight'].copy()
        w.matrix('lm_head', c['vocab_size'], d, 2.0)
    for side, layers in (('encoder', c['num_layers']), ('decoder', c['num_decoder_layers'])):
        for i in range(layers):
            names = ('SelfAttention', 'EncDecAttention')[:1 if side == 'encoder' else 2]
            for j, name in enumerate(names):
                p = f'{side}.block.{i}.layer.{j}.'
                for n in 'qkv':
                    w.matrix(f'{p}{name}.{n}', inner, d, 0.7 if n == 'q' else 1.0)
                w.matrix(f'{p}{name}.o', d, inner, 2.0)
                # In cross-attention a leftover of the first models, which nothing reads.
                if i == 0 and (j == 0 or not copies):
                    w.tensor(f'{p}{name}.relative_attention_bias.weight', (c['relative_attention_num_buckets'], c['num_heads']), 1.0)
                w.norm(p + 'layer_norm', d, bias=False)
            p = f'{side}.block.{i}.layer.{len(names)}.'
            for n in ('wi_0', 'wi_1') if c['feed_forward_proj'].startswith('gated') else ('wi',):
                w.matrix(f'{p}DenseReluDense.{n}', ffn, d)
            w.matrix(p + 'DenseReluDense.wo', d, ffn, 2.0)
            w.norm(p + 'layer_norm', d, bias=False)
        w.norm(side + '.final_layer_norm', d, bias=False)


# ---- decoders

def llama(w, c):
    """llama, mistral, qwen2, qwen3, gemma2, gemma3_text and phi3."""
    kind, d, ffn = c['model_type'], c['hidden_size'], c['intermediate_size']
    heads, kv = c['num_attention_heads'], c['num_key_value_heads']
    head = c.get('head_dim') or d // heads
    gemma = kind.startswith('gemma')
    centre = 0.0 if gemma else 1.0                                     # Gemma adds one to the weight of every norm
    w.matrix('model.embed_tokens', c['vocab_size'], d, 1.0 if gemma else 2.0)
    for i in range(c['num_hidden_layers']):
        p = f'model.layers.{i}.'
        w.norm(p + 'input_layernorm', d, False, centre)
        if kind == 'phi3':
            w.matrix(p + 'self_attn.qkv_proj', (heads + 2 * kv) * head, d, 1.4)
        for n, count in (('q', heads), ('k', kv), ('v', kv)) if kind != 'phi3' else ():
            draw = w.linear if kind == 'qwen2' else w.matrix
            draw(f'{p}self_attn.{n}_proj', count * head, d, 1.0 if n == 'v' else 1.4)
        if kind in ('qwen3', 'gemma3_text'):
            w.norm(p + 'self_attn.q_norm', head, False, centre)
            w.norm(p + 'self_attn.k_norm', head, False, centre)
        w.matrix(p + 'self_attn.o_proj', d, heads * head)
        w.norm(p + 'post_attention_layernorm', d, False, centre)
        if gemma:
            w.norm(p + 'pre_feedforward_layernorm', d, False, centre)
            w.norm(p + 'post_feedforward_layernorm', d, False, centre)
        if kind == 'phi3':
            w.matrix(p + 'mlp.gate_up_proj', 2 * ffn, d)
        else:
            w.matrix(p + 'mlp.gate_proj', ffn, d)
            w.matrix(p + 'mlp.up_proj', ffn, d)
        w.matrix(p + 'mlp.down_proj', d, ffn)
    w.norm('model.norm', d, False, centre)
    if not c['tie_word_embeddings']:
        w.matrix('lm_head', c['vocab_size'], d, 2.5)


def gpt2(w, c, prefix=True):
    d, n = c['n_embd'], c['n_positions']
    ffn, pre = c['n_inner'] or 4 * d, 'transformer.' if prefix else ''

    def conv(name, inputs, outputs, gain=1.0):
        w.tensor(name + '.weight', (inputs, outputs), gain / np.sqrt(inputs))
        w.tensor(name + '.bias', outputs, 0.2)

    w.matrix(pre + 'wte', c['vocab_size'], d, 2.0)
    w.matrix(pre + 'wpe', n, d, 1.5)
    for i in range(c['n_layer']):
        p = f'{pre}h.{i}.'
        w.norm(p + 'ln_1', d)
        if not prefix:                                                 # the causal mask, which older files store
            w.out[p + 'attn.bias'] = np.tril(np.ones((n, n), '<f4'))[None, None]
        conv(p + 'attn.c_attn', d, 3 * d, 1.4)
        conv(p + 'attn.c_proj', d, d)
        w.norm(p + 'ln_2', d)
        conv(p + 'mlp.c_fc', d, ffn)
        conv(p + 'mlp.c_proj', ffn, d)
    w.norm(pre + 'ln_f', d)


def gpt_neox(w, c):
    d, ffn, n = c['hidden_size'], c['intermediate_size'], c['max_position_embeddings']
    n_rot = int(d // c['num_attention_heads'] * c['rotary_pct'])
    w.matrix('gpt_neox.embed_in', c['vocab_size'], d, 2.0)
    for i in range(c['num_hidden_layers']):
        p = f'gpt_neox.layers.{i}.'
        w.norm(p + 'input_layernorm', d)
        w.norm(p + 'post_attention_layernorm', d)
        # Leftovers that older files store: a mask, a number and the frequencies.
        w.out[p + 'attention.bias'] = np.tril(np.ones((n, n), '?'))[None, None]
        w.out[p + 'attention.masked_bias'] = np.array(-1e9, '<f4')
        w.out[p + 'attention.rotary_emb.inv_freq'] = (c['rotary_emb_base'] ** -(np.arange(0, n_rot, 2) / n_rot)).astype('<f4')
        w.linear(p + 'attention.query_key_value', 3 * d, d, 1.4)
        w.linear(p + 'attention.dense', d, d)
        w.linear(p + 'mlp.dense_h_to_4h', ffn, d)
        w.linear(p + 'mlp.dense_4h_to_h', d, ffn)
    w.norm('gpt_neox.final_layer_norm', d)
    w.matrix('embed_out', c['vocab_size'], d, 2.5)
