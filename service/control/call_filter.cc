#include "service/control/call_filter.h"

#include "service/control/call_watch.h"
#include "service/control/status_map.h"

namespace cistern {

Filter FilterOfCaller(const grpc::ServerContextBase& rpc) {
  const auto facts = FactsOf(rpc);
  if (!facts) return Filter();  // in tests without a server
  static const Filter nothing = *Filter::Parse("id:0");
  return facts->right ? facts->right->filter : nothing;
}

grpc::Status ReadFilter(const grpc::ServerContextBase& rpc, const std::string& text, Filter& out) {
  const auto filter = Filter::Parse(text);
  if (!filter) return ToGrpc(filter.error(), "filter");
  const Filter limit = FilterOfCaller(rpc);
  out = limit.matches_all() ? *filter : limit;
  if (limit.matches_all() || filter->matches_all()) return grpc::Status::OK;
  // Each parsed by itself, so that neither can reach into the other.
  const auto both = Filter::Parse("(" + limit.ToString() + ") AND (" + filter->ToString() + ")");
  if (!both) return InvalidArgument("filter: is too long or too deep together with the one that limits you");
  out = *both;
  return grpc::Status::OK;
}

}  // namespace cistern
