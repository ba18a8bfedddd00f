#include "tests/unit/service/forward/mariadb_server.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <thread>

namespace cistern {

std::string MariadbServer::Package() {
  const char* peers = std::getenv("CISTERN_PEERS");
  const auto folder = std::filesystem::path(peers != nullptr ? peers : CISTERN_UNPACKED) / "root" / "usr";
  return std::filesystem::exists(folder / "sbin/mariadbd") ? folder.string() : std::string();
}

MariadbServer::~MariadbServer() { Kill(); }

void MariadbServer::Kill() {
  if (pid_ == 0) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
  pid_ = 0;
}

void MariadbServer::Start() {
  const std::string package = Package(), data = folder_.path() + "/data", log = folder_.path() + "/log";
  std::filesystem::create_directories(data + "/logs");
  std::vector<std::string> words = {package + "/sbin/mariadbd",
                                    "--no-defaults",
                                    "--skip-networking",
                                    "--skip-grant-tables",
                                    "--innodb-log-file-size=8M",
                                    "--innodb-buffer-pool-size=16M",
                                    "--plugin-dir=" + data,
                                    "--lc-messages-dir=" + package + "/share/mysql",
                                    "--character-sets-dir=" + package + "/share/mysql/charsets",
                                    "--datadir=" + data,
                                    "--socket=" + socket(),
                                    "--pid-file=" + data + "/pid"};
  if (geteuid() == 0) words.push_back("--user=root");
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  std::filesystem::remove(socket());
  pid_ = fork();
  if (pid_ == 0) {
    setenv("LD_LIBRARY_PATH", (package + "/lib/x86_64-linux-gnu").c_str(), 1);
    const int out = open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    dup2(out, 1);
    dup2(out, 2);
    execv(arguments[0], arguments.data());
    _exit(127);
  }
  while (waitpid(pid_, nullptr, WNOHANG) == 0 && !Connect(nullptr)) std::this_thread::yield();
}

std::shared_ptr<MYSQL> MariadbServer::Connect(const char* database) {
  std::shared_ptr<MYSQL> connection(mysql_init(nullptr), &mysql_close);
  mysql_options(connection.get(), MYSQL_SET_CHARSET_NAME, "utf8mb4");
  const bool good = mysql_real_connect(connection.get(), nullptr, "test", nullptr, database, 0,
                                       socket().c_str(), 0) != nullptr;
  return good ? connection : nullptr;
}

std::vector<MariadbServer::Row> MariadbServer::Query(const std::string& statement) {
  std::vector<Row> rows;
  const auto connection = Connect("logs");
  if (!connection || mysql_real_query(connection.get(), statement.data(), statement.size()) != 0) {
    ADD_FAILURE() << statement << ": " << (connection ? mysql_error(connection.get()) : "no connection");
    return rows;
  }
  MYSQL_RES* result = mysql_store_result(connection.get());
  while (result != nullptr) {
    const MYSQL_ROW values = mysql_fetch_row(result);
    if (values == nullptr) break;
    const unsigned long* sizes = mysql_fetch_lengths(result);
    Row& row = rows.emplace_back();
    for (unsigned i = 0; i < mysql_num_fields(result); ++i)
      row.push_back(values[i] == nullptr ? "NULL" : std::string(values[i], sizes[i]));
  }
  mysql_free_result(result);
  return rows;
}

}  // namespace cistern
