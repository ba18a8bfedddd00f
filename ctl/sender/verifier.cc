#include "ctl/sender/verifier.h"

#include <algorithm>
#include <utility>

#include "ctl/sender/load_mark.h"

namespace cistern::ctl {

Verifier::Verifier(std::string run, const std::vector<std::uint64_t>& attempted, std::uint64_t sent)
    : run_(std::move(run)), sent_(sent), senders_(attempted.size()) {
  for (std::size_t i = 0; i < attempted.size(); ++i) senders_[i].seen.resize(attempted[i]);
}

void Verifier::Add(std::string_view hostname, std::string_view app_name, std::string_view procid,
                   std::string_view message) {
  ++result_.stored;
  const auto mark = ReadMark(message, run_, HeaderSum(hostname, app_name, procid));
  if (!mark || !mark->intact) {
    ++result_.damaged;
    return;
  }
  if (mark->sender >= senders_.size() || mark->sequence == 0 ||
      mark->sequence > senders_[mark->sender].seen.size()) {
    ++result_.unexpected;
    return;
  }
  Sender& sender = senders_[mark->sender];
  if (sender.seen[mark->sequence - 1]) {
    ++result_.duplicates;
    return;
  }
  sender.seen[mark->sequence - 1] = true;
  ++whole_;
  if (mark->sequence < sender.last) ++result_.out_of_order;
  sender.last = std::max(sender.last, mark->sequence);
}

Verification Verifier::Finish() const {
  Verification result = result_;
  result.missing = sent_ - std::min(sent_, whole_);
  return result;
}

}  // namespace cistern::ctl
