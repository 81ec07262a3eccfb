# cmake -DPAGE=FOLDER -DOUT=FILE.cc -P embed_page.cmake: put index.html with its style and script
# into a C++ source as a string.
file(READ ${PAGE}/index.html html)
file(READ ${PAGE}/style.css style)
file(READ ${PAGE}/page.js script)
string(REPLACE "/*style*/" "${style}" html "${html}")
string(REPLACE "/*script*/" "${script}" html "${html}")
string(LENGTH "${html}" size)
if(size GREATER 150000)
  message(FATAL_ERROR "the page has ${size} bytes; it may have 150,000")
endif()
file(WRITE ${OUT} "#include \"page_html.h\"

namespace anomaly {

std::string_view page_html() {
  static constexpr std::string_view kPage = R\"millstream(${html})millstream\";
  return kPage;
}

}  // namespace anomaly
")
