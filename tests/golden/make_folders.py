#!/usr/bin/env python3
"""Tiny seeded random-weight safetensors folders, one for every family and variant, with their goldens.

  make_folders.py [--out data/folders] [--only NAME ...]

Writes NAME/config.json, NAME/model.safetensors, NAME/tokenizer.json and NAME.npz.  Names, shapes and keys are those of
published folders.  A seed is taken whose greedy continuation, if there is one, has clear margins and
several different tokens.
"""
import argparse, functools, hashlib, json, os, shutil

import numpy as np

import encoder_decoder_reference, folder_decoders, folder_encoders, folder_shapes as shapes
from folder_io import read_folder, to_bf16, write_folder
from folder_reference import rounded

HERE = os.path.dirname(os.path.abspath(__file__))
GREEDY_STEPS, CLEAR_MARGIN, VARIETY = 8, 0.05, 3
WORDS = ('a and are away bird book but by cat cold could day dog door down far fire for from garden green had her here him his '
         'house in it light little long morning mother night no not of old on one out rain red river road room sea she sky so '
         'stone that the they to tree under was water we went where white who wind with you').split()
SOURCE = 'the old dog went down to the river and the little bird was in the tree'
TARGET = 'one morning she went out where rain and wind are cold'


# ---- tokenizers: one word, one id

def tokenizer(special, unknown, single, pair=None, pad_last=False):
    """(ids by word, tokenizer.json).  single: what a text becomes, '$' standing for its words; pair: what two texts become,
    as [(token, '$' or '$B', token type)], where the family takes pairs."""
    ids = {t: i for i, t in enumerate(special + WORDS)}
    if pad_last:
        ids['<pad>'] = len(ids)
    added = [{'id': ids[t], 'content': t, 'single_word': False, 'lstrip': False, 'rstrip': False, 'normalized': False,
              'special': True} for t in special + ['<pad>'] * pad_last]

    def template(parts):
        return [{'Sequence': {'id': t[1:] or 'A', 'type_id': kind}} if t[0] == '$' else {'SpecialToken': {'id': t, 'type_id': kind}}
                for t, kind in parts]

    single = [(t, 0) for t in single]
    return ids, {
        'version': '1.0', 'truncation': None, 'padding': None, 'added_tokens': added, 'normalizer': None,
        'pre_tokenizer': {'type': 'Whitespace'},
        'post_processor': {'type': 'TemplateProcessing', 'single': template(single),
                           'pair': template(pair or single + [('$B' if t == '$' else t, 0) for t, _ in single]),
                           'special_tokens': {t: {'id': t, 'ids': [ids[t]], 'tokens': [t]} for t, _ in single if t[0] != '$'}},
        'decoder': None, 'model': {'type': 'WordLevel', 'vocab': ids, 'unk_token': unknown}}


def encode(ids, single, text):
    return [i for t in single for i in ([ids[word] for word in text.split()] if t == '$' else [ids[t]])]


BERT = dict(special=['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'], unknown='[UNK]', single=['[CLS]', '$', '[SEP]'],
            pair=[('[CLS]', 0), ('$', 0), ('[SEP]', 0), ('$B', 1), ('[SEP]', 1)])
ROBERTA = dict(special=['<s>', '<pad>', '</s>', '<unk>', '<mask>'], unknown='<unk>', single=['<s>', '$', '</s>'],
               pair=[('<s>', 0), ('$', 0), ('</s>', 0), ('</s>', 0), ('$B', 0), ('</s>', 0)])
T5 = dict(special=['<pad>', '</s>', '<unk>'], unknown='<unk>', single=['$', '</s>'])
MARIAN = dict(special=['</s>', '<unk>'], unknown='<unk>', single=['$', '</s>'], pad_last=True)
LLAMA = dict(special=['<unk>', '<s>', '</s>'], unknown='<unk>', single=['<s>', '$'])
GEMMA = dict(special=['<pad>', '<eos>', '<bos>', '<unk>'], unknown='<unk>', single=['<bos>', '$'])
GPT = dict(special=['<|endoftext|>', '<unk>'], unknown='<unk>', single=['$'])


