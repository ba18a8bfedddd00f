#include "proto/yaml/reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sample.pb.h"

namespace cistern {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

struct Read {
  test::Sample sample;
  Origins origins;
  YamlErrors errors;

  explicit Read(std::string_view text) {
    ReadYaml(text, {{OriginKind::kFile, "s.yaml"}, "/etc/s"}, {sample, origins, errors});
    CheckRequired({sample, origins, errors});
  }
};

TEST(ReadYaml, FillsEveryKindOfField) {
  const Read read(R"(
truth: true
small: -5
natural: "12"
large: -9223372036854775808
huge: 18446744073709551615
half: 0.5
real: -1e3
text: 123
octets: abc
meal: late_supper
words: [no, "yes", 1.0]
numbers:
  - 1
  - -2
group: {name: g, count: 2, inner: {word: w, two: t}}
groups: [{name: a}, {name: b}]
left: {name: l}
pause: 1h30m
space: 64KiB
path: sub/../x
address: "[::1]:514"
network: 10.0.0.0/8
password: env:SECRET
colour: green
share: 99.5
empty: ""
labels: {team: web, "a.b: c": no}
sizes:
  one: 1
)");
  ASSERT_EQ(read.errors.ToString(), "");
  const test::Sample& s = read.sample;
  EXPECT_TRUE(s.truth());
  EXPECT_EQ(s.small(), -5);
  EXPECT_EQ(s.labels().at("team"), "web");
  EXPECT_EQ(s.labels().at("a.b: c"), "no");
  EXPECT_EQ(s.sizes().at("one"), 1u);
  EXPECT_EQ(read.origins.at("labels.team").line, 28);
  EXPECT_EQ(s.natural(), 12u);
  EXPECT_EQ(s.large(), INT64_MIN);
  EXPECT_EQ(s.huge(), UINT64_MAX);
  EXPECT_EQ(s.half(), 0.5f);
  EXPECT_EQ(s.real(), -1000);
  EXPECT_EQ(s.text(), "123");
  EXPECT_EQ(s.meal(), test::MEAL_KIND_LATE_SUPPER);
  EXPECT_THAT(s.words(), ElementsAre("no", "yes", "1.0"));
  EXPECT_THAT(s.numbers(), ElementsAre(1, -2));
  EXPECT_EQ(s.group().inner().two(), "t");
  EXPECT_EQ(s.groups(1).name(), "b");
  EXPECT_EQ(s.left().name(), "l");
  EXPECT_EQ(s.pause(), 5'400'000'000'000);
  EXPECT_EQ(s.space(), 65536u);
  EXPECT_EQ(s.path(), "/etc/s/x");
  EXPECT_TRUE(s.has_empty());
}

struct BadCase {
  const char* name;
  const char* text;
  const char* error;  // all lines
};

class ReadYamlErrors : public testing::TestWithParam<BadCase> {};

TEST_P(ReadYamlErrors, AreNamedWithPlaceKeyAndSuggestion) {
  EXPECT_EQ(Read(GetParam().text).errors.ToString(), GetParam().error);
}

constexpr BadCase kBadCases[] = {
    {"UnknownKey", "txet: a\n", "s.yaml:1:1: txet: unknown key; did you mean text?\n"},
    {"UnknownKeyFarFromAll", "group: {name: g, zzzzzz: 1}\n",
     "s.yaml:1:18: group.zzzzzz: unknown key; known here: name, count or inner\n"},
    {"ControlCharactersInKey", "\"\\e[31m\": 1\ngroup: {\"\\e\": 1, name: g}\n",
     "s.yaml:1:1: \\x1b[31m: unknown key; known here: truth, small, natural, large, huge, half, real, text, "
     "octets, "
     "meal, words, numbers, group, groups, left, right, pause, space, path, address, network, password, "
     "colour, "
     "share, empty, labels or sizes\n"
     "s.yaml:2:9: group.\\x1b: unknown key; known here: name, count or inner\n"},
    {"KeyGivenTwice", "text: a\nsmall: 1\ntext: b\n", "s.yaml:3:1: text: given twice, first in line 1\n"},
    {"ListAsKey", "[a]: b\n", "s.yaml:1:1: a key must be a plain word\n"},
    {"RootIsAList", "- a\n", "s.yaml:1:1: must be a group of keys\n"},
    {"GroupIsText", "group: a\n",
     "s.yaml:1:8: group: must be a group of keys\n"
     "s.yaml:1:1: group.name: is required\n"},
    {"ListIsText", "words: a\n", "s.yaml:1:8: words: must be a list, each entry after a `-`\n"},
    {"TextIsGroup", "text: {a: b}\n", "s.yaml:1:7: text: must be a single value\n"},
    {"TextIsList", "text: [a]\n", "s.yaml:1:7: text: must be a single value\n"},
    {"MapIsText", "labels: a\n", "s.yaml:1:9: labels: must be a group of names with values\n"},
    {"MapIsList", "labels: [a]\n", "s.yaml:1:9: labels: must be a group of names with values\n"},
    {"MapValueIsGroup", "labels: {a: {b: c}}\n", "s.yaml:1:13: labels.a: must be a single value\n"},
    {"MapValueMissing", "labels: {a: ~}\n", "s.yaml:1:13: labels.a: has no value\n"},
    {"MapNameTwice", "labels:\n  a: 1\n  b: 2\n  a: 3\n",
     "s.yaml:4:3: labels.a: given twice, first in line 2\n"},
    {"MapNameEmpty", "labels: {\"\": a}\n", "s.yaml:1:14: labels.: a name must not be empty\n"},
    {"MapNameIsList", "labels: {[a]: b}\n", "s.yaml:1:10: labels: a key must be a plain word\n"},
    {"MapValueOfWrongType", "sizes: {a: x}\n", "s.yaml:1:12: sizes.a: \"x\" is not a whole number\n"},
    {"NoValue", "text: ~\n", "s.yaml:1:7: text: has no value\n"},
    {"BadBool", "truth: yes\n", "s.yaml:1:8: truth: \"yes\" is not true or false\n"},
    {"BadNumber", "small: ten\n", "s.yaml:1:8: small: \"ten\" is not a whole number\n"},
    {"Fraction", "small: 1.5\n", "s.yaml:1:8: small: \"1.5\" is not a whole number\n"},
    {"NumberAboveType", "small: 2147483648\n", "s.yaml:1:8: small: must be at most 2147483647\n"},
    {"NegativeNatural", "natural: -1\n", "s.yaml:1:10: natural: must be at least 0\n"},
    {"NotFinite", "real: inf\n", "s.yaml:1:7: real: \"inf\" is not a number\n"},
    {"BelowShare", "share: -0.5\n", "s.yaml:1:8: share: must be at least 0\n"},
    {"AboveShare", "share: 101\n", "s.yaml:1:8: share: must be at most 100\n"},
    {"BadEnum", "meal: lunhc\n",
     "s.yaml:1:7: meal: \"lunhc\" is not one of unspecified, lunch or late_supper; did you mean lunch?\n"},
    {"BadColour", "colour: gren\n",
     "s.yaml:1:9: colour: \"gren\" is not one of red or green; did you mean green?\n"},
    {"DurationWithoutUnit", "pause: 300\n", "s.yaml:1:8: pause: \"300\" has no unit; did you mean 300s?\n"},
    {"BadDuration", "pause: soon\n",
     "s.yaml:1:8: pause: \"soon\" is not a duration; write it like 50ms, 300s, 1h30m or 7d\n"},
    {"ShortDuration", "pause: 5us\n", "s.yaml:1:8: pause: must be at least 1ms\n"},
    {"SizeWithoutB", "space: 64k\n", "s.yaml:1:8: space: \"64k\" is not a size; did you mean 64KiB?\n"},
    {"BadSize", "space: lots\n",
     "s.yaml:1:8: space: \"lots\" is not a size; write it like 64KiB, 50GiB, 10MB or 200000\n"},
    {"LargeSize", "space: 2MiB\n", "s.yaml:1:8: space: must be at most 1MiB\n"},
    {"EmptyPath", "path: ''\n", "s.yaml:1:7: path: must not be empty\n"},
    {"NulInPath", "path: \"a\\0b\"\n", "s.yaml:1:7: path: must not hold a NUL character\n"},
    {"Localhost", "address: localhost:514\n",
     "s.yaml:1:10: address: \"localhost:514\" is not a numeric HOST:PORT; did you mean 127.0.0.1:514?\n"},
    {"PortOnly", "address: 514\n",
     "s.yaml:1:10: address: \"514\" is not a numeric HOST:PORT; did you mean 0.0.0.0:514?\n"},
    {"BareIpv6", "address: '::1:514'\n",
     "s.yaml:1:10: address: \"::1:514\" is not a numeric HOST:PORT; did you mean [::1]:514?\n"},
    {"BadAddress", "address: example.org:514\n",
     "s.yaml:1:10: address: \"example.org:514\" is not an address; write it like 127.0.0.1:5140 or "
     "[::1]:5140\n"},
    {"BadNetwork", "network: 10.0.0.0/33\n",
     "s.yaml:1:10: network: \"10.0.0.0/33\" is not a network; write it like 10.1.0.0/16 or 2001:db8::/32\n"},
    {"SecretInClear", "password: hunter2\n",
     "s.yaml:1:11: password: a secret is given by reference: file:PATH or env:NAME\n"},
    {"BothChoices", "left: {name: a}\nright: {name: b}\n",
     "s.yaml:2:1: right: only one of left or right may be given, and left is given already (s.yaml:1)\n"},
    {"NoChoice", "group: {name: a, inner: {word: b}}\n",
     "s.yaml:1:18: group.inner: needs one of one or two\n"},
    {"RequiredKeyMissing", "groups:\n  - name: a\n  - count: 1\n",
     "s.yaml:3:5: groups[1].name: is required\n"},
    {"RequiredKeyMisspelled", "group: {nam: a}\n",
     "s.yaml:1:9: group.nam: unknown key; did you mean name?\n"},
    {"RequiredKeyEmpty", "group: {name: ''}\n", "s.yaml:1:15: group.name: must not be empty\n"},
    {"SeveralAtOnce", "txet: 1\nsmall: x\ngroup: {count: 1}\n",
     "s.yaml:1:1: txet: unknown key; did you mean text?\n"
     "s.yaml:2:8: small: \"x\" is not a whole number\n"
     "s.yaml:3:1: group.name: is required\n"},
    {"BadYaml", "a: [\n", "s.yaml:2:1: not valid YAML: end of sequence flow not found\n"},
};

INSTANTIATE_TEST_SUITE_P(Cases, ReadYamlErrors, testing::ValuesIn(kBadCases),
                         [](const auto& info) { return info.param.name; });

TEST(ReadYaml, SecretIsNotEchoed) {
  EXPECT_THAT(Read("password: hunter2").errors.ToString(), testing::Not(HasSubstr("hunter2")));
}

TEST(ReadYaml, NullGroupAndListAreEmpty) {
  const Read read("groups:\nwords: ~\nleft: {name: a, inner: }\n");
  EXPECT_EQ(read.sample.groups_size(), 0);
  EXPECT_EQ(read.errors.ToString(), "s.yaml:3:17: left.inner: needs one of one or two\n");
}

TEST(ReadYaml, ListReplacesWhatWasThere) {
  test::Sample sample;
  sample.add_words("old");
  Origins origins;
  YamlErrors errors;
  ReadYaml("words: [new]", {}, {sample, origins, errors});
  EXPECT_THAT(sample.words(), ElementsAre("new"));
}

TEST(ReadYaml, OriginsNameLineAndColumn) {
  const Read read("text: a\ngroups:\n  - name: b\n");
  EXPECT_EQ(read.origins.at("text").ToString(), "s.yaml:1");
  EXPECT_EQ(read.origins.at("text").column, 7);
  EXPECT_EQ(read.origins.at("groups[0].name").line, 3);
  EXPECT_EQ(NearestOrigin(read.origins, "groups[0].inner.word").ToString(), "s.yaml:3");
  EXPECT_EQ(NearestOrigin(read.origins, "unset").ToString(), "default");
}

TEST(ReadYaml, AliasBombIsStopped) {
  std::string text = "group: {name: g, inner: {word: &a0 x, one: o}}\nwords: [";
  for (int i = 0; i < 1000; ++i) text += "*a0,";
  EXPECT_EQ(Read(text + "]").sample.words_size(), 1000);

  text = "numbers: &n [";
  for (int i = 0; i < 600; ++i) text += "1,";
  text += "]\ngroups: [";
  for (int i = 0; i < 600; ++i) text += "&g" + std::to_string(i) + " {name: a},";
  text += "]\nwords: [";
  for (int i = 0; i < 99'000; ++i) text += "*g0,";
  const Read bomb(text + "]\n");
  EXPECT_LE(bomb.errors.items.size(), 51u);
}

TEST(FillDefaults, FillsGroupsThatWereNotGivenButNoChoice) {
  test::Sample sample;
  sample.add_groups()->set_count(1);
  Origins origins;
  FillDefaults(sample, origins);
  EXPECT_EQ(sample.group().count(), 7u);
  EXPECT_EQ(sample.group().inner().word(), "hello");
  EXPECT_EQ(sample.groups(0).count(), 1u);
  EXPECT_EQ(sample.groups(0).inner().word(), "hello");
  EXPECT_FALSE(sample.has_left());
  EXPECT_FALSE(sample.has_text());
  EXPECT_EQ(origins.at("group.count").ToString(), "default");
}

}  // namespace
}  // namespace cistern
