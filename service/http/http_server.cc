#include "service/http/http_server.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <charconv>
#include <thread>
#include <vector>

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

class HttpServerImpl final : public HttpServer {
 public:
  HttpServerImpl(std::string address, HttpHandlers handlers)
      : requested_(std::move(address)), handlers_(std::move(handlers)) {}

  ~HttpServerImpl() override {
    io_.stop();
    if (thread_.joinable()) thread_.join();
  }

  Result<void, std::string> Start() override {
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
      asio::co_spawn(io_, Serve(beast::tcp_stream(std::move(socket))), asio::detached);
    }
  }

  asio::awaitable<void> Serve(beast::tcp_stream stream) {
    open_.push_back(&stream);
    beast::flat_buffer buffer(kMaxRequestBytes);
    for (bool keep = true; keep;) {
      stream.expires_after(kRequestTimeout);
      http::request_parser<http::empty_body> parser;
      parser.header_limit(kMaxRequestBytes);
      const auto [read_error, got] = co_await http::async_read(stream, buffer, parser, kAsTuple);
      if (read_error) break;
      Response response = Answer(parser.get());
      keep = response.keep_alive();
      const auto [write_error, sent] = co_await http::async_write(stream, response, kAsTuple);
      if (write_error) break;
    }
    boost::system::error_code ignored;
    stream.socket().shutdown(tcp::socket::shutdown_both, ignored);
    std::erase(open_, &stream);
  }

  // A flood of connections that ask nothing must not keep out the probe that asks at once.
  void CloseOldest() {
    open_.front()->close();
    open_.erase(open_.begin());
  }

  Response Answer(const Request& request) const {
    Response response{http::status::ok, request.version()};
    response.keep_alive(request.keep_alive());
    response.set(http::field::content_type, "text/plain; charset=utf-8");
    const auto target = request.target().substr(0, request.target().find('?'));
    if (request.method() != http::verb::get && request.method() != http::verb::head) {
      response.result(http::status::method_not_allowed);
      response.set(http::field::allow, "GET, HEAD");
      response.body() = "only GET and HEAD\n";
    } else if (target == "/metrics") {
      response.set(http::field::content_type, "text/plain; version=0.0.4; charset=utf-8");
      response.body() = handlers_.metrics();
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

  const std::string requested_;
  const HttpHandlers handlers_;
  asio::io_context io_{1};
  tcp::acceptor acceptor_{io_};
  std::vector<beast::tcp_stream*> open_;  // oldest first; server thread only
  std::thread thread_;
};

}  // namespace

std::unique_ptr<HttpServer> HttpServer::Create(std::string address, HttpHandlers handlers) {
  return std::make_unique<HttpServerImpl>(std::move(address), std::move(handlers));
}

}  // namespace cistern
