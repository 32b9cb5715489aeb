// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

namespace wgq {

// Makes OpenSSL refuse one step of every encryption in the whole process: "init", "update", "final" or "tag"; any other
// name: none.
void refuse_cipher(std::string_view step);

}  // namespace wgq
