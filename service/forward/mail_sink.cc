// Digests: the first record of a group opens it, the mail goes when `digest` has passed, and tells of all
// that came by then. Until then HeldBehind() keeps the position before the oldest record that waits, so that
// a restart reads all of them again; MailMemory tells those apart that were mailed.
#include "service/forward/mail_sink.h"

#include <algorithm>
#include <utility>

#include "cistern/v1/target.pb.h"
#include "ingest/message/wall_time.h"
#include "service/forward/mail_memory.h"
#include "service/forward/mail_renderer.h"
#include "service/forward/mail_text.h"
#include "service/forward/smtp_client.h"
#include "storage/query/field_text.h"

namespace cistern {
namespace {

using std::chrono::steady_clock;

// Deliver() and Idle() come back after it, so that the position is kept while many mails go.
constexpr std::chrono::milliseconds kSlice{500};
// What is read again after a restart is in its group by then; its mail waits for that.
constexpr std::chrono::seconds kLongestCatchUp{30};
constexpr std::size_t kLongestValue = 256;

class MailSink final : public Sink {
 public:
  MailSink(const v1::Target& target, const SinkContext& context, WallClock clock,
           std::unique_ptr<MailRenderer> renderer, std::unique_ptr<SmtpClient> client);

  Delivery Deliver(const Chunk& chunk, const Stop& stop) override;
  Delivery DeliverLetters(const Chunk& chunk, const Stop& stop) override;
  std::optional<Failure> Idle(const Stop& stop) override;
  std::vector<Refusal> TakeRefused() override { return std::exchange(refused_, {}); }
  steady_clock::time_point NextIdle() const override;
  std::optional<RecordId> HeldBehind() const override;
  std::string SaveState() const override;
  void Close(steady_clock::time_point) override { client_->Disconnect(); }
  std::string endpoint() const override { return client_->peer(); }

 private:
  std::vector<std::string> ValuesOf(BatchView& view, std::uint32_t row) const;
  std::int64_t DueOf(const std::string& key) const;
  bool IsDue(const MailGroup& group) const;
  void SendEach(const Chunk& chunk, const Stop& stop, Delivery& delivery);
  void Collect(const Chunk& chunk, const Stop& stop, Delivery& delivery);
  std::optional<Failure> Add(const Chunk& chunk, std::size_t at, const Stop& stop);
  std::optional<Failure> SendFirst(const Stop& stop);
  std::optional<Failure> Send(const MailGroup& group, const Stop& stop, std::vector<Refusal>& refused,
                              std::uint64_t* bytes);
  void ForgetWhatIsBehind();

  const v1::MailTarget& mail_;
  const std::int64_t digest_;  // ns; 0: one mail a record
  const std::size_t most_letters_;
  const WallClock clock_;
  const std::unique_ptr<MailRenderer> renderer_;
  const std::unique_ptr<SmtpClient> client_;
  const steady_clock::time_point made_ = steady_clock::now();
  std::vector<FieldRef> group_by_;

