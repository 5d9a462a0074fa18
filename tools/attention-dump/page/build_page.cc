#include "tools/attention-dump/page/build_page.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdlib>
#include <map>
#include <memory>
#include <optional>

#include "fovea/status_macros.h"
#include "platform/thread_pool.h"
#include "tools/attention-dump/base/human.h"
#include "tools/attention-dump/page/head_changes.h"
#include "tools/attention-dump/page/packing.h"
#include "tools/attention-dump/page/page_info.h"
#include "tools/attention-dump/page/text_code.h"
#include "tools/attention-dump/page/trace_blocks.h"
#include "tools/attention-dump/page/trace_rows.h"

namespace fovea::dump {
namespace {

constexpr const char* kMaskOn = "causal";
constexpr const char* kMaskOff = "bidirectional (mask off)";
constexpr double kBytesPerTextByte = 13.0 / 16.0;
/// Text around a block: its element, its name.
constexpr double kElementBytes = 70.0;

class Builder {
 public:
  Builder(std::span<const PageText> texts, const PagePair* pair, const PageOptions& options)
      : texts_(texts), pair_(pair), options_(options) {}

  Result<BuiltPage> Build();

 private:
  struct Document {
    DocumentInfo info;
    std::vector<HeadRecord> own_heads;  // of a document without a recording of its own
    const std::vector<HeadRecord>* heads = nullptr;
  };

  Status Check() const;
  void Describe(const PageText& text, std::string label, bool causal, Document* document);
  Status RecordWithoutMask(Document* document);
  void AddSummaries(std::size_t index);
  Status CompareDocuments();
  void AddWeights(std::size_t index);
  void AddValueNorms(std::size_t index);
  Status AddTraces();
  double FixedBytes() const;
  std::string InfoJson() const;
  void SortBlocks();

