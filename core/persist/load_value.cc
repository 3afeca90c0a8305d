#include "core/base/check.h"
#include "core/persist/loading.h"
#include "core/persist/value.h"

namespace kvasm::persist {
namespace {

using types::Encoding;

// What a value is that fails its checks, if nothing more is known.
std::string_view CorruptCause(uint8_t type) {
  switch (static_cast<ValueType>(type)) {
    case ValueType::kHashZipmap:
      return "Zipmap integrity check failed.";
    case ValueType::kListZiplist:
      return "List ziplist integrity check failed.";
    case ValueType::kSetIntset:
      return "Intset integrity check failed.";
    case ValueType::kZsetZiplist:
      return "Zset ziplist integrity check failed.";
    case ValueType::kHashZiplist:
      return "Hash ziplist integrity check failed.";
    case ValueType::kListQuicklist:
    case ValueType::kListQuicklist2:
      return "Quicklist integrity check failed.";
    case ValueType::kHashListpack:
    case ValueType::kHashListpackEx:
    case ValueType::kHashListpackExCandidate:
      return "Hash listpack integrity check failed.";
    case ValueType::kZsetListpack:
      return "Zset listpack integrity check failed.";
    case ValueType::kSetListpack:
      return "Set listpack integrity check failed.";
    case ValueType::kStream1:
    case ValueType::kStream2:
    case ValueType::kStream3:
      return "Stream listpack integrity check failed.";
    default:
      return "Unknown RDB encoding type";
  }
}

bool LoadCollection(Loading& loading, ValueType type) {
  switch (type) {
    case ValueType::kHash:
    case ValueType::kHashZipmap:
    case ValueType::kHashZiplist:
    case ValueType::kHashListpack:
      return LoadHash(loading, type);
    case ValueType::kHashExpiryCandidate:
    case ValueType::kHashListpackExCandidate:
    case ValueType::kHashExpiry:
    case ValueType::kHashListpackEx:
      return LoadHashWithEnds(loading, type);
    case ValueType::kSet:
    case ValueType::kSetIntset:
    case ValueType::kSetListpack:
      return LoadSet(loading, type);
    case ValueType::kZsetText:
    case ValueType::kZset:
    case ValueType::kZsetZiplist:
    case ValueType::kZsetListpack:
      return LoadSortedSet(loading, type);
    case ValueType::kList:
    case ValueType::kListZiplist:
    case ValueType::kListQuicklist:
    case ValueType::kListQuicklist2:
      return LoadList(loading, type);
    case ValueType::kStream1:
    case ValueType::kStream2:
    case ValueType::kStream3:
      return LoadStream(loading, type);
    default:
      return loading.Corrupt();
  }
}

}  // namespace

LoadedValue::~LoadedValue() {
  if (data_ != nullptr) types::FreeValue(encoding_, data_);
}

void LoadedValue::PutInto(keyspace::Edit& edit) {
  if (encoding_ == Encoding::kEmbstr) {
    CHECK(edit.SetString(text_));
    return;
  }
  edit.Put(encoding_, data_);
  data_ = nullptr;
}

Fault LoadedValue::LoadString(Reader& in) {
  const std::string_view text = in.String(scratch_);
  if (!in.ok()) return in.fault();
  if (text.size() <= types::kEmbeddedBytesMax) {
    text_ = text;
    return Fault::kNone;
  }
  types::RawString* raw = types::RawString::TryNew(text);
  if (raw == nullptr) return Fault::kOutOfMemory;
  data_ = raw;
  encoding_ = Encoding::kRaw;
  return Fault::kNone;
}

Fault LoadValue(Reader& in, uint8_t type, const types::Context& context, LoadedValue& out) {
  if (type == static_cast<uint8_t>(ValueType::kString)) {
    return out.LoadString(in);
  }
  Loading loading{.in = in, .context = context, .value = {out.data_, out.encoding_}};
  const bool whole = LoadCollection(loading, static_cast<ValueType>(type));
  if (whole) return Fault::kNone;
  if (loading.empty) return Fault::kEmpty;
  in.Explain(CorruptCause(type));
  return in.fault();
}

}  // namespace kvasm::persist
