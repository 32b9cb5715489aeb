// SPDX-License-Identifier: MIT
#include "engine/endpoint.h"

#include <arpa/inet.h>

#include "engine/platform.h"

namespace wgq {

socklen_t to_sockaddr(const Endpoint& endpoint, sockaddr_storage& address) {
  if (endpoint.family == 4) {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    platform::set_length(v4);
    v4.sin_port = htons(endpoint.port);
    std::memcpy(&v4.sin_addr, endpoint.address, 4);
    std::memcpy(&address, &v4, sizeof v4);
    return sizeof v4;
  }
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  platform::set_length(v6);
  v6.sin6_port = htons(endpoint.port);
  v6.sin6_scope_id = endpoint.scope;
  std::memcpy(&v6.sin6_addr, endpoint.address, 16);
  std::memcpy(&address, &v6, sizeof v6);
  return sizeof v6;
}

Endpoint from_sockaddr(const sockaddr_storage& address) {
  Endpoint endpoint;
  if (address.ss_family == AF_INET) {
    sockaddr_in v4;
    std::memcpy(&v4, &address, sizeof v4);
    endpoint.family = 4;
    endpoint.port = ntohs(v4.sin_port);
    std::memcpy(endpoint.address, &v4.sin_addr, 4);
  } else if (address.ss_family == AF_INET6) {
    sockaddr_in6 v6;
    std::memcpy(&v6, &address, sizeof v6);
    endpoint.port = ntohs(v6.sin6_port);
    if (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr)) {
      endpoint.family = 4;
      std::memcpy(endpoint.address, v6.sin6_addr.s6_addr + 12, 4);
    } else {
      endpoint.family = 6;
      endpoint.scope = v6.sin6_scope_id;
      std::memcpy(endpoint.address, &v6.sin6_addr, 16);
    }
  }
  return endpoint;
}

}  // namespace wgq
