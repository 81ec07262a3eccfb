#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <millstream/http/event_stream.h>
#include <millstream/http/http_server.h>

#include <thread>

#include "http_client.h"

namespace millstream {
namespace {

using ::millstream::testing::RawConnection;
using ::millstream::testing::request;
using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST(EventStream, WritesEveryLineOfTheData) {
  EXPECT_EQ(to_event_text("tick", "a\r\nb"), "event: tick\ndata: a\ndata: b\n\n");
  EXPECT_EQ(to_event_text("a\ndata: x", ""), "event: adata: x\ndata: \n\n");
}

TEST(EventStream, TellsANewListenerTheLastEventOfEachName) {
  EventStream stream;
  stream.publish("state", "1");
  stream.publish("state", "2");
  stream.publish("alert", "x");

  const auto listener = stream.listen();

  EXPECT_EQ(listener->next(Duration(0)), to_event_text("alert", "x"));
  EXPECT_EQ(listener->next(Duration(0)), to_event_text("state", "2"));
  EXPECT_EQ(listener->next(Duration(0)), "");
}

TEST(EventStream, DropsWhoDoesNotKeepUp) {
  EventStream stream(2);
  const auto slow = stream.listen();
  const auto quick = stream.listen();
  for (int i = 0; i < 3; ++i) {
    stream.publish("n", std::to_string(i));
    EXPECT_EQ(quick->next(Duration(0)), to_event_text("n", std::to_string(i)));
  }

  EXPECT_EQ(slow->next(Duration(0)), std::nullopt);
}

TEST(EventStream, KnowsWhetherSomebodyListens) {
  EventStream stream;
  EXPECT_FALSE(stream.has_listeners());
  {
    const auto listener = stream.listen();
    EXPECT_TRUE(stream.has_listeners());
  }
  EXPECT_FALSE(stream.has_listeners());
}

TEST(EventStream, EndsItsListeners) {
  EventStream stream;
  const auto listener = stream.listen();
  std::thread closer([&] { stream.close(); });

  while (listener->next(Duration(1000))) {
  }

  closer.join();
  EXPECT_EQ(stream.listen()->next(Duration(0)), std::nullopt);
}

class EventServerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    server_.events("/events", stream_);
    ASSERT_TRUE(server_.start());
  }
  [[nodiscard]] std::unique_ptr<RawConnection> open() const {
    auto connection = std::make_unique<RawConnection>(server_.port());
    connection->send("GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n");
    return connection;
  }

  std::shared_ptr<EventStream> stream_ = std::make_shared<EventStream>();
  HttpServer server_{HttpServer::Options{.max_streams = 2}};
};

TEST_F(EventServerTest, SendsEventsAsTheyCome) {
  const auto connection = open();
  EXPECT_THAT(connection->read_until("retry: 2000\n\n"),
              HasSubstr("Content-Type: text/event-stream\r\n"));

  stream_->publish("tick", "1");
  EXPECT_THAT(connection->read_until("\n\n"), HasSubstr("event: tick\ndata: 1\n\n"));
  stream_->publish("tick", "2");
  EXPECT_THAT(connection->read_until("\n\n"), HasSubstr("event: tick\ndata: 2\n\n"));
}

TEST_F(EventServerTest, BoundsTheStreamsButNotTheRest) {
  const auto one = open();
  const auto two = open();
  one->read_until("retry");
  two->read_until("retry");

  const std::string third = request(server_.port(), "GET /events");

  EXPECT_THAT(third, StartsWith("HTTP/1.1 503"));
  EXPECT_THAT(third, HasSubstr("Retry-After"));
  EXPECT_THAT(request(server_.port(), "GET /nothing"), StartsWith("HTTP/1.1 404"));
}

TEST_F(EventServerTest, StopsWhileStreamsAreOpen) {
  const auto connection = open();
  connection->read_until("retry");

  server_.stop();

  EXPECT_EQ(connection->read_all().find("event:"), std::string::npos);
}

}  // namespace
}  // namespace millstream
