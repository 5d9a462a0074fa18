// --stream: one JSON line per token while the model runs, for a live reader: what the token is,
// what the model expects next, and where the chosen heads look. The schema stands in
// tools/attention-dump/docs/stream.md.
#ifndef FOVEA_TOOLS_ATTENTION_DUMP_OBSERVERS_TOKEN_STREAM_H_
#define FOVEA_TOOLS_ATTENTION_DUMP_OBSERVERS_TOKEN_STREAM_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <fovea/fovea.hpp>

#include "tools/attention-dump/data/dump_data.h"
#include "tools/attention-dump/data/dump_shape.h"
#include "tools/attention-dump/data/head_index.h"
#include "tools/attention-dump/observers/largest.h"
#include "tools/attention-dump/output/line_sink.h"
#include "tools/attention-dump/output/text_fields.h"

namespace fovea::dump {

/// Tokens of one call of a session when every row of the prompt is streamed, so that waiting rows
/// stay within a fixed memory.
std::size_t StreamBatch(const DumpShape& shape, std::size_t usual_batch);

class TokenStream final : public AttentionObserver {
 public:
  /// Rows of positions before `first_position` are not wanted. shape.top_k > 0 chooses the largest
  /// weights instead of whole rows. `tokenizer` may be null. Nothing is owned.
  TokenStream(const DumpShape& shape, std::size_t first_position, const Tokenizer* tokenizer,
              LineSink* sink);

  const AttentionSelection& selection() const override { return selection_; }
  bool concurrent() const override { return true; }
  void OnRows(const AttentionRows& rows) override;

  /// The first line. `info` knows the prompt; `generate`: tokens that may follow it.
  void Begin(const DumpInfo& info, std::size_t generate);
  /// The line of one token, when its rows were delivered. Positions in order, from first_position.
  void OnToken(std::size_t position, std::int32_t token, bool generated,
               std::span<const float> logits);
  /// The last line.
  void End(const DumpInfo& info);

  /// The run may stop: the reader went away, or something else went wrong.
  bool failed() const { return sink_->failed() || out_of_memory_.load(std::memory_order_relaxed); }
  Status status() const;

 private:
  /// A row that waits for the rest of its token.
  struct Row {
    std::size_t position = 0;
    std::vector<float> weights;    // whole rows: of keys 0 … position
    std::vector<WeightedKey> top;  // --top-k
    float residual = 0.0F;
  };
  void KeepRows(const AttentionRows& rows, std::size_t map);
  std::string Piece(std::int32_t token) const;
  void AppendNext(std::span<const float> logits, std::string* line) const;
  void AppendRow(std::size_t map, std::size_t position, std::string* line);

  DumpShape shape_;
  std::size_t first_position_;
  const Tokenizer* tokenizer_;
  LineSink* sink_;
  AttentionSelection selection_;
  HeadIndex index_;
  NumberWriter number_;
  std::atomic<bool> out_of_memory_{false};
  std::vector<std::vector<Row>> waiting_;  // [layers, heads] in order; one caller per head
};

}  // namespace fovea::dump

#endif  // FOVEA_TOOLS_ATTENTION_DUMP_OBSERVERS_TOKEN_STREAM_H_
