#include <millstream/state/task_state.h>

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <string>

namespace millstream {
namespace {

CommitMark full_mark() {
  CommitMark mark;
  mark.number = 42;
  mark.lineage = "0b8e-lineage";
  mark.input_offsets = {{{"in", 0}, Offset{7}}, {{"in", 3}, Offset{1'000'000'000'000}}};
  mark.changelog_positions = {{"counts", Offset{12}}, {"", Offset::kNone}};
  mark.operator_state = {{"stream-time", std::string("\0\x01\xFF", 3)}, {"empty", ""}};
  mark.committed_at = Timestamp(1'600'000'000'000);
  return mark;
}

TEST(CommitMark, ComesBackFromItsBytes) {
  for (const CommitMark& mark : {full_mark(), CommitMark{}}) {
    const auto parsed = CommitMark::parse(mark.serialize());
    ASSERT_TRUE(parsed) << parsed.error().message();
    EXPECT_EQ(*parsed, mark);
  }
}

TEST(CommitMark, BytesAreTheSameForTheSameMark) {
  EXPECT_EQ(full_mark().serialize(), full_mark().serialize());
}

TEST(CommitMark, RefusesWhatIsCutOffAnywhere) {
  const std::string bytes = full_mark().serialize();
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const auto parsed = CommitMark::parse(std::string_view(bytes).substr(0, size));
    ASSERT_FALSE(parsed) << size;
    EXPECT_EQ(parsed.error().kind(), ErrorKind::kData);
  }
  EXPECT_FALSE(CommitMark::parse(bytes + '\0'));
}

TEST(CommitMark, RefusesAnyChangedBit) {
  const std::string bytes = full_mark().serialize();
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    std::string changed = bytes;
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_FALSE(CommitMark::parse(changed)) << "bit " << bit;
  }
}

TEST(CommitMark, NamesTheVersionItCannotRead) {
  std::string bytes = full_mark().serialize();
  bytes[0] = 9;
  const auto parsed = CommitMark::parse(bytes);
  ASSERT_FALSE(parsed);
  EXPECT_NE(parsed.error().message().find("version 9"), std::string_view::npos);
}

TEST(CommitMark, AnyBytesAreRefusedOrRead) {
  EXPECT_TRUE(rc::check("any bytes", [](const std::string& bytes) {
    const auto parsed = CommitMark::parse(std::string(1, '\1') + bytes);
    if (parsed) RC_ASSERT(parsed->serialize().size() == bytes.size() + 1);
  }));
}

}  // namespace
}  // namespace millstream
