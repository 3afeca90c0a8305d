// Listpacks written and read; ziplists and zipmaps, which are only read, from bytes made here.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/base/prng.h"
#include "core/persist/listpack.h"
#include "core/persist/ziplist.h"
#include "tests/unit/persist/old_forms.h"

namespace kvasm::persist {
namespace {

using testing::Ziplist;
using testing::Zipmap;
using Texts = std::vector<std::string>;

std::string Listpack(const Texts& texts) {
  Block block;
  ListpackWriter writer(block);
  for (const std::string& text : texts) writer.AddString(text);
  return std::string(writer.Finish());
}

// All elements as text; one element "flaw" if there is one.
template <class Source>
Texts Read(std::string_view block) {
  Texts texts;
  ds::NumberText scratch;
  Source source(block);
  while (source.More()) texts.emplace_back(source.Take().Text(scratch));
  return source.ok() ? texts : Texts{"flaw"};
}

std::string RandomText(base::Prng& prng) {
  switch (prng.Below(5)) {
    case 0:
      return std::to_string(static_cast<int64_t>(prng.Next()) >> prng.Below(64));
    case 1:
      return std::to_string(prng.Below(20));
    case 2:
      return std::string(prng.Below(70), 'y');
    case 3:
      return std::string(prng.Below(200) == 0 ? 20'000 : 4090 + prng.Below(10), 'z');
    default:
      return "m" + std::to_string(prng.Below(1000));
  }
}

Texts RandomTexts(base::Prng& prng) {
  Texts texts(prng.Below(30));
  for (std::string& text : texts) text = RandomText(prng);
  return texts;
}

TEST(Listpack, ElementsTakeTheFormsOfRedis) {
  const std::string header("\x13\0\0\0\4\0", 6);
  EXPECT_EQ(Listpack({"1", "-7", "xx", "4095"}),
            header + "\1\1" + "\xdf\xf9\2" + "\x82xx\3" + "\xcf\xff\2" + "\xff");
}

TEST(Listpack, EveryListReadsBack) {
  base::Prng prng(4);
  for (int i = 0; i < 400; ++i) {
    const Texts texts = RandomTexts(prng);
    const std::string block = Listpack(texts);
    EXPECT_EQ(Read<ListpackReader>(block), texts);
    EXPECT_EQ(ListpackReader::Count(block), texts.size());
  }
}

TEST(Listpack, LengthsGoBackwardsInOneToFiveBytes) {
  for (const size_t size : {126, 127, 16380, 16381, 2097140, 2097150}) {
    const Texts texts = {std::string(size, 'x')};
    const std::string block = Listpack(texts);
    EXPECT_EQ(Read<ListpackReader>(block), texts);
    EXPECT_EQ(block.size(), 7 + ListpackWriter::TextElementBytes(size));
  }
}

TEST(Listpack, MoreThan65534ElementsAreCountedByWalking) {
  const Texts texts(70'000, "1");
  const std::string block = Listpack(texts);
  EXPECT_EQ(block.substr(4, 2), "\xff\xff");
  EXPECT_EQ(ListpackReader::Count(block), 70'000u);
}

TEST(Listpack, NumbersWrittenAsTextReadAsNumbers) {
  Block block;
  ListpackWriter writer(block);
  writer.AddText("12");
  const std::string_view bytes = writer.Finish();
  EXPECT_TRUE(ListpackReader(bytes).Take().is_integer());
  EXPECT_FALSE(ListpackReader(bytes).TakeAsWritten().is_integer());
}

TEST(Ziplist, EveryListReadsBack) {
  base::Prng prng(9);
  for (int i = 0; i < 400; ++i) {
    const Texts texts = RandomTexts(prng);
    EXPECT_EQ(Read<ZiplistReader>(Ziplist(texts)), texts);
    EXPECT_EQ(ZiplistReader::Count(Ziplist(texts)), texts.size());
  }
}

TEST(Zipmap, EveryMapReadsBack) {
  base::Prng prng(10);
  for (int i = 0; i < 400; ++i) {
    Texts texts = RandomTexts(prng);
    if (texts.size() % 2 != 0) texts.pop_back();
    EXPECT_EQ(Read<ZipmapReader>(Zipmap(texts, i % 3)), texts);
  }
}

// Every single byte of a block turned into every other: a list or a flaw, never anything else (the
// sanitizers watch).
template <class Source>
void TryAllBytes(const std::string& sound) {
  for (size_t at = 0; at < sound.size(); ++at) {
    for (int byte = 0; byte < 256; ++byte) {
      std::string bytes = sound;
      bytes[at] = static_cast<char>(byte);
      const bool counted = Source::Count(bytes).has_value();
      EXPECT_EQ(counted, Read<Source>(bytes) != Texts{"flaw"});
      if (byte != static_cast<uint8_t>(sound[at]) && at < 4) EXPECT_FALSE(counted && at > 0);
    }
  }
  for (size_t size = 0; size < sound.size(); ++size) {
    EXPECT_FALSE(Source::Count(std::string_view(sound).substr(0, size)).has_value()) << size;
  }
}

const Texts kSample = {"1", "-7", "field",   "300",         "70000",
                       "x", "",   "8388608", "-5000000000", std::string(130, 'l')};

TEST(Listpack, AnyByteMayBeWrong) { TryAllBytes<ListpackReader>(Listpack(kSample)); }
TEST(Ziplist, AnyByteMayBeWrong) { TryAllBytes<ZiplistReader>(Ziplist(kSample)); }
TEST(Zipmap, AnyByteMayBeWrong) {
  const std::string sound = Zipmap(kSample, 2);
  for (size_t at = 0; at < sound.size(); ++at) {
    for (int byte = 0; byte < 256; ++byte) {
      std::string bytes = sound;
      bytes[at] = static_cast<char>(byte);
      EXPECT_EQ(ZipmapReader::Count(bytes).has_value(), Read<ZipmapReader>(bytes) != Texts{"flaw"});
    }
  }
}

}  // namespace
}  // namespace kvasm::persist
