// The manifest of a multi-part append-only file: which files it consists of, in the order in which
// they are loaded. One line for each:
//
//   file <name> seq <number> type <b|h|i>
//
// first the base (the state as of the last rewrite; there may be none), then history (files of the
// past that are still to be deleted; never loaded), then the increments (what was written since),
// whose numbers ascend. Lines that begin with # and pairs of words that nobody knows are skipped.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kvasm::persist {

struct AofFile {
  enum class Type : char { kBase = 'b', kHistory = 'h', kIncrement = 'i' };

  std::string name;  // inside the directory
  int64_t seq = 0;
  Type type = Type::kIncrement;

  bool operator==(const AofFile&) const = default;
};

// Why a text is no manifest.
struct ManifestFault {
  std::string_view text;  // as Redis logs it; a literal
  uint32_t line = 0;      // its number, from 1; 0: the fault is not in what a line says
  std::string line_text;  // without blanks around it; as long as `line` is not 0
};

class Manifest {
 public:
  // None, and `fault` says why.
  static std::optional<Manifest> Parse(std::string_view text, ManifestFault& fault);

  // As Redis writes it. A name with odd characters is quoted.
  std::string Text() const;

  const std::optional<AofFile>& base() const { return base_; }
  const std::vector<AofFile>& history() const { return history_; }
  const std::vector<AofFile>& increments() const { return increments_; }
  bool empty() const { return !base_ && history_.empty() && increments_.empty(); }
  // The numbers last given out; 0: none.
  int64_t base_seq() const { return base_seq_; }
  int64_t increment_seq() const { return increment_seq_; }
  // Whether there is no file after this one to be loaded.
  bool IsLast(const AofFile& file) const {
    return increments_.empty() ? base_ && *base_ == file : increments_.back() == file;
  }

  // --- changes; of a copy, which takes this one's place once its text has been stored ---
  // The next base, "<prefix>.<seq>.base.rdb" or, unless it is an RDB file, ".aof"; the one before
  // becomes history. `prefix` is appendfilename.
  const AofFile& NewBase(std::string_view prefix, bool rdb);
  // The next increment, "<prefix>.<seq>.incr.aof", behind all others.
  const AofFile& NewIncrement(std::string_view prefix);
  // Increments become history: their content is in the base now. All, or all but the last, which is
  // being written.
  void RetireIncrements(bool keep_last);
  void ForgetHistory() { history_.clear(); }
  // The single file of versions before 7 as the only base, of number 1.
  void AdoptOldFile(std::string_view name);

  bool operator==(const Manifest&) const = default;

 private:
  bool AddLine(std::string_view line, ManifestFault& fault);

  std::optional<AofFile> base_;
  std::vector<AofFile> history_;
  std::vector<AofFile> increments_;
  int64_t base_seq_ = 0;
  int64_t increment_seq_ = 0;
};

// "<prefix>.manifest"
std::string ManifestName(std::string_view prefix);

}  // namespace kvasm::persist
