#include <millstream/core/config.h>

#include <gtest/gtest.h>

#include <array>
#include <string_view>

namespace millstream {
namespace {

TEST(Config, ReadsPropertiesAsJavaWritesThem) {
  const auto config = Config::from_text(
      "# a comment\n"
      "application.id = word-count\n"
      "! another\n"
      "bootstrap.servers: a:1,\\\n"
      "   b:2\n"
      "empty=\n",
      "test.properties");
  ASSERT_TRUE(config);
  EXPECT_EQ(config->get("application.id"), "word-count");
  EXPECT_EQ(config->get("bootstrap.servers"), "a:1,b:2");
  EXPECT_TRUE(config->contains("empty"));
  EXPECT_EQ(config->get("missing", "fallback"), "fallback");
}

TEST(Config, NamesFileAndLineOfWhatIsNoSetting) {
  const auto config = Config::from_text("a=1\nnonsense\n", "test.properties");
  ASSERT_FALSE(config);
  EXPECT_EQ(config.error().kind(), ErrorKind::kUser);
  EXPECT_EQ(config.error().message(),
            "test.properties:2: \"nonsense\" is no setting; write name=value");
}

TEST(Config, NamesTheSettingWhoseTextIsNoNumber) {
  const Config config{{"commit.interval.ms", "soon"}};
  const auto value = config.get_duration("commit.interval.ms", Duration(100));
  ASSERT_FALSE(value);
  EXPECT_EQ(value.error().message(), "setting commit.interval.ms: \"soon\" is not a whole number");
}

TEST(Config, MissingFileIsTheUsersError) {
  const auto config = Config::from_file("no-such-file.properties");
  ASSERT_FALSE(config);
  EXPECT_EQ(config.error().kind(), ErrorKind::kUser);
}

TEST(UnknownSettings, SuggestTheNearestName) {
  constexpr std::array<std::string_view, 2> kKnown = {"commit.interval.ms", "application.id"};
  const Config config{{"comit.interval.ms", "1"}, {"application.id", "a"}, {"zzz", "1"}};
  const auto warnings = unknown_settings(config, kKnown);
  ASSERT_EQ(warnings.size(), 2U);
  EXPECT_EQ(warnings[0], "unknown setting comit.interval.ms; did you mean commit.interval.ms?");
  EXPECT_EQ(warnings[1], "unknown setting zzz");
}

TEST(Config, TakesSettingsFromArguments) {
  Config config;
  ASSERT_TRUE(config.set_from_argument("a.b=c=d"));
  EXPECT_EQ(config.get("a.b"), "c=d");
  EXPECT_FALSE(config.set_from_argument("=x"));
  EXPECT_FALSE(config.set_from_argument("x"));
}

}  // namespace
}  // namespace millstream
