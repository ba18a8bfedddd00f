#!/usr/bin/env bash
# What `make check` looks at; changes nothing. Every finding is printed, the exit code says whether there was one.
set -uo pipefail
cd "$(dirname "$0")/.." || exit
findings=0
look() {  # look TITLE COMMAND...: the command prints findings; silence is good
  local title=$1 found
  shift
  found=$("$@" 2>&1)
  [ -z "$found" ] && return
  printf '%s\n%s\n\n' "$title" "$found"
  findings=$((findings + 1))
}

sources() { git ls-files '*.cc' '*.h'; }
format() { sources | xargs -r clang-format --dry-run -Werror 2>&1 | grep 'error:'; }
scripts() { git ls-files '*.sh' .ci/run | xargs -r shellcheck -x; }
python() { git ls-files '*.py' | PYTHONDONTWRITEBYTECODE=1 xargs -r -n1 /usr/bin/python3 -c 'import ast, sys; ast.parse(open(sys.argv[1]).read(), sys.argv[1])'; }
includes() { git grep -nE "#include [<\"]($1)" -- "${@:2}"; }
long_files() { sources | xargs -r wc -l | awk '$2 != "total" && $1 > 400'; }
machine_paths() { git grep -nIE '(^|[^A-Za-z0-9_.-])/(work|farm|root)/' -- ':!tests/check.sh'; }
unfinished() { git grep -nIE '\b(TODO|FIXME|XXX)\b' -- ':!tests/check.sh'; }
folders_without_readme() {
  for folder in ingest/*/ storage/*/ service/*/ ctl/*/ proto/ docker/ helm/cistern/ tests/*/ examples/; do
    [ -d "$folder" ] && [ -n "$(git ls-files "$folder")" ] && [ ! -f "$folder/README.md" ] && echo "$folder"
  done
}

look "Not formatted; mend with 'make format':" format
look "shellcheck:" scripts
look "Python:" python
look "gRPC, protobuf or Prometheus below the service:" includes 'grpc|google/protobuf|prometheus/|cistern/v1/' ingest storage
look "Asio in the store:" includes 'boost/asio' storage
look "ingest knows nothing above it:" includes 'storage/|service/|ctl/' ingest
look "storage knows only ingest/message:" includes 'service/|ctl/|ingest/(net|framing)/' storage
look "Files over 400 lines:" long_files
look "Paths of one machine:" machine_paths
look "Unfinished:" unfinished
look "Folders without a README.md:" folders_without_readme
[ "$findings" -eq 0 ] && echo "check: nothing found" && exit 0
echo "check: $findings kinds of findings" && exit 1
