// SPDX-License-Identifier: MIT
#pragma once

#include <cstring>

#include "engine/engine.h"
#include "napi/value.h"

namespace wgq {

// The engine behind a JavaScript engine object.
Engine& engine_of(napi_env env, napi_value object);

// Reads an endpoint record of engine.ts; an undefined value gives an unknown endpoint.
Endpoint endpoint_of(const js::Value& value);

// Makes one.
napi_value endpoint_record(napi_env env, const Endpoint& endpoint);

}  // namespace wgq
