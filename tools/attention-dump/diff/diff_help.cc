#include "tools/attention-dump/diff/diff_arguments.h"

namespace fovea::dump {

std::string DiffHelpText() {
  return R"(Usage: attention-dump diff A B [--text T | --file F | --tokens 1,2,3 | -] [-o OUT]
       attention-dump diff [MODEL] --text T --against-text U [-o OUT]

What changed? Compares the attention of two model files over one text (what did quantization do to
it?), or of one model over two texts that have the same number of tokens.

Examples
  attention-dump diff model-f16.gguf model-q4_0.gguf --file story.txt
  attention-dump diff model-f16.gguf model-q4_0.gguf --file story.txt --fail-above 0.01
  attention-dump diff model-f16.gguf model-q4_0.gguf --text "The cat sat." -o diff.html
  attention-dump diff --text "The dog saw the cat." --against-text "The cat saw the dog."
  attention-dump diff a.gguf b.gguf --text "The cat sat." -o diff.csv -o diff.json

Texts
  --text T            this text
  --file F            a UTF-8 file, every byte of it
  -                   standard input
  --tokens 1,2,3      token ids, taken as they are (nothing is added)
  --against-text U, --against-file G, --against-tokens 4,5,6
                      the second text, for one model

What is measured
  JS mean, JS worst   Jensen-Shannon divergence between a head's rows in A and in B, in nats: 0 for
                      equal rows, 0.693 (ln 2) for rows with nothing in common; the mean over all
                      rows, and the worst row with its token
  top-1               share of rows that look most at the same token
  loss, perplexity    of each text's tokens but the first
  KL                  between the next-token distributions, KL(A || B), in nats

What to show
  --layers 0-3,5      these layers, counted from 0 (default: all)
  --heads 0,2         these query heads of every layer (default: all)
  --top N             only the N heads that changed most

Output
  -o, --output OUT    instead of the table in the terminal; may be given several times:
                        .html        a page with both sides, to explore; needs no network
                        .csv .json   the table
  --fail-above X      exit with 1 if the largest JS mean of a head is above X (for tests)
  -q, --quiet         no progress bar, no list of the files written

How to run, as for attention-dump --help: --threads, --context, --kv, --fast, --exact, --low-memory,
--isa, --max-memory.
Both sides run in step, a few tokens at a time, so no map is kept whatever the length.

Exit status: 0 done, 1 it could not be done or --fail-above was exceeded (one line says which), 2
the command line is wrong.
)";
}

}  // namespace fovea::dump