# ---- the variants: tokenizer, function that draws the tensors, config.json (vocab_size is added)

ENCODER = dict(hidden_size=36, num_hidden_layers=2, num_attention_heads=3, intermediate_size=44, hidden_act='gelu',
               max_position_embeddings=40, layer_norm_eps=1e-12, type_vocab_size=2, pad_token_id=0, initializer_range=0.02,
               hidden_dropout_prob=0.1, attention_probs_dropout_prob=0.1)
LABELS = {'0': 'low', '1': 'middle', '2': 'high'}
ONE_LAYER = dict(num_hidden_layers=1, id2label=LABELS)
DISTIL = dict(model_type='distilbert', architectures=['DistilBertForMaskedLM'], dim=36, n_layers=2, n_heads=3, hidden_dim=44,
              activation='gelu', max_position_embeddings=40, sinusoidal_pos_embds=False, tie_weights_=True, pad_token_id=0,
              dropout=0.1, attention_dropout=0.1)
ALBERT = ENCODER | dict(model_type='albert', architectures=['AlbertForMaskedLM'], hidden_size=48, embedding_size=20,
                        num_hidden_layers=3, num_attention_heads=4, intermediate_size=56, num_hidden_groups=1,
                        inner_group_num=1, hidden_act='gelu_new', bos_token_id=2, eos_token_id=3)
BART = dict(model_type='bart', architectures=['BartForConditionalGeneration'], d_model=32, encoder_layers=2, decoder_layers=2,
            encoder_attention_heads=4, decoder_attention_heads=4, encoder_ffn_dim=40, decoder_ffn_dim=40,
            activation_function='gelu', max_position_embeddings=40, scale_embedding=False, is_encoder_decoder=True,
            bos_token_id=0, pad_token_id=1, eos_token_id=2, decoder_start_token_id=2, forced_eos_token_id=2,
            num_hidden_layers=2, dropout=0.1, use_cache=True)
MARIAN_CONFIG = BART | dict(model_type='marian', architectures=['MarianMTModel'], activation_function='swish', scale_embedding=True,
                            bos_token_id=0, eos_token_id=0, forced_eos_token_id=0, static_position_embeddings=True,
                            normalize_before=False, normalize_embedding=False, add_final_layer_norm=False,
                            share_encoder_decoder_embeddings=True)
T5_CONFIG = dict(model_type='t5', architectures=['T5ForConditionalGeneration'], d_model=32, d_kv=12, num_heads=3, d_ff=40,
                 num_layers=2, num_decoder_layers=2, feed_forward_proj='relu', relative_attention_num_buckets=8,
                 relative_attention_max_distance=20, layer_norm_epsilon=1e-6, is_encoder_decoder=True, pad_token_id=0,
                 eos_token_id=1, decoder_start_token_id=0, n_positions=512, dropout_rate=0.1)
DECODER = dict(hidden_size=36, num_hidden_layers=2, num_attention_heads=3, num_key_value_heads=1, intermediate_size=44,
               hidden_act='silu', max_position_embeddings=64, rms_norm_eps=1e-5, rope_theta=10000.0, rope_scaling=None,
               tie_word_embeddings=False, attention_bias=False, attention_dropout=0.0, bos_token_id=1, eos_token_id=2,
               use_cache=True, torch_dtype='float32')
LLAMA_CONFIG = DECODER | dict(model_type='llama', architectures=['LlamaForCausalLM'], mlp_bias=False, pretraining_tp=1)
QWEN = DECODER | dict(bos_token_id=0, eos_token_id=0, rms_norm_eps=1e-6, rope_theta=1000000.0, tie_word_embeddings=True,
                      num_attention_heads=4, num_key_value_heads=2, sliding_window=5, use_sliding_window=False,
                      max_window_layers=1)
GEMMA_CONFIG = DECODER | dict(hidden_activation='gelu_pytorch_tanh', tie_word_embeddings=True, bos_token_id=2, eos_token_id=1,
                              pad_token_id=0, rms_norm_eps=1e-6, num_attention_heads=4, num_key_value_heads=2, head_dim=12)
