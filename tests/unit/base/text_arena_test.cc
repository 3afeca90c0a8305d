#include "core/base/text_arena.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "core/base/prng.h"

namespace kvasm::base {
namespace {

TEST(TextArena, TextsStayWhereTheyAre) {
  Prng prng(1);
  TextArena arena;
  std::vector<std::pair<std::string, std::string_view>> kept;
  for (int i = 0; i < 5000; ++i) {
    const uint64_t size = i % 100 == 0 ? 3000 + prng.Below(30000) : prng.Below(40);
    std::string text(size, static_cast<char>('a' + prng.Below(26)));
    const std::string_view copy = arena.Keep(text);
    EXPECT_NE(copy.data(), text.data());
    kept.emplace_back(std::move(text), copy);
  }
  for (const auto& [text, copy] : kept) EXPECT_EQ(copy, text);
}

TEST(TextArena, AnEmptyTextIsNotNothing) {
  TextArena arena;
  EXPECT_NE(arena.Keep({}).data(), nullptr);
  EXPECT_EQ(arena.Keep({}).size(), 0u);
}

}  // namespace
}  // namespace kvasm::base
