// Property: whatever the input, a shape other than raw rebuilds it; and common traffic needs no raw.
#include <random>
#include <vector>

#include "ingest/message/shape.h"
#include "tests/unit/ingest/parse/parse_case.h"

namespace cistern {
namespace {

class Composer {
 public:
  explicit Composer(unsigned seed) : random_(seed) {}

  // Glues parts of messages together at random, in an order that often makes sense.
  std::string Compose() {
    std::string out = Pick({"<13>", "<0>", "<191>", "<192>", "", "<13> ", "<13>  "});
    out += Pick({"", "1 "});
    out += Pick({"Oct 11 22:14:15", "Oct  1 22:14:15", "Oct 01 22:14:15", "Oct 1 22:14:15", "OCT 11 22:14:15",
                 "Feb 29 00:00:00", "Oct 11 2009 22:14:15", "Oct  1 2009 22:14:15", "Oct 11 22:14:15 2009",
                 "2009 Oct 11 22:14:15", "2009-10-11T22:14:15Z", "2009-10-11T22:14:15+02:30",
                 "2009-10-11T22:14:15-00:00", "2009-10-11T22:14:15", "-", "", "12: *Oct 11 22:14:15",
                 "0001-01-01T00:00:00Z", "1: r1: Oct 11 22:14:15"});
    out += Pick({"", "", "", ".5", ".000", ".123456789", ".1234567890", "."});
    out += Pick({"", "", ":", " UTC:", "Z", "+01:00"});
    out += Pick({" ", " ", " ", "  ", ""});
    out += Pick({"h", "h.example", "2001:db8::1", "fe80::", "-", "", "\xc3\xa4", "h:", "\xff"});
    out += Pick({" ", " ", " ", "  ", ""});
    for (int fields = Number(4); fields > 0; --fields) out += Pick({"- ", "a ", "42 ", "x[1] ", "\t "});
    out += Pick({"app", "app", "a/b", "-", "", "%ASA-6-302015", "CEF", "LEEF", "app[", "[x@1 k=\"v\\\"\"]",
                 "[x y=z ]"});
    out += Pick({"", "[7]", "[]", "[core 0]", "[7", "]"});
    out += Pick({":", ":", "", " :"});
    out += Pick({" ", " ", "", "  "});
    out += Pick({"text", "", " text ", "\xef\xbb\xbftext", "a\nb", "%SYS-5-CONFIG_I: text", "CEF:0|a|b",
                 "\r\n", "x\n"});
    return out;
  }

  // Changes a few octets.
  std::string Damage(std::string text) {
    for (int n = 1 + Number(3); n > 0 && !text.empty(); --n) {
      const auto at = static_cast<std::size_t>(Number(static_cast<int>(text.size())));
      switch (Number(3)) {
        case 0:
          text[at] = static_cast<char>(Number(256));
          break;
        case 1:
          text.erase(at, 1);
          break;
        default:
          text.insert(at, 1, " :[]<>-\"\\.%0"[Number(12)]);
      }
    }
    return text;
  }

 private:
  int Number(int below) { return static_cast<int>(random_() % static_cast<unsigned>(below)); }
  std::string Pick(const std::vector<const char*>& choices) {
    return choices[static_cast<std::size_t>(Number(static_cast<int>(choices.size())))];
  }

  std::mt19937 random_;
};

TEST(Rebuild, ComposedMessages) {
  Composer composer(1);
  for (int i = 0; i < 20'000; ++i) ParseChecked(composer.Compose());
}

TEST(Rebuild, DamagedMessages) {
  Composer composer(2);
  for (int i = 0; i < 20'000; ++i) ParseChecked(composer.Damage(composer.Compose()));
}

TEST(Rebuild, NothingIsReadPastTheEnd) {
  Composer composer(3);
  for (int i = 0; i < 3'000; ++i) {
    const std::string text = composer.Compose();
    const std::vector<char> exact(text.begin(), text.end());  // the address sanitizer guards its end
    ParseChecked({exact.data(), exact.size()});
  }
}

TEST(Rebuild, CommonHeadersNeedNoRaw) {
  for (const std::string_view input : {"<34>1 2003-10-11T22:14:15.003Z h su - ID47 - text",
                                       "<34>1 2003-10-11T22:14:15Z h su 1 - [x@1 k=\"v\"] text",
                                       "<34>1 2003-10-11T22:14:15.123456+02:00 h su - - - \xef\xbb\xbftext",
                                       "<34>1 - - - - - -",
                                       "<34>1 - - - - - - ",
                                       "1 - h a - - - no pri",
                                       "<34>1 2003-10-11T22:14:15.1234567Z h a - - - text",
                                       "<34>1 - h CEF:0|a",
                                       "<34>Oct 11 22:14:15 h su: text",
                                       "<34>Oct  1 22:14:15 h su[7]: text",
                                       "<34>Oct 01 22:14:15 h su[7]: text",
                                       "<34>Oct 1 22:14:15 h su[7]: text",
                                       "<34>Oct 11 22:14:15.123 h su[7]: text",
                                       "<34>Oct 11 2009 22:14:15 h su: text",
                                       "<34>Oct 01 2009 22:14:15 h su: text",
                                       "<34>OCT 1 2009 22:14:15: h su: text",
                                       "<34>Oct 11 22:14:15: h su: text",
                                       "<34> Oct 11 22:14:15 h su: text",
                                       "Oct 11 22:14:15 h su: text",
                                       "<34>Oct 11 22:14:15 su: text",
                                       "<34>Oct 11 22:14:15 su[7]: text",
                                       "<34>Oct 11 22:14:15 h su text",
                                       "<34>Oct 11 22:14:15 h",
                                       "<34>Oct 11 22:14:15 h  text",
                                       "<34>Oct 11 22:14:15",
                                       "<34>2009-10-11T22:14:15Z h su: text",
                                       "<34>2009-10-11T22:14:15.5+02:00 h su[7]: text",
                                       "<34>2009-10-11T22:14:15.123 h su[7]: text",
                                       "<34>text",
                                       "<34> text",
                                       "<34>su[7]: text",
                                       "<34>",
                                       "plain text",
                                       "",
                                       "<34>Oct 11 22:14:15 h CEF:0|a",
                                       "<34>Oct 11 22:14:15 h : %ASA-6-302015: text",
                                       "<34>1: *Oct 11 22:14:15.5: %SYS-5-CONFIG_I: text",
                                       "<34>Oct 11 22:14:15 h %ASA-6-302015: text",
                                       "<bad",
                                       "<34>1 broken"}) {
    EXPECT_NE(ParseChecked(input).shape.code, kShapeRaw) << input;
  }
}

TEST(Rebuild, OddHeadersKeepRaw) {
  for (const std::string_view input :
       {"<34>oct 11 22:14:15 h su: text", "<34>  Oct 11 22:14:15 h su: text", "<34>Oct 11 22:14:15  su: text",
        "<34>2009 Oct 11 22:14:15 h su: text", "<34>Oct 11 22:14:15 2009 h su: text",
        "<34>2009-10-11T22:14:15-00:00 h su: text", "<34>1 2009-10-11T22:14:15.1234567890Z h a - - - text",
        "<34>2009-10-11t22:14:15z h su: text"}) {
    EXPECT_EQ(ParseChecked(input).shape.code, kShapeRaw) << input;
  }
}

}  // namespace
}  // namespace cistern
