#pragma once
// What a server needs of a connection, besides what an exchange needs.

#include "net/connection.hpp"

namespace tocsin::net {

class ServerConnection : public Connection {
 public:
  /// Operations under way fail; the connection stays open.
  virtual void cancel() = 0;
  virtual bool is_open() const = 0;
  /// The peer has ended its direction or the connection, whatever of it is still to be read. Without reading.
  virtual bool peer_has_left() = 0;
  /// Ends our direction; what the peer still sends can be read.
  virtual void shutdown_send() = 0;
};

}  // namespace tocsin::net
