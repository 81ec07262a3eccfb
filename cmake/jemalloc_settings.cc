// What a program linked with jemalloc asks of it; MALLOC_CONF in the environment comes on top.

extern "C" {
extern const char* malloc_conf;
/// Two threads allocate much, the stream thread and librdkafka's of the broker. Rows of windows lie
/// anywhere in hundreds of MB: with pages of 2 MB the processor finds them sooner. What is free goes
/// back to the system within five seconds: sooner, and the pages that each commit needs again
/// would be cleared by the kernel each time.
const char* malloc_conf =
    "narenas:2,thp:always,metadata_thp:auto,dirty_decay_ms:5000,muzzy_decay_ms:0,"
    "oversize_threshold:0";
}
