// From recordings to a page document. One text gives a page of its own; with `without_mask` the
// page also holds the same text's maps without the causal mask; two texts (two model files, two
// texts of equal length, or one run before and after a change) stand side by side, with `pair`
// saying what they are and how their heads differ.
#ifndef FOVEA_TOOLS_ATTENTION_DUMP_PAGE_BUILD_PAGE_H_
#define FOVEA_TOOLS_ATTENTION_DUMP_PAGE_BUILD_PAGE_H_

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <fovea/fovea.hpp>

#include "tools/attention-dump/data/dump_data.h"
#include "tools/attention-dump/page/page_document.h"
#include "tools/attention-dump/page/recording.h"

namespace fovea::dump {

/// One text through one model. Nothing is owned.
struct PageText {
  std::string label = {};  ///< Names it in a pair, e.g. "model-q4_0.gguf"; untrusted.
  const DumpInfo* info = nullptr;
  const Recording* recording = nullptr;
  const Tokenizer* tokenizer = nullptr;  ///< For the pieces of candidates; may be null.
  /// Per head [layers, heads] of the recording, or empty: change of the loss when the head is
  /// ablated, and scores on a repeated sequence.
  std::vector<double> effects = {}, duplicate = {}, induction = {};
};

/// How two texts differ.
struct PagePair {
  struct Head {
    double js_mean = 0.0, js_worst = 0.0;  ///< Jensen–Shannon divergence of rows, nats.
    double top1 = 0.0;                     ///< Share of rows whose largest weight is at one place.
  };
  enum class Kind : std::uint8_t { kAblation, kModels, kTexts };

  Kind kind = Kind::kModels;
  std::vector<std::pair<std::string, std::string>> summary;  ///< Name and value.
  /// [layers, heads], or empty: then the page measures them.
  std::vector<Head> heads;
};

struct PageOptions {
  std::uint64_t bytes = 0;  ///< The file may take so many; 0: DefaultPageBytes.
  bool without_mask = false;
  std::size_t threads = 1;
  std::function<bool()> cancelled = {};
  std::function<void(double done)> on_progress = {};  ///< Called on the caller's thread.
};

struct BuiltPage {
  PageDocument document;
  /// Largest difference of a weight that the page shows from the computed one.
  double max_error = 0.0;
  /// Bits that one number of queries and keys takes on average; 0: weights are stored.
  double bits_per_number = 0.0;
};

/// `pair` may be null with one text. kLimitExceeded if the page cannot be made so small: the
/// message says which size would do. kInvalidArgument if two texts have not the same shape.
Result<BuiltPage> BuildPage(std::span<const PageText> texts, const PagePair* pair,
                            const PageOptions& options);

}  // namespace fovea::dump

#endif  // FOVEA_TOOLS_ATTENTION_DUMP_PAGE_BUILD_PAGE_H_
