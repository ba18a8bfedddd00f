// Joins the forms of texts that differ in one place only: what varies there becomes a slot as well.
//
// A form is a text whose slots are written `0` (see text_splitter.h). Its tokens are the runs of octets that
// may stand in a value, from the first to the last word byte. Where many rare forms become equal once one
// token is left out, that token is hidden; and again, until nothing changes.
//
// Threads: one at a time.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cistern {

struct CountedForm {
  std::string_view form;
  std::uint32_t rows = 0;
};

class FormMerger {
 public:
  // More tokens than this are left alone.
  static constexpr std::size_t kMaxTokens = 64;

  explicit FormMerger(std::uint64_t seed) : seed_(seed) {}

  // `forms` must stay valid until the last call of Hidden().
  void Merge(std::span<const CountedForm> forms);
  // Octets [begin, end) of a form.
  struct Token {
    std::uint16_t begin = 0, end = 0;
  };
  // What is to be hidden of a form, in order.
  void Hidden(std::size_t form, std::vector<Token>& out) const;

 private:
  struct State {
    std::uint32_t first_token = 0;
    std::uint32_t tokens = 0;   // 0: left alone
    std::uint32_t rows = 0;     // of all forms that became equal to this one
    std::uint32_t same_as = 0;  // an earlier form that this one became equal to; itself when there is none
    std::uint64_t hash = 0;     // of the octets between tokens, plus one summand a token
    std::uint64_t hidden = 0;   // a bit a token
  };
  struct Count {
    std::uint64_t key = 0;
    std::uint32_t forms = 0;  // 0: unused
  };

  void Tokenise(std::string_view form, State& state);
  bool Round(std::uint32_t rare);
  void CountKeys(std::uint32_t rare);
  bool HideBest(State& state);
  void JoinEqual();
  std::uint64_t KeyWithout(const State& state, std::size_t token) const;
  Count& Find(std::uint64_t key);

  const std::uint64_t seed_;
  std::span<const CountedForm> forms_;
  std::vector<State> states_;
  std::vector<Token> tokens_;
  std::vector<std::uint64_t> summands_;  // one a token
  std::vector<Count> counts_;            // open addressing; a power of two
};

}  // namespace cistern
