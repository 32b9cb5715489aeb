// SPDX-License-Identifier: MIT
#include "napi/value.h"

#include <cmath>
#include <cstring>

namespace wgq::js {

napi_valuetype Value::type() const {
  napi_valuetype type = napi_undefined;
  check(napi_typeof(env_, value_, &type));
  return type;
}

bool Value::absent() const {
  napi_valuetype found = type();
  return found == napi_undefined || found == napi_null;
}

bool Value::boolean() const {
  bool value = false;
  check(napi_get_value_bool(env_, value_, &value));
  return value;
}

double Value::number() const {
  double value = 0;
  check(napi_get_value_double(env_, value_, &value));
  return value;
}

std::uint32_t Value::u32() const {
  double value = number();
  if (!(value >= 0 && value <= 4294967295.0) || value != std::floor(value))
    throw ArgumentError{"Expected an integer between 0 and 4294967295"};
  return static_cast<std::uint32_t>(value);
}

std::int32_t Value::i32() const {
  std::int32_t value = 0;
  check(napi_get_value_int32(env_, value_, &value));
  return value;
}

std::uint64_t Value::u64() const {
  if (type() == napi_bigint) {
    std::uint64_t value = 0;
    bool lossless = false;
    check(napi_get_value_bigint_uint64(env_, value_, &value, &lossless));
    if (!lossless) throw ArgumentError{"Expected an unsigned 64-bit integer"};
    return value;
  }
  double value = number();
  if (!(value >= 0 && value <= 9007199254740991.0)) throw ArgumentError{"Expected an unsigned integer"};
  return static_cast<std::uint64_t>(value);
}

std::string Value::string() const {
  std::size_t length = 0;
  check(napi_get_value_string_utf8(env_, value_, nullptr, 0, &length));
  std::string text(length, '\0');
  check(napi_get_value_string_utf8(env_, value_, text.data(), length + 1, &length));
  return text;
}

Bytes Value::bytes() const {
  bool typed = false;
  check(napi_is_typedarray(env_, value_, &typed));
  napi_typedarray_type type = napi_int8_array;
  std::size_t length = 0;
  void* data = nullptr;
  if (typed) check(napi_get_typedarray_info(env_, value_, &type, &length, &data, nullptr, nullptr));
  if (!typed || type != napi_uint8_array) throw ArgumentError{"Expected a Uint8Array"};
  return {static_cast<std::uint8_t*>(data), length};
}

Bytes Value::bytes_of(std::size_t size, const char* what) const {
  Bytes found = bytes();
  if (found.size() != size)
    throw ArgumentError{std::string("Expected ") + what + " of " + std::to_string(size) + " bytes, found " +
                        std::to_string(found.size())};
  return found;
}

Value Value::property(const char* name) const {
  napi_value value = nullptr;
  check(napi_get_named_property(env_, value_, name, &value));
  return {env_, value};
}

std::uint32_t Value::length() const {
  std::uint32_t length = 0;
  check(napi_get_array_length(env_, value_, &length));
  return length;
}

Value Value::element(std::uint32_t index) const {
  napi_value value = nullptr;
  check(napi_get_element(env_, value_, index, &value));
  return {env_, value};
}

Call::Call(napi_env environment, napi_callback_info info) : env(environment) {
  check(napi_get_cb_info(env, info, &count_, arguments_, &self_, nullptr));
}

Value Call::operator[](std::size_t index) const {
  return {env, index < most ? arguments_[index] : undefined(env)};  // Node-API fills missing arguments with undefined
}

napi_value undefined(napi_env env) {
  napi_value value = nullptr;
  napi_get_undefined(env, &value);
  return value;
}

napi_value number(napi_env env, double value) {
  napi_value made;
  check(napi_create_double(env, value, &made));
  return made;
}

napi_value boolean(napi_env env, bool value) {
  napi_value made;
  check(napi_get_boolean(env, value, &made));
  return made;
}

napi_value bigint(napi_env env, std::uint64_t value) {
  napi_value made;
  check(napi_create_bigint_uint64(env, value, &made));
  return made;
}

napi_value string(napi_env env, std::string_view text) {
  napi_value made;
  check(napi_create_string_utf8(env, text.data(), text.size(), &made));
  return made;
}

napi_value buffer(napi_env env, ConstBytes bytes) {
  napi_value made;
  void* data = nullptr;
  check(napi_create_buffer(env, bytes.size(), &data, &made));
  if (!bytes.empty()) std::memcpy(data, bytes.data(), bytes.size());
  return made;
}

napi_value object(napi_env env) {
  napi_value made;
  check(napi_create_object(env, &made));
  return made;
}

napi_value array(napi_env env, std::size_t length) {
  napi_value made;
  check(napi_create_array_with_length(env, length, &made));
  return made;
}

void set(napi_env env, napi_value object, const char* name, napi_value value) {
  check(napi_set_named_property(env, object, name, value));
}

void set(napi_env env, napi_value object, std::uint32_t index, napi_value value) {
  check(napi_set_element(env, object, index, value));
}

void throw_system_error(napi_env env, const SystemError& failure) {
  std::string code = errno_name(failure.number);
  std::string text = error_text(failure);
  napi_value error, message;
  if (napi_create_string_utf8(env, text.c_str(), text.size(), &message) != napi_ok) return;
  napi_value code_value;
  if (napi_create_string_utf8(env, code.c_str(), code.size(), &code_value) != napi_ok) return;
  if (napi_create_error(env, code_value, message, &error) != napi_ok) return;
  try {
    set(env, error, "errno", number(env, -failure.number));  // negative, as in Node's own errors
    set(env, error, "syscall", string(env, failure.call));
  } catch (const Pending&) {
    return;
  }
  napi_throw(env, error);
}

}  // namespace wgq::js
