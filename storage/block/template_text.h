// Takes texts apart into templates and slot values, for one block.
//
// Rules for what becomes a slot (see FORMAT.md): every word with a digit, digit words joined by a single one
// of
// `.:-/@` together, and what follows `=`. A slot begins and ends where a word does. Texts whose template is
// rare, and templates beyond the limit, end in template 0, free text.
//
// Threads: one at a time. Added views must stay valid until Clear().
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

namespace cistern {

inline constexpr std::size_t kMaxTemplates = 4096;

class TemplateText {
 public:
  // One template with the values of its slots, in row order. Template 0 is free text: one slot, the whole
  // text.
  struct Template {
    std::vector<std::string_view> pieces;              // slots.size() + 1
    std::vector<std::vector<std::string_view>> slots;  // slots[s][k]: slot s of the k-th row of this template
    std::uint32_t rows = 0;
  };

  TemplateText();
  ~TemplateText();
  void Clear();
  void Add(std::string_view text);
  // After the last Add(): moves rare templates to free text. Then the rest may be asked.
  void Finish();
  std::span<const Template> templates() const;
  std::span<const std::uint16_t> template_of_row() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace cistern
