// poke BOOTSTRAP TOPIC...: writes a record, key and value `poke`, into each partition of the
// topics.

#include "kafka_handles.h"

int main(int argc, char** argv) {
  if (argc < 3) verifier::fail("usage: poke BOOTSTRAP TOPIC...");
  const auto handle = verifier::open(RD_KAFKA_PRODUCER, {{"bootstrap.servers", argv[1]}});
  const std::string text = "poke";
  for (int i = 2; i < argc; ++i) {
    const int count = verifier::count_partitions(handle.get(), argv[i]);
    for (int p = 0; p < count; ++p) {
      const auto code =
          rd_kafka_producev(handle.get(), RD_KAFKA_V_TOPIC(argv[i]), RD_KAFKA_V_PARTITION(p),
                            RD_KAFKA_V_KEY(text.data(), text.size()),
                            RD_KAFKA_V_VALUE(const_cast<char*>(text.data()), text.size()),
                            RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END);
      if (code != RD_KAFKA_RESP_ERR_NO_ERROR) verifier::fail(rd_kafka_err2str(code));
    }
  }
  if (rd_kafka_flush(handle.get(), 60'000) != 0) verifier::fail("poke: not written in time");
  return 0;
}