GEMMA3 = GEMMA_CONFIG | dict(model_type='gemma3_text', architectures=['Gemma3ForCausalLM'], hidden_size=32, num_attention_heads=2,
                             num_key_value_heads=1, query_pre_attn_scalar=20, sliding_window=6, rope_theta=1000000.0,
                             rope_local_base_freq=10000.0, attn_logit_softcapping=None, final_logit_softcapping=None,
                             intermediate_size=36)
GPT2_CONFIG = dict(model_type='gpt2', architectures=['GPT2LMHeadModel'], n_embd=36, n_head=3, n_layer=2, n_inner=None, n_positions=32,
                   n_ctx=32, activation_function='gelu_new', layer_norm_epsilon=1e-5, scale_attn_weights=True, bos_token_id=0,
                   eos_token_id=0)
NEOX = dict(model_type='gpt_neox', architectures=['GPTNeoXForCausalLM'], hidden_size=36, num_attention_heads=3, num_hidden_layers=2,
            intermediate_size=60, hidden_act='gelu', layer_norm_eps=1e-5, max_position_embeddings=32, rotary_pct=0.5,
            rotary_emb_base=10000, use_parallel_residual=True, tie_word_embeddings=False, bos_token_id=0, eos_token_id=0)


def without(config, *keys):
    return {k: v for k, v in config.items() if k not in keys}


