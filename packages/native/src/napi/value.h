// SPDX-License-Identifier: MIT
#pragma once

#include <node_api.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "napi/error.h"

// A thin layer over Node-API: reads typed arguments, makes results, and is the one place that turns C++ errors into
// JavaScript errors.
namespace wgq::js {

using Bytes = std::span<std::uint8_t>;
using ConstBytes = std::span<const std::uint8_t>;

// Thrown when a Node-API call left a JavaScript exception pending.
struct Pending {};

inline void check(napi_status status) {
  if (status != napi_ok) throw Pending{};
}

class Value {
 public:
  Value(napi_env env, napi_value value) : env_(env), value_(value) {}

  napi_value raw() const { return value_; }
  napi_valuetype type() const;
  bool absent() const;
  bool boolean() const;
  double number() const;
  std::uint32_t u32() const;
  std::int32_t i32() const;
  std::uint64_t u64() const;  // number or bigint
  std::string string() const;
  // A Uint8Array or Buffer; valid during the call.
  Bytes bytes() const;
  // A Uint8Array of exactly `size` bytes; `what` names it in the error.
  Bytes bytes_of(std::size_t size, const char* what) const;
  template <std::size_t size>
  std::span<std::uint8_t, size> bytes_of(const char* what) const { return bytes_of(size, what).first<size>(); }
  // A copy of them.
  template <std::size_t size>
  std::array<std::uint8_t, size> array_of(const char* what) const;
  Value property(const char* name) const;
  // Of an array.
  std::uint32_t length() const;
  Value element(std::uint32_t index) const;

 private:
  napi_env env_;
  napi_value value_;
};

template <std::size_t size>
std::array<std::uint8_t, size> Value::array_of(const char* what) const {
  const auto given = bytes_of<size>(what);
  std::array<std::uint8_t, size> copy;
  std::copy(given.begin(), given.end(), copy.begin());
  return copy;
}

// The arguments of one call.
class Call {
 public:
  Call(napi_env env, napi_callback_info info);
  Value operator[](std::size_t index) const;
  napi_value self() const { return self_; }
  // The object wrapped behind `this`.
  template <class T>
  T& wrapped() const;

  napi_env env;

 private:
  static constexpr std::size_t most = 6;
  napi_value arguments_[most];
  std::size_t count_ = most;
  napi_value self_ = nullptr;
};

napi_value undefined(napi_env env);
napi_value number(napi_env env, double value);
napi_value boolean(napi_env env, bool value);
napi_value bigint(napi_env env, std::uint64_t value);
napi_value string(napi_env env, std::string_view text);
// A Buffer holding a copy.
napi_value buffer(napi_env env, ConstBytes bytes);
napi_value object(napi_env env);
napi_value array(napi_env env, std::size_t length);
void set(napi_env env, napi_value object, const char* name, napi_value value);
void set(napi_env env, napi_value object, std::uint32_t index, napi_value value);

void throw_system_error(napi_env env, const SystemError& error);

using Function = napi_value (*)(Call&);

// The C entry of a C++ function: turns errors into JavaScript exceptions.
template <Function function>
napi_value entry(napi_env env, napi_callback_info info) {
  try {
    Call call(env, info);
    napi_value result = function(call);
    return result ? result : undefined(env);
  } catch (const SystemError& error) {
    throw_system_error(env, error);
  } catch (const ArgumentError& error) {
    napi_throw_type_error(env, "ERR_INVALID_ARG_VALUE", error.text.c_str());
  } catch (const Pending&) {
    bool pending = false;
    napi_is_exception_pending(env, &pending);
    if (!pending) napi_throw_error(env, nullptr, "An argument has the wrong type");
  } catch (const std::exception& error) {
    napi_throw_error(env, nullptr, error.what());
  }
  return nullptr;
}

// Adds a function to an object.
template <Function function>
void define(napi_env env, napi_value object, const char* name) {
  napi_value made;
  check(napi_create_function(env, name, NAPI_AUTO_LENGTH, entry<function>, nullptr, &made));
  set(env, object, name, made);
}

// A C++ object that a JavaScript object owns, with its type: a method may be called on an object of another kind.
struct Wrapped {
  const void* type;
  explicit Wrapped(const void* kind) : type(kind) {}
  Wrapped(const Wrapped&) = delete;
  Wrapped& operator=(const Wrapped&) = delete;
  virtual ~Wrapped() = default;
};

template <class T>
struct WrappedAs final : Wrapped {
  static constexpr char kind = 0;  // its address identifies the type
  std::unique_ptr<T> owned;
  explicit WrappedAs(std::unique_ptr<T> object) : Wrapped(&kind), owned(std::move(object)) {}
};

// Gives an object to a JavaScript object, which deletes it when it is collected.
template <class T>
napi_value wrap(napi_env env, napi_value object, std::unique_ptr<T> owned) {
  auto wrapped = std::make_unique<WrappedAs<T>>(std::move(owned));
  check(napi_wrap(
      env, object, static_cast<Wrapped*>(wrapped.get()),
      [](napi_env, void* data, void*) { delete static_cast<Wrapped*>(data); }, nullptr, nullptr));
  wrapped.release();  // NOLINT(bugprone-unused-return-value): the finalizer owns it now
  return object;
}

// The C++ object that wrap() attached. Raises ArgumentError for an object of another kind.
template <class T>
T& unwrap(napi_env env, napi_value object) {
  void* data = nullptr;
  const bool found = napi_unwrap(env, object, &data) == napi_ok && static_cast<Wrapped*>(data)->type == &WrappedAs<T>::kind;
  if (!found) throw ArgumentError{"This method belongs to an object of another kind"};
  return *static_cast<WrappedAs<T>*>(static_cast<Wrapped*>(data))->owned;
}

template <class T>
T& Call::wrapped() const {
  return unwrap<T>(env, self_);
}

}  // namespace wgq::js
