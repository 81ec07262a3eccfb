# Compiler settings and the two functions by which every component and test is declared.
include_guard(GLOBAL)

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
endif()
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)

find_program(CCACHE ccache)
if(CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()

find_package(Threads REQUIRED)

add_library(millstream_warnings INTERFACE)
target_compile_options(millstream_warnings INTERFACE -Wall -Wextra -Wconversion -Wshadow
                       -Wnon-virtual-dtor -Woverloaded-virtual -Werror
                       # Options are aggregates with designated initialisers: what isn't named is
                       # meant to have its default.
                       -Wno-missing-field-initializers
                       # g++ 12 sees moved-from variants as uninitialised (GCC PR 105562 and kin).
                       -Wno-maybe-uninitialized
                       # The same of string concatenation (GCC PR 105651).
                       -Wno-restrict)

set(MILLSTREAM_SANITIZE "" CACHE STRING "Sanitizers, as for -fsanitize=")
if(MILLSTREAM_SANITIZE)
  add_compile_options(-fsanitize=${MILLSTREAM_SANITIZE} -fno-omit-frame-pointer -g1)
  add_link_options(-fsanitize=${MILLSTREAM_SANITIZE})
endif()

# librdkafka allocates each record that is written, in one thread, and frees thousands at once. glibc's
# malloc is slow at that: jemalloc takes a sixth off a record's CPU (docs/performance.md).
option(MILLSTREAM_JEMALLOC "Link the programs with jemalloc, where it is installed" ON)
if(MILLSTREAM_JEMALLOC AND NOT MILLSTREAM_SANITIZE)
  find_library(MILLSTREAM_JEMALLOC_LIBRARY NAMES jemalloc libjemalloc.so.2)
  mark_as_advanced(MILLSTREAM_JEMALLOC_LIBRARY)
endif()

# millstream_program(TARGET): give a program the allocator and its settings. Libraries leave that to
# who links them.
function(millstream_program target)
  if(MILLSTREAM_JEMALLOC AND MILLSTREAM_JEMALLOC_LIBRARY AND NOT MILLSTREAM_SANITIZE)
    target_sources(${target} PRIVATE ${CMAKE_SOURCE_DIR}/cmake/jemalloc_settings.cc)
    target_link_libraries(${target} PRIVATE ${MILLSTREAM_JEMALLOC_LIBRARY})
  endif()
endfunction()

# millstream_component(NAME USES component... [PUBLIC target...] [PRIVATE target...])
# A component is a folder: include/millstream/NAME/*.h is public, src/*.cc and src/*.h private. Its
# target is millstream_NAME, alias millstream::NAME. USES names the components that it may include;
# PRIVATE names third-party targets, whose headers must not show in the public ones.
function(millstream_component name)
  cmake_parse_arguments(ARG "" "" "USES;PUBLIC;PRIVATE" ${ARGN})
  file(GLOB_RECURSE headers CONFIGURE_DEPENDS include/*.h)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS src/*.cc)
  set(target millstream_${name})
  if(sources)
    add_library(${target} STATIC ${sources})
    set(scope PUBLIC)
    target_include_directories(${target} PRIVATE src)
    target_link_libraries(${target} PRIVATE millstream_warnings ${ARG_PRIVATE})
  else()
    add_library(${target} INTERFACE)
    set(scope INTERFACE)
  endif()
  add_library(millstream::${name} ALIAS ${target})
  target_sources(${target} ${scope} FILE_SET HEADERS BASE_DIRS include FILES ${headers})
  target_include_directories(
    ${target} ${scope} $<BUILD_INTERFACE:${CMAKE_CURRENT_SOURCE_DIR}/include>
    $<INSTALL_INTERFACE:include>)
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${name})
  foreach(used IN LISTS ARG_USES)
    target_link_libraries(${target} ${scope} millstream_${used})
  endforeach()
  target_link_libraries(${target} ${scope} ${ARG_PUBLIC})
endfunction()

# millstream_test(NAME USES component... [LINK target...] [LABELS label...] [TIMEOUT seconds])
# One test binary from the *_test.cc of the current folder, one ctest test (gtest runs its cases).
function(millstream_test name)
  cmake_parse_arguments(ARG "" "TIMEOUT" "USES;LINK;LABELS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS *_test.cc)
  add_executable(${name}_test ${sources})
  foreach(used IN LISTS ARG_USES)
    target_link_libraries(${name}_test PRIVATE millstream_${used})
  endforeach()
  target_link_libraries(${name}_test PRIVATE millstream_warnings ${ARG_LINK} GTest::gmock
                                             GTest::gtest_main)
  add_test(NAME ${name} COMMAND ${name}_test --gtest_brief=1)
  if(NOT ARG_LABELS)
    set(ARG_LABELS unit)
  endif()
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 300)
  endif()
  set_tests_properties(${name} PROPERTIES LABELS "${ARG_LABELS}" TIMEOUT ${ARG_TIMEOUT})
endfunction()
