// Values as RDB files and DUMP payloads hold them: written from an entry, read into a value that no
// entry holds yet.
//
// What is read here is what Redis 7.2 reads: every type code it knows, old ones included. Encodings
// afterwards follow the configured limits the way Redis applies them on loading. Writing gives the
// type codes of version 11 (Redis 7.2), or those of version 10 for older readers.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/keyspace/edit.h"
#include "core/keyspace/entry.h"
#include "core/persist/reader.h"
#include "core/persist/writer.h"
#include "core/types/value.h"

namespace kvasm::persist {

// The version in which nothing of this entry's value is lost: `version`, or a later one.
int VersionFor(const keyspace::Entry& entry, int version = kRdbVersion);

// The code of the form in which SaveValue writes this entry's value.
ValueType SavedType(const keyspace::Entry& entry, int version);

// Writes the value without its type code. The entry is only read. The writer knows whether memory
// sufficed.
void SaveValue(Writer& out, keyspace::Entry& entry, const types::Context& context);

// A value without an entry; frees it unless it is put into one.
class LoadedValue {
 public:
  LoadedValue() = default;
  ~LoadedValue();
  LoadedValue(const LoadedValue&) = delete;
  LoadedValue& operator=(const LoadedValue&) = delete;

  types::Type type() const { return types::TypeOf(encoding_); }

  // Makes it the value of the edit's key, whatever was there, persistent. Once. Cannot fail: all
  // memory has been taken already.
  void PutInto(keyspace::Edit& edit);

 private:
  friend Fault LoadValue(Reader&, uint8_t, const types::Context&, LoadedValue&);

  Fault LoadString(Reader& in);

  StringScratch scratch_;
  std::string_view text_;  // kEmbstr: a short string, an integer perhaps
  types::Encoding encoding_ = types::Encoding::kEmbstr;
  void* data_ = nullptr;
};

// Reads the value behind the code `type` into `out`, which is fresh. A fault leaves nothing behind.
// kEmpty (a collection without elements) is no fault of the reader, which stands behind the value.
// Bytes behind the value are left unread.
Fault LoadValue(Reader& in, uint8_t type, const types::Context& context, LoadedValue& out);

}  // namespace kvasm::persist
