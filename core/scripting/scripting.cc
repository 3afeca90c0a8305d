#include "core/scripting/scripting.h"

#include "core/base/errors.h"

namespace kvasm::scripting {

base::Status Scripting::Kill(bool is_eval) {
  if (!is_running()) return base::Error(errors::kNotBusy);
  if (run_.has_written) return base::Error(errors::kUnkillable);
  if (is_eval != run_.is_eval) {
    return base::Error(run_.is_eval ? errors::kBusyScript : errors::kBusyFunction);
  }
  killed_ = true;
  return base::Status::Ok();
}

void Scripting::Collect() {
  if (cache_.has_interpreter()) cache_.interpreter().Collect();
  if (libraries_.has_interpreter()) libraries_.interpreter().Collect();
}

bool Scripting::CollectSome() {
  return (cache_.has_interpreter() && cache_.interpreter().CollectSome()) ||
         (libraries_.has_interpreter() && libraries_.interpreter().CollectSome());
}

}  // namespace kvasm::scripting
