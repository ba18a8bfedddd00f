// What filters, queries and aggregates see of a batch of records: columns, decoded when asked for.
//
// One interface for every place a batch can rest (tail blob, sealed block, memory), hence one execution path.
// Threads: a view is used by one thread at a time. Lifetime: everything returned lives as long as the view.
#pragma once

#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ingest/message/record.h"

namespace cistern {

// Columns by name. The string columns are those that Strings() serves, the rest Ints() serves.
enum class Column : std::uint8_t {
  kId,
  kReceived,
  kTime,
  kPort,
  kTransport,
  kFormat,
  kFacility,
  kSeverity,
  kFlags,  // integers
  kListener,
  kTlsIdentity,
  kHostname,
  kAppName,
  kProcid,
  kMsgid,
  kStructuredData,
  kMessage,  // strings
  kRaw,      // always the whole text as received, rebuilt where it is not stored
  kTags,     // encoded, see ingest/message/tags.h
  kPeer,     // printed address; empty when none
};

// Row i is values[codes[i]] where `codes` is not empty, else values[i].
struct StringColumn {
  std::span<const std::string_view> values;
  std::span<const std::uint32_t> codes;
  std::string_view operator[](std::size_t row) const {
    return codes.empty() ? values[row] : values[codes[row]];
  }
};

// Texts by template. Row i is row `position_of()[i]` of template `template_of()[i]`; templates are numbered
// as in BlockIndex::Templates() of the same block.
class TemplateColumn {
 public:
  virtual ~TemplateColumn() = default;
  virtual std::size_t templates() const = 0;
  virtual std::span<const std::uint16_t> template_of() = 0;
  virtual std::span<const std::uint32_t> position_of() = 0;
  // The pieces between the slots, one more than there are slots.
  virtual std::span<const std::string_view> Pieces(std::size_t text_template) = 0;
  // The values of one slot as text, by position. Decoded when first asked for.
  virtual StringColumn Slot(std::size_t text_template, std::size_t slot) = 0;
};

class BatchView {
 public:
  virtual ~BatchView() = default;
  virtual std::size_t size() const = 0;
  // kTime holds kNoTime where there is none.
  virtual std::span<const std::int64_t> Ints(Column column) = 0;
  virtual StringColumn Strings(Column column) = 0;
  // As Strings(), but only the rows of [begin, end) that are selected (not 0) need be right: the others may
  // read as anything. Cheaper where values must be put together. `selected` has size() entries.
  virtual StringColumn StringsOf(Column column, std::span<const std::uint8_t> selected, std::size_t begin,
                                 std::size_t end);
  // Peer addresses by dictionary: row i is addresses()[codes[i]] (same codes as Strings(kPeer).codes when
  // that is dictionary-coded; here codes are never empty).
  struct PeerColumn {
    std::span<const IpAddress> values;
    std::span<const std::uint32_t> codes;
  };
  virtual PeerColumn Peers() = 0;
  // All fields of one row.
  virtual Record Row(std::size_t row) = 0;
  // The message column as templates and slots, where the batch keeps it so; null otherwise.
  virtual TemplateColumn* Templates() { return nullptr; }
};

// A view over records in memory, side by side or wherever they are. They must outlive it.
class RecordsView final : public BatchView {
 public:
  explicit RecordsView(std::span<const Record> records) : records_(records), size_(records.size()) {}
  explicit RecordsView(std::span<const Record* const> records) : scattered_(records), size_(records.size()) {}
  std::size_t size() const override { return size_; }
  std::span<const std::int64_t> Ints(Column column) override;
  StringColumn Strings(Column column) override;
  PeerColumn Peers() override;
  Record Row(std::size_t row) override { return At(row); }

 private:
  const Record& At(std::size_t row) const { return scattered_.empty() ? records_[row] : *scattered_[row]; }

  std::span<const Record> records_;
  std::span<const Record* const> scattered_;
  std::size_t size_;
  std::vector<std::vector<std::int64_t>> ints_;
  std::vector<std::vector<std::string_view>> strings_;
  std::deque<std::string> printed_;  // never moves: views into it stay valid
  std::vector<IpAddress> peers_;
  std::vector<std::uint32_t> peer_codes_;
};

}  // namespace cistern
