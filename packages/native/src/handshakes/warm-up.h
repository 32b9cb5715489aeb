// SPDX-License-Identifier: MIT
#pragma once

namespace wgq {

// Runs a handshake between two throw-away identities in memory. The first one in a process takes longer, because OpenSSL
// prepares its algorithms and the system loads their code; after this, a user's first packet does not wait for that.
// Returns whether both sides came to the same keys.
bool warm_up_handshakes();

}  // namespace wgq
