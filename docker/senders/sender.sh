#!/bin/sh
# sender.sh udp|rsyslog|syslog-ng HOST PORT: sends a message each second, directly or through a daemon with a queue on disk.
set -eu
how=$1 host=$2 port=$3
cd /var/spool/sender
socket=$PWD/log.sock

case "$how" in
  udp) ;;
  rsyslog)
    cat > rsyslog.conf << END
global(workDirectory="$PWD")
module(load="imuxsock" SysSock.Name="$socket")
action(type="omfwd" target="$host" port="$port" protocol="tcp" TCP_Framing="octet-counted"
       template="RSYSLOG_SyslogProtocol23Format" action.resumeRetryCount="-1" action.resumeInterval="1"
       queue.type="LinkedList" queue.filename="to-cistern" queue.maxDiskSpace="16m" queue.saveOnShutdown="on")
END
    rsyslogd -n -i "$PWD/rsyslog.pid" -f "$PWD/rsyslog.conf" &
    ;;
  syslog-ng)
    cat > syslog-ng.conf << END
@version: 3.38
options { time-reopen(1); keep-hostname(yes); };
source s_local { unix-dgram("$socket"); };
destination d_cistern { syslog("$host" port($port) transport("tcp")
  disk-buffer(reliable(yes) disk-buf-size(16000000) mem-buf-size(1000000) dir("$PWD"))); };
log { source(s_local); destination(d_cistern); };
END
    syslog-ng -F --no-caps -f "$PWD/syslog-ng.conf" -R "$PWD/persist" -p "$PWD/syslog-ng.pid" -c "$PWD/control" &
    ;;
esac
trap 'kill $(jobs -p) 2> /dev/null; exit 0' TERM INT

number=0
while :; do
  number=$((number + 1))
  if [ "$how" = udp ]; then
    logger --server "$host" --port "$port" --udp --tag nginx "GET /item/$number 200" || true
  elif [ -S "$socket" ]; then
    logger --socket "$socket" --tag worker "job $number done" || true
  fi
  sleep 1 &
  wait $! || true
done
