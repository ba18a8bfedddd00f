// Records by e-mail; see MailTarget in target.proto.
#pragma once

#include "service/forward/make_sink.h"
#include "storage/store.h"

namespace cistern {

// MakeMailSink() with a clock for the times of digests.
MadeSink MakeMailSink(const v1::Target& target, SinkContext context, WallClock clock);

}  // namespace cistern
