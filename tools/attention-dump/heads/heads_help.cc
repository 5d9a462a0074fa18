#include "tools/attention-dump/heads/heads_arguments.h"

namespace fovea::dump {

std::string HeadsHelpText() {
  return R"(Usage: attention-dump heads [MODEL] [--text T | --file F | --tokens 1,2,3 | - | --probe] [-o OUT]

Which head should I look at? A table with a row for every head: what it does over a text, in
numbers and in plain words. Without MODEL: the small model that ships. Without a text: a sample.

Examples
  attention-dump heads                                    every head over a sample sentence
  attention-dump heads model.gguf --file story.txt --sort previous --top 10
  attention-dump heads model.gguf --probe --sort induction --top 5
  attention-dump heads model.gguf --file story.txt --ablate-all --top 10
  attention-dump heads model.gguf --text "The cat sat." -o heads.csv -o heads.json

Text
  --text T            this text
  --file F            a UTF-8 file, every byte of it
  -                   standard input
  --tokens 1,2,3      token ids, taken as they are (nothing is added)
  --probe             random tokens, repeated once (always the same ones): shows which heads find
                      what followed the last time (induction) and who repeats (duplicate)
  --probe-length N    how many tokens are repeated (default: 64, or half of the context)

Columns (means over the rows of a head's map; A is its map, q the query, k the key)
  entropy             -sum A ln A, in nats: 0 looks at one token, large looks at many
  distance            sum A (q - k) / sum A, in tokens
  confidence          largest weight of the row
  previous            weight on the token before
  self                weight on the token itself
  first               weight on the first token (a sink above 0.3)
  duplicate           weight on the same token in the first copy         (--probe)
  induction           weight on the token after it in the first copy     (--probe)
  type                the first that fits: induction, duplicate token, previous token, current token
                      (0.4 of the weight or more), first token (sink), broad, local, mixed

Does it matter?
  --ablate-all        take every head away in turn (its output before the output projection), and
                      rank the heads by what that costs:
    loss_change       change of the mean loss over the text, in nats per token: > 0, the head helps
    divergence        KL between the next-token distributions with and without it, in nats
    top1_change       share of positions whose most likely next token becomes another one
  --ablation zero     what takes its place: zero (default), or mean, its mean output over the text

What to show
  --layers 0-3,5      these layers, counted from 0 (default: all)
  --heads 0,2         these query heads of every layer (default: all)
  --sort COLUMN       largest first; "position" is by layer and head (default; with --ablate-all:
                      loss_change)
  --top N             only the first N rows

Output
  -o, --output OUT    instead of the table in the terminal; may be given several times:
                        .html        a page with the maps and these numbers; needs no network
                        .csv .json   the table
  -q, --quiet         no progress bar, no list of the files written

How to run, as for attention-dump --help: --threads, --context, --kv, --fast, --exact, --low-memory,
--isa, --max-memory.

Exit status: 0 done, 1 it could not be done (one line says why; no file is left half-written), 2 the
command line is wrong.
)";
}

}  // namespace fovea::dump
