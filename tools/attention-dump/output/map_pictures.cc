#include "tools/attention-dump/output/map_pictures.h"

#include "tools/attention-dump/render/render.h"

namespace fovea::dump {
namespace {

constexpr const char* kCausalTitle = "causal";
constexpr const char* kBidirectionalTitle = "bidirectional (mask off)";

/// What stands above a picture.
std::string PictureTitle(const DumpInfo& info) {
  switch (info.quantity) {
    case Quantity::kWeight: break;
    case Quantity::kValueWeighted:
      return info.model.name + "  value-weighted, rows divided by their sums";
    case Quantity::kRollout:
    case Quantity::kFlow: return info.model.name + "  attention " + QuantityName(info.quantity);
  }
  return info.model.name;
}

/// The two functions that draw a format.
struct PictureFormat {
  decltype(&RenderPng) one;
  decltype(&RenderComparisonPng) two;
};

std::string Draw(const PictureFormat& format, const DumpInfo& info, const KeptMaps& kept) {
  const PictureOptions picture = {.title = PictureTitle(info)};
  const MapSet& maps = kept.ForPictures();
  if (kept.bidirectional) {
    return format.two(info, maps, *kept.bidirectional, kCausalTitle, kBidirectionalTitle, picture);
  }
  if (kept.before) {
    return format.two(info, *kept.before, maps, "all heads", "without " + info.ablated, picture);
  }
  return format.one(info, maps, picture);
}

}  // namespace

std::string MapsAsPng(const DumpInfo& info, const DumpShape&, const Drawn& drawn) {
  return Draw({RenderPng, RenderComparisonPng}, info, *drawn.kept);
}

std::string MapsAsSvg(const DumpInfo& info, const DumpShape&, const Drawn& drawn) {
  return Draw({RenderSvg, RenderComparisonSvg}, info, *drawn.kept);
}

}  // namespace fovea::dump
