#include "service/control/admin_service.h"

#include <grpcpp/server_context.h>

#include <charconv>

#include "ingest/message/wall_time.h"
#include "proto/convert/utf8.h"
#include "service/control/call_filter.h"
#include "service/control/convert.h"
#include "service/control/status_map.h"
#include "service/diagnose/diagnosis.h"
#include "service/metrics/process.h"
#include "service/version.h"

namespace cistern {
namespace {

grpc::ServerUnaryReactor* Done(grpc::CallbackServerContext* rpc,
                               const grpc::Status& status = grpc::Status::OK) {
  auto* reactor = rpc->DefaultReactor();
  reactor->Finish(status);
  return reactor;
}

void LedgerToProto(const LedgerSnapshot& books, v1::Ledger* out) {
  out->set_received(books.received_total());
  out->set_stored(books.stored);
  out->set_in_flight(books.in_flight());
  out->set_kernel_drops(books.kernel_drops);
  for (std::size_t i = 0; i < kDropReasons; ++i) {
    if (books.dropped[i] == 0) continue;
    const auto reason = static_cast<DropReason>(i);
    auto* drop = out->add_dropped();
    drop->set_stage(DropStage(reason));
    drop->set_reason(std::string(DropReasonName(reason)));
    drop->set_messages(books.dropped[i]);
  }
  for (std::size_t i = 1; i < kTransports; ++i) {
    if (books.received[i] == 0) continue;
    auto* count = out->add_transports();
    count->set_transport(static_cast<v1::Transport>(i));
    count->set_messages(books.received[i]);
    count->set_octets(books.received_octets[i]);
  }
}

void ListenerToProto(const ListenerStatus& in, v1::Listener* out) {
  out->set_name(in.name);
  out->set_transport(ToProto(in.transport));
  out->set_address(in.address);
  out->set_receive_buffer_bytes(in.receive_buffer);
  out->set_connections(static_cast<std::uint32_t>(in.connections));
  out->set_kernel_drops(in.kernel_drops);
  out->set_denied(in.denied);
  out->set_proxy_refused(in.proxy_refused);
  if (in.certificate_not_after != 0) out->mutable_certificate_expiry()->set_seconds(in.certificate_not_after);
}

void StoreToProto(const StoreStats& in, const std::string& dir, v1::StoreStatus* out) {
  out->set_dir(ToUtf8(dir));
  out->set_records(in.records);
  out->set_bytes(in.bytes);
  out->set_log_files(in.log_files);
  out->set_first_record_id(ToInt(in.first_id));
  out->set_last_record_id(ToInt(in.last_id));
  if (in.records > 0) {
    ToProto(in.oldest_received, out->mutable_oldest_received_time());
    ToProto(in.newest_received, out->mutable_newest_received_time());
  }
  out->set_free_bytes(in.free_bytes);
  out->set_quarantined_batches(in.quarantined_batches);
}

const char* FramingText(FrameKind kind) {
  switch (kind) {
    case FrameKind::kDatagram:
      return "datagram";
    case FrameKind::kLine:
      return "line";
    case FrameKind::kOctetCounting:
      return "octet_counting";
  }
  return "";
}

void SenderToProto(const SenderInfo& in, v1::Sender* out) {
  out->set_peer_address(in.peer.ToString());
  out->set_hostname(ToUtf8(in.hostname));
  ToProto(in.first_seen, out->mutable_first_seen());
  ToProto(in.last_seen, out->mutable_last_seen());
  out->set_messages(in.messages);
  out->set_octets(in.octets);
  out->set_transport(ToProto(in.transport));
  out->set_listener(in.listener);
  out->set_format(ToProto(in.format));
  out->set_framing(in.transport == Transport::kGrpc ? "" : FramingText(in.frame_kind));
  out->set_tls_identity(ToUtf8(in.tls_identity));
  if (in.clock_skew) ToProto(*in.clock_skew, out->mutable_clock_skew());
  out->set_parse_failures(in.parse_failures);
}

void RulesToProto(const RulesState& in, v1::RulesStatus* out) {
  out->set_enabled(static_cast<std::uint32_t>(in.enabled));
  out->set_total(static_cast<std::uint32_t>(in.total));
  out->set_lag_records(in.lag_records);
  if (in.lag_records > 0) ToProto(static_cast<std::int64_t>(in.lag_seconds * 1e9), out->mutable_lag());
  out->set_missed_records(in.missed_records);
  out->set_open_events(in.open_events);
}

}  // namespace

grpc::ServerUnaryReactor* AdminServiceImpl::GetStatus(grpc::CallbackServerContext* rpc,
                                                      const v1::GetStatusRequest*,
                                                      v1::GetStatusResponse* response) {
  FillStatus(response);
  return Done(rpc);
}

void AdminServiceImpl::FillStatus(v1::GetStatusResponse* out) const {
  Pipeline& pipeline = context_.pipeline;
  out->set_version(kVersion);
  out->set_store_id(context_.store.store_id());
  ToProto(hooks_.start_time, out->mutable_start_time());
  out->set_reason(pipeline.degraded());
  out->set_state(out->reason().empty() ? v1::GetStatusResponse::STATE_READY
                                       : v1::GetStatusResponse::STATE_DEGRADED);
  if (context_.draining.load()) {
    out->set_state(v1::GetStatusResponse::STATE_DRAINING);
    out->set_reason("the server is stopping");
  }
  LedgerToProto(pipeline.ledger().Read(), out->mutable_ledger());
  for (const ListenerStatus& listener : hooks_.listeners()) ListenerToProto(listener, out->add_listeners());
  StoreToProto(context_.store.Stats(), hooks_.store_dir, out->mutable_store());
  out->set_queue_bytes(pipeline.queue().bytes());
  out->set_queue_limit_bytes(pipeline.queue().max_bytes());
  const ProcessStats process = ReadProcessStats();
  out->set_resident_bytes(process.resident_bytes);
  ToProto(static_cast<std::int64_t>(process.cpu_seconds * 1e9), out->mutable_cpu_time());
  RulesToProto(hooks_.rules(), out->mutable_rules());
}

grpc::ServerUnaryReactor* AdminServiceImpl::GetConfig(grpc::CallbackServerContext* rpc,
                                                      const v1::GetConfigRequest*,
                                                      v1::GetConfigResponse* response) {
  auto [yaml, file] = hooks_.config();
  response->set_yaml(ToUtf8(yaml));
  response->set_file(ToUtf8(file));
  return Done(rpc);
}

grpc::ServerUnaryReactor* AdminServiceImpl::ListSenders(grpc::CallbackServerContext* rpc,
                                                        const v1::ListSendersRequest* request,
                                                        v1::ListSendersResponse* response) {
  constexpr int kDefaultPage = 100, kMaxPage = 1000;
  if (request->page_size() < 0 || request->page_size() > kMaxPage) {
    return Done(rpc, InvalidArgument("page_size: must be 0 to 1000"));
  }
  const std::size_t size =
      static_cast<std::size_t>(request->page_size() == 0 ? kDefaultPage : request->page_size());
  std::size_t offset = 0;
  const std::string& token = request->page_token();
  if (!token.empty()) {
    const auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), offset);
    if (error != std::errc{} || end != token.data() + token.size()) {
      return Done(rpc, InvalidArgument("page_token: is not one that ListSenders gave"));
    }
  }
  std::size_t total = 0;
  for (const SenderInfo& row : context_.pipeline.senders().List(offset, size, request->match(), &total)) {
    SenderToProto(row, response->add_senders());
  }
  response->set_total_size(static_cast<int>(total));
  if (offset + size < total) response->set_next_page_token(std::to_string(offset + size));
  return Done(rpc);
}

