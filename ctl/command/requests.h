// Sets what requests have in common.
#pragma once

#include <string>

#include "cistern/v1/log_service.pb.h"
#include "ctl/printer/time_text.h"
#include "ctl/time_range.h"

namespace cistern::ctl {

// `by`: `received` or `time`.
template <class Request>
void SetRange(const TimeRange& range, const std::string& by, Request& request) {
  if (range.from) SetNs(*range.from, *request.mutable_from());
  if (range.to) SetNs(*range.to, *request.mutable_to());
  request.set_time_axis(by == "time" ? v1::QueryRequest::TIME_AXIS_EVENT
                                     : v1::QueryRequest::TIME_AXIS_RECEIVED);
}

}  // namespace cistern::ctl
