#include "core/commands/data_digest.h"

#include <algorithm>
#include <cmath>

#include "core/base/bytes.h"
#include "core/base/grisu2.h"
#include "core/base/numbers.h"
#include "core/types/hash.h"
#include "core/types/list.h"
#include "core/types/set.h"
#include "core/types/sorted_set.h"
#include "core/types/stream.h"

namespace kvasm::commands {
namespace {

using base::Sha1Digest;
using keyspace::Entry;
using keyspace::Keyspace;
using types::Type;

std::string_view Bytes(const Sha1Digest& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

// Adds an element whose place does not matter.
void Xor(Sha1Digest& digest, std::string_view data) {
  const Sha1Digest other = base::Sha1(data);
  for (size_t i = 0; i < digest.size(); ++i) digest[i] ^= other[i];
}

// Adds an element whose place matters.
void Mix(Sha1Digest& digest, std::string_view data) {
  Xor(digest, data);
  digest = base::Sha1(Bytes(digest));
}

void MixNumber(Sha1Digest& digest, uint32_t number) {
  char bytes[sizeof number];
  base::Store32(bytes, __builtin_bswap32(number));
  Mix(digest, {bytes, sizeof bytes});
}

// Adds a pair of texts, and a note if there is one, as one element of a collection.
void XorPair(Sha1Digest& digest, std::string_view first, std::string_view second,
             std::string_view note = {}) {
  Sha1Digest pair{};
  Mix(pair, first);
  Mix(pair, second);
  if (!note.empty()) Xor(pair, note);
  Xor(digest, Bytes(pair));
}

// Unlike in replies, large integers are written with Grisu2's digits here.
size_t FormatScore(char* out, double score) {
  if (score == 0 || !std::isfinite(score)) return base::FormatDouble(out, score);
  return base::FormatGrisu2(out, score);
}

// The number a type has in Redis.
uint32_t TypeNumber(Type type) {
  switch (type) {
    case Type::kString:
      return 0;
    case Type::kList:
      return 1;
    case Type::kSet:
      return 2;
    case Type::kZset:
      return 3;
    case Type::kHash:
      return 4;
    case Type::kStream:
      return 6;
  }
  return 0;
}

void MixStream(Sha1Digest& digest, const types::Stream& stream) {
  ds::NumberText scratch;
  for (types::StreamReader reader(stream); reader.Next();) {
    types::StreamIdChars id(reader.entry().id);
    *std::find(id.chars, id.chars + id.size, '-') = '.';
    Mix(digest, id.view());
    reader.entry().ForEach([&](const ds::Item& field, const ds::Item& value) {
      Mix(digest, field.Text(scratch));
      Mix(digest, value.Text(scratch));
    });
  }
}

void AddValue(Sha1Digest& digest, Keyspace& keyspace, Entry& entry) {
  const Type type = entry.type();
  MixNumber(digest, TypeNumber(type));
  ds::NumberText scratch;
  if (type == Type::kString) {
    keyspace::IntText text;
    Mix(digest, keyspace::StringOf(entry, text));
  } else if (type == Type::kList) {
    types::List(entry.value(), keyspace.context()).ForEach([&](const ds::Item& element) {
      Mix(digest, element.Text(scratch));
    });
  } else if (type == Type::kSet) {
    types::Set(entry.value(), keyspace.context()).ForEach([&](const ds::Item& member) {
      Xor(digest, member.Text(scratch));
    });
  } else if (type == Type::kHash) {
    ds::NumberText other;
    types::Hash(entry.value(), keyspace.context())
        .ForEachWithExpiry([&](const ds::Item& field, const ds::Item& value, int64_t expiry) {
          XorPair(digest, field.Text(scratch), value.Text(other),
                  expiry == types::Hash::kNoExpiry ? "" : "!!hexpire!!");
        });
  } else if (type == Type::kZset) {
    const types::SortedSet zset(entry.value(), keyspace.context());
    zset.ForEach(zset.All(), false, [&](std::string_view member, double score) {
      char text[base::kDoubleCharsMax];
      XorPair(digest, member, {text, FormatScore(text, score)});
    });
  } else if (type == Type::kStream) {
    MixStream(digest, types::Stream::Of(entry.value()));
  }
  if (entry.ttl_slot != 0) Xor(digest, "!!expire!!");
}

}  // namespace

Sha1Digest ValueDigest(Keyspace& keyspace, Entry& entry) {
  Sha1Digest digest{};
  AddValue(digest, keyspace, entry);
  return digest;
}

Sha1Digest DatasetDigest(Keyspace& keyspace) {
  Sha1Digest total{};
  for (int id = 0; id < keyspace.database_count(); ++id) {
    keyspace::Database& db = keyspace.db(id);
    if (db.size() == 0) continue;
    MixNumber(total, static_cast<uint32_t>(id));
    db.entries().ForEach([&](Entry* entry) {
      Sha1Digest digest{};
      Mix(digest, entry->key());
      AddValue(digest, keyspace, *entry);
      Xor(total, Bytes(digest));
    });
  }
  return total;
}

}  // namespace kvasm::commands
