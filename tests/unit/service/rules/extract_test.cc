#include <gtest/gtest.h>

#include "ingest/message/tags.h"
#include "tests/unit/service/rules/ingest_bench.h"

namespace cistern {
namespace {

std::string AllTags(const Record& record) {
  std::string text;
  TagsReader reader(record.tags);
  while (const auto tag = reader.Next())
    text += (text.empty() ? "" : " ") + std::string(tag->name) + "=" + std::string(tag->value);
  return text;
}

struct ExtractCase {
  const char* name;
  const char* rule;
  const char* message;
  const char* tags;
};
class ExtractTest : public testing::TestWithParam<ExtractCase> {};
TEST_P(ExtractTest, FindsFields) {
  IngestBench bench("- {name: e, extract: {" + std::string(GetParam().rule) + "}}");
  bench.Add(GetParam().message);
  bench.Apply();
  EXPECT_EQ(AllTags(bench.records()[0]), GetParam().tags);
}
INSTANTIATE_TEST_SUITE_P(
    All, ExtractTest,
    testing::Values(
        ExtractCase{"Pattern", "pattern: 'from (?P<addr>\\S+) port (?P<port>\\d+)'",
                    "failed from 192.0.2.1 port 22 ssh2", "addr=192.0.2.1 port=22"},
        ExtractCase{"PatternWithoutMatch", "pattern: 'from (?P<addr>\\S+)'", "to 192.0.2.1", ""},
        ExtractCase{"EmptyGroupIsNoTag", "pattern: 'a(?P<b>b*)(?P<c>c*)'", "accc", "c=ccc"},
        ExtractCase{"PatternTakesAnyOctets", "pattern: 'x(?P<b>.)y'", "x\xffy", "b=\xff"},
        ExtractCase{"KeyValue", "key_value: {}", "a=1 b=\"two words\", c='x' d= e=f;g=h",
                    "a=1 b=two words c=x e=f g=h"},
        ExtractCase{"Prefix", "key_value: {}, prefix: 'kv.'", "a=1", "kv.a=1"},
        ExtractCase{"Only", "key_value: {}, only: [b]", "a=1 b=2 c=3", "b=2"},
        ExtractCase{"MostFields", "key_value: {}, max_fields: 2", "a=1 b=2 c=3", "a=1 b=2"},
        ExtractCase{"FirstOfEqualNames", "key_value: {}", "a=1 a=2", "a=1"},
        ExtractCase{"NamesOfTheDaemon", "key_value: {}",
                    "event=1 event.rule=a origin.event=1 cistern.store=b events=2 origin.x=3",
                    "events=2 origin.x=3"},
        ExtractCase{"NameTooLongForATag", "key_value: {}",
                    "a234567890123456789012345678901234567890123456789012345678901234x=1 b=2", "b=2"},
        ExtractCase{"Json", "json: {}", R"(@cee:{"a":{"b":1,"c":[true]},"d":"x"})", "a.b=1 a.c.0=true d=x"},
        ExtractCase{"Cef", "cef: {}, only: [name, src]", "CEF:0|v|p|1|id|the name|5|src=192.0.2.1 dst=x",
                    "name=the name src=192.0.2.1"},
        ExtractCase{"Leef", "leef: {}, only: [src]", "LEEF:1.0|v|p|1|id|src=192.0.2.1\tdst=x",
                    "src=192.0.2.1"}),
    [](const auto& info) { return info.param.name; });

TEST(ExtractTest, TagThatIsThereStays) {
  IngestBench bench(R"(
- {name: a, tag: {tags: {user: root}}}
- {name: b, extract: {key_value: {}}}
)");
  bench.Add("user=bob uid=1");
  bench.Apply();
  EXPECT_EQ(AllTags(bench.records()[0]), "user=root uid=1");
}

}  // namespace
}  // namespace cistern
