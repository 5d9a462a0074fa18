#!/usr/bin/env python3
"""How a spelling-to-phonemes BART folder reads the words of a dictionary, greedily, in float64.

  spelling_reference.py FOLDER [--words 1000] [--out WORDS.tsv]

The folder's config.json holds grapheme_chars and phoneme_chars (an id is a position in them; 0 to 3 are special), and
dictionary.json the words.  Taken are words of lower-case letters, sorted, at even distances.  A word is <start> letters
<end>.  Each line of the file: word, ids given to the encoder, ids that followed the start, their text, the dictionary's
text, the smallest gap of the two best logits.
"""
import argparse, json, os

from encoder_decoder_reference import greedy, load
from folder_io import read_folder

LONGEST = 48


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('folder')
    p.add_argument('--words', type=int, default=1000)
    p.add_argument('--out')
    a = p.parse_args()
    config, tensors = read_folder(a.folder)
    model = load(config, tensors)
    letters = {c: i for i, c in enumerate(config['grapheme_chars']) if i > 3}
    dictionary = json.load(open(os.path.join(a.folder, 'dictionary.json'), encoding='utf-8'))
    words = sorted(w for w, text in dictionary.items()
                   if isinstance(text, str) and w.isalpha() and w.islower() and all(c in letters for c in w))
    words = [words[len(words) * i // a.words] for i in range(a.words)]
    lines, right = [], 0
    for word in words:
        source = [config['bos_token_id'], *(letters[c] for c in word), config['eos_token_id']]
        ids, margin = greedy(model, source, LONGEST, config['eos_token_id'])
        text = ''.join(config['phoneme_chars'][i] for i in ids if i > 3)
        right += text == dictionary[word]
        lines.append('\t'.join([word, ','.join(map(str, source)), ','.join(map(str, ids)), text, dictionary[word],
                                f'{margin.min():.4f}']))
    if a.out:
        with open(a.out, 'w', encoding='utf-8') as f:
            f.write('\n'.join(lines) + '\n')
    print(f'{right} of {len(words)} words as in the dictionary')


if __name__ == '__main__':
    main()