bind = functools.partial
VARIANTS = {
    'bert': (BERT, shapes.bert, ENCODER | dict(model_type='bert', architectures=['BertForMaskedLM'])),
    'bert-bare': (BERT, bind(shapes.bert, prefix=False), ENCODER | dict(
        model_type='bert', architectures=['BertModel'], num_attention_heads=4, layer_norm_eps=1e-3, hidden_act='gelu_new')),
    'bert-classes': (BERT, bind(shapes.bert, classes=True), ENCODER | ONE_LAYER | dict(
        model_type='bert', architectures=['BertForSequenceClassification'])),
    'roberta': (ROBERTA, shapes.bert, ENCODER | dict(
        model_type='roberta', architectures=['RobertaForMaskedLM'], type_vocab_size=1, pad_token_id=1, bos_token_id=0, eos_token_id=2,
        layer_norm_eps=1e-3, hidden_act='relu')),
    'roberta-classes': (ROBERTA, bind(shapes.bert, classes=True), ENCODER | ONE_LAYER | dict(
        model_type='roberta', architectures=['RobertaForSequenceClassification'], type_vocab_size=1, pad_token_id=1, bos_token_id=0,
        eos_token_id=2, layer_norm_eps=1e-5)),
    'distilbert': (BERT, shapes.distilbert, DISTIL),
    'distilbert-classes': (BERT, bind(shapes.distilbert, classes=True), DISTIL | dict(
        architectures=['DistilBertForSequenceClassification'], n_layers=1, id2label=LABELS)),
    'albert': (BERT, shapes.albert, ALBERT),
    'albert-groups': (BERT, shapes.albert, ALBERT | dict(num_hidden_groups=2, hidden_act='gelu', hidden_size=32, layer_norm_eps=1e-3)),
    'bart': (ROBERTA, shapes.bart, BART),
    'bart-scaled': (ROBERTA, shapes.bart, BART | dict(
        scale_embedding=True, activation_function='relu', encoder_layers=1, decoder_layers=2, decoder_attention_heads=2,
        decoder_ffn_dim=52, num_hidden_layers=1)),
    'marian': (MARIAN, shapes.bart, MARIAN_CONFIG),
    'marian-computed': (MARIAN, bind(shapes.bart, stored_positions=False), MARIAN_CONFIG | dict(
        activation_function='relu', encoder_layers=2, decoder_layers=1, decoder_attention_heads=2)),
    'marian-two-vocabularies': (MARIAN, bind(shapes.bart, stored_positions=False, own_embeddings=True), MARIAN_CONFIG | dict(
        share_encoder_decoder_embeddings=False, scale_embedding=False, encoder_layers=1, decoder_layers=1)),
    't5': (T5, shapes.t5, T5_CONFIG | dict(num_decoder_layers=1)),
    't5-gated': (T5, bind(shapes.t5, copies=True), T5_CONFIG | dict(
        feed_forward_proj='gated-gelu', tie_word_embeddings=False, num_layers=1, d_ff=36, relative_attention_num_buckets=10,
        layer_norm_epsilon=1e-3)),
    'llama': (LLAMA, shapes.llama, LLAMA_CONFIG),
    'llama-llama3': (LLAMA, shapes.llama, LLAMA_CONFIG | dict(rope_theta=500000.0, tie_word_embeddings=True, rope_scaling={
        'factor': 8.0, 'low_freq_factor': 1.0, 'high_freq_factor': 4.0, 'original_max_position_embeddings': 64,
        'rope_type': 'llama3'})),
    'llama-bf16': (LLAMA, shapes.llama, LLAMA_CONFIG | dict(
        torch_dtype='bfloat16', num_attention_heads=4, num_key_value_heads=2, head_dim=10, tie_word_embeddings=True)),
    'mistral': (LLAMA, shapes.llama, DECODER | dict(
        model_type='mistral', architectures=['MistralForCausalLM'], sliding_window=None, head_dim=None, rms_norm_eps=1e-3)),
    'qwen2': (GPT, shapes.llama, QWEN | dict(
        model_type='qwen2', architectures=['Qwen2ForCausalLM'], hidden_size=40)),
    'qwen2-yarn': (GPT, shapes.llama, QWEN | dict(
        model_type='qwen2', architectures=['Qwen2ForCausalLM'], hidden_size=40, rope_theta=10000.0, rope_scaling={
            'factor': 4.0, 'original_max_position_embeddings': 64, 'type': 'yarn'})),
    'qwen3': (GPT, shapes.llama, without(QWEN, 'rope_theta', 'rope_scaling', 'torch_dtype') | dict(
        model_type='qwen3', architectures=['Qwen3ForCausalLM'], head_dim=12, dtype='float32', sliding_window=None,
        rope_parameters={'rope_theta': 1000000.0, 'rope_type': 'default'}, layer_types=['full_attention'] * 2)),
    'gemma2': (GEMMA, shapes.llama, GEMMA_CONFIG | dict(
        model_type='gemma2', architectures=['Gemma2ForCausalLM'], hidden_act='gelu_pytorch_tanh', query_pre_attn_scalar=12,
        sliding_window=6, attn_logit_softcapping=3.0, final_logit_softcapping=12.0)),
    'gemma3_text': (GEMMA, shapes.llama, without(GEMMA3, 'hidden_act') | dict(num_hidden_layers=6, sliding_window_pattern=6)),
    'gemma3_text-layer-types': (GEMMA, shapes.llama, without(GEMMA3, 'hidden_act', 'rope_theta', 'rope_local_base_freq',
                                                            'rope_scaling', 'torch_dtype') | dict(
        num_hidden_layers=3, layer_types=['sliding_attention', 'full_attention', 'sliding_attention'], dtype='float32',
        query_pre_attn_scalar=12, rope_parameters={'full_attention': {'rope_theta': 1000000.0, 'rope_type': 'linear', 'factor': 8.0},
                                                   'sliding_attention': {'rope_theta': 10000.0, 'rope_type': 'default'}})),
    'phi3': (LLAMA, shapes.llama, DECODER | dict(
        model_type='phi3', architectures=['Phi3ForCausalLM'], num_attention_heads=3, num_key_value_heads=3, sliding_window=None,
        original_max_position_embeddings=64)),
    'phi3-longrope': (LLAMA, shapes.llama, DECODER | dict(
        model_type='phi3', architectures=['Phi3ForCausalLM'], num_attention_heads=3, num_key_value_heads=1, head_dim=16,
        partial_rotary_factor=0.75, sliding_window=None, original_max_position_embeddings=8, tie_word_embeddings=True,
        rope_scaling={'type': 'longrope', 'short_factor': [1.0, 1.125, 1.25, 1.375, 1.5, 1.625],
                      'long_factor': [1.5, 2.75, 4.0, 5.25, 6.5, 7.75]})),
    'gpt2': (GPT, shapes.gpt2, GPT2_CONFIG),
    'gpt2-bare': (GPT, bind(shapes.gpt2, prefix=False), GPT2_CONFIG | dict(n_head=4, n_inner=60, layer_norm_epsilon=1e-3)),
    'gpt_neox': (GPT, shapes.gpt_neox, NEOX),
    'gpt_neox-sequential': (GPT, shapes.gpt_neox, NEOX | dict(
        use_parallel_residual=False, hidden_act='gelu_new', rotary_pct=1.0, layer_norm_eps=1e-3)),
}
SHARDS = {'qwen2': 2}


