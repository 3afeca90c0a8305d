// LCS: the longest common subsequence of two strings, its length or where its pieces stand.
#include <algorithm>
#include <string>
#include <vector>

#include "core/base/alloc.h"
#include "core/command/arguments.h"
#include "core/commands/all.h"
#include "core/commands/string_reply.h"

namespace kvasm::commands {
namespace {

using namespace command;  // the vocabulary of specs

// Lengths of the longest common subsequences of all pairs of prefixes: the textbook table,
// (a + 1) x (b + 1) numbers. Null block when memory is exhausted.
class LcsTable {
 public:
  LcsTable(std::string_view a, std::string_view b) : a_(a), b_(b), width_(b.size() + 1) {
    block_ = static_cast<uint32_t*>(base::TryAllocate((a.size() + 1) * width_ * sizeof(uint32_t)));
    if (block_ != nullptr) Fill();
  }
  ~LcsTable() { base::Free(block_); }
  LcsTable(const LcsTable&) = delete;
  LcsTable& operator=(const LcsTable&) = delete;

  bool ok() const { return block_ != nullptr; }
  uint32_t At(size_t i, size_t j) const { return block_[i * width_ + j]; }
  uint32_t length() const { return At(a_.size(), b_.size()); }

 private:
  void Fill() {
    std::fill_n(block_, width_, 0u);
    for (size_t i = 1; i <= a_.size(); ++i) {
      uint32_t* row = block_ + i * width_;
      const uint32_t* above = row - width_;
      row[0] = 0;
      for (size_t j = 1; j <= b_.size(); ++j) {
        row[j] = a_[i - 1] == b_[j - 1] ? above[j - 1] + 1 : std::max(above[j], row[j - 1]);
      }
    }
  }

  std::string_view a_;
  std::string_view b_;
  size_t width_;
  uint32_t* block_ = nullptr;
};

// A piece of the subsequence that is contiguous in both strings.
struct Piece {
  size_t a;
  size_t b;
  size_t length;
};

// Walks the table backwards; pieces come last first.
std::vector<Piece> Pieces(const LcsTable& table, std::string_view a, std::string_view b) {
  std::vector<Piece> pieces;
  bool open = false;
  for (size_t i = a.size(), j = b.size(); i > 0 && j > 0;) {
    if (a[i - 1] == b[j - 1]) {
      --i;
      --j;
      if (open) {
        pieces.back() = {i, j, pieces.back().length + 1};
      } else {
        pieces.push_back({i, j, 1});
        open = true;
      }
      continue;
    }
    table.At(i - 1, j) > table.At(i, j - 1) ? --i : --j;
    open = false;
  }
  return pieces;
}

struct LcsOptions {
  bool length = false;
  bool indexes = false;
  bool match_lengths = false;
  int64_t match_length_min = 0;
};

bool ReadLcsOptions(Call& call, LcsOptions* options) {
  Arguments in(call, 3);
  while (in.More()) {
    if (in.Take("IDX")) {
      options->indexes = true;
    } else if (in.Take("LEN")) {
      options->length = true;
    } else if (in.Take("WITHMATCHLEN")) {
      options->match_lengths = true;
    } else if (in.TakeWithValue("MINMATCHLEN")) {
      options->match_length_min = std::max<int64_t>(in.Int(), 0);
    } else {
      in.Fail(errors::kSyntax);
    }
  }
  if (options->indexes && options->length) in.Fail(errors::kLcsLenAndIdx);
  return in.ok();
}

void ReplyIndexes(Call& call, const std::vector<Piece>& pieces, const LcsOptions& options,
                  uint32_t length) {
  call.reply.Map(2);
  call.reply.Bulk("matches");
  const auto wanted = [&](const Piece& piece) {
    return piece.length >= static_cast<uint64_t>(options.match_length_min);
  };
  call.reply.Array(static_cast<uint64_t>(std::count_if(pieces.begin(), pieces.end(), wanted)));
  for (const Piece& piece : pieces) {
    if (!wanted(piece)) continue;
    call.reply.Array(options.match_lengths ? 3 : 2);
    for (const size_t start : {piece.a, piece.b}) {
      call.reply.Array(2);
      call.reply.Integer(static_cast<int64_t>(start));
      call.reply.Integer(static_cast<int64_t>(start + piece.length - 1));
    }
    if (options.match_lengths) call.reply.Integer(static_cast<int64_t>(piece.length));
  }
  call.reply.Bulk("len");
  call.reply.Integer(length);
}

void ReplyText(Call& call, const std::vector<Piece>& pieces, std::string_view a) {
  std::string text;
  for (auto piece = pieces.rbegin(); piece != pieces.rend(); ++piece) {
    text.append(a.substr(piece->a, piece->length));
  }
  call.reply.Bulk(text);
}

void Lcs(Call& call) {
  const keyspace::Entry* first = call.keyspace.Find(call.db, call.arg(1));
  // The second look-up may remove an expired entry, but never this one.
  const keyspace::Entry* second = call.keyspace.Find(call.db, call.arg(2));
  if ((first != nullptr && !first->IsString()) || (second != nullptr && !second->IsString())) {
    return call.reply.Error(errors::kLcsNotStrings);
  }
  LcsOptions options;
  if (!ReadLcsOptions(call, &options)) return;
  keyspace::IntText first_text;
  keyspace::IntText second_text;
  const std::string_view a =
      first == nullptr ? std::string_view() : keyspace::StringOf(*first, first_text);
  const std::string_view b =
      second == nullptr ? std::string_view() : keyspace::StringOf(*second, second_text);
  const uint64_t bytes = (uint64_t{a.size()} + 1) * (uint64_t{b.size()} + 1) * sizeof(uint32_t);
  if (bytes > StringBytesMax(call)) {
    return call.reply.Error(errors::kLcsMemory);
  }
  const LcsTable table(a, b);
  if (!table.ok()) return call.reply.Error(errors::kLcsMemoryFailed);
  if (options.length) return call.reply.Integer(table.length());
  const std::vector<Piece> pieces = Pieces(table, a, b);
  if (options.indexes) return ReplyIndexes(call, pieces, options, table.length());
  ReplyText(call, pieces, a);
}

constexpr CommandSpec kSpecs[] = {
    {.name = "lcs",
     .handler = &Lcs,
     .arity = -3,
     .group = Group::kString,
     .flags = kReadonly,
     .categories = kCatString,
     .since = "7.0.0",
     .keys = {{Keys(kRo | kAccess, 1, 1)}},
     .syntax = "key1:key key2:key#0 [LEN] [IDX] [MINMATCHLEN min-match-len:integer] [WITHMATCHLEN]",
     .complexity = "O(N*M) in the lengths of the strings",
     .summary = "Finds the longest common subsequence of two strings."},
};
static_assert(AllValid(kSpecs));

}  // namespace

Specs StringLcsCommands() { return command::Pack<kSpecs>(); }

}  // namespace kvasm::commands
