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
    ForgetEnded();
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
  if (!client->stream.expired() || client->enqueued != client->committed) return;
  // A stream that was taken over may end long after its client was forgotten and came back under a new entry.
  const auto found = clients_.find(client->id);
  if (found != clients_.end() && found->second == client) clients_.erase(found);
}

// Those whose last batch was committed only after their stream had ended. Each look at all of them is paid
// for by as many that came since the one before.
void IngestClients::ForgetEnded() {
  if (clients_.size() < next_look_) return;
  std::erase_if(clients_, [](const auto& entry) {
    std::lock_guard client_lock(entry.second->mutex);
    return entry.second->stream.expired() && entry.second->enqueued == entry.second->committed;
  });
  next_look_ = std::max(kFirstLook, 2 * clients_.size());
}

std::size_t IngestClients::size() const {
  std::lock_guard lock(mutex_);
  return clients_.size();
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
