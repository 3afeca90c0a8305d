#include "core/types/list.h"

#include <algorithm>
#include <string>

#include "core/base/alloc.h"
#include "core/ds/listpack_size.h"

namespace kvasm::types {
namespace {

using ds::NodeLimit;
using ds::PackedList;
using ds::QuickList;

QuickList* QuickOf(const void* data) { return static_cast<QuickList*>(const_cast<void*>(data)); }

// A list that is one node of at most `limit` becomes a packed list.
bool TryPack(QuickList& list, NodeLimit limit, void*& block) {
  if (!list.IsOnePackedList() || list.size() > limit.count || list.ListpackBytes() > limit.bytes) {
    return false;
  }
  block = list.ReleaseBlock();
  return true;
}

}  // namespace

QuickList* List::NewQuickList() const {
  return new QuickList(context_.limits->list_max_listpack_size,
                       context_.limits->list_compress_depth);
}

bool List::IsPlain(std::string_view text) const {
  return text.size() >= context_.limits->list_plain_bytes_min;
}

uint32_t List::ListpackBytes(const PackedList& items) {
  uint64_t bytes = ds::kListpackFrameBytes;
  for (auto at = items.begin(); at != items.end();) bytes += ds::ListpackBytes(items.Take(at));
  return static_cast<uint32_t>(bytes);
}

// --- reading ---

ds::Item List::Peek(End end) const {
  if (!packed()) return quick().Peek(end);
  auto items = list();
  return items.Get(end == End::kHead ? items.begin() : items.At(items.count() - 1));
}

ds::Item List::At(uint64_t index) const {
  if (!packed()) return quick().At(index);
  auto items = list();
  return items.Get(items.At(static_cast<uint32_t>(index)));
}

// --- changing ---

void List::Prepare(uint64_t text_bytes, uint64_t count) {
  if (!packed()) return;
  const NodeLimit limit = NodeLimit::Of(context_.limits->list_max_listpack_size);
  auto items = list();
  // A listpack takes 1 or 2 bytes more an item, 3 for texts of 16 KiB. The exact size, which means
  // reading the whole list, is only needed close to the limit.
  const uint64_t least_bytes =
      ds::kListpackFrameBytes + items.bytes() - PackedList::kHeaderBytes + items.count();
  const uint64_t most_bytes = least_bytes + items.count() + items.bytes() / 16383;
  const uint64_t new_count = items.count() + count;
  if (!limit.ExceededBy(most_bytes + text_bytes, new_count)) return;
  if (!limit.ExceededBy(least_bytes + text_bytes, new_count) &&
      !limit.ExceededBy(ListpackBytes(items) + text_bytes, new_count)) {
    return;
  }
  QuickList* quick_list = NewQuickList();
  if (items.empty()) {
    items.Clear();
  } else {
    quick_list->AppendNode(value_.data);
  }
  value_.data = quick_list;
  value_.encoding = Encoding::kListQuicklist;
}

void List::Push(End end, std::span<const std::string_view> texts) {
  uint64_t text_bytes = 0;
  for (std::string_view text : texts) text_bytes += text.size();
  Prepare(text_bytes, texts.size());
  for (std::string_view text : texts) PushPrepared(end, text);
}

void List::PushPrepared(End end, std::string_view text) {
  if (!packed()) return quick().Push(end, text, IsPlain(text));
  auto items = list();
  items.Insert(end == End::kHead ? items.begin() : items.end(), text);
}

void List::Pop(End end, uint64_t count) {
  if (count != 1 || packed()) {
    return EraseRange(end == End::kHead ? 0 : size() - count, count);
  }
  quick().Pop(end);
  Shrink();
}

void List::Rotate(End from, End to) {
  ds::NumberText scratch;
  const ds::Item item = Peek(from);
  const std::string text(item.Text(scratch));
  if (packed()) {
    EraseRange(from == End::kHead ? 0 : size() - 1, 1);
  } else {
    quick().Pop(from);
  }
  Prepare(text.size(), 1);
  PushPrepared(to, text);
  if (!packed()) Shrink();
}

bool List::Insert(std::string_view pivot, bool after, std::string_view text) {
  Prepare(text.size(), 1);
  if (!packed()) {
    const auto place = quick().Find(pivot);
    if (!place) return false;
    quick().Insert(*place, after, text, IsPlain(text));
    return true;
  }
  auto items = list();
  auto at = items.Find(pivot);
  if (at == items.end()) return false;
  items.Insert(after ? items.Next(at) : at, text);
  return true;
}

bool List::Replace(uint64_t index, std::string_view text) {
  Prepare(text.size(), 1);
  if (index >= size()) return false;
  if (packed()) {
    auto items = list();
    items.Replace(items.At(static_cast<uint32_t>(index)), text);
    return true;
  }
  quick().Replace(index, text, IsPlain(text));
  Shrink();
  return true;
}

void List::EraseRange(uint64_t first, uint64_t count) {
  if (packed()) {
    auto items = list();
    items.Erase(items.At(static_cast<uint32_t>(first)), static_cast<uint32_t>(count));
    return;
  }
  quick().EraseRange(first, count);
  Shrink();
}

void List::Trim(uint64_t first, uint64_t count) {
  const uint64_t behind = size() - first - count;
  if (packed()) {
    auto items = list();
    items.Erase(items.begin(), static_cast<uint32_t>(first));
    items.Erase(items.At(static_cast<uint32_t>(count)), static_cast<uint32_t>(behind));
    return;
  }
  quick().EraseRange(0, first);
  quick().EraseRange(count, behind);
  Shrink();
}

uint64_t List::EraseEqual(std::string_view text, uint64_t most, bool backward) {
  if (!packed()) {
    const uint64_t erased = quick().EraseEqual(text, most, backward);
    if (erased > 0) Shrink();
    return erased;
  }
  auto items = list();
  std::vector<PackedList::Position> found;
  for (auto at = items.Find(text); at != items.end(); at = items.Find(text, items.Next(at), 1)) {
    found.push_back(at);
    if (!backward && found.size() == most) break;
  }
  size_t kept = backward && most != 0 && found.size() > most ? found.size() - most : 0;
  // From the back, so that the positions before stay right.
  for (size_t i = found.size(); i > kept; --i) items.Erase(found[i - 1], 1);
  return found.size() - kept;
}

void List::Shrink() {
  NodeLimit limit = NodeLimit::Of(context_.limits->list_max_listpack_size);
  limit.bytes /= 2;
  limit.count /= 2;
  void* block;
  if (!TryPack(quick(), limit, block)) return;
  delete &quick();
  value_.data = block;
  value_.encoding = Encoding::kListListpack;
}

// --- the value as a whole ---

void List::Free(Encoding encoding, void* data) {
  if (encoding == Encoding::kListListpack) {
    PackedList(data).Clear();
  } else {
    delete QuickOf(data);
  }
}

void* List::Clone(Encoding encoding, const void* data) {
  void* block = const_cast<void*>(data);
  if (encoding == Encoding::kListListpack) return PackedList(block).Clone();
  return new QuickList(*QuickOf(data));
}

uint64_t List::Size(Encoding encoding, const void* data) {
  void* block = const_cast<void*>(data);
  return encoding == Encoding::kListListpack ? PackedList(block).count() : QuickOf(data)->size();
}

uint64_t List::MemoryBytes(Encoding encoding, const void* data, uint64_t samples) {
  void* block = const_cast<void*>(data);
  if (encoding == Encoding::kListListpack) return PackedList(block).MemoryBytes();
  return QuickOf(data)->MemoryBytes(samples);
}

uint64_t List::FreeEffort(Encoding encoding, const void* data) {
  return encoding == Encoding::kListListpack ? 1 : QuickOf(data)->node_count();
}

bool List::Validate() const { return packed() ? list().Validate() : quick().Validate(); }

// --- building ---

ListBuilder::ListBuilder(const Context& context)
    : ListBuilder(context, context.limits->list_max_listpack_size) {}

ListBuilder::ListBuilder(const Context& context, int64_t node_limit)
    : context_(context),
      list_(std::make_unique<QuickList>(node_limit, context.limits->list_compress_depth)) {}

void ListBuilder::Append(std::string_view text) {
  list_->Push(List::End::kTail, text, text.size() >= context_.limits->list_plain_bytes_min);
}

void ListBuilder::AppendPlain(std::string_view text) { list_->Push(List::End::kTail, text, true); }

Encoding ListBuilder::Finish(void*& data) {
  const NodeLimit limit = NodeLimit::Of(context_.limits->list_max_listpack_size);
  if (list_->empty()) {
    data = nullptr;
    return Encoding::kListListpack;
  }
  if (TryPack(*list_, limit, data)) return Encoding::kListListpack;
  data = list_.release();
  return Encoding::kListQuicklist;
}

}  // namespace kvasm::types
