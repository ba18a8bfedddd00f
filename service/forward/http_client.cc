#include "service/forward/http_client.h"

#include <strings.h>

#include <algorithm>

#include "cistern/v1/target.pb.h"
#include "service/forward/gzip.h"
#include "service/forward/spec.h"

namespace cistern {
namespace {

using std::chrono::milliseconds;

constexpr std::int64_t kLongestRetryAfter = 3600;  // seconds

struct FreeUrl {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};

std::string Part(CURLU* url, CURLUPart part, unsigned flags = 0) {
  char* text = nullptr;
  if (curl_url_get(url, part, &text, flags) != CURLUE_OK) return {};
  std::string copy = text;
  curl_free(text);
  return copy;
}

bool HasControl(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

milliseconds Milliseconds(std::int64_t ns) { return milliseconds(std::max<std::int64_t>(ns / 1'000'000, 1)); }

// Path and query: presets know where on a server they belong.
std::string TargetOf(const v1::HttpTarget& http, std::string path, std::string query) {
  if (http.preset() == "elasticsearch") {
    if (!path.ends_with("/_bulk")) path += path.ends_with('/') ? "_bulk" : "/_bulk";
    // Of five thousand items only what went wrong is of interest.
    if (query.find("filter_path=") == std::string::npos)
      query += std::string(query.empty() ? "" : "&") +
               "filter_path=errors,items.*.status,items.*.error.type,items.*.error.reason";
  }
  if (http.preset() == "loki" && path == "/") path = "/loki/api/v1/push";
  return query.empty() ? path : path + '?' + query;
}

const char* ContentTypeOf(const v1::HttpTarget& http) {
  if (http.preset() == "template") return http.content_type().c_str();
  if (http.preset() == "json_lines" || http.preset() == "elasticsearch") return "application/x-ndjson";
  return "application/json";
}

bool HasHeader(const v1::HttpTarget& http, const char* name) {
  return std::any_of(http.headers().begin(), http.headers().end(), [&](const v1::HttpHeader& header) {
    return strcasecmp(header.name().c_str(), name) == 0;
  });
}

// Collects the start of an answer.
struct Collector {
  std::size_t longest;
  HttpAnswer& answer;

  static std::size_t Write(char* data, std::size_t size, std::size_t count, void* self) {
    auto& [longest, answer] = *static_cast<Collector*>(self);
    const std::size_t octets = size * count;
    const std::size_t taken = std::min(octets, longest - answer.body.size());
    answer.body.append(data, taken);
    answer.cut = answer.cut || taken < octets;
    return octets;
  }
};

}  // namespace

Result<std::unique_ptr<HttpClient>, Failure> HttpClient::Make(const v1::HttpTarget& http,
                                                              SinkContext context) {
  std::unique_ptr<HttpClient> client(new HttpClient(http, std::move(context)));
  if (auto failure = client->MakeTransfer()) return std::move(*failure);
  if (auto failure = client->ReadSecrets()) return std::move(*failure);
  return client;
}

std::optional<Failure> HttpClient::MakeTransfer() {
  const std::unique_ptr<CURLU, FreeUrl> url(curl_url());
  if (curl_url_set(url.get(), CURLUPART_URL, http_.url().c_str(), 0) != CURLUE_OK)
    return Failure{FailureReason::kConfiguration, http_.url() + " is not a URL"};
  std::string host = Part(url.get(), CURLUPART_HOST);
  const std::string given_port = Part(url.get(), CURLUPART_PORT);
  host_ = given_port.empty() ? host : host + ':' + given_port;
  target_ = TargetOf(http_, Part(url.get(), CURLUPART_PATH), Part(url.get(), CURLUPART_QUERY));
  if (host.starts_with('[')) host = host.substr(1, host.size() - 2);
  auto transfer = CurlTransfer::Make({.protocol = Part(url.get(), CURLUPART_SCHEME),
                                      .host = std::move(host),
                                      .port = Part(url.get(), CURLUPART_PORT, CURLU_DEFAULT_PORT),
                                      .connect_timeout = Milliseconds(http_.connect_timeout()),
                                      .timeout = Milliseconds(http_.timeout()),
                                      .tls = http_.has_tls() ? &http_.tls() : nullptr,
                                      .is_own_address = context_.is_own_address});
  if (!transfer) return std::move(transfer.error());
  transfer_ = std::move(*transfer);
  return std::nullopt;
}

std::optional<Failure> HttpClient::AddHeader(const std::string& name, const std::string& value,
                                             Headers& headers) const {
  if (HasControl(value))
    return Failure{FailureReason::kConfiguration,
                   "the value of the header " + name + " holds a control character; a header is one line"};
  const std::string line = value.empty() ? name + ';' : name + ": " + value;
  headers.reset(curl_slist_append(headers.release(), line.c_str()));
  return std::nullopt;
}

std::optional<Failure> HttpClient::AddGivenHeaders(Headers& headers) const {
  for (const v1::HttpHeader& header : http_.headers()) {
    std::string value = header.value();
    if (!header.value_from().empty()) {
      auto secret = ReadSecret(header.value_from());
      if (!secret) return Failure{FailureReason::kConfiguration, std::move(secret.error())};
      value = std::move(*secret);
    }
    if (auto failure = AddHeader(header.name(), value, headers)) return failure;
  }
  return std::nullopt;
}

std::optional<Failure> HttpClient::ReadSecrets() {
  Headers headers;
  if (auto failure = AddGivenHeaders(headers)) return failure;
  if (!http_.password().empty()) {
    auto password = ReadSecret(http_.password());
    if (!password) return Failure{FailureReason::kConfiguration, std::move(password.error())};
    password_ = std::move(*password);
  }
  if (!http_.token().empty()) {
    auto token = ReadSecret(http_.token());
    if (!token) return Failure{FailureReason::kConfiguration, std::move(token.error())};
    if (auto failure = AddHeader("Authorization", "Bearer " + *token, headers)) return failure;
  }
  if (!HasHeader(http_, "Host")) AddHeader("Host", host_, headers);
  if (!HasHeader(http_, "Content-Type")) AddHeader("Content-Type", ContentTypeOf(http_), headers);
  if (http_.gzip()) AddHeader("Content-Encoding", "gzip", headers);
  headers.reset(curl_slist_append(headers.release(), "Expect:"));  // answers come at once or not at all
  headers_ = std::move(headers);
  return std::nullopt;
}

void HttpClient::SetRequest(CURL* easy, const std::string& body) const {
  curl_easy_setopt(easy, CURLOPT_URL, (transfer_->base() + target_).c_str());
  curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  curl_easy_setopt(easy, CURLOPT_USERAGENT, "Cistern");
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers_.get());
  curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
  curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body.data());
  curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, http_.method().c_str());
  if (http_.user().empty()) return;
  curl_easy_setopt(easy, CURLOPT_HTTPAUTH, static_cast<long>(CURLAUTH_BASIC));
  curl_easy_setopt(easy, CURLOPT_USERNAME, http_.user().c_str());
  curl_easy_setopt(easy, CURLOPT_PASSWORD, password_.c_str());
}

Result<HttpAnswer, Failure> HttpClient::Send(const std::string& body, std::size_t longest_answer,
                                             const Stop& stop) {
  if (http_.gzip()) Gzip(body, compressed_);
  CURL* easy = transfer_->Begin();
  SetRequest(easy, http_.gzip() ? compressed_ : body);
  HttpAnswer answer;
  Collector collector{longest_answer, answer};
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &Collector::Write);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, &collector);
  auto failure = transfer_->Perform(stop);
  transfer_->Report(context_.observe);
  if (failure) return std::move(*failure);
  context_.observe({"send to " + name(), std::to_string(body.size()) + " octets"});
  long status = 0;
  curl_off_t seconds = 0;
  const char* location = nullptr;
  curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
  curl_easy_getinfo(easy, CURLINFO_RETRY_AFTER, &seconds);
  curl_easy_getinfo(easy, CURLINFO_REDIRECT_URL, &location);
  answer.status = static_cast<int>(status);
  context_.observe({"answer", std::to_string(status)});
  if (location != nullptr) answer.location = location;
  answer.retry_after = std::chrono::seconds(std::clamp<std::int64_t>(seconds, 0, kLongestRetryAfter));
  return answer;
}

}  // namespace cistern
