// Hashes whose fields may end by themselves.
#include <cstring>
#include <string>

#include "core/base/alloc.h"
#include "core/types/hash.h"

namespace kvasm::types {
namespace {

// The same text in a block with, or without, a slot. The node is consumed.
FieldNode* Resize(FieldNode* node, size_t value_bytes, bool expires) {
  const size_t text_bytes = node->field_size + value_bytes;
  node =
      static_cast<FieldNode*>(base::Reallocate(node, FieldNode::BlockBytes(text_bytes, expires)));
  node->value_word = static_cast<uint32_t>(value_bytes) | (expires ? FieldNode::kExpires : 0);
  return node;
}

FieldNode* CopyOf(const FieldNode& node) {
  const size_t bytes = node.MemoryBytes();
  auto* copy = static_cast<FieldNode*>(base::Allocate(bytes));
  std::memcpy(static_cast<void*>(copy), &node, bytes);
  return copy;
}

}  // namespace

int64_t Hash::ExpiryOf(std::string_view field) const {
  if (packed()) {
    auto fields = list();
    auto at = fields.Find(field, fields.begin(), stride());
    if (at == fields.end()) return kNoField;
    const int64_t expiry = expiring() ? fields.Get(fields.Skip(at, 2)).number() : 0;
    return expiry == 0 ? kNoExpiry : expiry;
  }
  FieldNode* node = table().Find(field);
  if (node == nullptr) return kNoField;
  return node->expires() ? heap().KeyOf(*node) : kNoExpiry;
}

int64_t Hash::EarliestExpiry(Encoding encoding, const void* data) {
  if (encoding == Encoding::kHashHashtableEx) {
    const FieldHeap& heap = static_cast<const ExpiringTable*>(data)->expiry;
    return heap.empty() ? kNoExpiry : heap.MinKey();
  }
  if (encoding != Encoding::kHashListpackEx) return kNoExpiry;
  void* block = static_cast<const ExpiringList*>(data)->list;
  const ds::PackedList fields(block);
  if (fields.empty()) return kNoExpiry;
  const int64_t expiry = fields.Get(fields.Skip(fields.begin(), 2)).number();
  return expiry == 0 ? kNoExpiry : expiry;
}

bool Hash::IsTableAllDue(int64_t now_ms) const {
  if (value_.encoding != Encoding::kHashHashtableEx || heap().size() != size()) return false;
  for (uint32_t i = 0; i < heap().size(); ++i) {
    if (heap().KeyAt(i) > now_ms) return false;
  }
  return true;
}

void Hash::AdmitExpiry() {
  if (value_.encoding != Encoding::kHashListpack) return;
  if (!list().FitsAdding(size())) return ConvertToTable();
  auto* expiring = new ExpiringList;
  ds::PackedList fields(expiring->list);
  ForEach([&](const ds::Item& field, const ds::Item& value) {
    fields.Append(field);
    fields.Append(value);
    fields.AppendInteger(0);
  });
  list().Clear();
  value_.data = expiring;
  value_.encoding = Encoding::kHashListpackEx;
}

bool Hash::ReserveExpiry(uint32_t fields) {
  AdmitExpiry();
  if (packed()) return true;
  if (!expiring()) {
    auto* plain = static_cast<FieldTable*>(value_.data);
    value_.data = new ExpiringTable(std::move(*plain));
    value_.encoding = Encoding::kHashHashtableEx;
    delete plain;
  }
  return heap().Reserve(fields);
}

void Hash::SetExpiry(std::string_view field, int64_t at_ms) {
  if (packed()) {
    auto fields = list();
    if (fields.FitsAdding(ds::PackedList::kIntegerBytesMax)) {
      return MovePacked(fields.Find(field, fields.begin(), 3), at_ms);
    }
    ConvertToTable();
  }
  FieldNode** link = table().FindLink(field);
  FieldNode* node = *link;
  if (node->expires()) return heap().Update(*node, at_ms);
  node = Resize(node, node->value_size(), true);
  table().Moved(link, node);
  // Room was reserved, unless the hash became a table since: then it is small.
  if (!heap().ReserveOne()) heap().ReserveSmall(1);
  CHECK(heap().Push(at_ms, node));
}

bool Hash::ClearExpiry(std::string_view field) {
  if (packed()) {
    if (!expiring()) return false;
    auto fields = list();
    auto at = fields.Find(field, fields.begin(), 3);
    if (fields.Get(fields.Skip(at, 2)).number() == 0) return false;
    MovePacked(at, 0);
    return true;
  }
  FieldNode** link = table().FindLink(field);
  if (!(*link)->expires()) return false;
  ClearExpiryAt(link);
  return true;
}

void Hash::ClearExpiryPacked(ds::PackedList::Position at) {
  auto fields = list();
  if (fields.Get(fields.Skip(at, 2)).number() != 0) MovePacked(at, 0);
}

void Hash::ClearExpiryAt(FieldNode** link) {
  heap().Remove(**link);
  table().Moved(link, Resize(*link, (*link)->value_size(), false));
}

bool Hash::SetKeepingExpiry(FieldNode** link, std::string_view value) {
  FieldNode* node = *link;
  const uint32_t slot = node->slot();
  if (node->value_size() != value.size()) {
    node = Resize(node, value.size(), true);
    node->slot() = slot;
    table().Moved(link, node);
    heap().Moved(node);
  }
  if (!value.empty()) std::memcpy(node->bytes() + node->field_size, value.data(), value.size());
  return false;
}

// Among equal ends the latest set comes first, as in Redis.
void Hash::MovePacked(ds::PackedList::Position at, int64_t expiry) {
  auto fields = list();
  ds::NumberText scratch;
  auto next = at;
  const std::string field(fields.Take(next).Text(scratch));
  const std::string value(fields.Take(next).Text(scratch));
  fields.Erase(at, 3);
  auto place = fields.end();
  if (expiry != 0) {
    for (auto it = fields.begin(); it != fields.end() && place == fields.end();) {
      const auto start = it;
      it = fields.Skip(it, 2);
      const int64_t other = fields.Take(it).number();
      if (other == 0 || other >= expiry) place = start;
    }
  }
  place = fields.Insert(place, field);
  place = fields.Insert(place, value);
  fields.Insert(place, ds::Item(expiry));
}

void Hash::AdoptTable(FieldTable* fields) {
  auto* old = static_cast<ExpiringList*>(value_.data);
  auto* fresh = new ExpiringTable(std::move(*fields));
  delete fields;
  fresh->expiry.ReserveSmall(fresh->fields.size());
  ForEachWithExpiry([&](const ds::Item& field, const ds::Item&, int64_t expiry) {
    if (expiry == kNoExpiry) return;
    ds::NumberText scratch;
    FieldNode** link = fresh->fields.FindLink(field.Text(scratch));
    FieldNode* node = Resize(*link, (*link)->value_size(), true);
    fresh->fields.Moved(link, node);
    CHECK(fresh->expiry.Push(expiry, node));
  });
  fresh->slot = old->slot;
  ds::PackedList(old->list).Clear();
  delete old;
  value_.data = fresh;
  value_.encoding = Encoding::kHashHashtableEx;
}

void Hash::RemoveNode(FieldNode* node) {
  table().Unlink(table().FindLink(node->field()));
  base::Free(node);
}

void Hash::FreeExpiring(Encoding encoding, void* data) {
  if (encoding == Encoding::kHashHashtableEx) {
    delete static_cast<ExpiringTable*>(data);
    return;
  }
  auto* expiring = static_cast<ExpiringList*>(data);
  ds::PackedList(expiring->list).Clear();
  delete expiring;
}

void* Hash::CloneExpiring(Encoding encoding, void* data, const Context& context) {
  if (encoding == Encoding::kHashListpackEx) {
    auto* copy = new ExpiringList;
    copy->list = ds::PackedList(static_cast<ExpiringList*>(data)->list).Clone();
    return copy;
  }
  auto& from = *static_cast<ExpiringTable*>(data);
  auto* copy = new ExpiringTable(FieldTable(context.seed));
  if (!copy->expiry.Reserve(from.expiry.size())) {
    delete copy;
    return nullptr;
  }
  copy->fields.Reserve(from.fields.size());
  from.fields.ForEach([&](FieldNode* node) {
    FieldNode* twin = CopyOf(*node);
    copy->fields.Insert(twin);
    if (node->expires()) CHECK(copy->expiry.Push(from.expiry.KeyOf(*node), twin));
  });
  return copy;
}

bool Hash::ValidateExpiry() const {
  if (packed()) {
    int64_t before = 0;
    bool sorted = true;
    auto fields = list();
    for (auto at = fields.begin(); at != fields.end();) {
      at = fields.Skip(at, 2);
      const ds::Item expiry = fields.Take(at);
      if (!expiry.is_integer() || expiry.number() < 0) return false;
      const int64_t end = expiry.number() == 0 ? INT64_MAX : expiry.number();
      sorted = sorted && end >= before;
      before = end;
    }
    return sorted;
  }
  uint32_t ending = 0;
  bool linked = true;
  table().ForEach([&](FieldNode* node) {
    if (!node->expires()) return;
    const uint32_t slot = node->slot();
    linked = linked && slot > 0 && slot <= heap().size() && heap().At(slot - 1) == node;
    ++ending;
  });
  return linked && ending == heap().size();
}

}  // namespace kvasm::types
