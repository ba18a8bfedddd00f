#include "service/rules/redactor.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>

namespace cistern {
namespace {

// A search may read to the end of the text whatever it finds, so that many of them would take quadratic time.
constexpr std::size_t kLeastSearched = 64 << 10, kSearchedTimes = 8;

// Adds the groups of a match, or all of it where there is none.
void AddMatch(const std::vector<re2::StringPiece>& groups, const char* start,
              std::vector<PrivateSpan>& spans) {
  for (std::size_t i = groups.size() > 1 ? 1 : 0; i < groups.size(); ++i) {
    if (groups[i].empty()) continue;
    const auto begin = static_cast<std::size_t>(groups[i].data() - start);
    spans.push_back({begin, begin + groups[i].size(), PrivateKind::kPattern});
  }
}

}  // namespace

void Join(std::vector<PrivateSpan>& spans) {
  std::stable_sort(spans.begin(), spans.end(),
                   [](const PrivateSpan& a, const PrivateSpan& b) { return a.begin < b.begin; });
  std::size_t kept = 0;
  for (const PrivateSpan& span : spans) {
    if (kept > 0 && span.begin < spans[kept - 1].end) {
      spans[kept - 1].end = std::max(spans[kept - 1].end, span.end);
    } else {
      spans[kept++] = span;
    }
  }
  spans.resize(kept);
}

Redactor::Redactor(std::vector<PrivateKind> kinds, std::vector<std::shared_ptr<const re2::RE2>> patterns,
                   Hiding hiding, std::string secret)
    : kinds_(std::move(kinds)), patterns_(std::move(patterns)), hiding_(hiding), secret_(std::move(secret)) {}

std::vector<PrivateSpan> Redactor::Find(std::string_view text) const {
  std::vector<PrivateSpan> spans;
  for (const PrivateKind kind : kinds_) FindPrivate(kind, text, spans);
  for (const auto& pattern : patterns_) FindPattern(*pattern, text, spans);
  if (spans.size() > 1) Join(spans);
  return spans;
}

void Redactor::FindPattern(const re2::RE2& pattern, std::string_view text,
                           std::vector<PrivateSpan>& spans) const {
  std::vector<re2::StringPiece> groups(static_cast<std::size_t>(pattern.NumberOfCapturingGroups()) + 1);
  std::size_t budget = kLeastSearched + kSearchedTimes * text.size();
  for (std::size_t from = 0; from < text.size();) {
    if (budget < text.size() - from) {
      spans.push_back({from, text.size(), PrivateKind::kPattern});
      return;
    }
    budget -= text.size() - from;
    if (!pattern.Match({text.data(), text.size()}, from, text.size(), re2::RE2::UNANCHORED, groups.data(),
                       static_cast<int>(groups.size())))
      return;
    AddMatch(groups, text.data(), spans);
    const auto end = static_cast<std::size_t>(groups[0].data() + groups[0].size() - text.data());
    from = groups[0].empty() ? end + 1 : end;
  }
}

std::string Redactor::Hide(std::string_view text, const std::vector<PrivateSpan>& spans) const {
  std::string out;
  std::size_t behind = 0;
  for (const PrivateSpan& span : spans) {
    out += text.substr(behind, span.begin - behind);
    Append(text.substr(span.begin, span.end - span.begin), span.kind, out);
    behind = span.end;
  }
  out += text.substr(behind);
  return out;
}

void Redactor::Append(std::string_view value, PrivateKind kind, std::string& out) const {
  if (hiding_ == Hiding::kMask) {
    out.append(value.size(), '*');
  } else if (hiding_ == Hiding::kLabel) {
    out.append("[").append(PrivateKindName(kind)).append("]");
  } else {
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    HMAC(EVP_sha256(), secret_.data(), static_cast<int>(secret_.size()),
         reinterpret_cast<const unsigned char*>(value.data()), value.size(), digest, &size);
    constexpr char kHex[] = "0123456789abcdef";
    for (int i = 0; i < 4; ++i) {
      out += kHex[digest[i] >> 4];
      out += kHex[digest[i] & 15];
    }
  }
}

}  // namespace cistern
