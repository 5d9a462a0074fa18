// The types that have panels, named once for the kernels of every instruction set. Free of SIMD
// types.
#ifndef FOVEA_KERNELS_PACKED_PANEL_TYPES_H_
#define FOVEA_KERNELS_PACKED_PANEL_TYPES_H_

/// Calls X(name) for every DataType::k##name that HasPackedPanels (tensor/packed_panels.h) is true
/// of. Each instruction set has a class Format##name that reads such panels.
#define FOVEA_EACH_PACKED_TYPE(X) \
  X(Q8_0) X(Q4_0) X(IQ4_NL) X(Q4_1) X(Q5_0) X(Q5_1) X(Q4_K) X(Q5_K) X(Q6_K)

#endif  // FOVEA_KERNELS_PACKED_PANEL_TYPES_H_
