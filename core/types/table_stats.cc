#include "core/types/table_stats.h"

#include "core/types/hash_fields.h"
#include "core/types/set.h"
#include "core/types/sorted_set.h"

namespace kvasm::types {

std::vector<ds::TableStats> TableStatsOf(Encoding encoding, const void* data) {
  switch (encoding) {
    case Encoding::kHashHashtable:
    case Encoding::kHashHashtableEx:  // begins with the table, too
      return static_cast<const FieldTable*>(data)->Stats();
    case Encoding::kSetHashtable:
      return static_cast<const MemberTable*>(data)->Stats();
    case Encoding::kZsetSkiplist:
      return static_cast<const ScoreTable*>(data)->by_member.Stats();
    default:
      return {};
  }
}

}  // namespace kvasm::types
