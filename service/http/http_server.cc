#include "service/http/http_server.h"

#include <algorithm>
#include <atomic>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>
#include <charconv>
#include <thread>
#include <vector>

#include "ingest/net/tls_identity.h"
#include "service/tls/watched_tls.h"

namespace cistern {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;

constexpr auto kAsTuple = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t kMaxConnections = 64;
constexpr std::size_t kMaxRequestBytes = 8 * 1024;
constexpr auto kRequestTimeout = std::chrono::seconds(10);
constexpr auto kAcceptPause = std::chrono::milliseconds(100);

using Request = http::request<http::empty_body>;
using Response = http::response<http::string_body>;

// What ends a connection while a request is read.
std::optional<HttpRefusal> RefusalOf(const boost::system::error_code& error) {
  if (error == beast::error::timeout) return HttpRefusal::kTooSlow;
  if (error.category() != make_error_code(http::error::end_of_stream).category()) return std::nullopt;
  if (error == http::error::end_of_stream || error == http::error::partial_message) return std::nullopt;
  return HttpRefusal::kBadRequest;
}

class HttpServerImpl final : public HttpServer {
 public:
  HttpServerImpl(std::string address, std::optional<TlsOptions> tls, HttpHandlers handlers)
      : requested_(std::move(address)), handlers_(std::move(handlers)) {
    if (tls) tls_.emplace("http.tls", *std::move(tls));
  }

  ~HttpServerImpl() override {
    io_.stop();
    if (thread_.joinable()) thread_.join();
  }

  Result<void, std::string> Start() override {
    if (tls_) {
      if (auto loaded = tls_->Load(); !loaded) return loaded;
    }
    boost::system::error_code error;
    const auto endpoint = Endpoint();
    acceptor_.open(endpoint.protocol(), error);
    if (!error) acceptor_.set_option(asio::socket_base::reuse_address(true), error);
    if (!error) acceptor_.bind(endpoint, error);
    if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
    if (error) {
      std::string text = error.message();
      text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
      return "http.address: cannot listen on " + requested_ + ": " + text;
    }
    asio::co_spawn(io_, Accept(), asio::detached);
    thread_ = std::thread([this] { io_.run(); });
    return {};
  }

  std::string address() const override {
    const auto host = requested_.substr(0, requested_.rfind(':') + 1);
    boost::system::error_code ignored;
    return host + std::to_string(acceptor_.local_endpoint(ignored).port());
  }

  HttpFigures figures() const override {
    HttpFigures figures;
    for (std::size_t i = 0; i < answered_.size(); ++i) figures.answered[i] = answered_[i];
    for (std::size_t i = 0; i < refused_.size(); ++i) figures.refused[i] = refused_[i];
    if (tls_) {
      figures.certificate_not_after = tls_->not_after();
      figures.certificate_stale = tls_->stale();
    }
    return figures;
  }

 private:
  tcp::endpoint Endpoint() const {
    const auto colon = requested_.rfind(':');
    std::string host = requested_.substr(0, colon);
    if (host.size() > 2 && host.front() == '[') host = host.substr(1, host.size() - 2);
    std::uint16_t port = 0;
    std::from_chars(requested_.data() + colon + 1, requested_.data() + requested_.size(), port);
    return {asio::ip::make_address(host), port};
  }

  asio::awaitable<void> Accept() {
    asio::steady_timer pause(io_);
    for (;;) {
      auto [error, socket] = co_await acceptor_.async_accept(kAsTuple);
      if (error) {  // out of descriptors: do not spin
        pause.expires_after(kAcceptPause);
        co_await pause.async_wait(kAsTuple);
        continue;
      }
      if (open_.size() >= kMaxConnections) CloseOldest();
      if (tls_) {
        asio::co_spawn(io_, ServeTls(beast::tcp_stream(std::move(socket)), tls_->Context()), asio::detached);
      } else {
        asio::co_spawn(io_, ServePlain(beast::tcp_stream(std::move(socket))), asio::detached);
      }
    }
  }

  asio::awaitable<void> ServePlain(beast::tcp_stream stream) {
    open_.push_back(&stream);
    HttpCaller caller;  // not a temporary: GCC 12 destroys those of a co_await twice
    caller.peer = PeerOf(stream);
    co_await Serve(stream, stream, caller);
    Close(stream);
  }

  asio::awaitable<void> ServeTls(beast::tcp_stream below, std::shared_ptr<const TlsContext> tls) {
    SSL_CTX_up_ref(tls->get());  // the context gives it back
    asio::ssl::context context(tls->get());
    beast::ssl_stream<beast::tcp_stream> stream(std::move(below), context);
    open_.push_back(&stream.next_layer());
    stream.next_layer().expires_after(kRequestTimeout);
    const auto [error] = co_await stream.async_handshake(asio::ssl::stream_base::server, kAsTuple);
    HttpCaller caller;
    caller.tls = true;
    caller.peer = PeerOf(stream.next_layer());
    if (error) {
      if (open(stream.next_layer()))
        Refused(error == beast::error::timeout ? HttpRefusal::kTooSlow : HttpRefusal::kTls);
    } else {
      caller.names = NamesOfPeer(stream.native_handle());
      co_await Serve(stream, stream.next_layer(), caller);
    }
    Close(stream.next_layer());
  }

