// Gathers the index and the word filter of one block while it is sealed, and when they are made again.
//
// What comes out depends on the content alone, not on its form: a column may be given row by row or as values
// and codes, structured data as whole texts or taken apart into templates.
// Threads: one at a time. Views need to stay valid during the call only. Memory is kept from block to block.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "storage/batch_view.h"
#include "storage/block/sealed_block.h"

namespace cistern {

class IndexBuilder {
 public:
  IndexBuilder();
  ~IndexBuilder();

  // Begins a block; forgets what was added before. The ranges of ids and times come from here.
  void Begin(const BlockSummary& summary);
  // kPort, kTransport, kFormat, kFacility, kSeverity, kFlags: one value a row. A column that is not added is
  // all 0.
  void AddInts(Column column, std::span<const std::int64_t> values);
  // kListener, kTlsIdentity, kHostname, kAppName, kProcid, kMsgid, kPeer (printed addresses; empty when
  // none), kTags, and kStructuredData unless that is given as templates. A column that is not added is all
  // empty. Cheapest as distinct values and codes.
  void AddStrings(Column column, const StringColumn& values);
  // One template with the values of its slots, by position; cheapest as distinct values and codes. kMessage:
  // each template in the order of their numbers. kStructuredData: any order. The same rules as for
  // TemplateText hold: a slot begins and ends where a word does.
  void AddTemplate(Column column, std::span<const std::string_view> pieces, std::uint32_t rows,
                   std::span<const StringColumn> slots);
  // Ends the block: sets `index` and `chunks` of `block`.
  void Finish(SealedBlock& block);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace cistern