  std::span<const PageText> texts_;
  const PagePair* pair_;
  const PageOptions& options_;
  std::uint64_t page_bytes_ = 0;
  std::unique_ptr<platform::ThreadPool> pool_;
  platform::SerialParallel serial_;
  platform::Parallel* parallel_ = &serial_;
  std::vector<Document> documents_;
  std::vector<PagePair::Head> changes_;  // of a pair, [layers, heads]
  BuiltPage page_;
};

std::string Name(std::size_t document, const char* kind, std::size_t layer, std::size_t head) {
  return std::to_string(document) + "/" + kind + "/" + std::to_string(layer) + "/" +
         std::to_string(head);
}

Status Builder::Check() const {
  if (texts_.empty() || texts_.size() > 2) {
    return {StatusCode::kInvalidArgument, "a page shows one text or two"};
  }
  if (texts_.size() == 1) return Status::Ok();
  const RecordingPlan& a = texts_[0].recording->plan;
  const RecordingPlan& b = texts_[1].recording->plan;
  if (a.layers != b.layers || a.heads != b.heads) {
    return {StatusCode::kInvalidArgument, "the two have different layers or heads"};
  }
  if (texts_[0].info->tokens.size() != texts_[1].info->tokens.size()) {
    return {StatusCode::kInvalidArgument,
            "the two have " + std::to_string(texts_[0].info->tokens.size()) + " and " +
                std::to_string(texts_[1].info->tokens.size()) + " tokens"};
  }
  return Status::Ok();
}

void Builder::Describe(const PageText& text, std::string label, bool causal, Document* document) {
  const RecordingPlan& plan = text.recording->plan;
  DocumentInfo& info = document->info;
  info.text = &text;
  info.label = std::move(label);
  info.causal = causal;
  info.weights = plan.weights;
  info.half = plan.half;
  if (!text.recording->traces.empty()) {
    info.scale = text.recording->traces.front().scale;
    info.softcap = text.recording->traces.front().softcap;
  }
  document->heads = &text.recording->heads;
}

/// Lets the rows of the maps without their mask stream by, as the recorder saw those with it.
Status Builder::RecordWithoutMask(Document* document) {
  const PageText& text = texts_.front();
  const Recording& recording = *text.recording;
  const RecordingPlan& plan = recording.plan;
  const std::size_t tokens = text.info->tokens.size();
  document->info.shares_first = !plan.weights;
  const std::size_t maps = plan.layers.size() * plan.heads.size();
  const std::size_t block = tokens > kMaxTokensWithoutPyramid ? plan.pyramid_block : 0;
  for (std::size_t map = 0; map < maps; ++map) {
    document->own_heads.emplace_back(HeadRecordOptions{
        .causal = false, .pyramid_block = block, .weights = plan.weights, .half = plan.half});
  }
  document->heads = &document->own_heads;
  std::vector<Status> failures(maps);
  parallel_->Run(maps, [&](std::size_t map, std::size_t) {
    const HeadTrace rows = TraceOf(recording, map, tokens, /*causal=*/false);
    try {
      failures[map] = RebuildRows(rows, 0, tokens, [&](const AttentionRows& rebuilt) {
        document->own_heads[map].Add(rebuilt);
        const bool stop = options_.cancelled && options_.cancelled();
        return stop ? Status(StatusCode::kCancelled, "interrupted") : Status::Ok();
      });
    } catch (const std::bad_alloc&) {
      failures[map] = Status(StatusCode::kOutOfMemory, "not enough memory to build the page");
    }
    document->own_heads[map].Finish();
  });
  for (const Status& failure : failures) {
    FOVEA_RETURN_IF_ERROR(failure);
  }
  return Status::Ok();
}

/// Statistics, thumbnails and the pyramid.
void Builder::AddSummaries(std::size_t index) {
  Document& document = documents_[index];
  const std::size_t tokens = document.info.text->info->tokens.size();
  const std::size_t heads_per_layer = document.info.text->recording->plan.heads.size();
  std::string thumbnails;
  for (std::size_t map = 0; map < document.heads->size(); ++map) {
    const HeadRecord& head = (*document.heads)[map];
    document.info.statistics.push_back(head.Statistics());
    const std::vector<std::uint8_t> square = head.Thumbnail(&document.info.thumbnail_side);
    thumbnails.append(square.begin(), square.end());
    const BlockMap* pyramid = head.pyramid();
    if (pyramid == nullptr || tokens <= kMaxTokensWithoutPyramid) continue;
    document.info.pyramid_block = pyramid->block();
    document.info.pyramid_side = pyramid->side();
    page_.document.blocks.push_back(
        {Name(index, "p", map / heads_per_layer, map % heads_per_layer),
         Deflate(pyramid->LargestCodes() + pyramid->MeanCodes(), PackEffort::kSmall)});
  }
  page_.document.blocks.push_back(
      {std::to_string(index) + "/thumbs", Deflate(thumbnails, PackEffort::kSmall)});
}

/// How the heads of a pair differ, where the caller has not measured it.
Status Builder::CompareDocuments() {
  if (pair_ != nullptr) changes_ = pair_->heads;
  if (documents_.size() < 2 || !changes_.empty()) return Status::Ok();
  const auto maps = [](const Document& document) {
    return DocumentMaps{.recording = document.info.text->recording,
                        .heads = *document.heads,
                        .tokens = document.info.text->info->tokens.size(),
                        .causal = document.info.causal};
  };
  Result<std::vector<PagePair::Head>> changes =
      MeasureChanges(maps(documents_[0]), maps(documents_[1]), options_.cancelled, parallel_);
  FOVEA_RETURN_IF_ERROR(changes);
  changes_ = std::move(*changes);
  return Status::Ok();
}

void Builder::AddWeights(std::size_t index) {
  Document& document = documents_[index];
  const std::size_t heads = document.info.text->recording->plan.heads.size();
  // Half of a step of float16 below 1.
  document.info.max_error = document.info.half ? 0x1p-12 : 0.0;
  std::vector<PageBlock> blocks(document.heads->size());
  parallel_->Run(blocks.size(), [&](std::size_t map, std::size_t) {
    blocks[map] = {Name(index, "w", map / heads, map % heads),
                   Deflate((*document.heads)[map].WeightPlanes())};
  });
  for (PageBlock& block : blocks) page_.document.blocks.push_back(std::move(block));
}

/// A mantissa of 11 bits, as float16 has: the rest would only take space.
float Shortened(float value) {
  const std::uint32_t bits = std::bit_cast<std::uint32_t>(value);
  return std::bit_cast<float>((bits + 0x1000U) & 0xFFFFE000U);
}

void Builder::AddValueNorms(std::size_t index) {
  DocumentInfo& info = documents_[index].info;
  const Recording& recording = *info.text->recording;
  info.has_values = !recording.value_norms.empty();
  if (info.shares_first) return;
  const std::size_t tokens = info.text->info->tokens.size();
  for (std::size_t layer = 0; layer < recording.value_norms.size(); ++layer) {
    for (std::size_t head = 0; head < recording.plan.heads.size(); ++head) {
      const float* recorded = recording.value_norms[layer].data() + head * recording.plan.tokens;
      std::vector<float> norms(tokens);
      std::transform(recorded, recorded + tokens, norms.begin(), Shortened);
      page_.document.blocks.push_back({Name(index, "n", layer, head), Deflate(FloatBytes(norms))});
    }
  }
}

/// What the file holds besides queries and keys.
double Builder::FixedBytes() const {
  double bytes = static_cast<double>(RenderShell("", "").size() + InfoJson().size());
  for (const PageBlock& block : page_.document.blocks) {
    bytes += kElementBytes + static_cast<double>(TextCodeLength(block.bytes.size()));
  }
  return bytes;
}

Status Builder::AddTraces() {
  const double fixed = FixedBytes();
  for (std::size_t index = 0; index < texts_.size(); ++index) {
    const Recording& recording = *texts_[index].recording;
    if (recording.plan.weights) continue;
    const RecordingPlan& plan = recording.plan;
    const auto elements = static_cast<double>(plan.layers.size() *
                                              (4 * plan.heads.size() + 2 * plan.KvHeads().size()));
    const double capacity =
        (static_cast<double>(page_bytes_) - fixed) / static_cast<double>(texts_.size());
    const auto share = static_cast<double>(texts_.size());
    TraceBlocksOptions options = {
        .bytes = (capacity - elements * kElementBytes) * kBytesPerTextByte,
        .without_mask = options_.without_mask,
        .document = std::to_string(index),
        .cancelled = options_.cancelled,
        .on_progress = [&](double done) {
          if (options_.on_progress) {
            options_.on_progress((static_cast<double>(index) + done) / share);
          }
        }};
    Result<TraceBlocks> made =
        MakeTraceBlocks(recording, texts_[index].info->tokens.size(), options, parallel_);
    FOVEA_RETURN_IF_ERROR(made);
    if (made->missing_bytes > 0) {
      const double needed =
          static_cast<double>(page_bytes_) +
          static_cast<double>(made->missing_bytes) * share / kBytesPerTextByte * 1.02;
      return {StatusCode::kLimitExceeded,
              std::to_string(page_bytes_) + " bytes are too few for " +
                  Counted(texts_[index].info->tokens.size(), "token") + " and " +
                  Counted(plan.layers.size() * plan.heads.size(), "head") + ", which take about " +
                  HumanBytes(needed) +
                  "; choose with --layers and --heads, or give a larger "
                  "--page-size"};
    }
    DocumentInfo& info = documents_[index].info;
    info.bits = made->bits;
    info.bits_per_number = made->bits_per_number;
    info.max_error = made->max_error;
    if (options_.without_mask) {
      DocumentInfo& other = documents_[1].info;
      other.bits = info.bits;
      other.bits_per_number = info.bits_per_number;
      other.max_error = made->max_error_without_mask;
    }
    for (PageBlock& block : made->blocks) page_.document.blocks.push_back(std::move(block));
  }
  return Status::Ok();
}

std::string Builder::InfoJson() const {
  std::vector<DocumentInfo> infos;
  for (const Document& document : documents_) infos.push_back(document.info);
  return PageInfoJson(infos, options_.without_mask, pair_, changes_);
}

/// Thumbnails, then what the first head needs, then head after head.
void Builder::SortBlocks() {
  const auto [layer, head] = FirstShown(documents_.front().info, changes_);
  const RecordingPlan& plan = texts_.front().recording->plan;
  const std::string first_head = "/" + std::to_string(layer) + "/" + std::to_string(head);
  const std::string first_kv =
      "/" + std::to_string(layer) + "/" + std::to_string(plan.KvHead(plan.heads[head]));
  const auto rank = [&](const PageBlock& block) {
    if (block.name.ends_with("/thumbs")) return 0;
    const bool key = block.name.find("/k") != std::string::npos;
    return block.name.ends_with(key ? first_kv : first_head) ? 1 : 2;
  };
  std::vector<PageBlock> sorted;
  for (const int wanted : {0, 1, 2}) {
    for (PageBlock& block : page_.document.blocks) {
      if (rank(block) == wanted) sorted.push_back({block.name, std::move(block.bytes)});
    }
  }
  page_.document.blocks = std::move(sorted);
}

Result<BuiltPage> Builder::Build() {
  FOVEA_RETURN_IF_ERROR(Check());
  const std::size_t tokens = texts_.front().info->tokens.size();
  page_bytes_ = options_.bytes != 0 ? options_.bytes : DefaultPageBytes(tokens);
  if (options_.threads > 1) pool_ = platform::ThreadPool::Create(options_.threads);
  if (pool_ != nullptr) parallel_ = pool_.get();
  documents_.resize(options_.without_mask ? 2 : texts_.size());
  for (std::size_t i = 0; i < texts_.size(); ++i) {
    Describe(texts_[i], options_.without_mask ? kMaskOn : texts_[i].label,
             texts_[i].recording->plan.causal, &documents_[i]);
  }
  if (options_.without_mask) {
    Describe(texts_.front(), kMaskOff, false, &documents_[1]);
    FOVEA_RETURN_IF_ERROR(RecordWithoutMask(&documents_[1]));
  }
  FOVEA_RETURN_IF_ERROR(CompareDocuments());
  for (std::size_t i = 0; i < documents_.size(); ++i) {
    AddSummaries(i);
    if (documents_[i].info.weights) AddWeights(i);
    AddValueNorms(i);
  }
  FOVEA_RETURN_IF_ERROR(AddTraces());
  for (const PageBlock& block : page_.document.blocks) {
    if (block.bytes.empty()) {
      return Status(StatusCode::kOutOfMemory, "not enough memory to build the page");
    }
  }
  page_.document.title = PageTitle(*texts_.front().info);
  page_.document.info_json = InfoJson();
  for (const Document& document : documents_) {
    page_.max_error = std::max(page_.max_error, document.info.max_error);
  }
  page_.bits_per_number = documents_.front().info.bits_per_number;
  SortBlocks();
  return std::move(page_);
}

}  // namespace

Result<BuiltPage> BuildPage(std::span<const PageText> texts, const PagePair* pair,
                            const PageOptions& options) {
  return Builder(texts, pair, options).Build();
}

}  // namespace fovea::dump