  bool caught_up_ = false;
  std::uint64_t taken_through_ = 0;
  MailGroups groups_;
  MailMemory memory_;
  std::vector<Refusal> refused_;
  mutable std::optional<std::string> saved_;  // as long as it is right
};

// Each value is ended by a zero octet, so that different lists have different keys.
std::string KeyOf(const std::vector<std::string>& values) {
  std::string key;
  for (const std::string& value : values) (key += value) += '\0';
  return key;
}

MailSink::MailSink(const v1::Target& target, const SinkContext& context, WallClock clock,
                   std::unique_ptr<MailRenderer> renderer, std::unique_ptr<SmtpClient> client)
    : mail_(target.mail()),
      digest_(context.test ? 0 : mail_.digest()),
      most_letters_(target.max_dead_letters()),
      clock_(std::move(clock)),
      renderer_(std::move(renderer)),
      client_(std::move(client)),
      groups_(mail_.show()),
      memory_(context.saved_state, context.epoch) {
  for (const std::string& field : mail_.group_by()) group_by_.push_back(*ParseField(field));
}

std::vector<std::string> MailSink::ValuesOf(BatchView& view, std::uint32_t row) const {
  std::vector<std::string> values;
  for (const FieldRef& field : group_by_) {
    values.push_back(FieldText(view, field, row));
    if (values.back().size() > kLongestValue) values.back().resize(kLongestValue);
  }
  return values;
}

std::int64_t MailSink::DueOf(const std::string& key) const {
  const std::int64_t now = clock_();
  const std::int64_t before = caught_up_ ? 0 : memory_.Due(key);
  return before == 0 ? now + digest_ : std::clamp(before, now, now + digest_);
}

// A clock that was set back sends early rather than late.
bool MailSink::IsDue(const MailGroup& group) const {
  const std::int64_t now = clock_();
  return group.due <= now || group.due > now + digest_;
}

Delivery MailSink::Deliver(const Chunk& chunk, const Stop& stop) {
  Delivery delivery;
  if (digest_ == 0) {
    SendEach(chunk, stop, delivery);
    client_->Disconnect();
  } else {
    Collect(chunk, stop, delivery);
    delivery.refused = TakeRefused();
  }
  return delivery;
}

void MailSink::SendEach(const Chunk& chunk, const Stop& stop, Delivery& delivery) {
  const auto until = steady_clock::now() + kSlice;
  while (delivery.taken < chunk.rows.size() && chunk.here() &&
         (delivery.taken == 0 || steady_clock::now() < until)) {
    const std::uint32_t row = chunk.rows[delivery.taken];
    MailGroup one{.values = ValuesOf(chunk.view, row)};
    one.Add(chunk.view.Row(row), /*show=*/true);
    const WithoutBatch wait(chunk);
    delivery.failure = Send(one, stop, delivery.refused, &delivery.bytes);
    if (delivery.failure) return;
    ++delivery.taken;
  }
}

void MailSink::Collect(const Chunk& chunk, const Stop& stop, Delivery& delivery) {
  while (delivery.taken < chunk.rows.size()) {
    const std::uint64_t id = ToInt(chunk.ids[delivery.taken]);
    if (id > taken_through_) {
      delivery.failure = Add(chunk, delivery.taken, stop);
      if (delivery.failure || !chunk.here()) return;
      taken_through_ = id;
    }
    ++delivery.taken;
  }
}

std::optional<Failure> MailSink::Add(const Chunk& chunk, std::size_t at, const Stop& stop) {
  const Record record = chunk.view.Row(chunk.rows[at]);
  std::vector<std::string> values = ValuesOf(chunk.view, chunk.rows[at]);
  const std::string key = KeyOf(values);
  if (memory_.Mailed(key, ToInt(record.id))) return std::nullopt;
  while (groups_.FullFor(key)) {
    const WithoutBatch wait(chunk);
    if (auto failure = SendFirst(stop)) return failure;
  }
  if (!chunk.here()) return std::nullopt;  // with the record; it is offered again
  if (groups_.Add(key, std::move(values), record, [&] { return DueOf(key); })) saved_.reset();
  return std::nullopt;
}

Delivery MailSink::DeliverLetters(const Chunk& chunk, const Stop& stop) {
  Delivery delivery;
  std::map<std::string, MailGroup> groups;
  for (const std::uint32_t row : chunk.rows) {
    std::vector<std::string> values = ValuesOf(chunk.view, row);
    MailGroup& group = groups[KeyOf(values)];
    group.values = std::move(values);
    group.Add(chunk.view.Row(row), group.shown.size() < mail_.show());
  }
  for (const auto& [key, group] : groups) {
    delivery.failure = Send(group, stop, delivery.refused, &delivery.bytes);
    if (delivery.failure) return delivery;
  }
  client_->Disconnect();
  delivery.taken = chunk.rows.size();
  return delivery;
}

std::optional<Failure> MailSink::Send(const MailGroup& group, const Stop& stop, std::vector<Refusal>& refused,
                                      std::uint64_t* bytes) {
  Mail mail = renderer_->Render(group);
  mail.date = HeaderDate(clock_());
  auto answer = client_->Send(mail, stop);
  if (!answer) return std::move(answer.error());
  if (bytes != nullptr) *bytes += mail.text.size() + mail.html.size();
  if (answer->empty()) return std::nullopt;
  const auto ids = group.Ids();  // of more letters than are kept, the oldest would go at once
  for (std::size_t i = ids.size() - std::min(ids.size(), most_letters_); i < ids.size(); ++i)
    refused.push_back({ids[i], *answer});
  return std::nullopt;
}

std::optional<Failure> MailSink::SendFirst(const Stop& stop) {
  const auto& [found, group] = *groups_.First();
  if (auto failure = Send(group, stop, refused_, nullptr)) return failure;
  const std::string key = found;
  memory_.NoteMailed(key, group.last_id);
  groups_.Remove(key);
  saved_.reset();
  return std::nullopt;
}

std::optional<Failure> MailSink::Idle(const Stop& stop) {
  if (digest_ == 0) return std::nullopt;
  if (!std::exchange(caught_up_, true)) ForgetWhatIsBehind();
  const auto until = steady_clock::now() + kSlice;
  bool sent = false;
  for (auto* first = groups_.First(); first != nullptr && IsDue(first->second); first = groups_.First()) {
    if (auto failure = SendFirst(stop)) return failure;
    sent = true;
    if (steady_clock::now() >= until) break;
  }
  if (!sent) return std::nullopt;
  ForgetWhatIsBehind();
  client_->Disconnect();
  return std::nullopt;
}

void MailSink::ForgetWhatIsBehind() {
  memory_.Forget(groups_.OldestId().value_or(UINT64_MAX));
  saved_.reset();
}

steady_clock::time_point MailSink::NextIdle() const {
  if (digest_ == 0) return steady_clock::time_point::max();
  if (!caught_up_) return made_ + kLongestCatchUp;
  const auto* first = groups_.First();
  if (first == nullptr) return steady_clock::time_point::max();
  if (IsDue(first->second)) return steady_clock::now();
  return steady_clock::now() + std::chrono::nanoseconds(first->second.due - clock_());
}

std::optional<RecordId> MailSink::HeldBehind() const {
  std::optional<std::uint64_t> oldest = groups_.OldestId();
  for (const Refusal& refusal : refused_) oldest = std::min(oldest.value_or(UINT64_MAX), ToInt(refusal.id));
  return oldest ? std::optional(RecordId(*oldest - 1)) : std::nullopt;
}

std::string MailSink::SaveState() const {
  if (digest_ == 0) return {};
  if (!saved_) saved_ = memory_.Save(groups_);
  return *saved_;
}

}  // namespace

MadeSink MakeMailSink(const v1::Target& target, SinkContext context, WallClock clock) {
  auto renderer = MailRenderer::Make(target, context.store_id);
  if (!renderer) return std::move(renderer.error());
  auto client = SmtpClient::Make(target.mail(), context);
  if (!client) return std::move(client.error());
  return std::unique_ptr<Sink>(std::make_unique<MailSink>(target, context, std::move(clock),
                                                          std::move(*renderer), std::move(*client)));
}

MadeSink MakeMailSink(const v1::Target& target, SinkContext context) {
  return MakeMailSink(target, std::move(context), WallTime);
}

}  // namespace cistern