  static std::string PeerOf(beast::tcp_stream& stream) {
    boost::system::error_code error;
    const auto peer = stream.socket().remote_endpoint(error);
    return error ? std::string() : peer.address().to_string();
  }

  void Close(beast::tcp_stream& stream) {
    boost::system::error_code ignored;
    stream.socket().shutdown(tcp::socket::shutdown_both, ignored);
    std::erase(open_, &stream);
  }

  template <class Stream>
  asio::awaitable<void> Serve(Stream& stream, beast::tcp_stream& below, HttpCaller& caller) {
    beast::flat_buffer buffer(kMaxRequestBytes);
    for (bool keep = true; keep;) {
      below.expires_after(kRequestTimeout);
      http::request_parser<http::empty_body> parser;
      parser.header_limit(kMaxRequestBytes);
      const auto [read_error, got] = co_await http::async_read(stream, buffer, parser, kAsTuple);
      if (read_error) {
        const auto refusal = RefusalOf(read_error);
        if (refusal && open(below)) Refused(*refusal);
        break;
      }
      caller.authorization.clear();
      const auto [first, last] = parser.get().equal_range(http::field::authorization);
      for (auto at = first; at != last; ++at) caller.authorization.emplace_back(at->value());
      Response response = Answer(parser.get(), caller);
      keep = response.keep_alive();
      const auto* const status = std::find(kHttpStatuses.begin(), kHttpStatuses.end(), response.result_int());
      if (status != kHttpStatuses.end())
        ++answered_[static_cast<std::size_t>(status - kHttpStatuses.begin())];
      const auto [write_error, sent] = co_await http::async_write(stream, response, kAsTuple);
      if (write_error) break;
    }
  }

  // A flood of connections that ask nothing must not keep out the probe that asks at once.
  void CloseOldest() {
    Refused(HttpRefusal::kTooMany);
    open_.front()->close();
    open_.erase(open_.begin());
  }

  // It has not made room for others yet.
  bool open(const beast::tcp_stream& stream) const {
    return std::find(open_.begin(), open_.end(), &stream) != open_.end();
  }
  void Refused(HttpRefusal refusal) { ++refused_[static_cast<std::size_t>(refusal)]; }

  Response Answer(const Request& request, const HttpCaller& caller) const {
    Response response{http::status::ok, request.version()};
    response.keep_alive(request.keep_alive());
    response.set(http::field::content_type, "text/plain; charset=utf-8");
    const auto target = request.target().substr(0, request.target().find('?'));
    if (request.method() != http::verb::get && request.method() != http::verb::head) {
      response.result(http::status::method_not_allowed);
      response.set(http::field::allow, "GET, HEAD");
      response.body() = "only GET and HEAD\n";
    } else if (target == "/metrics") {
      AnswerMetrics(caller, response);
    } else if (target == "/healthz") {
      response.body() = "ok\n";
    } else if (target == "/readyz") {
      const std::string reason = handlers_.not_ready_reason();
      if (!reason.empty()) response.result(http::status::service_unavailable);
      response.body() = reason.empty() ? "ready\n" : "not ready: " + reason + "\n";
    } else {
      response.result(http::status::not_found);
      response.body() = "not found; there are /metrics, /healthz and /readyz\n";
    }
    response.prepare_payload();
    if (request.method() == http::verb::head) response.body().clear();
    return response;
  }

  void AnswerMetrics(const HttpCaller& caller, Response& response) const {
    const HttpVerdict verdict = handlers_.may_read_metrics(caller);
    if (verdict.status != 200) {
      response.result(verdict.status);
      if (verdict.status == 401) response.set(http::field::www_authenticate, "Bearer");
      response.body() = verdict.reason + "\n";
      return;
    }
    response.set(http::field::content_type, "text/plain; version=0.0.4; charset=utf-8");
    response.body() = handlers_.metrics();
  }

  const std::string requested_;
  const HttpHandlers handlers_;
  std::optional<WatchedTls> tls_;  // server thread only, once started
  asio::io_context io_{1};
  tcp::acceptor acceptor_{io_};
  std::vector<beast::tcp_stream*> open_;  // oldest first; server thread only
  std::array<std::atomic<std::uint64_t>, kHttpStatuses.size()> answered_{};
  std::array<std::atomic<std::uint64_t>, kHttpRefusals> refused_{};
  std::thread thread_;
};

}  // namespace

const char* HttpRefusalName(HttpRefusal refusal) {
  static constexpr const char* kNames[] = {"tls", "too_slow", "too_many", "bad_request"};
  static_assert(std::size(kNames) == kHttpRefusals);
  return kNames[static_cast<std::size_t>(refusal)];
}

std::unique_ptr<HttpServer> HttpServer::Create(std::string address, std::optional<TlsOptions> tls,
                                               HttpHandlers handlers) {
  return std::make_unique<HttpServerImpl>(std::move(address), std::move(tls), std::move(handlers));
}

}  // namespace cistern
