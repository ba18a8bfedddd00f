#include "storage/block/form_merger.h"

#include <algorithm>
#include <bit>

#include "storage/block/text_classes.h"
#include "storage/words.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace cistern {
namespace {

// So many forms must become equal for a token to be hidden. One that has a slot there already counts more.
constexpr std::uint32_t kMinForms = 8, kWeightOfSlot = 7;
// Forms with more rows than this, and with a larger share of all, keep their words.
constexpr std::uint64_t kRareRows = 64, kRareShare = 64;
constexpr int kRounds = 6;
constexpr std::size_t kMaxKeys = 1 << 17;

constexpr std::uint64_t Mix(std::uint64_t value, std::uint64_t position) {
  value ^= (position + 1) * 0x9e3779b97f4a7c15u;
  value *= 0xff51afd7ed558ccdu;
  value ^= value >> 32;
  return value * 0xc4ceb9fe1a85ec53u;
}
constexpr std::uint64_t kHiddenToken = 0x5b1d7a3c9e64f021u;

constexpr bool IsValueMark(char c) {
  return c == '!' || c == '#' || c == '$' || c == '%' || c == '*' || c == '+' || c == '-' || c == '.' ||
         c == '/' || c == ':' || c == '?' || c == '@';
}

}  // namespace

void FormMerger::Tokenise(std::string_view form, State& state) {
  state.first_token = static_cast<std::uint32_t>(tokens_.size());
  state.hash = 0;
  std::uint64_t between = seed_;
  std::size_t last = 0;
  for (std::size_t at = 0; at < form.size();) {
    if (!IsWordByte(form[at])) {
      ++at;
      continue;
    }
    Token token{static_cast<std::uint16_t>(at), 0};
    for (; at < form.size() && (IsWordByte(form[at]) || IsValueMark(form[at])); ++at)
      if (IsWordByte(form[at])) token.end = static_cast<std::uint16_t>(at + 1);
    at = token.end;
    while (at < form.size() && IsValueMark(form[at])) ++at;
    between = XXH3_64bits_withSeed(form.data() + last, token.begin - last, between);
    last = token.end;
    tokens_.push_back(token);
    const std::string_view text = form.substr(token.begin, token.end - token.begin);
    const std::uint64_t hash =
        text == "0" ? kHiddenToken : XXH3_64bits_withSeed(text.data(), text.size(), seed_);
    summands_.push_back(Mix(hash, tokens_.size() - state.first_token));
    state.hash += summands_.back();
  }
  state.hash += XXH3_64bits_withSeed(form.data() + last, form.size() - last, between);
  state.tokens = static_cast<std::uint32_t>(tokens_.size() - state.first_token);
  if (state.tokens > kMaxTokens) state.tokens = 0;
}

FormMerger::Count& FormMerger::Find(std::uint64_t key) {
  const std::size_t mask = counts_.size() - 1;
  std::size_t at = key & mask;
  while (counts_[at].forms != 0 && counts_[at].key != key) at = (at + 1) & mask;
  counts_[at].key = key;
  return counts_[at];
}

std::uint64_t FormMerger::KeyWithout(const State& state, std::size_t token) const {
  return state.hash - summands_[state.first_token + token] + Mix(kHiddenToken, token + 1);
}

void FormMerger::CountKeys(std::uint32_t rare) {
  std::size_t keys = 0;
  const auto active = [&](const State& state) {
    return state.tokens != 0 && state.same_as == &state - states_.data();
  };
  for (const State& state : states_)
    if (active(state)) keys += 1 + state.tokens;
  keys = std::min(keys, kMaxKeys);
  counts_.assign(std::bit_ceil(keys * 2 + 16), {});
  for (const State& state : states_) {
    if (!active(state)) continue;
    if (keys < 1 + state.tokens) return;
    keys -= 1 + state.tokens;
    Find(state.hash).forms += kWeightOfSlot;
    if (state.rows > rare) continue;
    for (std::size_t token = 0; token < state.tokens; ++token) {
      const std::uint64_t key = KeyWithout(state, token);
      if (key != state.hash) ++Find(key).forms;
    }
  }
}

bool FormMerger::HideBest(State& state) {
  std::uint32_t best = kMinForms - 1;
  std::size_t hidden = kMaxTokens;
  for (std::size_t token = 0; token < state.tokens; ++token) {
    const std::uint64_t key = KeyWithout(state, token);
    if (key == state.hash) continue;
    const std::uint32_t forms = Find(key).forms;
    if (forms > best) {
      best = forms;
      hidden = token;
    }
  }
  if (hidden == kMaxTokens) return false;
  state.hash = KeyWithout(state, hidden);
  summands_[state.first_token + hidden] = Mix(kHiddenToken, hidden + 1);
  state.hidden |= std::uint64_t{1} << hidden;
  return true;
}

// Forms whose hashes are equal go on as one.
void FormMerger::JoinEqual() {
  counts_.assign(counts_.size(), {});
  for (std::size_t i = 0; i < states_.size(); ++i) {
    State& state = states_[i];
    if (state.tokens == 0 || state.same_as != i) continue;
    Count& first = Find(state.hash);
    if (first.forms == 0) {
      first.forms = static_cast<std::uint32_t>(i + 1);
      continue;
    }
    state.same_as = first.forms - 1;
    states_[state.same_as].rows += state.rows;
  }
}

bool FormMerger::Round(std::uint32_t rare) {
  CountKeys(rare);
  bool changed = false;
  for (std::size_t i = 0; i < states_.size(); ++i)
    if (states_[i].tokens != 0 && states_[i].same_as == i && states_[i].rows <= rare)
      changed |= HideBest(states_[i]);
  if (changed) JoinEqual();
  return changed;
}

void FormMerger::Merge(std::span<const CountedForm> forms) {
  forms_ = forms;
  states_.assign(forms.size(), {});
  tokens_.clear();
  summands_.clear();
  std::uint64_t rows = 0;
  for (std::size_t i = 0; i < forms.size(); ++i) {
    states_[i].same_as = static_cast<std::uint32_t>(i);
    states_[i].rows = forms[i].rows;
    rows += forms[i].rows;
    Tokenise(forms[i].form, states_[i]);
  }
  const auto rare = static_cast<std::uint32_t>(std::max(kRareRows, rows / kRareShare));
  for (int round = 0; round < kRounds; ++round)
    if (!Round(rare)) break;
}

void FormMerger::Hidden(std::size_t form, std::vector<Token>& out) const {
  out.clear();
  std::size_t root = form;
  while (states_[root].same_as != root) root = states_[root].same_as;
  for (std::size_t token = 0; token < states_[form].tokens; ++token) {
    if (states_[root].hidden >> token & 1) out.push_back(tokens_[states_[form].first_token + token]);
  }
}

}  // namespace cistern