def arrays(config, tensors, ids, text):
    """The golden's arrays, still in float64.  text: the arguments of tokenizer()."""
    source = encode(ids, text['single'], SOURCE)
    if config.get('is_encoder_decoder'):
        model = encoder_decoder_reference.load(config, tensors)
        target = [config['decoder_start_token_id']] + encode(ids, ['$'], TARGET)
        return {'source_tokens': source, 'target_tokens': target} | encoder_decoder_reference.run(model, source, target, GREEDY_STEPS)
    if config['model_type'] in folder_decoders.FORWARD:
        return {'tokens': source} | folder_decoders.run(config, tensors, source, GREEDY_STEPS)
    out = {'tokens': source} | folder_encoders.run(config, tensors, source)
    if config.get('type_vocab_size') == 2:
        first, second = source, encode(ids, ['$', '[SEP]'], TARGET)
        types = [0] * len(first) + [1] * len(second)
        out |= {'pair_tokens': first + second, 'pair_token_types': types,
                'pair_output': folder_encoders.run(config, tensors, first + second, types)['output']}
    return out


def is_clear(z):
    """Whether the greedy continuation is a good test: no near ties, and not one token again and again."""
    return z['greedy_margin'].min() > CLEAR_MARGIN and len(set(z['greedy_tokens'].tolist())) >= VARIETY


def make(name, out):
    text, draw, config = VARIANTS[name]
    folder = os.path.join(out, name)
    shutil.rmtree(folder, ignore_errors=True)
    ids, tokenizer_json = tokenizer(**text)
    config = config | {'vocab_size': len(ids)}
    if 'pad_last' in text:
        config |= {'pad_token_id': ids['<pad>'], 'decoder_start_token_id': ids['<pad>'], 'decoder_vocab_size': len(ids)}
    first = int(hashlib.sha256(name.encode()).hexdigest()[:6], 16)
    for seed in range(first, first + 2000):
        w = shapes.Draw(seed)
        draw(w, config)
        bf16 = config.get('torch_dtype') == 'bfloat16'
        tensors = {n: to_bf16(a) if bf16 else a for n, a in w.out.items()}
        write_folder(folder, config, tensors, SHARDS.get(name, 1), [('tokenizer.json', tokenizer_json)])
        z = arrays(*read_folder(folder), ids, text)
        if 'greedy_tokens' not in z or is_clear(z):
            break
    else:
        raise RuntimeError(f'{name}: no seed with a clear continuation')
    note = {'made_by': 'tests/golden/make_folders.py, float64', 'model_type': config['model_type'], 'seed': seed}
    z = {k: rounded(k, a) for k, a in z.items()} | {
        'prompt': np.frombuffer(SOURCE.encode(), np.uint8), 'meta': np.frombuffer(json.dumps(note).encode(), np.uint8)}
    np.savez_compressed(os.path.join(out, name + '.npz'), **z)
    return z, sum(os.path.getsize(os.path.join(folder, f)) for f in os.listdir(folder))


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--out', default=os.path.join(HERE, 'data', 'folders'))
    p.add_argument('--only', nargs='+', choices=list(VARIANTS), default=list(VARIANTS))
    a = p.parse_args()
    os.makedirs(a.out, exist_ok=True)
    for name in a.only:
        z, size = make(name, a.out)
        peaks = [round(float(z[k].max(-1).mean()), 2) for k in z if k.endswith('attention')]
        greedy = z['greedy_tokens'].tolist() if 'greedy_tokens' in z else '-'
        print(f'{name:24s} {size} + {os.path.getsize(os.path.join(a.out, name + ".npz"))} bytes, mean row maximum {peaks}, '
              f'greedy {greedy}')


if __name__ == '__main__':
    main()
