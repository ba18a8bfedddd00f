// From the definition of a file target to its sink.
#include <chrono>
#include <string>

#include "cistern/v1/target.pb.h"
#include "service/forward/file_sink.h"

namespace cistern {
namespace {

std::vector<FieldRef> ColumnsOf(const v1::FileTarget& file) {
  std::vector<FieldRef> columns;
  for (const std::string& name : file.columns()) columns.push_back(*ParseField(name));
  return columns;
}

std::int64_t WallClock() {
  using namespace std::chrono;
  return duration_cast<nanoseconds>(system_clock::now().time_since_epoch()).count();
}

}  // namespace

MadeSink MakeFileSink(const v1::Target& target, SinkContext context) {
  const v1::FileTarget& file = target.file();
  FileSink::Settings settings;
  settings.path = *PathTemplate::Parse(file.path());
  settings.format = {
      .form = RecordFormatter::FormOf(file.format()), .mark_store = {}, .columns = ColumnsOf(file)};
  settings.rotate_bytes = file.rotate_bytes();
  settings.rotate_interval = file.rotate_interval();
  settings.keep = file.keep();
  settings.compress = FileCompressor::MethodOf(file.compress());
  settings.sync = file.sync();
  settings.mode = static_cast<unsigned>(std::stoul(file.mode(), nullptr, 8));
  settings.test = context.test;
  settings.observe = std::move(context.observe);
  settings.wall_clock = WallClock;
  return std::make_unique<FileSink>(std::move(settings));
}

}  // namespace cistern
