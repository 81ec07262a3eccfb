import java.time.Duration;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.KGroupedStream;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.KTable;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.TimeWindows;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.WindowStore;

/** The topology of tests/torture_app/torture_app.cc on the real Kafka Streams: name=value... */
public final class TortureApp {
  private static String counted(String value, String before) {
    String[] input = value.split("\\|");
    String[] last = before.isEmpty() ? new String[] {"0", "0"} : before.split("\\|");
    long count = Long.parseLong(last[0]) + 1;
    long sum = Long.parseLong(last[1]) + Long.parseLong(input[2]);
    return count + "|" + sum + "|" + input[0];
  }

  private static KTable<String, String> aggregate(KGroupedStream<String, String> grouped, String name) {
    return grouped.aggregate(
        () -> "",
        (key, value, before) -> counted(value, before),
        Materialized.<String, String, KeyValueStore<Bytes, byte[]>>as(name).withCachingDisabled());
  }

  private static StreamsBuilder build() {
    StreamsBuilder builder = new StreamsBuilder();
    KTable<String, String> rates = builder.table("rates", Materialized.as("rates"));
    KStream<String, String> input = builder.stream("input");
    aggregate(input.groupByKey(), "counts").toStream().to("counts");
    aggregate(input.groupBy((key, value) -> value.split("\\|")[1], Grouped.as("by-group")), "groups")
        .toStream()
        .to("groups");
    input
        .leftJoin(rates, (value, rate) -> value.split("\\|")[0] + "|" + (rate == null ? "-" : rate))
        .to("joined");
    input
        .groupByKey()
        .windowedBy(TimeWindows.ofSizeWithNoGrace(Duration.ofHours(1)))
        .aggregate(
            () -> "",
            (key, value, before) -> counted(value, before),
            Materialized.<String, String, WindowStore<Bytes, byte[]>>as("windows")
                .withRetention(Duration.ofHours(24))
                .withCachingDisabled())
        .toStream((window, value) -> window.key() + "@" + window.window().start())
        .to("windowed");
    return builder;
  }

  public static void main(String[] arguments) throws Exception {
    Properties settings = new Properties();
    for (String argument : arguments) {
      String[] parts = argument.split("=", 2);
      settings.put(parts[0], parts[1]);
    }
    settings.put(StreamsConfig.DEFAULT_KEY_SERDE_CLASS_CONFIG, Serdes.String().getClass());
    settings.put(StreamsConfig.DEFAULT_VALUE_SERDE_CLASS_CONFIG, Serdes.String().getClass());
    KafkaStreams app = new KafkaStreams(build().build(), settings);
    CountDownLatch ended = new CountDownLatch(1);
    Runtime.getRuntime().addShutdownHook(new Thread(() -> {
      app.close(new KafkaStreams.CloseOptions().timeout(Duration.ofSeconds(30)).leaveGroup(true));
      ended.countDown();
    }));
    app.start();
    ended.await();
  }
}
