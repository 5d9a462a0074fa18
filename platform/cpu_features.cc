#include "platform/cpu_features.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>
#include <string>

#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>
#define FOVEA_CPU_X86 1
#else
#define FOVEA_CPU_X86 0
#endif

#if defined(__linux__) && (defined(__aarch64__) || defined(__arm__))
#include <sys/auxv.h>
#include <sys/prctl.h>
#endif

namespace fovea::platform {
namespace {

#if FOVEA_CPU_X86

struct CpuidLeaf {
  std::uint32_t eax = 0, ebx = 0, ecx = 0, edx = 0;
};

/// Zeros if the CPU does not know the leaf.
CpuidLeaf Cpuid(std::uint32_t leaf, std::uint32_t subleaf) {
  CpuidLeaf r;
  if (__get_cpuid_count(leaf, subleaf, &r.eax, &r.ebx, &r.ecx, &r.edx) == 0) return {};
  return r;
}

/// XCR0: which register files the operating system saves. Legal only if CPUID reports OSXSAVE.
std::uint64_t EnabledRegisterState() {
  std::uint32_t low = 0;
  std::uint32_t high = 0;
  asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return (static_cast<std::uint64_t>(high) << 32) | low;
}

constexpr bool HasBits(std::uint64_t value, std::uint64_t bits) {
  return (value & bits) == bits;
}
constexpr std::uint64_t Bit(int index) {
  return std::uint64_t{1} << index;
}

CpuFeatures DetectX86() {
  CpuFeatures f;
  const CpuidLeaf basic = Cpuid(1, 0);
  if (!HasBits(basic.ecx, Bit(27))) return f;  // OSXSAVE
  const std::uint64_t state = EnabledRegisterState();
  const bool saves_ymm = HasBits(state, 0x6);
  const bool saves_zmm = saves_ymm && HasBits(state, 0xE0);
  const bool saves_tiles = HasBits(state, 0x60000);
  const CpuidLeaf extended = Cpuid(7, 0);
  const std::uint32_t highest_subleaf = extended.eax;
  const CpuidLeaf more = highest_subleaf >= 1 ? Cpuid(7, 1) : CpuidLeaf{};

  // FMA, AVX, F16C; BMI1, AVX2, BMI2.
  f.avx2_fma_f16c = saves_ymm && HasBits(basic.ecx, Bit(12) | Bit(28) | Bit(29)) &&
                    HasBits(extended.ebx, Bit(3) | Bit(5) | Bit(8));
  // F, DQ, CD, BW, VL.
  f.avx512 = f.avx2_fma_f16c && saves_zmm &&
             HasBits(extended.ebx, Bit(16) | Bit(17) | Bit(28) | Bit(30) | Bit(31));
  f.avx512_vnni = f.avx512 && HasBits(extended.ecx, Bit(11));
  f.avx512_bf16 = f.avx512 && HasBits(more.eax, Bit(5));
  f.avx512_fp16 = f.avx512 && HasBits(extended.edx, Bit(23));
  f.avx_vnni = f.avx2_fma_f16c && HasBits(more.eax, Bit(4));
  f.amx_int8 = saves_tiles && HasBits(extended.edx, Bit(24) | Bit(25));
  f.amx_bf16 = saves_tiles && HasBits(extended.edx, Bit(24) | Bit(22));
  return f;
}

/// Intel's leaf 4 and AMD's 0x8000001D share one layout.
void ReadCachesByCpuid(CacheSizes* sizes) {
  const CpuidLeaf amd = Cpuid(0x80000001, 0);
  const std::uint32_t leaf = HasBits(amd.ecx, Bit(22)) ? 0x8000001D : 4;
  for (std::uint32_t i = 0; i < 8; ++i) {
    const CpuidLeaf r = Cpuid(leaf, i);
    const std::uint32_t type = r.eax & 31;  // 1 data, 2 instructions, 3 both
    if (type == 0) return;
    const std::uint32_t level = (r.eax >> 5) & 7;
    const std::size_t ways = (r.ebx >> 22) + 1;
    const std::size_t partitions = ((r.ebx >> 12) & 1023) + 1;
    const std::size_t line = (r.ebx & 4095) + 1;
    const std::size_t bytes = ways * partitions * line * (static_cast<std::size_t>(r.ecx) + 1);
    if (type == 2) continue;
    if (level == 1) sizes->l1_data = bytes;
    if (level == 2) sizes->l2 = bytes;
    if (level == 3) sizes->l3 = bytes;
  }
}

#endif  // FOVEA_CPU_X86

/// First line of a small system file, or empty.
std::string ReadLine(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return {};
  char text[64];
  const ssize_t got = ::read(file, text, sizeof(text));
  ::close(file);
  if (got <= 0) return {};
  std::string line(text, static_cast<std::size_t>(got));
  return line.substr(0, line.find('\n'));
}

/// "32K", "2M", "512" in bytes; 0 if it is something else.
std::size_t ParseSize(const std::string& text) {
  std::size_t value = 0;
  std::size_t i = 0;
  for (; i < text.size() && i < 9 && text[i] >= '0' && text[i] <= '9'; ++i) {
    value = value * 10 + static_cast<std::size_t>(text[i] - '0');
  }
  const std::string unit = text.substr(i);
  if (unit == "K") return value << 10;
  if (unit == "M") return value << 20;
  return unit.empty() ? value : 0;
}

/// True if the system described at least the first level's data cache.
bool ReadCachesBySysfs(CacheSizes* sizes) {
  bool found = false;
  for (char index = '0'; index < '8'; ++index) {
    const std::string folder = std::string("/sys/devices/system/cpu/cpu0/cache/index") + index;
    const std::size_t bytes = ParseSize(ReadLine(folder + "/size"));
    if (bytes == 0 || ReadLine(folder + "/type") == "Instruction") continue;
    const std::string level = ReadLine(folder + "/level");
    if (level == "1") sizes->l1_data = bytes;
    if (level == "2") sizes->l2 = bytes;
    if (level == "3") sizes->l3 = bytes;
    found = found || level == "1";
  }
  return found;
}

}  // namespace

CpuFeatures DetectCpuFeatures() {
#if FOVEA_CPU_X86
  return DetectX86();
#elif defined(__linux__) && defined(__aarch64__)
  // Bits of the Linux ABI, spelled out because older headers lack some of their names.
  const unsigned long first = ::getauxval(AT_HWCAP);
  const unsigned long second = ::getauxval(26);  // AT_HWCAP2
  CpuFeatures f;
  f.neon = (first >> 1 & 1) != 0;                            // ASIMD
  f.fp16 = (first >> 9 & 1) != 0 && (first >> 10 & 1) != 0;  // FPHP, ASIMDHP
  f.dotprod = (first >> 20 & 1) != 0;                        // ASIMDDP
  f.sve = (first >> 22 & 1) != 0;
  f.sve2 = (second >> 1 & 1) != 0;
  f.sve_i8mm = (second >> 9 & 1) != 0;
  f.sve_bf16 = (second >> 12 & 1) != 0;
  f.i8mm = (second >> 13 & 1) != 0;
  f.bf16 = (second >> 14 & 1) != 0;
  if (f.sve) {
    // PR_SVE_GET_VL: the low 16 bits are bytes.
    const int length = ::prctl(51, 0, 0, 0, 0);
    if (length > 0) f.sve_vector_bits = static_cast<std::size_t>(length & 0xFFFF) * 8;
  }
  return f;
#elif defined(__linux__) && defined(__arm__)
  const unsigned long first = ::getauxval(AT_HWCAP);
  CpuFeatures f;
  f.neon = (first >> 12 & 1) != 0 && (first >> 16 & 1) != 0;  // NEON, VFPv4 (fused multiply-add)
  return f;
#else
  return {};
#endif
}

CacheSizes DetectCacheSizes() {
  CacheSizes sizes;
  if (ReadCachesBySysfs(&sizes)) return sizes;
#if FOVEA_CPU_X86
  ReadCachesByCpuid(&sizes);
#endif
  return sizes;
}

}  // namespace fovea::platform
