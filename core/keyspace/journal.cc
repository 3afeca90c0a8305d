#include "core/keyspace/journal.h"

#include <algorithm>
#include <utility>

#include "core/base/numbers.h"

namespace kvasm::keyspace {

void Journal::Attach(Sink& sink) {
  sinks_.push_back(&sink);
  selected_db_ = -1;
}

void Journal::Detach(Sink& sink) { std::erase(sinks_, &sink); }

void Journal::Add(int db, std::span<const std::string_view> arguments) {
  if (sinks_.empty()) return;
  Pending& record = records_.emplace_back();
  record.db = db;
  record.arguments.assign(arguments.begin(), arguments.end());
}

void Journal::Take(int db, std::vector<std::string> arguments) {
  if (!sinks_.empty()) records_.push_back({db, std::move(arguments)});
}

void Journal::Emit(std::span<const std::string_view> arguments) {
  for (Sink* sink : sinks_) sink->Record(arguments);
}

void Journal::Commit() {
  if (records_.empty()) return;
  const std::vector<Pending> records = std::exchange(records_, {});
  const bool several = records.size() > 1;
  if (several) Emit({"MULTI"});
  std::vector<std::string_view> views;
  for (const Pending& record : records) {
    if (record.db != selected_db_) {
      Emit({"SELECT", base::Int64Text(record.db)});
      selected_db_ = record.db;
    }
    views.assign(record.arguments.begin(), record.arguments.end());
    Emit(views);
  }
  if (several) Emit({"EXEC"});
}

}  // namespace kvasm::keyspace
