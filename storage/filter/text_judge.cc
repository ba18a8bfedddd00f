#include "storage/filter/text_judge.h"

#include <algorithm>

#include "storage/words.h"

namespace cistern::filter {
namespace {

using Kind = Atom::Kind;

constexpr std::size_t kMaxElements = 64;
constexpr SlotStamp kAnything;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// The classes of which an atom takes a byte.
std::uint8_t ClassesOf(const Atom& atom) {
  if (atom.kind == Kind::kBlank) return SlotStamp::kSeparators;
  if (atom.kind == Kind::kAny) return SlotStamp::kAllClasses & ~(SlotStamp::kPoint | SlotStamp::kJoiner);
  const SlotStamp::Class of = SlotStamp::ClassOf(FoldByte(atom.byte));
  const bool letter = of == SlotStamp::kHex || of == SlotStamp::kLower;
  return static_cast<std::uint8_t>(letter ? of | SlotStamp::kUpper : of);
}

bool Enters(const Atom& atom, char c) {
  if (atom.kind == Kind::kByte) return FoldByte(c) == FoldByte(atom.byte);
  return IsWordByte(c) == (atom.kind == Kind::kAny);
}

// 0 to 255 as it is usually written.
bool IsOctet(std::string_view text) {
  if (text.empty() || text.size() > 3 || (text.size() > 1 && text[0] == '0')) return false;
  return std::all_of(text.begin(), text.end(), IsDigit) && (text.size() < 3 || text <= "255");
}

}  // namespace

TextJudge::TextJudge(const Elements& elements)
    : pattern_(elements), word_before_(elements.word_before), word_behind_(elements.word_behind) {
  const Text& atoms = elements.atoms;
  const std::string run = LongestRun(atoms);
  if (!run.empty()) run_.emplace(run);
  size_ = static_cast<std::size_t>(
      std::count_if(atoms.begin(), atoms.end(), [](const Atom& atom) { return atom.kind != Kind::kStar; }));
  one_word_ = std::all_of(atoms.begin(), atoms.end(),
                          [](const Atom& atom) { return atom.kind == Kind::kStar || IsWordAtom(atom); });
  if (size_ <= kMaxElements) AddStates(atoms);
  AddWords(elements);
  AddAddresses(atoms);
}

void TextJudge::AddStates(const Text& atoms) {
  accept_ = States{1} << (size_ - 1);
  std::size_t state = 0;
  const Atom* before = nullptr;  // the last one that is no star
  for (const Atom& atom : atoms) {
    const States bit = States{1} << state;
    if (atom.kind == Kind::kStar) {
      stay_word_ |= bit >> 1;
      continue;
    }
    if (atom.kind == Kind::kBlank) stay_separator_ |= bit;
    for (std::size_t byte = 0; byte < enter_.size(); ++byte) {
      if (Enters(atom, static_cast<char>(byte))) enter_[byte] |= bit;
    }
    for (std::size_t classes = 0; classes < by_classes_.size(); ++classes) {
      if (classes & ClassesOf(atom)) by_classes_[classes] |= bit;
    }
    if (before && !(IsWordAtom(*before) && IsWordAtom(atom))) at_edge_ |= bit >> 1;
    before = &atom;
    ++state;
  }
}

void TextJudge::AddWords(const Elements& elements) {
  const Text& atoms = elements.atoms;
  std::size_t state = 0;
  for (std::size_t i = 0; i < atoms.size();) {
    const std::size_t begin = i;
    const auto in_word = [&](const Atom& atom) { return atom.kind == Kind::kStar || IsWordAtom(atom); };
    States states = 0;
    bool literal = true;
    for (; i < atoms.size() && in_word(atoms[i]); ++i) {
      literal = literal && atoms[i].kind == Kind::kByte;
      if (atoms[i].kind == Kind::kStar) continue;
      states |= state < kMaxElements ? States{1} << state : 0;
      ++state;
    }
    const bool whole = (begin > 0 || elements.word_before) && (i < atoms.size() || elements.word_behind);
    if (i > begin && literal && whole) AddWord(atoms, begin, i, states);
    if (i == begin) {
      ++i;
      ++state;
    }
  }
}

void TextJudge::AddWord(const Text& atoms, std::size_t begin, std::size_t end, States states) {
  std::string folded;
  for (std::size_t i = begin; i < end; ++i) folded += FoldByte(atoms[i].byte);
  const bool has_digit = std::any_of(folded.begin(), folded.end(), IsDigit);
  words_.push_back({folded, LiteralFinder(folded), states, has_digit});
  if (!has_digit && (!longest_ || folded.size() > longest_->folded.size())) longest_ = words_.back();
}

// Numbers joined by points share a slot, so four of them can be asked for at once. They count only where
// nothing is open: `1.2.3.4*` may mean 1.2.3.40.
void TextJudge::AddAddresses(const Text& atoms) {
  std::string text;  // what is no literal byte reads as a blank; ends that are open read as a letter
  if (!word_before_) text += 'x';
  for (const Atom& atom : atoms) {
    text += atom.kind == Kind::kByte ? FoldByte(atom.byte) : atom.kind == Kind::kBlank ? ' ' : 'x';
  }
  if (!word_behind_) text += 'x';
  for (std::size_t begin = 0; begin < text.size(); ++begin) {
    if (!IsWordByte(text[begin]) || !IsWordEdge(text, begin)) continue;
    std::size_t end = begin, octets = 0;
    for (;;) {
      std::size_t stop = end;
      while (stop < text.size() && IsWordByte(text[stop])) ++stop;
      if (!IsOctet(std::string_view(text).substr(end, stop - end))) break;
      end = stop;
      if (++octets == 4 || end >= text.size() || text[end] != '.') break;
      ++end;
    }
    if (octets == 4) addresses_.push_back(text.substr(begin, end - begin));
  }
}

bool TextJudge::RuledOut(BlockIndex& index) const {
  if (LacksDigits(index)) return true;
  if (!longest_ || index.MayHoldWord(longest_->folded)) return false;
  const std::optional<std::string_view> pieces = index.PieceOctets();
  return pieces && longest_->finder.Find(*pieces, 0) == std::string_view::npos;
}

bool TextJudge::LacksDigits(BlockIndex& index) const {
  for (const Word& word : words_)
    if (word.has_digit && !index.MayHoldWord(word.folded)) return true;
  return std::any_of(addresses_.begin(), addresses_.end(),
                     [&](const std::string& address) { return !index.MayHoldAddress(address); });
}

TextJudge::States TextJudge::Held(BlockIndex& index, const Word** denied) const {
  States held = ~States{0};
  *denied = nullptr;
  for (const Word& word : words_) {
    if (index.MayHoldWord(word.folded)) continue;
    held &= ~word.states;
    if (!*denied || word.folded.size() > (*denied)->folded.size()) *denied = &word;
  }
  return held;
}

bool TextJudge::InOnePiece(std::span<const std::string_view> pieces) const {
  return std::any_of(pieces.begin(), pieces.end(),
                     [&](std::string_view piece) { return !piece.empty() && pattern_.Matches(piece); });
}

void TextJudge::Judge(Judging& judging, std::span<Verdict> verdicts) const {
  std::fill(verdicts.begin(), verdicts.end(), Verdict::kNone);
  if (LacksDigits(judging.index())) return;
  const Word* denied = nullptr;
  const States held = Held(judging.index(), &denied);
  std::vector<std::uint8_t> found(verdicts.size(), 1);
  if (denied) {
    judging.FindInPieces(denied->finder, found);
  } else if (run_) {
    judging.FindInPieces(*run_, found);
  }
  const auto templates = judging.templates();
  for (std::size_t t = 0; t < templates.size(); ++t) {
    if (denied && !found[t]) continue;
    if (found[t] && InOnePiece(templates[t].pieces)) {
      verdicts[t] = Verdict::kAll;
    } else if (MayMatchInSlots(templates[t].pieces, templates[t].slots, held, nullptr)) {
      verdicts[t] = Verdict::kSome;
    }
  }
}

RowPlan TextJudge::Plan(std::span<const std::string_view> pieces, std::span<const SlotStamp> stamps) const {
  RowPlan plan;
  if (InOnePiece(pieces)) {
    plan.kind = RowPlan::Kind::kAll;
    return plan;
  }
  if (size_ > kMaxElements) return plan;
  Places places;
  MayMatchInSlots(pieces, stamps, ~States{0}, &places);
  if (places.across) return plan;
  plan.kind = places.slots.empty() ? RowPlan::Kind::kNone : RowPlan::Kind::kSlots;
  for (const std::uint8_t slot : places.slots) plan.slots.push_back({slot});
  return plan;
}

// With `places` all of them are found, else the answer is given at the first.
bool TextJudge::MayMatchInSlots(std::span<const std::string_view> pieces, std::span<const SlotStamp> stamps,
                                States held, Places* places) const {
  if (size_ > kMaxElements) return true;
  States active = 0;
  bool any = false;
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    // What matches within one piece was seen before; here only what came out of a slot counts.
    if (!one_word_) active = ThroughPiece(pieces[i], i == 0 ? 0 : active);
    bool within = false, across = (active & accept_) != 0;
    active &= at_edge_;
    if (i + 1 < pieces.size()) {
      active = ThroughSlot(stamps.empty() ? kAnything : stamps[i], held, active, within, across);
    }
    any = any || within || across;
    if (!places && any) return true;
    if (!places) continue;
    places->across = places->across || across;
    if (within) places->slots.push_back(static_cast<std::uint8_t>(std::min<std::size_t>(i, 255)));
    if (within && i > 255) places->across = true;
  }
  return any;
}