grpc::ServerUnaryReactor* AdminServiceImpl::Explain(grpc::CallbackServerContext* rpc,
                                                    const v1::ExplainRequest* request,
                                                    v1::ExplainResponse* response) {
  auto* reactor = rpc->DefaultReactor();
  if (request->record_id() == 0) {
    reactor->Finish(InvalidArgument("record_id: must be at least 1"));
    return reactor;
  }
  context_.query_pool.Post(
      [this, reactor, id = request->record_id(), visible = FilterOfCaller(*rpc), response] {
        reactor->Finish(ExplainRecord(context_.store, id, visible, response));
      });
  return reactor;
}

grpc::ServerUnaryReactor* AdminServiceImpl::Diagnose(grpc::CallbackServerContext* rpc,
                                                     const v1::DiagnoseRequest*,
                                                     v1::DiagnoseResponse* response) {
  auto* reactor = rpc->DefaultReactor();
  context_.query_pool.Post([this, reactor, response] {
    for (const Diagnosis& one : hooks_.diagnose()) {
      auto* finding = response->add_findings();
      finding->set_level(static_cast<v1::DiagnoseResponse::Finding::Level>(static_cast<int>(one.level) + 1));
      finding->set_about(ToUtf8(one.about));
      finding->set_text(ToUtf8(one.text));
      finding->set_advice(ToUtf8(one.advice));
    }
    ToProto(WallTime(), response->mutable_server_time());
    reactor->Finish(grpc::Status::OK);
  });
  return reactor;
}

grpc::ServerUnaryReactor* AdminServiceImpl::Reload(grpc::CallbackServerContext* rpc, const v1::ReloadRequest*,
                                                   v1::ReloadResponse* response) {
  auto* reactor = rpc->DefaultReactor();
  context_.query_pool.Post([this, reactor, response, facts = FactsOf(*rpc)] {
    if (const auto refused = facts ? facts->revoked() : std::nullopt) return reactor->Finish(*refused);
    const auto changes = hooks_.reload();
    if (!changes) {
      reactor->Finish(InvalidArgument(ToUtf8(changes.error())));
      return;
    }
    for (const std::string& change : *changes) response->add_changes(ToUtf8(change));
    reactor->Finish(grpc::Status::OK);
  });
  return reactor;
}

}  // namespace cistern
