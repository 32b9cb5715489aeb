// SPDX-License-Identifier: MIT
#pragma once

namespace wgq {

// Sets whether OpenSSL refuses random bytes in the whole process.
void refuse_random(bool refused);

}  // namespace wgq
