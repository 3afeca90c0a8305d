// The id of a stream entry: milliseconds and a sequence number, written "ms-seq", ordered first by
// the one, then by the other.
#pragma once

#include <compare>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

namespace kvasm::types {

struct StreamId {
  uint64_t ms = 0;
  uint64_t seq = 0;

  static constexpr StreamId Lowest() { return {}; }
  static constexpr StreamId Highest() {
    constexpr uint64_t kMost = std::numeric_limits<uint64_t>::max();
    return {kMost, kMost};
  }
  bool is_zero() const { return ms == 0 && seq == 0; }

  auto operator<=>(const StreamId&) const = default;

  // Moves to the next id. False at the highest, which becomes the lowest.
  bool Increment();
  // Moves to the previous id. False at the lowest, which becomes the highest.
  bool Decrement();
};

// The id as the 16 bytes, big endian, whose order is that of the ids: keys of radix trees.
struct StreamKey {
  static constexpr size_t kBytes = 16;

  explicit StreamKey(StreamId id);
  std::string_view view() const { return {bytes, kBytes}; }

  char bytes[kBytes];
};
// Reads StreamKey::kBytes bytes.
StreamId StreamIdOfKey(std::string_view key);

// Room for any id, in characters.
inline constexpr size_t kStreamIdCharsMax = 41;
// Writes "ms-seq" and returns its length; `out` has kStreamIdCharsMax bytes of room. No NUL.
size_t FormatStreamId(char* out, StreamId id);
std::string StreamIdText(StreamId id);

// An id written into itself: StreamIdChars(id).view().
struct StreamIdChars {
  explicit StreamIdChars(StreamId id) : size(FormatStreamId(chars, id)) {}
  std::string_view view() const { return {chars, size}; }

  char chars[kStreamIdCharsMax];
  size_t size;
};

// An id as clients write it: "ms-seq", or "ms" alone, which leaves the sequence number to
// `missing_seq`. Numbers are read as loosely as Redis reads them: leading space, zeros and a sign
// are allowed, a NUL ends the text.
std::optional<StreamId> ParseStreamId(std::string_view text, uint64_t missing_seq);
// As ParseStreamId, and "-" and "+" are the lowest and the highest id.
std::optional<StreamId> ParseStreamIdOrEdge(std::string_view text, uint64_t missing_seq);

// The id of XADD.
struct NewStreamId {
  StreamId id;
  bool seq_given = true;  // false for "ms-*"; id.seq is then 0
};
std::optional<NewStreamId> ParseNewStreamId(std::string_view text);

// One end of a range as clients write it: an id, "-", "+", or an id behind "(" for an open end.
struct StreamBound {
  StreamId id;
  bool open = false;
};
std::optional<StreamBound> ParseStreamBound(std::string_view text, uint64_t missing_seq);

}  // namespace kvasm::types
