// SPDX-License-Identifier: MIT
// OpenSSL 3 deprecates custom random sources, but has no other way to make it refuse.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "testing/refused-random.h"

#include <openssl/rand.h>

namespace wgq {

void refuse_random(bool refused) {
  static const RAND_METHOD none{nullptr, [](unsigned char*, int) { return 0; }, nullptr, nullptr, nullptr, nullptr};
  RAND_set_rand_method(refused ? &none : nullptr);
}

}  // namespace wgq
