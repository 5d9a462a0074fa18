#include "tools/attention-dump/command/arguments.h"

namespace fovea::dump {

std::string HelpText() {
  return R"(Usage: attention-dump [MODEL] [--text T | --file F | --tokens 1,2,3 | -] [-o OUT ...]

Shows the exact attention of a language model (a GGUF file) over a text. Without MODEL: the small
model that ships. Without a text: a sample sentence. Without -o: a heat map in the terminal.

Subcommands (each has its own --help; a model file of that name is ./heads)
  attention-dump heads                                    which head should I look at?
  attention-dump diff A B                                 what changed from one model to another?
  attention-dump serve                                    type, and the maps follow in a browser

Examples
  attention-dump                                          look at something, now
  attention-dump model.gguf --text "The cat sat." -o map.html
  attention-dump model.gguf --file story.txt -o maps.npz --layers 0-3 --heads 0,2
  attention-dump model.gguf --file book.txt -o book.npz --layers 3 --heads 0,5 --top-k 16
  attention-dump model.gguf --text "The cat sat." --ablate L3H5 -o without.png
  echo "Once upon a time" | attention-dump - --generate 20 -o tale.png --layers 2 --heads 1

Text
  --text T            this text
  --file F            a UTF-8 file, every byte of it
  -                   standard input
  --tokens 1,2,3      token ids, taken as they are (nothing is added)
  --generate N        go on greedily for up to N tokens; the map covers prompt and continuation

What to keep
  --layers 0-3,5      these layers, counted from 0 (default: all)
  --heads 0,2         these query heads of every layer (default: all)
  --precision f16     weights in the file: f16 (default) or f32 (exact)
  --logits            also logits [token, vocabulary]                    (.npz, .safetensors)
  --scores            also scores before the softmax, masked ones -inf   (.npz, .safetensors)
  --trace             also queries, keys and log-sum-exp of every layer  (.npz, .safetensors)
  --top-k K           the K largest weights of every row instead of maps (.npz, .safetensors, .json,
                      .csv, --stream); what they leave out is reported
  --pool P            maps pooled to blocks of P x P tokens, largest and mean, instead of whole ones
                                               (.npz, .safetensors, .json, .csv, .png, .svg)
  --no-maps           no maps in .npz and .safetensors: --trace --no-maps keeps a text of any length
                      without loss, and every row can be rebuilt from it
  --compare-mask      also the same maps without the causal mask      (.png, .svg, .html, terminal)

What a cell is (default: the weight)
  --values            the weight times the length of what it moves, |weight v W_O|; arrays hold the
                      lengths themselves, pictures and the terminal divide each row by its sum
  --rollout           how much of a token comes from each input token, followed through all layers
                      up to the last (or each of --layers), the mean of all heads at every step
  --flow              the same as the largest flow that the weights let through (up to 128 tokens)

Does a head matter?
  --ablate L3H5,L4H1  run twice, the second time without these heads: change of the loss and of the
                      next token; the maps are those without them, pictures and pages show both
  --ablation zero     what takes the place of a head's output: zero (default), or mean, its mean
                      over the text

Output
  -o, --output OUT    may be given several times; the ending chooses the format:
                        .npz .safetensors .npy   arrays [layer, head, query, key], any length
                        .html                    a page to explore, any length; needs no network
                        .png .svg                a picture: one head, or a grid of heads
                        .json .csv               text, for small selections
  --page-size BYTES   an .html page is at most so large (default: 19.5M, beyond 2,048 tokens 50M);
                      a larger one is more exact: it states its largest error
  --stream            a JSON line per token on standard output while the model runs: the last token
                      of the prompt and every generated one (--stream=FILE: into a file or pipe)
  --stream-prompt     with --stream: a line for every token of the prompt too
  -q, --quiet         no progress bar, no list of the files written

How to run
  --threads N         default: one per core
  --context N         most tokens allowed (default: what the model was trained for)
  --kv f32            keys and values are cached as f32 (default), f16, bf16 or int8
  --fast              quantize activations to 8 bits where weights are quantized, as llama.cpp does:
                      two to three times as fast
  --exact             keep activations in f32 (default)
  --isa NAME          scalar, avx2, avx512, avx512vnni, avx512bf16, amx, neon, neon-dotprod,
                      neon-i8mm, sve or sve-i8mm (default: the best; or the variable FOVEA_ISA)
  --low-memory        map the model file instead of reading it: the system may take its pages back
  --max-memory BYTES  refuse rather than use more, e.g. 500M

  -h, --help          this text
  --version           print the version

Exit status: 0 done, 1 it could not be done (one line says why; no file is left half-written), 2 the
command line is wrong.
)";
}

}  // namespace fovea::dump
