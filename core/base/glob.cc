#include "core/base/glob.h"

#include <cstdint>
#include <utility>

#include "core/base/ascii.h"

namespace kvasm::base {
namespace {

constexpr int kStarsMax = 1000;

class Matcher {
 public:
  Matcher(std::string_view pattern, Case letter_case)
      : pattern_(pattern), fold_(letter_case == Case::kIgnored) {}

  bool Match(std::string_view text) {
    if (text.empty()) return pattern_.empty();
    constexpr size_t kNone = std::string_view::npos;
    size_t i = 0;
    size_t star_at = kNone;  // the pattern after the last star passed
    size_t star_text = 0;    // where the text after that star is tried next
    int stars = 0;
    // Only the last star is ever lengthened: what follows it failed everywhere in the rest of the
    // text, so a longer match of an earlier star cannot help.
    while (i < text.size()) {
      if (At(position_) == '*') {
        SkipStars();
        if (position_ == pattern_.size()) return true;
        if (++stars > kStarsMax) return false;
        star_at = position_;
        star_text = i;
      } else if (position_ < pattern_.size() && MatchByte(text[i])) {
        ++i;
      } else if (star_at == kNone) {
        return false;
      } else {
        position_ = star_at;
        i = ++star_text;
      }
    }
    SkipStars();
    return position_ == pattern_.size();
  }

 private:
  char At(size_t i) const { return i < pattern_.size() ? pattern_[i] : '\0'; }

  void SkipStars() {
    while (At(position_) == '*') ++position_;
  }

  bool Same(char a, char b) const { return a == b || (fold_ && ToLower(a) == ToLower(b)); }

  // Matches one byte against the element at position_, which moves past the element if it matches.
  bool MatchByte(char byte) {
    switch (pattern_[position_]) {
      case '?':
        ++position_;
        return true;
      case '[':
        return MatchClass(byte);
      case '\\':
        if (position_ + 1 < pattern_.size()) ++position_;
        [[fallthrough]];
      default:
        if (!Same(pattern_[position_], byte)) return false;
        ++position_;
        return true;
    }
  }

  bool MatchClass(char byte) {
    size_t p = position_ + 1;
    const bool negated = At(p) == '^';
    if (negated) ++p;
    bool match = false;
    for (;; ++p) {
      if (p >= pattern_.size()) break;
      const size_t left = pattern_.size() - p;
      if (pattern_[p] == '\\' && left >= 2) {
        ++p;
        match |=
            pattern_[p] == byte;  // an escaped byte is compared exactly, even if case is ignored
      } else if (pattern_[p] == ']') {
        ++p;
        break;
      } else if (left >= 3 && pattern_[p + 1] == '-') {
        match |= InRange(pattern_[p], pattern_[p + 2], byte);
        p += 2;
      } else {
        match |= Same(pattern_[p], byte);
      }
    }
    if (match == negated) return false;
    position_ = p;
    return true;
  }

  // Bytes above 0x7f count as negative, and positive again once folded (but 0xff, which C's tolower
  // takes for end of file): so does Redis on glibc.
  int Fold(int8_t value) const {
    if (!fold_) return value;
    return value < -1 ? value + 256 : ToLower(static_cast<char>(value));
  }

  bool InRange(char first, char last, char byte) const {
    auto low = static_cast<int8_t>(first);
    auto high = static_cast<int8_t>(last);
    if (low > high) std::swap(low, high);
    const int value = Fold(static_cast<int8_t>(byte));
    return Fold(low) <= value && value <= Fold(high);
  }

  std::string_view pattern_;
  bool fold_;
  size_t position_ = 0;
};

}  // namespace

bool GlobMatch(std::string_view pattern, std::string_view text, Case letter_case) {
  return Matcher(pattern, letter_case).Match(text);
}

}  // namespace kvasm::base
