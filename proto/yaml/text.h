// Checks texts of protobuf fields against their options. Used by scalar.cc.
#pragma once

#include <string>
#include <string_view>

#include "ingest/message/result.h"
#include "proto/yaml/scalar.h"

namespace cistern {

// The text as it is stored: checked against the field's unit and allowed texts, paths made absolute.
Result<std::string, ScalarProblem> CheckText(const google::protobuf::FieldDescriptor& field,
                                             std::string_view text, const std::string& folder);

// Enum values are written in small letters without the prefix: UNIT_NONE as `none`.
std::string EnumName(const google::protobuf::FieldDescriptor& field, int number);
Result<int, ScalarProblem> ParseEnum(const google::protobuf::FieldDescriptor& field, std::string_view text);

}  // namespace cistern
