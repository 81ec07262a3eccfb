#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <millstream/http/http_server.h>

#include <memory>
#include <stdexcept>
#include <string>

#include "http_client.h"

namespace millstream {
namespace {

using ::millstream::testing::RawConnection;
using ::millstream::testing::request;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr const char* kToken = "0123456789abcdef";

class HttpServerTest : public ::testing::Test {
 protected:
  HttpServer& start(HttpServer::Options options = {}) {
    server_ = std::make_unique<HttpServer>(options);
    server_->get("/hello", [](const HttpRequest& request) {
      return HttpResponse::text(200, "hello " + request.parameter("name", "world"));
    });
    server_->get("/series/*",
                 [](const HttpRequest& request) { return HttpResponse::text(200, request.rest); });
    server_->get("/fails", [](const HttpRequest&) -> HttpResponse {
      throw std::runtime_error("secret detail");
    });
    server_->get("/large", [](const HttpRequest&) {
      return HttpResponse::text(200, std::string(5000, 'x'));
    });
    server_->health([this] { return ready_; });
    const Status started = server_->start();
    EXPECT_TRUE(started) << started.error().message();
    return *server_;
  }

  std::unique_ptr<HttpServer> server_;
  bool ready_ = true;
};

TEST_F(HttpServerTest, AnswersAGetRequest) {
  const std::string answer = request(start().port(), "GET /hello");

  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(answer, HasSubstr("Content-Length: 11\r\n"));
  EXPECT_THAT(answer, HasSubstr("X-Content-Type-Options: nosniff\r\n"));
  EXPECT_THAT(answer, EndsWith("\r\n\r\nhello world"));
}

TEST_F(HttpServerTest, DecodesTheQuery) {
  EXPECT_THAT(request(start().port(), "GET /hello?a=b&name=J%C3%BCrgen+X%2"),
              EndsWith("hello Jürgen X%2"));
}

TEST_F(HttpServerTest, GivesTheRestOfAPrefixRoute) {
  EXPECT_THAT(request(start().port(), "GET /series/a/b.csv"), EndsWith("\r\n\r\na/b.csv"));
}

TEST_F(HttpServerTest, KnowsNoOtherPathAndNoFiles) {
  start();

  EXPECT_THAT(request(server_->port(), "GET /nothing"), StartsWith("HTTP/1.1 404"));
  EXPECT_THAT(request(server_->port(), "GET /etc/passwd"), StartsWith("HTTP/1.1 404"));
  EXPECT_THAT(request(server_->port(), "GET /series/../hello"), StartsWith("HTTP/1.1 200"));
}

TEST_F(HttpServerTest, RefusesOtherMethodsAndBodies) {
  start();

  const std::string posted = request(server_->port(), "POST /hello", "Content-Length: 0\r\n");
  EXPECT_THAT(posted, StartsWith("HTTP/1.1 405"));
  EXPECT_THAT(posted, HasSubstr("Allow: GET\r\n"));
  EXPECT_THAT(request(server_->port(), "HEAD /hello"), StartsWith("HTTP/1.1 405"));
  EXPECT_THAT(request(server_->port(), "DELETE /hello"), StartsWith("HTTP/1.1 405"));
  RawConnection with_body(server_->port());
  with_body.send("GET /hello HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\n12345");
  EXPECT_THAT(with_body.read_all(), StartsWith("HTTP/1.1 413"));
}

TEST_F(HttpServerTest, BoundsTheRequestHead) {
  start({.max_request = 2048});

  const std::string answer =
      request(server_->port(), "GET /hello", "X-Long: " + std::string(9000, 'x') + "\r\n");

  EXPECT_THAT(answer, ::testing::Not(HasSubstr("200 OK")));
  EXPECT_THAT(request(server_->port(), "GET /hello"), StartsWith("HTTP/1.1 200"));
}

TEST_F(HttpServerTest, BoundsTheResponse) {
  start({.max_response = 4999});

  EXPECT_THAT(request(server_->port(), "GET /large"), StartsWith("HTTP/1.1 500"));
}

TEST_F(HttpServerTest, KeepsAHandlersExceptionToItself) {
  const std::string answer = request(start().port(), "GET /fails");

  EXPECT_THAT(answer, StartsWith("HTTP/1.1 500"));
  EXPECT_THAT(answer, ::testing::Not(HasSubstr("secret detail")));
}

TEST_F(HttpServerTest, SurvivesRubbish) {
  start();
  for (const char* bytes :
       {"\r\n\r\n", "GET\r\n\r\n", "\x16\x03\x01\x02", "GET / HTTP/9.9\r\n\r\n"}) {
    RawConnection connection(server_->port());
    connection.send(bytes);
  }

  EXPECT_THAT(request(server_->port(), "GET /hello"), StartsWith("HTTP/1.1 200"));
}

TEST_F(HttpServerTest, TellsHealth) {
  start();
  EXPECT_THAT(request(server_->port(), "GET /livez"), StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(request(server_->port(), "GET /readyz"), StartsWith("HTTP/1.1 200"));

  ready_ = false;
  EXPECT_THAT(request(server_->port(), "GET /readyz"), StartsWith("HTTP/1.1 503"));
}

TEST_F(HttpServerTest, WithoutTokenServesOnlyLoopbackNames) {
  start();

  EXPECT_THAT(request(server_->port(), "GET /hello", "", "localhost:80"),
              StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(request(server_->port(), "GET /hello", "", "evil.example"),
              StartsWith("HTTP/1.1 403"));
}

TEST_F(HttpServerTest, AsksForTheTokenButNotOfHealthChecks) {
  start({.token = kToken});

  const std::string refused = request(server_->port(), "GET /hello");
  EXPECT_THAT(refused, StartsWith("HTTP/1.1 401"));
  EXPECT_THAT(refused, HasSubstr("WWW-Authenticate: Bearer"));
  EXPECT_THAT(request(server_->port(), "GET /hello", "Authorization: Bearer wrong-wrong-wrong\r\n"),
              StartsWith("HTTP/1.1 401"));
  EXPECT_THAT(request(server_->port(), "GET /nothing"), StartsWith("HTTP/1.1 401"));
  EXPECT_THAT(request(server_->port(), "GET /hello",
                      std::string("Authorization: Bearer ") + kToken + "\r\n", "detector:9464"),
              StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(request(server_->port(), "GET /livez"), StartsWith("HTTP/1.1 200"));
}

TEST(HttpServer, RefusesToBeSeenFromOutsideWithoutToken) {
  HttpServer open({.address = "0.0.0.0"});
  const Status started = open.start();

  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().kind(), ErrorKind::kUser);
  EXPECT_THAT(std::string(started.error().message()), HasSubstr("0.0.0.0"));

  HttpServer weak({.address = "0.0.0.0", .token = "short"});
  EXPECT_FALSE(weak.start());

  HttpServer safe({.address = "0.0.0.0", .token = kToken});
  EXPECT_TRUE(safe.start());
}

TEST(HttpServer, NamesAnAddressThatIsInUse) {
  HttpServer first({});
  ASSERT_TRUE(first.start());
  HttpServer second({.port = first.port()});

  const Status started = second.start();

  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().kind(), ErrorKind::kUser);
  EXPECT_THAT(std::string(started.error().message()),
              HasSubstr("127.0.0.1:" + std::to_string(first.port()) + ": another program does"));
}

TEST(HttpServer, NamesAnAddressThatIsNotOurs) {
  HttpServer server({.address = "192.0.2.1", .token = kToken});

  const Status started = server.start();

  ASSERT_FALSE(started);
  EXPECT_THAT(std::string(started.error().message()), HasSubstr("192.0.2.1:0"));
}

}  // namespace
}  // namespace millstream
