# Debian's Prometheus under the name that compose.yaml uses, because nothing can be pulled here.
FROM debian:bookworm-slim
RUN apt-get update -qq && cd /tmp && apt-get download -qq prometheus && dpkg -x prometheus_*.deb x && install x/usr/bin/prometheus /usr/bin/ \
 && rm -rf /tmp/* /var/lib/apt/lists/* \
 && install -d -o 65534 -g 65534 /prometheus
USER 65534:65534
ENTRYPOINT ["prometheus"]
