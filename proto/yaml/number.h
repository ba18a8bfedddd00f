// Numbers of protobuf fields as text, with their unit and range. Used by scalar.cc.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "ingest/message/result.h"
#include "proto/yaml/scalar.h"

namespace cistern {

// Holds every signed and unsigned 64-bit number.
__extension__ using WideInt = __int128;

// An integer field's value in its stored unit, within the range of its type and options.
Result<WideInt, ScalarProblem> ParseInteger(const google::protobuf::FieldDescriptor& field,
                                            std::string_view text);
// Likewise for float and double fields; finite.
Result<double, ScalarProblem> ParseReal(const google::protobuf::FieldDescriptor& field,
                                        std::string_view text);
// In the field's unit.
std::string FormatInteger(const google::protobuf::FieldDescriptor& field, WideInt value);

}  // namespace cistern
