#include "http_peer.h"

#include <zlib.h>

#include <algorithm>

namespace cistern::testing {
namespace {

bool ReadRequest(PeerConnection& connection, PeerRequest& request) {
  std::string line;
  if (!connection.ReadLine(line)) return false;
  request.method = line.substr(0, line.find(' '));
  request.target = line.substr(request.method.size() + 1);
  request.target.resize(request.target.find(' '));
  while (connection.ReadLine(line) && !line.empty()) {
    std::string name = line.substr(0, line.find(':'));
    std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
    const std::size_t value = line.find_first_not_of(' ', name.size() + 1);
    request.headers[name] = value == std::string::npos ? "" : line.substr(value);
  }
  const auto& headers = request.headers;
  const auto length = headers.find("content-length");
  if (length != headers.end() && !connection.Read(std::stoul(length->second), request.body)) return false;
  const auto encoding = headers.find("content-encoding");
  if (encoding != headers.end() && encoding->second == "gzip") request.body = Gunzip(request.body);
  return true;
}

std::string Render(const PeerAnswer& answer) {
  std::string text = "HTTP/1.1 " + std::to_string(answer.status) + " Text\r\n";
  for (const std::string& header : answer.headers) text += header + "\r\n";
  text += "Content-Length: " + std::to_string(answer.body.size()) + "\r\n\r\n";
  return text + answer.body;
}

}  // namespace

std::string Gunzip(const std::string& data) {
  z_stream stream{};
  inflateInit2(&stream, 15 + 16);
  std::string text(16 * data.size() + (1 << 20), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(data.data()));
  stream.avail_in = static_cast<uInt>(data.size());
  stream.next_out = reinterpret_cast<Bytef*>(text.data());
  stream.avail_out = static_cast<uInt>(text.size());
  const int end = inflate(&stream, Z_FINISH);
  text.resize(stream.total_out);
  inflateEnd(&stream);
  return end == Z_STREAM_END ? text : "not gzip";
}

HttpPeer::HttpPeer(Answer answer, const TestCertificate* certificate)
    : answer_(std::move(answer)),
      certificate_(certificate),
      peer_([this](PeerConnection& connection) { Serve(connection); }) {}

std::string HttpPeer::url(const std::string& path) const {
  return (certificate_ != nullptr ? "https" : "http") + ("://127.0.0.1:" + std::to_string(port())) + path;
}

std::vector<PeerRequest> HttpPeer::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

void HttpPeer::Serve(PeerConnection& connection) {
  using Then = PeerAnswer::Then;
  if (certificate_ != nullptr && !connection.StartTls(*certificate_)) return;
  for (PeerRequest request; ReadRequest(connection, request); request = {}) {
    {
      const std::lock_guard lock(mutex_);
      requests_.push_back(request);
    }
    const PeerAnswer answer = answer_(request);
    if (answer.then == Then::kHang) return connection.Hang();
    if (answer.then == Then::kReset) return connection.Reset();
    std::string text = Render(answer);
    if (answer.then == Then::kCut) text.resize(text.size() - answer.body.size() / 2);
    if (!connection.Write(text) || answer.then == Then::kCut) return;
  }
}

}  // namespace cistern::testing
