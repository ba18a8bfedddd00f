#include "service/config/changes.h"

#include <google/protobuf/util/message_differencer.h>

#include <algorithm>

#include "cistern/v1/config.pb.h"
#include "service/config/rules.h"

namespace cistern {

namespace {

v1::ControlConfig WithoutGrants(v1::ControlConfig control) {
  control.clear_grants();
  return control;
}

}  // namespace

std::vector<std::string> DescribeChanges(const v1::Config& was, const v1::Config& now) {
  std::vector<std::string> out;
  const auto note = [&out](bool same, const char* text) {
    if (!same) out.emplace_back(text);
  };
  const auto same = [](const google::protobuf::Message& a, const google::protobuf::Message& b) {
    return a.SerializeAsString() == b.SerializeAsString();
  };
  bool listeners = was.listeners_size() == now.listeners_size();
  for (int i = 0; listeners && i < was.listeners_size(); ++i)
    listeners = same(was.listeners(i), now.listeners(i));
  note(listeners, "listeners changed");
  note(same(was.time_zone(), now.time_zone()), "time_zone changed");
  bool targets = was.targets_size() == now.targets_size();
  for (int i = 0; targets && i < was.targets_size(); ++i) targets = same(was.targets(i), now.targets(i));
  note(targets, "targets changed");
  using google::protobuf::util::MessageDifferencer;  // maps have no order
  note(std::ranges::equal(ConfiguredRules(was), ConfiguredRules(now), MessageDifferencer::Equals),
       "rules changed");
  note(same(was.detections(), now.detections()), "detections takes effect after a restart");
  note(same(was.events(), now.events()), "events changed");
  note(same(was.storage().retention(), now.storage().retention()), "storage.retention changed");
  note(was.storage().commit_interval() == now.storage().commit_interval(), "storage.commit_interval changed");
  note(same(was.log(), now.log()), "log changed");
  note(was.storage().dir() == now.storage().dir(), "storage.dir takes effect after a restart");
  note(was.storage().sync() == now.storage().sync(), "storage.sync takes effect after a restart");
  bool grants = was.control().grants_size() == now.control().grants_size();
  for (int i = 0; grants && i < was.control().grants_size(); ++i)
    grants = same(was.control().grants(i), now.control().grants(i));
  note(grants, "control.grants changed");
  // The default socket lies in storage.dir and moves with it.
  note(same(WithoutGrants(was.control()), WithoutGrants(now.control())) ||
           was.storage().dir() != now.storage().dir(),
       "control takes effect after a restart");
  note(same(was.http(), now.http()), "http takes effect after a restart");
  note(same(was.queue(), now.queue()), "queue takes effect after a restart");
  return out;
}

}  // namespace cistern
