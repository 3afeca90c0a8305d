#include "core/command/packed.h"

#include <gtest/gtest.h>

namespace kvasm::command {
namespace {

void First(Call&) {}
void Second(Call&) {}

constexpr CommandSpec kSpecs[] = {
    {.name = "first",
     .handler = &First,
     .arity = -32768,
     .group = Group::kBitmap,
     .flags = 0xffffffff,
     .categories = 0x80,
     .since = "1.0.0",
     .keys = {Keys(0x7fff, 1, -1, 2, 32767), CountedKeys(kRo, 2, 0, 1),
              KeysAfter(kRw, "STREAMS", -128, -1, 1, 2)},
     .syntax = "key",
     .tips = "tips",
     .deprecated_since = "4.0.0",
     .replaced_by = "`second`",
     .complexity = "O(1)",
     .summary = "Says so."},
    {.name = "second", .handler = &Second, .arity = 32767, .flags = 127, .since = "2.0.0"},
    {.name = "third",
     .arity = 2,
     .keys = {KeysAfter(kOw, "AS", 1), UnknownKeys(kAccess)},
     .summary = "The last one"},
};

void ExpectSame(const KeySpec& got, const KeySpec& packed) {
  EXPECT_EQ(got.begin, packed.begin);
  EXPECT_EQ(got.find, packed.find);
  EXPECT_EQ(got.flags, packed.flags);
  EXPECT_EQ(got.pos, packed.pos);
  EXPECT_EQ(got.keyword, packed.keyword);
  EXPECT_EQ(got.last, packed.last);
  EXPECT_EQ(got.step, packed.step);
  EXPECT_EQ(got.limit, packed.limit);
}

TEST(PackedSpecs, AreUnpackedAsTheyWereDeclared) {
  std::vector<CommandSpec> specs(1);  // what is there stays
  Unpack(Pack<kSpecs>(), &specs);
  ASSERT_EQ(specs.size(), 1 + std::size(kSpecs));
  for (size_t i = 0; i < std::size(kSpecs); ++i) {
    const CommandSpec& got = specs[i + 1];
    EXPECT_EQ(got.name, kSpecs[i].name);
    EXPECT_EQ(got.handler, kSpecs[i].handler);
    EXPECT_EQ(got.arity, kSpecs[i].arity);
    EXPECT_EQ(got.group, kSpecs[i].group);
    EXPECT_EQ(got.flags, kSpecs[i].flags);
    EXPECT_EQ(got.categories, kSpecs[i].categories);
    EXPECT_EQ(got.since, kSpecs[i].since);
    EXPECT_EQ(got.syntax, kSpecs[i].syntax);
    EXPECT_EQ(got.tips, kSpecs[i].tips);
    EXPECT_EQ(got.deprecated_since, kSpecs[i].deprecated_since);
    EXPECT_EQ(got.replaced_by, kSpecs[i].replaced_by);
    EXPECT_EQ(got.complexity, kSpecs[i].complexity);
    EXPECT_EQ(got.summary, kSpecs[i].summary);
    for (size_t k = 0; k < got.keys.size(); ++k) ExpectSame(got.keys[k], kSpecs[i].keys[k]);
  }
}

}  // namespace
}  // namespace kvasm::command
