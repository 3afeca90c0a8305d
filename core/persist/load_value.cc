#include "core/base/check.h"
#include "core/persist/loading.h"
#include "core/persist/value.h"

namespace kvasm::persist {
namespace {

using types::Encoding;

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
  return loading.empty ? Fault::kEmpty : in.fault();
}

}  // namespace kvasm::persist
