#include "core/ds/listpack_size.h"
#include "core/persist/listpack.h"
#include "core/persist/loading.h"
#include "core/persist/ziplist.h"
#include "core/types/list.h"

namespace kvasm::persist {
namespace {

using types::ListBuilder;

bool Finish(Loading& loading, ListBuilder& list) {
  if (list.size() == 0) return loading.Empty();
  loading.value.encoding = list.Finish(loading.value.data);
  return true;
}

bool LoadElements(Loading& loading) {
  const uint32_t elements = loading.in.Count(1);
  if (!loading.in.ok()) return false;
  ListBuilder list(loading.context);
  for (uint32_t i = 0; i < elements; ++i) {
    const std::string_view text = loading.in.String(loading.first);
    if (!loading.in.ok() || !loading.HaveRoom(text.size())) return false;
    list.Append(text);
  }
  return Finish(loading, list);
}

// Appends the elements of a block as a node.
template <class Source>
bool AppendNode(Loading& loading, ListBuilder& list, std::string_view block) {
  if (!loading.HaveRoom(block.size())) return false;
  ds::PackedListBuilder node(static_cast<uint32_t>(block.size()));
  uint64_t listpack_bytes = ds::kListpackFrameBytes;
  Source source(block);
  while (source.More()) {
    const ds::Item item = source.Take();
    listpack_bytes += ds::ListpackBytes(item);
    node.Append(item);
  }
  if (!source.ok()) return loading.Corrupt();
  void* const items = node.Take();
  if (items != nullptr) list.AppendNode(items, listpack_bytes);
  return true;
}

// Appends the elements of a sound block, in nodes of their own or one by one.
template <class Source>
bool AppendBlock(Loading& loading, ListBuilder& list, std::string_view block, bool as_node) {
  if (!Source::Count(block)) return loading.Corrupt();
  ds::NumberText scratch;
  bool new_node = true;
  for (Source source(block); source.More();) {
    const ds::Item item = source.Take();
    const std::string_view text = item.Text(scratch);
    if (!loading.HaveRoom(text.size())) return false;
    as_node ? list.AppendInNode(text, new_node) : list.Append(text);
    new_node = false;
  }
  return true;
}

// The oldest compact form is not turned back into a compact one, however small: as in Redis.
bool LoadZiplist(Loading& loading) {
  const std::string_view block = loading.in.String(loading.first);
  if (!loading.in.ok()) return false;
  ListBuilder list(loading.context);
  if (!AppendBlock<ZiplistReader>(loading, list, block, false)) return false;
  if (list.size() == 0) return loading.Empty();
  loading.value.data = list.Release();
  loading.value.encoding = types::Encoding::kListQuicklist;
  return true;
}

// Appends the elements of a block as a node, or as several where ours holds less.
template <class Source>
bool AppendNodes(Loading& loading, ListBuilder& list, std::string_view block) {
  // The elements of smaller blocks are all packed in ours.
  const bool is_usual = block.size() < ds::QuickList::kRawTextBytesMin;
  return is_usual ? AppendNode<Source>(loading, list, block)
                  : AppendBlock<Source>(loading, list, block, true);
}

// Nodes stay as they are, whatever the configured size. Empty ones are passed over.
bool LoadNodes(Loading& loading, bool has_containers) {
  const uint32_t nodes = loading.in.Count(has_containers ? 2 : 1);
  if (!loading.in.ok()) return false;
  ListBuilder list(loading.context);
  for (uint32_t i = 0; i < nodes; ++i) {
    constexpr auto kPlain = static_cast<uint64_t>(Container::kPlain);
    constexpr auto kPacked = static_cast<uint64_t>(Container::kPacked);
    const uint64_t container = has_containers ? loading.in.Length() : kPacked;
    const std::string_view block = loading.in.String(loading.first);
    if (!loading.in.ok()) return false;
    if ((container != kPlain && container != kPacked) || block.empty()) return loading.Corrupt();
    if (container == kPlain) {
      if (!loading.HaveRoom(block.size())) return false;
      list.AppendPlain(block);
    } else if (has_containers ? !AppendNodes<ListpackReader>(loading, list, block)
                              : !AppendNodes<ZiplistReader>(loading, list, block)) {
      return false;
    }
  }
  return Finish(loading, list);
}

}  // namespace

bool LoadList(Loading& loading, ValueType type) {
  switch (type) {
    case ValueType::kListZiplist:
      return LoadZiplist(loading);
    case ValueType::kListQuicklist:
      return LoadNodes(loading, false);
    case ValueType::kListQuicklist2:
      return LoadNodes(loading, true);
    default:
      return LoadElements(loading);
  }
}

}  // namespace kvasm::persist
