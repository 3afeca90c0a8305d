#include "core/base/lzf.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "core/base/bytes.h"

namespace kvasm::base {
namespace {

constexpr size_t kWindowBytes = 8192;
constexpr size_t kLiteralsMax = 32;
constexpr size_t kCopyLeast = 3;
constexpr size_t kCopyMost = 264;
constexpr size_t kNotedOfCopy = 2;

// The places where groups of three bytes were last seen, the latest two of each hash. Only as much
// of it is used, and cleared, as suits the input: most inputs are short.
class Places {
 public:
  explicit Places(size_t input_bytes)
      : shift_(32 - std::clamp<uint32_t>(static_cast<uint32_t>(std::bit_width(input_bytes)),
                                         kBitsLeast, kBitsMost)) {
    std::memset(slots_, 0, sizeof(Slot) << (32 - shift_));
  }

  struct Slot {
    uint32_t place[2];  // 1 + the offset; 0 = none
  };

  Slot& Of(const char* at) {
    const uint32_t group = Load16(at) | uint32_t{static_cast<uint8_t>(at[2])} << 16;
    return slots_[group * 0x9e3779b1u >> shift_];
  }
  static void Note(Slot& slot, size_t offset) {
    slot.place[1] = slot.place[0];
    slot.place[0] = static_cast<uint32_t>(offset) + 1;
  }

 private:
  static constexpr uint32_t kBitsLeast = 4;
  static constexpr uint32_t kBitsMost = 12;

  uint32_t shift_;
  Slot slots_[1u << kBitsMost];
};

// Output that stops at its end.
class Output {
 public:
  Output(char* to, size_t room) : at_(to), start_(to), end_(to + room) {}

  void Literals(std::string_view bytes) {
    while (!bytes.empty()) {
      const size_t run = std::min(bytes.size(), kLiteralsMax);
      if (!Fits(run + 1)) return;
      *at_++ = static_cast<char>(run - 1);
      std::memcpy(at_, bytes.data(), run);
      at_ += run;
      bytes.remove_prefix(run);
    }
  }

  void Copy(size_t distance, size_t length) {
    if (!Fits(3)) return;
    const size_t count = length - 2;
    const size_t back = distance - 1;
    *at_++ = static_cast<char>(std::min<size_t>(count, 7) << 5 | back >> 8);
    if (count >= 7) *at_++ = static_cast<char>(count - 7);
    *at_++ = static_cast<char>(back);
  }

  size_t bytes() const { return full_ ? 0 : static_cast<size_t>(at_ - start_); }
  bool full() const { return full_; }

 private:
  bool Fits(size_t bytes) {
    full_ = full_ || static_cast<size_t>(end_ - at_) < bytes;
    return !full_;
  }

  char* at_;
  char* start_;
  char* end_;
  bool full_ = false;
};

size_t CommonPrefix(const char* a, const char* b, size_t most) {
  size_t length = 0;
  for (; length + sizeof(uint64_t) <= most; length += sizeof(uint64_t)) {
    const uint64_t different = Load64(a + length) ^ Load64(b + length);
    if (different != 0) return length + static_cast<size_t>(__builtin_ctzll(different)) / 8;
  }
  while (length < most && a[length] == b[length]) ++length;
  return length;
}

}  // namespace

size_t LzfCompress(std::string_view from, char* to, size_t room) {
  Places places(from.size());
  Output out(to, room);
  const char* const bytes = from.data();
  size_t pending = 0;  // start of the literals not written yet
  size_t at = 0;
  while (at + kCopyLeast <= from.size() && !out.full()) {
    Places::Slot& slot = places.Of(bytes + at);
    const size_t most = std::min(kCopyMost, from.size() - at);
    size_t length = 0;
    size_t distance = 0;
    for (const uint32_t place : slot.place) {
      if (place == 0 || at - (place - 1) > kWindowBytes) break;
      const size_t common = CommonPrefix(bytes + place - 1, bytes + at, most);
      if (common > length) {
        length = common;
        distance = at - (place - 1);
      }
    }
    Places::Note(slot, at);
    if (length < kCopyLeast) {
      ++at;
      continue;
    }
    out.Literals(from.substr(pending, at - pending));
    out.Copy(distance, length);
    const size_t end = at + length;
    // Of what was found again the end is enough: what follows it may be found with it.
    for (at = std::max(at + 1, end - kNotedOfCopy); at < end; ++at) {
      if (at + kCopyLeast <= from.size()) Places::Note(places.Of(bytes + at), at);
    }
    pending = at;
  }
  out.Literals(from.substr(pending));
  return out.bytes();
}

bool LzfExpand(std::string_view from, char* to, size_t size) {
  const auto* in = reinterpret_cast<const uint8_t*>(from.data());
  const uint8_t* const end = in + from.size();
  size_t at = 0;
  while (in < end) {
    const size_t control = *in++;
    if (control < kLiteralsMax) {
      const size_t run = control + 1;
      if (run > static_cast<size_t>(end - in) || run > size - at) return false;
      std::memcpy(to + at, in, run);
      in += run;
      at += run;
      continue;
    }
    size_t length = control >> 5;
    if (length == 7) {
      if (in == end) return false;
      length += *in++;
    }
    length += 2;
    if (in == end) return false;
    const size_t distance = ((control & 31) << 8 | *in++) + 1;
    if (distance > at || length > size - at) return false;
    // The two may overlap: what is written is read again.
    for (const size_t stop = at + length; at < stop; ++at) to[at] = to[at - distance];
  }
  return at == size;
}

}  // namespace kvasm::base
