#include <algorithm>
#include <cstddef>
#include <string_view>

#include "tools/attention-dump/dump/arguments.h"
#include "tools/attention-dump/output/output_format.h"
#include "tools/common/choose_isa.h"

namespace fovea::dump {
namespace {

constexpr std::size_t kEndingsWidth = 25;

/// A line of the list of formats: the endings that hold this, and what it is.
std::string FormatLine(OutputContent content, std::string_view what) {
  std::string endings = EndingsOf({content}, ", ");
  std::erase(endings, ',');
  endings.resize(std::max(endings.size() + 1, kEndingsWidth), ' ');
  return std::string(24, ' ') + endings + std::string(what) + "\n";
}

std::string FormatLines() {
  return FormatLine(OutputContent::kArrays, "arrays [layer, head, query, key], any length") +
         FormatLine(OutputContent::kMaps, "the maps alone, as one such array") +
         FormatLine(OutputContent::kPage, "a page to explore, any length; no network") +
         FormatLine(OutputContent::kPicture, "a picture: one head, or a grid of heads") +
         FormatLine(OutputContent::kText, "text, for small selections");
}

/// Text beside an option's name, in lines of at most 95 columns.
std::string Wrapped(std::string_view text) {
  constexpr std::size_t kIndent = 22;
  constexpr std::size_t kWidth = 95 - kIndent;
  std::string lines;
  while (text.size() > kWidth) {
    const std::size_t space = text.rfind(' ', kWidth);
    lines += std::string(text.substr(0, space)) + "\n" + std::string(kIndent, ' ');
    text.remove_prefix(space + 1);
  }
  return lines.append(text);
}

void Replace(std::string_view name, const std::string& value, std::string* text) {
  for (std::size_t begin = 0; (begin = text->find(name, begin)) != std::string::npos;
       begin += value.size()) {
    text->replace(begin, name.size(), value);
  }
}

/// {arrays}, {text}, {pictures}, {page} and {formats} stand for what the table of formats says,
/// {isas} for the instruction sets that the library knows.
constexpr std::string_view kHelp =
    R"(Usage: attention-dump [MODEL] [--text T | --file F | --tokens 1,2,3 | -] [-o OUT ...]

Shows the exact attention of a model (a GGUF file, or a folder with config.json and safetensors)
over a text. Without MODEL: the small model that ships. Without a text: a sample sentence. Without
-o: a heat map in the terminal. Of encoder-decoders: three maps, as arrays (-o FILE.npz).

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
  --target TEXT       lead an encoder-decoder along this target instead of its own greedy one
  --target-tokens IDS the same as ids, without the start token
  --generate N        go on greedily for up to N tokens; the map covers prompt and continuation

What to keep
  --layers 0-3,5      these layers, counted from 0 (default: all)
  --heads 0,2         these query heads of every layer (default: all)
  --precision f16     weights in the file: f16 (default) or f32 (exact)
  --logits            also logits [token, vocabulary]                    ({arrays})
  --embeddings        also the output of the last layer [token, width]   ({arrays})
  --hidden            also hidden states around every layer [layer + 1, token, width]
                                                                         ({arrays})
  --scores            also scores before the softmax, masked ones -inf   ({arrays})
  --trace             also queries, keys and log-sum-exp of every layer  ({arrays})
  --top-k K           the K largest weights of every row instead of maps; what they leave out is
                      reported                  ({arrays}, {text}, --stream)
  --pool P            maps pooled to blocks of P x P tokens, largest and mean, instead of whole ones
                                               ({arrays}, {text}, {pictures})
  --no-maps           no maps among the arrays: --trace --no-maps keeps a text of any length
                      without loss, and every row can be rebuilt from it
  --compare-mask      also the same maps without the causal mask      ({pictures}, {page}, terminal)

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
{formats}  --page-size BYTES   a page is at most so large (default: 19.5M, beyond 2,048 tokens 50M);
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
  --isa NAME          {isas}
  --low-memory        map the model file instead of reading it: the system may take its pages back
  --max-memory BYTES  refuse rather than use more, e.g. 500M

  -h, --help          this text
  --version           print the version

Exit status: 0 done, 1 it could not be done (one line says why; no file is left half-written), 2 the
command line is wrong.
)";

}  // namespace

std::string HelpText() {
  std::string help(kHelp);
  Replace("{formats}", FormatLines(), &help);
  Replace("{arrays}", EndingsOf({OutputContent::kArrays}, ", "), &help);
  Replace("{text}", EndingsOf({OutputContent::kText}, ", "), &help);
  Replace("{pictures}", EndingsOf({OutputContent::kPicture}, ", "), &help);
  Replace("{page}", EndingsOf({OutputContent::kPage}, ", "), &help);
  Replace("{isas}", Wrapped(tools::IsaNames() + " (default: the best; or the variable FOVEA_ISA)"),
          &help);
  return help;
}

}  // namespace fovea::dump
