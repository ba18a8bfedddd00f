// Syntax tree to predicates: gives names and values their meaning.
#pragma once

#include "storage/filter/ast.h"
#include "storage/filter/predicate.h"

namespace cistern::filter {

using PredicateResult = Result<PredicatePtr, FilterError>;

PredicateResult Compile(const Node& node);

// compile_numbers.cc: `value` of an integer column.
PredicateResult CompileNumber(Column column, std::int64_t max, const Value& value);
PredicateResult CompileTime(Column column, const Value& value);
// compile_names.cc: `value` of a column whose integers have names.
PredicateResult CompileName(Column column, const Value& value);
PredicateResult CompileFlags(const Value& value);

}  // namespace cistern::filter
