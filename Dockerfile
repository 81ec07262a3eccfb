# The anomaly service: built on Debian 12, then only the program and the libraries that it needs.
FROM debian:12.6-slim AS build
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
WORKDIR /src
COPY tools/debian-packages.txt tools/
# The packages of the group [build]; their versions are Debian 12's.
# hadolint ignore=DL3008,SC2046
RUN apt-get update \
 && apt-get install -y --no-install-recommends $(awk '/^\[/ { on = ($1 == "[build]"); next } on && NF && !/^#/' tools/debian-packages.txt) \
 && rm -rf /var/lib/apt/lists/*
COPY . .
RUN cmake -S . -B /build -G Ninja -DCMAKE_BUILD_TYPE=Release -DMILLSTREAM_TESTS=OFF \
 && cmake --build /build --target anomaly \
 && strip /build/bin/anomaly

FROM debian:12.6-slim
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install -y --no-install-recommends \
      ca-certificates \
      libcivetweb1 \
      libcurl4 \
      libfmt9 \
      libhiredis0.14 \
      libjemalloc2 \
      libprometheus-cpp-core1.0 \
      libprotobuf32 \
      librdkafka1 \
      librocksdb7.8 \
      libspdlog1.10 \
      libssl3 \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --system --uid 10001 --home-dir /var/lib/anomaly anomaly \
 && install -d -o anomaly -g anomaly /var/lib/anomaly /model
COPY --from=build /build/bin/anomaly /usr/local/bin/anomaly
USER 10001
WORKDIR /var/lib/anomaly
ENTRYPOINT ["anomaly"]
CMD ["--help"]
