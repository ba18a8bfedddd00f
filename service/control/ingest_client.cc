#include "service/control/ingest_client.h"

#include <algorithm>
#include <utility>

namespace cistern {

std::shared_ptr<IngestClient> IngestClients::Open(const std::string& id,
                                                  const std::shared_ptr<IngestStream>& stream) {
  std::shared_ptr<IngestStream> before;
  std::shared_ptr<IngestClient> client;
  {
    std::lock_guard lock(mutex_);
    auto& slot = clients_[id];
    if (!slot) slot = std::make_shared<IngestClient>(id, store_.LastSequence(id));
    client = slot;
    std::lock_guard client_lock(client->mutex);
    before = client->stream.lock();
    client->stream = stream;
  }
  if (before) before->TakenOver();
  return client;
}

void IngestClients::Close(const std::shared_ptr<IngestClient>& client) {
  std::lock_guard lock(mutex_);
  std::lock_guard client_lock(client->mutex);
  if (client->stream.expired() && client->enqueued == client->committed) clients_.erase(client->id);
}

void IngestClients::Ended(const std::shared_ptr<IngestClient>& client, std::uint64_t sequence,
                          const boost::system::error_code& error) {
  std::shared_ptr<IngestStream> stream;
  {
    std::lock_guard lock(client->mutex);
    if (error) {
      client->enqueued = client->committed;  // to be sent again
    } else {
      client->committed = std::max(client->committed, sequence);
    }
    stream = client->stream.lock();
  }
  if (!stream) return;
  if (error) {
    stream->Failed(error);
  } else {
    stream->Committed(sequence);
  }
}

}  // namespace cistern
