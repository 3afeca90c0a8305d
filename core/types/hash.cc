#include "core/types/hash.h"

#include <cstring>

#include "core/base/alloc.h"

namespace kvasm::types {
namespace {

FieldNode* NewNode(std::string_view field, std::string_view value) {
  auto* node =
      static_cast<FieldNode*>(base::Allocate(sizeof(FieldNode) + field.size() + value.size()));
  node->next = nullptr;
  node->field_size = static_cast<uint32_t>(field.size());
  node->value_word = static_cast<uint32_t>(value.size());
  if (!field.empty()) std::memcpy(node->bytes(), field.data(), field.size());
  if (!value.empty()) std::memcpy(node->bytes() + field.size(), value.data(), value.size());
  return node;
}

FieldTable* TableOf(const void* data) { return static_cast<FieldTable*>(const_cast<void*>(data)); }

}  // namespace

void FieldTraits::Dispose(FieldNode* node) { base::Free(node); }

uint32_t Hash::size() const { return packed() ? list().count() / stride() : table().size(); }

bool Hash::Contains(std::string_view field) const {
  if (!packed()) return table().FindLink(field) != nullptr;
  auto pairs = list();
  return pairs.Find(field, pairs.begin(), stride()) != pairs.end();
}

std::optional<ds::Item> Hash::Get(std::string_view field) const {
  if (!packed()) {
    const FieldNode* node = table().Find(field);
    if (node == nullptr) return std::nullopt;
    return ds::Item(node->value());
  }
  auto pairs = list();
  auto at = pairs.Find(field, pairs.begin(), stride());
  if (at == pairs.end()) return std::nullopt;
  return pairs.Get(pairs.Next(at));
}

void Hash::Prepare(std::span<const std::string_view> pairs) {
  if (!packed()) return;
  const Limits& limits = *context_.limits;
  bool fits = static_cast<int64_t>(pairs.size() / 2) <= limits.hash_max_listpack_entries;
  uint64_t added_bytes = 0;
  for (std::string_view text : pairs) {
    fits = fits && static_cast<int64_t>(text.size()) <= limits.hash_max_listpack_value;
    added_bytes += text.size() + 5;
  }
  if (!fits || !list().FitsAdding(added_bytes)) {
    ConvertToTable();
    table().Reserve(static_cast<uint32_t>(pairs.size() / 2));
  }
}

bool Hash::Set(std::string_view field, std::string_view value, Expiry expiry) {
  if (packed()) {
    auto longest = static_cast<int64_t>(std::max(field.size(), value.size()));
    bool fits = longest <= context_.limits->hash_max_listpack_value &&
                list().FitsAdding(uint64_t{field.size()} + value.size());
    if (!fits) ConvertToTable();
  }
  return packed() ? SetPacked(field, value, expiry) : SetInTable(field, value, expiry);
}

bool Hash::SetPacked(std::string_view field, std::string_view value, Expiry expiry) {
  auto pairs = list();
  auto at = pairs.Find(field, pairs.begin(), stride());
  if (at != pairs.end()) {
    pairs.Replace(pairs.Next(at), value);
    if (expiring() && expiry == Expiry::kCleared) ClearExpiryPacked(at);
    return false;
  }
  pairs.Append(field);
  pairs.Append(value);
  if (expiring()) pairs.AppendInteger(0);
  if (int64_t{size()} > context_.limits->hash_max_listpack_entries) ConvertToTable();
  return true;
}

bool Hash::SetInTable(std::string_view field, std::string_view value, Expiry expiry) {
  uint32_t hash = table().Hash(field);
  FieldNode** link = table().FindLink(field, hash);
  if (link == nullptr) {
    table().Insert(NewNode(field, value), hash);
    return true;
  }
  FieldNode* node = *link;
  if (node->value_word != value.size()) {
    if (node->expires()) [[unlikely]] {
      if (expiry == Expiry::kKept) return SetKeepingExpiry(link, value);
      ClearExpiryAt(link);
      node = *link;
    }
    node = static_cast<FieldNode*>(
        base::Reallocate(node, sizeof(FieldNode) + field.size() + value.size()));
    node->value_word = static_cast<uint32_t>(value.size());
    table().Moved(link, node);
  }
  if (!value.empty()) std::memcpy(node->bytes() + node->field_size, value.data(), value.size());
  return false;
}

bool Hash::Delete(std::string_view field) {
  if (!packed()) {
    FieldNode* node = table().Remove(field);
    if (node == nullptr) return false;
    if (node->expires()) [[unlikely]]
      heap().Remove(*node);
    base::Free(node);
    return true;
  }
  auto pairs = list();
  auto at = pairs.Find(field, pairs.begin(), stride());
  if (at == pairs.end()) return false;
  pairs.Erase(at, stride());
  return true;
}

std::vector<uint32_t> Hash::FieldPositions() const {
  auto pairs = list();
  std::vector<uint32_t> positions;
  positions.reserve(size());
  for (auto at = pairs.begin(); at != pairs.end(); at = pairs.Skip(at, stride())) {
    positions.push_back(at);
  }
  return positions;
}

void Hash::ConvertToTable() {
  auto* fields = new FieldTable(context_.seed);
  fields->Reserve(size());
  ds::NumberText field_text;
  ds::NumberText value_text;
  ForEach([&](const ds::Item& field, const ds::Item& value) {
    fields->Insert(NewNode(field.Text(field_text), value.Text(value_text)));
  });
  if (expiring()) return AdoptTable(fields);
  list().Clear();
  value_.data = fields;
  value_.encoding = Encoding::kHashHashtable;
}

void Hash::Free(Encoding encoding, void* data) {
  if (encoding == Encoding::kHashListpack) {
    ds::PackedList(data).Clear();
  } else if (encoding == Encoding::kHashHashtable) {
    delete TableOf(data);
  } else {
    FreeExpiring(encoding, data);
  }
}

void* Hash::Clone(Encoding encoding, const void* data, const Context& context) {
  void* block = const_cast<void*>(data);
  if (encoding == Encoding::kHashListpack) return ds::PackedList(block).Clone();
  if (HasFieldExpiry(encoding)) return CloneExpiring(encoding, block, context);
  FieldTable& from = *TableOf(data);
  auto* copy = new FieldTable(context.seed);
  copy->Reserve(from.size());
  from.ForEach([&](const FieldNode* node) { copy->Insert(NewNode(node->field(), node->value())); });
  return copy;
}

uint64_t Hash::Size(Encoding encoding, const void* data) {
  void* block = const_cast<void*>(data);
  if (encoding == Encoding::kHashListpack) return ds::PackedList(block).count() / 2;
  if (encoding != Encoding::kHashListpackEx) return TableOf(data)->size();
  return ds::PackedList(static_cast<ExpiringList*>(block)->list).count() / 3;
}

uint64_t Hash::MemoryBytes(Encoding encoding, const void* data, uint64_t samples) {
  void* block = const_cast<void*>(data);
  if (encoding == Encoding::kHashListpack) return ds::PackedList(block).MemoryBytes();
  if (encoding == Encoding::kHashListpackEx) {
    auto* expiring = static_cast<ExpiringList*>(block);
    return sizeof *expiring + ds::PackedList(expiring->list).MemoryBytes();
  }
  FieldTable& fields = *TableOf(data);
  uint64_t bytes = sizeof(FieldTable);
  if (encoding == Encoding::kHashHashtableEx) {
    bytes = sizeof(ExpiringTable) + static_cast<ExpiringTable*>(block)->expiry.MemoryBytes();
  }
  return bytes + fields.MemoryBytes() + SampledNodeBytes(fields, samples);
}

bool Hash::Validate() const {
  uint32_t seen = 0;
  bool found_all = true;
  ds::NumberText scratch;
  if (packed() && (!list().Validate() || list().count() % stride() != 0)) return false;
  ForEach([&](const ds::Item& field, const ds::Item&) {
    ++seen;
    found_all = found_all && Contains(field.Text(scratch));
  });
  if (packed()) {
    auto pairs = list();
    for (uint32_t position : FieldPositions()) {
      std::string_view field = pairs.Get(position).Text(scratch);
      if (pairs.Find(field, pairs.begin(), stride()) != position) return false;
    }
  }
  return found_all && seen == size() && (!expiring() || ValidateExpiry());
}

}  // namespace kvasm::types
