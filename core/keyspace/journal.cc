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
  if (sinks_.empty()) return;
  Take(db, {arguments.begin(), arguments.end()});
}

void Journal::Take(int db, std::vector<std::string> arguments) {
  if (sinks_.empty() || audience_ == kNobody) return;
  records_.push_back({db, audience_, std::move(arguments)});
}

void Journal::Emit(Attached& to, std::span<const Pending> records) {
  const auto emit = [&](std::initializer_list<std::string_view> arguments) {
    to.sink->Record(std::span(arguments.begin(), arguments.size()));
  };
  const auto heard =
      std::count_if(records.begin(), records.end(), [&](const Pending& r) { return to.Hears(r); });
  if (heard > 1) emit({"MULTI"});
  std::vector<std::string_view> views;
  for (const Pending& record : records) {
    if (!to.Hears(record)) continue;
    if (record.db != to.selected_db) {
      emit({"SELECT", base::Int64Text(record.db)});
      to.selected_db = record.db;
    }
    views.assign(record.arguments.begin(), record.arguments.end());
    to.sink->Record(views);
  }
  if (heard > 1) emit({"EXEC"});
}

void Journal::Commit() {
  if (records_.empty()) return;
  const std::vector<Pending> records = std::exchange(records_, {});
  for (Attached& sink : sinks_) Emit(sink, records);
}

}  // namespace kvasm::keyspace
