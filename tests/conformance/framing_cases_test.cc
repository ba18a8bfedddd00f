// Runs the framing cases of the shared corpus: each stream in one piece, octet by octet, in random pieces and
// in the pieces that the case itself names.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <ostream>
#include <random>
#include <string>
#include <vector>

#include "ingest/framing/frame_decoder.h"
#include "tests/conformance/corpus.h"

namespace cistern {
namespace {

using conformance::CorpusCase;

struct Outcome {
  std::vector<std::string> messages;
  bool close = false;
  bool operator==(const Outcome&) const = default;
};

std::ostream& operator<<(std::ostream& out, const Outcome& outcome) {
  return out << ::testing::PrintToString(outcome.messages) << (outcome.close ? " and closes" : "");
}

Outcome ExpectedOutcome(const boost::json::object& json) {
  Outcome outcome;
  for (const auto& message : json.at("expect_messages_b64").as_array()) {
    outcome.messages.push_back(conformance::DecodeBase64(message.as_string()));
  }
  outcome.close = json.at("expect_close").as_bool();
  return outcome;
}

std::vector<Outcome> AcceptedOutcomes(const CorpusCase& c) {
  std::vector<Outcome> accepted = {ExpectedOutcome(c.json)};
  if (const auto* alt = c.json.if_contains("alt")) {
    for (const auto& other : alt->as_array()) accepted.push_back(ExpectedOutcome(other.as_object()));
  }
  return accepted;
}

FrameOptions OptionsOf(const CorpusCase& c) {
  FrameOptions options{.trailer = Trailer::kLf};
  const auto* config = c.json.if_contains("config");
  if (config == nullptr || !config->is_object()) return options;
  for (const auto& [key, value] : config->get_object()) {
    if (key == "max_message") {
      options.max_message = value.to_number<std::size_t>();
    } else if (key == "max_frame") {
      options.max_frame = value.to_number<std::size_t>();
    } else if (key == "framing") {
      options.framing = value == "octet" ? Framing::kOctetCounting
                        : value == "lf"  ? Framing::kLine
                                         : Framing::kAuto;
    } else if (key == "trailer") {
      options.trailer = value == "nul"         ? Trailer::kNul
                        : value == "lf_or_nul" ? Trailer::kLfOrNul
                                               : Trailer::kLf;
    } else {
      ADD_FAILURE() << "unknown configuration key " << key;
    }
  }
  return options;
}

// Cuts the stream by asking `next_size` for the size of each piece.
Outcome Decode(const FrameOptions& options, std::string_view stream,
               const std::function<std::size_t()>& next_size) {
  FrameDecoder decoder(options);
  Outcome outcome;
  while (!stream.empty() && !decoder.failed()) {
    const std::string_view cut = stream.substr(0, next_size());
    const std::vector<char> piece(cut.begin(), cut.end());
    stream.remove_prefix(cut.size());
    decoder.Feed({piece.data(), piece.size()});
    while (const auto frame = decoder.Next()) outcome.messages.emplace_back(frame->octets);
  }
  while (const auto frame = decoder.Finish()) outcome.messages.emplace_back(frame->octets);
  outcome.close = decoder.failed();
  return outcome;
}

std::vector<Outcome> DecodeAllWays(const FrameOptions& options, const std::string& stream,
                                   const CorpusCase& c) {
  std::vector<Outcome> outcomes;
  outcomes.push_back(Decode(options, stream, [&] { return stream.size(); }));
  outcomes.push_back(Decode(options, stream, [] { return 1; }));
  for (unsigned seed = 0; seed < 20; ++seed) {
    std::mt19937 random(seed);
    outcomes.push_back(Decode(options, stream, [&] { return 1 + random() % (seed < 10 ? 7 : 70); }));
  }
  if (const auto* chunks = c.json.if_contains("chunks"); chunks != nullptr && chunks->is_array()) {
    std::size_t next = 0;
    outcomes.push_back(
        Decode(options, stream, [&] { return chunks->get_array().at(next++).to_number<std::size_t>(); }));
  }
  return outcomes;
}

void ExpectAccepted(const CorpusCase& c, const FrameOptions& options) {
  const std::string stream = c.Octets("stream_b64");
  const std::vector<Outcome> outcomes = DecodeAllWays(options, stream, c);
  const std::vector<Outcome> accepted = AcceptedOutcomes(c);
  EXPECT_NE(std::find(accepted.begin(), accepted.end(), outcomes.front()), accepted.end())
      << "got " << outcomes.front() << "\nexpected " << accepted.front();
  for (const Outcome& outcome : outcomes) EXPECT_EQ(outcome, outcomes.front());
}

class FramingCases : public ::testing::TestWithParam<CorpusCase> {};
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(FramingCases);

TEST_P(FramingCases, YieldsExpectedMessages) { ExpectAccepted(GetParam(), OptionsOf(GetParam())); }

TEST_P(FramingCases, EveryPrefixEndsWell) {
  const FrameOptions options = OptionsOf(GetParam());
  const std::string stream = GetParam().Octets("stream_b64");
  const std::size_t step = stream.size() > 1000 ? 97 : 1;
  for (std::size_t n = 0; n <= stream.size(); n += step) {
    const std::string prefix = stream.substr(0, n);
    std::size_t octets = 0;
    for (const auto& message : Decode(options, prefix, [] { return 5; }).messages) octets += message.size();
    EXPECT_LE(octets, n);
  }
}

INSTANTIATE_TEST_SUITE_P(Corpus, FramingCases,
                         ::testing::ValuesIn(conformance::LoadCases("framing_cases.jsonl")),
                         [](const auto& info) { return conformance::TestName(info.param.id); });

// What a listener does with nothing configured must be right as well.
class FramingCasesWithDetectedTrailer : public ::testing::TestWithParam<CorpusCase> {};
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(FramingCasesWithDetectedTrailer);

TEST_P(FramingCasesWithDetectedTrailer, YieldsExpectedMessages) {
  FrameOptions options = OptionsOf(GetParam());
  options.trailer = Trailer::kAuto;
  ExpectAccepted(GetParam(), options);
}

std::vector<CorpusCase> CasesWithDefaultTrailer() {
  std::vector<CorpusCase> cases = conformance::LoadCases("framing_cases.jsonl");
  std::erase_if(cases, [](const CorpusCase& c) { return OptionsOf(c).trailer != Trailer::kLf; });
  return cases;
}

INSTANTIATE_TEST_SUITE_P(Corpus, FramingCasesWithDetectedTrailer,
                         ::testing::ValuesIn(CasesWithDefaultTrailer()),
                         [](const auto& info) { return conformance::TestName(info.param.id); });

TEST(FramingCorpus, IsPresent) {
  const auto presence = conformance::CheckCorpus("framing_cases.jsonl");
  if (presence.present) return;
  if (presence.required) FAIL() << presence.message;
  GTEST_SKIP() << presence.message;
}

}  // namespace
}  // namespace cistern
