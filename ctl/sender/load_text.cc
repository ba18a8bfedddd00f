#include "ctl/sender/load_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "ctl/sender/load_mark.h"
#include "ctl/sender/syslog_text.h"

namespace cistern::ctl {
namespace {

struct Source {
  const char* app;
  bool has_pid;
  int priority;
  const char* text;
};

// Variables: {a} IPv4 address, {p} port, {s} up to 999, {b} up to 10^7, {h} eight hex digits, {u} user, {f}
// path.
constexpr Source kSources[] = {
    {"sshd", true, 86, "Accepted publickey for {u} from {a} port {p} ssh2: ED25519 SHA256:{h}"},
    {"sshd", true, 86, "Failed password for invalid user {u} from {a} port {p} ssh2"},
    {"sshd", true, 86, "pam_unix(sshd:session): session opened for user {u}(uid={s}) by (uid=0)"},
    {"sshd", true, 86, "Received disconnect from {a} port {p}:11: disconnected by user {u}"},
    {"kernel", false, 6,
     "[{b}.{s}] IN=eth0 OUT= SRC={a} DST=10.0.0.7 LEN={s} TTL=64 PROTO=TCP SPT={p} DPT=443"},
    {"kernel", false, 4, "[{b}.{s}] nf_conntrack: table full, dropping packet from {a}"},
    {"kernel", false, 3,
     "[{b}.{s}] EXT4-fs error (device sda1): ext4_lookup: inode #{b}: comm rsync: deleted"},
    {"CRON", true, 78, "({u}) CMD (test -x {f} && nice -n {s} {f} --quiet)"},
    {"nginx", true, 190, "{a} - {u} \"GET {f} HTTP/1.1\" 200 {b} {s}ms upstream 10.0.1.9:8080"},
    {"nginx", true, 187, "*{b} upstream timed out (110) while reading from {a}, request \"POST {f}\""},
    {"postfix/smtpd", true, 22, "connect from mail.example.net[{a}]: TLSv1.3 cipher after {s} ms"},
    {"postfix/qmgr", true, 22, "{h}: from=<{u}@example.net>, size={b}, nrcpt=1 (queue active)"},
    {"systemd", true, 30, "session-{s}.scope: Deactivated successfully, consumed {s}ms CPU time by {u}"},
    {"dhcpd", true, 30, "DHCPACK on {a} to 52:54:00:1c:7f:3a ({u}-laptop) via eth1, lease {s} s"},
    {"sudo", true, 85, "{u} : TTY=pts/{s} ; PWD=/home/{u} ; USER=root ; COMMAND={f}"},
    {"app-api", true, 134, "request {h} finished: path={f} status=200 bytes={b} duration={s}ms client={a}"},
};
constexpr std::array<const char*, 8> kHosts = {"web-01", "web-02",  "web-03",   "db-01",
                                               "db-02",  "mail-01", "gw-fra-1", "build-07"};
constexpr std::array<const char*, 8> kUsers = {"root",   "alice",  "bob",      "carol",
                                               "deploy", "backup", "www-data", "eve"};
constexpr std::array<const char*, 8> kPaths = {
    "/usr/bin/rsync",      "/api/v1/orders",   "/index.html",         "/var/lib/report/daily",
    "/api/v1/users/login", "/static/logo.svg", "/usr/sbin/logrotate", "/opt/batch/run.sh"};
constexpr std::string_view kFiller =
    " and further details follow as some devices write them, at length and in the same words each time";

void AppendNumber(std::uint64_t value, std::string& out) {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
  out.append(digits, end);
}

}  // namespace

LoadText::LoadText(std::string run, unsigned sender, LoadFormat format, std::size_t size)
    : run_(std::move(run)), sender_(sender), size_(size), random_(0x9e3779b97f4a7c15u * (sender + 1)) {
  if (format != LoadFormat::kRfc3164) AddVariants(true);
  if (format != LoadFormat::kRfc5424) AddVariants(false);
}

// Every source on every host.
void LoadText::AddVariants(bool rfc5424) {
  int process = 400 + static_cast<int>(sender_ % 50) * 317;
  for (const Source& source : kSources) {
    for (std::size_t host = 0; host < kHosts.size(); ++host) {
      Variant variant;
      const std::string pid = source.has_pid ? std::to_string(process += 37) : "";
      variant.rfc5424 = rfc5424;
      variant.before_time = fmt::format("<{}>{}", source.priority, rfc5424 ? "1 " : "");
      variant.after_time =
          rfc5424 ? fmt::format(" {} {} {} - [origin ip=\"10.0.2.{}\"] ", kHosts[host], source.app,
                                pid.empty() ? "-" : pid, host + 10)
                  : fmt::format(" {} {}{}: ", kHosts[host], source.app, pid.empty() ? "" : "[" + pid + "]");
      variant.header_sum = HeaderSum(kHosts[host], source.app, pid);
      std::string_view rest = source.text;
      for (std::size_t at; (at = rest.find('{')) != std::string_view::npos; rest.remove_prefix(at + 3)) {
        variant.text.push_back({std::string(rest.substr(0, at)), rest[at + 1]});
      }
      variant.text.push_back({std::string(rest), 0});
      variants_.push_back(std::move(variant));
    }
  }
}

void LoadText::Render(std::uint64_t sequence, std::int64_t time_ns, std::string& out) {
  const Variant& variant = variants_[Random() % variants_.size()];
  out.assign(variant.before_time);
  RenderTime(variant.rfc5424, time_ns, out);
  out.append(variant.after_time);
  const std::size_t text_start = out.size();
  RenderText(variant, out);
  if (size_ > 0) {
    std::string mark;
    AppendMark(run_, sender_, sequence, 0, 0, mark);
    FitSize(text_start, mark.size(), out);
  }
  AppendMark(run_, sender_, sequence, variant.header_sum, text_start, out);
}

void LoadText::RenderTime(bool rfc5424, std::int64_t time_ns, std::string& out) {
  const std::int64_t second = time_ns / 1'000'000'000;
  if (second != second_) {
    second_ = second;
    rfc5424_second_.clear();
    rfc3164_second_.clear();
    AppendRfc5424Time(second * 1'000'000'000, rfc5424_second_);
    rfc5424_second_.resize(rfc5424_second_.find('.') + 1);
    AppendRfc3164Time(time_ns, rfc3164_second_);
  }
  if (!rfc5424) {
    out.append(rfc3164_second_);
    return;
  }
  auto micros = static_cast<unsigned>(time_ns / 1000 % 1'000'000);
  char fraction[7] = {0, 0, 0, 0, 0, 0, 'Z'};
  for (int i = 5; i >= 0; --i, micros /= 10) fraction[i] = static_cast<char>('0' + micros % 10);
  out.append(rfc5424_second_).append(fraction, sizeof fraction);
}

void LoadText::RenderText(const Variant& variant, std::string& out) {
  for (const Piece& piece : variant.text) {
    out.append(piece.literal);
    if (piece.variable != 0) RenderVariable(piece.variable, out);
  }
}

void LoadText::RenderVariable(char variable, std::string& out) {
  const std::uint64_t random = Random();
  switch (variable) {
    case 'a':
      out.append("192.0.");
      AppendNumber(random % 4, out);
      out.push_back('.');
      AppendNumber(random / 4 % 256, out);
      break;
    case 'p':
      AppendNumber(1024 + random % 64'000, out);
      break;
    case 's':
      AppendNumber(random % 1000, out);
      break;
    case 'b':
      AppendNumber(random % 10'000'000, out);
      break;
    case 'h':
      for (int shift = 0; shift < 32; shift += 4) out.push_back("0123456789abcdef"[random >> shift & 15]);
      break;
    case 'u':
      out.append(kUsers[random % kUsers.size()]);
      break;
    case 'f':
      out.append(kPaths[random % kPaths.size()]);
      break;
  }
}

// Pads or cuts the text so that the message has `size_` octets once the mark is there.
void LoadText::FitSize(std::size_t text_start, std::size_t mark_size, std::string& out) {
  const std::size_t target = std::max(size_, text_start + 1 + mark_size) - mark_size;
  while (out.size() < target) out.append(kFiller.substr(0, target - out.size()));
  out.resize(target);
}

// xorshift64*: cheap, and the same texts in every run.
std::uint64_t LoadText::Random() {
  random_ ^= random_ >> 12;
  random_ ^= random_ << 25;
  random_ ^= random_ >> 27;
  return random_ * 0x2545f4914f6cdd1du >> 16;
}

}  // namespace cistern::ctl
