#include "engine/model/load/folder/tensor_plan.h"

#include <algorithm>
#include <array>
#include <functional>
#include <string_view>
#include <utility>

#include "engine/format/message.h"
#include "engine/format/model_source.h"
#include "engine/quantize/tensor_types.h"
#include "engine/tensor/dequantize.h"
#include "fovea/quantize.h"
#include "fovea/status_macros.h"
#include "platform/aligned_buffer.h"
#include "platform/checked_math.h"

namespace fovea::model {
namespace {

using format::Concat;
using format::Quoted;
using format::SafetensorsTensor;
using format::SafetensorsType;

/// The name with what stands for a number replaced.
std::string WithNumber(std::string_view name, std::string_view mark, std::size_t number) {
  const std::size_t at = name.find(mark);
  if (at == std::string_view::npos) return std::string(name);
  return Concat(
      {name.substr(0, at), format::Number(std::uint64_t{number}), name.substr(at + mark.size())});
}

/// Whether the text is the pattern, in which "*" stands for any text.
bool Matches(std::string_view pattern, std::string_view text) {
  std::size_t star = std::string_view::npos;
  std::size_t resume = 0;
  std::size_t p = 0;
  for (std::size_t i = 0; i < text.size();) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = i;
    } else if (p < pattern.size() && pattern[p] == text[i]) {
      ++p;
      ++i;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      i = ++resume;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

std::string ShapeText(std::span<const std::uint64_t> shape) {
  std::string text = "[";
  for (const std::uint64_t size : shape) {
    if (text.size() > 1) text += ", ";
    text += format::Number(size);
  }
  return text + "]";
}

DataType TypeOf(SafetensorsType type) {
  if (type == SafetensorsType::kF16) return DataType::kF16;
  return type == SafetensorsType::kBF16 ? DataType::kBF16 : DataType::kF32;
}

class Planner {
 public:
  Planner(const std::string& path, const Architecture& row, Facts* facts,
          const format::SafetensorsFolder& folder)
      : path_(path), row_(row), facts_(*facts), folder_(folder) {}

  Status Run() {
    FindPrefix();
    for (const std::span<const TensorRule> rules : row_.body) {
      FOVEA_RETURN_IF_ERROR(Apply(rules, prefix_));
    }
    FOVEA_RETURN_IF_ERROR(Apply(row_.head, ""));
    FOVEA_RETURN_IF_ERROR(RefuseUnknown());
    AddComputed();
    return {};
  }

  std::vector<PlannedTensor> Take() { return std::move(tensors_); }

 private:
  bool Has(std::string_view prefix, std::string_view name) const {
    return folder_.Find(Concat({prefix, name, ".weight"})) != nullptr;
  }

  /// With which prefix and by which of its names the folder has the embedding.
  void FindPrefix() {
    prefix_ = row_.prefixes[0];
    embedding_ = row_.body[0].front().from;
    for (const std::string_view name :
         {embedding_, row_.embedding_aliases[0], row_.embedding_aliases[1]}) {
      for (const std::string_view prefix : row_.prefixes) {
        if (name.empty() || !Has(prefix, name)) continue;
        prefix_ = prefix;
        embedding_ = name;
        return;
      }
    }
  }

  Status Apply(std::span<const TensorRule> rules, std::string_view prefix) {
    for (const TensorRule& rule : rules) {
      if ((rule.when & facts_.conditions) != rule.when) continue;
      const std::size_t count = rule.scope == Scope::kModel   ? 1
                                : rule.scope == Scope::kLayer ? facts_.layers
                                                              : facts_.decoder_layers;
      for (std::size_t layer = 0; layer < count; ++layer) {
        const bool is_embedding = rule.from == row_.body[0].front().from;
        const std::string_view from = is_embedding ? embedding_ : rule.from;
        FOVEA_RETURN_IF_ERROR(ApplyTo(rule, Concat({prefix, WithNumber(from, "{}", layer)}),
                                      WithNumber(rule.to, "{}", layer)));
      }
    }
    return {};
  }

  Status ApplyTo(const TensorRule& rule, const std::string& from, const std::string& to) {
    if (rule.part == Part::kWhole) return Add(rule, from, to, rule.columns, rule.optional);
    // Files of the first BERT call weight and bias of norms gamma and beta.
    const bool old =
        folder_.Find(from + ".weight") == nullptr && folder_.Find(from + ".gamma") != nullptr;
    const std::string weight = from + (old ? ".gamma" : ".weight");
    const std::string bias = from + (old ? ".beta" : ".bias");
    const bool absent =
        rule.optional && rule.change != Change::kStackHeads && folder_.Find(weight) == nullptr;
    if (absent) return {};
    FOVEA_RETURN_IF_ERROR(Add(rule, weight, to + ".weight", rule.columns, rule.optional));
    if (rule.part == Part::kWeight) return {};
    return Add(rule, bias, to + ".bias", Dim::kOne, rule.part == Part::kWeightMaybeBias);
  }

  /// One tensor, or one per row of it.
  Status Add(const TensorRule& rule, const std::string& from, const std::string& to, Dim columns,
             bool optional) {
    PlannedTensor planned{
        .name = to,
        .source = from,
        .change = columns == Dim::kOne ? ChangeOfVector(rule.change) : rule.change,
        .rows = facts_[rule.rows],
        .columns = facts_[columns],
        .is_vector = columns == Dim::kOne};
    if (rule.change == Change::kStackHeads) {
      for (std::size_t head = 0; head < planned.rows; ++head) {
        const std::string name = WithNumber(from, "[]", head);
        if (optional && head == 0 && folder_.Find(name) == nullptr) return {};
        FOVEA_RETURN_IF_ERROR(AddData(name, {{planned.columns}, 1}, &planned));
      }
    } else {
      if (optional && folder_.Find(from) == nullptr) return {};
      FOVEA_RETURN_IF_ERROR(AddData(from, ShapeInFile(rule, from, &planned), &planned));
    }
    const bool decoded = planned.change == Change::kPlusOne;
    planned.type = decoded ? DataType::kF32 : planned.from;
    tensors_.push_back(std::move(planned));
    return {};
  }

  /// Vectors have nothing to be transposed; the biases of rows that move do so, too.
  static Change ChangeOfVector(Change change) {
    return change == Change::kTranspose ? Change::kNone : change;
  }

  struct Shape {
    std::array<std::uint64_t, 2> sizes;
    std::size_t rank = 0;
    std::span<const std::uint64_t> dimensions() const { return {sizes.data(), rank}; }
  };

  Shape ShapeInFile(const TensorRule& rule, const std::string& from, PlannedTensor* planned) const {
    if (rule.rows == Dim::kAny) {
      const SafetensorsTensor* tensor = folder_.Find(from);
      planned->rows = tensor != nullptr ? static_cast<std::size_t>(tensor->shape[0]) : 0;
    }
    const std::size_t skipped = planned->change == Change::kSkipRows ? facts_.skipped : 0;
    const std::uint64_t rows = planned->rows + skipped;
    if (planned->is_vector) return {{rows}, 1};
    if (planned->change == Change::kTranspose) return {{planned->columns, rows}, 2};
    return {{rows, planned->columns}, 2};
  }

  Status AddData(const std::string& name, const Shape& shape, PlannedTensor* planned) {
    const auto found = folder_.Require(name);
    FOVEA_RETURN_IF_ERROR(found);
    const SafetensorsTensor& tensor = **found;
    std::span<const std::uint64_t> actual = tensor.dimensions();
    // Some biases are stored as a matrix of one row.
    if (shape.rank == 1 && actual.size() == 2 && actual[0] == 1) actual = actual.subspan(1);
    if (!std::ranges::equal(actual, shape.dimensions())) {
      return Error(StatusCode::kMalformed, name,
                   Concat({"has shape ", ShapeText(tensor.dimensions()), ", but by config.json ",
                           ShapeText(shape.dimensions())}));
    }
    if (tensor.data.empty()) return Error(StatusCode::kMalformed, name, "is empty");
    if (!planned->data.empty() && planned->from != TypeOf(tensor.type)) {
      return Error(StatusCode::kUnsupported, name, "has another type than that of the head before");
    }
    planned->from = TypeOf(tensor.type);
    planned->data.push_back(tensor.data);
    used_.push_back(&tensor);
    return {};
  }

  /// With one that we do not know, results would be wrong without notice.
  Status RefuseUnknown() {
    std::sort(used_.begin(), used_.end(), std::less<>());
    for (const format::SafetensorsFile& file : folder_.files()) {
      for (const SafetensorsTensor& tensor : file.tensors()) {
        if (folder_.Find(tensor.name) != &tensor) continue;  // The index does not name it.
        if (std::binary_search(used_.begin(), used_.end(), &tensor, std::less<>())) continue;
        const bool harmless = std::ranges::any_of(
            row_.ignored, [&](std::string_view pattern) { return Matches(pattern, tensor.name); });
        if (harmless) continue;
        return Error(StatusCode::kUnsupported, tensor.name,
                     Concat({"is not known for model_type ", row_.model_type}));
      }
    }
    return {};
  }

  void AddComputed() {
    for (ComputedTensor& computed : facts_.computed) {
      const bool in_file = std::ranges::any_of(
          tensors_, [&](const PlannedTensor& planned) { return planned.name == computed.name; });
      if (in_file) continue;
      tensors_.push_back({.name = computed.name,
                          .source = computed.name,
                          .rows = computed.values.size() / computed.columns,
                          .columns = computed.columns,
                          .is_vector = computed.columns == 1,
                          .computed = std::move(computed.values)});
    }
  }

  Status Error(StatusCode code, std::string_view name, std::string_view message) const {
    return {code, Concat({path_, ": tensor ", Quoted(name), " ", message})};
  }

  const std::string& path_;
  const Architecture& row_;
  Facts& facts_;
  const format::SafetensorsFolder& folder_;
  std::string_view prefix_;
  std::string_view embedding_;
  std::vector<PlannedTensor> tensors_;
  std::vector<const SafetensorsTensor*> used_;
};

/// What `fovea quantize` would give the matrices of the same model in a GGUF file.
void ChooseTypes(DataType wanted, std::vector<PlannedTensor>* tensors) {
  const bool has_output = std::ranges::any_of(
      *tensors, [](const PlannedTensor& tensor) { return tensor.name == "output.weight"; });
  const std::string_view output = has_output ? "output.weight" : "token_embd.weight";
  for (PlannedTensor& tensor : *tensors) {
    if (tensor.is_vector) continue;
    const format::SourceTensor described{.name = tensor.name,
                                         .type = tensor.type,
                                         .rank = 2,
                                         .shape = {tensor.columns, tensor.rows, 1, 1},
                                         .data = {}};
    tensor.type = TypeForTensor(described, wanted, output, OutputType(wanted));
  }
}

}  // namespace

Result<TensorPlan> PlanTensors(const std::string& path, const Architecture& row, Facts* facts,
                               const format::SafetensorsFolder& folder,
                               std::optional<DataType> quantize) {
  Planner planner(path, row, facts, folder);
  FOVEA_RETURN_IF_ERROR(planner.Run());
  TensorPlan plan{.tensors = planner.Take()};
  if (quantize) ChooseTypes(*quantize, &plan.tensors);
  platform::CheckedSize end;
  for (PlannedTensor& tensor : plan.tensors) {
    const platform::CheckedSize begin = end.AlignedUp(platform::kAlignment);
    const platform::CheckedSize bytes =
        platform::CheckedSize(RowBytes(tensor.type, tensor.columns)) * tensor.rows;
    end = begin + bytes;
    if (!end.ok()) {
      return Status(StatusCode::kLimitExceeded,
                    path + ": its weights exceed the address space of this machine");
    }
    tensor.offset = begin.value();
    tensor.bytes = bytes.value();
  }
  plan.bytes = end.value();
  return plan;
}

}  // namespace fovea::model