// Gives the states at the end of the piece, and the accepting one if a match that began before ended in it.
TextJudge::States TextJudge::ThroughPiece(std::string_view piece, States active) const {
  States carried = active, accepted = 0;  // carried: began before the piece
  for (std::size_t i = 0; i < piece.size(); ++i) {
    const States enter = enter_[static_cast<std::uint8_t>(piece[i])];
    const States stay = IsWordByte(piece[i]) ? stay_word_ : stay_separator_;
    const States start = !word_before_ || IsWordEdge(piece, i);
    active = (((active << 1) | start) & enter) | (active & stay);
    carried = ((carried << 1) & enter) | (carried & stay);
    if ((carried & accept_) && (!word_behind_ || IsWordEdge(piece, i + 1))) accepted = accept_;
  }
  return (active & ~accept_) | accepted;
}

TextJudge::States TextJudge::ThroughSlot(const SlotStamp& stamp, States held, States active, bool& within,
                                         bool& across) const {
  if (!stamp.values.empty()) return ThroughValues(stamp.values, active, within, across);
  const States allowed = by_classes_[stamp.classes & SlotStamp::kAllClasses] & held;
  const States entered = Flood(active << 1, allowed, stamp.max_length);
  const States begun = Flood(1, allowed, stamp.max_length);
  within = (begun & accept_) != 0;
  across = across || (entered & accept_) != 0;
  // Those that were there before stay where the slot can be passed without a step.
  const bool separators = stamp.classes & SlotStamp::kSeparators;
  const States stay = stay_word_ | (separators ? stay_separator_ : 0);
  const States kept = stamp.min_length == 0 ? active : active & stay;
  return (entered | begun | kept) & at_edge_;
}

TextJudge::States TextJudge::ThroughValues(std::span<const std::string_view> values, States active,
                                           bool& within, bool& across) const {
  States left = 0;
  for (const std::string_view value : values) {
    within = within || pattern_.Matches(value);
    const States behind = ThroughPiece(value, active);
    across = across || (behind & accept_) != 0;
    left |= behind & at_edge_;
  }
  return left;
}

// The states reached from `from` by at most `steps` elements, all of which must be allowed.
TextJudge::States TextJudge::Flood(States from, States allowed, std::uint64_t steps) {
  States reached = steps == 0 ? 0 : from & allowed;
  for (std::uint64_t step = 1; step < steps; ++step) {
    const States next = reached | ((reached << 1) & allowed);
    if (next == reached) break;
    reached = next;
  }
  return reached;
}

}  // namespace cistern::filter
