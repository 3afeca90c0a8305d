#include "core/keyspace/journal.h"

#include <algorithm>
#include <utility>

#include "core/base/numbers.h"

namespace kvasm::keyspace {

void Journal::Attach(Sink& sink, Audience audience) { sinks_.push_back({&sink, audience}); }

void Journal::Detach(Sink& sink) {
  std::erase_if(sinks_, [&](const Attached& attached) { return attached.sink == &sink; });
}

void Journal::Add(int db, std::span<const std::string_view> arguments) {
  if (sinks_.empty() || audience_ == kNobody) return;
  records_.push_back({db, audience_, static_cast<uint32_t>(arguments.size())});
  for (const std::string_view argument : arguments) {
    sizes_.push_back(static_cast<uint32_t>(argument.size()));
    bytes_.append(argument);
  }
}

void Journal::AddLast(int db, std::span<const std::string_view> arguments) {
  if (!records_.empty()) {
    Add(db, arguments);
    return Commit();
  }
  for (Attached& sink : sinks_) {
    if ((sink.audience & audience_) == 0) continue;
    Select(sink, db);
    sink.sink->Record(arguments);
  }
}

void Journal::Select(Attached& to, int db) {
  if (db == to.selected_db) return;
  to.selected_db = db;
  const std::string number = base::Int64Text(db);
  const std::string_view select[] = {"SELECT", number};
  to.sink->Record(select);
}

void Journal::Emit(Attached& to, bool as_one) {
  const bool wraps =
      as_one && std::count_if(records_.begin(), records_.end(),
                              [&](const Pending& record) { return to.Hears(record); }) > 1;
  constexpr std::string_view kBegin[] = {"MULTI"};
  constexpr std::string_view kEnd[] = {"EXEC"};
  if (wraps) to.sink->Record(kBegin);
  const uint32_t* size = sizes_.data();
  std::string_view rest = bytes_;
  for (const Pending& record : records_) {
    views_.clear();
    for (uint32_t i = 0; i < record.arguments; ++i, ++size) {
      views_.push_back(rest.substr(0, *size));
      rest.remove_prefix(*size);
    }
    if (!to.Hears(record)) continue;
    Select(to, record.db);
    to.sink->Record(views_);
  }
  if (wraps) to.sink->Record(kEnd);
}

void Journal::Commit(bool as_one) {
  if (records_.empty()) return;
  for (Attached& sink : sinks_) Emit(sink, as_one);
  const bool is_large =
      bytes_.size() + (records_.size() + sizes_.size()) * sizeof(Pending) > kKeptBytes;
  records_.clear();
  bytes_.clear();
  sizes_.clear();
  if (!is_large) return;
  std::vector<Pending>().swap(records_);
  std::string().swap(bytes_);
  std::vector<uint32_t>().swap(sizes_);
  std::vector<std::string_view>().swap(views_);
}

}  // namespace kvasm::keyspace
