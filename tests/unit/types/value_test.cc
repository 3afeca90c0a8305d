#include "core/types/value.h"

#include "gtest/gtest.h"

namespace kvasm::types {
namespace {

TEST(ValueTest, EncodingsHaveTheNamesThatObjectEncodingReports) {
  EXPECT_EQ(EncodingName(Encoding::kInt), "int");
  EXPECT_EQ(EncodingName(Encoding::kSetIntset), "intset");
  EXPECT_EQ(EncodingName(Encoding::kZsetSkiplist), "skiplist");
  EXPECT_EQ(EncodingName(Encoding::kHashHashtable), "hashtable");
  EXPECT_EQ(EncodingName(Encoding::kStream), "stream");
  EXPECT_EQ(TypeName(TypeOf(Encoding::kZsetListpack)), "zset");
  EXPECT_EQ(TypeName(TypeOf(Encoding::kListQuicklist)), "list");
}

}  // namespace
}  // namespace kvasm::types
