#pragma once

#include <millstream/core/result.h>

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "message_fields.h"
#include "protobuf_wire.h"

namespace anomaly {

/// The messages of proto/anomaly.proto as Protobuf's bytes. Written by hand over the list of
/// fields, since the generated classes cost an allocation or two a record where a stream parses
/// each record into memory that it already has. Unknown fields are passed over, a later field wins,
/// as Protobuf wants it; text is not checked to be UTF-8.
class ProtobufFormat {
 public:
  template <class M>
  static void write(const M& message, std::string& out) {
    visit_fields(message, [&](std::uint32_t number, const char*, Presence presence,
                              const auto& field) { put(out, number, presence, field); });
  }

  /// **Errors**: data: bytes that are no such message, a required field that is missing.
  template <class M>
  static millstream::Status read(std::string_view bytes, M& message) {
    wire::Reader reader(bytes);
    std::uint32_t seen = 0;
    visit_fields(message, [](std::uint32_t, const char*, Presence, auto& field) { clear(field); });
    while (!reader.at_end()) {
      std::uint32_t number = 0;
      wire::Type type{};
      if (!reader.tag(number, type) || !read_field(reader, number, type, message, seen)) {
        return damaged(message_name<M>(), number);
      }
    }
    millstream::Status status;
    visit_fields(message, [&](std::uint32_t field, const char* name, Presence presence, auto&) {
      if (presence == Presence::kRequired && (seen >> field & 1U) == 0) {
        status = missing(message_name<M>(), name);
      }
    });
    return status;
  }

 private:
  static millstream::Error damaged(std::string_view message, std::uint32_t field);
  static millstream::Error missing(std::string_view message, std::string_view field);

  static void put(std::string& out, std::uint32_t number, Presence, const std::string& text) {
    if (text.empty()) return;
    wire::put_tag(out, number, wire::Type::kBytes);
    wire::put_varint(out, text.size());
    out.append(text);
  }
  static void put(std::string& out, std::uint32_t number, Presence presence, std::int64_t value) {
    if (value == 0 && presence == Presence::kOptional) return;
    wire::put_tag(out, number, wire::Type::kVarint);
    wire::put_varint(out, static_cast<std::uint64_t>(value));
  }
  static void put(std::string& out, std::uint32_t number, Presence presence, bool value) {
    put(out, number, presence, static_cast<std::int64_t>(value));
  }
  static void put(std::string& out, std::uint32_t number, Presence presence, double value) {
    if (value == 0 && presence == Presence::kOptional) return;
    wire::put_tag(out, number, wire::Type::kFixed64);
    wire::put_double(out, value);
  }
  static void put(std::string& out, std::uint32_t number, Presence,
                  const std::vector<Contribution>& list) {
    for (const Contribution& item : list) {
      std::string inner;
      write(item, inner);
      wire::put_tag(out, number, wire::Type::kBytes);
      wire::put_varint(out, inner.size());
      out.append(inner);
    }
  }

  static void clear(std::string& text) { text.clear(); }
  static void clear(std::int64_t& number) { number = 0; }
  static void clear(bool& value) { value = false; }
  static void clear(double& number) { number = 0; }
  static void clear(std::vector<Contribution>& list) { list.clear(); }

  static bool take(wire::Reader& reader, wire::Type type, std::string& text) {
    std::string_view view;
    if (type != wire::Type::kBytes || !reader.bytes(view)) return false;
    text.assign(view);
    return true;
  }
  static bool take(wire::Reader& reader, wire::Type type, std::int64_t& number) {
    std::uint64_t bits = 0;
    if (type != wire::Type::kVarint || !reader.varint(bits)) return false;
    number = static_cast<std::int64_t>(bits);
    return true;
  }
  static bool take(wire::Reader& reader, wire::Type type, bool& value) {
    std::int64_t number = 0;
    if (!take(reader, type, number)) return false;
    value = number != 0;
    return true;
  }
  static bool take(wire::Reader& reader, wire::Type type, double& number) {
    return type == wire::Type::kFixed64 && reader.fixed64(number);
  }
  static bool take(wire::Reader& reader, wire::Type type, std::vector<Contribution>& list) {
    std::string_view view;
    if (type != wire::Type::kBytes || !reader.bytes(view)) return false;
    return read(view, list.emplace_back()).has_value();
  }

  template <class M>
  static bool read_field(wire::Reader& reader, std::uint32_t number, wire::Type type, M& message,
                         std::uint32_t& seen) {
    bool known = false;
    bool good = true;
    visit_fields(message, [&](std::uint32_t field, const char*, Presence, auto& into) {
      if (field != number) return;
      known = true;
      good = take(reader, type, into);
      seen |= 1U << field;
    });
    return known ? good : reader.skip(type);
  }
};

}  // namespace anomaly
