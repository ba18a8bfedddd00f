// The columns of records that both kinds of blobs keep alike, collected in one pass.
//
// Threads: one at a time. Views into the records must stay valid until Clear().
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "ingest/message/record.h"
#include "storage/block/block_codec.h"
#include "storage/block/string_codec.h"
#include "storage/block/time_codec.h"

namespace cistern {

struct RecordColumns {
  // Keeps memory.
  void Clear();
  void Add(const Record& record);
  // Of what was added, at least one record.
  BlockSummary Summary() const;
  // Whether ids count up by one.
  bool IdsAreDense() const {
    return static_cast<std::uint64_t>(ids.back()) - static_cast<std::uint64_t>(ids.front()) == ids.size() - 1;
  }

  std::vector<std::int64_t> ids, received, ports, transports, formats, facilities, severities, flags, shapes;
  TimeColumn times;
  DictionaryColumn peers, listeners, tls_identities, hostnames, app_names, procids, msgids;
  PlainColumn raws;  // of records whose shape is kShapeRaw; else empty

 private:
  void Widen(const Record& record);
  BlockSummary bounds_;
};

}  // namespace cistern
