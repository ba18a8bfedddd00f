// Cistern inside another program: receives syslog on loopback, stores it in a folder, and searches there.
//
//   embed DIR COUNT [FILTER]      stores COUNT messages, then prints those that match FILTER
#include <cistern/ingest/net/net_server.h>
#include <cistern/storage/query/query.h>
#include <cistern/storage/store.h>

#include <condition_variable>
#include <cstdlib>
#include <deque>
#include <iostream>
#include <mutex>
#include <thread>

namespace {

// Takes batches of parsed records from the threads of the network to one thread that writes.
class Writer final : public cistern::BatchSink {
 public:
  explicit Writer(cistern::Store& store) : store_(store) {}

  std::unique_ptr<cistern::RecordBatch> NewBatch() override {
    return std::make_unique<cistern::RecordBatch>();
  }

  // False makes TCP senders wait, and datagrams are dropped.
  bool TryPush(std::unique_ptr<cistern::RecordBatch>& batch) override {
    const std::lock_guard lock(mutex_);
    if (queue_.size() >= kMaxQueued) return false;
    queue_.push_back(std::move(batch));
    changed_.notify_one();
    return true;
  }

  void NotifyWhenSpace(std::function<void()> wake) override {
    {
      const std::lock_guard lock(mutex_);
      if (queue_.size() >= kMaxQueued) {
        waiting_.push_back(std::move(wake));
        return;
      }
    }
    wake();
  }

 private:
  static constexpr std::size_t kMaxQueued = 64;

  // Each round is one transaction: what arrived while the last one was written.
  void Write(const std::stop_token& stop) {
    for (;;) {
      std::deque<std::unique_ptr<cistern::RecordBatch>> batches;
      std::vector<std::function<void()>> waiting;
      {
        std::unique_lock lock(mutex_);
        if (!changed_.wait(lock, stop, [this] { return !queue_.empty(); })) return;
        batches.swap(queue_);
        waiting.swap(waiting_);
      }
      for (const auto& wake : waiting) wake();
      std::vector<cistern::RecordBatch*> pointers;
      for (const auto& batch : batches) pointers.push_back(batch.get());
      if (const auto done = store_.Append(pointers, {}); !done) {
        std::cerr << "not stored: " << done.error().message() << '\n';
        std::exit(EXIT_FAILURE);
      }
    }
  }

  cistern::Store& store_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<std::unique_ptr<cistern::RecordBatch>> queue_;  // guarded by mutex_
  std::vector<std::function<void()>> waiting_;               // guarded by mutex_
  std::jthread thread_{[this](const std::stop_token& stop) { Write(stop); }};
};

// What happens on the network; only losses are told.
class Events final : public cistern::IngestEvents {
 public:
  void Received(cistern::Transport, std::uint64_t, std::uint64_t) override {}
  void Dropped(cistern::DropReason reason, std::uint64_t messages) override {
    std::cerr << messages << " dropped: " << cistern::DropReasonName(reason) << '\n';
  }
  void DatagramsDenied(std::string_view, const std::string& peer, std::uint64_t messages) override {
    std::cerr << messages << " dropped: " << peer << " may not send\n";
  }
  void KernelDrops(std::string_view, std::uint64_t datagrams) override {
    std::cerr << datagrams << " datagrams came faster than they were read\n";
  }
  void ConnectionOpened(std::string_view) override {}
  void ConnectionClosed(std::string_view, const std::string&, cistern::CloseReason, std::string_view,
                        bool) override {}
  void CertificateLoaded(std::string_view, std::int64_t, const std::string&) override {}
};

std::vector<cistern::ListenerOptions> LoopbackListeners() {
  std::vector<cistern::ListenerOptions> listeners(2);
  listeners[0].name = "udp";
  listeners[0].transport = cistern::Transport::kUdp;
  listeners[1].name = "tcp";
  listeners[1].transport = cistern::Transport::kTcp;
  for (auto& listener : listeners) listener.host = "127.0.0.1";  // port 0: one that is free
  return listeners;
}

int Fail(const std::string& why) {
  std::cerr << "embed: " << why << '\n';
  return EXIT_FAILURE;
}

int Receive(cistern::Store& store, std::uint64_t count) {
  Writer writer(store);
  Events events;
  const auto net = cistern::NetServer::Create({}, writer, events);
  if (const auto started = net->Start(LoopbackListeners()); !started) return Fail(started.error().message);
  for (const auto& listener : net->Status())
    std::cout << listener.name << ' ' << listener.address << std::endl;
  const std::uint64_t wanted = store.Stats().records + count;
  while (store.Stats().records < wanted) store.WaitForCommit(store.last_id(), std::chrono::milliseconds(100));
  net->StopAccepting();
  net->Drain(std::chrono::steady_clock::now() + std::chrono::seconds(5));
  return EXIT_SUCCESS;
}

int Search(cistern::Store& store, const cistern::Filter& filter) {
  cistern::QueryOptions options;
  options.filter = filter;
  options.order = cistern::ScanOrder::kOldestFirst;
  const auto print = [](cistern::BatchView& view, const std::vector<std::uint32_t>& rows) {
    for (const std::uint32_t row : rows) {
      const cistern::Record record = view.Row(row);
      std::cout << cistern::TransportName(record.transport) << ' ' << cistern::SeverityName(record.severity)
                << ' ' << record.app_name << ": " << record.message << '\n';
    }
    return true;
  };
  const auto found = cistern::RunQuery(store, options, {}, print);
  if (!found) return Fail(found.error().message());
  std::cout << found->matches << " found\n";
  return EXIT_SUCCESS;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) return Fail("usage: embed DIR COUNT [FILTER]");
  const auto filter = cistern::Filter::Parse(argc > 3 ? argv[3] : "");
  if (!filter) return Fail(filter.error().ToString());
  cistern::StoreOptions options;
  options.dir = argv[1];
  const auto store = cistern::Store::Open(std::move(options));
  if (!store) return Fail(store.error().message());
  const int received = Receive(**store, std::strtoull(argv[2], nullptr, 10));
  return received == EXIT_SUCCESS ? Search(**store, *filter) : received;
}
