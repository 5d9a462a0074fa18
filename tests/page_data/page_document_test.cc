#include "tools/attention-dump/page/page_document.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "tests/page_data/made_text.h"
#include "tests/page_data/page_decoder.h"
#include "tools/attention-dump/page/build_page.h"
#include "tools/attention-dump/page/packing.h"
#include "tools/attention-dump/page/text_code.h"

namespace fovea::dump {
namespace {

std::string RandomBytes(std::size_t count) {
  std::mt19937 random(3);
  std::string bytes;
  for (std::size_t i = 0; i < count; ++i) bytes.push_back(static_cast<char>(random() & 0xFF));
  return bytes;
}

TEST(TextCodeTest, BytesComeBackWhateverTheirNumber) {
  for (std::size_t count = 0; count < 70; ++count) {
    const std::string bytes = RandomBytes(count);
    std::string text;
    AppendTextCode(bytes, &text);
    EXPECT_EQ(text.size(), TextCodeLength(count));
    EXPECT_EQ(DecodeText(text, count), bytes);
  }
}

TEST(TextCodeTest, KnownValues) {
  std::string text;
  AppendTextCode(std::string("\0", 1), &text);  // 0 is "!!"
  AppendTextCode("\xff\x1f", &text);  // 13 ones: 8191 = 90 · 91 + 1, then three zero bits
  EXPECT_EQ(text, "!!\"~!!");
}

TEST(TextCodeTest, NothingInItMeansSomethingToHtml) {
  std::string text;
  AppendTextCode(RandomBytes(100000), &text);
  EXPECT_EQ(text.find_first_of("<&\\\n \t\r"), std::string::npos);
}

TEST(PageDocumentTest, HtmlAndContainerHoldTheSame) {
  const PageDocument document = {
      .title = "t",
      .info_json = "{\"a\":1}",
      .blocks = {{"0/q/0/0", Deflate("query")}, {"0/thumbs", Deflate(RandomBytes(3000))}}};
  const DecodedPage html = DecodeHtml(RenderHtml(document));
  const DecodedPage container = DecodeContainer(RenderContainer(document));
  EXPECT_EQ(html.info["a"], 1);
  EXPECT_EQ(html.blocks.at("0/q/0/0"), "query");
  EXPECT_EQ(html.blocks, container.blocks);
  EXPECT_EQ(html.info, container.info);
  // Thumbnails stand before everything else in a file.
  EXPECT_EQ(html.order, (std::vector<std::string>{"0/thumbs", "0/q/0/0"}));
}

TEST(PageDocumentTest, FileNamesNoAddressOnTheNetwork) {
  const std::string page = RenderHtml({.title = "t", .info_json = "{}", .blocks = {}});
  for (const char* const address : {"http://", "https://", "@import", " src=", "url("}) {
    EXPECT_EQ(page.find(address), std::string::npos) << address;
  }
  EXPECT_THAT(page, testing::HasSubstr("default-src 'none'"));
}

TEST(PageDocumentTest, HostileTextStaysText) {
  const std::vector<std::string> hostile = {"</script><script>alert(1)</script>",
                                            "]]>",
                                            "<!--",
                                            "\"'&amp;<s>",
                                            "{{info}}{{blocks}}",
                                            std::string("\0\x01\x02", 3),
                                            "\x1b[2J\x1b]0;owned\x07",
                                            "\xe2\x80\xa8\xe2\x80\xa9\xe2\x80\xae",
                                            std::string(5000, 'x'),
                                            "",
                                            "日本語",
                                            "\xff\xfe",
                                            "\r\n\t"};
  MadeText text({.tokens = hostile.size(), .pieces = hostile});
  DumpInfo info = text.info();
  info.model.name = "</title><script>alert(1)</script>{{script}}";
  info.model_hash = "</script>";
  info.text = "a</script>\xe2\x80\xae<!--";
  const Recording recording = text.Record();
  const PageText page_text = {
      .label = "</script>", .info = &info, .recording = &recording, .effects = {}};
  const Result<BuiltPage> built = BuildPage({&page_text, 1}, nullptr, {});
  ASSERT_TRUE(built.ok());
  const std::string shell = RenderShell("t", "{}");
  const std::string page = RenderHtml(built->document);
  const std::size_t blocks = built->document.blocks.size();
  EXPECT_EQ(CountOf(page, "<script"), CountOf(shell, "<script") + blocks);
  EXPECT_EQ(CountOf(page, "</script"), CountOf(shell, "</script") + blocks);
  EXPECT_EQ(CountOf(page, "</title"), CountOf(shell, "</title"));
  EXPECT_EQ(CountOf(page, "<!--"), CountOf(shell, "<!--"));
  for (const char c : built->document.info_json) {
    EXPECT_GE(static_cast<unsigned char>(c), 0x20);
  }
  const DecodedPage decoded = DecodeHtml(page);
  EXPECT_EQ(decoded.info["title"], info.model.name);
  EXPECT_EQ(decoded.info["docs"][0]["text"], info.text);
  ASSERT_EQ(decoded.info["docs"][0]["tokens"].size(), hostile.size());
  for (std::size_t i = 0; i < hostile.size(); ++i) {
    if (hostile[i] == "\xff\xfe") continue;  // not UTF-8: replaced
    EXPECT_EQ(decoded.info["docs"][0]["tokens"][i], hostile[i]);
  }
}

}  // namespace
}  // namespace fovea::dump
