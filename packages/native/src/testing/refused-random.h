// SPDX-License-Identifier: MIT
#pragma once

namespace wgq {

// Whether OpenSSL gives no random bytes, to anybody in this process.
void refuse_random(bool refused);

}  // namespace wgq
